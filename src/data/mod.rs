//! Data: where images come from, how they are split, decoded, cached and gathered into batches.
//!
//! Nothing here knows about models or training; everything above builds on it.

pub mod augment;
pub mod batches;
pub mod cache;
pub mod dataset;
pub mod folder;
pub mod generate;
pub mod picture;
pub mod split;

pub use cache::PixelCache;
pub use dataset::{Dataset, Sample};
pub use picture::Picture;
pub use split::{Split, SplitConfig, SplitName};
