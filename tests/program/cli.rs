//! The command line as scripts use it: the real program, tiny data, exit statuses and the JSON contract.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::{
    ffi::{OsStr, OsString},
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

/// A folder for one test: data, caches and runs stay in it.
struct Sandbox(tempfile::TempDir);

struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    /// Every line of standard output as JSON: anything else there fails the test.
    fn json(&self) -> Vec<Value> {
        assert_eq!(self.status, 0, "{}", self.stderr);
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
            .collect()
    }

    fn last(&self) -> Value {
        self.json().pop().unwrap()
    }
}

macro_rules! args {
    ($($arg:expr),* $(,)?) => { vec![$(OsString::from($arg)),*] };
}

impl Sandbox {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: Vec<OsString>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_convscope"));
        command.args(args).current_dir(self.0.path());
        command
            .env("CONVSCOPE_CACHE", self.path("cache"))
            .env("CONVSCOPE_RUNS", self.path("runs"));
        command.env("CONVSCOPE_HOME", env!("CARGO_MANIFEST_DIR"));
        // Tests run side by side; threads that wait for each other only slow such tiny networks down.
        command.env("OMP_NUM_THREADS", "1");
        command
    }

    fn run(&self, args: Vec<OsString>) -> Ran {
        let output = self.command(args).output().unwrap();
        Ran {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// 3 × 12 shapes in `data` and an experiment for them at 32 px in `tiny.ron`.
    fn with_data(self) -> Self {
        assert_eq!(
            self.run(args![
                "generate", "shapes", "--out", "data", "--count", "12"
            ])
            .status,
            0
        );
        let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/recipes/shapes.ron");
        let text = fs::read_to_string(recipe).unwrap();
        let replaced = [
            ("name: \"shapes\",\n    title", "name: \"tiny\",\n    title"),
            ("datasets/shapes", "data"),
            ("validation: 0.3, test: 0.0", "validation: 0.25, test: 0.25"),
            ("height: 128, width: 128", "height: 32, width: 32"),
            ("epochs: 5", "epochs: 1"),
            ("batch_size: 50", "batch_size: 6"),
        ];
        let tiny = replaced.iter().fold(text, |text, (from, to)| {
            assert!(text.contains(from), "the recipe has no {from}");
            text.replace(from, to)
        });
        fs::write(self.path("tiny.ron"), tiny).unwrap();
        self
    }

    /// A model trained for one epoch, in `run`.
    fn with_model(self) -> Self {
        let sandbox = self.with_data();
        assert_eq!(
            sandbox
                .run(args!["train", "tiny.ron", "--out", "run"])
                .status,
            0
        );
        sandbox
    }
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

fn assert_has(value: &Value, fields: &[&str]) {
    for field in fields {
        assert!(value.get(field).is_some(), "no {field} in {value}");
    }
}

#[test]
fn recipes_and_generated_sets_are_what_they_say() {
    let sandbox = Sandbox::new();
    let recipes = sandbox.run(args!["recipes", "--json"]).json();
    let shapes = recipes
        .iter()
        .find(|recipe| recipe["name"] == "shapes")
        .unwrap();
    assert_eq!(keys(shapes), ["name", "title", "dataset", "phases"]);

    let made = sandbox
        .run(args![
            "--json", "generate", "shapes", "--out", "a", "--seed", "7", "--count", "2"
        ])
        .last();
    assert_eq!(made["images"], 6);
    assert_eq!(
        made["classes"],
        serde_json::json!(["circle", "square", "triangle"])
    );
    sandbox.run(args![
        "generate", "shapes", "--out", "b", "--seed", "7", "--count", "2"
    ]);
    sandbox.run(args![
        "generate", "shapes", "--out", "c", "--seed", "8", "--count", "2"
    ]);
    let bytes = |set: &str| fs::read(sandbox.path(set).join("square/square_001.png")).unwrap();
    assert_eq!(bytes("a"), bytes("b"), "same seed, same images");
    assert_ne!(bytes("a"), bytes("c"), "another seed, other images");
}

#[test]
fn cells_are_one_archive_and_pets_are_split_folders() {
    let sandbox = Sandbox::new();
    let cells = sandbox
        .run(args![
            "--json",
            "generate",
            "cells",
            "--out",
            "blood.npz",
            "--count",
            "3"
        ])
        .last();
    assert_eq!(keys(&cells), ["out", "images", "classes"]);
    assert_eq!(
        (&cells["out"], &cells["images"]),
        (&"blood.npz".into(), &24.into())
    );
    assert_eq!(cells["classes"][7], "platelet");
    assert!(sandbox.path("blood.npz").is_file());

    let pets = sandbox
        .run(args![
            "--json", "generate", "pets", "--out", "pets", "--seed", "4", "--count", "3"
        ])
        .last();
    assert_eq!(pets["images"], 6);
    assert_eq!(pets["classes"], serde_json::json!(["cat", "dog"]));
    for file in ["train/cat/cat.0001.jpg", "test/dog/dog.0003.jpg"] {
        assert!(sandbox.path("pets").join(file).is_file(), "{file}");
    }
}

#[test]
fn a_summary_has_the_counts_that_the_notebooks_print() {
    let sandbox = Sandbox::new();
    let cases = [
        (
            "recipe 7 trains everything",
            "catdog-basic",
            [4_791_809, 4_791_809, 0],
        ),
        (
            "recipe 8 trains its head alone",
            "catdog-vgg16",
            [16_812_353, 2_097_665, 14_714_688],
        ),
    ];
    for (why, recipe, expected) in cases {
        let mut lines = sandbox.run(args!["summary", recipe, "--json"]).json();
        let counts = lines.pop().unwrap();
        let found = ["total", "trainable", "frozen"].map(|key| counts[key].as_u64().unwrap());
        assert_eq!(found, expected, "{why}");
        let frozen = lines
            .iter()
            .filter(|line| line["trainable"] == false)
            .count();
        assert_eq!(
            frozen,
            usize::from(expected[2] > 0),
            "{why}: the base is one layer"
        );
    }
}

#[test]
fn a_summary_adds_up() {
    let sandbox = Sandbox::new();
    let mut lines = sandbox.run(args!["summary", "shapes", "--json"]).json();
    let last = lines.pop().unwrap();
    assert_eq!(
        last,
        serde_json::json!({ "total": 77_991, "trainable": 77_991, "frozen": 0 })
    );
    assert_eq!(lines.len(), 12);
    assert_has(
        &lines[0],
        &[
            "index",
            "name",
            "kind",
            "output_shape",
            "parameters",
            "trainable",
        ],
    );
    assert_eq!(
        (&lines[0]["index"], &lines[0]["kind"]),
        (&1.into(), &"Conv2d".into())
    );
    assert_eq!(lines[0]["output_shape"], serde_json::json!([12, 128, 128]));
    let sum: u64 = lines
        .iter()
        .map(|line| line["parameters"].as_u64().unwrap())
        .sum();
    assert_eq!(sum, 77_991);
    let text = sandbox.run(args!["summary", "shapes"]);
    assert!(text.stdout.contains("Conv2d 12 @ 3×3 same") && text.stdout.contains("77,991"));
}

#[test]
fn training_reports_epochs_and_leaves_a_model_that_evaluates_the_same() {
    let sandbox = Sandbox::new().with_data();
    let ran = sandbox.run(args![
        "train",
        "tiny.ron",
        "--epochs",
        "2",
        "--threads",
        "1",
        "--precision",
        "f32",
        "--device",
        "cpu",
        "--json"
    ]);
    let lines = ran.json();
    assert_eq!(lines.len(), 3, "two epochs and the end");
    let fields = [
        "epoch",
        "phase",
        "train_loss",
        "train_accuracy",
        "val_loss",
        "val_accuracy",
        "learning_rate",
        "images_per_sec",
        "seconds",
        "train_penalty",
        "val_penalty",
    ];
    assert_eq!(keys(&lines[0]), fields);
    let end = &lines[2];
    assert_has(
        end,
        &[
            "outcome",
            "best_epoch",
            "val_accuracy",
            "test_accuracy",
            "model",
            "run",
        ],
    );
    assert_eq!(end["outcome"], "completed");
    let best = end["best_epoch"].as_u64().unwrap() as usize;
    assert_eq!(end["val_accuracy"], lines[best - 1]["val_accuracy"]);
    let run = PathBuf::from(end["run"].as_str().unwrap());
    assert_eq!(
        run,
        sandbox.path("runs/tiny"),
        "the default place, after the experiment's name"
    );
    for file in [
        "experiment.ron",
        "history.csv",
        "steps.csv",
        "report.html",
        "curves.png",
        "confusion_matrix.png",
    ] {
        assert!(run.join(file).is_file(), "{file}");
    }

    let evaluate = |split: &str| {
        sandbox
            .run(args![
                "evaluate", &run, "--data", "data", "--split", split, "--json"
            ])
            .last()
    };
    let validation = evaluate("validation");
    assert_eq!(validation["accuracy"], end["val_accuracy"]);
    let loss = (validation["loss"].as_f64().unwrap()
        - lines[best - 1]["val_loss"].as_f64().unwrap())
    .abs();
    assert!(loss < 1e-5, "{loss}");
    assert_eq!(evaluate("test")["accuracy"], end["test_accuracy"]);
    let images = ["train", "validation", "test", "all"]
        .map(|split| evaluate(split)["images"].as_u64().unwrap());
    assert_eq!(images, [18, 9, 9, 36]);

    let again = sandbox
        .run(args![
            "train",
            &run.join("experiment.ron"),
            "--out",
            &run,
            "--json"
        ])
        .last();
    assert_eq!(
        again["run"].as_str().unwrap(),
        sandbox.path("runs/tiny-2").to_str().unwrap(),
        "no run is overwritten"
    );
}

#[test]
fn a_run_is_decided_by_its_seed() {
    let sandbox = Sandbox::new().with_data();
    let losses = |seed: &str| {
        let line = sandbox
            .run(args![
                "train",
                "tiny.ron",
                "--seed",
                seed,
                "--threads",
                "1",
                "--json"
            ])
            .json()
            .remove(0);
        (
            line["train_loss"].as_f64().unwrap(),
            line["val_loss"].as_f64().unwrap(),
        )
    };
    let first = losses("5");
    assert_eq!(first, losses("5"));
    assert_ne!(first, losses("6"));
}

#[test]
fn evaluation_is_consistent_and_writes_its_predictions() {
    let sandbox = Sandbox::new().with_model();
    let report = sandbox
        .run(args![
            "evaluate",
            "run/model.safetensors",
            "--data",
            "data",
            "--split",
            "all",
            "--predictions",
            "p.csv",
            "--json"
        ])
        .last();
    assert_has(
        &report,
        &[
            "accuracy",
            "loss",
            "per_class",
            "macro",
            "weighted",
            "confusion",
            "classes",
        ],
    );
    assert_eq!(keys(&report["per_class"]), ["circle", "square", "triangle"]);
    assert_eq!(
        keys(&report["per_class"]["circle"]),
        ["precision", "recall", "f1", "support"]
    );
    assert_eq!(report["per_class"]["square"]["support"], 12);

    let mut counted = vec![vec![0u64; 3]; 3];
    let classes = ["circle", "square", "triangle"];
    let place = |name: &str| classes.iter().position(|class| *class == name).unwrap();
    let mut reader = csv::Reader::from_path(sandbox.path("p.csv")).unwrap();
    assert_eq!(
        reader.headers().unwrap().iter().take(4).collect::<Vec<_>>(),
        ["file", "actual", "predicted", "probability_circle"]
    );
    for row in reader.records() {
        let row = row.unwrap();
        assert!(sandbox.path(&row[0]).is_file(), "{}", &row[0]);
        counted[place(&row[1])][place(&row[2])] += 1;
        let sum: f64 = (3..6)
            .map(|column| row[column].parse::<f64>().unwrap())
            .sum();
        assert!((sum - 1.0).abs() < 1e-5);
    }
    assert_eq!(report["confusion"], serde_json::json!(counted));
    assert!(
        sandbox
            .run(args!["evaluate", "run", "--data", "data"])
            .stdout
            .contains("weighted")
    );

    // Other classes, and a model whose split has no test part.
    fs::rename(sandbox.path("data/circle"), sandbox.path("data/ring")).unwrap();
    let foreign = sandbox.run(args!["evaluate", "run", "--data", "data"]);
    assert_eq!(foreign.status, 1);
    assert!(
        foreign.stderr.contains("circle, square, triangle") && foreign.stderr.contains("ring"),
        "{}",
        foreign.stderr
    );
    fs::rename(sandbox.path("data/ring"), sandbox.path("data/circle")).unwrap();
    let text = fs::read_to_string(sandbox.path("tiny.ron"))
        .unwrap()
        .replace("test: 0.25", "test: 0.0");
    fs::write(sandbox.path("tiny.ron"), text).unwrap();
    assert_eq!(
        sandbox
            .run(args!["train", "tiny.ron", "--out", "without", "--json"])
            .last()["test_accuracy"],
        Value::Null
    );
    let empty = sandbox.run(args!["evaluate", "without", "--data", "data"]);
    assert_eq!(empty.status, 1);
    assert!(
        empty.stderr.contains("--split validation or --split all"),
        "{}",
        empty.stderr
    );
}

#[test]
fn predictions_come_in_order_and_survive_broken_files() {
    let sandbox = Sandbox::new().with_model();
    fs::write(sandbox.path("broken.png"), b"not a picture").unwrap();
    fs::create_dir_all(sandbox.path("more/deep")).unwrap();
    for (from, to) in [
        ("circle/circle_000.png", "more/2.png"),
        ("square/square_000.png", "more/10.png"),
        ("square/square_001.png", "more/deep/1.png"),
    ] {
        fs::copy(sandbox.path("data").join(from), sandbox.path(to)).unwrap();
    }
    fs::write(sandbox.path("more/notes.txt"), b"").unwrap();

    let lines = sandbox
        .run(args![
            "predict",
            "run",
            "broken.png",
            "more",
            "missing.png",
            "--json"
        ])
        .json();
    let files: Vec<String> = lines
        .iter()
        .map(|line| line["file"].as_str().unwrap().replace('\\', "/"))
        .collect();
    assert_eq!(
        files,
        [
            "broken.png",
            "more/2.png",
            "more/10.png",
            "more/deep/1.png",
            "missing.png"
        ]
    );
    for (line, is_broken) in lines.iter().zip([true, false, false, false, true]) {
        assert_eq!(line.get("error").is_some(), is_broken, "{line}");
        if !is_broken {
            assert_eq!(
                keys(line),
                ["file", "class", "probability", "probabilities", "logits"]
            );
            let best = line["class"].as_str().unwrap();
            assert_eq!(line["probability"], line["probabilities"][best]);
            assert_eq!(line["logits"].as_array().unwrap().len(), 3);
        }
    }
    let csv = sandbox.run(args!["predict", "run", "more", "broken.png", "--csv"]);
    assert_eq!(
        (csv.status, csv.stdout.lines().count()),
        (0, 5),
        "a heading and four files"
    );
    let text = sandbox.run(args!["predict", "run", "more", "broken.png"]);
    assert_eq!((text.status, text.stdout.lines().count()), (0, 3));
    assert!(text.stderr.contains("broken.png"));
    assert_eq!(
        sandbox
            .run(args!["predict", "run", "broken.png", "missing.png"])
            .status,
        1,
        "nothing could be classified"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn paths_that_are_not_utf8_are_read_and_shown_escaped() {
    use std::os::unix::ffi::OsStrExt as _;
    let sandbox = Sandbox::new().with_model();
    let odd = |bytes: &[u8]| OsStr::from_bytes(bytes).to_os_string();
    fs::copy(
        sandbox.path("data/circle/circle_000.png"),
        sandbox.0.path().join(odd(b"caf\xe9 \n.png")),
    )
    .unwrap();
    let line = sandbox
        .run(args!["predict", "run", odd(b"caf\xe9 \n.png"), "--json"])
        .last();
    assert_eq!(line["file"], "caf\\xe9 \n.png");
    assert_has(&line, &["class"]);

    fs::rename(sandbox.path("data"), sandbox.0.path().join(odd(b"d\xff"))).unwrap();
    let end = sandbox
        .run(args![
            "train",
            "tiny.ron",
            "--data",
            odd(b"d\xff"),
            "--out",
            odd(b"r\xff"),
            "--json"
        ])
        .last();
    assert_eq!(end["run"], "r\\xff");
    assert!(
        sandbox
            .0
            .path()
            .join(odd(b"r\xff"))
            .join("model.safetensors")
            .is_file()
    );
}

#[test]
fn inspections_are_written_as_pictures_and_arrays() {
    let sandbox = Sandbox::new().with_model();
    let image = "data/triangle/triangle_000.png";
    let cases: [(Vec<OsString>, &str, &str, Vec<u64>); 8] = [
        (
            args!["--what", "filters"],
            "o.png",
            "conv1",
            vec![12, 3, 3, 3],
        ),
        (
            args!["--what", "filters", "--layer", "7"],
            "o.npy",
            "conv3",
            vec![24, 12, 3, 3],
        ),
        (
            args![image, "--what", "feature-maps", "--layer", "relu2"],
            "o.png",
            "relu2",
            vec![12, 8, 8],
        ),
        (
            args![image, "--what", "feature-maps", "--layer", "relu2"],
            "o.npy",
            "relu2",
            vec![12, 8, 8],
        ),
        (
            args![image, "--what", "feature-maps", "--layer", "fc"],
            "o.png",
            "fc",
            vec![3],
        ),
        (
            args![image, "--what", "feature-maps", "--layer", "fc"],
            "o.npy",
            "fc",
            vec![3],
        ),
        (
            args!["--what", "maximise", "--class", "square", "--seed", "1"],
            "o.png",
            "fc",
            vec![3, 32, 32],
        ),
        (
            args!["--what", "maximise", "--layer", "conv2", "--unit", "3"],
            "o.npy",
            "conv2",
            vec![3, 32, 32],
        ),
    ];
    for (what, out, layer, shape) in cases {
        let mut line = args!["inspect", "run"];
        line.extend(what.iter().cloned().chain(args!["--out", out, "--json"]));
        let end = sandbox.run(line).last();
        let maximises = what.contains(&"maximise".into());
        assert_eq!((&end["out"], &end["layer"]), (&out.into(), &layer.into()));
        assert_eq!(end["shape"], serde_json::json!(shape), "{what:?}");
        assert_eq!(end.get("score").is_some(), maximises, "{what:?}");
        if out == "o.png" {
            let picture = image::open(sandbox.path(out)).unwrap().into_rgb8();
            let first = picture.get_pixel(0, 0);
            assert!(
                picture.width() >= 32 && picture.pixels().any(|pixel| pixel != first),
                "{what:?}"
            );
            continue;
        }
        let bytes = fs::read(sandbox.path(out)).unwrap();
        let array = npyz::NpyFile::new(&bytes[..]).unwrap();
        assert_eq!(array.shape(), shape);
        let values: Vec<f32> = array.into_vec().unwrap();
        assert!(values.iter().all(|value| value.is_finite()), "{what:?}");
        assert!(
            !maximises || values.iter().all(|value| (0.0..=1.0).contains(value)),
            "{what:?}"
        );
    }
}

#[test]
fn wrong_usage_and_failures_have_their_own_statuses() {
    let sandbox = Sandbox::new().with_model();
    let image = "data/circle/circle_000.png";
    let usage: [Vec<OsString>; 14] = [
        args!["no-such-command-or-file"],
        args!["--json"],
        args!["train"],
        args!["train", "shapes", "--epochs", "0"],
        args!["train", "shapes", "--precision", "f16"],
        args!["train", "shapes", "--device", "cuda"],
        args!["train", "shapes", "--resume"],
        args!["generate", "clouds", "--out", "x"],
        args!["predict", "run", image, "--csv", "--json"],
        args!["inspect", "run", "--what", "saliency", "--out", "o.png"],
        args!["inspect", "run", "--what", "filters", "--out", "o.jpg"],
        args!["inspect", "run", "--what", "feature-maps", "--out", "o.png"],
        args!["inspect", "run", "--what", "maximise", "--out", "o.png"],
        args![
            "inspect", "run", image, "--what", "filters", "--out", "o.png"
        ],
    ];
    for line in usage {
        let ran = sandbox.run(line.clone());
        assert_eq!(ran.status, 2, "{line:?}: {}", ran.stderr);
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{line:?}");
    }
    fs::create_dir(sandbox.path("empty")).unwrap();
    let failures: [(Vec<OsString>, &str); 10] = [
        (args!["train", "shaeps"], "shaeps"),
        (args!["train", "tiny.ron", "--data", "nowhere"], "nowhere"),
        (args!["train", "tiny.ron", "--data", "empty"], "empty"),
        (args!["train", image], "circle_000.png"),
        (
            args!["summary", "missing.safetensors"],
            "missing.safetensors",
        ),
        (args!["evaluate", "run", "--data", "data/circle"], "circle"),
        (
            args![
                "inspect", "run", "--what", "filters", "--layer", "fc", "--out", "o.png"
            ],
            "conv1, conv2, conv3",
        ),
        (
            args![
                "inspect", "run", "--what", "maximise", "--class", "star", "--out", "o.png"
            ],
            "circle, square, triangle",
        ),
        (
            args![
                "inspect", "run", "--what", "maximise", "--layer", "conv1", "--unit", "99",
                "--out", "o.png"
            ],
            "99",
        ),
        (
            args![
                "inspect",
                "run",
                "--what",
                "filters",
                "--out",
                "no/such/folder.png"
            ],
            "folder.png",
        ),
    ];
    for (line, part) in failures {
        let ran = sandbox.run(line.clone());
        assert_eq!(ran.status, 1, "{line:?}: {}", ran.stderr);
        assert_one_sentence(&ran, part);
    }
}

/// Nothing on standard output, and one line on standard error that holds `part`.
fn assert_one_sentence(ran: &Ran, part: &str) {
    assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(
        ran.stderr.starts_with("convscope: ") && ran.stderr.contains(part),
        "{part}: {}",
        ran.stderr
    );
}

/// `bytes` with the first `from` replaced by `to` of the same length.
fn patched(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes
        .windows(from.len())
        .position(|window| window == from.as_bytes());
    let at = at.unwrap_or_else(|| panic!("the file has no {from}"));
    [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
}

#[test]
fn damaged_model_files_give_one_sentence_with_their_name() {
    let sandbox = Sandbox::new().with_model();
    let good = fs::read(sandbox.path("run/model.safetensors")).unwrap();
    let (_, header) = safetensors::SafeTensors::read_metadata(&good).unwrap();
    assert_eq!(
        header.metadata().as_ref().unwrap()["format"],
        "convscope-model"
    );
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 0x40;
    let mut absurd = good.clone();
    absurd[..8].fill(0xff);
    let view =
        safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![1], &[0; 4]).unwrap();
    let foreign = safetensors::serialize([("weight", view)], None).unwrap();
    let cases: [(&str, Vec<u8>, &str); 10] = [
        ("empty", Vec::new(), "not a whole safetensors file"),
        ("stub", good[..5].to_vec(), "not a whole safetensors file"),
        (
            "cut in the header",
            good[..200].to_vec(),
            "not a whole safetensors file",
        ),
        (
            "cut in the weights",
            good[..good.len() - 10].to_vec(),
            "not a whole safetensors file",
        ),
        ("absurd header", absurd, "not a whole safetensors file"),
        (
            "text",
            b"hello, this is not a model".to_vec(),
            "not a whole safetensors file",
        ),
        ("foreign", foreign, "not a Convscope model"),
        (
            "newer",
            patched(&good, "\"version\":\"2\"", "\"version\":\"9\""),
            "update Convscope",
        ),
        ("other weights", flipped, "changed or damaged"),
        (
            "other preprocessing",
            patched(&good, "mean:(0.5,", "mean:(0.1,"),
            "changed or damaged",
        ),
    ];
    for (why, bytes, part) in cases {
        let file = format!("{why}.safetensors");
        fs::write(sandbox.path(&file), bytes).unwrap();
        for line in [
            args!["summary", &file],
            args!["predict", &file, "data/circle/circle_000.png", "--json"],
        ] {
            let ran = sandbox.run(line);
            assert_eq!(ran.status, 1, "{why}");
            assert_one_sentence(&ran, &file);
            assert!(ran.stderr.contains(part), "{why}: {}", ran.stderr);
        }
    }
    assert_eq!(
        sandbox
            .run(args!["summary", "run/model.safetensors"])
            .status,
        0
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_gently_and_keeps_the_best_weights() {
    let sandbox = Sandbox::new().with_data();
    let mut child = sandbox
        .command(args![
            "train", "tiny.ron", "--epochs", "100000", "--out", "run", "--json"
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("\"epoch\":1"));
    assert!(
        Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    let end: Value = serde_json::from_str(&lines.map(Result::unwrap).last().unwrap()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(end["outcome"], "stopped");
    assert!(end["best_epoch"].as_u64().unwrap() >= 1);
    let kept = sandbox
        .run(args![
            "evaluate",
            "run",
            "--data",
            "data",
            "--split",
            "validation",
            "--json"
        ])
        .last();
    assert_eq!(kept["accuracy"], end["val_accuracy"]);
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let sandbox = Sandbox::new().with_model();
    let mut child = sandbox
        .command(args!["predict", "run", "data", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn the_real_shapes_train() {
    let Some(real) = std::env::var_os("CONVSCOPE_REAL_DATA") else {
        eprintln!("not run: CONVSCOPE_REAL_DATA is not set");
        return;
    };
    let data = Path::new(&real).join("shapes");
    let sandbox = Sandbox::new();
    let lines = sandbox
        .run(args![
            "train", "shapes", "--data", &data, "--epochs", "1", "--out", "run", "--json"
        ])
        .json();
    assert!(
        lines[0]["val_loss"].as_f64().unwrap() < 1.2,
        "no worse than guessing: {}",
        lines[0]
    );
    let report = sandbox
        .run(args![
            "evaluate", "run", "--data", &data, "--split", "all", "--json"
        ])
        .last();
    for class in ["circle", "square", "triangle"] {
        assert_eq!(report["per_class"][class]["support"], 400, "{class}");
    }
}

#[test]
fn models_and_runs_are_exported_and_reported() {
    let sandbox = Sandbox::new().with_model();
    let model = sandbox.path("run/model.safetensors");
    for (of, to, out, difference) in [
        (
            "run/model.safetensors",
            "safetensors",
            "m.safetensors",
            Some(0.0),
        ),
        ("run", "safetensors", "n.safetensors", Some(0.0)),
        ("run", "history", "h.csv", None),
        ("run", "curves", "c.png", None),
        ("run", "experiment", "e.ron", None),
        ("run", "layers", "l.ron", None),
        ("run/model.safetensors", "changes", "d.ron", None),
        ("run", "predictions", "p.csv", None),
        ("run", "confusion-matrix", "x.png", None),
        ("run", "report", "page.html", None),
    ] {
        let told = sandbox
            .run(args!["export", of, "--to", to, "--out", out, "--json"])
            .last();
        assert_eq!(keys(&told), ["out", "max_difference"]);
        assert_eq!(
            (&told["out"], told["max_difference"].as_f64()),
            (&out.into(), difference)
        );
        assert!(fs::metadata(sandbox.path(out)).unwrap().len() > 0, "{to}");
    }
    let same =
        |one: &Path, other: &str| fs::read(one).unwrap() == fs::read(sandbox.path(other)).unwrap();
    for copy in ["m.safetensors", "n.safetensors"] {
        assert!(fs::read(&model).unwrap().len() == fs::read(sandbox.path(copy)).unwrap().len());
    }
    let run = sandbox.path("run");
    assert!(same(&run.join("history.csv"), "h.csv"));
    // What the run itself wrote at its end, from what was still in its memory.
    for (file, out) in [
        ("report.html", "page.html"),
        ("curves.png", "c.png"),
        ("confusion_matrix.png", "x.png"),
    ] {
        assert!(same(&run.join(file), out), "{file}");
    }
    let told = sandbox
        .run(args!["report", "run", "--out", "told", "--json"])
        .last();
    assert_eq!(keys(&told), ["out"]);
    for entry in fs::read_dir(sandbox.path("told")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_owned();
        assert!(
            same(&path, run.join(name).to_str().unwrap()),
            "{}",
            path.display()
        );
    }
    assert!(sandbox.path("told/report.html").is_file());

    for (why, of, to, out, status, words) in [
        (
            "a model has no epochs",
            "run/model.safetensors",
            "history",
            "q",
            1,
            "the folder of a run",
        ),
        (
            "which dataset?",
            "run/model.safetensors",
            "predictions",
            "q",
            2,
            "--data",
        ),
        ("no such format", "run", "parquet", "q", 2, "parquet"),
        ("no run", "data", "history", "q", 1, "data"),
        (
            "nowhere",
            "run",
            "history",
            "nowhere/at/all/q",
            1,
            "nowhere",
        ),
    ] {
        let ran = sandbox.run(args!["export", of, "--to", to, "--out", out]);
        assert_eq!(ran.status, status, "{why}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{why}: {}", ran.stderr);
        assert!(!sandbox.path(out).exists(), "{why}");
    }
}
