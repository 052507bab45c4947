//! Pixel similarity: which images have nearly the same colours in the same places. It knows nothing about what
//! they show; it finds duplicates, frames of one video and images of one scene.

use image::RgbImage;

use super::decode::{self, ResizeMode};

/// Rows and columns of a descriptor.
pub const SIDE: usize = 8;
/// Values of a descriptor.
const LENGTH: usize = SIDE * SIDE * 3;

/// An image reduced to 8×8 RGB pixels, `[8, 8, 3]`, 0..=255; proportions are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptor([u8; LENGTH]);

impl Descriptor {
    /// Of `image`.
    pub fn of(image: &RgbImage) -> Self {
        let small = decode::resized(image, (SIDE, SIDE), ResizeMode::Stretch);
        let mut values = [0; LENGTH];
        for (value, byte) in values.iter_mut().zip(small.as_raw()) {
            *value = *byte;
        }
        Self(values)
    }

    /// Root mean square difference of the 192 values, 0..=255: the Euclidean distance divided by √192, so that it
    /// reads as grey levels.
    pub fn distance(&self, other: &Self) -> f32 {
        let pairs = self.0.iter().zip(&other.0);
        let sum: u32 = pairs.map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum();
        (sum as f32 / LENGTH as f32).sqrt()
    }
}

/// The `most` of `others` that are nearest to `one`, nearest first; equally near ones in ascending order.
pub fn nearest(
    one: &Descriptor,
    others: impl Iterator<Item = (usize, Descriptor)>,
    most: usize,
) -> Vec<(usize, f32)> {
    let mut found: Vec<(usize, f32)> = others
        .map(|(index, other)| (index, one.distance(&other)))
        .collect();
    found.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    found.truncate(most);
    found
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn distance_is_in_grey_levels_and_the_nearest_come_first() {
        let plain = |value: u8| Descriptor::of(&RgbImage::from_pixel(40, 20, Rgb([value; 3])));
        assert_eq!(plain(10).distance(&plain(10)), 0.0);
        assert_eq!(plain(10).distance(&plain(14)), 4.0);
        assert_eq!(plain(0).distance(&plain(255)), 255.0);
        let one_pixel = Descriptor::of(&RgbImage::from_pixel(1, 1, Rgb([10; 3])));
        assert_eq!(one_pixel, plain(10), "the size does not matter");
        let others =
            [(3, 30), (5, 12), (7, 8), (9, 10)].map(|(index, value)| (index, plain(value)));
        let found = nearest(&plain(10), others.into_iter(), 3);
        assert_eq!(found, [(9, 0.0), (5, 2.0), (7, 2.0)]);
    }
}
