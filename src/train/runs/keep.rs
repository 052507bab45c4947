//! Changing the notebook: writing about a run, and moving it to the system's bin.

use std::path::Path;

use super::{RunNotes, RunsError};
use crate::{data::dataset::display_path, train::run_folder};

/// Writes `notes` about the run in `folder`.
///
/// # Errors
/// When it is no run, its notes are damaged, or they cannot be written.
pub fn describe(folder: &Path, notes: &RunNotes) -> Result<(), RunsError> {
    must_be_run(folder)?;
    RunNotes::load(folder)?;
    notes.save(folder)
}

/// Moves the run in `folder` to the system's bin, from which it can be taken back.
///
/// # Errors
/// When it is no run, a process trains it, or there is no bin for its drive.
pub fn move_to_bin(folder: &Path) -> Result<(), RunsError> {
    must_be_run(folder)?;
    if run_folder::is_running(folder) {
        let name = folder.file_name().unwrap_or_default();
        return Err(RunsError::Running(display_path(name.as_ref())));
    }
    trash::delete(folder).map_err(|error| {
        RunsError::Refused(format!(
            "cannot move {} to the bin ({error}): delete the folder yourself",
            display_path(folder)
        ))
    })
}

fn must_be_run(folder: &Path) -> Result<(), RunsError> {
    let is_run = folder.join(run_folder::EXPERIMENT_FILE).is_file();
    is_run.then_some(()).ok_or(RunsError::Foreign)
}
