//! Bits are flipped in the files of a run and of the cache, files are cut and deleted, and the real program goes on with
//! them: it ends with the numbers of an undamaged run, or it says what is wrong. Never anything else.
//!
//! `cargo test --test damage -- --ignored --nocapture` does it often and prints the table for docs/faults.md;
//! `CONVSCOPE_BIN` names another program to do it to.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fmt::{self, Display},
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread::sleep,
    time::Duration,
};

use convscope::{data::generate, train::Experiment};
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SEED: u64 = 20_261_128;
/// Of every kind, in the table and in the quick test.
const MANY: usize = 30;
const FEW: usize = 2;

/// What is done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Damage {
    /// One bit is another one.
    Flip,
    /// It ends too early.
    Cut,
    /// It is gone.
    Delete,
}

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Last,
    Best,
    PhaseBest,
    Frozen,
    /// Decoded images.
    Pixels,
    /// Arrays unpacked from a file of arrays; the images decoded from them are gone.
    Unpacked,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Last,
        Self::Best,
        Self::PhaseBest,
        Self::Frozen,
        Self::Pixels,
        Self::Unpacked,
    ];

    fn words(self) -> &'static str {
        match self {
            Self::Last => "`last.safetensors`",
            Self::Best => "`best.safetensors`",
            Self::PhaseBest => "`phase-best.safetensors`",
            Self::Frozen => "`frozen-….safetensors`",
            Self::Pixels => "decoded images (`pixels-*`, `files-*`)",
            Self::Unpacked => "unpacked arrays (`unpacked`)",
        }
    }

    /// What is lost at most.
    fn lost(self) -> &'static str {
        match self {
            Self::Last => "going on with the run; the best weights stay and can be evaluated",
            Self::Best => "the weights of the best epoch; the run goes on from the last one",
            Self::PhaseBest => "the weights that early stopping would restore; the run goes on",
            Self::Frozen => "the run: no file has the frozen weights but this one",
            Self::Pixels => "nothing: decoded again from the images",
            Self::Unpacked => "nothing: unpacked again at the next start",
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// Exactly the numbers of an undamaged run.
    Same,
    /// It went on with less, and said so.
    Said,
    /// It stopped with a sentence.
    Refused,
    /// It went on with other numbers, without a word.
    Silent,
    /// The system ended it.
    Killed,
}

/// A run that was cut off after its fifth epoch, what it comes to when it goes on, and a run on arrays.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let shapes = bench.path("shapes");
        generate::generate_shapes(&shapes, 1, 40, &mut |_, _| {}).unwrap();
        let made = bench.run(&["generate", "cells", "--out", "cells.npz", "--count", "12"]);
        assert!(made.status.success(), "{made:?}");
        bench.put("short.ron", &experiment("shapes", 32, 3, 2));
        bench.put("long.ron", &experiment("shapes", 32, 3, 4));
        bench.put("cells.ron", &experiment("cells.npz", 28, 8, 1));
        for (experiment, data, run) in [
            ("short.ron", "shapes", "cut"),
            ("long.ron", "shapes", "whole"),
            ("cells.ron", "cells.npz", "cells"),
        ] {
            let done = bench.train(experiment, data, run);
            assert!(done.status.success(), "{run}: {}", words(&done));
        }
        for name in ["result.ron", "model.safetensors"] {
            fs::remove_file(bench.path("cut").join(name)).unwrap();
        }
        copy(&bench.path("cache"), &bench.path("full-cache"));
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn put(&self, name: &str, experiment: &Experiment) {
        fs::write(self.path(name), experiment.to_ron().unwrap()).unwrap();
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let other = env::var_os("CONVSCOPE_BIN");
        let program = other.unwrap_or_else(|| OsString::from(env!("CARGO_BIN_EXE_convscope")));
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.folder.path())
            .env("CONVSCOPE_CACHE", self.path("cache"))
            .env("CONVSCOPE_EDITS", self.path("edits"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    fn train(&self, experiment: &str, data: &str, run: &str) -> Output {
        self.training(experiment, data, run).output().unwrap()
    }

    fn training(&self, experiment: &str, data: &str, run: &str) -> Command {
        let args = ["train", experiment, "--data", data, "--threads", "1"];
        self.command(&[&args[..], &["--resume", "--out", run]].concat())
    }

    /// Cuts the decoded images in the middle of a run that reads them at every step.
    fn cut_while_training(&self) -> (Outcome, String) {
        self.put("many.ron", &experiment("shapes", 32, 3, 0));
        let whole = self.train("many.ron", "shapes", "undisturbed");
        assert!(whole.status.success(), "{}", words(&whole));
        let mut run = self
            .training("many.ron", "shapes", "disturbed")
            .spawn()
            .unwrap();
        while !self.path("disturbed/history.csv").exists() {
            assert!(run.try_wait().unwrap().is_none(), "it ends too early");
            sleep(Duration::from_millis(1));
        }
        for path in self.files(Kind::Pixels) {
            fs::File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_len(100)
                .unwrap();
        }
        assert!(run.try_wait().unwrap().is_none(), "it was over before");
        let done = run.wait_with_output().unwrap();
        let results = ["disturbed", "undisturbed"].map(|name| result(&self.path(name)));
        let outcome = match done.status.code() {
            None => Outcome::Killed,
            Some(0) if results[0] == results[1] => Outcome::Same,
            Some(0) => Outcome::Silent,
            Some(_) => Outcome::Refused,
        };
        (outcome, words(&done))
    }

    /// Damages a file of `kind` and goes on; what was damaged is whole again afterwards.
    fn try_once(&self, kind: Kind, damage: Damage, rng: &mut ChaCha8Rng) -> (Outcome, String) {
        let run = self.path("run");
        for folder in ["run", "cache"] {
            // Not there the first time.
            let _ = fs::remove_dir_all(self.path(folder));
        }
        copy(&self.path("full-cache"), &self.path("cache"));
        let (experiment, data, whole) = match kind {
            Kind::Unpacked => ("cells.ron", "cells.npz", "cells"),
            _ => ("long.ron", "shapes", "whole"),
        };
        if !matches!(kind, Kind::Pixels | Kind::Unpacked) {
            copy(&self.path("cut"), &run);
        }
        if kind == Kind::Unpacked {
            for folder in files_below(&self.path("cache")) {
                if folder.to_string_lossy().contains("/pixels-") {
                    fs::remove_file(folder).unwrap();
                }
            }
        }
        let files = self.files(kind);
        if files.is_empty() {
            return (Outcome::Same, "there is no such file".to_owned());
        }
        let file = &files[rng.random_range(0..files.len())];
        let what = damage_to(file, damage, rng);
        let done = self.train(experiment, data, "run");
        let said = words(&done);
        let outcome = if done.status.code().is_none() {
            Outcome::Killed
        } else if !done.status.success() {
            Outcome::Refused
        } else if result(&run) == result(&self.path(whole)) {
            Outcome::Same
        } else if ["damaged", "lost", "cannot read"]
            .iter()
            .any(|word| said.contains(word))
        {
            Outcome::Said
        } else {
            Outcome::Silent
        };
        (outcome, format!("{what}: {said}"))
    }

    fn files(&self, kind: Kind) -> Vec<PathBuf> {
        let below = match kind {
            Kind::Pixels | Kind::Unpacked => files_below(&self.path("cache")),
            _ => files_below(&self.path("run")),
        };
        let is_wanted = |path: &PathBuf| {
            let path = path.to_string_lossy();
            match kind {
                Kind::Last => path.ends_with("/last.safetensors"),
                Kind::Best => path.ends_with("/best.safetensors"),
                Kind::PhaseBest => path.ends_with("/phase-best.safetensors"),
                Kind::Frozen => path.contains("/frozen-"),
                Kind::Pixels => path.contains("/pixels-") || path.contains("/files-"),
                Kind::Unpacked => path.contains("/unpacked/"),
            }
        };
        below.into_iter().filter(is_wanted).collect()
    }
}

/// Frozen layers first, then all; the first epoch of each phase is its best whatever comes.
/// Without epochs of the second there are many of the first.
fn experiment(data: &str, side: usize, classes: usize, epochs: usize) -> Experiment {
    let top = format!(
        r#"(name: "top", epochs: {epochs}, optimizer: Adam(learning_rate: 0.002), trainable_from: Some("flatten"))"#
    );
    let (all, top) = if epochs == 0 {
        (60, String::new())
    } else {
        (2, top)
    };
    let text = format!(
        r#"(
        format: 2, name: "damage", title: "Damage",
        dataset: (path: "{data}"),
        split: (validation: 0.3, test: 0.2, stratified: true, seed: 42),
        model: (
            name: "small", input: (height: {side}, width: {side}),
            preprocessing: (mean: (0.5, 0.5, 0.5), std: (0.5, 0.5, 0.5)), initialisation: Keras,
            layers: [
                (name: "conv1", kind: Conv2d(filters: 8, kernel: 3, padding: Same)),
                (name: "relu1", kind: Activation(Relu)),
                (name: "pool1", kind: MaxPool2d(size: 4, stride: 4)),
                (name: "flatten", kind: Flatten),
                (name: "fc", kind: Dense(units: {classes})),
            ],
        ),
        training: (
            phases: [
                (name: "all", epochs: {all}, optimizer: Adam(learning_rate: 0.002)),
                {top}
            ],
            batch_size: 16, seed: 7, precision: F32,
            early_stopping: Some((monitor: ValLoss, min_delta: 100.0, patience: 50, restore_best: true)),
        ),
    )"#
    );
    ron::from_str(&text).unwrap()
}

/// Everything that a run's numbers are, but the clock: history, steps, and the model's weights.
fn result(run: &Path) -> Option<(Vec<String>, String, Vec<u8>)> {
    let history = fs::read_to_string(run.join("history.csv")).ok()?;
    let without_clock = |line: &str| line.split(',').take(7).collect::<Vec<_>>().join(",");
    let history = history.lines().map(without_clock).collect();
    let steps = fs::read_to_string(run.join("steps.csv")).ok()?;
    let model = fs::read(run.join("model.safetensors")).ok()?;
    let tensors = safetensors::SafeTensors::deserialize(&model).ok()?;
    let mut names = tensors.names();
    names.sort_unstable();
    let arrays = names
        .into_iter()
        .flat_map(|name| tensors.tensor(name).unwrap().data().to_vec());
    Some((history, steps, arrays.collect()))
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.unwrap().success());
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let list = fs::read_dir(folder).into_iter().flatten();
    let each = list.flat_map(|entry| match entry.unwrap().path() {
        path if path.is_dir() => files_below(&path),
        path => vec![path],
    });
    let mut files: Vec<_> = each.collect();
    files.sort();
    files
}

fn damage_to(file: &Path, damage: Damage, rng: &mut ChaCha8Rng) -> String {
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let mut bytes = fs::read(file).unwrap();
    let at = rng.random_range(0..bytes.len().max(1));
    match damage {
        Damage::Flip if bytes.is_empty() => {}
        Damage::Flip => bytes[at] ^= 1 << rng.random_range(0..8),
        Damage::Cut => bytes.truncate(at),
        Damage::Delete => {
            fs::remove_file(file).unwrap();
            return format!("{name} deleted");
        }
    }
    fs::write(file, bytes).unwrap();
    format!("{name}, {damage:?} at {at}")
}

/// How often each outcome came.
#[derive(Default)]
struct Counts(BTreeMap<Outcome, usize>);

impl Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |outcome: &Outcome| match outcome {
            Outcome::Same => "the same numbers",
            Outcome::Said => "went on, said what is lost",
            Outcome::Refused => "stopped with a sentence",
            Outcome::Silent => "**other numbers, silently**",
            Outcome::Killed => "**ended by the system**",
        };
        let each = self.0.iter();
        let each: Vec<_> = each
            .map(|(o, count)| format!("{count} × {}", words(o)))
            .collect();
        f.write_str(&each.join(", "))
    }
}

#[test]
fn damaged_files_never_change_a_run_without_a_word() {
    let bench = Bench::new();
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    for kind in Kind::ALL {
        for damage in [Damage::Flip, Damage::Cut, Damage::Delete] {
            for _ in 0..FEW {
                let (outcome, words) = bench.try_once(kind, damage, &mut rng);
                let is_silent = matches!(outcome, Outcome::Silent | Outcome::Killed);
                assert!(!is_silent, "{kind:?}, {damage:?}, {outcome:?}: {words}");
            }
        }
    }
}

#[test]
fn a_cache_that_is_cut_while_it_is_trained_on_changes_no_number() {
    let (outcome, words) = Bench::new().cut_while_training();
    assert_eq!(outcome, Outcome::Same, "{words}");
}

#[test]
#[ignore = "several minutes; prints the table for docs/faults.md"]
fn table_of_damage() {
    let bench = Bench::new();
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    println!("| file | damage | what came of it | what is lost at most |");
    println!("|---|---|---|---|");
    for kind in Kind::ALL {
        for (damage, times) in [
            (Damage::Flip, MANY),
            (Damage::Cut, MANY / 3),
            (Damage::Delete, 1),
        ] {
            let mut counts = Counts::default();
            for _ in 0..times {
                let (outcome, words) = bench.try_once(kind, damage, &mut rng);
                eprintln!("{kind:?}: {outcome:?}: {words}");
                *counts.0.entry(outcome).or_default() += 1;
            }
            let (file, lost) = (kind.words(), kind.lost());
            println!("| {file} | {damage:?} | {counts} | {lost} |");
        }
    }
    let mut counts = Counts::default();
    counts.0.insert(bench.cut_while_training().0, 1);
    let (file, lost) = (Kind::Pixels.words(), Kind::Pixels.lost());
    println!("| {file} | Cut in the middle of a run | {counts} | {lost} |");
}
