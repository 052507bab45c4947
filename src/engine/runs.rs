//! The thread of the notebook of runs: lists them, reads what they recorded, writes what people say about them,
//! and moves them to the bin. A thread of its own, since ten thousand runs or a million steps take seconds.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crossbeam_channel::Receiver;

use super::{
    events::Event,
    job::{self, JobContext, JobError, Jobs},
    loader::Folders,
    queue::EventSender,
    threads,
};
use crate::{
    data::files::{self, Whose},
    train::{
        EpochRecord, StepRecord,
        run_folder::{self, EXPERIMENT_FILE},
        runs::{self, Lister, RunNotes, RunsError},
    },
    worker::Worker,
};

/// What a run recorded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunFigures {
    /// Every epoch.
    pub history: Vec<EpochRecord>,
    /// Every step that is on the disk; none when they were not asked for.
    pub steps: Vec<StepRecord>,
}

pub enum Command {
    /// List the runs of a folder.
    List {
        context: JobContext,
        folder: PathBuf,
    },
    /// Read what one run recorded.
    Read {
        context: JobContext,
        folder: PathBuf,
        with_steps: bool,
    },
    /// Write about a run.
    Describe {
        context: JobContext,
        folder: PathBuf,
        notes: RunNotes,
    },
    /// Move runs to the system's bin.
    Discard {
        context: JobContext,
        folders: Vec<PathBuf>,
    },
}

/// The thread begins with what killed processes left in `folders`: nobody waits for it.
pub fn spawn(jobs: Jobs, events: EventSender, folders: Folders) -> io::Result<Worker<Command>> {
    threads::start(("runs", "lists runs"), events, move |commands| {
        files::sweep_cache(&folders.cache);
        files::sweep(&folders.edits, Whose::Anybodys);
        serve(&commands, &jobs);
    })
}

/// Deletes what killed processes left in the runs of `folder`.
fn sweep(folder: &Path) {
    for run in fs::read_dir(folder).into_iter().flatten().flatten() {
        if run.path().join(EXPERIMENT_FILE).is_file() {
            run_folder::sweep(&run.path());
        }
    }
}

fn serve(commands: &Receiver<Command>, jobs: &Jobs) {
    let mut lister = Lister::default();
    let mut swept = HashSet::new();
    for command in commands {
        match command {
            Command::List { context, folder } => job::run(&context, jobs, || {
                if swept.insert(folder.clone()) {
                    sweep(&folder);
                }
                let listing = lister.list(&folder, |done, total| {
                    context.cancel.check()?;
                    context.progress(done, total);
                    Ok::<_, JobError>(())
                })?;
                context.events.send(Event::RunsListed {
                    job: context.id,
                    listing: Arc::new(listing),
                });
                Ok(())
            }),
            Command::Read {
                context,
                folder,
                with_steps,
            } => job::run(&context, jobs, || read(&context, folder, with_steps)),
            Command::Describe {
                context,
                folder,
                notes,
            } => job::run(&context, jobs, || {
                runs::describe(&folder, &notes)?;
                context.events.send(Event::RunDescribed {
                    job: context.id,
                    folder,
                });
                Ok(())
            }),
            Command::Discard { context, folders } => {
                job::run(&context, jobs, || discard(&context, folders));
            }
        }
    }
}

fn read(context: &JobContext, folder: PathBuf, with_steps: bool) -> Result<(), JobError> {
    let history = runs::read::history(&folder)?;
    context.cancel.check()?;
    let steps = if with_steps {
        runs::read::steps(&folder)?
    } else {
        Vec::new()
    };
    context.events.send(Event::RunRead {
        job: context.id,
        folder,
        figures: Arc::new(RunFigures { history, steps }),
    });
    Ok(())
}

/// Those before one that cannot be moved are moved: the list shows what is left.
fn discard(context: &JobContext, folders: Vec<PathBuf>) -> Result<(), JobError> {
    for (done, folder) in folders.iter().enumerate() {
        context.progress(done, folders.len());
        runs::move_to_bin(folder)?;
    }
    context.events.send(Event::RunsDiscarded {
        job: context.id,
        folders,
    });
    Ok(())
}

impl From<RunsError> for JobError {
    fn from(error: RunsError) -> Self {
        Self::Failed(error.to_string())
    }
}
