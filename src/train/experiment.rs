//! An experiment: everything that decides a run. A recipe is one of these in a file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    data::{Edits, SplitConfig, augment::AugmentationConfig, dataset::SourceKind},
    model::ModelSpec,
};

/// Version of the file format; files of a newer one are refused with a sentence.
pub const FORMAT: u32 = 1;

/// Dataset, split, model and training: a run is decided by these and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// File format version, [`FORMAT`].
    pub format: u32,
    /// Short name, used in file names.
    pub name: String,
    /// What it shows, in a few words.
    pub title: String,
    /// Where the images are.
    pub dataset: DatasetReference,
    /// What the user changed about them.
    #[serde(default, skip_serializing_if = "Edits::is_empty")]
    pub edits: Edits,
    /// How they are divided.
    pub split: SplitConfig,
    /// How training images vary.
    #[serde(default, skip_serializing_if = "AugmentationConfig::is_none")]
    pub augmentation: AugmentationConfig,
    /// The network.
    pub model: ModelSpec,
    /// How it is fitted.
    pub training: TrainingConfig,
}

/// Where a dataset is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetReference {
    /// A folder or file; a relative one is looked for in the working directory, then beside the program.
    /// What is not UTF-8 in it is written escaped: such a path must be given again.
    #[serde(serialize_with = "escaped")]
    pub path: PathBuf,
    /// What it is; `None` finds out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<SourceKind>,
}

fn escaped<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&crate::data::dataset::display_path(path))
}

/// How a network is fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// Times the training part is gone through.
    pub epochs: usize,
    /// Images per step.
    pub batch_size: usize,
    /// How weights move.
    pub optimizer: Optimizer,
    /// Decides initial weights, the order of images and dropout.
    pub seed: u64,
    /// CPU threads for libtorch; `None` leaves the choice to it.
    #[serde(default)]
    pub threads: Option<usize>,
    /// How feature maps lie in memory.
    #[serde(default)]
    pub memory_format: MemoryFormat,
}

/// The rule by which gradients move weights.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Optimizer {
    /// Adam (Kingma & Ba 2015), PyTorch's defaults.
    Adam {
        /// Step size, > 0.
        learning_rate: f64,
        /// Decay of the mean of gradients, 0..1.
        #[serde(default = "beta1")]
        beta1: f64,
        /// Decay of the mean of squared gradients, 0..1.
        #[serde(default = "beta2")]
        beta2: f64,
        /// Added to the denominator.
        #[serde(default = "epsilon")]
        epsilon: f64,
    },
}

fn beta1() -> f64 {
    0.9
}

fn beta2() -> f64 {
    0.999
}

fn epsilon() -> f64 {
    1e-8
}

impl Optimizer {
    /// Adam with PyTorch's defaults.
    pub fn adam(learning_rate: f64) -> Self {
        Self::Adam {
            learning_rate,
            beta1: beta1(),
            beta2: beta2(),
            epsilon: epsilon(),
        }
    }

    /// The step size.
    pub fn learning_rate(&self) -> f64 {
        match self {
            Self::Adam { learning_rate, .. } => *learning_rate,
        }
    }

    /// Sets the step size.
    pub fn set_learning_rate(&mut self, rate: f64) {
        match self {
            Self::Adam { learning_rate, .. } => *learning_rate = rate,
        }
    }
}

/// How feature maps lie in memory; the numbers are the same up to rounding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemoryFormat {
    /// Channels beside each other: 1.3–1.4 times faster on CPUs.
    #[default]
    ChannelsLast,
    /// Rows beside each other: PyTorch's default.
    Contiguous,
}

/// Why an experiment cannot be read or run.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The file cannot be read or written.
    #[error("cannot access experiment {path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not an experiment.
    #[error("{path} is not a valid experiment: {reason}")]
    Syntax {
        /// Which file.
        path: String,
        /// Where and why.
        reason: String,
    },
    /// A setting is out of range.
    #[error("{0}")]
    Setting(String),
}

impl TrainingConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first setting out of range, with the range.
    pub fn check(&self) -> Result<(), ExperimentError> {
        let bad = |text: String| Err(ExperimentError::Setting(text));
        if self.epochs == 0 {
            return bad("epochs is 0: train for at least 1".into());
        }
        if self.batch_size == 0 {
            return bad("batch size is 0: use at least 1 image per step".into());
        }
        if self.threads == Some(0) {
            return bad("threads is 0: use at least 1".into());
        }
        let Optimizer::Adam {
            learning_rate,
            beta1,
            beta2,
            epsilon,
        } = self.optimizer;
        if !(learning_rate > 0.0 && learning_rate.is_finite()) {
            return bad(format!(
                "learning rate is {learning_rate}: use a number above 0, such as 0.001"
            ));
        }
        let is_decay = |beta: f64| (0.0..1.0).contains(&beta);
        if !is_decay(beta1) || !is_decay(beta2) || epsilon.is_nan() || epsilon < 0.0 {
            return bad(
                "Adam's betas must be from 0 to below 1 and its epsilon not negative".into(),
            );
        }
        Ok(())
    }
}

impl Experiment {
    /// Reads an experiment from a RON file.
    ///
    /// # Errors
    /// When the file cannot be read, is not RON, has unknown fields or a newer format.
    pub fn load(path: &Path) -> Result<Self, ExperimentError> {
        let shown = crate::data::dataset::display_path(path);
        let text = std::fs::read_to_string(path).map_err(|source| ExperimentError::File {
            path: shown.clone(),
            source,
        })?;
        Self::parse(&text).map_err(|reason| ExperimentError::Syntax {
            path: shown,
            reason,
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let experiment: Self = ron::from_str(text).map_err(|error| error.to_string())?;
        if experiment.format != FORMAT {
            return Err(format!(
                "it has format {}, this program reads {FORMAT}: use a newer Convscope",
                experiment.format
            ));
        }
        Ok(experiment)
    }

    /// The experiment as RON, for people to read and change.
    ///
    /// # Errors
    /// When a value cannot be written, which no experiment read by [`Self::load`] has.
    pub fn to_ron(&self) -> Result<String, ExperimentError> {
        ron::ser::to_string_pretty(self, ron::ser::PrettyConfig::default())
            .map_err(|error| ExperimentError::Setting(error.to_string()))
    }
}
