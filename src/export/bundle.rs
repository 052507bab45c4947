//! Everything that can be written down, as far as there is any of it. Plain data.

use std::{path::Path, sync::Arc};

use super::ExportError;
use crate::{
    data::{Dataset, Edits, Picture, dataset::display_path},
    model::bundle::Bundle as Model,
    train::{
        DataReport, Evaluation, Experiment,
        predictions::Said,
        run_folder::{EXPERIMENT_FILE, RunResult},
        runs::{self, several::NamedHistory},
    },
};

/// What is at hand to be exported; each format takes what it needs.
#[derive(Debug, Clone, Default)]
pub struct Bundle {
    /// Weights, spec, classes, preprocessing, figures and self-test.
    pub model: Option<Arc<Model>>,
    /// The epochs of one run, or of several beside each other.
    pub histories: Arc<[NamedHistory]>,
    /// Answers for a part of [`Self::dataset`].
    pub evaluation: Option<Arc<Evaluation>>,
    /// Its classes and images.
    pub dataset: Option<Arc<Dataset>>,
    /// What is or was to be trained, and how.
    pub experiment: Option<Arc<Experiment>>,
    /// What the user changed about the data.
    pub edits: Option<Arc<Edits>>,
    /// What else is known of the one run that all of this is about.
    pub run: Option<RunFacts>,
    /// What was said about images that stand in no dataset.
    pub answers: Arc<[Said]>,
    /// A picture as it is.
    pub picture: Option<Arc<Picture>>,
}

/// What is known of a run besides its model, its epochs and its answers.
#[derive(Debug, Clone)]
pub struct RunFacts {
    /// Identifies which image stood in which part ([`crate::data::Split::hash`]).
    pub split_hash: String,
    /// What to know about the data.
    pub data: Arc<DataReport>,
    /// The epoch whose weights were kept; 0 when none was finished.
    pub best_epoch: usize,
}

/// What a format may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// [`Bundle::model`].
    Model,
    /// At least one of [`Bundle::histories`].
    Epochs,
    /// [`Bundle::evaluation`].
    Evaluation,
    /// [`Bundle::dataset`].
    Dataset,
    /// [`Bundle::experiment`].
    Experiment,
    /// [`Bundle::edits`].
    Edits,
    /// [`Bundle::run`].
    Run,
    /// At least one of [`Bundle::answers`].
    Answers,
    /// [`Bundle::picture`].
    Picture,
}

impl Need {
    /// What it is, and where it comes from.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Model => ("the model", "give a model file or a run that has one"),
            Self::Epochs => ("the history", "give the folder of a run"),
            Self::Evaluation => ("the evaluation", "evaluate the model first"),
            Self::Dataset => ("the dataset", "open it first"),
            Self::Experiment => ("the experiment", "give the folder of a run"),
            Self::Edits => ("the changes", "give a model or the folder of a run"),
            Self::Run => ("the run", "give its folder"),
            Self::Answers => ("the answers", "ask about images first"),
            Self::Picture => ("the picture", "choose one first"),
        }
    }

    /// What was `found` of it.
    ///
    /// # Errors
    /// [`ExportError::Lacks`] when there is none.
    pub fn of<T: ?Sized>(self, found: Option<&T>) -> Result<&T, ExportError> {
        found.ok_or(ExportError::Lacks(self))
    }
}

impl Bundle {
    /// What the run in `folder` recorded of itself; its model and what that says about images come from elsewhere.
    ///
    /// # Errors
    /// One sentence when a file of it cannot be read or is damaged.
    pub fn of_run(folder: &Path) -> Result<Self, String> {
        let experiment = Experiment::load(&folder.join(EXPERIMENT_FILE));
        let experiment = experiment.map_err(|error| error.to_string())?;
        let result = RunResult::load(folder).map_err(|error| error.to_string())?;
        let result = result.unwrap_or_default();
        let epochs = runs::read::history(folder).map_err(|error| error.to_string())?;
        let name = folder.file_name().unwrap_or(folder.as_os_str());
        let name = display_path(name.as_ref());
        Ok(Self {
            histories: [NamedHistory { name, epochs }].into(),
            edits: Some(Arc::new(experiment.edits.clone())),
            experiment: Some(Arc::new(experiment)),
            run: Some(RunFacts {
                split_hash: result.split_hash,
                data: Arc::new(DataReport::load(folder)),
                best_epoch: result.best_epoch,
            }),
            ..Self::default()
        })
    }

    /// The answers, and what they are about.
    ///
    /// # Errors
    /// [`ExportError::Lacks`] when one of them is not there.
    pub fn judged(&self) -> Result<(&Evaluation, &Dataset), ExportError> {
        let evaluation = Need::Evaluation.of(self.evaluation.as_deref())?;
        Ok((evaluation, Need::Dataset.of(self.dataset.as_deref())?))
    }

    /// Whether `need` is there.
    pub fn has(&self, need: Need) -> bool {
        match need {
            Need::Model => self.model.is_some(),
            Need::Epochs => !self.histories.is_empty(),
            Need::Evaluation => self.evaluation.is_some(),
            Need::Dataset => self.dataset.is_some(),
            Need::Experiment => self.experiment.is_some(),
            Need::Edits => self.edits.is_some(),
            Need::Run => self.run.is_some(),
            Need::Answers => !self.answers.is_empty(),
            Need::Picture => self.picture.is_some(),
        }
    }
}
