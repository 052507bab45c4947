//! Judging a model from the command line: a model with two classes and one sigmoid unit, best and last weights of
//! runs, thresholds, per-file answers, and images from the web.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use crate::server::{Server, send, send_file, send_status};
use serde_json::Value;

struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn json(&self) -> Vec<Value> {
        assert_eq!(self.status, 0, "{}", self.stderr);
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn last(&self) -> Value {
        self.json().pop().unwrap()
    }

    /// It failed with `status` and one sentence that holds `part`.
    fn fails(&self, status: i32, part: &str) {
        assert_eq!(self.status, status, "{} {}", self.stdout, self.stderr);
        let sentence = self.stderr.lines().last().unwrap_or_default();
        assert!(sentence.contains(part), "{part:?} is not in: {sentence}");
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }
}

/// Cats and dogs in `data`, and a run of three epochs with one sigmoid unit in `run`.
struct Pets(PathBuf);

static PETS: LazyLock<Pets> = LazyLock::new(|| {
    // A static is never dropped: what an earlier call left is thrown away now.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("judging");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let pets = Pets(folder);
    assert_eq!(
        pets.run(&["generate", "pets", "--out", "data", "--count", "20"])
            .status,
        0
    );
    fs::write(pets.path("pets.ron"), EXPERIMENT).unwrap();
    let trained = pets.run(&[
        "train", "pets.ron", "--data", "data", "--out", "run", "--json",
    ]);
    assert_eq!(trained.status, 0, "{}", trained.stderr);
    pets
});

/// Long steps make the weights of the last epoch other ones than those of the best.
const EXPERIMENT: &str = r#"(
    format: 2, name: "pets", title: "Cats and dogs with one unit",
    dataset: (path: "data"),
    split: (validation: 0.3, test: 0.0, stratified: true, seed: 1),
    model: (
        name: "pets",
        input: (height: 24, width: 24), preprocessing: (mean: (0.5, 0.5, 0.5), std: (0.5, 0.5, 0.5)),
        initialisation: PyTorch,
        layers: [
            (name: "conv1", kind: Conv2d(filters: 4, kernel: 3)),
            (name: "relu1", kind: Activation(Relu)),
            (name: "flatten", kind: Flatten),
            (name: "fc", kind: Dense(units: 1)),
        ],
        head: Sigmoid(threshold: 0.6),
    ),
    training: (
        phases: [(epochs: 3, optimizer: Adam(learning_rate: 0.05))],
        batch_size: 8, seed: 3,
    ),
)"#;

impl Pets {
    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn run(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_convscope"));
        command.args(args.iter().map(OsString::from));
        command.current_dir(&self.0);
        command.env("CONVSCOPE_CACHE", self.path("cache"));
        command.env("CONVSCOPE_RUNS", self.path("runs"));
        command.env("CONVSCOPE_HOME", env!("CARGO_MANIFEST_DIR"));
        command.env("OMP_NUM_THREADS", "1");
        let output = command.output().unwrap();
        Ran {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn evaluate(&self, more: &[&str]) -> Ran {
        self.run(
            &[
                &["evaluate", "run", "--data", "data", "--split", "all"],
                more,
            ]
            .concat(),
        )
    }

    /// Some image of the set.
    fn image(&self) -> PathBuf {
        let folder = self.path("data/validation/cat");
        let mut files = fs::read_dir(folder).unwrap();
        files.next().unwrap().unwrap().path()
    }
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

#[test]
fn a_threshold_decides_without_changing_the_probabilities() {
    let own = PETS.evaluate(&["--json"]).last();
    assert_eq!(own["threshold"], 0.6, "the model's own");
    assert_eq!(own["classes"], serde_json::json!(["cat", "dog"]));
    // Everything is a dog from 0 on; nothing from 1 on but what is certain.
    let all_dogs = PETS.evaluate(&["--json", "--threshold", "0"]).last();
    assert_eq!(count(&all_dogs["confusion"][0][0]), 0);
    assert_eq!(count(&all_dogs["confusion"][1][0]), 0);
    assert_eq!(
        all_dogs["per_class"]["cat"]["precision"], 0.0,
        "zero_division=0"
    );
    assert_eq!(
        all_dogs["cross_table"]["pred"],
        serde_json::json!(["dog", "All"])
    );
    assert_eq!(
        all_dogs["cross_table"]["true"],
        serde_json::json!(["cat", "dog", "All"])
    );
    for (key, why) in [
        ("loss", "it knows no threshold"),
        ("images", "the same images"),
    ] {
        assert_eq!(all_dogs[key], own[key], "{why}");
    }
    for wrong in ["1.5", "-0.1", "nan", "half"] {
        let threshold = format!("--threshold={wrong}");
        PETS.evaluate(&[&threshold]).fails(2, "");
    }
}

#[test]
fn per_file_answers_stand_in_file_order_and_agree_with_the_report() {
    let lines = PETS
        .evaluate(&[
            "--json",
            "--per-file",
            "--threshold",
            "0.4",
            "--predictions",
            "p.csv",
        ])
        .json();
    let (report, files) = lines.split_last().unwrap();
    assert_eq!(files.len() as u64, count(&report["images"]));
    let mut confusion = [[0u64; 2]; 2];
    let class = |name: &Value| usize::from(name == "dog");
    for file in files {
        let dog = file["probabilities"]["dog"].as_f64().unwrap();
        let cat = file["probabilities"]["cat"].as_f64().unwrap();
        assert!((cat + dog - 1.0).abs() < 1e-6);
        assert_eq!(class(&file["predicted"]), usize::from(dog >= 0.4), "{file}");
        confusion[class(&file["actual"])][class(&file["predicted"])] += 1;
    }
    assert_eq!(report["confusion"], serde_json::json!(confusion));
    let mut reader = csv::Reader::from_path(PETS.path("p.csv")).unwrap();
    let headings = reader.headers().unwrap().iter().collect::<Vec<_>>();
    let expected = [
        "file",
        "actual",
        "predicted",
        "probability_cat",
        "probability_dog",
    ];
    assert_eq!(headings, expected);
    for (record, file) in reader.records().zip(files) {
        let record = record.unwrap();
        assert_eq!(
            [&record[0], &record[1], &record[2]].map(Value::from),
            [
                file["file"].clone(),
                file["actual"].clone(),
                file["predicted"].clone()
            ]
        );
        assert!(PETS.path(&record[0]).is_file());
    }
    // A run writes its samples down in the dataset's order.
    let mut reader = csv::Reader::from_path(PETS.path("run/split.csv")).unwrap();
    let listed = reader
        .records()
        .map(|record| format!("data/{}", &record.unwrap()[0]));
    let judged = files
        .iter()
        .map(|file| file["file"].as_str().unwrap().to_owned());
    assert_eq!(judged.collect::<Vec<_>>(), listed.collect::<Vec<_>>());
}

#[test]
fn the_text_has_scikit_learns_report_and_pandas_cross_table() {
    let ran = PETS.evaluate(&["--per-file"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let report = PETS.evaluate(&["--json"]).last();
    let four = |value: &Value| format!("{:.4}", value.as_f64().unwrap());
    let heading = "              precision    recall  f1-score   support";
    assert!(ran.stdout.contains(heading), "{}", ran.stdout);
    let images = count(&report["images"]);
    let accuracy = four(&report["accuracy"]);
    let line = format!("    accuracy{:25}{accuracy}{images:>10}", "");
    assert!(ran.stdout.contains(&line), "{line:?} in {}", ran.stdout);
    for (name, key) in [("   macro avg", "macro"), ("weighted avg", "weighted")] {
        let score = &report[key];
        let [precision, recall, f1] = ["precision", "recall", "f1"].map(|of| four(&score[of]));
        let line = format!("{name}     {precision}    {recall}    {f1}{images:>10}");
        assert!(ran.stdout.contains(&line), "{line:?} in {}", ran.stdout);
    }
    assert!(
        ran.stdout.contains("\nPred  cat  dog  All\nTrue\ncat "),
        "{}",
        ran.stdout
    );
    let files = ran
        .stdout
        .lines()
        .filter(|line| line.contains(".jpg"))
        .count();
    assert_eq!(files as u64, images);
}

#[test]
fn the_report_page_of_a_run_has_the_same_tables() {
    let page = fs::read_to_string(PETS.path("run/report.html")).unwrap();
    let args = [
        "evaluate",
        "run",
        "--data",
        "data",
        "--split",
        "validation",
        "--json",
    ];
    let report = PETS.run(&args).last();
    let cells = |key: &str| {
        let four = |of: &str| format!("<td>{:.4}</td>", report[key][of].as_f64().unwrap());
        ["precision", "recall", "f1"].map(four).concat()
    };
    let counts = report["cross_table"]["counts"].as_array().unwrap();
    let sums = counts.last().unwrap().as_array().unwrap();
    let sums: String = sums.iter().map(|sum| format!("<td>{sum}</td>")).collect();
    for part in [
        format!("<td>macro avg</td>{}", cells("macro")),
        format!("<td>weighted avg</td>{}", cells("weighted")),
        format!("<tr><th>All</th>{sums}</tr>"),
        "dog from a probability of 0.6 on".to_owned(),
    ] {
        assert!(page.contains(&part), "{part}");
    }
}

#[test]
fn last_and_best_weights_of_a_run_are_both_to_be_had() {
    let best = PETS.evaluate(&["--json"]).last();
    let last = PETS.evaluate(&["--json", "--weights", "last"]).last();
    assert_eq!(
        (&best["weights"], &last["weights"]),
        (&"best".into(), &"last".into())
    );
    assert_eq!(last["epoch"], 3);
    let history = fs::read_to_string(PETS.path("run/history.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(history.as_bytes());
    let headings = reader.headers().unwrap().clone();
    let column = headings.iter().position(|name| name == "val_loss").unwrap();
    let losses: Vec<f64> = reader
        .records()
        .map(|record| record.unwrap()[column].parse().unwrap())
        .collect();
    for (weights, epoch) in [("best", count(&best["epoch"])), ("last", 3)] {
        let args = [
            "evaluate",
            "run",
            "--data",
            "data",
            "--split",
            "validation",
            "--json",
        ];
        let report = PETS
            .run(&[&args[..], &["--weights", weights]].concat())
            .last();
        let expected = losses[epoch as usize - 1];
        let difference = report["loss"].as_f64().unwrap() - expected;
        assert!(
            difference.abs() < 1e-4,
            "{weights}: {difference} from {expected}"
        );
    }
    let file = [
        "evaluate",
        "run/model.safetensors",
        "--data",
        "data",
        "--weights",
        "last",
    ];
    PETS.run(&file).fails(2, "give the run's folder");

    // A run that was killed has no model, but its checkpoints.
    fs::create_dir_all(PETS.path("killed/checkpoints")).unwrap();
    for file in [
        "experiment.ron",
        "checkpoints/last.safetensors",
        "checkpoints/best.safetensors",
    ] {
        fs::copy(PETS.path("run").join(file), PETS.path("killed").join(file)).unwrap();
    }
    for (weights, whole) in [("best", &best), ("last", &last)] {
        let args = [
            "evaluate", "killed", "--data", "data", "--split", "all", "--json",
        ];
        let killed = PETS
            .run(&[&args[..], &["--weights", weights]].concat())
            .last();
        assert_eq!(&killed, whole, "{weights}");
    }
    fs::create_dir_all(PETS.path("nothing")).unwrap();
    PETS.run(&["evaluate", "nothing", "--data", "data"])
        .fails(1, "nothing");
}

#[test]
fn a_sigmoid_answer_has_one_logit_and_both_probabilities() {
    let image = PETS.image();
    let image = image.to_str().unwrap();
    let answer = PETS.run(&["predict", "run", image, "--json"]).last();
    let logits = answer["logits"].as_array().unwrap();
    assert_eq!(logits.len(), 1);
    let dog = 1.0 / (1.0 + (-logits[0].as_f64().unwrap()).exp());
    let found = |class: &str| answer["probabilities"][class].as_f64().unwrap();
    assert!((found("dog") - dog).abs() < 1e-5 && (found("cat") - 1.0 + dog).abs() < 1e-5);
    let class = if dog >= 0.6 { "dog" } else { "cat" };
    assert_eq!(answer["class"], class);
    assert_eq!(answer["probability"], answer["probabilities"][class]);

    fs::write(PETS.path("broken.png"), b"nothing").unwrap();
    let table = PETS.run(&["predict", "run", image, "broken.png", "--csv"]);
    let mut reader = csv::Reader::from_reader(table.stdout.as_bytes());
    let headings = reader.headers().unwrap().iter().collect::<Vec<_>>();
    let expected = [
        "file",
        "class",
        "probability",
        "probability_cat",
        "probability_dog",
        "logit",
        "error",
    ];
    assert_eq!(headings, expected);
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 2, "every line is as long as the heading");
    assert!(records[0][6].is_empty() && !records[1][6].is_empty());
}

#[test]
fn images_come_from_the_web_and_every_mishap_is_one_sentence() {
    let bytes = fs::read(PETS.image()).unwrap();
    let file = bytes.clone();
    let server = Server::start(move |asked, stream| match asked.path.as_str() {
        "/cat.jpg" => send_file(stream, asked, &file, "\"1\"", file.len()),
        "/moved" => send_status(stream, "302 Found", "Location: /cat.jpg\r\n"),
        "/page" => send_file(stream, asked, b"<!doctype html><p>Cats!", "\"2\"", 23),
        "/short" => send_file(stream, asked, &file, "\"3\"", file.len() / 2),
        "/huge" => send(
            stream,
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\nConnection: close\r\n\r\n",
        ),
        _ => send_status(stream, "404 Not Found", ""),
    });
    let image = PETS.image();
    let as_file = PETS
        .run(&["predict", "run", image.to_str().unwrap(), "--json"])
        .last();
    for path in ["/cat.jpg", "/moved"] {
        let url = server.url(path);
        let answer = PETS.run(&["predict", "run", &url, "--json"]).last();
        assert_eq!(answer["file"], url);
        assert_eq!(answer["logits"], as_file["logits"], "decoded like a file");
    }
    let mishaps = [
        (server.url("/gone"), "HTTP 404"),
        (
            server.url("/page"),
            "is not an image: it begins like an HTML page",
        ),
        (server.url("/short"), "did not send the whole image"),
        (server.url("/huge"), "is larger than"),
        ("http://127.0.0.1:1/a.png".into(), "cannot reach 127.0.0.1"),
        ("https://".into(), "the address https:// is not an address"),
    ];
    let urls: Vec<&str> = mishaps.iter().map(|(url, _)| url.as_str()).collect();
    let good = server.url("/cat.jpg");
    let lines = PETS
        .run(&[&["predict", "run", "--json", &good], &urls[..]].concat())
        .json();
    assert_eq!(lines.len(), 1 + mishaps.len(), "in order, one line each");
    for ((url, part), line) in mishaps.iter().zip(&lines[1..]) {
        assert_eq!(line["file"], url.as_str());
        let sentence = line["error"].as_str().unwrap();
        assert!(sentence.contains(part), "{url}: {sentence}");
        assert!(!sentence.contains('\n'), "{sentence}");
    }
}
