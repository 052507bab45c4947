//! What was measured on this machine, kept in a folder: one file per network, steps and libraries.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{Measurement, Step, Way, processor};
use crate::{
    data::{
        dataset::display_path,
        files::{self, write_atomically},
    },
    model::ModelSpec,
};

/// Of the way in which is measured: numbers of another way are not compared with these.
const METHOD: u32 = 1;
/// The one that tch 0.26 is built for; its build script accepts no other.
const LIBTORCH: &str = "2.13.0";

/// What a measurement holds for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    method: u32,
    processor: String,
    libtorch: String,
    /// Hash of the specification without its name, which computes nothing.
    network: String,
    steps: Vec<Step>,
    batch: usize,
}

/// A file.
#[derive(Serialize, Deserialize)]
struct Kept {
    of: Identity,
    measured: Vec<Measurement>,
}

impl Identity {
    pub fn new(spec: &ModelSpec, steps: &[Step], batch: usize) -> Self {
        let nameless = ModelSpec {
            name: String::new(),
            ..spec.clone()
        };
        // A specification is plain data, so writing it down does not fail; if it did, its debug form is as unique.
        let written = ron::to_string(&nameless).unwrap_or_else(|_| format!("{nameless:?}"));
        Self {
            method: METHOD,
            processor: processor::name(),
            libtorch: LIBTORCH.to_owned(),
            network: blake3::hash(written.as_bytes()).to_hex().to_string(),
            steps: steps.to_vec(),
            batch,
        }
    }

    /// Where the times of `ways` are.
    fn path(&self, folder: &Path, ways: &[Way]) -> PathBuf {
        let hash = blake3::hash(format!("{self:?} {ways:?}").as_bytes()).to_hex();
        folder.join(format!("{}.ron", &hash[..32]))
    }

    /// The times of `ways`, in their order; `None` when they are not there or damaged.
    pub fn load(&self, folder: &Path, ways: &[Way]) -> Option<Vec<Measurement>> {
        let text = fs::read_to_string(self.path(folder, ways)).ok()?;
        let kept: Kept = ron::from_str(&text).ok()?;
        let found = kept.measured.iter();
        let is_whole = kept.of == *self
            && found.clone().all(|way| way.seconds > 0.0)
            && found
                .map(|way| (way.memory_format, way.precision))
                .eq(ways.iter().copied());
        is_whole.then_some(kept.measured)
    }

    /// Keeps the times of `ways` unless another process has done so meanwhile; what is kept afterwards.
    pub fn keep(
        &self,
        folder: &Path,
        ways: &[Way],
        measured: &[Measurement],
    ) -> Result<Vec<Measurement>, String> {
        let path = self.path(folder, ways);
        let failed = |error: &dyn std::fmt::Display| {
            format!(
                "It cannot be kept in {} in which way this network computes fastest ({error}): it is measured anew for each run",
                display_path(folder)
            )
        };
        let kept = Kept {
            of: self.clone(),
            measured: measured.to_vec(),
        };
        let pretty = ron::ser::PrettyConfig::default();
        let text = ron::ser::to_string_pretty(&kept, pretty).map_err(|error| failed(&error))?;
        fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        let is_first =
            write_first(folder, &path, text.as_bytes()).map_err(|error| failed(&error))?;
        if !is_first && self.load(folder, ways).is_none() {
            // What was there is damaged.
            write_atomically(&path, text.as_bytes()).map_err(|error| failed(&error))?;
        }
        Ok(self.load(folder, ways).unwrap_or(kept.measured))
    }
}

/// Writes the whole file unless there is one; says whether there was none.
fn write_first(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<bool> {
    use io::Write as _;
    let mut file = files::unfinished_in(folder)?;
    file.write_all(bytes)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_that_is_set_up() {
        let pins = Path::new(env!("CARGO_MANIFEST_DIR")).join("xtask/src/pins.rs");
        let text = fs::read_to_string(pins).unwrap();
        assert!(text.contains(&format!("VERSION: &str = \"{LIBTORCH}\"")));
    }
}
