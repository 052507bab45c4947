//! What is done to `train` and its relatives, and what they say: images that cannot be read, a set that is moved away,
//! thin classes, signals, too little memory, paths that are not there, runs that are taken up with something else. The
//! real program, tiny data.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use convscope::{
    data::SplitConfig,
    train::{DataReport, Experiment, recipes, run_folder},
};
use serde_json::Value;

/// More than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);
const CLASSES: [&str; 3] = ["circle", "square", "triangle"];

struct Sandbox(tempfile::TempDir);

struct Ran {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ran {
    /// The last line of standard output.
    fn last(&self) -> Value {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        serde_json::from_str(self.stdout.lines().last().unwrap()).unwrap()
    }

    /// The one sentence that says why it failed.
    fn refusal(&self) -> &str {
        assert_eq!(self.status, Some(1), "{}\n{}", self.stdout, self.stderr);
        let last = self.stderr.lines().last().unwrap();
        last.strip_prefix("convscope: ")
            .unwrap_or_else(|| panic!("{}", self.stderr))
    }
}

impl Sandbox {
    /// `count` images of each of three classes in `data`, and the experiment `run.ron` for them.
    fn new(count: usize, change: impl FnOnce(&mut Experiment)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        convscope::data::generate::generate_shapes(&data, 1, count, &mut |_, _| {}).unwrap();
        let mut experiment = recipes::find(Path::new("shapes")).unwrap();
        experiment.dataset.path = "data".into();
        (experiment.model.input.height, experiment.model.input.width) = (32, 32);
        experiment.training.batch_size = 6;
        experiment.training.set_epochs(1);
        experiment.split = SplitConfig {
            validation: 0.25,
            ..SplitConfig::default()
        };
        change(&mut experiment);
        fs::write(folder.path().join("run.ron"), experiment.to_ron().unwrap()).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn images(&self, class: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path("data").join(class)).unwrap();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    fn prepared(&self, mut command: Command) -> Command {
        command
            .current_dir(self.0.path())
            .env("CONVSCOPE_HOME", env!("CARGO_MANIFEST_DIR"))
            .env("CONVSCOPE_CACHE", self.path("cache"))
            .env("CONVSCOPE_EDITS", self.path("edits"))
            .env("CONVSCOPE_RUNS", self.path("runs"))
            .env("OMP_NUM_THREADS", "1")
            .env("RAYON_NUM_THREADS", "1");
        command
    }

    fn command(&self, words: &str) -> Command {
        let program = env!("CARGO_BIN_EXE_convscope");
        // Who begins the tests with nohup means the tests, not this program.
        let mut command = if cfg!(target_os = "linux") {
            let mut command = Command::new("env");
            command.args(["--default-signal=HUP", program]);
            command
        } else {
            Command::new(program)
        };
        command.args(words.split_whitespace());
        self.prepared(command)
    }

    /// The program with `words`, begun by a shell that does `before` first.
    fn in_shell(&self, before: &str, words: &str) -> Command {
        let mut command = Command::new("sh");
        let program = env!("CARGO_BIN_EXE_convscope");
        command
            .arg("-c")
            .arg(format!("{before}; exec '{program}' {words}"));
        self.prepared(command)
    }

    fn run(&self, words: &str) -> Ran {
        ran(self.command(words))
    }
}

fn ran(mut command: Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        status: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn contains_all(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
}

#[test]
fn a_class_that_cannot_be_read_stops_and_can_be_accepted() {
    let sandbox = Sandbox::new(12, |_| {});
    for file in sandbox.images("square") {
        fs::write(file, b"not an image").unwrap();
    }
    let stopped = sandbox.run("train run.ron --out run --json");
    contains_all(
        stopped.refusal(),
        &[
            "12 images of 36 (33.3 %)",
            "every image of class square",
            "square/",
            "--accept-losses",
            "other 24",
        ],
    );
    assert!(!sandbox.path("run").exists(), "nothing began");

    let accepted = sandbox.run("train run.ron --out run --json --accept-losses");
    let last = accepted.last();
    assert_eq!(
        (&last["unreadable"], &last["left_out"]),
        (&12.into(), &0.into()),
        "{last}"
    );
    contains_all(
        &accepted.stderr,
        &["12 images of 36", "no image to train on of square"],
    );
    // It stays with the run.
    let report = DataReport::load(&sandbox.path("run"));
    assert_eq!(
        (report.left_out.unreadable, report.left_out.images),
        (12, 36)
    );
    assert_eq!(report.left_out.lost_classes, ["square"]);
    contains_all(
        &fs::read_to_string(sandbox.path("run/report.html")).unwrap(),
        &["12 images of 36 (33.3 %)", "no image to train on of square"],
    );
    // And evaluate counts the same.
    let evaluated = sandbox.run("evaluate run --data data --split all --json");
    assert_eq!(evaluated.last()["unreadable"], 12);
    assert_eq!(evaluated.last()["images"], 24);
    let text = sandbox.run("evaluate run --data data --split all");
    contains_all(&text.stdout, &["12 images of 36"]);
    // What was accepted when it began is not asked about again.
    let resumed = sandbox.run("train run.ron --out run --json --resume --epochs 2");
    assert_eq!(resumed.last()["unreadable"], 12);
}

#[test]
fn one_image_in_a_hundred_is_counted_and_no_more_is_passed_over() {
    let sandbox = Sandbox::new(50, |_| {});
    fs::write(sandbox.images("circle")[3].clone(), b"").unwrap();
    fs::write(sandbox.path("data/circle/notes.txt"), b"notes").unwrap();
    let last = sandbox.run("train run.ron --out run --json").last();
    assert_eq!(
        (&last["unreadable"], &last["left_out"]),
        (&1.into(), &1.into()),
        "{last}"
    );
    fs::write(sandbox.images("square")[3].clone(), b"").unwrap();
    let stopped = sandbox.run("train run.ron --out other --json");
    contains_all(
        stopped.refusal(),
        &["2 images of 150 (1.3 %)", "--accept-losses"],
    );
}

#[test]
fn a_set_that_is_moved_while_it_is_decoded_is_no_smaller_set() {
    let sandbox = Sandbox::new(400, |_| {});
    let cached = |folder: &Path| -> u64 {
        let files = fs::read_dir(folder.join("pixels-2/32x32-stretch"));
        let files = files.into_iter().flatten().flatten();
        files
            .map(|file| file.metadata().map_or(0, |about| about.len()))
            .sum()
    };
    // A very busy machine may not move it in time; then nothing was lost, and it is tried again.
    for attempt in 0..20 {
        let cache = sandbox.path(&format!("cache{attempt}"));
        let mut command = sandbox.command("train run.ron --out run --json");
        command.env("CONVSCOPE_CACHE", &cache);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let start = Instant::now();
        while cached(&cache) == 0 && child.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < PATIENCE);
            sleep(Duration::from_millis(1));
        }
        fs::rename(sandbox.path("data"), sandbox.path("away")).unwrap();
        let output = child.wait_with_output().unwrap();
        fs::rename(sandbox.path("away"), sandbox.path("data")).unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.code() == Some(0) {
            let all = DataReport::load(&sandbox.path("run"));
            assert_eq!(all.left_out.unreadable, 0, "{words}");
            fs::remove_dir_all(sandbox.path("run")).unwrap();
            continue;
        }
        assert_eq!(output.status.code(), Some(1), "{words}");
        contains_all(
            &words,
            &["of 1,200", "there is no such file", "--accept-losses"],
        );
        assert!(!words.contains("os error"), "{words}");
        return;
    }
    panic!("it was never moved in time");
}

#[test]
fn thin_classes_and_a_missing_validation_part_are_said_before_the_first_step() {
    let sandbox = Sandbox::new(12, |experiment| {
        experiment.split.validation = 0.0;
        experiment.training.early_stopping =
            ron::from_str("Some((monitor: ValLoss, patience: 2))").unwrap();
    });
    for (class, kept) in [("square", 1), ("circle", 2)] {
        for file in &sandbox.images(class)[kept..] {
            fs::remove_file(file).unwrap();
        }
    }
    let copy = sandbox.images("triangle")[0].clone();
    fs::copy(copy, sandbox.path("data/circle/copy.png")).unwrap();
    fs::remove_file(sandbox.images("circle")[0].clone()).unwrap();
    let trained = sandbox.run("train run.ron --out run --json");
    let parts = [
        "fewer than 3 images to train on of circle, square",
        "no validation part",
        "early stopping, which watches the validation loss, has no effect",
        "1 image stands under two labels",
    ];
    let last = trained.last();
    contains_all(&last["warnings"].to_string(), &parts);
    let before = trained.stderr.split("epoch 1:").next().unwrap();
    contains_all(before, &parts);
}

#[test]
fn copies_in_two_parts_are_said() {
    let sandbox = Sandbox::new(12, |experiment| experiment.split.validation = 0.0);
    for part in ["train", "validation"] {
        for class in CLASSES {
            fs::create_dir_all(sandbox.path("parts").join(part).join(class)).unwrap();
            for (index, file) in sandbox.images(class).iter().enumerate() {
                let is_here = (index < 8) == (part == "train") || index == 0;
                if is_here {
                    let name = format!("parts/{part}/{class}/{index}.png");
                    fs::copy(file, sandbox.path(&name)).unwrap();
                }
            }
        }
    }
    let trained = sandbox.run("train run.ron --data parts --out run --json");
    let warnings = trained.last()["warnings"].to_string();
    contains_all(
        &warnings,
        &["3 images of the validation or test part also stand in an earlier part"],
    );
    let doctor = sandbox.run("doctor parts --json").last();
    assert_eq!(doctor["leaks"], 3, "the doctor counts the same");
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &id])
        .status();
    assert!(sent.unwrap().success());
}

/// A long run whose first epoch is done, and its standard output.
fn begun(mut command: Command) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert!(line.contains("\"epoch\":1"), "{line}");
    (child, stdout)
}

/// How it ended: its status, its last line, and what it said.
fn ended(
    (child, stdout): (Child, BufReader<std::process::ChildStdout>),
) -> (Option<i32>, Value, String) {
    let last = stdout
        .lines()
        .map(Result::unwrap)
        .last()
        .unwrap_or_default();
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    (
        output.status.code(),
        serde_json::from_str(&last).unwrap_or_default(),
        words,
    )
}

#[test]
fn every_signal_that_asks_a_run_to_end_keeps_its_model() {
    let sandbox = Sandbox::new(40, |experiment| experiment.training.set_epochs(100_000));
    for name in ["INT", "TERM", "HUP"] {
        let run = begun(sandbox.command(&format!("train run.ron --threads 1 --out {name} --json")));
        signal(&run.0, name);
        let (status, last, words) = ended(run);
        assert_eq!(status, Some(0), "{name}: {words}");
        assert_eq!(last["outcome"], "stopped", "{name}: {last}");
        let folder = sandbox.path(name);
        assert!(folder.join(run_folder::MODEL_FILE).is_file(), "{name}");
        assert!(folder.join(run_folder::RESULT_FILE).is_file(), "{name}");
    }
    // Who began it with nohup wants it to outlive the terminal.
    let words = "train run.ron --threads 1 --out nohup --json";
    let mut run = begun(sandbox.in_shell("trap '' HUP", words));
    signal(&run.0, "HUP");
    let mut line = String::new();
    run.1.read_line(&mut line).unwrap();
    assert!(line.contains("\"epoch\":2"), "it goes on: {line}");
    signal(&run.0, "TERM");
    assert_eq!(ended(run).1["outcome"], "stopped");
}

#[test]
fn a_signal_at_any_moment_leaves_a_run_that_can_be_told() {
    let sandbox = Sandbox::new(40, |experiment| experiment.training.set_epochs(100_000));
    for (number, name) in ["TERM", "HUP", "INT", "TERM", "HUP", "INT", "TERM", "HUP"]
        .iter()
        .enumerate()
    {
        let words = format!("train run.ron --threads 1 --out moment{number} --json");
        let mut command = sandbox.command(&words);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(60 + 190 * number as u64));
        signal(&child, name);
        let start = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(
                start.elapsed() < PATIENCE,
                "{name} at {number}: it does not end"
            );
            sleep(Duration::from_millis(20));
        }
        let output = child.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        let folder = sandbox.path(&format!("moment{number}"));
        let has = |file: &str| folder.join(file).is_file();
        match output.status.code() {
            // Before the program listens, the system ends it.
            None => assert!(!has(run_folder::EXPERIMENT_FILE), "{number}: {words}"),
            Some(1) => contains_all(&words, &["convscope: stopped"]),
            Some(status) => {
                assert_eq!(status, 0, "{number}: {words}");
                assert!(has(run_folder::RESULT_FILE), "{number}: {words}");
            }
        }
    }
}

/// Kilobytes of address space that the program takes while it trains the run of `sandbox` well.
fn address_space(sandbox: &Sandbox) -> u64 {
    let (child, stdout) = begun(sandbox.command("train run.ron --threads 1 --out measured --json"));
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmPeak:"));
    signal(&child, "TERM");
    assert_eq!(ended((child, stdout)).0, Some(0));
    peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

#[cfg(target_os = "linux")]
#[test]
fn too_little_memory_is_one_sentence() {
    let small = Sandbox::new(40, |experiment| experiment.training.set_epochs(100_000));
    let taken = address_space(&small);
    if taken == 0 {
        eprintln!("not run: the system does not say how much memory a process takes");
        return;
    }
    let limit = format!("ulimit -v {}", taken + (300 << 10));
    // Much larger batches of much larger images.
    let big = Sandbox::new(12, |experiment| {
        (experiment.model.input.height, experiment.model.input.width) = (512, 512);
        experiment.training.batch_size = 60;
    });
    let refused = ran(big.in_shell(&limit, "train run.ron --threads 1 --out run --json"));
    contains_all(
        refused.refusal(),
        &["training needs about", "are free", "smaller images"],
    );
    assert!(!big.path("run").exists(), "nothing began");

    // Evaluating asks for no forecast: libtorch itself runs out, with a single image.
    let big = Sandbox::new(2, |experiment| {
        (experiment.model.input.height, experiment.model.input.width) = (2048, 2048);
        experiment.training.batch_size = 2;
        experiment.split = SplitConfig::default();
    });
    let model = big.run("train run.ron --out run --json");
    assert_eq!(model.status, Some(0), "{}", model.stderr);
    let words = "evaluate run --data data --split all --json";
    let starved = ran(big.in_shell(&limit, words));
    let said = starved.refusal();
    assert!(said.starts_with("out of memory: "), "{said}");
    assert!(
        said.len() < 250 && !said.contains("Exception") && !said.contains("alloc"),
        "{said}"
    );
}

#[test]
fn what_is_not_there_is_said_once_in_words() {
    let sandbox = Sandbox::new(6, |_| {});
    fs::write(sandbox.path("file"), b"").unwrap();
    for (words, part) in [
        ("train run.ron --data nowhere --out run", "nowhere"),
        (
            "train run.ron --data file:///no%20where --out run",
            "/no where",
        ),
        ("train catdog-basic --data nowhere --out run", "nowhere"),
        ("train nowhere.ron", "nowhere.ron"),
        ("train run.ron --out file/run", "file/run"),
        (
            "evaluate nowhere.safetensors --data data",
            "nowhere.safetensors",
        ),
        ("evaluate nowhere --data data", "nowhere"),
        ("predict nowhere.safetensors data", "nowhere.safetensors"),
        (
            "inspect nowhere.safetensors --what filters --out a.png",
            "nowhere.safetensors",
        ),
        ("summary nowhere.safetensors", "nowhere.safetensors"),
        ("summary nowhere.ron", "nowhere.ron"),
        ("doctor nowhere", "nowhere"),
        (
            "import nowhere.pth --backbone resnet18 --out a.safetensors",
            "nowhere.pth",
        ),
        ("generate shapes --out file/data --count 1", "file/data"),
    ] {
        let ran = sandbox.run(words);
        let said = ran.refusal();
        assert!(said.contains(part), "{words}: {said}");
        for bad in ["os error", "No such file", "Not a directory", "Exception"] {
            assert!(!said.contains(bad), "{words}: {said}");
        }
        let reasons: Vec<&str> = said.split(": ").collect();
        let mut once = reasons.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(
            once.len(),
            reasons.len(),
            "{words}: a reason is said twice: {said}"
        );
        assert_eq!(
            said.matches(part).count(),
            1,
            "{words}: the name is said twice: {said}"
        );
    }
}

#[test]
fn a_run_that_is_taken_up_with_something_else_names_it_and_the_way() {
    let sandbox = Sandbox::new(12, |_| {});
    sandbox.run("train run.ron --out run --json").last();
    let resume = "train run.ron --out run --resume --json";
    let refused = |more: &str| {
        sandbox
            .run(&format!("{resume} {more}"))
            .refusal()
            .to_owned()
    };
    contains_all(
        &refused("--precision bf16"),
        &["precision was auto and is Bf16", "--out"],
    );
    contains_all(&refused("--seed 9"), &["seed was ", " and is 9"]);
    let text = fs::read_to_string(sandbox.path("run.ron")).unwrap();
    assert!(text.contains("batch_size: 6"));
    fs::write(
        sandbox.path("run.ron"),
        text.replace("batch_size: 6", "batch_size: 7"),
    )
    .unwrap();
    contains_all(&refused(""), &["batch size was 6 and is 7"]);
    fs::write(sandbox.path("run.ron"), text).unwrap();

    // More epochs are no other experiment; other images are.
    let lost = sandbox.images("square")[2].clone();
    let kept = fs::read(&lost).unwrap();
    let name = lost.file_name().unwrap().to_str().unwrap().to_owned();
    fs::remove_file(&lost).unwrap();
    let said = refused("--epochs 2");
    contains_all(
        &said,
        &[
            "1 image is no longer there or cannot be read",
            &name,
            "start a new run",
        ],
    );
    fs::write(&lost, b"damaged").unwrap();
    contains_all(
        &refused("--epochs 2"),
        &["1 image is no longer there or cannot be read", &name],
    );
    fs::write(&lost, kept).unwrap();
    fs::create_dir(sandbox.path("data/zebra")).unwrap();
    fs::copy(&lost, sandbox.path("data/zebra/1.png")).unwrap();
    contains_all(&refused("--epochs 2"), &["class zebra new"]);
    fs::remove_dir_all(sandbox.path("data/zebra")).unwrap();
    sandbox.run(&format!("{resume} --epochs 2")).last();
}

#[test]
fn an_image_that_is_lost_after_training_moves_no_other_into_the_part_that_is_judged() {
    let sandbox = Sandbox::new(40, |_| {});
    sandbox.run("train run.ron --out run --json").last();
    let judge = "evaluate run --data data --split validation --per-file --json";
    let files = |ran: &Ran| -> Vec<String> {
        let lines = ran
            .stdout
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .filter_map(|line| Some(line.get("file")?.as_str()?.to_owned()))
            .collect()
    };
    let whole = sandbox.run(judge);
    let mut before = files(&whole);
    assert_eq!(before.len(), 30, "{}", whole.stderr);
    // One that is judged and one that was trained on, one damaged and one gone.
    fs::write(sandbox.path(&before[3]), b"damaged").unwrap();
    let trained = sandbox
        .images("triangle")
        .into_iter()
        .find(|path| !before.iter().any(|file| path.ends_with(file)));
    fs::remove_file(trained.unwrap()).unwrap();
    let now = sandbox.run(judge);
    before.remove(3);
    assert_eq!(files(&now), before);
    assert_eq!(now.last()["unreadable"], 1);
}

#[test]
fn names_that_would_change_the_terminal_are_escaped_for_people_and_whole_for_scripts() {
    let sandbox = Sandbox::new(12, |_| {});
    let odd = "sq\u{1b}[31m\u{202e}u\u{200b}are\nx";
    fs::rename(sandbox.path("data/square"), sandbox.path("data").join(odd)).unwrap();
    let json = sandbox.run("train run.ron --out run --json");
    let text = sandbox.run("evaluate run --data data --split all --per-file");
    assert_eq!(text.status, Some(0), "{}", text.stderr);
    let predicted = sandbox.run("predict run data");
    let doctor = sandbox.run("doctor data");
    let shown = "sq\\u{1b}[31m\\u{202e}u\\u{200b}are\\nx";
    contains_all(&text.stdout, &[shown]);
    contains_all(&predicted.stdout, &[shown]);
    contains_all(&doctor.stdout, &[shown]);
    for said in [&text, &predicted, &doctor, &json] {
        for bad in ['\u{1b}', '\u{202e}', '\u{200b}'] {
            assert!(!said.stderr.contains(bad), "{}", said.stderr);
        }
    }
    for said in [&text, &predicted, &doctor] {
        assert!(!said.stdout.contains('\u{1b}'), "{}", said.stdout);
    }
    // Scripts get the name as it is.
    let report = sandbox
        .run("evaluate run --data data --split all --json")
        .last();
    assert_eq!(report["classes"][1], odd);
    let csv = sandbox.run("predict run data --csv").stdout;
    assert!(csv.contains(odd), "{csv}");
}

#[test]
fn a_cache_that_cannot_be_written_refuses_nothing() {
    let sandbox = Sandbox::new(12, |_| {});
    sandbox.run("train run.ron --out run --json").last();
    // A file where the folder belongs: permissions stop nobody who is root.
    fs::write(sandbox.path("file"), b"").unwrap();
    for words in [
        "evaluate run --data data --split all --json",
        "train run.ron --out other --json",
    ] {
        let with = sandbox.run(words).last();
        let mut command = sandbox.command(words);
        command.env("CONVSCOPE_CACHE", sandbox.path("file"));
        let without = ran(command);
        assert_eq!(without.last()["accuracy"], with["accuracy"], "{words}");
        assert_eq!(
            without.last()["val_accuracy"],
            with["val_accuracy"],
            "{words}"
        );
        contains_all(
            &without.stderr,
            &["The image cache in", "cannot be written", "kept in memory"],
        );
    }
}

#[test]
fn predict_counts_what_it_could_not_answer() {
    let sandbox = Sandbox::new(12, |_| {});
    sandbox.run("train run.ron --out run --json").last();
    fs::write(sandbox.path("data/circle/broken.png"), b"nothing").unwrap();
    fs::write(sandbox.path("data/circle/notes.txt"), b"notes").unwrap();
    let ran = sandbox.run("predict run data --json");
    assert_eq!(ran.status, Some(0));
    contains_all(
        &ran.stderr,
        &[
            "1 of 37 files could not be classified",
            "passed over 1 file",
        ],
    );
    let address = format!("file://{}", sandbox.images("square")[0].display());
    let by_address = sandbox.run(&format!("predict run {address} --json"));
    assert!(
        by_address.last().get("class").is_some(),
        "{}",
        by_address.stdout
    );
}
