//! The bundled datasets, drawn by the package `convscope-generate`, and a single shape as a picture to classify.

pub use convscope_generate::*;

use super::picture::Picture;

/// A shape of a random kind, as "draw a random shape" asks for.
pub fn draw_random_shape(seed: u64) -> (ShapeKind, Picture) {
    let (kind, image) = convscope_generate::draw_random_shape(seed);
    (kind, image.into())
}
