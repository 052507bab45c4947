//! Finding what ships with the program: recipes and bundled datasets.

use std::path::{Path, PathBuf};

use crate::file_address;

/// Folders that may hold `assets` and `datasets`, most specific first: `CONVSCOPE_HOME`, the program's
/// own folder (a distribution), the working directory, the source tree it was built from.
fn homes() -> Vec<PathBuf> {
    let mut homes = shipped();
    // Before the source tree, which is the last.
    homes.splice(homes.len() - 1..homes.len() - 1, std::env::current_dir());
    homes
}

/// Those of [`homes`] that hold nothing of the user's.
fn shipped() -> Vec<PathBuf> {
    let program = std::env::current_exe().ok();
    [
        std::env::var_os("CONVSCOPE_HOME").map(PathBuf::from),
        program.and_then(|path| path.parent().map(Path::to_path_buf)),
        Some(PathBuf::from(env!("CARGO_MANIFEST_DIR"))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Where the shipped file or folder `relative` is, if anywhere.
pub fn find(relative: impl AsRef<Path>) -> Option<PathBuf> {
    homes()
        .into_iter()
        .map(|home| home.join(relative.as_ref()))
        .find(|path| path.exists())
}

/// Whether `path` is below the datasets that ship with the program. A folder `datasets` where the user happens to work
/// does not.
pub fn is_bundled(path: &Path) -> bool {
    let mut homes = shipped().into_iter();
    homes.any(|home| path.starts_with(home.join("datasets")))
}

/// A path as people write it in an experiment or copy it as an address: as it is if it exists, else beside the program.
pub fn resolve(path: &Path) -> PathBuf {
    let path = &file_address::to_path(path);
    if path.exists() {
        return path.to_path_buf();
    }
    find(path).unwrap_or_else(|| path.to_path_buf())
}
