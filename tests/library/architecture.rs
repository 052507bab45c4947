//! Reads the sources and keeps the invariants of `ARCHITECTURE.md`.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Every file but those of unit tests, with its text.
fn sources() -> Vec<(String, String)> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.file_stem().is_some_and(|stem| stem == "tests") {
                continue;
            }
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    assert!(files.len() > 50, "the sources were found");
    let name = |path: &Path| {
        path.strip_prefix(&root)
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/")
    };
    files
        .iter()
        .map(|path| (name(path), fs::read_to_string(path).unwrap()))
        .collect()
}

/// The code of a file without comments and without its unit tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = text.lines().map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether `code` names `word` as an identifier.
fn names(code: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

fn offenders(applies: impl Fn(&str) -> bool, forbidden: &[&str]) -> Vec<String> {
    sources()
        .iter()
        .filter(|(name, _)| applies(name))
        .flat_map(|(name, text)| {
            let code = code(text);
            let found = forbidden.iter().filter(move |word| names(&code, word));
            found
                .map(move |word| format!("{name} names {word}"))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn only_the_window_names_its_toolkit() {
    let words = [
        "egui",
        "eframe",
        "rfd",
        "egui_plot",
        "egui_tiles",
        "egui_file",
    ];
    let found = offenders(|name| !name.starts_with("ui/") && name != "main.rs", &words);
    assert_eq!(found, [""; 0]);
}

#[test]
fn the_window_never_names_libtorch() {
    assert_eq!(
        offenders(
            |name| name.starts_with("ui/"),
            &["tch", "torch_sys", "Tensor"]
        ),
        [""; 0]
    );
}

#[test]
fn plain_data_stays_plain() {
    let plain = [
        "data/dataset.rs",
        "data/division.rs",
        "data/split.rs",
        "model/activation.rs",
        "model/arithmetic.rs",
        "model/edit.rs",
        "model/freezing.rs",
        "model/graph.rs",
        "model/spec.rs",
        "model/shapes.rs",
        "model/snapshot.rs",
        "model/summary.rs",
        "model/windows.rs",
        "train/config.rs",
        "train/cross_table.rs",
        "train/early_stopping.rs",
        "train/health.rs",
        "train/history.rs",
        "train/memory.rs",
        "train/metrics.rs",
        "train/report.rs",
        "train/schedule.rs",
        "engine/events.rs",
    ];
    let words = ["tch", "Tensor", "fs", "rayon"];
    let is_plain = |name: &str| plain.contains(&name) || name.starts_with("model/layers/");
    assert_eq!(offenders(is_plain, &words), [""; 0]);
}

#[test]
fn dependencies_point_one_way() {
    let layers: [(&str, &[&str]); 6] = [
        (
            "data/",
            &[
                "crate::model",
                "crate::train",
                "crate::inspect",
                "crate::export",
                "crate::engine",
            ],
        ),
        (
            "model/",
            &[
                "crate::train",
                "crate::inspect",
                "crate::export",
                "crate::engine",
            ],
        ),
        (
            "train/",
            &["crate::inspect", "crate::export", "crate::engine"],
        ),
        (
            "inspect/",
            &["crate::train", "crate::export", "crate::engine"],
        ),
        ("engine/", &["crate::ui", "crate::cli"]),
        ("cli/", &["crate::ui"]),
    ];
    for (folder, forbidden) in layers {
        let found: Vec<String> = sources()
            .iter()
            .filter(|(name, _)| name.starts_with(folder))
            .flat_map(|(name, text)| {
                let code = code(text).replace("use crate::{", "use crate::{\n    ");
                let used = used_modules(&code);
                let bad = forbidden
                    .iter()
                    .filter(move |module| used.contains(&module.to_string()));
                bad.map(move |module| format!("{name} uses {module}"))
                    .collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(found, [""; 0]);
    }
}

/// `crate::a` of `crate::a::b` and of grouped imports `use crate::{a::b, c}`.
fn used_modules(code: &str) -> Vec<String> {
    let mut used = Vec::new();
    for (at, prefix) in code.match_indices("crate::") {
        let rest = &code[at + prefix.len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut word = String::new();
            let mut at_start = true;
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
                if depth == 1 && c == ',' {
                    at_start = true;
                } else if depth == 1 && at_start && (c.is_alphanumeric() || c == '_') {
                    word.push(c);
                } else if !word.is_empty() {
                    used.push(format!("crate::{word}"));
                    word.clear();
                    at_start = false;
                }
            }
            if !word.is_empty() {
                used.push(format!("crate::{word}"));
            }
        } else {
            let word: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            used.push(format!("crate::{word}"));
        }
    }
    used
}

#[test]
fn unsafe_code_stands_in_one_module() {
    assert_eq!(
        offenders(|name| name != "sys.rs", &["unsafe", "unsafe_code"]),
        [""; 0]
    );
}

#[test]
fn tensors_cross_no_thread() {
    // What crosses are commands and events; neither file may know tensors.
    let crossing = [
        "engine/events.rs",
        "engine/handle.rs",
        "engine/latest.rs",
        "engine/loader.rs",
    ];
    assert_eq!(
        offenders(
            |name| crossing.contains(&name),
            &["tch", "Tensor", "Network"]
        ),
        [""; 0]
    );
}

#[test]
fn user_files_never_reach_libtorch_readers() {
    let readers = [
        "load_multi",
        "loadz_multi",
        "CModule",
        "load_hwc",
        "read_npz",
        "VarStore::load",
    ];
    let found: Vec<String> = sources()
        .iter()
        .flat_map(|(name, text)| {
            let code = code(text);
            let found = readers.iter().filter(move |word| code.contains(**word));
            found
                .map(|word| format!("{name} calls {word}"))
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(found, [""; 0], "they run code from crafted files");
}

#[test]
fn threads_have_names_and_owners() {
    assert_eq!(
        offenders(
            |name| name != "worker.rs",
            &["thread::spawn", "thread::Builder"]
        ),
        [""; 0]
    );
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(silent, [""; 0]);
}

/// Decoding knows no place where pixels are, and that place knows no cache: there was a circle of the three.
#[test]
fn the_cache_stands_on_images_and_these_on_decoding() {
    for (below, above) in [
        ("data/decode", ["cache", "ImageStore", "ImageArray"]),
        ("data/images", ["PixelCache", "PixelError", "PixelFormat"]),
    ] {
        let found = offenders(|name| name.starts_with(below), &above);
        assert_eq!(found, [""; 0]);
    }
}
