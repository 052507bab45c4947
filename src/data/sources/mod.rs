//! Where datasets come from: what kind of source a path is, and reading it into classes and samples.

pub mod folder;

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    dataset::{Dataset, SourceKind, display_path},
    images::ImageStore,
};
use crate::cancel::{CancelToken, Cancelled};

/// A dataset that was read, and where its pixels are.
#[derive(Debug)]
pub struct Opened {
    /// Classes and samples.
    pub dataset: Dataset,
    /// Where the pixels are.
    pub images: ImageStore,
}

/// How a source is opened.
pub struct Request<'a> {
    /// A folder or file.
    pub path: &'a Path,
    /// What to take it for; `None` finds out.
    pub kind: Option<SourceKind>,
    /// Where archives and arrays are unpacked to.
    pub cache: &'a Path,
    /// Asked often.
    pub cancel: &'a CancelToken,
    /// Hears how far it is: done and all, in files or in bytes.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// Why a path is not a dataset.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which folder or file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// It holds no dataset.
    #[error("{0}")]
    NotADataset(String),
    /// The user asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl SourceError {
    /// For `map_err` on what the system says about `path`.
    pub(crate) fn read(path: &Path) -> impl Fn(io::Error) -> Self {
        let path: PathBuf = path.to_path_buf();
        move |source| Self::Read {
            path: display_path(&path),
            source,
        }
    }
}

/// Opens a dataset of any kind without decoding any image file.
///
/// # Errors
/// One sentence: what, where, what to do.
pub fn open(request: &Request<'_>) -> Result<Opened, SourceError> {
    let dataset = folder::scan(request.path, request.cancel)?;
    Ok(Opened {
        dataset,
        images: ImageStore::default(),
    })
}
