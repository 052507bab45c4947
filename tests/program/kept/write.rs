//! Writes the folder of a version: one file of every kind that people keep, as the program of that day writes it.
//!
//! When a format changes, this is run with the program *before* the change, so that the folder holds what people
//! have: `cargo test --test program write_a_version -- --ignored`, after [`VERSION`] has been set to the day. A folder
//! that is there is never written again.

use std::{
    fs,
    path::{Path, PathBuf},
};

use convscope::{
    data::{Edit, Edits, sources::folder},
    model::{bundle::Bundle, spec_file},
    train::{Experiment, run_folder, runs},
    ui::settings::Settings,
};
use serde_json::{Value, json};

use super::{convscope, shapes};

/// Name of the folder that [`write`] makes.
const VERSION: &str = "2026-11-28-2";

/// Batch normalisation, edits, early stopping that takes weights back: whatever has a place of its own in a file.
const EXPERIMENT: &str = r#"(
    format: 2, name: "kept", title: "Files that people keep",
    dataset: (path: "shapes"),
    edits: (renamed: {"circle": "Kreis"}, excluded: ["square/square_003.png"]),
    split: (validation: 0.3, test: 0.2, stratified: true, seed: 42),
    augmentation: (rotation_degrees: 10.0, horizontal_flip: true),
    model: (
        name: "tiny", input: (height: 16, width: 16), preprocessing: (mean: (0.5, 0.5, 0.5), std: (0.5, 0.5, 0.5)),
        initialisation: Keras,
        layers: [
            (name: "conv1", kind: Conv2d(filters: 4, kernel: 3, padding: Same, activation: Relu), l2: (weight: 0.001)),
            (name: "bn1", kind: BatchNorm2d()),
            (name: "pool1", kind: MaxPool2d(size: 4, stride: 4)),
            (name: "relu1", kind: Activation(Relu)),
            (name: "flatten", kind: Flatten),
            (name: "drop", kind: Dropout(rate: 0.2)),
            (name: "fc", kind: Dense(units: 3)),
        ],
    ),
    training: (
        phases: [
            (name: "first", epochs: 1, optimizer: Adam(learning_rate: 0.01)),
            (name: "second", epochs: 2, optimizer: Sgd(learning_rate: 0.005, momentum: 0.9),
             schedule: (kind: Cosine(minimum: 0.1)), trainable_from: Some("flatten")),
        ],
        batch_size: 8, seed: 7, precision: F32, label_smoothing: 0.1,
        early_stopping: Some((monitor: ValLoss, patience: 9, restore_best: true)),
    ),
)"#;

pub fn write() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/kept")
        .join(VERSION);
    fs::create_dir(&folder).expect("a version is written once");
    let at = |name: &str| folder.join(name);
    let work = tempfile::tempdir().unwrap();
    shapes(work.path());

    let experiment: Experiment = ron::from_str(EXPERIMENT).unwrap();
    fs::write(at("experiment.ron"), experiment.to_ron().unwrap()).unwrap();
    fs::write(
        at("layers.ron"),
        spec_file::text(&experiment.model).unwrap(),
    )
    .unwrap();
    edits(&work.path().join("shapes"))
        .save(&at("edits.ron"))
        .unwrap();
    Settings {
        dataset: Some("/data/shapes".into()),
        experiment: Some(Box::new(experiment.clone())),
        ..Settings::default()
    }
    .save(&at("settings.ron"))
    .unwrap();

    let run = at("run");
    let words = convscope(
        work.path(),
        &[
            "train".as_ref(),
            at("experiment.ron").as_ref(),
            "--data".as_ref(),
            "shapes".as_ref(),
            "--threads".as_ref(),
            "1".as_ref(),
            "--out".as_ref(),
            run.as_ref(),
        ],
    );
    eprintln!("{words}");
    let notes = runs::RunNotes {
        name: "Kept".into(),
        text: "Written once, read for ever.".into(),
        tags: vec!["kept".into()],
        left: false,
    };
    runs::describe(&run, &notes).unwrap();
    fs::copy(run.join(run_folder::MODEL_FILE), at("model.safetensors")).unwrap();
    // The picture that is classified below; the report's files can be made again and are large.
    let picture = "triangle/triangle_007.png";
    fs::copy(work.path().join("shapes").join(picture), at("picture.png")).unwrap();
    for entry in fs::read_dir(&run).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".png") || name.ends_with(".html") || name.ends_with(".lock") {
            fs::remove_file(path).unwrap();
        }
    }
    let said = serde_json::to_string_pretty(&said(&folder)).unwrap();
    fs::write(at("said.json"), said + "\n").unwrap();
}

/// One of each kind.
fn edits(shapes: &Path) -> Edits {
    let token = convscope::cancel::CancelToken::new();
    let base = folder::scan(shapes, &token).unwrap();
    let mut edits = Edits::default();
    for edit in [
        Edit::Rename {
            class: "square".into(),
            to: "Quadrat".into(),
        },
        Edit::Exclude {
            samples: vec!["circle/circle_001.png".into()],
            excluded: true,
        },
        Edit::Relabel {
            samples: vec!["circle/circle_002.png".into()],
            class: Some("triangle".into()),
        },
        Edit::Move {
            samples: vec!["circle/circle_004.png".into()],
            part: Some(convscope::data::SplitName::Test),
        },
    ] {
        edits.change(&edit, &base).unwrap();
    }
    edits
}

/// What the files of a version say. The test of a later program compares every value that stands in it.
pub fn said(folder: &Path) -> Value {
    let at = |name: &str| folder.join(name);
    let experiment = Experiment::load(&at("experiment.ron")).unwrap();
    let run = at("run");
    let history = runs::read::history(&run).unwrap();
    let steps = runs::read::steps(&run).unwrap();
    json!({
        "experiment": experiment,
        "layers": spec_file::load(&at("layers.ron")).unwrap(),
        "edits": Edits::load(&at("edits.ron")).unwrap(),
        "settings": settings(folder),
        "run": {
            "experiment": Experiment::load(&run.join(run_folder::EXPERIMENT_FILE)).unwrap(),
            "history": history,
            "steps": steps.len(),
            "last_step": steps.last(),
            "result": run_folder::RunResult::load(&run).unwrap(),
            "notes": runs::RunNotes::load(&run).unwrap(),
        },
        "model": model(&at("model.safetensors")),
        "predicted": predicted(folder),
    })
}

fn settings(folder: &Path) -> Value {
    let (settings, notice) = Settings::load(&folder.join("settings.ron"));
    assert_eq!(notice, None);
    json!({
        "dataset": settings.dataset,
        "experiment": settings.experiment,
        "theme": settings.theme,
        "step": settings.step,
    })
}

fn model(path: &Path) -> Value {
    let (bundle, doubt) = Bundle::load(path).unwrap();
    assert_eq!(doubt, None);
    json!({
        "classes": &*bundle.snapshot.classes,
        "epoch": bundle.snapshot.epoch,
        "spec": &*bundle.snapshot.spec,
        "metrics": bundle.metrics,
        "split": bundle.split,
        "edits": &*bundle.edits,
        "logits": bundle.self_test.logits,
    })
}

/// What `convscope predict` says about the picture.
fn predicted(folder: &Path) -> Value {
    let work = tempfile::tempdir().unwrap();
    let files: [PathBuf; 2] = [folder.join("model.safetensors"), folder.join("picture.png")];
    let words = convscope(
        work.path(),
        &[
            "predict".as_ref(),
            files[0].as_ref(),
            files[1].as_ref(),
            "--json".as_ref(),
        ],
    );
    let mut answer: Value = serde_json::from_str(words.lines().last().unwrap()).unwrap();
    // Where the file lies is no part of what is said.
    answer.as_object_mut().unwrap().shift_remove("file");
    answer
}
