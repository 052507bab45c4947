//! Small things that several panels draw.

pub mod buttons;
pub mod cached;
pub mod classes;
pub mod copy;
pub mod download;
pub mod drop_zone;
pub mod fields;
pub mod grid;
pub mod marks;
pub mod matrix;
pub mod needs;
pub mod nodes;
pub mod number;
pub mod picture;
pub mod standing;
pub mod states;
pub mod sticky;
pub mod table;
pub mod tile;
pub mod tiles;
pub mod value_bars;
pub mod zoom;
