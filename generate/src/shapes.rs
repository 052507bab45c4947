//! Circles, squares and triangles on white, as recipe 1 draws them.

use std::{
    io::{self, Cursor},
    path::Path,
};

use image::{ImageFormat, Rgb, RgbImage};
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{GenerateError, write_file};

/// Side of the canvas in pixels.
pub const SHAPES_SIZE: u32 = 128;

/// What recipe 1 tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShapeKind {
    /// The ellipse that touches the sides of the box.
    Circle,
    /// The filled box.
    Square,
    /// Three corners of the box: (xy1, xy1), (xy2, xy2), (xy2, xy1).
    Triangle,
}

impl ShapeKind {
    /// All kinds, in the order of their class names.
    pub const ALL: [Self; 3] = [Self::Circle, Self::Square, Self::Triangle];

    /// Name of the class and its folder.
    pub fn word(self) -> &'static str {
        match self {
            Self::Circle => "circle",
            Self::Square => "square",
            Self::Triangle => "triangle",
        }
    }

    /// Whether the box with corners `low` and `high` (inclusive) shows this shape at (x, y).
    ///
    /// The triangle lies on and above the diagonal from (low, low) to (high, high), rows counted downwards.
    fn covers(self, low: usize, high: usize, x: usize, y: usize) -> bool {
        let inside = (low..=high).contains(&x) && (low..=high).contains(&y);
        match self {
            Self::Square => inside,
            Self::Triangle => inside && x >= y,
            Self::Circle => {
                let middle = (low + high) as f64 / 2.0;
                let radius = (high - low) as f64 / 2.0;
                (x as f64 - middle).hypot(y as f64 - middle) <= radius + 0.25
            }
        }
    }
}

/// A white 128×128 canvas with one shape: corner xy1 in 10..40, xy2 in 60..100, each colour channel 0..200.
pub fn draw_shape(kind: ShapeKind, rng: &mut ChaCha8Rng) -> RgbImage {
    let low = rng.random_range(10..40);
    let high = rng.random_range(60..100);
    let colour = [
        rng.random_range(0..200),
        rng.random_range(0..200),
        rng.random_range(0..200),
    ];
    RgbImage::from_fn(SHAPES_SIZE, SHAPES_SIZE, |x, y| {
        let is_inked = kind.covers(low, high, x as usize, y as usize);
        Rgb(if is_inked { colour } else { [255; 3] })
    })
}

/// A shape of a random kind, as "draw a random shape" asks for.
pub fn draw_random_shape(seed: u64) -> (ShapeKind, RgbImage) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let kind = ShapeKind::ALL[rng.random_range(0..ShapeKind::ALL.len())];
    (kind, draw_shape(kind, &mut rng))
}

/// Writes `count` images of each shape to `out/circle`, `out/square` and `out/triangle` as PNG.
///
/// The same seed gives the same bytes. `progress(done, total)` follows the files.
///
/// # Errors
/// When a file cannot be written.
pub fn generate_shapes(
    out: &Path,
    seed: u64,
    count: usize,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<usize, GenerateError> {
    let total = count * ShapeKind::ALL.len();
    let digits = count.saturating_sub(1).to_string().len().max(3);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut done = 0;
    for kind in ShapeKind::ALL {
        let folder = out.join(kind.word());
        for number in 0..count {
            let path = folder.join(format!("{}_{number:0digits$}.png", kind.word()));
            let mut png = Cursor::new(Vec::new());
            draw_shape(kind, &mut rng)
                .write_to(&mut png, ImageFormat::Png)
                .map_err(|source| GenerateError::new(&path, io::Error::other(source)))?;
            write_file(&path, png.get_ref())?;
            done += 1;
            progress(done, total);
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ink(kind: ShapeKind, low: usize, high: usize) -> usize {
        let all =
            (0..SHAPES_SIZE as usize).flat_map(|y| (0..SHAPES_SIZE as usize).map(move |x| (x, y)));
        all.filter(|&(x, y)| kind.covers(low, high, x, y)).count()
    }

    #[test]
    fn shapes_cover_what_geometry_says() {
        let side = 61.0;
        let cases = [
            (ShapeKind::Square, side * side),
            (ShapeKind::Triangle, side * (side + 1.0) / 2.0),
            (ShapeKind::Circle, std::f64::consts::PI * 30.25 * 30.25),
        ];
        for (kind, area) in cases {
            let drawn = ink(kind, 20, 80) as f64;
            assert!(
                (drawn - area).abs() < 0.01 * area,
                "{kind:?}: {drawn} against {area}"
            );
        }
        assert!(
            ShapeKind::Triangle.covers(20, 80, 80, 20),
            "the corner (xy2, xy1) belongs to it"
        );
        assert!(!ShapeKind::Triangle.covers(20, 80, 20, 80));
    }

    #[test]
    fn the_committed_set_is_what_seed_zero_draws() {
        let out = tempfile::tempdir().unwrap();
        generate_shapes(out.path(), 0, 400, &mut |_, _| {}).unwrap();
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../datasets/shapes");
        for name in [
            "circle/circle_000.png",
            "square/square_123.png",
            "triangle/triangle_399.png",
        ] {
            assert_eq!(
                image::open(out.path().join(name)).unwrap(),
                image::open(committed.join(name)).unwrap(),
                "{name}"
            );
        }
    }
}
