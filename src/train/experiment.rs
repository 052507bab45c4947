//! An experiment: everything that decides a run. A recipe is one of these in a file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{config::TrainingConfig, old_experiments};
use crate::{
    data::{Edits, SplitConfig, augment::AugmentationConfig, dataset::SourceKind},
    kept::{FormatError, Kind},
    model::ModelSpec,
};

/// Files of experiments.
pub const FILES: Kind<String> = Kind {
    oldest: 1,
    steps: &[
        |text| old_experiments::phases_and_activations(&text),
        // Format 3 may zoom each axis on its own; older programs would not know what that says.
        Ok,
    ],
};
/// The format of the experiments that are written.
pub const FORMAT: u32 = FILES.format();

/// Dataset, split, model and training: a run is decided by these and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// The file's format, [`FORMAT`] once it has been read.
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
    /// A folder or file; a relative one is looked for in the working directory, beside the program, then among the
    /// public datasets that were downloaded (by its name in the catalogue).
    /// What is not UTF-8 in it is written escaped: such a path must be given again.
    #[serde(serialize_with = "escaped")]
    pub path: PathBuf,
    /// What it is; `None` finds out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<SourceKind>,
    /// What is taken when it is not there: a recipe's bundled set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stand_in: Option<PathBuf>,
}

fn escaped<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&crate::data::dataset::display_path(path))
}

/// Why an experiment cannot be read or run.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// A file cannot be read, or there is none.
    #[error("{0}")]
    Missing(String),
    /// The file is not an experiment.
    #[error("{path} is not a valid experiment: {reason}")]
    Syntax {
        /// Which file.
        path: String,
        /// Where and why.
        reason: String,
    },
    /// Another version of the program wrote it.
    #[error("the experiment {path} {reason}")]
    Version {
        /// Which file.
        path: String,
        /// How the versions stand.
        reason: FormatError,
    },
}

impl ExperimentError {
    /// For `map_err` on why the system does not give `path`.
    pub(super) fn inaccessible(path: &Path) -> impl Fn(std::io::Error) -> Self {
        let path = crate::data::dataset::display_path(path);
        move |error| Self::Missing(format!("cannot access experiment {path}: {error}"))
    }
}

impl Experiment {
    /// Reads an experiment from a RON file.
    ///
    /// # Errors
    /// When the file cannot be read, is not RON, has unknown fields or a newer format. Older formats are brought up.
    pub fn load(path: &Path) -> Result<Self, ExperimentError> {
        let shown = crate::data::dataset::display_path(path);
        let text = std::fs::read_to_string(path).map_err(ExperimentError::inaccessible(path))?;
        Self::parse(&text).map_err(|error| match error {
            FormatError::Damaged(reason) => ExperimentError::Syntax {
                path: shown,
                reason,
            },
            reason => ExperimentError::Version {
                path: shown,
                reason,
            },
        })
    }

    /// Reads an experiment from its text.
    ///
    /// # Errors
    /// When it is not RON, has unknown fields or a newer format.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        // Every experiment says its format: one without is told so by the parser.
        let text = FILES.current(text, FORMAT)?;
        let mut experiment: Self =
            ron::from_str(&text).map_err(|error| FormatError::Damaged(error.to_string()))?;
        experiment.format = FORMAT;
        Ok(experiment)
    }

    /// Whether figures of both mean the same: they tell as many classes of the same dataset apart.
    pub fn is_comparable(&self, other: &Self) -> bool {
        self.dataset.path == other.dataset.path && self.model.classes() == other.model.classes()
    }

    /// The experiment as RON, for people to read and change.
    ///
    /// # Errors
    /// When a value cannot be written, which no experiment read by [`Self::load`] has.
    pub fn to_ron(&self) -> Result<String, String> {
        ron::ser::to_string_pretty(self, ron::ser::PrettyConfig::default())
            .map_err(|error| error.to_string())
    }
}
