//! The folder a run leaves: its experiment, its history, its last and best weights.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    checkpoint,
    experiment::Experiment,
    fit::{EpochEnd, FitError},
    history::{EpochRecord, StepRecord},
};
use crate::data::{
    Dataset, Split, SplitName, dataset::display_path, edits::sample_name, files::write_atomically,
};

/// Name of the trained model in a run's folder.
pub const MODEL_FILE: &str = "model.safetensors";

/// A run's folder, open for writing.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    history: Vec<EpochRecord>,
    steps: csv::Writer<fs::File>,
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
        let checkpoints = path.join("checkpoints");
        fs::create_dir_all(&checkpoints).map_err(failed(&checkpoints))?;
        let file = path.join("experiment.ron");
        write_atomically(&file, experiment.to_ron()?.as_bytes()).map_err(failed(&file))?;
        let file = path.join("steps.csv");
        let steps = csv::Writer::from_path(&file).map_err(|error| failed(&file)(error.into()))?;
        Ok(Self {
            path,
            history: Vec::new(),
            steps,
        })
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
        self.history.push(*end.record);
        let file = self.path.join("history.csv");
        let csv = history_csv(&self.history).map_err(FitError::Write)?;
        write_atomically(&file, &csv).map_err(failed(&file))?;
        let checkpoints = self.path.join("checkpoints");
        checkpoint::save(&checkpoints.join("last.safetensors"), end)?;
        if end.is_best {
            let (last, best) = (
                checkpoints.join("last.safetensors"),
                checkpoints.join("best.safetensors"),
            );
            let bytes = fs::read(&last).map_err(failed(&last))?;
            write_atomically(&best, &bytes).map_err(failed(&best))?;
        }
        Ok(())
    }

    /// Writes `split.csv`: every sample's part and label, in the dataset's order.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_split(&self, split: &Split, dataset: &Dataset) -> Result<(), FitError> {
        let file = self.path.join("split.csv");
        let write = || -> Result<(), String> {
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
            let bytes = writer.into_inner().map_err(|error| error.to_string())?;
            write_atomically(&file, &bytes).map_err(|error| error.to_string())
        };
        write().map_err(|reason| FitError::Write(format!("{}: {reason}", display_path(&file))))
    }

    /// Where the run's model belongs.
    pub fn model_path(&self) -> PathBuf {
        self.path.join(MODEL_FILE)
    }
}

fn free_folder(path: &Path) -> PathBuf {
    let is_free =
        |path: &Path| fs::read_dir(path).map_or(!path.exists(), |mut list| list.next().is_none());
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
