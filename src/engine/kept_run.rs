//! A run that is opened again: all that it recorded comes back with its model.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::runs::RunFigures;
use crate::train::{
    Experiment,
    run_folder::{EXPERIMENT_FILE, MODEL_FILE, RunResult},
    runs,
};

/// What a run that has ended recorded. Plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptRun {
    /// Its folder.
    pub folder: PathBuf,
    /// What it trained and how.
    pub experiment: Arc<Experiment>,
    /// Its epochs and steps.
    pub figures: RunFigures,
    /// How it ended; `None` when the program was killed.
    pub result: Option<RunResult>,
}

/// The run that `path` means: its folder, or the model file in it. `None` for a file that lies in no run.
pub fn folder_of(path: &Path) -> Option<&Path> {
    let is_run = |folder: &&Path| folder.join(EXPERIMENT_FILE).is_file();
    if path.is_dir() {
        return Some(path).filter(is_run);
    }
    let is_model = path.file_name().is_some_and(|name| name == MODEL_FILE);
    path.parent().filter(|_| is_model).filter(is_run)
}

impl KeptRun {
    /// Reads the run in `folder`.
    ///
    /// # Errors
    /// One sentence when a file of it cannot be read or is damaged.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let experiment = Experiment::load(&folder.join(EXPERIMENT_FILE));
        let history = runs::read::history(folder).map_err(|error| error.to_string())?;
        Ok(Self {
            folder: folder.to_path_buf(),
            experiment: Arc::new(experiment.map_err(|error| error.to_string())?),
            figures: RunFigures {
                history,
                steps: runs::read::steps(folder).map_err(|error| error.to_string())?,
            },
            result: RunResult::load(folder).map_err(|error| error.to_string())?,
        })
    }
}
