//! Folders that the engine works in.

use std::path::{Path, PathBuf};

use crate::{
    data::{edits, files},
    model::weights::catalogue as weights,
};

/// Folders that the engine works in.
#[derive(Debug, Clone)]
pub struct Folders {
    /// What can be made again: decoded images, unpacked archives.
    pub cache: PathBuf,
    /// What the user changed about datasets.
    pub edits: PathBuf,
    /// Downloaded weights of backbones.
    pub weights: PathBuf,
}

impl Default for Folders {
    /// The user's own folders.
    fn default() -> Self {
        Self {
            cache: files::default_cache_folder(),
            edits: edits::default_folder(),
            weights: weights::default_folder(),
        }
    }
}

impl Folders {
    /// Everything in one folder, for tests.
    pub fn below(folder: &Path) -> Self {
        Self {
            cache: folder.join("cache"),
            edits: folder.join("edits"),
            weights: folder.join("weights"),
        }
    }

    /// Where it is kept in which way each network computes on this machine.
    pub fn choices(&self) -> PathBuf {
        self.cache.join(files::CHOICES_FOLDER)
    }
}
