//! What leaves the program. A format is one file here and one line of [`FORMATS`]: menus, the command line and the
//! folder of a run read that table.

mod bundle;
pub mod charts;
mod model;
mod npz;
pub mod picture;
pub mod run_report;
mod settings;
mod tables;

use std::path::Path;

pub use bundle::{Bundle, Need, RunFacts};

use crate::{
    cancel::Cancelled,
    data::{Picture, dataset::display_path, files::write_atomically},
    format::significant,
};

/// Every format, in the order in which menus and `--to` offer them.
pub static FORMATS: &[Format] = &[
    model::FORMAT,
    npz::FORMAT,
    run_report::FORMAT,
    charts::CURVES,
    charts::CONFUSION_MATRIX,
    tables::HISTORY,
    tables::PREDICTIONS,
    tables::ANSWERS,
    tables::CROSS_TABLE,
    settings::EXPERIMENT,
    settings::LAYERS,
    settings::CHANGES,
    picture::FORMAT,
];

/// A way of writing something down.
#[derive(Debug)]
pub struct Format {
    /// What `--to` calls it.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// What it holds, in a few words.
    pub about: &'static str,
    /// Ending of its file.
    pub ending: &'static str,
    /// What it is made of.
    pub needs: &'static [Need],
    /// Its name in the folder of a run.
    pub in_run: Option<&'static str>,
    /// How it is made.
    pub make: Make,
    /// Proves that what was written says the same; `None` for what only people read.
    pub parity: Option<Parity>,
}

/// How a format is made.
#[derive(Debug)]
pub enum Make {
    /// Drawn, and written as a PNG file; reports show it too.
    Picture(fn(&Bundle) -> Result<Picture, ExportError>),
    /// As the bytes of one file.
    Bytes(fn(&Bundle) -> Result<Vec<u8>, ExportError>),
    /// By itself, at a path: a folder, say.
    Path(fn(&Bundle, &Path, Pulse<'_>) -> Result<(), ExportError>),
}

/// Asked again and again whether to go on.
pub type Pulse<'a> = &'a mut dyn FnMut() -> Result<(), Cancelled>;

/// How what was written is held against what it was made of.
#[derive(Debug)]
pub struct Parity {
    /// The largest difference between numbers that must be the same, read back from the path.
    pub max_difference: fn(&Bundle, &Path) -> Result<f64, ExportError>,
    /// A larger one is an error.
    pub most: f64,
}

impl Format {
    /// The format that `--to` calls `name`.
    pub fn find(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name)
    }

    /// Whether `bundle` has everything for it.
    pub fn is_offered(&self, bundle: &Bundle) -> bool {
        self.needs.iter().all(|need| bundle.has(*need))
    }

    /// Writes `bundle` to `path` and reads it back where that can be done; returns the largest difference found.
    ///
    /// # Errors
    /// When something is missing, cannot be written or does not say the same, or `pulse` says to stop.
    pub fn write(
        &self,
        bundle: &Bundle,
        path: &Path,
        pulse: Pulse<'_>,
    ) -> Result<Option<f64>, ExportError> {
        if let Some(need) = self.needs.iter().find(|need| !bundle.has(**need)) {
            return Err(ExportError::Lacks(*need));
        }
        match self.make {
            Make::Picture(draw) => write_file(path, &picture::png_bytes(&draw(bundle)?)?)?,
            Make::Bytes(bytes) => write_file(path, &bytes(bundle)?)?,
            Make::Path(write) => write(bundle, path, pulse)?,
        }
        let Some(parity) = &self.parity else {
            return Ok(None);
        };
        let found = (parity.max_difference)(bundle, path)?;
        // Not a number is no agreement either.
        if found <= parity.most {
            return Ok(Some(found));
        }
        Err(ExportError::Differs {
            path: display_path(path),
            found: significant(found),
            most: significant(parity.most),
        })
    }
}

/// Why something could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is not everything that the format is made of.
    #[error("{} is missing: {}", .0.words().0, .0.words().1)]
    Lacks(Need),
    /// A file cannot be written.
    #[error("cannot write {path}: {reason}")]
    Write {
        /// Which file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// What was written cannot be read back.
    #[error("{path} was written and cannot be read back: {reason}")]
    Unreadable {
        /// Which file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What was written says something else.
    #[error(
        "{path} does not say what was to be written: numbers differ by up to {found}, and {most} is allowed"
    )]
    Differs {
        /// Which file.
        path: String,
        /// The largest difference.
        found: String,
        /// The largest that is allowed.
        most: String,
    },
    /// It cannot be made, in a sentence.
    #[error("{0}")]
    Failed(String),
    /// A chart cannot be drawn.
    #[error("cannot draw the chart: {0}")]
    Draw(String),
    /// A network cannot be rebuilt to look inside it.
    #[error(transparent)]
    Inspect(#[from] crate::inspect::InspectError),
    /// Somebody asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Writes a file, atomically.
fn write_file(path: &Path, bytes: &[u8]) -> Result<(), ExportError> {
    write_atomically(path, bytes).map_err(|error| write_error(path, &error))
}

fn write_error(path: &Path, error: &std::io::Error) -> ExportError {
    ExportError::Write {
        path: display_path(path),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_format_has_a_name_of_its_own_and_what_it_lacks_is_said() {
        let names: BTreeSet<&str> = FORMATS.iter().map(|format| format.name).collect();
        assert_eq!(names.len(), FORMATS.len());
        let folder = tempfile::tempdir().unwrap();
        for format in FORMATS {
            assert!(Format::find(format.name).is_some_and(|found| found.title == format.title));
            let path = folder.path().join(format.name);
            let nothing = Bundle::default();
            assert!(!format.is_offered(&nothing), "{}", format.name);
            let refused = format.write(&nothing, &path, &mut || Ok(()));
            let needs = format.needs;
            assert!(
                matches!(refused, Err(ExportError::Lacks(need)) if needs.contains(&need)),
                "{}: {refused:?}",
                format.name
            );
            assert!(!path.exists(), "{}", format.name);
        }
    }
}
