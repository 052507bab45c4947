//! The bundled datasets, drawn from a seed: something to train on before anything is downloaded.
//!
//! Each set stands for a kind of data that the recipes meet: [`shapes`] a folder per class, [`cells`] a MedMNIST
//! archive with given splits, [`pets`] photos of many sizes in given splits. The same seed gives the same images.

mod canvas;
pub mod cells;
pub mod pets;
pub mod shapes;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

pub use cells::{CLASS_NAMES, CellKind, generate_cells};
pub use pets::{PetKind, generate_pets};
pub use shapes::{SHAPES_SIZE, ShapeKind, draw_random_shape, draw_shape, generate_shapes};

/// Why a set could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {path}: {source}")]
pub struct GenerateError {
    path: String,
    source: io::Error,
}

impl GenerateError {
    fn new(path: &Path, source: io::Error) -> Self {
        Self {
            path: path.display().to_string(),
            source,
        }
    }
}

/// A dataset that the program draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeneratedSet {
    /// Circles, squares and triangles.
    Shapes,
    /// Blood cells as in BloodMNIST.
    Cells,
    /// Cats and dogs.
    Pets,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The folder or file to open.
    pub path: PathBuf,
    /// Images in it.
    pub images: usize,
}

impl GeneratedSet {
    /// All sets, simplest first.
    pub const ALL: [Self; 3] = [Self::Shapes, Self::Cells, Self::Pets];

    /// Name on the command line and under `datasets/`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Shapes => "shapes",
            Self::Cells => "cells",
            Self::Pets => "pets",
        }
    }

    /// One line about it.
    pub fn description(self) -> &'static str {
        match self {
            Self::Shapes => "Circles, squares and triangles: a folder per class, 128 × 128 pixels",
            Self::Cells => "Eight kinds of blood cells: one MedMNIST archive, 28 × 28 pixels",
            Self::Pets => "Cats and dogs: train, validation and test folders, many sizes",
        }
    }

    /// Names of its classes, in order.
    pub fn classes(self) -> Vec<&'static str> {
        match self {
            Self::Shapes => ShapeKind::ALL.map(ShapeKind::word).to_vec(),
            Self::Cells => CellKind::ALL.map(CellKind::word).to_vec(),
            Self::Pets => PetKind::ALL.map(PetKind::word).to_vec(),
        }
    }

    /// Images per class in the committed set.
    pub fn default_count(self) -> usize {
        match self {
            Self::Shapes => 400,
            Self::Cells => 150,
            Self::Pets => 100,
        }
    }

    /// Writes `count` images per class below `out`. `progress(done, total)` follows the images.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(
        self,
        out: &Path,
        seed: u64,
        count: usize,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Written, GenerateError> {
        let (path, images) = match self {
            Self::Shapes => (out.to_owned(), generate_shapes(out, seed, count, progress)?),
            Self::Cells => (
                cells::file_in(out),
                generate_cells(out, seed, count, progress)?,
            ),
            Self::Pets => (out.to_owned(), generate_pets(out, seed, count, progress)?),
        };
        Ok(Written { path, images })
    }
}

/// The generator of image `number` of class `class`: no image depends on how many others there are.
fn image_rng(seed: u64, class: usize, number: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(((class as u64) << 32) | number as u64);
    rng
}

/// `count` images divided into training, validation and test, with these percentages for the last two.
///
/// Rounds them up, so that no part is empty from three images on; training always has one.
fn parts(count: usize, validation_percent: usize, test_percent: usize) -> [usize; 3] {
    let left = count.saturating_sub(1);
    let validation = (count * validation_percent).div_ceil(100).min(left);
    let test = (count * test_percent).div_ceil(100).min(left - validation);
    [count - validation - test, validation, test]
}

/// Writes a file, making the folder that it lies in.
fn write_file(path: &Path, bytes: &[u8]) -> Result<(), GenerateError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| GenerateError::new(folder, source))?;
    }
    fs::write(path, bytes).map_err(|source| GenerateError::new(path, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_and_fill_from_three_images_on() {
        for (count, percents, expected) in [
            (0, (20, 10), [0, 0, 0]),
            (1, (20, 10), [1, 0, 0]),
            (2, (20, 10), [1, 1, 0]),
            (3, (20, 10), [1, 1, 1]),
            (100, (20, 10), [70, 20, 10]),
            (150, (15, 15), [104, 23, 23]),
        ] {
            assert_eq!(parts(count, percents.0, percents.1), expected, "{count}");
        }
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("blocked");
        fs::write(&blocked, "").unwrap();
        for set in GeneratedSet::ALL {
            let error = set.write(&blocked, 0, 1, &mut |_, _| {}).unwrap_err();
            let text = error.to_string();
            assert!(
                text.contains("cannot write") && text.contains("blocked"),
                "{text}"
            );
        }
    }
}
