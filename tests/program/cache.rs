//! The cache of decoded images across processes: what a killed one leaves is used, what it half wrote is not.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use convscope::{
    cancel::CancelToken,
    data::{ImageStore, PixelCache, batches, cache::PixelFormat, generate, sources::folder},
};

const PER_CLASS: usize = 500;
const IMAGES: usize = 3 * PER_CLASS;
const FORMAT: (usize, usize) = (128, 128);
const PATIENCE: Duration = Duration::from_secs(300);

/// Bytes of pixels in the cache.
fn cached(cache: &Path) -> u64 {
    let folder = cache.join("pixels-2/128x128-stretch");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| {
            entry
                .path()
                .extension()
                .is_some_and(|ending| ending == "rows")
        })
        .map(|entry| entry.metadata().unwrap().len())
        .sum()
}

/// A run that reads the images first.
fn start(home: &Path, data: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_convscope"))
        .args(["train", "shapes", "--epochs", "1", "--data"])
        .arg(data)
        .env("CONVSCOPE_CACHE", home.join("cache"))
        .env("CONVSCOPE_RUNS", home.join("runs"))
        .env("CONVSCOPE_EDITS", home.join("edits"))
        .env("CONVSCOPE_HOME", env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Opens the cache in this process; how many of the images were decoded for it.
fn finish(home: &Path, data: &Path) -> usize {
    let token = CancelToken::new();
    let dataset = folder::scan(data, &token).unwrap();
    assert_eq!(dataset.samples.len(), IMAGES);
    let format = PixelFormat {
        height: FORMAT.0,
        width: FORMAT.1,
        resize: Default::default(),
    };
    let before = whole_rows(&home.join("cache"));
    let images = ImageStore::default();
    let pixels = PixelCache::open(
        &home.join("cache"),
        &dataset,
        &images,
        format,
        &token,
        &|_, _| {},
    );
    let pixels = pixels.unwrap();
    for index in (0..IMAGES).step_by(97) {
        let expected = images.read(&dataset, index).unwrap();
        assert_eq!(pixels.image(index).unwrap().unwrap(), *expected.as_raw());
    }
    let after = whole_rows(&home.join("cache"));
    after - before
}

fn whole_rows(cache: &Path) -> usize {
    cached(cache) as usize / (FORMAT.0 * FORMAT.1 * 3)
}

/// What it takes to read images of usual sizes, each checked, from files that the system holds in memory.
#[test]
#[ignore = "measures; run with --ignored --nocapture"]
fn reading_takes() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    generate::generate_shapes(&data, 3, 100, &mut |_, _| {}).unwrap();
    let token = CancelToken::new();
    let dataset = folder::scan(&data, &token).unwrap();
    let cache = home.path().join("cache");
    for side in [32, 64, 128, 224] {
        let format = PixelFormat {
            height: side,
            width: side,
            resize: Default::default(),
        };
        let images = ImageStore::default();
        let pixels = PixelCache::open(&cache, &dataset, &images, format, &token, &|_, _| {});
        let pixels = pixels.unwrap();
        let all: Vec<usize> = (0..pixels.len()).collect();
        let fastest = (0..20).map(|_| {
            let start = Instant::now();
            let bytes = batches::gather(&pixels, &all).unwrap();
            assert_eq!(bytes.len(), all.len() * format.row_bytes());
            start.elapsed()
        });
        let micros = fastest.min().unwrap().as_secs_f64() * 1e6 / all.len() as f64;
        println!("{side} × {side}: {micros:.1} µs per image");
    }
}

#[test]
fn what_a_killed_process_decoded_is_not_decoded_again() {
    let home = tempfile::tempdir().unwrap();
    let (data, cache): (PathBuf, PathBuf) = (home.path().join("data"), home.path().join("cache"));
    generate::generate_shapes(&data, 3, PER_CLASS, &mut |_, _| {}).unwrap();
    for kill in 1..=3 {
        let before = cached(&cache);
        let mut run = start(home.path(), &data);
        let started = Instant::now();
        // Killed at another place each time, in the middle of writing.
        while cached(&cache) < before + kill * 5_000_000 {
            assert!(started.elapsed() < PATIENCE, "nothing was decoded");
            assert!(
                run.try_wait().unwrap().is_none(),
                "it ended before it was killed"
            );
            sleep(Duration::from_millis(1));
        }
        run.kill().unwrap();
        run.wait().unwrap();
    }
    let left = whole_rows(&cache);
    let decoded = finish(home.path(), &data);
    assert!(left > 500 && left < IMAGES, "{left} were there");
    // The row that was being written when the process died counts at most once per kill.
    assert!(
        (IMAGES - left..=IMAGES - left + 3).contains(&decoded),
        "{decoded} were decoded although {left} were there"
    );
    assert_eq!(finish(home.path(), &data), 0);
}
