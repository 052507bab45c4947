//! What `evaluate` measures: a model file, or a run's best or last weights.

use std::{path::Path, sync::Arc};

use anyhow::{Error, Result, bail};

use super::{Usage, source};
use crate::{
    data::{Edits, SplitConfig, dataset::display_path},
    model::{ModelSpec, WeightSnapshot},
    train::{
        Experiment,
        checkpoint::Weights,
        run_folder::{self, EXPERIMENT_FILE, MODEL_FILE},
    },
};

/// What weights belong to, and how their data was divided.
pub struct Judged {
    /// What the user had changed about the data.
    pub edits: Edits,
    /// How the data was divided.
    pub split: SplitConfig,
    spec: Arc<ModelSpec>,
    /// The weights of the model file; `None` for a run that goes on or was killed, whose checkpoints have weights.
    model: Option<Arc<WeightSnapshot>>,
}

impl Judged {
    /// Reads what `path` is, for its weights `which`.
    ///
    /// # Errors
    /// One sentence; wrong usage when a file is asked for its last weights.
    pub fn load(path: &Path, which: Weights) -> Result<Self> {
        let experiment = path.join(EXPERIMENT_FILE);
        if experiment.is_file() && !path.join(MODEL_FILE).is_file() {
            let experiment = Experiment::load(&experiment)?;
            return Ok(Self {
                edits: experiment.edits,
                split: experiment.split,
                spec: Arc::new(experiment.model),
                model: None,
            });
        }
        if which == Weights::Last && !path.is_dir() {
            return Err(Usage::error(format!(
                "{} is a model file and holds one set of weights: give the run's folder for the last ones",
                display_path(path)
            )));
        }
        let bundle = source::load_model(path)?;
        Ok(Self {
            edits: Edits::clone(&bundle.edits),
            split: bundle.split,
            spec: Arc::clone(&bundle.snapshot.spec),
            model: Some(bundle.snapshot),
        })
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
        if let Some(model) = &self.model {
            if *model.classes != *classes {
                bail!(
                    "the model knows {} and {} has {}: give the dataset that it was trained on",
                    model.classes.join(", "),
                    display_path(data),
                    classes.join(", ")
                );
            }
            if which == Weights::Best {
                return Ok(Arc::clone(model));
            }
        }
        let snapshot = run_folder::snapshot(path, which, &self.spec, &classes.into());
        Ok(Arc::new(snapshot.map_err(Error::msg)?))
    }
}
