//! 16 × 16 thumbnails that tell how much two pictures differ, pixel by pixel, and whether they look alike, whatever
//! their size, brightness, contrast and compression. They know nothing about what is shown.
//!
//! Alike are pictures whose thumbnails' brightness correlates by `MIN_CORRELATION`, nowhere deviates by
//! more than `MAX_DEVIATION`, and whose colours and contrast are about the same. So copies are found that
//! were saved again as JPEG, made smaller or larger, brighter or darker, noisier; a cropped, turned, mirrored
//! or overlaid picture is another one. The limits were chosen on photos, chest X-rays, blood cells, digits and
//! drawn shapes, where copies of every kind correlate by more than 0.995 and different X-rays by up to 0.985.

use image::RgbImage;

/// Cells per side.
pub const SIDE: usize = 16;
/// Cells of a thumbnail.
pub const CELLS: usize = SIDE * SIDE;
/// Colours are compared in coarser cells: JPEG blurs them.
const COLOUR_SIDE: usize = 4;
const COLOUR_CELLS: usize = COLOUR_SIDE * COLOUR_SIDE;
/// Brightness is kept in steps of 1/256 grey level.
const STEPS: f64 = 256.0;

/// Least correlation of two thumbnails' brightness.
pub const MIN_CORRELATION: f32 = 0.995;
/// Most that one cell may deviate, in standard deviations of the picture's brightness: a small thing at
/// another place hardly changes the correlation, but it does the cell.
const MAX_DEVIATION: f32 = 0.5;
/// Least ratio of the two contrasts.
const MIN_CONTRAST_RATIO: f32 = 0.7;
/// Most that the colour difference of one coarse cell may differ, in grey levels of Cb and Cr.
const MAX_COLOUR_DIFFERENCE: f32 = 10.0;
/// Pictures whose brightness varies less (standard deviation in grey levels) look like all others of their
/// kind: only exact copies of them are told.
const MIN_CONTRAST: f32 = 4.0;

/// A small picture to compare by.
#[derive(Debug, Clone, PartialEq)]
pub struct Thumbnail {
    /// Brightness of each cell in steps of 1/256 grey level, row by row.
    brightness: [u16; CELLS],
    /// Cb, then Cr of each coarse cell, in grey levels.
    colour: [f32; 2 * COLOUR_CELLS],
    /// Mean of the brightness in grey levels.
    mean: f32,
    /// Standard deviation of the brightness in grey levels.
    contrast: f32,
}

impl Thumbnail {
    /// The mean colour of every cell; pixels that lie in two cells count for both by their share.
    pub fn new(image: &RgbImage) -> Self {
        let cells = cell_means(image);
        // ITU-R BT.601, full range, as JPEG has it.
        let luma = |c: &[f64; 3]| 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2];
        let mut brightness = [0; CELLS];
        let mut colour = [0.0; 2 * COLOUR_CELLS];
        for (index, cell) in cells.iter().enumerate() {
            let y = luma(cell);
            brightness[index] = (y * STEPS).round() as u16;
            let at = coarse(index);
            let share = (CELLS / COLOUR_CELLS) as f64;
            colour[at] += ((cell[2] - y) / 1.772 / share) as f32;
            colour[COLOUR_CELLS + at] += ((cell[0] - y) / 1.402 / share) as f32;
        }
        let levels = brightness.map(|value| f64::from(value) / STEPS);
        let mean = levels.iter().sum::<f64>() / CELLS as f64;
        let variance = levels.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / CELLS as f64;
        Self {
            brightness,
            colour,
            mean: mean as f32,
            contrast: variance.sqrt() as f32,
        }
    }

    /// Whether there is enough in the picture to tell it from others.
    pub fn is_telling(&self) -> bool {
        self.contrast >= MIN_CONTRAST
    }

    /// Brightness of each cell with mean 0 and a Euclidean length of 1, so that a scalar product is a
    /// correlation.
    pub fn normalised(&self) -> [f32; CELLS] {
        let scale = 1.0 / (self.contrast.max(f32::MIN_POSITIVE) * SIDE as f32);
        self.brightness
            .map(|value| (f32::from(value) / STEPS as f32 - self.mean) * scale)
    }

    /// Root mean square difference of red, green and blue, 0..=255, so that it reads as grey levels; 0 for pictures
    /// with the same colours in the same places.
    pub fn difference(&self, other: &Self) -> f32 {
        let squares = (0..CELLS).map(|index| {
            let brightness = |of: &Self| f64::from(of.brightness[index]) / STEPS;
            let colour = |at: usize| f64::from(self.colour[at] - other.colour[at]);
            let y = brightness(self) - brightness(other);
            let (cb, cr) = (colour(coarse(index)), colour(COLOUR_CELLS + coarse(index)));
            // Back from ITU-R BT.601.
            let green = y - 0.344_136 * cb - 0.714_136 * cr;
            (y + 1.402 * cr).powi(2) + green.powi(2) + (y + 1.772 * cb).powi(2)
        });
        (squares.sum::<f64>() / (3 * CELLS) as f64).sqrt() as f32
    }

    /// How different two pictures are that look alike: 1 − the correlation of their brightness. `None` when
    /// they do not look alike. Symmetric.
    pub fn distance(&self, other: &Self) -> Option<f32> {
        let ratio = self.contrast / other.contrast;
        if !self.is_telling()
            || !other.is_telling()
            || !(MIN_CONTRAST_RATIO..=1.0 / MIN_CONTRAST_RATIO).contains(&ratio)
        {
            return None;
        }
        let (a, b) = (self.normalised(), other.normalised());
        let most = MAX_DEVIATION / SIDE as f32;
        let mut correlation = 0.0;
        for (x, y) in a.iter().zip(&b) {
            if (x - y).abs() > most {
                return None;
            }
            correlation += f64::from(x * y);
        }
        let correlation = correlation as f32;
        let scale = ratio.sqrt();
        let same_colour = |(x, y): (&f32, &f32)| (x / scale - y * scale).abs();
        let colours = self.colour.iter().zip(&other.colour);
        let is_alike = correlation >= MIN_CORRELATION
            && colours.map(same_colour).all(|d| d <= MAX_COLOUR_DIFFERENCE);
        is_alike.then(|| (1.0 - correlation).max(0.0))
    }
}

/// The `most` of `others` that differ least from `one`, nearest first, with their [`Thumbnail::difference`]; equally
/// near ones in ascending order.
pub fn nearest<'a>(
    one: &Thumbnail,
    others: impl Iterator<Item = (usize, &'a Thumbnail)>,
    most: usize,
) -> Vec<(usize, f32)> {
    let mut found: Vec<(usize, f32)> = others
        .map(|(index, other)| (index, one.difference(other)))
        .collect();
    found.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    found.truncate(most);
    found
}

/// Which coarse cell a cell lies in.
fn coarse(index: usize) -> usize {
    let side = SIDE / COLOUR_SIDE;
    index / SIDE / side * COLOUR_SIDE + index % SIDE / side
}

/// Mean red, green and blue of each cell; exact up to the last division.
fn cell_means(image: &RgbImage) -> Vec<[f64; 3]> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let mut sums = vec![[0u64; 3]; CELLS];
    let (columns, rows) = (shares(width), shares(height));
    let mut row_sums = [[0u64; 3]; SIDE];
    let mut summed = None;
    for (y, cell, weight) in rows {
        if summed.replace(y) != Some(y) {
            row_sums = [[0; 3]; SIDE];
            let row = &image.as_raw()[3 * y * width..];
            for &(x, cell, weight) in &columns {
                let (sums, pixel) = (&mut row_sums[cell], &row[3 * x..3 * x + 3]);
                sums[0] += weight * u64::from(pixel[0]);
                sums[1] += weight * u64::from(pixel[1]);
                sums[2] += weight * u64::from(pixel[2]);
            }
        }
        for (sum, row_sum) in sums[cell * SIDE..].iter_mut().zip(&row_sums) {
            for channel in 0..3 {
                sum[channel] += weight * row_sum[channel];
            }
        }
    }
    let total = (width * height).max(1) as f64;
    let means = sums.into_iter().map(|s| s.map(|sum| sum as f64 / total));
    means.collect()
}

/// Which pixels of a row or column each cell covers, in ascending order: pixel, cell, and by how much. With every pixel
/// cut into [`SIDE`] slices, each cell has as many slices as there are pixels.
fn shares(pixels: usize) -> Vec<(usize, usize, u64)> {
    let mut shares = Vec::with_capacity(pixels + SIDE);
    let mut slice = 0;
    while slice < pixels * SIDE {
        let (pixel, cell) = (slice / SIDE, slice / pixels);
        let end = ((pixel + 1) * SIDE).min((cell + 1) * pixels);
        shares.push((pixel, cell, (end - slice) as u64));
        slice = end;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, imageops};

    /// Something with a large structure, fine texture and colours.
    fn picture(width: u32, height: u32, seed: f32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
            let large = (7.0 * u + seed).sin() * (5.0 * v - 2.0 * seed).cos();
            let fine = (90.0 * u).sin() * (70.0 * v).sin();
            let at = |gain: f32| (128.0 + gain * large + 12.0 * fine).clamp(0.0, 255.0) as u8;
            Rgb([at(90.0), at(70.0), at(-20.0)])
        })
    }

    fn changed(image: &RgbImage, change: impl Fn(f32) -> f32) -> RgbImage {
        let mut image = image.clone();
        for value in image.iter_mut() {
            *value = change(f32::from(*value)).clamp(0.0, 255.0) as u8;
        }
        image
    }

    fn jpeg(image: &RgbImage, quality: u8) -> RgbImage {
        let mut bytes = Vec::new();
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
        image.write_with_encoder(encoder).unwrap();
        image::load_from_memory(&bytes).unwrap().into_rgb8()
    }

    #[test]
    fn a_difference_is_in_grey_levels_and_the_nearest_come_first() {
        let plain = |value: u8| Thumbnail::new(&RgbImage::from_pixel(40, 20, Rgb([value; 3])));
        for (one, other, expected) in [(10, 10, 0.0), (10, 14, 4.0), (0, 255, 255.0)] {
            assert_eq!(plain(one).difference(&plain(other)), expected);
        }
        let one_pixel = Thumbnail::new(&RgbImage::from_pixel(1, 1, Rgb([10; 3])));
        assert_eq!(one_pixel, plain(10), "the size does not matter");
        let red = |value: u8| Thumbnail::new(&RgbImage::from_pixel(9, 9, Rgb([value, 0, 0])));
        let of_three = red(40).difference(&red(10));
        assert!(
            (of_three - (900f32 / 3.0).sqrt()).abs() < 0.01,
            "{of_three}"
        );
        let others =
            [(3, 30), (5, 12), (7, 8), (9, 10)].map(|(index, value)| (index, plain(value)));
        let others = others.iter().map(|(index, other)| (*index, other));
        let found = nearest(&plain(10), others, 3);
        assert_eq!(found, [(9, 0.0), (5, 2.0), (7, 2.0)]);
    }

    #[test]
    fn copies_look_alike_and_other_pictures_do_not() {
        let original = picture(100, 75, 0.3);
        let resize = |w, h| imageops::resize(&original, w, h, imageops::FilterType::CatmullRom);
        let mut dotted = original.clone();
        for (x, y) in (0..8).flat_map(|x| (0..8).map(move |y| (x, y))) {
            dotted.put_pixel(30 + x, 40 + y, Rgb([255, 0, 0]));
        }
        let mut swapped = original.clone();
        for pixel in swapped.pixels_mut() {
            pixel.0.swap(0, 2);
        }
        let cases = [
            ("itself", original.clone(), true),
            ("saved as JPEG", jpeg(&original, 60), true),
            ("a little smaller", resize(91, 68), true),
            ("half as large", resize(50, 37), true),
            ("larger", resize(230, 170), true),
            ("stretched", resize(75, 75), true),
            ("brighter", changed(&original, |v| v + 25.0), true),
            (
                "less contrast",
                changed(&original, |v| 0.8 * v + 20.0),
                true,
            ),
            ("much less contrast", changed(&original, |v| 0.4 * v), false),
            ("mirrored", imageops::flip_horizontal(&original), false),
            ("turned", imageops::rotate180(&original), false),
            ("negative", changed(&original, |v| 255.0 - v), false),
            ("with a dot", dotted, false),
            ("red for blue", swapped, false),
            ("another", picture(100, 75, 1.0), false),
            ("flat", RgbImage::from_pixel(100, 75, Rgb([90; 3])), false),
        ];
        let reference = Thumbnail::new(&original);
        for (name, image, expected) in cases {
            let thumbnail = Thumbnail::new(&image);
            let distance = reference.distance(&thumbnail);
            assert_eq!(distance.is_some(), expected, "{name}: {distance:?}");
            assert_eq!(
                distance,
                thumbnail.distance(&reference),
                "{name}: symmetric"
            );
        }
        assert_eq!(reference.distance(&reference), Some(0.0));
    }

    #[test]
    fn cells_are_means_by_area_at_any_size() {
        // A ramp of 40 columns: cell 0 covers columns 0, 1 and half of 2.
        let ramp = RgbImage::from_fn(40, 1, |x, _| Rgb([x as u8, 2 * x as u8, 0]));
        let means = cell_means(&ramp);
        assert_eq!(means[0], [0.8, 1.6, 0.0], "(0 + 1 + 2/2) / 2.5");
        assert_eq!(means[1], [3.2, 6.4, 0.0], "(2/2 + 3 + 4) / 2.5");
        assert_eq!(means[16], means[0], "one row serves all");
        // Columns 37 (half), 38 and 39.
        assert_eq!(means[255][0], (37.0 / 2.0 + 38.0 + 39.0) / 2.5);
        for (width, height) in [(1, 1), (1, 5000), (5000, 1), (16, 16), (17, 15), (28, 28)] {
            let flat = RgbImage::from_pixel(width, height, Rgb([7, 100, 255]));
            let means = cell_means(&flat);
            assert!(
                means.iter().all(|m| *m == [7.0, 100.0, 255.0]),
                "{width}×{height}"
            );
        }
    }
}
