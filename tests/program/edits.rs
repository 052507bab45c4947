//! Changes to a dataset, from the file they are kept in to a trained and evaluated model; the user's
//! files stay untouched.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use convscope::{
    data::{Edit, Edits, SplitName, edits, generate},
    train::{Experiment, recipes},
};
use serde_json::Value;

struct Home(tempfile::TempDir);

impl Home {
    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs a command that must succeed; its last JSON object.
    fn run(&self, args: &[&str]) -> Value {
        let output = Command::new(env!("CARGO_BIN_EXE_convscope"))
            .args(args)
            .arg("--json")
            .current_dir(self.0.path())
            .env("CONVSCOPE_CACHE", self.path("cache"))
            .env("CONVSCOPE_RUNS", self.path("runs"))
            .env("CONVSCOPE_EDITS", self.path("edits"))
            .env("CONVSCOPE_HOME", env!("CARGO_MANIFEST_DIR"))
            .env("OMP_NUM_THREADS", "1")
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {stderr}");
        let stdout = String::from_utf8(output.stdout).unwrap();
        serde_json::from_str(stdout.lines().last().unwrap()).unwrap()
    }
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    all
}

/// File → part and label, from a run's `split.csv`.
fn split_of(run: &Path) -> BTreeMap<String, (String, String)> {
    let mut reader = csv::Reader::from_path(run.join("split.csv")).unwrap();
    let rows = reader.records().map(Result::unwrap);
    rows.map(|row| (row[0].to_owned(), (row[1].to_owned(), row[2].to_owned())))
        .collect()
}

#[test]
fn changes_reach_training_and_evaluation_and_no_file_is_touched() {
    let home = Home(tempfile::tempdir().unwrap());
    generate::generate_shapes(&home.path("data"), 1, 12, &mut |_, _| {}).unwrap();
    let before = files(&home.path("data"));
    let mut experiment = recipes::find(Path::new("shapes")).unwrap();
    (experiment.model.input.height, experiment.model.input.width) = (32, 32);
    experiment.training.phases[0].epochs = 1;
    fs::write(home.path("tiny.ron"), experiment.to_ron().unwrap()).unwrap();

    // As the window keeps them.
    let token = convscope::cancel::CancelToken::new();
    let base = convscope::data::sources::folder::scan(&home.path("data"), &token).unwrap();
    let mut changes = Edits::default();
    for edit in [
        Edit::Rename {
            class: "circle".into(),
            to: "a very round thing, officially".into(),
        },
        Edit::Exclude {
            samples: vec!["square/square_000.png".into()],
            excluded: true,
        },
        Edit::Relabel {
            samples: vec!["square/square_001.png".into()],
            class: Some("triangle".into()),
        },
        Edit::Move {
            samples: vec!["circle/circle_003.png".into()],
            part: Some(SplitName::Test),
        },
    ] {
        changes.change(&edit, &base).unwrap();
    }
    let sidecar = edits::sidecar(&home.path("edits"), &home.path("data"));
    changes.save(&sidecar).unwrap();

    let first = home.run(&["train", "tiny.ron", "--data", "data", "--out", "first"]);
    let split = split_of(&home.path("first"));
    assert_eq!(split["square/square_000.png"].0, "none");
    assert_eq!(split["square/square_001.png"].1, "triangle");
    assert_eq!(split["circle/circle_003.png"].0, "test");
    assert_eq!(
        split["circle/circle_000.png"].1,
        "a very round thing, officially"
    );
    let report = fs::read_to_string(home.path("first/report.html")).unwrap();
    assert!(report.contains(first["split_hash"].as_str().unwrap()));
    assert!(
        first["test_accuracy"].is_number(),
        "the moved image is tested on"
    );

    // The experiment of the run carries them: another machine has no sidecar.
    fs::remove_file(&sidecar).unwrap();
    let kept = Experiment::load(&home.path("first/experiment.ron")).unwrap();
    assert_eq!(kept.edits, changes);
    let again = home.run(&[
        "train",
        "first/experiment.ron",
        "--data",
        "data",
        "--out",
        "again",
    ]);
    assert_eq!(again["split_hash"], first["split_hash"]);
    assert_eq!(split_of(&home.path("again")), split);
    // Without them the split is another one.
    let plain = home.run(&["train", "tiny.ron", "--data", "data", "--out", "plain"]);
    assert_ne!(plain["split_hash"], first["split_hash"]);

    // So does the model: it knows the classes by their new names.
    let report = home.run(&["evaluate", "first", "--data", "data", "--split", "all"]);
    assert_eq!(report["images"], 35, "one of 36 is excluded");
    assert_eq!(report["classes"][0], "a very round thing, officially");
    let support = |class: &str| report["per_class"][class]["support"].as_u64().unwrap();
    assert_eq!((support("square"), support("triangle")), (10, 13));

    assert!(
        files(&home.path("data")) == before,
        "the user's files are as they were"
    );
}
