//! Data: where images come from, how they are split, decoded, cached and gathered into batches.
//!
//! Nothing here knows about models or training; everything above builds on it.

pub mod augment;
pub mod batches;
pub mod cache;
pub mod catalogue;
pub mod copies;
pub mod dataset;
pub mod datasets_folder;
pub mod decode;
pub mod division;
pub mod doctor;
pub mod download;
pub mod edits;
pub mod files;
pub mod generate;
pub mod images;
pub mod left_out;
pub mod locks;
pub mod picture;
pub mod similar;
pub mod sources;
pub mod split;
pub mod stats;

pub use cache::PixelCache;
pub use dataset::{Dataset, Sample};
pub use division::Division;
pub use edits::{Edit, Edits};
pub use images::ImageStore;
pub use left_out::LeftOut;
pub use picture::Picture;
pub use split::{Split, SplitConfig, SplitName};
