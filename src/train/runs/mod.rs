//! Every run that was kept, as a notebook: what it was, how it stands, its best figures, and what people wrote
//! about it. A run is a folder ([`super::run_folder`]); nothing but the folder is needed to list it.

pub mod difference;
mod keep;
mod list;
mod notes;
pub mod query;
pub mod read;
pub mod several;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

pub use keep::{describe, move_to_bin};
pub use list::{Lister, Listing, Skipped};
pub use notes::{NOTES_FILE, RunNotes};

use super::{
    DataReport, Experiment,
    history::EpochRecord,
    run_folder::{EndStage, RunResult},
};
use crate::{
    data::dataset::display_path,
    kept::{FormatError, LoadError},
};

/// Why something about a run cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum RunsError {
    /// The system refuses, or another version of the program wrote a file.
    #[error("{0}")]
    Refused(String),
    /// A file is not what it should be.
    #[error("{path} is damaged ({reason}): repair it or move the run's folder away")]
    Damaged {
        /// Which file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder is no run.
    #[error("it holds no {}, so it is no run", super::run_folder::EXPERIMENT_FILE)]
    Foreign,
    /// It cannot be taken away while it is trained.
    #[error("the run {0} is being trained: stop it first")]
    Running(String),
}

impl RunsError {
    /// For `map_err` on why `path` cannot be read.
    fn read<E: std::fmt::Display>(path: &Path) -> impl Fn(E) -> Self {
        move |error| Self::Refused(format!("cannot read {}: {error}", display_path(path)))
    }

    /// For `map_err` on why the file `path` cannot be loaded.
    pub(super) fn load(path: &Path) -> impl Fn(LoadError) -> Self {
        move |error| match error {
            LoadError::Read(error) => Self::read(path)(error),
            LoadError::Format(FormatError::Damaged(reason)) => Self::damaged(path, reason),
            LoadError::Format(reason) => Self::Refused(format!("{} {reason}", display_path(path))),
        }
    }

    fn damaged(path: &Path, reason: String) -> Self {
        let path = display_path(path);
        Self::Damaged { path, reason }
    }
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunState {
    /// A process trains it now, this one or another.
    Running,
    /// The program was killed while it trained: it can be continued.
    Unfinished,
    /// Somebody stopped it.
    Stopped,
    /// Something went wrong.
    Failed,
    /// It ended by itself.
    Finished,
}

impl RunState {
    /// Its word in tables and filters.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Unfinished => "unfinished",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Finished => "finished",
        }
    }
}

/// Digits between the dashes of [`crate::format::stamp`].
const STAMP: [usize; 4] = [4, 2, 2, 6];

/// One run of the notebook. Plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// Where it is; identifies it.
    pub folder: PathBuf,
    /// What people wrote about it.
    pub notes: RunNotes,
    /// What was asked for.
    pub experiment: Arc<Experiment>,
    /// How it stands.
    pub state: RunState,
    /// How it ended; `None` while it goes on and when the program was killed.
    pub result: Option<RunResult>,
    /// What there was to know about its data.
    pub data: DataReport,
    /// When it was begun.
    pub started: SystemTime,
    /// When it ended; of a killed run, when its last epoch was written.
    pub ended: Option<SystemTime>,
    /// Epochs finished.
    pub epochs: usize,
    /// The epoch whose weights are kept.
    pub best: Option<EpochRecord>,
    /// Why its last epoch shows that it diverged, in words; `None` when it did not.
    pub diverged: Option<String>,
    /// Wall time of all its epochs.
    pub seconds: f64,
    /// Numbers in the network; `None` when the model does not fit together.
    pub parameters: Option<usize>,
    /// Whether it left a model.
    pub has_model: bool,
    /// Whether it left a report.
    pub has_report: bool,
}

impl RunRecord {
    /// The name given to it, else that of its folder.
    pub fn name(&self) -> String {
        let given = self.notes.name.trim();
        if !given.is_empty() {
            return given.to_owned();
        }
        let folder = self.folder.file_name().unwrap_or_default();
        display_path(folder.as_ref())
    }

    /// The same without the time at its end that the window gives to names of folders: for tables that have it
    /// elsewhere.
    pub fn short_name(&self) -> String {
        let name = self.name();
        let parts: Vec<&str> = name.rsplitn(STAMP.len() + 1, '-').collect();
        let is_stamp = parts.len() > STAMP.len()
            && STAMP.iter().rev().zip(&parts).all(|(digits, part)| {
                part.len() == *digits && part.bytes().all(|byte| byte.is_ascii_digit())
            });
        match parts.last() {
            Some(short) if is_stamp && !short.is_empty() => (*short).to_owned(),
            _ => name,
        }
    }

    /// Epochs asked for.
    pub fn planned_epochs(&self) -> usize {
        self.experiment.training.epochs()
    }

    /// Whether it ended before it was done, so that it can go on as it was meant.
    pub fn can_continue(&self) -> bool {
        match self.state {
            RunState::Unfinished | RunState::Stopped | RunState::Failed => true,
            RunState::Running => false,
            RunState::Finished => !self.left_out().is_empty(),
        }
    }

    /// What was left out at its end.
    pub fn left_out(&self) -> &[EndStage] {
        let result = self.result.as_ref();
        result.map_or(&[], |result| &result.left_out)
    }

    /// Its experiment with `more` epochs in the last phase; `None` when the run did not reach the last of its
    /// epochs by itself, after which further ones would mean nothing new.
    pub fn with_more_epochs(&self, more: usize) -> Option<Experiment> {
        let result = self.result.as_ref()?;
        let last = self.experiment.training.phases.len();
        let is_done = self.state == RunState::Finished && !result.stopped_early.contains(&last);
        let mut experiment = Experiment::clone(&self.experiment);
        let phase = experiment.training.phases.last_mut()?;
        phase.epochs = phase.epochs.checked_add(more)?;
        is_done.then_some(experiment)
    }

    /// Why it failed.
    pub fn failure(&self) -> Option<&str> {
        self.result.as_ref()?.failure.as_deref()
    }

    /// Accuracy of the kept weights on the test part, 0..1.
    pub fn test_accuracy(&self) -> Option<f64> {
        self.result.as_ref()?.test_accuracy
    }
}

#[cfg(test)]
mod tests;
