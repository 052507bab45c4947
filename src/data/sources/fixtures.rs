//! What the tests of the sources share: small trees of files.

use std::{fs, path::Path};

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
