//! Datasets of every kind through the one door that the window and the command line use.
//!
//! `CONVSCOPE_REAL_DATA` names a folder of real sets; without it this says that they were not opened.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod archives;
mod classics;
mod kit;
mod lists;
mod npz;

use std::{
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use convscope::{
    cancel::CancelToken,
    data::{
        SplitName,
        dataset::SourceKind,
        sources::{self, Limits, Request, SourceError},
    },
};
use kit::{Desk, gzip, metadata, noise, open, pack, refused, tar_of};

#[test]
fn what_is_no_dataset_says_what_to_do() {
    let desk = Desk::with(&["one/a/1.png", "flat/1.png", "photo.png", "notes/deep/n.txt"]);
    desk.put("real.png", b"\x89PNG\r\n\x1a\n");
    std::fs::create_dir(desk.path("nothing")).unwrap();
    let rows = [
        ("nowhere", "cannot read", "a wrong path"),
        ("nothing", "is empty", "an empty folder"),
        ("one", "at least one more", "one class"),
        ("flat", "no class folders", "images without classes"),
        ("notes", "no class folders", "no images at all"),
        ("photo.png", "not a folder", "a file of nothing known"),
        ("real.png", "is one image", "an image"),
    ];
    for (path, part, reason) in rows {
        let outcome = desk.open(path);
        assert!(
            outcome.as_ref().is_err_and(|error| error.contains(path)),
            "{reason}: {outcome:?}"
        );
        refused(outcome, part, reason);
    }
}

#[test]
fn a_reading_that_is_asked_for_is_taken_or_refused() {
    let desk = Desk::with(&["d/a/1.png", "d/b/1.png", "d/test/c/1.png", "d/test/e/1.png"]);
    desk.put("l.csv", b"path,label\nd/a/1.png,x\nd/b/1.png,y\n");
    let rows: [(&str, SourceKind, Result<usize, &str>, &str); 8] = [
        ("d", SourceKind::ClassFolders, Ok(2), "the guess"),
        ("d", SourceKind::SplitFolders, Ok(2), "a part of its own"),
        ("d", SourceKind::Manifest, Err("has no CSV file"), "no list"),
        (
            "d",
            SourceKind::Npz,
            Err("without a single .npz"),
            "a folder is no file of arrays",
        ),
        ("d", SourceKind::Idx, Err("no IDX files"), "no MNIST"),
        (
            "d",
            SourceKind::Cifar10,
            Err("no binary batches"),
            "no CIFAR",
        ),
        ("l.csv", SourceKind::Manifest, Ok(2), "a list"),
        (
            "l.csv",
            SourceKind::ClassFolders,
            Err("could be read as a folder per class"),
            "a list is no folder",
        ),
    ];
    for (path, kind, expected, reason) in rows {
        match (desk.open_as(path, Some(kind)), expected) {
            (Ok(opened), Ok(count)) => {
                assert_eq!(
                    (opened.dataset.kind, opened.dataset.samples.len()),
                    (kind, count),
                    "{reason}"
                );
                assert!(
                    metadata(&opened, "Read as").ends_with("as asked for"),
                    "{reason}"
                );
            }
            (outcome, Err(part)) => refused(outcome, part, reason),
            (Err(error), _) => assert_eq!(error, "", "{reason}"),
        }
    }
}

#[test]
fn opening_tells_how_far_it_is_and_stops_when_asked() {
    let names: Vec<String> = (0..40).map(|i| format!("{}/{i}.png", i % 2)).collect();
    let noise = noise(100_000);
    let files: Vec<(&str, &[u8])> = names
        .iter()
        .map(|n| (n.as_str(), noise.as_slice()))
        .collect();
    let desk = Desk::new();
    let path = desk.put("x.tar.gz", &gzip(&tar_of(&files)));
    let (cancel, heard) = (CancelToken::new(), AtomicUsize::new(0));
    let request = Request {
        path: &path,
        kind: None,
        cache: desk.cache.path(),
        limits: Limits::default(),
        cancel: &cancel,
        progress: &|done, all| {
            assert!(done <= all);
            if heard.fetch_add(1, Ordering::Relaxed) == 5 {
                cancel.cancel();
            }
        },
    };
    assert!(matches!(
        sources::open(&request),
        Err(SourceError::Cancelled(_))
    ));
    assert_eq!(
        (heard.into_inner(), desk.unpacked()),
        (6, 0),
        "at once, and nothing is left"
    );
    assert_eq!(desk.open("x.tar.gz").unwrap().dataset.samples.len(), 40);
}

/// 100,000 files take three seconds at most; the time is printed.
#[test]
#[ignore = "writes 100,000 files; run with --ignored --nocapture"]
fn a_folder_of_100_000_images_is_listed_quickly() {
    let desk = Desk::new();
    for class in 0..10 {
        std::fs::create_dir(desk.path(&format!("class_{class}"))).unwrap();
        for i in 0..10_000 {
            let name = format!(
                "class_{class}/a_rather_long_name_of_a_photo_{:x}_{i}.jpg",
                i * 7_919
            );
            std::fs::write(desk.path(&name), b"x").unwrap();
        }
    }
    for time in 0..3 {
        let start = Instant::now();
        let opened = desk.open("").unwrap();
        let millis = start.elapsed().as_millis();
        println!(
            "opening {} files, time {time}: {millis} ms",
            opened.dataset.samples.len()
        );
        assert_eq!(opened.dataset.samples.len(), 100_000);
        assert!(millis < 3_000, "{millis}");
    }
}

struct Real {
    name: &'static str,
    kind: SourceKind,
    classes: usize,
    /// Samples in no part, training, validation, test.
    counts: [usize; 4],
}

#[test]
fn real_sets_open_packed_or_not() {
    use SourceKind::{ClassFolders, Idx, Npz, SplitFolders};
    let Some(folder) = std::env::var_os("CONVSCOPE_REAL_DATA").map(PathBuf::from) else {
        println!("not run: CONVSCOPE_REAL_DATA is not set");
        return;
    };
    let real = |name, kind, classes, counts| Real {
        name,
        kind,
        classes,
        counts,
    };
    let sets = [
        real("shapes", ClassFolders, 3, [1_200, 0, 0, 0]),
        real("flowers-small", ClassFolders, 5, [300, 0, 0, 0]),
        real("catdog-small", SplitFolders, 2, [0, 600, 200, 120]),
        real("blood-small.npz", Npz, 8, [0, 2_400, 400, 800]),
        real("pneumonia.npz", Npz, 2, [0, 4_708, 524, 624]),
        real("mnist-idx", Idx, 10, [10_000, 0, 0, 0]),
    ];
    let desk = Desk::new();
    for set in &sets {
        let path = folder.join(set.name);
        let mut ways = vec![path.clone()];
        for ending in ["zip", "tar.gz"] {
            let packed = desk.path(&format!("{}.{ending}", set.name));
            pack(&path, "wrapper/", &packed);
            ways.push(packed);
        }
        for way in ways {
            let start = Instant::now();
            let opened = open(&way, None, desk.cache.path(), &Limits::default()).unwrap();
            println!("{}: {} ms", way.display(), start.elapsed().as_millis());
            let dataset = &opened.dataset;
            assert_eq!(
                (dataset.kind, dataset.classes.len()),
                (set.kind, set.classes),
                "{way:?}"
            );
            let count =
                |part: Option<SplitName>| dataset.samples.iter().filter(|s| s.part == part).count();
            let [train, validation, test] = SplitName::ALL.map(|part| count(Some(part)));
            assert_eq!(
                [count(None), train, validation, test],
                set.counts,
                "{way:?}"
            );
            assert_eq!(dataset.skipped.total(), 0, "{way:?}");
            for index in [0, dataset.samples.len() / 2, dataset.samples.len() - 1] {
                opened.images.read(dataset, index).unwrap();
            }
        }
    }
}

/// Hostile names, bombs and broken files: opening reads none of them.
#[test]
fn odd_images_open_as_class_folders() {
    let Some(folder) = std::env::var_os("CONVSCOPE_REAL_DATA").map(PathBuf::from) else {
        println!("not run: CONVSCOPE_REAL_DATA is not set");
        return;
    };
    let desk = Desk::new();
    let tar = folder.join("odd-images.tar");
    let opened = open(&tar, None, desk.cache.path(), &Limits::default()).unwrap();
    let dataset = &opened.dataset;
    assert_eq!(
        (dataset.kind, dataset.classes.len()),
        (SourceKind::ClassFolders, 16)
    );
    assert_eq!(dataset.samples.len() + dataset.skipped.total(), 237);
    assert!(
        dataset
            .samples
            .iter()
            .all(|s| dataset.root.join(&s.path).is_file())
    );
}
