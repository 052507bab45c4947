//! `convscope doctor` as scripts use it: the real program on folders with every defect and with none, and, where
//! `CONVSCOPE_REAL_DATA` names the folder that holds them, on sets known to leak.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod sandbox;

use std::{
    fs,
    path::{Path, PathBuf},
};

use convscope::{
    cancel::CancelToken,
    data::{
        Edit, Edits, Split, SplitConfig,
        doctor::{Examination, Readings, drop_from_train},
        edits, sources,
    },
};
use image::{DynamicImage, Rgb, RgbImage};
use sandbox::{Sandbox, picture};
use serde_json::{Value, json};

/// Files of every finding of one kind.
fn files<'a>(findings: &'a [Value], kind: &str) -> Vec<Vec<&'a str>> {
    let of_kind = findings.iter().filter(|finding| finding["kind"] == kind);
    of_kind
        .map(|finding| {
            let files = finding["files"].as_array().unwrap();
            files.iter().map(|file| file.as_str().unwrap()).collect()
        })
        .collect()
}

#[test]
fn a_clean_dataset_has_no_findings() {
    let sandbox = Sandbox::new().with_clean_parts();
    let (findings, last) = sandbox.doctor("data", &["--json"]).found();
    assert_eq!(findings, [Value::Null; 0]);
    let expected = json!({
        "samples": 78,
        "classes": { "a": 26, "b": 26, "c": 26 },
        "splits": { "train": 60, "validation": 9, "test": 9 },
        "broken": 0,
        "skipped": 0,
        "duplicates": 0,
        "leaks": 0,
        "near_leaks": 0,
        "near_duplicates": 0,
        "sizes": { "min": [32, 32], "median": [32, 32], "max": [32, 32], "distinct": 1 },
        "channels": { "RGB": 78 },
    });
    assert_eq!(last, expected);
    let people = sandbox.doctor("data", &[]);
    assert!(
        people.stdout.contains("nothing is wrong"),
        "{}",
        people.stdout
    );
    assert!(people.stdout.contains("train 60, validation 9, test 9"));
}

#[test]
fn every_defect_is_found() {
    let sandbox = Sandbox::new().with_clean_parts();
    sandbox.write("data/train/a/broken.png", "not an image");
    sandbox.write("data/train/a/empty.jpg", "");
    sandbox.write("data/train/notes.txt", "notes");
    sandbox.save("data/train/a/100.jpg", picture(100));
    fs::rename(
        sandbox.path("data/train/a/100.jpg"),
        sandbox.path("data/train/a/really_jpeg.png"),
    )
    .unwrap();
    sandbox.save(
        "data/train/a/blank.png",
        RgbImage::from_pixel(32, 32, Rgb([9; 3])),
    );
    sandbox.save("data/train/a/copy.bmp", sandbox.image("data/train/a/0.png"));
    sandbox.save("data/test/b/copy.png", sandbox.image("data/train/b/0.png"));
    sandbox.save("data/train/c/of_b.png", sandbox.image("data/train/b/1.png"));
    sandbox.save(
        "data/validation/c/saved.jpg",
        sandbox.image("data/train/c/1.png"),
    );
    sandbox.save(
        "data/train/c/saved.jpg",
        sandbox.image("data/train/c/2.png"),
    );
    sandbox.save("data/train/a/of_b.jpg", sandbox.image("data/train/b/5.png"));
    for number in 0..3 {
        sandbox.save(&format!("data/train/d/{number}.png"), picture(200 + number));
    }
    let grey = DynamicImage::from(picture(300)).into_luma8();
    sandbox.save(
        "data/train/d/grey.png",
        image::imageops::thumbnail(&grey, 20, 24),
    );

    let (findings, last) = sandbox.doctor("data", &["--json"]).found();
    let expected: [(&str, &str, &[&[&str]]); 16] = [
        ("broken_file", "warning", &[&["train/a/broken.png"]]),
        ("empty_file", "warning", &[&["train/a/empty.jpg"]]),
        ("skipped_file", "info", &[&["train/notes.txt"]]),
        ("wrong_extension", "info", &[&["train/a/really_jpeg.png"]]),
        ("blank_image", "warning", &[&["train/a/blank.png"]]),
        (
            "exact_duplicate",
            "warning",
            &[
                &["train/a/0.png", "train/a/copy.bmp"],
                &["train/b/1.png", "train/c/of_b.png"],
            ],
        ),
        ("leak", "error", &[&["train/b/0.png", "test/b/copy.png"]]),
        (
            "label_conflict",
            "error",
            &[&["train/b/1.png", "train/c/of_b.png"]],
        ),
        (
            "near_leak",
            "warning",
            &[&["train/c/1.png", "validation/c/saved.jpg"]],
        ),
        (
            "near_duplicate",
            "info",
            &[&["train/c/2.png", "train/c/saved.jpg"]],
        ),
        (
            "near_label_conflict",
            "warning",
            &[&["train/a/of_b.jpg", "train/b/5.png"]],
        ),
        ("tiny_class", "warning", &[&[]]),
        ("missing_class", "warning", &[&[], &[]]),
        ("imbalance", "info", &[&[]]),
        ("mixed_sizes", "info", &[&[]]),
        ("mixed_channels", "info", &[&["train/d/grey.png"]]),
    ];
    for (kind, severity, expected) in expected {
        assert_eq!(files(&findings, kind), expected, "{kind}");
        let of_kind = findings.iter().filter(|finding| finding["kind"] == kind);
        for finding in of_kind {
            assert_eq!(finding["severity"], severity, "{finding}");
            let message = finding["message"].as_str().unwrap();
            assert!(!message.is_empty() && !message.contains('\n'), "{message}");
        }
    }
    let known = expected.iter().map(|row| row.2.len()).sum::<usize>();
    assert_eq!(findings.len(), known, "and nothing else");
    let figure = |name: &str| last[name].as_u64().unwrap();
    let names = [
        "samples",
        "broken",
        "skipped",
        "duplicates",
        "leaks",
        "near_leaks",
    ];
    assert_eq!(names.map(figure), [92, 2, 1, 3, 1, 1]);
    assert_eq!(
        last["splits"],
        json!({ "train": 70, "validation": 10, "test": 10 })
    );
    assert_eq!(
        last["classes"],
        json!({ "a": 30, "b": 27, "c": 29, "d": 4 })
    );
    let people = sandbox.doctor("data", &[]).stdout;
    for part in [
        "in two parts",
        "train/b/0.png",
        "2 broken files, 1 image in two parts",
    ] {
        assert!(people.contains(part), "{part} in {people}");
    }
    let longest = people.lines().map(|line| line.chars().count()).max();
    assert!(longest.is_some_and(|longest| longest <= 110), "lines wrap");
}

#[test]
fn parts_are_the_datasets_own_or_those_asked_for() {
    let sandbox = Sandbox::new();
    for number in 0..40 {
        let class = if number % 2 == 0 { "a" } else { "b" };
        // Every picture stands twice under one label.
        let image = picture(number / 4 * 2 + number % 2);
        sandbox.save(&format!("data/{class}/{number}.png"), image);
    }
    let (_, last) = sandbox.doctor("data", &["--json"]).found();
    assert_eq!((&last["splits"], &last["leaks"]), (&json!({}), &json!(0)));
    assert_eq!(last["duplicates"], 20);

    let drawn = [
        "--json",
        "--validation",
        "0.25",
        "--test",
        "0.25",
        "--seed",
        "3",
    ];
    let (findings, last) = sandbox.doctor("data", &drawn).found();
    assert_eq!(
        last["splits"],
        json!({ "train": 20, "validation": 10, "test": 10 })
    );
    let leaks = last["leaks"].as_u64().unwrap();
    assert!((1..=20).contains(&leaks), "{leaks}");
    assert_eq!(files(&findings, "leak").len() as u64, leaks);
    assert_eq!(sandbox.doctor("data", &drawn).found().1, last, "seeded");

    // What the user excluded in the window is left out here too.
    let mut kept = Edits::default();
    kept.excluded.insert("a/0.png".into());
    let sidecar = edits::sidecar(&sandbox.path("edits"), &sandbox.path("data"));
    kept.save(&sidecar).unwrap();
    let (_, last) = sandbox.doctor("data", &["--json"]).found();
    assert_eq!(
        (&last["samples"], &last["duplicates"]),
        (&json!(39), &json!(19))
    );
}

#[test]
fn what_cannot_be_examined_says_why() {
    let sandbox = Sandbox::new();
    sandbox.write("empty/readme.md", "nothing here");
    for (data, args, status) in [
        ("empty", &["--json"][..], 1),
        ("nowhere", &[], 1),
        ("empty", &["--validation", "1.5"], 2),
        ("empty", &["--validation", "0.6", "--test", "0.4"], 2),
        ("empty", &["--seed", "3"], 2),
        ("empty", &["--kind", "folders"], 2),
    ] {
        let ran = sandbox.doctor(data, args);
        assert_eq!((ran.status, ran.stdout.as_str()), (status, ""), "{args:?}");
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        if status == 1 {
            assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
        }
    }
}

/// Leaks that an independent comparison of the arrays' bytes finds: held-out images that stand earlier too.
#[test]
fn sets_known_to_leak_are_caught_and_can_be_mended() {
    let Some(folder) = std::env::var_os("CONVSCOPE_REAL_DATA").map(PathBuf::from) else {
        println!("not run: CONVSCOPE_REAL_DATA is not set");
        return;
    };
    // Numpy's figures; different X-rays and blood cells never look alike.
    for (name, samples, leaks, duplicates) in [
        ("pneumonia.npz", 5_856, 8, 29),
        ("blood-small.npz", 3_600, 1, 1),
    ] {
        let sandbox = Sandbox::new();
        let (findings, last) = sandbox.doctor(folder.join(name), &["--json"]).found();
        let figures = [
            "samples",
            "leaks",
            "duplicates",
            "near_leaks",
            "near_duplicates",
            "broken",
        ];
        let figures = figures.map(|name| last[name].as_u64().unwrap());
        assert_eq!(figures, [samples, leaks, duplicates, 0, 0, 0], "{name}");
        assert_eq!(files(&findings, "leak").len() as u64, leaks);
        mended(&folder.join(name), &sandbox.path("cache"), leaks as usize);
    }
}

fn mended(path: &Path, cache: &Path, leaks: usize) {
    let cancel = CancelToken::new();
    let opened = sources::open(&sources::Request {
        path,
        kind: None,
        cache,
        limits: sources::Limits::default(),
        cancel: &cancel,
        progress: &|_, _| {},
    })
    .unwrap();
    let readings = Readings::read(&opened.dataset, &opened.images, &cancel, &|_, _| {}).unwrap();
    let examine = |edits: &Edits| {
        let dataset = edits.apply(&opened.dataset);
        let split = Split::new(&dataset, &SplitConfig::default()).unwrap();
        Examination::new(&dataset, &split, &readings)
    };
    let mut edits = Edits::default();
    let before = examine(&edits);
    assert_eq!(before.leaks, leaks);
    for edit in drop_from_train(&opened.dataset, &before, true) {
        assert!(matches!(edit, Edit::Exclude { .. }));
        edits.change(&edit, &opened.dataset).unwrap();
    }
    let after = examine(&edits);
    assert_eq!((after.leaks, after.near_leaks), (0, 0));
    let held_out = |found: &Examination| found.splits[1..].to_vec();
    assert_eq!(
        held_out(&after),
        held_out(&before),
        "held-out parts stay as they are"
    );
}
