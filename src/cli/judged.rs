//! What `evaluate` measures: a model file, or a run's best or last weights.

use std::{path::Path, sync::Arc};

use anyhow::{Result, bail};

use super::{Usage, source};
use crate::{
    data::{Edits, SplitConfig, dataset::display_path},
    model::{WeightSnapshot, bundle::Bundle},
    train::{
        Experiment,
        checkpoint::Weights,
        run_folder::{self, EXPERIMENT_FILE, MODEL_FILE},
    },
};

/// Where weights come from, and how their data was divided.
pub enum Judged {
    /// A model file, or a run that has one.
    Model(Bundle),
    /// A run without a model: it goes on, or the program was killed. Its checkpoints have weights.
    Unfinished(Box<Experiment>),
}

impl Judged {
    /// Reads what `path` is, for its weights `which`.
    ///
    /// # Errors
    /// One sentence; wrong usage when a file is asked for its last weights.
    pub fn load(path: &Path, which: Weights) -> Result<Self> {
        if path.is_dir() && !path.join(MODEL_FILE).is_file() {
            let experiment = path.join(EXPERIMENT_FILE);
            if experiment.is_file() {
                return Ok(Self::Unfinished(Box::new(Experiment::load(&experiment)?)));
            }
        } else if which == Weights::Last && !path.is_dir() {
            return Err(Usage::error(format!(
                "{} is a model file and holds one set of weights: give the run's folder for the last ones",
                display_path(path)
            )));
        }
        Ok(Self::Model(source::load_model(path)?))
    }

    /// What the user had changed about the data.
    pub fn edits(&self) -> &Edits {
        match self {
            Self::Model(bundle) => &bundle.edits,
            Self::Unfinished(experiment) => &experiment.edits,
        }
    }

    /// How the data was divided.
    pub fn split(&self) -> &SplitConfig {
        match self {
            Self::Model(bundle) => &bundle.split,
            Self::Unfinished(experiment) => &experiment.split,
        }
    }

    /// The weights `which` of `path`, for a dataset of `classes`.
    ///
    /// # Errors
    /// When the model knows other classes or the weights cannot be read.
    pub fn snapshot(
        &self,
        (path, which): (&Path, Weights),
        (classes, data): (&[String], &Path),
    ) -> Result<Arc<WeightSnapshot>> {
        let bundle = match self {
            Self::Model(bundle) => &bundle.snapshot,
            Self::Unfinished(experiment) => {
                let spec = Arc::new(experiment.model.clone());
                let snapshot = run_folder::snapshot(path, which, &spec, &classes.into());
                return Ok(Arc::new(snapshot.map_err(anyhow::Error::msg)?));
            }
        };
        if *bundle.classes != *classes {
            bail!(
                "the model knows {} and {} has {}: give the dataset that it was trained on",
                bundle.classes.join(", "),
                display_path(data),
                classes.join(", ")
            );
        }
        match which {
            Weights::Best => Ok(Arc::clone(bundle)),
            Weights::Last => {
                let last = run_folder::snapshot(path, which, &bundle.spec, &bundle.classes);
                Ok(Arc::new(last.map_err(anyhow::Error::msg)?))
            }
        }
    }
}
