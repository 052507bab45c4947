//! Files of every version that was ever written are opened, and say what they said. `tests/kept/` has a folder for
//! each version; `write.rs` there says how they are made.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
    time::SystemTime,
};

use convscope::{
    data::Edits,
    model::{WeightSnapshot, bundle::Bundle, spec_file},
    train::{
        Experiment, recipes,
        run_folder::{self, RunResult},
        runs::{self, Lister, Listing, RunNotes, RunState, RunsError},
    },
    ui::settings::Settings,
};
use safetensors::SafeTensors;
use serde_json::Value;

mod write;

/// Makes the folder of today's version.
#[test]
#[ignore = "it writes into tests/kept, once for each version"]
fn write_a_version() {
    write::write();
}

/// Images for the runs: as many as 16 pixels a side and three epochs need.
fn shapes(work: &Path) {
    let folder = work.join("shapes");
    convscope::data::generate::generate_shapes(&folder, 1, 12, &mut |_, _| {}).unwrap();
}

/// Runs the program in `work`, where it also keeps everything.
fn program(work: &Path, arguments: &[&OsStr]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_convscope"))
        .args(arguments)
        .current_dir(work)
        .env("CONVSCOPE_CACHE", work.join("cache"))
        .env("CONVSCOPE_EDITS", work.join("edits"))
        .env("CONVSCOPE_RUNS", work.join("runs"))
        .env("OMP_NUM_THREADS", "1")
        .output()
        .unwrap()
}

/// What the program said on its standard output after it did well.
fn convscope(work: &Path, arguments: &[&OsStr]) -> String {
    let output = program(work, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// The folders of all versions that hold one file of every kind.
fn versions() -> Vec<PathBuf> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kept");
    let folders = fs::read_dir(all)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = folders
        .filter(|folder| folder.join("said.json").is_file())
        .collect();
    folders.sort();
    assert!(!folders.is_empty());
    folders
}

/// A copy of the newest version, and its folder.
fn newest() -> (tempfile::TempDir, PathBuf) {
    let work = tempfile::tempdir().unwrap();
    let folder = work.path().join("kept");
    copy(versions().last().unwrap(), &folder);
    (work, folder)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

fn list(folder: &Path) -> Listing {
    let mut lister = Lister::default();
    lister.list(folder, |_, _| Ok::<_, RunsError>(())).unwrap()
}

/// Asserts that `now` says everything that `then` says; it may say more.
fn says_the_same(now: &Value, then: &Value, place: &str) {
    match (now, then) {
        (Value::Object(now), Value::Object(then)) => {
            for (key, then) in then {
                let place = format!("{place}.{key}");
                says_the_same(now.get(key).unwrap_or(&Value::Null), then, &place);
            }
        }
        (Value::Array(now), Value::Array(then)) => {
            assert_eq!(now.len(), then.len(), "{place}");
            for (at, (now, then)) in now.iter().zip(then).enumerate() {
                says_the_same(now, then, &format!("{place}[{at}]"));
            }
        }
        // A format may grow.
        _ if place.ends_with(".format") => {}
        (Value::Number(now), Value::Number(then)) => {
            // What was computed anew may be rounded differently.
            let (now, then) = (now.as_f64().unwrap(), then.as_f64().unwrap());
            assert!((now - then).abs() <= 1e-4, "{place}: {now}, not {then}");
        }
        (now, then) => assert_eq!(now, then, "{place}"),
    }
}

#[test]
fn files_of_every_version_open_and_say_what_they_said() {
    for folder in versions() {
        let work = tempfile::tempdir().unwrap();
        let copied = work.path().join("kept");
        copy(&folder, &copied);
        let said = fs::read_to_string(copied.join("said.json")).unwrap();
        let said: Value = serde_json::from_str(&said).unwrap();
        let name = folder.file_name().unwrap().to_string_lossy();
        says_the_same(&write::said(&copied), &said, &name);

        let listing = list(&copied);
        let run = listing.find(&copied.join("run")).unwrap();
        assert_eq!(run.state, RunState::Finished, "{name}");
        assert_eq!((run.name().as_str(), run.epochs), ("Kept", 3), "{name}");
        assert!(run.has_model && run.best.is_some(), "{name}");
    }
}

#[test]
fn a_run_of_every_version_goes_on() {
    for folder in versions() {
        let work = tempfile::tempdir().unwrap();
        shapes(work.path());
        let run = work.path().join("run");
        copy(&folder.join("run"), &run);
        let before = runs::read::history(&run).unwrap();
        // What a kill leaves, and a column that a newer program may add.
        for name in [run_folder::RESULT_FILE, run_folder::MODEL_FILE] {
            fs::remove_file(run.join(name)).unwrap();
        }
        for name in [run_folder::SPLIT_FILE, run_folder::STEPS_FILE] {
            let table = fs::read_to_string(run.join(name)).unwrap();
            let rows = table.lines().enumerate();
            let wider =
                rows.map(|(at, row)| format!("{row},{}\n", if at == 0 { "more" } else { "1" }));
            fs::write(run.join(name), wider.collect::<String>()).unwrap();
        }
        // What other kills left beside the run, the pixels and the edits.
        let leftovers = ["run", "run/checkpoints", "cache/files-2", "edits"];
        let leftovers = leftovers.map(|folder| {
            let folder = work.path().join(folder);
            fs::create_dir_all(&folder).unwrap();
            folder.join(".convscope-0123456789abcdef.tmp")
        });
        for leftover in &leftovers {
            fs::write(leftover, "half").unwrap();
        }
        let arguments = [
            "train",
            "run/experiment.ron",
            "--data",
            "shapes",
            "--threads",
            "1",
        ];
        let more = ["--epochs", "3", "--resume", "--out", "run"];
        let arguments: Vec<&OsStr> = arguments.iter().chain(&more).map(OsStr::new).collect();
        convscope(work.path(), &arguments);
        assert!(leftovers.iter().all(|leftover| !leftover.exists()));
        let after = runs::read::history(&run).unwrap();
        assert_eq!(after.len(), before.len() + 1, "{}", folder.display());
        assert_eq!(after[..before.len()], before, "{}", folder.display());
        let steps = runs::read::steps(&run).unwrap();
        assert!(steps.iter().map(|step| step.step).eq(1..=steps.len()));
        assert_eq!(steps.last().unwrap().epoch, after.len());
        let (_, doubt) = Bundle::load(&run.join(run_folder::MODEL_FILE)).unwrap();
        assert_eq!(doubt, None);
    }
}

#[test]
fn the_first_format_of_experiments_is_brought_up() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kept/format-1/experiment.ron");
    let old = Experiment::load(&file).unwrap();
    // The same recipe has been brought up by hand since.
    let now = recipes::find(Path::new("shapes")).unwrap();
    assert_eq!(old.model, now.model);
    assert_eq!(old.training.phases, now.training.phases);
    assert_eq!((old.dataset, old.split), (now.dataset, now.split));
    let precision = convscope::train::config::Precision::F32;
    assert_eq!(old.training.precision, precision, "what it was computed in");
}

/// Changes the entries of a model's metadata.
fn change_metadata(path: &Path, change: impl FnOnce(&mut HashMap<String, String>)) {
    let bytes = fs::read(path).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let mut metadata = header.metadata().clone().unwrap();
    change(&mut metadata);
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let bytes = safetensors::serialize(tensors.tensors(), Some(metadata)).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn the_first_format_of_models_is_brought_up() {
    let (_work, folder) = newest();
    let path = folder.join("model.safetensors");
    let (now, _) = Bundle::load(&path).unwrap();
    change_metadata(&path, |metadata| {
        let spec = metadata["spec"].replace("Activation(Relu)", "Relu");
        metadata.insert("spec".into(), spec);
        metadata.insert("version".into(), "1".into());
        metadata.remove("metadata_blake3");
    });
    let (old, doubt) = Bundle::load(&path).unwrap();
    assert!(old == now && doubt.is_none(), "{doubt:?}");
}

#[test]
fn what_a_newer_program_wrote_gets_a_sentence_of_its_own() {
    let (_work, folder) = newest();
    let newer = |name: &str| {
        let path = folder.join(name);
        let text = fs::read_to_string(&path).unwrap();
        // Nothing behind the number has to be understood.
        fs::write(&path, "(format: 4000, what: nobody knows").unwrap();
        (path, text)
    };
    let told = |error: &dyn ToString, path: &Path| {
        let words = error.to_string();
        let name = path.file_name().unwrap().to_string_lossy();
        assert!(
            words.contains("newer Convscope (its format is 4000"),
            "{words}"
        );
        assert!(words.contains("update Convscope"), "{words}");
        assert!(words.contains(&*name), "{words}");
        assert!(!words.contains("damaged"), "{words}");
    };
    let (path, _) = newer("experiment.ron");
    told(&Experiment::load(&path).unwrap_err(), &path);
    let (path, _) = newer("layers.ron");
    told(&spec_file::load(&path).unwrap_err(), &path);
    let (path, _) = newer("edits.ron");
    told(&Edits::load(&path).unwrap_err(), &path);
    let (path, _) = newer("settings.ron");
    told(&Settings::load(&path).1.unwrap(), &path);
    let path = folder.join("model.safetensors");
    change_metadata(&path, |metadata| {
        metadata.insert("version".into(), "4000".into());
        metadata.insert("spec".into(), "nobody knows".into());
    });
    told(&Bundle::load(&path).unwrap_err(), &path);

    // A run is passed over with the sentence, whichever of its files is newer.
    for name in ["notes.ron", "result.ron", "experiment.ron"] {
        let (path, text) = newer(&format!("run/{name}"));
        let listing = list(&folder);
        told(&listing.skipped[0].reason, &path);
        fs::write(&path, text).unwrap();
    }
    assert_eq!(list(&folder).runs.len(), 1);
    let (path, _) = newer("run/result.ron");
    told(&RunResult::load(&folder.join("run")).unwrap_err(), &path);
    let (path, _) = newer("run/notes.ron");
    told(&RunNotes::load(&folder.join("run")).unwrap_err(), &path);
}

#[test]
fn a_field_more_or_less_damages_no_run() {
    let (_work, folder) = newest();
    let run = folder.join("run");
    let before = list(&folder).runs[0].clone();
    for (name, text) in [
        (
            "result.ron",
            "(completed: true, best_epoch: 3, mood: Glad(7))",
        ),
        ("notes.ron", "(name: \"Kept\", colour: (1, 2))"),
        (
            "times.ron",
            "(started: \"2026-11-28T10:00:00Z\", paused: [])",
        ),
    ] {
        fs::write(run.join(name), text).unwrap();
    }
    let history = fs::read_to_string(run.join("history.csv")).unwrap();
    let wider = history.replace('\n', ",7\n").replacen(",7", ",mood", 1);
    fs::write(run.join("history.csv"), wider).unwrap();
    let listing = list(&folder);
    assert!(listing.skipped.is_empty(), "{:?}", listing.skipped);
    let after = &listing.runs[0];
    assert_eq!((after.state, after.epochs), (before.state, before.epochs));
    assert_eq!((after.best, after.name()), (before.best, before.name()));
}

#[test]
fn a_run_says_when_it_was_begun_however_old_its_files_are() {
    let (work, folder) = newest();
    shapes(work.path());
    let run = work.path().join("run");
    let train = |epochs: &str| {
        let file = folder.join("experiment.ron");
        let arguments = [
            "--data",
            "shapes",
            "--threads",
            "1",
            "--resume",
            "--out",
            "run",
        ];
        let mut all: Vec<&OsStr> = vec!["train".as_ref(), file.as_ref(), "--epochs".as_ref()];
        all.push(epochs.as_ref());
        all.extend(arguments.iter().map(OsStr::new));
        convscope(work.path(), &all);
    };
    let before = SystemTime::now();
    train("1");
    let times = |folder: &Path| {
        let run = list(folder.parent().unwrap()).find(folder).unwrap().clone();
        (run.started, run.ended.unwrap())
    };
    let (started, ended) = times(&run);
    // The file keeps millionths of a second.
    let almost = std::time::Duration::from_micros(1);
    assert!(before <= started + almost && started <= ended && ended <= SystemTime::now());
    let copied = work.path().join("copied");
    copy(&run, &copied);
    assert_eq!(times(&copied), (started, ended), "a copy has new files");
    train("2");
    let again = times(&run);
    assert!(again.0 == started && again.1 > ended, "taken up: {again:?}");

    // A run of before there were times has those of its files, and keeps the first when it is taken up.
    let old = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    fs::remove_file(run.join("times.ron")).unwrap();
    for name in [run_folder::SPLIT_FILE, run_folder::EXPERIMENT_FILE] {
        let file = fs::File::options()
            .append(true)
            .open(run.join(name))
            .unwrap();
        file.set_modified(old).unwrap();
    }
    assert_eq!(times(&run).0, old);
    train("3");
    assert_eq!(times(&run).0, old);
}

#[test]
fn a_model_that_computes_differently_opens_with_a_warning() {
    let cases = [
        ("as it was saved", Some(1.0), false),
        ("within rounding", Some(1.000_5), false),
        ("another processor", Some(1.5), true),
        ("no numbers where it was saved", None, true),
    ];
    for (why, factor, is_doubtful) in cases {
        let (_work, folder) = newest();
        let path = folder.join("model.safetensors");
        change_metadata(&path, |metadata| {
            let mut test: Value = serde_json::from_str(&metadata["self_test"]).unwrap();
            let logits = test["logits"].as_array_mut().unwrap();
            for logit in logits.iter_mut() {
                let value = factor.map(|factor: f64| logit.as_f64().unwrap() * factor);
                *logit = value.into();
            }
            metadata.insert("self_test".into(), test.to_string());
            metadata.remove("metadata_blake3");
        });
        let (_, doubt) = Bundle::load(&path).unwrap_or_else(|error| panic!("{why}: {error}"));
        assert_eq!(doubt.is_some(), is_doubtful, "{why}: {doubt:?}");
        for part in ["its logits differ", "model.safetensors"] {
            assert!(doubt.iter().all(|words| words.contains(part)), "{why}");
        }
    }
}

#[test]
fn a_model_without_numbers_is_neither_written_nor_opened() {
    let (_work, folder) = newest();
    let path = folder.join("model.safetensors");
    let (bundle, _) = Bundle::load(&path).unwrap();
    let mut snapshot = WeightSnapshot::clone(&bundle.snapshot);
    let conv = &mut snapshot.arrays[0];
    (conv.values[0], conv.values[1]) = (f32::NAN, f32::INFINITY);
    let named = format!("2 of the 108 values of {} are NaN or infinite", conv.name);
    let snapshot = Arc::new(snapshot);
    let picture = bundle.self_test.picture().unwrap();
    let division = (bundle.split, Arc::clone(&bundle.edits));
    let made = Bundle::new(
        Arc::clone(&snapshot),
        bundle.metrics.clone(),
        division,
        &picture,
    );
    assert!(made.unwrap_err().to_string().contains(&named));
    // As earlier programs wrote it.
    let broken = Bundle { snapshot, ..bundle };
    broken.save(&path).unwrap();
    let error = Bundle::load(&path).unwrap_err().to_string();
    assert!(
        error.contains(&named) && error.contains("model.safetensors"),
        "{error}"
    );
}

#[test]
fn weights_of_a_run_that_are_no_numbers_are_refused_by_name() {
    // Of the format whose checkpoints had no hash: in later ones the change itself is noticed.
    let work = tempfile::tempdir().unwrap();
    let folder = work.path().join("kept");
    copy(versions().first().unwrap(), &folder);
    shapes(work.path());
    let last = folder.join("run/checkpoints/last.safetensors");
    let mut bytes = fs::read(&last).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let (_, values) = tensors.iter().find(|(name, _)| *name == "fc.bias").unwrap();
    let at = values.data().as_ptr() as usize - bytes.as_ptr() as usize;
    bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&last, bytes).unwrap();
    let run = folder.join("run");
    let experiment = run.join("experiment.ron");
    let (run, experiment) = (run.as_os_str(), experiment.as_os_str());
    let begin: [&OsStr; 2] = ["train".as_ref(), experiment];
    let resume = ["--data", "shapes", "--epochs", "3", "--resume", "--out"].map(OsStr::new);
    let resume = [&begin[..], &resume, &[run]].concat();
    let last = ["--data", "shapes", "--weights", "last"].map(OsStr::new);
    let evaluate = [&["evaluate".as_ref(), run][..], &last].concat();
    for arguments in [resume, evaluate] {
        let output = program(work.path(), &arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        let part = "1 of the 3 values of fc.bias is NaN or infinite";
        assert!(stderr.contains(part), "{stderr}");
    }
}

/// What became of a file of which one bit was flipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Flip {
    /// A sentence instead of the content.
    Refused,
    /// The content, with a sentence.
    Doubted,
    /// The same content: the bit said nothing.
    Same,
    /// Another content without a word.
    Unnoticed,
}

/// How often flipping one bit, another one for every byte, of the file `path` had which outcome.
fn flips(path: &Path, look: impl Fn() -> Result<(String, bool), String>) -> BTreeMap<Flip, usize> {
    let good = fs::read(path).unwrap();
    let (before, _) = look().unwrap();
    let mut outcomes = BTreeMap::new();
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(path, &bytes).unwrap();
        let outcome = match look() {
            Err(_) => Flip::Refused,
            Ok((_, true)) => Flip::Doubted,
            Ok((after, false)) if after == before => Flip::Same,
            Ok(_) => Flip::Unnoticed,
        };
        *outcomes.entry(outcome).or_default() += 1;
    }
    fs::write(path, good).unwrap();
    outcomes
}

#[test]
fn a_flipped_bit_never_changes_a_model_without_a_word() {
    let (_work, folder) = newest();
    let path = folder.join("model.safetensors");
    let look = || match Bundle::load(&path) {
        Ok((bundle, doubt)) => Ok((format!("{bundle:?}"), doubt.is_some())),
        Err(error) => Err(error.to_string()),
    };
    // Written anew: older files have no hash of what stands beside their weights.
    Bundle::load(&path).unwrap().0.save(&path).unwrap();
    let found = flips(&path, look);
    eprintln!("model: {found:?}");
    assert_eq!(found.get(&Flip::Unnoticed), None);
}

/// Texts that people may change by hand carry no hash: what a flipped bit does to them is counted, and must end in a
/// sentence or a value, never in a panic. A file that cannot be read costs the others nothing.
#[test]
fn flipped_bits_of_texts_are_counted() {
    let (_work, folder) = newest();
    let run = folder.join("run");
    let at = |name: &str| folder.join(name);
    fn told<T: std::fmt::Debug, E: ToString>(read: Result<T, E>) -> Result<(String, bool), String> {
        let said = read.map(|value| (format!("{value:?}"), false));
        said.map_err(|error| error.to_string())
    }
    type Look<'a> = Box<dyn Fn() -> Result<(String, bool), String> + 'a>;
    let rows: [(&str, Look); 7] = [
        (
            "experiment.ron",
            Box::new(|| told(Experiment::load(&at("experiment.ron")))),
        ),
        (
            "layers.ron",
            Box::new(|| told(spec_file::load(&at("layers.ron")))),
        ),
        (
            "edits.ron",
            Box::new(|| told(Edits::load(&at("edits.ron")))),
        ),
        ("run/result.ron", Box::new(|| told(RunResult::load(&run)))),
        ("run/notes.ron", Box::new(|| told(RunNotes::load(&run)))),
        (
            "run/history.csv",
            Box::new(|| told(runs::read::history(&run))),
        ),
        ("run/steps.csv", Box::new(|| told(runs::read::steps(&run)))),
    ];
    for (name, look) in &rows {
        let found = flips(&at(name), look);
        eprintln!("{name}: {found:?}");
        assert!(
            found[&Flip::Refused] > 0 || *name == "run/steps.csv",
            "{name}"
        );
    }
}
