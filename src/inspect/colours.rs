//! Numbers as colours: scales, and grids of small maps as one picture.

use serde::{Deserialize, Serialize};
use tch::{Kind, TchError, Tensor};

use crate::data::Picture;

/// How a number becomes a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ColourScale {
    /// Dark blue over green to yellow: for activations.
    #[default]
    Viridis,
    /// Black to white.
    Grey,
    /// Blue over white (zero) to red: for weights. The range must be symmetric about zero.
    BlueWhiteRed,
}

impl ColourScale {
    /// The colour of `share` of the range, 0..1; values outside are cut.
    pub fn colour(self, share: f32) -> [u8; 3] {
        let share = f64::from(if share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            0.0
        });
        match self {
            Self::Viridis => colorous::VIRIDIS.eval_continuous(share).as_array(),
            Self::BlueWhiteRed => {
                // Brewer's scale has a grey middle; zero must be white.
                let end = if share < 0.5 {
                    [33, 102, 172]
                } else {
                    [178, 24, 43]
                };
                let strength = (2.0 * share - 1.0).abs();
                end.map(|channel: u8| (255.0 - strength * f64::from(255 - channel)).round() as u8)
            }
            Self::Grey => [(share * 255.0).round() as u8; 3],
        }
    }
}

/// Smallest and largest finite value; `(0, 1)` when there is none, and never an empty range.
pub fn value_range(values: &[f32]) -> (f32, f32) {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    match low.partial_cmp(&high) {
        Some(std::cmp::Ordering::Less) => (low, high),
        Some(std::cmp::Ordering::Equal) => (low, low + 1.0),
        _ => (0.0, 1.0),
    }
}

/// Colours a picture can have; more cannot be told apart on a screen of 8 bits a channel.
const SHADES: usize = 1_024;

/// Turns maps into pictures on one colour range.
pub struct MapPainter {
    low: f32,
    shades_per_unit: f32,
    table: Vec<[u8; 3]>,
}

impl MapPainter {
    /// For values from `low` to `high`; what lies outside gets the end's colour.
    pub fn new((low, high): (f32, f32), scale: ColourScale) -> Self {
        Self {
            low,
            shades_per_unit: (SHADES - 1) as f32 / (high - low),
            // Looking colours up is what makes a picture of 200,000 values cost a few milliseconds rather than a few frames.
            table: (0..SHADES)
                .map(|index| scale.colour(index as f32 / (SHADES - 1) as f32))
                .collect(),
        }
    }

    /// One map `[height, width]` as a picture.
    pub fn paint(&self, values: &[f32], width: usize) -> Picture {
        let mut rgb = vec![0; 3 * values.len()];
        for (pixel, value) in rgb.chunks_exact_mut(3).zip(values) {
            // The cast cuts negative values and what is not a number to 0.
            let shade = ((value - self.low) * self.shades_per_unit + 0.5) as usize;
            pixel.copy_from_slice(&self.table[shade.min(SHADES - 1)]);
        }
        Picture {
            width,
            height: values.len() / width.max(1),
            rgb,
        }
    }
}

/// Images `[N, C, H, W]` of one or three channels, in 0..1, as they are seen.
///
/// # Errors
/// When libtorch refuses.
pub fn pictures(images: &Tensor) -> Result<Vec<Picture>, TchError> {
    let (_, _, height, width) = images.size4()?;
    let (height, width) = (height as usize, width as usize);
    let bytes = images
        .f_expand([-1, 3, -1, -1], false)?
        .f_mul_scalar(255.0)?
        .f_round()?
        .f_to_kind(Kind::Uint8)?
        .f_permute([0, 2, 3, 1])?
        .f_contiguous()?
        .f_flatten(0, -1)?;
    let bytes = Vec::<u8>::try_from(bytes)?;
    let pictures = bytes.chunks((3 * width * height).max(1));
    Ok(pictures
        .map(|rgb| Picture {
            width,
            height,
            rgb: rgb.to_vec(),
        })
        .collect())
}

/// Where tiles of a grid lie: `columns` tiles a row with one pixel between and around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Tiles a row.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
    /// Pixels per tile column.
    pub tile_width: usize,
    /// Pixels per tile row.
    pub tile_height: usize,
}

/// Pixels between tiles.
const GAP: usize = 1;

impl Grid {
    /// How many tiles of `tile` pixels fit beside each other into `side` pixels, at least one.
    pub fn tiles_within(side: usize, tile: usize) -> usize {
        (side.saturating_sub(GAP) / (tile + GAP)).max(1)
    }

    /// As square as possible: ⌈√count⌉ columns.
    pub fn square(count: usize, tile_width: usize, tile_height: usize) -> Self {
        let columns = (count as f64).sqrt().ceil().max(1.0) as usize;
        Self {
            columns,
            rows: count.div_ceil(columns),
            tile_width,
            tile_height,
        }
    }

    /// Width and height of the whole picture.
    pub fn size(&self) -> (usize, usize) {
        let side = |count: usize, tile: usize| count * (tile + GAP) + GAP;
        (
            side(self.columns, self.tile_width),
            side(self.rows, self.tile_height),
        )
    }

    /// Top left corner of tile `index`.
    pub fn corner(&self, index: usize) -> (usize, usize) {
        let (column, row) = (index % self.columns, index / self.columns);
        (
            GAP + column * (self.tile_width + GAP),
            GAP + row * (self.tile_height + GAP),
        )
    }

    /// The tile at pixel (x, y), if there is one.
    pub fn tile_at(&self, x: usize, y: usize) -> Option<usize> {
        let place = |at: usize, tile: usize, count: usize| {
            let at = at.checked_sub(GAP)?;
            let index = at / (tile + GAP);
            (index < count && at % (tile + GAP) < tile).then_some(index)
        };
        let column = place(x, self.tile_width, self.columns)?;
        let row = place(y, self.tile_height, self.rows)?;
        Some(row * self.columns + column)
    }

    /// All tiles in one picture on a background colour.
    pub fn paint(&self, tiles: impl IntoIterator<Item = Picture>, background: [u8; 3]) -> Picture {
        let (width, height) = self.size();
        let mut canvas = Picture::filled(width, height, background);
        for (index, tile) in tiles.into_iter().enumerate() {
            let (left, top) = self.corner(index);
            canvas.paste(&tile, left, top);
        }
        canvas
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_run_from_end_to_end() {
        assert_eq!(ColourScale::Grey.colour(0.0), [0; 3]);
        assert_eq!(ColourScale::Grey.colour(2.0), [255; 3]);
        assert_eq!(ColourScale::Viridis.colour(0.0), [68, 1, 84]);
        let [red, green, blue] = ColourScale::BlueWhiteRed.colour(0.5);
        assert!(red > 240 && green > 240 && blue > 240, "zero is white");
        assert!(
            ColourScale::BlueWhiteRed.colour(0.0)[2] > ColourScale::BlueWhiteRed.colour(0.0)[0]
        );
        assert!(
            ColourScale::BlueWhiteRed.colour(1.0)[0] > ColourScale::BlueWhiteRed.colour(1.0)[2]
        );
        assert_eq!(ColourScale::Grey.colour(f32::NAN), [0; 3]);
    }

    #[test]
    fn ranges_are_never_empty_and_ignore_what_is_not_finite() {
        assert_eq!(
            value_range(&[1.0, f32::NAN, -2.0, f32::INFINITY]),
            (-2.0, 1.0)
        );
        assert_eq!(value_range(&[3.0, 3.0]), (3.0, 4.0));
        assert_eq!(value_range(&[]), (0.0, 1.0));
    }

    #[test]
    fn every_tile_is_found_where_it_is_painted() {
        let grid = Grid::square(12, 3, 2);
        assert_eq!((grid.columns, grid.rows), (4, 3));
        assert_eq!(grid.size(), (17, 10));
        for index in 0..12 {
            let (x, y) = grid.corner(index);
            assert_eq!(grid.tile_at(x, y), Some(index));
            assert_eq!(grid.tile_at(x + 2, y + 1), Some(index));
        }
        assert_eq!(grid.tile_at(0, 0), None);
        assert_eq!(grid.tile_at(4, 1), None, "between tiles");
        assert_eq!(grid.tile_at(99, 1), None);
    }
}
