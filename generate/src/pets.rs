//! Cats and dogs as cartoons: photos of many sizes in given splits, as the cat and dog recipes expect them.
//!
//! Coats, backgrounds, sizes and poses are drawn alike for both, so only the animal tells them apart: ears,
//! muzzle, nose, eyes and whiskers.

use std::{io, path::Path};

use image::{RgbImage, codecs::jpeg::JpegEncoder};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::{GenerateError, canvas::Colour, image_rng, parts, write_file};

mod cat;
mod dog;
mod portrait;
mod scene;

use portrait::{Coat, Portrait};

/// JPEG quality of the files, as cameras choose.
const QUALITY: u8 = 85;

/// What the set tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PetKind {
    /// Pointed ears, whiskers, slit pupils, a small nose.
    Cat,
    /// Mostly hanging ears, a long muzzle, a big nose, at times the tongue.
    Dog,
}

impl PetKind {
    /// All kinds, in the order of their class names.
    pub const ALL: [Self; 2] = [Self::Cat, Self::Dog];

    /// Name of the class and its folder.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cat => "cat",
            Self::Dog => "dog",
        }
    }
}

/// One animal of `kind`; both sides lie between 120 and 480 pixels.
pub fn draw_pet(kind: PetKind, rng: &mut ChaCha8Rng) -> RgbImage {
    let width = rng.random_range(120..=480usize);
    let aspect: f64 = rng.random_range(0.65..=1.5);
    let height = ((width as f64 * aspect) as usize).clamp(120, 480);
    let (wide, high) = (width as f64, height as f64);
    let coat = Coat::draw(rng);
    let canvas = scene::draw(width, height, rng);
    let scale = wide.min(high) * rng.random_range(0.29..=0.36);
    let room = (
        (wide / 2.0 - 1.35 * scale).max(0.0),
        (high / 2.0 - 1.4 * scale).max(0.0),
    );
    let centre = (
        wide / 2.0 + room.0 * rng.random_range(-0.6..=0.6),
        high * 0.5 + room.1 * rng.random_range(-0.7..=0.6),
    );
    let tilt = rng.random_range(-0.18..=0.18);
    let line = if rng.random_bool(0.7) {
        rng.random_range(0.018..=0.04)
    } else {
        0.0
    };
    let mut portrait = Portrait {
        canvas,
        rng,
        coat,
        centre,
        scale,
        tilt,
        line,
    };
    match kind {
        PetKind::Cat => portrait.cat(),
        PetKind::Dog => portrait.dog(),
    }
    let light: f64 = portrait.rng.random_range(0.86..=1.08);
    let colour = |value: Colour| value.map(|value| (value * light).clamp(0.0, 255.0));
    portrait.canvas.shrunk(1, colour)
}

/// Writes `count` images of each kind as JPEG to `out/train`, `out/validation` and `out/test`, 70 %, 20 % and
/// 10 % of them, each with a folder `cat` and a folder `dog`.
///
/// The same seed gives the same bytes. `progress(done, total)` follows the files.
///
/// # Errors
/// When a file cannot be written.
pub fn generate_pets(
    out: &Path,
    seed: u64,
    count: usize,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<usize, GenerateError> {
    let total = count * PetKind::ALL.len();
    let mut done = 0;
    for (class, kind) in PetKind::ALL.into_iter().enumerate() {
        let splits = ["train", "validation", "test"]
            .into_iter()
            .zip(parts(count, 20, 10));
        let folders = splits.flat_map(|(split, length)| std::iter::repeat_n(split, length));
        for (number, split) in (1..).zip(folders) {
            let word = kind.word();
            let path = out
                .join(split)
                .join(word)
                .join(format!("{word}.{number:04}.jpg"));
            let bytes = jpeg(seed, class, kind, number)
                .map_err(|source| GenerateError::new(&path, io::Error::other(source)))?;
            write_file(&path, &bytes)?;
            done += 1;
            progress(done, total);
        }
    }
    Ok(total)
}

/// The file of image `number` of `kind`.
fn jpeg(seed: u64, class: usize, kind: PetKind, number: usize) -> image::ImageResult<Vec<u8>> {
    let picture = draw_pet(kind, &mut image_rng(seed, class, number));
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
    encoder.encode_image(&picture)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_committed_set_is_what_seed_zero_draws() {
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../datasets/pets");
        for (name, class, number) in [
            ("train/cat/cat.0001.jpg", 0, 1),
            ("validation/dog/dog.0071.jpg", 1, 71),
            ("test/cat/cat.0100.jpg", 0, 100),
        ] {
            let drawn = jpeg(0, class, PetKind::ALL[class], number).unwrap();
            assert_eq!(
                image::load_from_memory(&drawn).unwrap(),
                image::open(committed.join(name)).unwrap(),
                "{name}"
            );
        }
    }

    #[test]
    fn files_are_split_and_numbered_and_repeat_with_their_seed() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut calls = Vec::new();
        let images = generate_pets(first.path(), 3, 3, &mut |done, total| {
            calls.push((done, total));
        });
        assert_eq!(images.unwrap(), 6);
        assert_eq!(calls, (1..=6).map(|done| (done, 6)).collect::<Vec<_>>());
        generate_pets(second.path(), 3, 3, &mut |_, _| {}).unwrap();
        let mut seen = HashSet::new();
        for name in [
            "train/cat/cat.0001.jpg",
            "validation/cat/cat.0002.jpg",
            "test/cat/cat.0003.jpg",
            "train/dog/dog.0001.jpg",
            "validation/dog/dog.0002.jpg",
            "test/dog/dog.0003.jpg",
        ] {
            let bytes = std::fs::read(first.path().join(name)).unwrap();
            assert_eq!(
                bytes,
                std::fs::read(second.path().join(name)).unwrap(),
                "{name}"
            );
            assert!(seen.insert(bytes), "{name} repeats another image");
        }
    }

    #[test]
    fn sizes_vary_within_bounds() {
        let mut sizes = HashSet::new();
        for number in 0..12 {
            let picture = draw_pet(PetKind::Cat, &mut image_rng(5, 0, number));
            for side in [picture.width(), picture.height()] {
                assert!((120..=480).contains(&side), "{side}");
            }
            sizes.insert(picture.dimensions());
        }
        assert!(
            sizes.len() > 8 && sizes.iter().any(|(w, h)| w > h) && sizes.iter().any(|(w, h)| w < h)
        );
    }
}
