//! The folder a run leaves: its experiment, its history, its last and best weights, and how it ended.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{
    checkpoint::{self, Weights},
    experiment::{Experiment, ExperimentError},
    fit::{EpochEnd, FitError},
    history::{EpochRecord, StepRecord},
    runs::RunsError,
};
use crate::{
    data::{
        Dataset, Split, SplitName, dataset::display_path, edits::sample_name,
        files::write_atomically,
    },
    model::{ModelSpec, WeightSnapshot},
};

/// Name of the trained model in a run's folder.
pub const MODEL_FILE: &str = "model.safetensors";

/// The experiment in a run's folder.
pub const EXPERIMENT_FILE: &str = "experiment.ron";
/// The epochs in a run's folder.
pub const HISTORY_FILE: &str = "history.csv";
/// The steps in a run's folder.
pub const STEPS_FILE: &str = "steps.csv";
/// The checkpoints in a run's folder.
pub const CHECKPOINTS: &str = "checkpoints";
/// How a run ended; missing while it goes on, and when the program was killed.
pub const RESULT_FILE: &str = "result.ron";
/// Which image stood in which part.
pub const SPLIT_FILE: &str = "split.csv";
/// The report in a run's folder.
pub const REPORT_FILE: &str = "report.html";
/// Locked by the process that trains.
const LOCK_FILE: &str = "running.lock";
/// How often a lock that another holds is tried again, and after how long.
const LOOKS: usize = 10;
const LOOK: Duration = Duration::from_millis(20);

/// How a run ended. Plain data.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// Nobody stopped it and nothing failed.
    pub completed: bool,
    /// Why it could not go on.
    pub failure: Option<String>,
    /// Epoch whose weights are kept; 0 when none was finished.
    pub best_epoch: usize,
    /// Accuracy of the kept weights on the test part, 0..1; `None` when that part is empty.
    pub test_accuracy: Option<f64>,
    /// Phases, from 1, that early stopping ended.
    pub stopped_early: Vec<usize>,
    /// Identifies which image stood in which part.
    pub split_hash: String,
    /// How it computed, in words.
    pub computed: String,
    /// Wall time of the last sitting.
    pub seconds: f64,
}

impl RunResult {
    /// How the run in `folder` ended; `None` while it goes on and when the program was killed.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn load(folder: &Path) -> Result<Option<Self>, RunsError> {
        let file = folder.join(RESULT_FILE);
        let path = display_path(&file);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                let reason = error.to_string();
                return Err(RunsError::Read { path, reason });
            }
        };
        let result = ron::from_str(&text).map_err(|error| RunsError::Damaged {
            path,
            reason: error.to_string(),
        })?;
        Ok(Some(result))
    }
}

/// A run's folder, open for writing.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    steps: csv::Writer<fs::File>,
    /// Held as long as the run goes on; the system lets it go when the process dies.
    _lock: fs::File,
}

fn failed(path: &Path) -> impl Fn(io::Error) -> FitError {
    move |error| FitError::Write(format!("{}: {error}", display_path(path)))
}

impl RunFolder {
    /// Makes the folder `path` and writes the experiment into it. Never touches an older run: when
    /// `path` holds one, `path-2`, `path-3` … is used instead.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(path: &Path, experiment: &Experiment) -> Result<Self, FitError> {
        let path = free_folder(path);
        let checkpoints = path.join(CHECKPOINTS);
        fs::create_dir_all(&checkpoints).map_err(failed(&checkpoints))?;
        let lock = lock(&path)?;
        // First of all files: a folder that a kill leaves without it counts as nothing, one with it can be resumed.
        write_experiment(&path, experiment)?;
        let file = path.join(STEPS_FILE);
        let steps = csv::Writer::from_path(&file).map_err(|error| failed(&file)(error.into()))?;
        Ok(Self {
            path,
            steps,
            _lock: lock,
        })
    }

    /// Writes the experiment.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_experiment(&self, experiment: &Experiment) -> Result<(), FitError> {
        write_experiment(&self.path, experiment)
    }

    /// Opens the folder of a run that ended or was killed, to go on after `step` steps: later ones are taken
    /// out of `steps.csv`, and how it ended is forgotten.
    ///
    /// # Errors
    /// When another process trains it or a file cannot be read or written.
    pub fn resume(path: &Path, step: usize) -> Result<Self, FitError> {
        let lock = lock(path)?;
        let file = path.join(STEPS_FILE);
        let kept = steps_until(&file, step).map_err(|error| failed(&file)(error.into()))?;
        write_atomically(&file, &kept).map_err(failed(&file))?;
        let result = path.join(RESULT_FILE);
        match fs::remove_file(&result) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed(&result)(error));
            }
            _ => {}
        }
        let append = fs::OpenOptions::new().append(true).open(&file);
        let append = append.map_err(failed(&file))?;
        let mut writer = csv::WriterBuilder::new();
        writer.has_headers(kept.is_empty());
        Ok(Self {
            path: path.to_path_buf(),
            steps: writer.from_writer(append),
            _lock: lock,
        })
    }

    /// Writes how the run ended.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(&self, result: &RunResult) -> Result<(), FitError> {
        let file = self.path.join(RESULT_FILE);
        let pretty = ron::ser::to_string_pretty(result, ron::ser::PrettyConfig::default());
        let text = pretty.map_err(|error| FitError::Write(error.to_string()))?;
        write_atomically(&file, text.as_bytes()).map_err(failed(&file))
    }

    /// Where its checkpoints are.
    pub fn checkpoints(&self) -> PathBuf {
        self.path.join(CHECKPOINTS)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a step to `steps.csv`; it reaches the disk at the end of the epoch.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_step(&mut self, record: &StepRecord) -> Result<(), FitError> {
        self.steps
            .serialize(record)
            .map_err(|error| failed(&self.path)(error.into()))
    }

    /// Records an epoch: `history.csv` and the checkpoints `last` and, when it is, `best`.
    ///
    /// # Errors
    /// When something cannot be written.
    pub fn write_epoch(&mut self, end: &EpochEnd<'_>) -> Result<(), FitError> {
        self.steps.flush().map_err(failed(&self.path))?;
        let saved = end.checkpoint.save(&self.checkpoints());
        saved.map_err(FitError::Write)?;
        self.write_history(end.history)
    }

    /// Writes `history.csv`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_history(&self, history: &[EpochRecord]) -> Result<(), FitError> {
        let file = self.path.join(HISTORY_FILE);
        let csv = history_csv(history).map_err(FitError::Write)?;
        write_atomically(&file, &csv).map_err(failed(&file))
    }

    /// Writes `split.csv`: every sample's part and label, in the dataset's order.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_split(&self, split: &Split, dataset: &Dataset) -> Result<(), FitError> {
        let file = self.path.join(SPLIT_FILE);
        let text = split_csv(split, dataset).map_err(FitError::Write)?;
        write_atomically(&file, &text).map_err(failed(&file))
    }

    /// Whether the run in the folder `path` divided the same images into the same parts.
    ///
    /// # Errors
    /// When they are others now, which would mix what was trained on with what is validated on.
    pub fn check_split(path: &Path, split: &Split, dataset: &Dataset) -> Result<(), FitError> {
        let before = match fs::read(path.join(SPLIT_FILE)) {
            // It was killed before it had written that, so before it had trained.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            before => before.map_err(failed(path))?,
        };
        let now = split_csv(split, dataset).map_err(FitError::Write)?;
        if before == now {
            return Ok(());
        }
        let words = format!(
            "cannot go on with {}: its images or their division have changed since it began; start a new run",
            display_path(path)
        );
        Err(ExperimentError::Setting(words).into())
    }

    /// Where the run's model belongs.
    pub fn model_path(&self) -> PathBuf {
        self.path.join(MODEL_FILE)
    }
}

/// `split.csv`: every sample's part and label, in the dataset's order.
fn split_csv(split: &Split, dataset: &Dataset) -> Result<Vec<u8>, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let words = |error: csv::Error| error.to_string();
    writer
        .write_record(["file", "part", "label"])
        .map_err(words)?;
    for (index, sample) in dataset.samples.iter().enumerate() {
        let part = split.of(index).map_or("none", SplitName::word);
        let class = dataset.class_name(sample.label);
        let record = [&sample_name(&sample.path), part, class];
        writer.write_record(record).map_err(words)?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}

fn write_experiment(folder: &Path, experiment: &Experiment) -> Result<(), FitError> {
    let file = folder.join(EXPERIMENT_FILE);
    write_atomically(&file, experiment.to_ron()?.as_bytes()).map_err(failed(&file))
}

/// The model file that `path` means: itself, or the one in a run's folder.
///
/// # Errors
/// One sentence when a folder holds no model.
pub fn model_file(path: &Path) -> Result<PathBuf, String> {
    if !path.is_dir() {
        return Ok(path.to_path_buf());
    }
    let model = path.join(MODEL_FILE);
    if model.is_file() {
        return Ok(model);
    }
    Err(format!(
        "{} is a folder without a {MODEL_FILE}: give a model file or a finished run",
        display_path(path)
    ))
}

/// Whether a process trains the run in the folder `path`.
pub fn is_running(path: &Path) -> bool {
    let file = fs::File::open(path.join(LOCK_FILE));
    file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock)))
}

fn lock(path: &Path) -> Result<fs::File, FitError> {
    let file = path.join(LOCK_FILE);
    let lock = fs::File::create(&file).map_err(failed(&file))?;
    let mut locked = lock.try_lock();
    // Whoever looks whether a run goes on holds the lock for a moment.
    for _ in 0..LOOKS {
        if !matches!(locked, Err(fs::TryLockError::WouldBlock)) {
            break;
        }
        std::thread::sleep(LOOK);
        locked = lock.try_lock();
    }
    match locked {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => Err(FitError::Write(format!(
            "{}: another Convscope trains this run",
            display_path(path)
        ))),
        // Some network drives know no locks; then nobody is warned.
        Err(fs::TryLockError::Error(_)) => Ok(lock),
    }
}

/// The heading and the rows of the first `step` steps of a `steps.csv`, as they stand in it; a last row that a
/// kill cut off is left out.
fn steps_until(file: &Path, step: usize) -> Result<Vec<u8>, csv::Error> {
    let Ok(mut reader) = csv::ReaderBuilder::new().flexible(true).from_path(file) else {
        return Ok(Vec::new());
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let headings = reader.byte_headers()?.clone();
    if headings.is_empty() {
        return Ok(Vec::new());
    }
    writer.write_byte_record(&headings)?;
    for (number, record) in (1..=step).zip(reader.byte_records()) {
        let record = record?;
        let whole =
            record.len() == headings.len() && record.get(0) == Some(number.to_string().as_bytes());
        if !whole {
            break;
        }
        writer.write_byte_record(&record)?;
    }
    writer
        .into_inner()
        .map_err(|error| io::Error::other(error.to_string()).into())
}

/// Whether `path` is not there or holds nothing: what a kill left of a run that had not yet written its experiment
/// counts as nothing.
fn is_free(path: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(path) else {
        return !path.exists();
    };
    let is_nothing = |entry: fs::DirEntry| {
        let name = entry.file_name();
        let is_empty = || fs::read_dir(entry.path()).is_ok_and(|mut list| list.next().is_none());
        name == LOCK_FILE
            || name.to_string_lossy().starts_with(".tmp")
            || name == CHECKPOINTS && is_empty()
    };
    entries.all(|entry| entry.is_ok_and(is_nothing)) && !is_running(path)
}

fn free_folder(path: &Path) -> PathBuf {
    if is_free(path) {
        return path.to_path_buf();
    }
    let numbered = |number: usize| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!("-{number}"));
        PathBuf::from(name)
    };
    (2..)
        .map(numbered)
        .find(|path| is_free(path))
        .unwrap_or_else(|| path.to_path_buf())
}

/// The best or the last weights of the run in the folder `run`, which trains `spec` on `classes`.
///
/// # Errors
/// When no epoch was finished or the file is damaged.
pub fn snapshot(
    run: &Path,
    which: Weights,
    spec: &Arc<ModelSpec>,
    classes: &Arc<[String]>,
) -> Result<WeightSnapshot, String> {
    let (epoch, arrays) = checkpoint::weights(&run.join(CHECKPOINTS), which, spec)?;
    Ok(WeightSnapshot {
        spec: Arc::clone(spec),
        classes: Arc::clone(classes),
        epoch,
        arrays,
    })
}

/// `history.csv`: one line per epoch with a heading.
///
/// # Errors
/// What the csv library said.
pub fn history_csv(history: &[EpochRecord]) -> Result<Vec<u8>, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in history {
        writer
            .serialize(record)
            .map_err(|error| error.to_string())?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}

/// Where runs are kept unless the user says otherwise: `CONVSCOPE_RUNS` or a folder of the user's data.
pub fn default_runs_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("CONVSCOPE_RUNS") {
        return folder.into();
    }
    directories::ProjectDirs::from("org", "Convscope", "Convscope").map_or_else(
        || PathBuf::from("runs"),
        |dirs| dirs.data_dir().join("runs"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_kill_leaves_of_a_beginning_is_no_run() {
        for (why, made, free) in [
            ("nothing there", &[][..], true),
            (
                "an unfinished beginning",
                &["checkpoints/", LOCK_FILE, ".tmpAbc"][..],
                true,
            ),
            ("a run", &["checkpoints/", EXPERIMENT_FILE][..], false),
            ("somebody's files", &["notes.txt"][..], false),
            (
                "somebody's checkpoints",
                &["checkpoints/", "checkpoints/epoch.pt"][..],
                false,
            ),
        ] {
            let folder = tempfile::tempdir().unwrap();
            for name in made {
                let path = folder.path().join(name);
                let done = if name.ends_with('/') {
                    fs::create_dir(path)
                } else {
                    fs::write(path, "")
                };
                done.unwrap();
            }
            assert_eq!(free_folder(folder.path()) == folder.path(), free, "{why}");
        }
    }
}
