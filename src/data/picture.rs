//! An RGB image as plain bytes: what crosses threads, what panels show and what reports embed.

/// 8-bit RGB pixels, row by row from the top left; `rgb.len() == 3 * width * height`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `[height, width, 3]`, 0..=255.
    pub rgb: Vec<u8>,
}

/// A pixel needs no more room than this to be seen.
pub const MAX_ENLARGEMENT: usize = 24;

impl Picture {
    /// A picture of one colour.
    pub fn filled(width: usize, height: usize, colour: [u8; 3]) -> Self {
        Self {
            width,
            height,
            rgb: colour.repeat(width * height),
        }
    }

    /// The pixel at column `x`, row `y`; black outside.
    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        if x >= self.width {
            return [0; 3];
        }
        let start = 3 * (y * self.width + x);
        self.rgb
            .get(start..start + 3)
            .map_or([0; 3], |p| [p[0], p[1], p[2]])
    }

    /// Copies `tile` into this picture with its top left corner at (`left`, `top`); what sticks out is cut.
    pub fn paste(&mut self, tile: &Self, left: usize, top: usize) {
        let width = tile.width.min(self.width.saturating_sub(left));
        let height = tile.height.min(self.height.saturating_sub(top));
        for y in 0..height {
            let from = 3 * y * tile.width;
            let to = 3 * ((top + y) * self.width + left);
            self.rgb[to..to + 3 * width].copy_from_slice(&tile.rgb[from..from + 3 * width]);
        }
    }

    /// Every pixel repeated `factor` times in both directions (nearest neighbour, so pixels stay crisp).
    #[must_use]
    pub fn enlarged(&self, factor: usize) -> Self {
        let (width, height) = (self.width * factor, self.height * factor);
        let rgb = (0..height)
            .flat_map(|y| (0..width).flat_map(move |x| self.pixel(x / factor, y / factor)))
            .collect();
        Self { width, height, rgb }
    }

    /// Enlarged by the largest whole factor that keeps its longer side within `side` pixels, at most by
    /// [`MAX_ENLARGEMENT`]: tiny maps become visible and stay true to their pixels.
    #[must_use]
    pub fn enlarged_within(self, side: usize) -> Self {
        let longest = self.width.max(self.height).max(1);
        match (side / longest).min(MAX_ENLARGEMENT) {
            0 | 1 => self,
            factor => self.enlarged(factor),
        }
    }

    /// The picture as an `image` buffer, for saving and resizing.
    pub fn to_image(&self) -> image::RgbImage {
        image::RgbImage::from_fn(self.width as u32, self.height as u32, |x, y| {
            image::Rgb(self.pixel(x as usize, y as usize))
        })
    }
}

impl From<image::RgbImage> for Picture {
    fn from(image: image::RgbImage) -> Self {
        Self {
            width: image.width() as usize,
            height: image.height() as usize,
            rgb: image.into_raw(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enlarging_repeats_pixels_and_pasting_cuts() {
        let mut small = Picture::filled(2, 1, [0, 0, 0]);
        small.rgb[3..6].copy_from_slice(&[9, 8, 7]);
        let big = small.enlarged(2);
        assert_eq!((big.width, big.height), (4, 2));
        assert_eq!(big.pixel(1, 1), [0, 0, 0]);
        assert_eq!(big.pixel(2, 1), [9, 8, 7]);

        assert_eq!(small.clone().enlarged_within(7).width, 6);
        assert_eq!(small.clone().enlarged_within(1).width, 2);
        assert_eq!(
            small.clone().enlarged_within(10_000).width,
            2 * MAX_ENLARGEMENT
        );

        let mut canvas = Picture::filled(2, 2, [1, 1, 1]);
        canvas.paste(&big, 1, 1);
        assert_eq!(canvas.pixel(1, 1), [0, 0, 0]);
        assert_eq!(canvas.pixel(0, 1), [1, 1, 1]);
        assert_eq!(canvas.pixel(5, 0), [0, 0, 0]);
    }
}
