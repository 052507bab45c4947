//! What people write about a run: its name, a text and tags, in `notes.ron` of its folder.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::RunsError;
use crate::{data::dataset::display_path, kept::Kind};

/// What people wrote about a run.
pub const NOTES_FILE: &str = "notes.ron";

/// What people wrote about a run. Plain data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunNotes {
    /// What it is called; empty for the name of its folder.
    pub name: String,
    /// Anything.
    pub text: String,
    /// Words to find it by, sorted, each once.
    pub tags: Vec<String>,
    /// Whether the user was asked to continue it and declined.
    pub left: bool,
}

impl RunNotes {
    /// The words of `typed`, separated by commas or spaces, as tags: without `#`, sorted, each once.
    pub fn tags_of(typed: &str) -> Vec<String> {
        let words = typed.split([',', ' ', '\t', '\n']);
        let words = words.map(|word| word.trim().trim_start_matches('#'));
        let mut tags: Vec<String> = words
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    /// Those of the run in `folder`; none when nothing was written.
    ///
    /// # Errors
    /// When they cannot be read or are damaged; they are never overwritten unseen.
    pub fn load(folder: &Path) -> Result<Self, RunsError> {
        let file = folder.join(NOTES_FILE);
        let notes = Kind::FIRST.load(&file).map_err(RunsError::load(&file))?;
        Ok(notes.unwrap_or_default())
    }

    /// Writes them into `folder` atomically.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), RunsError> {
        let file = folder.join(NOTES_FILE);
        let saved = Kind::FIRST.save(&file, self);
        saved.map_err(|error| {
            RunsError::Refused(format!("cannot write {}: {error}", display_path(&file)))
        })
    }
}
