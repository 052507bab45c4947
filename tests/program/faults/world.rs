//! A dataset, an experiment, a run that can go on, and everything that a harmed copy of them needs.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use convscope::{
    data::generate,
    train::{
        EpochRecord, Experiment,
        run_folder::{HISTORY_FILE, MODEL_FILE},
    },
};

use super::verdict::Answer;

const EXPERIMENT: &str = r#"(
    format: 2, name: "faults", title: "Faults",
    dataset: (path: "shapes"),
    split: (validation: 0.3, test: 0.2, stratified: true, seed: 42),
    model: (
        name: "small", input: (height: 16, width: 16), preprocessing: (mean: (0.5, 0.5, 0.5), std: (0.5, 0.5, 0.5)),
        initialisation: Keras,
        layers: [
            (name: "conv1", kind: Conv2d(filters: 6, kernel: 3, padding: Same)),
            (name: "relu1", kind: Activation(Relu)),
            (name: "pool1", kind: MaxPool2d(size: 2, stride: 2)),
            (name: "flatten", kind: Flatten),
            (name: "fc", kind: Dense(units: 3)),
        ],
    ),
    training: (
        phases: [(name: "first", epochs: 4, optimizer: Adam(learning_rate: 0.02), trainable_from: Some("flatten"))],
        batch_size: 8, seed: 1, precision: F32,
        early_stopping: Some((monitor: ValLoss, patience: 20, restore_best: true)),
    ),
)"#;

/// Epochs of the run that is harmed, and how many it then goes on to.
const EPOCHS: &str = "4";
pub const MORE_EPOCHS: &str = "6";

/// Something that the program is asked in the folder of a world.
pub type Ask = fn(&World, &Path) -> Answer;

pub struct World {
    _folder: tempfile::TempDir,
    root: PathBuf,
    /// What an unharmed copy answers, by what is asked.
    unharmed: RefCell<BTreeMap<&'static str, Answer>>,
}

impl World {
    /// Trains a run whose best epoch is not its last one, so that both sets of weights count.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self {
            root: folder.path().canonicalize().unwrap(),
            _folder: folder,
            unharmed: RefCell::default(),
        };
        let shapes = world.root.join("shapes");
        generate::generate_shapes(&shapes, 1, 24, &mut |_, _| {}).unwrap();
        let experiment: Experiment = ron::from_str(EXPERIMENT).unwrap();
        fs::write(world.root.join("run.ron"), experiment.to_ron().unwrap()).unwrap();
        world.make_arrays(experiment);
        let is_fit = (1..40).any(|seed: usize| {
            let run = world.root.join("run");
            let _ = fs::remove_dir_all(&run);
            let seed = seed.to_string();
            let output = world
                .train(&world.root, &["--epochs", EPOCHS, "--seed", &seed])
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
            fs::write(world.root.join("seed"), &seed).unwrap();
            let losses: Vec<f64> = csv::Reader::from_path(run.join(HISTORY_FILE))
                .unwrap()
                .deserialize()
                .map(|record: Result<EpochRecord, _>| record.unwrap().val_loss.unwrap())
                .collect();
            let (last, before) = losses.split_last().unwrap();
            before.iter().any(|loss| loss < last)
        });
        assert!(
            is_fit,
            "no seed gives a run whose best epoch is not its last"
        );
        world
    }

    /// A file of arrays, which is unpacked into the cache, and the experiment `arrays.ron` on it.
    fn make_arrays(&self, mut experiment: Experiment) {
        let cells = self.root.join("cells.npz");
        generate::generate_cells(&cells, 1, 6, &mut |_, _| {}).unwrap();
        experiment.model.fit_classes(8);
        fs::write(self.root.join("arrays.ron"), experiment.to_ron().unwrap()).unwrap();
        let trained = self.train_arrays(&self.root).output().unwrap();
        assert!(trained.status.success(), "{trained:?}");
        fs::remove_dir_all(self.root.join("run")).unwrap();
    }

    /// Trains one epoch on the file of arrays.
    pub fn train_arrays(&self, root: &Path) -> Command {
        self.command(
            root,
            &[
                "train",
                "arrays.ron",
                "--data",
                "cells.npz",
                "--out",
                "run",
                "--threads",
                "1",
                "--epochs",
                "1",
            ],
        )
    }

    /// What an unharmed copy answers.
    pub fn unharmed(&self, words: &'static str, ask: Ask) -> Answer {
        if let Some(known) = self.unharmed.borrow().get(words) {
            return known.clone();
        }
        let answer = ask(self, self.copy().path());
        self.unharmed.borrow_mut().insert(words, answer.clone());
        answer
    }

    /// A copy to harm. It lies in another folder than the world, so what it says is compared without paths.
    pub fn copy(&self) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&self.root, copy.path());
        copy
    }

    pub fn command(&self, root: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_convscope"));
        command
            .args(arguments)
            .arg("--json")
            .current_dir(root)
            .env("CONVSCOPE_CONFIG", root.join("config"))
            .env("CONVSCOPE_RUNS", root.join("runs"))
            .env("CONVSCOPE_CACHE", root.join("cache"))
            .env("CONVSCOPE_EDITS", root.join("edits"));
        command
    }

    /// Trains the experiment into the folder `run`.
    pub fn train(&self, root: &Path, more: &[&str]) -> Command {
        let train = [
            "train",
            "run.ron",
            "--data",
            "shapes",
            "--out",
            "run",
            "--threads",
            "1",
        ];
        self.command(root, &[&train, more].concat())
    }

    /// The seed of the run.
    pub fn seed(&self) -> String {
        fs::read_to_string(self.root.join("seed")).unwrap()
    }

    /// Goes on with the run for two epochs.
    pub fn go_on(&self, root: &Path) -> Answer {
        let seed = self.seed();
        answer(
            root,
            &mut self.train(
                root,
                &["--epochs", MORE_EPOCHS, "--seed", &seed, "--resume"],
            ),
        )
    }
}

/// What `command` gives and says in `root`.
pub fn answer(root: &Path, command: &mut Command) -> Answer {
    Answer::of(&command.output().unwrap(), root)
}

/// Standard output without times and places, with the weights of the model that is left.
pub fn given(root: &Path, output: &Output) -> String {
    let mut given: Vec<String> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| match serde_json::from_str(line) {
            Ok(serde_json::Value::Object(mut object)) => {
                for key in ["seconds", "images_per_sec", "run", "model", "file", "out"] {
                    object.remove(key);
                }
                serde_json::Value::Object(object).to_string()
            }
            _ => line.to_owned(),
        })
        .collect();
    if let Ok(bytes) = fs::read(root.join("run").join(MODEL_FILE)) {
        given.push(weights_of(&bytes));
    }
    given.join("\n")
}

/// The hash that the model file gives for its weights.
fn weights_of(model: &[u8]) -> String {
    let header = safetensors::SafeTensors::read_metadata(model).ok();
    let metadata = header.and_then(|(_, header)| header.metadata().clone());
    metadata
        .and_then(|metadata| metadata.get("weights_blake3").cloned())
        .unwrap_or_default()
}

pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (folders, mut files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    files.extend(folders.iter().flat_map(|folder| files_below(folder)));
    files
}
