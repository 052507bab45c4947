//! The model that inspections and predictions use.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    data::{Edits, Picture, SplitConfig, dataset::display_path},
    model::{WeightSnapshot, bundle::Bundle, network::NetworkError},
    train::answers::Answers,
};

/// The model that inspections use, with what is needed to save it.
#[derive(Debug, Clone)]
pub struct LoadedModel {
    /// Newest weights; after a run, its best.
    pub snapshot: Arc<WeightSnapshot>,
    /// Weights before training; `None` for a model read from a file that lies in no run.
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
    /// What it said about datasets.
    pub answers: Arc<Answers>,
}

/// Where a model came from: who everything belongs to that is computed with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSource {
    /// The run in this folder, whether it goes on, has ended or was opened again.
    Run(PathBuf),
    /// A file that lies in no run.
    File(PathBuf),
}

impl ModelSource {
    /// The run's folder, or the file.
    pub fn path(&self) -> &Path {
        match self {
            Self::Run(path) | Self::File(path) => path,
        }
    }

    /// The folder of the run that it may have been kept in.
    pub fn run(&self) -> Option<&Path> {
        match self {
            Self::Run(folder) => Some(folder),
            Self::File(path) => path.parent(),
        }
    }

    /// What people call it: the name of the run's folder, or that of the file without its ending.
    pub fn name(&self) -> String {
        let name = match self {
            Self::Run(path) => path.file_name(),
            Self::File(path) => path.file_stem(),
        };
        name.map_or_else(
            || display_path(self.path()),
            |name| display_path(name.as_ref()),
        )
    }
}

impl LoadedModel {
    /// A model that was read, without what else its run recorded.
    ///
    /// # Errors
    /// When the image of its self-test is damaged.
    pub fn of_bundle(bundle: Bundle, source: ModelSource) -> Result<Self, String> {
        Ok(Self {
            initial: None,
            metrics: bundle.metrics,
            split: bundle.split,
            edits: bundle.edits,
            sample: Arc::new(bundle.self_test.picture()?),
            snapshot: bundle.snapshot,
            source,
            answers: Arc::default(),
        })
    }

    /// What is written of it, with its self-test.
    ///
    /// # Errors
    /// When its weights are not finite: such a file could not be opened.
    pub fn bundle(&self) -> Result<Bundle, NetworkError> {
        let snapshot = Arc::clone(&self.snapshot);
        let division = (self.split, Arc::clone(&self.edits));
        Bundle::new(snapshot, self.metrics.clone(), division, &self.sample)
    }
}
