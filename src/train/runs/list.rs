//! Listing the runs of a folder. What has not changed since the last time is not read again: every file of a run
//! that counts here is replaced as a whole, which changes the modification time of its folder.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use rayon::prelude::*;

use super::{RunNotes, RunRecord, RunState, RunsError, read};
use crate::{
    model::{LayerShape, Shape, shapes, spec::Head},
    plain,
    train::{
        DataReport, Experiment,
        experiment::ExperimentError,
        health, history,
        run_folder::{
            self, EXPERIMENT_FILE, HISTORY_FILE, MODEL_FILE, REPORT_FILE, RESULT_FILE, RunResult,
        },
        run_times::RunTimes,
    },
};

/// The runs of a folder.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Listing {
    /// Newest first.
    pub runs: Vec<Arc<RunRecord>>,
    /// Folders that are not listed, by name.
    pub skipped: Vec<Skipped>,
}

impl Listing {
    /// The run in `folder`.
    pub fn find(&self, folder: &Path) -> Option<&Arc<RunRecord>> {
        self.runs.iter().find(|run| run.folder == folder)
    }
}

/// A folder that is not listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Which one.
    pub folder: PathBuf,
    /// Why.
    pub reason: String,
}

/// Lists runs and remembers what it read.
#[derive(Debug, Default)]
pub struct Lister {
    known: HashMap<PathBuf, Known>,
}

#[derive(Debug)]
struct Known {
    modified: SystemTime,
    /// When reading began.
    read: SystemTime,
    run: Result<Arc<RunRecord>, String>,
}

/// File systems tell times this coarsely: what changed shortly before it was read may have changed again since.
const COARSEST: Duration = Duration::from_secs(2);

impl Known {
    fn is_fresh(&self, modified: SystemTime) -> bool {
        self.modified == modified && self.read > modified + COARSEST
    }
}

/// Runs read between two looks at whether to go on.
const AT_ONCE: usize = 128;

impl Lister {
    /// The runs in `folder`; none when there is no such folder. `progress` hears how many of how many folders
    /// were looked at, and its error ends the listing.
    ///
    /// # Errors
    /// When the folder cannot be read, or what `progress` said.
    pub fn list<E: From<RunsError>>(
        &mut self,
        folder: &Path,
        mut progress: impl FnMut(usize, usize) -> Result<(), E>,
    ) -> Result<Listing, E> {
        let folders = run_folders(folder)?;
        let mut known = std::mem::take(&mut self.known);
        let mut stale = Vec::new();
        for (path, modified) in &folders {
            match known.remove(path).filter(|known| known.is_fresh(*modified)) {
                Some(fresh) => drop(self.known.insert(path.clone(), fresh)),
                None => stale.push((path, *modified)),
            }
        }
        let mut done = folders.len() - stale.len();
        for part in stale.chunks(AT_ONCE) {
            progress(done, folders.len())?;
            let read = part
                .par_iter()
                .map(|(path, modified)| ((*path).clone(), look_at(path, *modified)));
            let read: Vec<(PathBuf, Known)> = read.collect();
            self.known.extend(read);
            done += part.len();
        }
        Ok(self.listing())
    }

    fn listing(&mut self) -> Listing {
        let mut listing = Listing::default();
        for (folder, known) in &mut self.known {
            match &mut known.run {
                Ok(run) => {
                    refresh_lock(run);
                    listing.runs.push(Arc::clone(run));
                }
                Err(reason) => listing.skipped.push(Skipped {
                    folder: folder.clone(),
                    reason: reason.clone(),
                }),
            }
        }
        let newest_first = |a: &Arc<RunRecord>, b: &Arc<RunRecord>| {
            b.started
                .cmp(&a.started)
                .then_with(|| a.folder.cmp(&b.folder))
        };
        listing.runs.sort_by(newest_first);
        listing.skipped.sort_by(|a, b| a.folder.cmp(&b.folder));
        listing
    }
}

/// The folders in `folder` with their modification times; hidden ones, which systems put there, are left out.
fn run_folders(folder: &Path) -> Result<Vec<(PathBuf, SystemTime)>, RunsError> {
    let failed = RunsError::read(folder);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let entry = entry.map_err(&failed)?;
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        // What was taken away in the meantime is not there.
        let Ok(metadata) = fs::metadata(entry.path()) else {
            continue;
        };
        if metadata.is_dir() && !is_hidden {
            folders.push((entry.path(), metadata.modified().map_err(&failed)?));
        }
    }
    Ok(folders)
}

fn look_at(folder: &Path, modified: SystemTime) -> Known {
    let read = SystemTime::now();
    Known {
        modified,
        read,
        run: read_run(folder)
            .map(Arc::new)
            .map_err(|error| plain::text(&error.to_string())),
    }
}

/// Whether somebody trains a run is not written in its folder: the lock says so.
fn refresh_lock(run: &mut Arc<RunRecord>) {
    if run.result.is_none() {
        let state = open_state(&run.folder);
        if state != run.state {
            Arc::make_mut(run).state = state;
        }
    }
}

/// The state of a run that has not written how it ended.
fn open_state(folder: &Path) -> RunState {
    if run_folder::is_running(folder) {
        RunState::Running
    } else {
        RunState::Unfinished
    }
}

fn read_run(folder: &Path) -> Result<RunRecord, RunsError> {
    let file = folder.join(EXPERIMENT_FILE);
    if !file.exists() {
        return Err(RunsError::Foreign);
    }
    let experiment = Experiment::load(&file).map_err(|error| match error {
        ExperimentError::Syntax { path, reason } => RunsError::Damaged { path, reason },
        ExperimentError::Version { path, reason } => RunsError::Refused(format!("{path} {reason}")),
        error => RunsError::read(&file)(error),
    })?;
    let epochs = read::history(folder)?;
    let result = RunResult::load(folder)?;
    let state = match &result {
        None => open_state(folder),
        Some(result) if result.failure.is_some() => RunState::Failed,
        Some(result) if result.completed => RunState::Finished,
        Some(_) => RunState::Stopped,
    };
    let modified = |name: &str| fs::metadata(folder.join(name)).and_then(|file| file.modified());
    let ended = RunTimes::load(folder).and_then(|times| Some(times.ended?.0));
    let written = || modified(RESULT_FILE).or_else(|_| modified(HISTORY_FILE));
    let ended = ended.or_else(|| written().ok());
    let early_stopping = experiment.training.early_stopping.as_ref();
    let layers = shapes::layer_shapes(&experiment.model).ok();
    let last = layers.as_ref().and_then(|layers| layers.last());
    let classes = classes(experiment.model.head, last);
    Ok(RunRecord {
        notes: RunNotes::load(folder)?,
        state,
        result,
        data: DataReport::load(folder),
        started: run_folder::started(folder),
        ended,
        epochs: epochs.len(),
        best: history::best_epoch(&epochs, early_stopping).copied(),
        diverged: health::divergence(&epochs, classes),
        seconds: epochs.iter().map(|record| record.seconds).sum(),
        parameters: layers.map(|layers| layers.iter().map(|layer| layer.parameters).sum()),
        has_model: folder.join(MODEL_FILE).is_file(),
        has_report: folder.join(REPORT_FILE).is_file(),
        experiment: Arc::new(experiment),
        folder: folder.to_path_buf(),
    })
}

/// Classes that a model with this last layer tells apart; 2 where its layers do not say.
fn classes(head: Head, last: Option<&LayerShape>) -> usize {
    match (head, last.map(|layer| layer.output)) {
        (Head::Softmax, Some(Shape::Flat(outputs))) => outputs,
        _ => 2,
    }
}
