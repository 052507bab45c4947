//! Small things that several panels draw.

pub mod bars;
pub mod grid;
pub mod picture;
pub mod states;
