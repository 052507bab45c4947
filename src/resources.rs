//! Finding what ships with the program, recipes and bundled datasets, and the folders of what is the user's.

use std::path::{Path, PathBuf};

use crate::file_address;

/// The datasets that ship with the program, below its folder `datasets`.
const BUNDLED: [&str; 3] = ["shapes", "pets", "cells.npz"];

/// Folders that may hold `assets` and `datasets`, most specific first: `CONVSCOPE_HOME`, the program's
/// own folder (a distribution), the working directory, the source tree it was built from.
fn homes() -> Vec<PathBuf> {
    let [given, distribution, source_tree] = own_homes();
    let working_directory = std::env::current_dir().ok();
    let homes = [given, distribution, working_directory, source_tree];
    homes.into_iter().flatten().collect()
}

/// Those of [`homes`] that are the program's own: the working directory is the user's.
fn own_homes() -> [Option<PathBuf>; 3] {
    let program = std::env::current_exe().ok();
    [
        std::env::var_os("CONVSCOPE_HOME").map(PathBuf::from),
        program.and_then(|path| path.parent().map(Path::to_path_buf)),
        Some(PathBuf::from(env!("CARGO_MANIFEST_DIR"))),
    ]
}

/// The system's folders for Convscope; `None` where the user has no home.
pub fn system_folders() -> Option<directories::ProjectDirs> {
    directories::ProjectDirs::from("org", "Convscope", "Convscope")
}

/// Where the user's own things called `name` are kept: in the folder that the environment variable `variable` names, or
/// in one of the user's data.
pub fn user_folder(variable: &str, name: &str) -> PathBuf {
    let given = std::env::var_os(variable).map(PathBuf::from);
    given
        .or_else(|| Some(system_folders()?.data_dir().join(name)))
        .unwrap_or_else(|| PathBuf::from(name))
}

/// Where the shipped file or folder `relative` is, if anywhere.
pub fn find(relative: impl AsRef<Path>) -> Option<PathBuf> {
    homes()
        .into_iter()
        .map(|home| home.join(relative.as_ref()))
        .find(|path| path.exists())
}

/// Whether `path` is one of the datasets that ship with the program, or below one.
pub fn is_bundled(path: &Path) -> bool {
    own_homes().into_iter().flatten().any(|home| {
        let datasets = home.join("datasets");
        BUNDLED
            .iter()
            .any(|name| path.starts_with(datasets.join(name)))
    })
}

/// A path as people write it in an experiment or copy it as an address: as it is if it exists, else beside the program.
pub fn resolve(path: &Path) -> PathBuf {
    let path = &file_address::to_path(path);
    if path.exists() {
        return path.to_path_buf();
    }
    find(path).unwrap_or_else(|| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_ships_with_the_program_is_bundled() {
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets");
        let program = std::env::current_exe().unwrap();
        let beside = program.parent().unwrap().join("datasets");
        for name in BUNDLED {
            assert!(ours.join(name).exists(), "{name} ships");
        }
        for (why, path, is_ours) in [
            ("the source tree's", ours.join("shapes"), true),
            ("a folder of it", ours.join("pets/train"), true),
            ("the distribution's", beside.join("cells.npz"), true),
            ("one's own beside them", ours.join("my shapes"), false),
            ("their folder", ours.clone(), false),
            (
                "a folder of this name anywhere else",
                std::env::temp_dir().join("datasets/shapes"),
                false,
            ),
            (
                "a folder of this name where one works",
                "datasets/shapes".into(),
                false,
            ),
        ] {
            assert_eq!(is_bundled(&path), is_ours, "{why}");
        }
    }
}
