//! Weights that can be downloaded: the list `assets/weights.ron` and the folder they live in.
//!
//! Listing, downloading and verifying are the datasets' own: an entry of weights is an entry of a dataset
//! with the name of its network instead of classes.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::WeightsError;
use crate::{
    data::{
        catalogue::{self, CatalogueError, Entry},
        datasets_folder::{self, Status},
    },
    model::spec::Backbone,
    resources,
};

/// Where the list is, below the program's own files.
const FILE: &str = "assets/weights.ron";

/// Every file of weights that can be downloaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// The layout of the file, [`catalogue::FORMAT`].
    pub format: u32,
    /// In the order in which they are shown.
    pub weights: Vec<WeightsEntry>,
}

/// Weights of one network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightsEntry {
    /// The network.
    pub architecture: Backbone,
    /// What to download, and whose it is.
    pub entry: Entry,
}

impl Weights {
    /// The list `file`, or the one that ships with the program.
    ///
    /// # Errors
    /// When it is missing or damaged.
    pub fn load_from(file: Option<&Path>) -> Result<Self, CatalogueError> {
        match file {
            Some(file) => Self::read(file),
            None => Self::read(&resources::find(FILE).ok_or(CatalogueError::Missing(FILE))?),
        }
    }

    fn read(path: &Path) -> Result<Self, CatalogueError> {
        let weights: Self = catalogue::parse(path, |weights: &Self| weights.format)?;
        catalogue::check_entries(weights.weights.iter().map(|weights| &weights.entry))?;
        Ok(weights)
    }

    /// The entry called `name`.
    ///
    /// # Errors
    /// When there is none; the message lists the names.
    pub fn find(&self, name: &str) -> Result<&WeightsEntry, CatalogueError> {
        let mut weights = self.weights.iter();
        let found = weights.find(|weights| weights.entry.name == name);
        found.ok_or_else(|| {
            let names = self.weights.iter().map(|weights| &*weights.entry.name);
            CatalogueError::Unknown {
                what: "weights",
                name: name.to_owned(),
                known: names.collect::<Vec<_>>().join(", "),
            }
        })
    }

    /// The entry of `architecture`.
    pub fn of(&self, architecture: Backbone) -> Option<&WeightsEntry> {
        let mut weights = self.weights.iter();
        weights.find(|weights| weights.architecture == architecture)
    }
}

/// Where weights go: `CONVSCOPE_WEIGHTS` or a folder beside the datasets'.
pub fn default_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("CONVSCOPE_WEIGHTS") {
        return folder.into();
    }
    let datasets = datasets_folder::default_folder();
    match datasets.parent() {
        Some(parent) => parent.join("weights"),
        None => PathBuf::from("weights"),
    }
}

/// The downloaded file with the ImageNet weights of `architecture`.
///
/// # Errors
/// When it is not in `folder`, with what to do.
pub fn file_of(architecture: Backbone, folder: &Path) -> Result<PathBuf, WeightsError> {
    let weights = Weights::load_from(None)?;
    let entry = weights.of(architecture).map(|weights| &weights.entry);
    let status = entry.map(|entry| datasets_folder::status(entry, folder));
    match status {
        Some(Status::Ready(fetched)) => Ok(fetched.path),
        _ => Err(WeightsError::File(format!(
            "{}'s ImageNet weights are not here: download them (File › Download datasets and weights…, or `convscope weights download {}`), choose a file you have, or train from scratch",
            architecture.word(),
            entry.map_or("", |entry| &entry.name)
        ))),
    }
}
