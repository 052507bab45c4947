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
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            if stem.is_some_and(|stem| stem == "tests" || stem.ends_with("_tests")) {
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

/// The files of `listed`, which must all be there: a list that names a file that is gone keeps nothing.
fn there<'a>(listed: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let listed = listed.into_iter().inspect(|name| {
        assert!(
            root.join(name).exists(),
            "src/{name} is listed here and gone"
        );
    });
    listed.collect()
}

/// Everything that `code` imports, each as a whole path: `use a::{b::{c, d}, e};` is `a::b::c`, `a::b::d` and `a::e`.
fn imports(code: &str) -> Vec<String> {
    fn flatten(before: &str, tree: &str, found: &mut Vec<String>) {
        let tree = tree.trim();
        match tree.split_once('{') {
            Some((path, rest)) => {
                let path = format!("{before}{}", path.trim());
                let inner = rest.trim_end().strip_suffix('}').unwrap();
                let (mut depth, mut from) = (0, 0);
                for (at, c) in inner.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        ',' if depth == 0 => {
                            flatten(&path, &inner[from..at], found);
                            from = at + 1;
                        }
                        _ => {}
                    }
                }
                flatten(&path, &inner[from..], found);
            }
            None if tree.is_empty() => {}
            None => {
                let path = tree.split(" as ").next().unwrap().trim();
                found.push(format!("{before}{path}").replace("::self", ""));
            }
        }
    }
    let mut found = Vec::new();
    for (at, word) in code.match_indices("use ") {
        let begins = code[..at].rsplit('\n').next().unwrap().trim();
        if begins.is_empty() || begins.starts_with("pub") {
            let tree = code[at + word.len()..].split(';').next().unwrap();
            flatten("", tree, &mut found);
        }
    }
    found
}

/// Whether a file names something of `path`, as an import or where it is used.
fn uses(code: &str, path: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let named = |text: &str| {
        text.match_indices(path)
            .any(|(at, _)| !text[at + path.len()..].chars().next().is_some_and(is_part))
    };
    named(code) || imports(code).iter().any(|import| named(import))
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
    let plain = there(plain);
    let is_plain = |name: &str| plain.contains(&name) || name.starts_with("model/layers/");
    assert_eq!(offenders(is_plain, &words), [""; 0]);
}

#[test]
fn dependencies_point_one_way() {
    // What each folder may not know: all that stand above it.
    let layers: [(&str, &[&str]); 7] = [
        (
            "data",
            &["model", "train", "inspect", "export", "engine", "ui", "cli"],
        ),
        (
            "model",
            &["train", "inspect", "export", "engine", "ui", "cli"],
        ),
        ("train", &["inspect", "export", "engine", "ui", "cli"]),
        ("inspect", &["train", "export", "engine", "ui", "cli"]),
        ("export", &["engine", "ui", "cli"]),
        ("engine", &["ui", "cli"]),
        ("cli", &["ui"]),
    ];
    there(layers.map(|(folder, _)| folder));
    let mut found = Vec::new();
    for (name, text) in sources() {
        let Some((_, forbidden)) = layers
            .iter()
            .find(|(folder, _)| name.starts_with(&format!("{folder}/")))
        else {
            continue;
        };
        let code = code(&text);
        let bad = forbidden
            .iter()
            .filter(|module| uses(&code, &format!("crate::{module}")));
        found.extend(bad.map(|module| format!("{name} uses {module}")));
    }
    assert_eq!(found, [""; 0]);
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
    let crossing = there([
        "engine/answer.rs",
        "engine/events.rs",
        "engine/handle.rs",
        "engine/latest.rs",
        "engine/loader.rs",
        "engine/slot.rs",
    ]);
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

/// Things of one kind, of which there will be more. Each may be named by its own file and by its table.
struct Growing {
    /// The folder of their files.
    folder: &'static str,
    /// How a row of the table names its file and what it holds; `mod.rs` has the table.
    rows: fn(&str) -> Vec<(String, String)>,
    /// What is looked for in the code, of a row's file and name.
    word: fn(&str, &str) -> String,
    /// Others that may name all of them, of a row's file.
    also: fn(&str) -> Vec<String>,
    /// Others that may name one of them, and must.
    more: &'static [(&'static str, &'static [&'static str], &'static str)],
}

/// Rows `file: Name,` of `table! { … }`.
fn table_rows(text: &str) -> Vec<(String, String)> {
    let rows = text.split("\ntable! {").nth(1).unwrap();
    let rows = rows.split("\n}").next().unwrap().lines();
    let rows = rows.filter_map(|row| row.trim().strip_suffix(',')?.split_once(": "));
    rows.map(|(file, name)| (file.to_owned(), name.to_owned()))
        .collect()
}

/// Paths `file::Name` in the list called `list`.
fn list_rows(text: &str, list: &str) -> Vec<(String, String)> {
    let rows = text.split(list).nth(1).unwrap().split("];").next().unwrap();
    let rows = rows.lines().filter_map(|row| row.split_once("::"));
    rows.filter_map(|(file, name)| {
        let file = file.trim().trim_start_matches("Row::of::<");
        let name = name.trim_start_matches("of::<");
        let (file, name) = name.split_once("::").unwrap_or((file, name));
        let is_part = |c: &char| c.is_alphanumeric() || *c == '_';
        let name: String = name.chars().take_while(is_part).collect();
        (!name.is_empty()).then(|| (file.to_owned(), name))
    })
    .collect()
}

const GROWING: [Growing; 5] = [
    Growing {
        folder: "inspect",
        rows: |text| list_rows(text, "TABLE: &[Row] = &["),
        word: |file, _| format!("inspect::{file}"),
        also: |file| {
            let panel = format!("ui/panels/{file}.rs");
            vec![panel, "ui/panels/mod.rs".into()]
        },
        more: &[
            (
                "feature_maps",
                &["ui/follow.rs", "ui/reduce/mod.rs", "export/run_report.rs"],
                "they follow training, and the report shows them",
            ),
            (
                "filters",
                &["export/run_report.rs"],
                "the report shows them",
            ),
            (
                "maximise",
                &["ui/action.rs", "ui/app/act.rs", "ui/panels/feature_maps.rs"],
                "a map is maximised where it is seen",
            ),
        ],
    },
    Growing {
        folder: "model/layers",
        rows: table_rows,
        word: |_, name| match name {
            // Their names are also those of a value that layers have, and of a published network.
            "Activation" | "Backbone" => format!("LayerKind::{name}"),
            _ => name.to_owned(),
        },
        // Operations that layers become; layers and networks that are made of others.
        also: |_| {
            ["model/layers/", "model/ops/", "model/backbones/"]
                .map(String::from)
                .into()
        },
        more: &[
            (
                "Conv2d",
                &[
                    "inspect/filters.rs",
                    "ui/panels/filters.rs",
                    "model/network/fold.rs",
                ],
                "filters are its weights, and normalisation is worked into them",
            ),
            (
                "BatchNorm2d",
                &["model/network/fold.rs"],
                "it is worked into convolutions",
            ),
            (
                "Dense",
                &[
                    "model/edit.rs",
                    "model/spec.rs",
                    "ui/panels/model/inspector.rs",
                ],
                "the last one has a unit for each class",
            ),
            (
                "Backbone",
                &["ui/app/act_on_design.rs", "ui/panels/model/inspector.rs"],
                "its weights are chosen among files",
            ),
        ],
    },
    Growing {
        folder: "model/backbones",
        rows: table_rows,
        word: |_, name| name.to_owned(),
        also: |_| Vec::new(),
        more: &[],
    },
    Growing {
        folder: "data/sources",
        rows: table_rows,
        word: |_, name| name.to_owned(),
        also: |_| Vec::new(),
        more: &[(
            "ClassFolders",
            &["train/setting_words/compared.rs"],
            "an example in words",
        )],
    },
    Growing {
        folder: "export",
        rows: |text| list_rows(text, "FORMATS: &[Format] = &["),
        word: |file, _| format!("export::{file}"),
        also: |_| Vec::new(),
        more: &[
            (
                "run_report",
                &["cli/export.rs", "engine/ending.rs"],
                "`report` writes it, and every run ends with it",
            ),
            (
                "picture",
                &["cli/inspect.rs"],
                "pictures of inspections are PNG files too",
            ),
        ],
    },
];

#[test]
fn a_new_thing_is_a_file_and_a_row() {
    let sources: Vec<_> = sources()
        .into_iter()
        .map(|(name, text)| (name, code(&text)))
        .collect();
    let mut found = Vec::new();
    for kind in GROWING {
        let table = format!("{}/mod.rs", kind.folder);
        let (_, text) = sources.iter().find(|(name, _)| *name == table).unwrap();
        let rows = (kind.rows)(text);
        assert!(rows.len() > 3, "{table}: {rows:?}");
        for (thing, files, why) in kind.more {
            there(files.iter().copied());
            assert!(
                rows.iter()
                    .any(|(file, name)| file == thing || name == thing),
                "{thing}: {why}"
            );
        }
        for (file, name) in &rows {
            let own = format!("{}/{file}", kind.folder);
            let also = (kind.also)(file);
            let more = kind
                .more
                .iter()
                .filter(|(thing, ..)| thing == file || thing == name);
            let more: Vec<&str> = more.flat_map(|(_, files, _)| *files).copied().collect();
            let word = (kind.word)(file, name);
            let naming = sources
                .iter()
                .filter(|(_, code)| uses(code, &word) || names(code, &word));
            let naming: Vec<&str> = naming.map(|(name, _)| name.as_str()).collect();
            found.extend(
                more.iter()
                    .filter(|listed| !naming.contains(listed))
                    .map(|listed| {
                        format!("{listed} does not name {word} any more: take it off the list")
                    }),
            );
            found.extend(
                naming
                    .iter()
                    .filter(|naming| {
                        let is_own = naming.starts_with(&own) || **naming == table;
                        !is_own
                            && !also.iter().any(|also| naming.starts_with(also.as_str()))
                            && !more.contains(*naming)
                    })
                    .map(|naming| format!("{naming} names {word}")),
            );
        }
    }
    assert_eq!(found, [""; 0]);
}

/// Files of the engine that need each other: more than three at once are a knot that nobody reads.
#[test]
fn the_engine_has_no_knots() {
    let files: Vec<(String, String)> = sources()
        .into_iter()
        .filter_map(|(name, text)| {
            let name = name.strip_prefix("engine/")?.strip_suffix(".rs")?;
            Some((name.to_owned(), code(&text)))
        })
        .collect();
    // What `mod.rs` offers under its own name stands in one of the files.
    let (_, front) = files.iter().find(|(name, _)| name == "mod").unwrap();
    let offered = imports(front);
    let file_of = |path: &str| {
        let first = path.split("::").next().unwrap();
        let is_file = |file: &str| file == first || file.strip_suffix("/mod") == Some(first);
        let offered = offered
            .iter()
            .find(|offered| offered.ends_with(&format!("::{first}")));
        let module = offered.map_or(first, |offered| offered.split("::").next().unwrap());
        files
            .iter()
            .position(|(file, _)| is_file(file) || file == module)
    };
    let edges: Vec<Vec<usize>> = files
        .iter()
        .map(|(name, code)| {
            if name == "mod" {
                return Vec::new();
            }
            let depth = name.matches('/').count() + usize::from(!name.ends_with("/mod"));
            let above = "super::".repeat(depth.max(1));
            let paths = imports(code);
            let own = paths.iter().filter_map(|path| {
                path.strip_prefix("crate::engine::")
                    .or_else(|| path.strip_prefix(&above))
            });
            own.filter_map(file_of).collect()
        })
        .collect();
    let reached = |from: usize| {
        let (mut seen, mut next) = (vec![false; files.len()], vec![from]);
        while let Some(file) = next.pop() {
            for to in &edges[file] {
                if !std::mem::replace(&mut seen[*to], true) {
                    next.push(*to);
                }
            }
        }
        seen
    };
    let reached: Vec<Vec<bool>> = (0..files.len()).map(reached).collect();
    assert!(reached.iter().flatten().filter(|reached| **reached).count() > files.len());
    for (file, (name, _)) in files.iter().enumerate() {
        let circle =
            (0..files.len()).filter(|other| reached[file][*other] && reached[*other][file]);
        let circle: Vec<&str> = circle.map(|other| files[other].0.as_str()).collect();
        assert!(circle.len() <= 3, "{name}: {circle:?}");
    }
}

/// A newcomer finds every module in `ARCHITECTURE.md`, in the row of its folder.
#[test]
fn the_map_names_every_module() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let row = |folder: &str| {
        let row = map
            .lines()
            .find(|row| row.starts_with(&format!("| `src/{folder}")));
        row.unwrap_or_else(|| panic!("no row for src/{folder}/"))
    };
    let mut missing = Vec::new();
    for (name, _) in sources() {
        let parts: Vec<&str> = name.split('/').collect();
        let (row, module) = match parts.as_slice() {
            [file] => (map.as_str(), file.trim_end_matches(".rs")),
            [folder, module, ..] => (row(folder), module.trim_end_matches(".rs")),
            [] => continue,
        };
        let is_front = ["mod", "lib", "main"].contains(&module);
        let is_named = ["`", "/`", ".rs`"].iter().any(|end| {
            let begin = if parts.len() == 1 { "src/" } else { "`" };
            row.contains(&format!("{begin}{module}{end}"))
        });
        if !is_front && !is_named && !missing.contains(&name) {
            missing.push(name);
        }
    }
    assert_eq!(missing, [""; 0]);
}
