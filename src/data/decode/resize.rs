//! Bringing images to the size of a network's input, with the filter of Pillow's `Image.BILINEAR`: a triangle
//! as wide as the scale when the image becomes smaller, so that every pixel counts.

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use image::{Rgb, RgbImage};
use serde::{Deserialize, Serialize};

/// How an image of other proportions becomes as large as the network's input. The filter is an antialiased
/// bilinear one, as in Pillow's `Image.BILINEAR`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ResizeMode {
    /// Height and width each on their own: the proportions change. What the notebooks do.
    #[default]
    Stretch,
    /// The whole image, with black borders. The shorter side is rounded to whole pixels, halves to even, and
    /// is at least 1; so is the first border. As Pillow's `ImageOps.pad`.
    Fit,
    /// The largest middle part of the right proportions; its edges may lie within pixels and are not
    /// rounded. As Pillow's `ImageOps.fit`.
    CentreCrop,
}

impl ResizeMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Stretch, Self::Fit, Self::CentreCrop];

    /// What people call it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Stretch => "stretch",
            Self::Fit => "fit with black borders",
            Self::CentreCrop => "crop the middle",
        }
    }
}

/// What images are brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PixelFormat {
    /// Pixels per column.
    pub height: usize,
    /// Pixels per row.
    pub width: usize,
    /// How other proportions are dealt with.
    pub resize: ResizeMode,
}

impl PixelFormat {
    /// `image` in this format.
    pub fn apply(&self, image: &RgbImage) -> RgbImage {
        resized(image, (self.height, self.width), self.resize)
    }

    /// Bytes of one image: red, green and blue of every pixel.
    pub fn row_bytes(&self) -> usize {
        self.height * self.width * 3
    }
}

/// A part of an image in pixels: left, top, width, height.
type Part = (f64, f64, f64, f64);

/// Brings `image` to `(height, width)`; one that has the size already is left as it is. Sides of 0 are
/// taken as 1.
pub fn resized(image: &RgbImage, (height, width): (usize, usize), mode: ResizeMode) -> RgbImage {
    let size = (width.max(1) as u32, height.max(1) as u32);
    if image.dimensions() == size {
        return image.clone();
    }
    let (from_width, from_height) = (f64::from(image.width()), f64::from(image.height()));
    let whole = (0.0, 0.0, from_width, from_height);
    let (to_width, to_height) = (f64::from(size.0), f64::from(size.1));
    match mode {
        ResizeMode::Stretch => scaled(image, size, whole),
        ResizeMode::Fit => {
            let inner = if from_width / from_height > to_width / to_height {
                (size.0, rounded(from_height / from_width * to_width))
            } else {
                (rounded(from_width / from_height * to_height), size.1)
            };
            let inner = (inner.0.min(size.0), inner.1.min(size.1));
            let small = scaled(image, inner, whole);
            framed(small, size)
        }
        ResizeMode::CentreCrop => {
            let ratio = to_width / to_height;
            let part = if from_width / from_height >= ratio {
                let width = ratio * from_height;
                ((from_width - width) / 2.0, 0.0, width, from_height)
            } else {
                let height = from_width / ratio;
                (0.0, (from_height - height) / 2.0, from_width, height)
            };
            scaled(image, size, part)
        }
    }
}

/// To whole pixels, halves to even as Python's `round`, at least 1.
fn rounded(pixels: f64) -> u32 {
    pixels.round_ties_even().max(1.0) as u32
}

/// `image` in the middle of a black one.
fn framed(image: RgbImage, (width, height): (u32, u32)) -> RgbImage {
    if image.dimensions() == (width, height) {
        return image;
    }
    let before = |free: u32| (f64::from(free) / 2.0).round_ties_even() as i64;
    let left = before(width - image.width());
    let top = before(height - image.height());
    let mut canvas = RgbImage::from_pixel(width, height, Rgb([0; 3]));
    image::imageops::replace(&mut canvas, &image, left, top);
    canvas
}

/// `part` of `image` at another size.
fn scaled(image: &RgbImage, (width, height): (u32, u32), part: Part) -> RgbImage {
    let mut result = RgbImage::new(width, height);
    let (left, top, part_width, part_height) = part;
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
        .crop(left, top, part_width, part_height);
    let source = ImageRef::new(
        image.width(),
        image.height(),
        image.as_raw(),
        PixelType::U8x3,
    );
    let target = Image::from_slice_u8(width, height, result.as_mut(), PixelType::U8x3);
    if let (Ok(source), Ok(mut target)) = (source, target) {
        // Nothing fails here: the buffers have the sizes, the pixels one type, and the part lies inside.
        // An image without pixels leaves the result black.
        let _ = Resizer::new().resize(&source, &mut target, &options);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mode_gives_the_size_whatever_the_proportions() {
        let sides = [1, 2, 3, 7, 64, 5000];
        for (width, height) in [(1, 1), (1, 5000), (5000, 1), (3, 2), (65, 64)] {
            let image = RgbImage::from_pixel(width, height, Rgb([200; 3]));
            for to in sides.into_iter().flat_map(|h| [(h, 1), (h, 7), (7, h)]) {
                for mode in ResizeMode::ALL {
                    let result = resized(&image, to, mode);
                    assert_eq!(result.dimensions(), (to.1 as u32, to.0 as u32));
                    // Its middle is of the image, never of a border, and nothing else was made of it.
                    let middle = result.get_pixel(to.1 as u32 / 2, to.0 as u32 / 2).0;
                    let sum = result.pixels().filter(|pixel| pixel.0 == [200; 3]).count();
                    assert!(sum > 0, "{width}×{height} to {to:?}, {mode:?}");
                    assert!(
                        middle == [200; 3] || mode == ResizeMode::Fit,
                        "{width}×{height} to {to:?}, {mode:?}: {middle:?}"
                    );
                }
            }
        }
        assert_eq!(
            resized(&RgbImage::new(0, 0), (2, 0), ResizeMode::Fit).dimensions(),
            (1, 2)
        );
    }
}
