//! The cache over real files: what is decoded when, and what damage costs.

use std::fs;

use super::{
    segments::{RECORD_BYTES, index_path, records},
    *,
};
use crate::data::sources::folder;

fn fixture() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (class, shade) in [("a", 10u8), ("b", 200)] {
        fs::create_dir(folder.path().join(class)).unwrap();
        for i in 0..3u8 {
            let image = image::RgbImage::from_pixel(5, 4, image::Rgb([shade + i, 0, 0]));
            let path = folder.path().join(class).join(format!("{i}.png"));
            image.save(path).unwrap();
        }
    }
    fs::write(folder.path().join("a/1.png"), b"not a png at all").unwrap();
    folder
}

/// Opens and tells how many images were decoded for it.
fn open(cache: &Path, data: &Path, size: (usize, usize)) -> (PixelCache, usize) {
    let (token, images) = (CancelToken::new(), ImageStore::default());
    let dataset = folder::scan(data, &token).unwrap();
    let format = PixelFormat {
        height: size.0,
        width: size.1,
        resize: Default::default(),
    };
    let rows = || -> usize {
        let list = fs::read_dir(folder_of(&format, cache))
            .into_iter()
            .flatten();
        let paths = list.map(|entry| entry.unwrap().path());
        paths
            .filter(|p| p.extension().is_some_and(|e| e == "rows"))
            .map(|p| records(&p).0.len())
            .sum()
    };
    let before = rows();
    let pixels = PixelCache::open(cache, &dataset, &images, format, &token, &|_, _| {}).unwrap();
    (pixels, rows().saturating_sub(before))
}

fn segments(cache: &Path) -> Vec<PathBuf> {
    let folder = folder_of(
        &PixelFormat {
            height: 4,
            width: 5,
            resize: Default::default(),
        },
        cache,
    );
    let list = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    list.filter(|p| p.extension().is_some_and(|e| e == "rows"))
        .collect()
}

#[test]
fn broken_files_are_told_and_images_match_their_samples() {
    let (data, cache) = (fixture(), tempfile::tempdir().unwrap());
    for expected in [5, 0] {
        let (pixels, decoded) = open(cache.path(), data.path(), (4, 5));
        assert_eq!((pixels.len(), decoded), (6, expected));
        assert_eq!(pixels.broken().keys().collect::<Vec<_>>(), [&1]);
        for (index, first) in [(0, 10), (2, 12), (3, 200), (5, 202)] {
            let image = pixels.image(index).unwrap().unwrap();
            assert_eq!((image[0], image[57], image.len()), (first, first, 60));
        }
        assert!(pixels.image(1) == Ok(None) && pixels.image(6) == Ok(None));
    }
}

#[test]
fn only_new_content_is_decoded() {
    let (data, cache) = (fixture(), tempfile::tempdir().unwrap());
    open(cache.path(), data.path(), (4, 5));
    image::RgbImage::from_pixel(50, 40, image::Rgb([77, 0, 0]))
        .save(data.path().join("a/0.png"))
        .unwrap();
    let (pixels, decoded) = open(cache.path(), data.path(), (4, 5));
    assert_eq!(
        (pixels.image(0).unwrap().unwrap()[0], decoded),
        (77, 1),
        "one file was edited"
    );
    fs::rename(data.path().join("b/0.png"), data.path().join("b/9.png")).unwrap();
    assert_eq!(
        open(cache.path(), data.path(), (4, 5)).1,
        0,
        "a new name is no new content"
    );
    let copy = tempfile::tempdir().unwrap();
    for class in ["a", "b"] {
        fs::create_dir(copy.path().join(class)).unwrap();
        for entry in fs::read_dir(data.path().join(class)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(
                entry.path(),
                copy.path().join(class).join(entry.file_name()),
            )
            .unwrap();
        }
    }
    assert_eq!(
        open(cache.path(), copy.path(), (4, 5)).1,
        0,
        "nor is a new place"
    );
    assert_eq!(
        open(cache.path(), data.path(), (2, 2)).1,
        5,
        "another size is"
    );
}

#[test]
fn what_a_cancelled_opening_decoded_stays() {
    let (data, cache) = (fixture(), tempfile::tempdir().unwrap());
    let token = CancelToken::new();
    let dataset = folder::scan(data.path(), &token).unwrap();
    let format = PixelFormat {
        height: 4,
        width: 5,
        resize: Default::default(),
    };
    let outcome = PixelCache::open(
        cache.path(),
        &dataset,
        &ImageStore::default(),
        format,
        &token,
        &|done, _| {
            if done == 3 {
                token.cancel();
            }
        },
    );
    assert_eq!(outcome.err(), Some(Cancelled));
    let (_, decoded) = open(cache.path(), data.path(), (4, 5));
    assert!((1..=3).contains(&decoded), "{decoded} were left");
}

/// What a killed process leaves: no closing record, a row or record cut off, or lost pages.
#[test]
fn a_segment_that_was_not_closed_is_repaired_or_decoded_again() {
    let (data, cache) = (fixture(), tempfile::tempdir().unwrap());
    let unclose = |rows: &Path| cut(&index_path(rows), RECORD_BYTES);
    type Damage<'a> = (&'a str, &'a dyn Fn(&Path), bool);
    let damages: [Damage; 6] = [
        ("unclosed", &unclose, true),
        (
            "half a record",
            &|rows| cut(&index_path(rows), RECORD_BYTES + 5),
            true,
        ),
        ("half a row", &|rows| (unclose(rows), cut(rows, 7)).1, true),
        ("a lost page", &|rows| (unclose(rows), flip(rows)).1, false),
        ("cut after it was closed", &|rows| cut(rows, 7), false),
        ("damaged after it was closed", &flip, true),
    ];
    for (name, damage, stays) in damages {
        let _ = fs::remove_dir_all(cache.path().join(PIXELS_FOLDER));
        open(cache.path(), data.path(), (4, 5));
        let segment = segments(cache.path()).remove(0);
        damage(&segment);
        let (pixels, _) = open(cache.path(), data.path(), (4, 5));
        for (index, first) in [(0, 10), (2, 12), (3, 200), (4, 201), (5, 202)] {
            assert_eq!(pixels.image(index).unwrap().unwrap()[0], first, "{name}");
        }
        assert_eq!(segment.exists(), stays, "{name}");
        let all: usize = segments(cache.path())
            .iter()
            .map(|p| records(p).0.len())
            .sum();
        assert_eq!(all, 5, "{name}: nothing is kept twice");
    }
}

fn cut(path: &Path, bytes: usize) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() - bytes as u64)
        .unwrap();
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[61] ^= 0xff;
    fs::write(path, bytes).unwrap();
}

/// What the undamaged cache says of samples 0, 2, 3, 4 and 5.
fn check(pixels: &PixelCache, why: &str) {
    for (index, first) in [(0, 10), (2, 12), (3, 200), (4, 201), (5, 202)] {
        let image = pixels.image(index).unwrap().unwrap();
        assert_eq!(
            (image[0], image[57], image.len()),
            (first, first, 60),
            "{why}"
        );
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let list = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let each = list.flat_map(|path| match path.is_dir() {
        true => files_below(&path),
        false => vec![path],
    });
    let mut files: Vec<_> = each.collect();
    files.sort();
    files
}

/// Bits of every file of the cache are flipped, and files cut, at random places, while the cache is open and between
/// two openings: what is read is what was decoded, and what could be put right is right on the disk.
#[test]
fn damage_anywhere_in_the_cache_changes_no_pixel() {
    use rand::{RngExt as _, SeedableRng};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(4);
    let (data, cache) = (fixture(), tempfile::tempdir().unwrap());
    open(cache.path(), data.path(), (4, 5));
    for number in 0..200 {
        let (pixels, _) = open(cache.path(), data.path(), (4, 5));
        let files = files_below(cache.path());
        let path = &files[rng.random_range(0..files.len())];
        let mut bytes = fs::read(path).unwrap();
        let at = rng.random_range(0..bytes.len());
        let is_cut = number % 4 == 0;
        if is_cut {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 1 << rng.random_range(0..8);
        }
        // In place, as damage comes: the open file is the same one.
        fs::write(path, bytes).unwrap();
        let why = format!("{number}: {} at {at}, cut: {is_cut}", path.display());
        if number % 2 == 0 {
            check(&pixels, &why);
        }
        drop(pixels);
        check(&open(cache.path(), data.path(), (4, 5)).0, &why);
    }
    // Nothing of it is left: whoever reads the files as they are finds what was decoded.
    let (_, decoded) = open(cache.path(), data.path(), (4, 5));
    assert_eq!(decoded, 0);
}

#[test]
fn pixels_that_cannot_be_made_again_are_named_and_the_next_opening_knows() {
    let (data, cache) = (fixture(), tempfile::tempdir().unwrap());
    let (pixels, _) = open(cache.path(), data.path(), (4, 5));
    for segment in segments(cache.path()) {
        let rows = fs::read(&segment).unwrap();
        fs::write(&segment, vec![0; rows.len()]).unwrap();
    }
    let (gone, changed) = (data.path().join("a/0.png"), data.path().join("b/0.png"));
    let image = fs::read(&gone).unwrap();
    fs::remove_file(&gone).unwrap();
    fs::copy(data.path().join("b/1.png"), changed).unwrap();
    for (index, parts) in [
        (0, ["a/0.png", "cannot be read"]),
        (3, ["b/0.png", "has changed"]),
    ] {
        let words = pixels.image(index).unwrap_err().to_string();
        for part in parts {
            assert!(words.contains(part), "{words}");
        }
    }
    fs::write(&gone, "not a png").unwrap();
    let (pixels, _) = open(cache.path(), data.path(), (4, 5));
    assert!(pixels.broken().contains_key(&0), "{:?}", pixels.broken());
    fs::write(&gone, image).unwrap();
    let (pixels, _) = open(cache.path(), data.path(), (4, 5));
    assert_eq!(pixels.image(0).unwrap().unwrap()[0], 10, "it is back");
}

/// Below a file there can be no folder, whoever asks.
#[test]
fn a_cache_that_cannot_be_written_is_done_without() {
    let (data, cache) = (fixture(), tempfile::tempdir().unwrap());
    let file = cache.path().join("a file");
    fs::write(&file, "").unwrap();
    for _ in 0..2 {
        let (pixels, decoded) = open(&file.join("cache"), data.path(), (4, 5));
        assert_eq!(decoded, 0);
        check(&pixels, "in memory");
        let words = pixels.unwritten().unwrap();
        assert!(
            words.contains("cannot be written") && words.contains("5 decoded images"),
            "{words}"
        );
        pixels.kept().rows.clear();
        check(&pixels, "as if there were no memory for them");
    }
    let (pixels, _) = open(cache.path(), data.path(), (4, 5));
    assert_eq!(pixels.unwritten(), None);
}
