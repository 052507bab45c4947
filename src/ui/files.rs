//! Small files written behind the window's back, so that no frame waits for a disk.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{settings::Settings, state::Said};
use crate::{
    data::{Edits, dataset::display_path, edits},
    engine::Waker,
    worker::Worker,
};

/// Writes something to a path; or says why not, without the path.
pub type Write = Box<dyn FnOnce(&Path) -> Result<(), String> + Send>;

/// Small writes that must not hold up a frame.
pub enum FileTask {
    /// Write what the user asked for and waits to hear of.
    Save {
        /// For "Saved the …".
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What.
        write: Write,
    },
    /// Remember the settings.
    Settings(Box<Settings>, PathBuf),
    /// Keep what the user changed about a dataset: the changes, the folder of sidecars, what was opened.
    Sidecar(Arc<Edits>, PathBuf, PathBuf),
    /// Open a file, a folder or an address with the system's program for it.
    Open(OsString),
    /// Append a line to the log file.
    Log(String, PathBuf),
}

/// Begins what is said when the log cannot be written.
pub const LOG_FAILED: &str = "The log cannot be written";

/// A file that the user asked for and has.
#[derive(Debug)]
pub struct Written {
    /// For "Saved the … as".
    pub what: &'static str,
    /// Where it is.
    pub path: PathBuf,
}

/// What became of tasks: what the user has now, or what went wrong.
type Outcomes = crossbeam_channel::Receiver<Result<Written, String>>;

/// The thread that writes, and what became of it; `waker` is called when there is something to say.
///
/// # Errors
/// When the system cannot start a thread.
pub fn file_worker(waker: Waker) -> io::Result<(Worker<FileTask>, Outcomes)> {
    let (outcomes, receiver) = crossbeam_channel::unbounded();
    let worker = Worker::spawn("convscope-files", move |tasks| {
        for task in tasks {
            if let Some(told) = carry_out(task).transpose() {
                // The window is gone when nobody listens.
                let _ = outcomes.send(told);
                waker();
            }
        }
    })?;
    Ok((worker, receiver))
}

/// What the user asked for and has then; nothing when nobody asked.
fn carry_out(task: FileTask) -> Result<Option<Written>, String> {
    match task {
        FileTask::Save { what, path, write } => {
            return match write(&path) {
                Ok(()) => Ok(Some(Written { what, path })),
                Err(reason) => {
                    let path = display_path(&path);
                    Err(format!("The {what} cannot be written to {path}: {reason}"))
                }
            };
        }
        FileTask::Settings(settings, path) => settings.save(&path)?,
        FileTask::Sidecar(edits, folder, opened) => {
            let path = edits::sidecar(&folder, &opened);
            edits.keep(&path).map_err(|error| error.to_string())?;
        }
        FileTask::Open(thing) => open::that_detached(&thing).map_err(|error| {
            let shown = display_path(thing.as_ref());
            format!("{shown} cannot be opened: {error}")
        })?,
        FileTask::Log(line, path) => append_line(&line, &path)?,
    }
    Ok(None)
}

/// What was said about images that stand in no dataset, as CSV.
///
/// # Errors
/// What the csv library said.
pub fn answers_csv(said: &[Said]) -> Result<Vec<u8>, String> {
    let failed = |error: csv::Error| error.to_string();
    let mut table = csv::Writer::from_writer(Vec::new());
    table
        .write_record(["image", "class", "probability"])
        .map_err(failed)?;
    for said in said {
        let probability = said.probability.to_string();
        table
            .write_record([&said.name, &said.class, &probability])
            .map_err(failed)?;
    }
    table.into_inner().map_err(|error| error.to_string())
}

fn append_line(line: &str, path: &Path) -> Result<(), String> {
    use io::Write as _;
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path);
    file.and_then(|mut file| writeln!(file, "{line}"))
        .map_err(|error| format!("{LOG_FAILED} to {}: {error}", display_path(path)))
}
