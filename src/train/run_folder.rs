//! The folder a run leaves: its experiment, its history, its last and best weights, and how it ended.

use std::{
    fs, io, iter,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{
    checkpoint::{self, Checkpoint, Weights},
    experiment::Experiment,
    fit::{EpochEnd, FitError, Watcher},
    history::{EpochRecord, StepRecord},
    kept_split, run_tables,
    run_times::{Moment, RunTimes, TIMES_FILE},
    saver::Saver,
};
use crate::{
    data::{
        Dataset, Split,
        dataset::display_path,
        files::{self, write_atomically},
        locks::{self, Locked},
    },
    kept::Kind,
    model::{ModelSpec, WeightSnapshot, snapshot},
    plain, resources,
};

pub use super::{
    run_result::{EndStage, RESULT_FILE, RunResult, lacking},
    run_tables::csv,
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
/// Which image stood in which part.
pub const SPLIT_FILE: &str = "split.csv";
/// The report in a run's folder.
pub const REPORT_FILE: &str = "report.html";
/// Locked by the process that trains.
const LOCK_FILE: &str = "running.lock";
/// How often a lock that another holds is tried again, and after how long.
const LOOKS: usize = 10;
const LOOK: Duration = Duration::from_millis(20);

/// A run's folder, open for writing.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    steps: csv::Writer<fs::File>,
    saver: Saver,
    /// Held as long as the run goes on; the system lets it go when the process dies.
    _lock: fs::File,
}

fn failed(path: &Path) -> impl Fn(io::Error) -> FitError {
    move |error| FitError::Write(format!("{}: {}", display_path(path), plain::io(&error)))
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
        keep_times(&path, SystemTime::now(), None)?;
        // A folder that a kill leaves without it counts as nothing, one with it can be resumed.
        write_experiment(&path, experiment)?;
        let file = path.join(STEPS_FILE);
        let steps = csv::Writer::from_path(&file).map_err(|error| failed(&file)(error.into()))?;
        let saver = Saver::start(&path).map_err(failed(&path))?;
        Ok(Self {
            path,
            steps,
            saver,
            _lock: lock,
        })
    }

    /// Opens the folder of a run that ended or was killed, to go on after `step` steps: later ones are taken
    /// out of `steps.csv`, and how it ended is forgotten.
    ///
    /// # Errors
    /// When another process trains it or a file cannot be read or written.
    pub fn resume(path: &Path, step: usize) -> Result<Self, FitError> {
        let lock = lock(path)?;
        sweep(path);
        // Of an older run it is guessed for the last time: from now on its files are newer than its beginning.
        keep_times(path, started(path), None)?;
        let file = path.join(STEPS_FILE);
        let kept = run_tables::steps_until(path, step).map_err(FitError::Write)?;
        write_atomically(&file, &kept).map_err(failed(&file))?;
        let result = path.join(RESULT_FILE);
        files::remove_if_there(&result).map_err(failed(&result))?;
        let append = fs::OpenOptions::new().append(true).open(&file);
        let append = append.map_err(failed(&file))?;
        let mut writer = csv::WriterBuilder::new();
        writer.has_headers(kept.is_empty());
        Ok(Self {
            saver: Saver::start(path).map_err(failed(path))?,
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
        let result = RunResult {
            failure: result.failure.as_deref().map(plain::text),
            ..result.clone()
        };
        let file = self.path.join(RESULT_FILE);
        Kind::FIRST.save(&file, &result).map_err(failed(&file))?;
        keep_times(&self.path, started(&self.path), Some(SystemTime::now()))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `checkpoint` and its history as they are, for a run that is taken up: a kill may have come between
    /// the files of its last epoch.
    ///
    /// # Errors
    /// When something cannot be written.
    pub fn put_right(&self, checkpoint: &Checkpoint) -> Result<(), FitError> {
        let checkpoints = self.path.join(CHECKPOINTS);
        let saved = checkpoint::Writer::new(&checkpoints).save(checkpoint);
        let saved = saved.and_then(|()| write_history(&self.path, &checkpoint.history));
        saved.map_err(FitError::Write)
    }

    /// Writes `split.csv`: every sample's part and label, in the dataset's order.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_split(&self, split: &Split, dataset: &Dataset) -> Result<(), FitError> {
        let file = self.path.join(SPLIT_FILE);
        let text = kept_split::csv(split, dataset).map_err(FitError::Write)?;
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
        let now = kept_split::csv(split, dataset).map_err(FitError::Write)?;
        if kept_split::are_same(&before, &now) {
            return Ok(());
        }
        let what = kept_split::changes(&before, &now);
        let what = what.unwrap_or_else(|| "the order of its images is another".to_owned());
        let words = format!(
            "cannot go on with {}: its data has changed since it began: {what}; bring that back, or start a new run",
            display_path(path)
        );
        Err(words.into())
    }

    /// Where the run's model belongs.
    pub fn model_path(&self) -> PathBuf {
        self.path.join(MODEL_FILE)
    }
}

impl Watcher for RunFolder {
    /// Appends to `steps.csv`; it reaches the disk at the end of the epoch.
    fn step(&mut self, record: &StepRecord) -> Result<(), FitError> {
        self.steps
            .serialize(record)
            .map_err(|error| failed(&self.path)(error.into()))
    }

    /// Begins to record: the checkpoints `last` and, when it is, `best`, then `history.csv`.
    fn epoch(&mut self, end: &EpochEnd) -> Result<(), FitError> {
        self.steps.flush().map_err(failed(&self.path))?;
        let saving = self.saver.save(Arc::clone(&end.checkpoint));
        saving.map_err(FitError::Write)
    }

    /// Whether every epoch that was to be recorded is on the disk.
    fn is_done(&mut self, wait: bool) -> Result<bool, FitError> {
        self.saver.is_done(wait).map_err(FitError::Write)
    }
}

fn keep_times(path: &Path, started: SystemTime, ended: Option<SystemTime>) -> Result<(), FitError> {
    let times = RunTimes {
        started: Moment(started),
        ended: ended.map(Moment),
    };
    let saved = Kind::FIRST.save(&path.join(TIMES_FILE), &times);
    saved.map_err(failed(path))
}

/// When the run in the folder `path` was begun. Runs of older versions do not say it: then from when its division is,
/// which is written once, or its experiment, which is written again when epochs are added.
pub fn started(path: &Path) -> SystemTime {
    if let Some(times) = RunTimes::load(path) {
        return times.started.0;
    }
    let files = [SPLIT_FILE, EXPERIMENT_FILE].map(|name| path.join(name));
    let changed = files.map(|file| fs::metadata(file).and_then(|data| data.modified()).ok());
    changed
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Deletes what killed processes left of unfinished files in the run's folder `path`.
pub fn sweep(path: &Path) {
    files::sweep(path);
    files::sweep(&path.join(CHECKPOINTS));
}

/// Writes the experiment of the run in `folder`.
///
/// # Errors
/// When it cannot be written.
pub fn write_experiment(folder: &Path, experiment: &Experiment) -> Result<(), FitError> {
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
    // Whoever looks whether a run goes on holds the lock for a moment.
    for _ in 0..LOOKS {
        if locks::try_lock(&lock, &file) != Locked::Taken {
            return Ok(lock);
        }
        std::thread::sleep(LOOK);
    }
    Err(FitError::Write(format!(
        "{}: another Convscope trains this run",
        display_path(path)
    )))
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
            || name == TIMES_FILE
            || files::is_unfinished(&name.to_string_lossy())
            || name == CHECKPOINTS && is_empty()
    };
    entries.all(|entry| entry.is_ok_and(is_nothing)) && !is_running(path)
}

fn free_folder(path: &Path) -> PathBuf {
    let numbered = |number: usize| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!("-{number}"));
        PathBuf::from(name)
    };
    let mut all = iter::once(path.to_path_buf()).chain((2..).map(numbered));
    all.find(|path| is_free(path)).unwrap_or_default()
}

/// The best or the last weights of the run in the folder `run`, which trains `spec` on `classes`.
///
/// # Errors
/// When no epoch was finished, the file is damaged or its weights are not finite.
pub fn snapshot(
    run: &Path,
    which: Weights,
    spec: &Arc<ModelSpec>,
    classes: &Arc<[String]>,
) -> Result<WeightSnapshot, String> {
    let (epoch, arrays) = checkpoint::weights(&run.join(CHECKPOINTS), which, spec)?;
    if let Some(reason) = snapshot::not_finite(&arrays) {
        let run = display_path(run);
        return Err(format!("the weights of {run} cannot be used: {reason}"));
    }
    Ok(WeightSnapshot {
        spec: Arc::clone(spec),
        classes: Arc::clone(classes),
        epoch,
        arrays,
    })
}

/// Writes `history.csv` of the run in the folder `run`.
///
/// # Errors
/// When it cannot be written.
pub fn write_history(run: &Path, history: &[EpochRecord]) -> Result<(), String> {
    let file = run.join(HISTORY_FILE);
    let csv = csv(history)?;
    write_atomically(&file, &csv).map_err(|error| format!("{}: {error}", display_path(&file)))
}

/// Where runs are kept unless the user says otherwise: `CONVSCOPE_RUNS` or a folder of the user's data.
pub fn default_runs_folder() -> PathBuf {
    resources::user_folder("CONVSCOPE_RUNS", "runs")
}

#[cfg(test)]
mod tests;
