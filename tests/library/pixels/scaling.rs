//! Resizing against Pillow's bilinear filter: made images pixel by pixel, real photos by statistics, and pixel by
//! pixel where a Python with Pillow is at hand.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use convscope::data::decode::{self, ResizeMode};
use image::{Rgb, RgbImage};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    made: Vec<Made>,
    photos: Vec<Photo>,
}

#[derive(Deserialize)]
struct Made {
    kind: String,
    from: (u32, u32),
    to: (usize, usize),
    mode: String,
    rgb: String,
}

#[derive(Deserialize)]
struct Photo {
    path: String,
    to: (usize, usize),
    mode: String,
    mean: [f64; 3],
    std: [f64; 3],
    /// Grey means of 4×4 blocks.
    blocks: Vec<f64>,
}

/// Largest mean absolute difference, of 255.
const TOLERANCE: f64 = 2.0;
/// The same for made images, where both sides start from equal pixels.
const MADE_TOLERANCE: f64 = 0.5;
/// Blocks of 4×4 along a side.
const BLOCKS: usize = 4;

fn mode(name: &str) -> ResizeMode {
    match name {
        "stretch" => ResizeMode::Stretch,
        "fit" => ResizeMode::Fit,
        "crop" => ResizeMode::CentreCrop,
        _ => panic!("{name}"),
    }
}

/// The same formulas as `draw` in `resize.py`.
fn draw(kind: &str, width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (i64::from(x), i64::from(y));
        let (w, h) = (i64::from(width), i64::from(height));
        let values = match kind {
            "gradient" => [
                x * 255 / (w - 1).max(1),
                y * 255 / (h - 1).max(1),
                (3 * x + 5 * y) % 256,
            ],
            "noise" => [0, 1, 2]
                .map(|c| (((x * 73_856_093) ^ (y * 19_349_663) ^ (c * 83_492_791)) >> 7) % 256),
            _ => {
                let is_inside = (2 * x - w).pow(2) + (2 * y - h).pow(2) < w.min(h).pow(2) / 2;
                let checker = (x / 3 + y / 3) % 2;
                [
                    i64::from(is_inside) * 255,
                    checker * 200 + 20,
                    i64::from(x > y) * 255,
                ]
            }
        };
        Rgb(values.map(|value| u8::try_from(value).unwrap()))
    })
}

/// Whether a side of the fitted image rounds to 0; then Pillow gives a black image.
fn is_too_thin(made: &Made) -> bool {
    let (from, to) = (made.from, made.to);
    let scale = (to.0 as f64 / f64::from(from.0)).min(to.1 as f64 / f64::from(from.1));
    f64::from(from.0.min(from.1)) * scale < 0.5
}

fn difference(ours: &[u8], theirs: &[u8]) -> f64 {
    assert_eq!(ours.len(), theirs.len());
    let sum: u64 = ours
        .iter()
        .zip(theirs)
        .map(|(ours, theirs)| u64::from(ours.abs_diff(*theirs)))
        .sum();
    sum as f64 / ours.len() as f64
}

#[test]
fn made_images_are_resized_as_pillow_does() {
    let reference: Reference = super::reference("resize.json");
    let mut largest = 0.0_f64;
    for made in &reference.made {
        let image = draw(&made.kind, made.from.0, made.from.1);
        let ours = decode::resized(&image, (made.to.1, made.to.0), mode(&made.mode));
        let found = difference(ours.as_raw(), &STANDARD.decode(&made.rgb).unwrap());
        if made.mode == "fit" && is_too_thin(made) {
            let black = ours.pixels().filter(|pixel| pixel.0 == [0; 3]).count();
            assert!(
                black < ours.len() / 3,
                "a line of it is left, in Pillow nothing"
            );
            continue;
        }
        largest = largest.max(found);
        assert!(
            found <= MADE_TOLERANCE,
            "{} {:?} to {:?}, {}: {found:.3}",
            made.kind,
            made.from,
            made.to,
            made.mode
        );
    }
    println!("largest mean difference of made images: {largest:.3} of 255");
}

#[test]
fn photos_have_the_statistics_that_pillow_gives_them() {
    let Some(folder) = super::real_data() else {
        return;
    };
    let reference: Reference = super::reference("resize.json");
    let mut largest = 0.0_f64;
    for photo in &reference.photos {
        let image = decode::decode(&folder.join(&photo.path)).unwrap();
        let (width, height) = photo.to;
        let ours = decode::resized(&image, (height, width), mode(&photo.mode));
        let theirs = photo.mean.iter().chain(&photo.std).chain(&photo.blocks);
        for (ours, theirs) in statistics(&ours).iter().zip(theirs) {
            largest = largest.max((ours - theirs).abs());
            assert!(
                (ours - theirs).abs() <= TOLERANCE,
                "{} {:?} {}: {ours:.2}, not {theirs:.2}",
                photo.path,
                photo.to,
                photo.mode
            );
        }
    }
    println!("largest difference of a statistic of a photo: {largest:.3} of 255");
}

/// Mean and standard deviation of the channels, then grey means of blocks, cut as `numpy.array_split`.
fn statistics(image: &RgbImage) -> Vec<f64> {
    let count = f64::from(image.width()) * f64::from(image.height());
    let channel = |c: usize| image.pixels().map(move |pixel| f64::from(pixel.0[c]));
    let means = [0, 1, 2].map(|c| channel(c).sum::<f64>() / count);
    let stds = [0, 1, 2].map(|c| {
        let squares = channel(c).map(|value| (value - means[c]).powi(2));
        (squares.sum::<f64>() / count).sqrt()
    });
    let (width, height) = (image.width() as usize, image.height() as usize);
    let edge = |side: usize, block: usize| block * (side / BLOCKS) + block.min(side % BLOCKS);
    let block = |row: usize, column: usize| {
        let (mut sum, mut count) = (0.0, 0.0);
        for y in edge(height, row)..edge(height, row + 1) {
            for x in edge(width, column)..edge(width, column + 1) {
                let pixel = image.get_pixel(x as u32, y as u32).0;
                sum += pixel.map(f64::from).iter().sum::<f64>() / 3.0;
                count += 1.0;
            }
        }
        sum / count
    };
    let blocks = (0..BLOCKS).flat_map(|row| (0..BLOCKS).map(move |column| (row, column)));
    let mut all: Vec<f64> = means.into_iter().chain(stds).collect();
    all.extend(blocks.map(|(row, column)| block(row, column)));
    all
}

/// A Python that has Pillow: `CONVSCOPE_PYTHON`, else `python3`.
fn python() -> Option<PathBuf> {
    let python =
        std::env::var_os("CONVSCOPE_PYTHON").map_or_else(|| "python3".into(), PathBuf::from);
    let check = Command::new(&python)
        .args(["-c", "import PIL, numpy"])
        .output();
    if check.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    println!("not run: no Python with Pillow; CONVSCOPE_PYTHON can name one");
    None
}

#[test]
fn photos_are_resized_as_pillow_does() {
    let (Some(folder), Some(python)) = (super::real_data(), python()) else {
        return;
    };
    let reference: Reference = super::reference("resize.json");
    let jobs: Vec<_> = reference
        .photos
        .iter()
        .map(|photo| {
            (
                folder.join(&photo.path),
                photo.to.1,
                photo.to.0,
                &photo.mode,
            )
        })
        .collect();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/resize.py");
    let output = Command::new(python)
        .arg(script)
        .arg("--live")
        .arg(serde_json::to_string(&jobs).unwrap())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut rest = output.stdout.as_slice();
    let mut largest = 0.0_f64;
    for (path, height, width, name) in jobs {
        let (theirs, after) = rest.split_at(height * width * 3);
        rest = after;
        let image = decode::decode(&path).unwrap();
        let ours = decode::resized(&image, (height, width), mode(name));
        let found = difference(ours.as_raw(), theirs);
        largest = largest.max(found);
        assert!(
            found <= TOLERANCE,
            "{} to {height}×{width}, {name}: {found:.3}",
            path.display()
        );
    }
    println!("largest mean difference of a photo: {largest:.3} of 255");
}

/// Says how long opening takes; `cargo test --release --test library scaling -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn how_long_a_photo_takes() {
    const RUNS: u32 = 50;
    let photo = RgbImage::from_fn(1024, 768, |x, y| {
        let wave = |n: f64| ((f64::from(x) / n).sin() + (f64::from(y) / n).cos()) * 60.0 + 128.0;
        Rgb([wave(7.0) as u8, wave(11.0) as u8, ((x + y) / 8) as u8])
    });
    let mut file = std::io::Cursor::new(Vec::new());
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 90)
        .encode_image(&photo)
        .unwrap();
    let bytes = file.into_inner();
    let start = Instant::now();
    for _ in 0..RUNS {
        decode::decode_bytes(&bytes).unwrap();
    }
    let decoding = start.elapsed() / RUNS;
    let image = decode::decode_bytes(&bytes).unwrap();
    let start = Instant::now();
    for _ in 0..RUNS {
        decode::resized(&image, (180, 180), ResizeMode::Stretch);
    }
    let resizing = start.elapsed() / RUNS;
    println!(
        "JPEG of 1024×768, {} KiB: decoding {decoding:?}, to 180×180 {resizing:?}",
        bytes.len() >> 10
    );
}
