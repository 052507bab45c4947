//! The lane of the notebook of runs: lists them, reads what they recorded, writes what people say about them,
//! and moves them to the bin. A thread of its own, since ten thousand runs or a million steps take seconds.

use std::{
    collections::HashSet,
    convert::Infallible,
    fs,
    path::{Path, PathBuf},
};

use super::{
    answer::Kind,
    folders::Folders,
    job::{JobContext, JobError, failed},
    task::{LaneState, Task},
};
use crate::{
    data::files,
    train::{
        EpochRecord, StepRecord,
        run_folder::{self, EXPERIMENT_FILE},
        runs::{self, Lister, Listing, RunNotes, RunsError},
    },
};

/// What a run recorded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunFigures {
    /// Every epoch.
    pub history: Vec<EpochRecord>,
    /// Every step that is on the disk; none when they were not asked for.
    pub steps: Vec<StepRecord>,
}

/// What the lane keeps.
#[derive(Default)]
pub struct Runs {
    lister: Lister,
    /// Folders in which nothing lies any more that killed processes left.
    swept: HashSet<PathBuf>,
}

impl LaneState for Runs {}

impl Runs {
    /// Begins with what killed processes left in `folders`: nobody waits for it.
    pub fn new(folders: &Folders) -> Self {
        files::sweep_cache(&folders.cache);
        files::sweep(&folders.edits);
        Self::default()
    }
}

/// Deletes what killed processes left in the runs of `folder`.
fn sweep(folder: &Path) {
    for run in fs::read_dir(folder).into_iter().flatten().flatten() {
        if run.path().join(EXPERIMENT_FILE).is_file() {
            run_folder::sweep(&run.path());
        }
    }
}

/// Lists the runs that a folder holds. What has not changed since the last time is not read again.
#[derive(Debug, Clone)]
pub struct ListRuns(pub PathBuf);

impl Task for ListRuns {
    type Answer = Listing;
    type Partial = Infallible;
    const KIND: Kind = Kind::new("list the runs").quiet();
    type Lane = Runs;

    fn run(&self, lane: &mut Runs, context: &JobContext) -> Result<Listing, JobError> {
        if lane.swept.insert(self.0.clone()) {
            sweep(&self.0);
        }
        lane.lister.list(&self.0, |done, total| {
            context.cancel.check()?;
            context.progress(done, total);
            Ok::<_, JobError>(())
        })
    }
}

/// Reads what the run in a folder recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRun {
    /// The run's folder.
    pub folder: PathBuf,
    /// Its steps too.
    pub with_steps: bool,
}

impl Task for ReadRun {
    type Answer = RunFigures;
    type Partial = Infallible;
    const KIND: Kind = Kind::new("read the run").quiet();
    type Lane = Runs;

    fn run(&self, _: &mut Runs, context: &JobContext) -> Result<RunFigures, JobError> {
        let history = runs::read::history(&self.folder)?;
        context.cancel.check()?;
        let steps = if self.with_steps {
            runs::read::steps(&self.folder)?
        } else {
            Vec::new()
        };
        Ok(RunFigures { history, steps })
    }
}

/// Writes what people say about the run in a folder.
#[derive(Debug, Clone)]
pub struct DescribeRun {
    /// The run's folder.
    pub folder: PathBuf,
    /// What they say.
    pub notes: RunNotes,
}

impl Task for DescribeRun {
    type Answer = ();
    type Partial = Infallible;
    const KIND: Kind = Kind::new("write about the run");
    type Lane = Runs;

    fn run(&self, _: &mut Runs, _: &JobContext) -> Result<(), JobError> {
        Ok(runs::describe(&self.folder, &self.notes)?)
    }
}

/// Moves runs to the system's bin.
#[derive(Debug, Clone)]
pub struct DiscardRuns(pub Vec<PathBuf>);

impl Task for DiscardRuns {
    type Answer = ();
    type Partial = Infallible;
    const KIND: Kind = Kind::new("move the run to the bin");
    type Lane = Runs;

    /// Those before one that cannot be moved are moved: the list shows what is left.
    fn run(&self, _: &mut Runs, context: &JobContext) -> Result<(), JobError> {
        for (done, folder) in self.0.iter().enumerate() {
            context.progress(done, self.0.len());
            runs::move_to_bin(folder)?;
        }
        Ok(())
    }
}

impl From<RunsError> for JobError {
    fn from(error: RunsError) -> Self {
        failed(error)
    }
}
