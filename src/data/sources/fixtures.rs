//! What the tests of the sources share: small trees of files, and opening them.

use std::{fs, path::Path};

use super::{Limits, Opened, Request, SourceError, open_within};
use crate::{cancel::CancelToken, data::dataset::SourceKind};

/// A temporary folder with these files, of one byte each.
pub fn tree(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        put(folder.path(), file, b"x");
    }
    folder
}

/// Writes `below` in `folder`, with the folders that it needs.
pub fn put(folder: &Path, below: &str, bytes: &[u8]) {
    let path = folder.join(below);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Opens `path` as `kind` or as what it looks like.
pub fn open_as(
    path: &Path,
    kind: Option<SourceKind>,
    cache: &Path,
    limits: &Limits,
) -> Result<Opened, SourceError> {
    let request = Request {
        path,
        kind,
        cache,
        cancel: &CancelToken::new(),
        progress: &|_, _| {},
    };
    open_within(&request, limits)
}

/// Opens `path` with a cache of its own, which must not outlive the test.
pub fn open(path: &Path) -> Result<Opened, String> {
    let cache = tempfile::tempdir().unwrap();
    open_as(path, None, cache.path(), &Limits::default()).map_err(|error| error.to_string())
}
