//! A specification as a RON file, for people to read, keep and exchange.

use std::path::Path;

use super::spec::ModelSpec;
use crate::{
    data::dataset::display_path,
    kept::{FormatError, Kind},
};

/// Files of layers. Format 1 says no format.
const FILES: Kind<String> = Kind {
    oldest: 1,
    steps: &[],
};

/// Why a specification cannot be read, in a sentence.
#[derive(Debug, thiserror::Error)]
pub enum SpecFileError {
    /// The file cannot be read or is none.
    #[error("{0}")]
    File(String),
    /// Another version of the program wrote it.
    #[error("{0}")]
    Version(String),
}

/// Reads a specification. Whether its layers fit together is not looked at: the editor shows that.
///
/// # Errors
/// When the file cannot be read, is not RON or has unknown fields.
pub fn load(path: &Path) -> Result<ModelSpec, SpecFileError> {
    let shown = display_path(path);
    let text = std::fs::read_to_string(path);
    let text =
        text.map_err(|error| SpecFileError::File(format!("cannot access {shown}: {error}")))?;
    FILES.read(&text).map_err(|error| match error {
        FormatError::Damaged(reason) => SpecFileError::File(format!(
            "{shown} is not a list of layers as Convscope writes it: {reason}"
        )),
        reason => SpecFileError::Version(format!("the list of layers {shown} {reason}")),
    })
}

/// A specification as its file holds it.
///
/// # Errors
/// What the RON library said.
pub fn text(spec: &ModelSpec) -> Result<String, String> {
    FILES.write(spec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::recipes;

    #[test]
    fn every_recipes_network_survives_a_round_trip() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("layers.ron");
        for recipe in recipes::all().unwrap() {
            std::fs::write(&path, text(&recipe.model).unwrap()).unwrap();
            assert_eq!(load(&path).unwrap(), recipe.model, "{}", recipe.name);
        }
    }

    #[test]
    fn other_files_are_refused_with_the_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("layers.ron");
        std::fs::write(&path, "(name: \"x\",\n speed: 3)").unwrap();
        let error = load(&path).unwrap_err().to_string();
        assert!(error.contains("2:") && error.contains("speed"), "{error}");
        assert!(load(&folder.path().join("none.ron")).is_err());
    }
}
