//! The model that inspections and predictions use.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::job::JobId;
use crate::{
    data::{Edits, Picture, SplitConfig},
    model::{WeightSnapshot, bundle::Bundle, network::NetworkError},
};

/// The model that inspections use, with what is needed to save it.
#[derive(Debug, Clone)]
pub struct LoadedModel {
    /// Newest weights; after a run, its best.
    pub snapshot: Arc<WeightSnapshot>,
    /// Weights before training; `None` for a model read from a file.
    pub initial: Option<Arc<WeightSnapshot>>,
    /// Named figures (`val_accuracy` …).
    pub metrics: BTreeMap<String, f64>,
    /// How the data was divided.
    pub split: SplitConfig,
    /// What the user had changed about the data.
    pub edits: Arc<Edits>,
    /// An image of the input size, for the self-test.
    pub sample: Arc<Picture>,
    /// Where it came from.
    pub source: ModelSource,
}

/// Where a model came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSource {
    /// A training job.
    Run(JobId),
    /// A file.
    File(PathBuf),
}

impl LoadedModel {
    /// What is written of it, with its self-test.
    ///
    /// # Errors
    /// When its weights are not finite: such a file could not be opened.
    pub fn bundle(&self) -> Result<Bundle, NetworkError> {
        let snapshot = Arc::clone(&self.snapshot);
        let division = (self.split, Arc::clone(&self.edits));
        Bundle::new(snapshot, self.metrics.clone(), division, &self.sample)
    }

    /// Writes it as one file with its self-test.
    ///
    /// # Errors
    /// One sentence.
    pub fn save(&self, path: &Path) -> Result<(), String> {
        let bundle = self.bundle().map_err(|error| error.to_string())?;
        bundle.save(path).map_err(|error| error.to_string())
    }
}
