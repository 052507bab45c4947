//! What the engine says: one enum of plain data, grouped by area, matched without exception wherever it is looked at.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use super::answer::{Answer, JobId, Kind, Progress};
use crate::{
    data::Picture,
    train::{
        DataReport, EpochRecord, Evaluation, Experiment, StepRecord,
        health::Advice,
        run_folder::{EndStage, RunResult},
        schedule::RateNow,
    },
};

/// How much a note matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For the log.
    Info,
    /// Something the user may want to change.
    Warning,
    /// Something did not work.
    Error,
}

/// How a run ended, and where it lies.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingOutcome {
    /// The run's folder.
    pub run: PathBuf,
    /// The model file in it; `None` when no epoch was finished.
    pub model: Option<PathBuf>,
    /// What the folder says of its end.
    pub result: RunResult,
}

/// What the engine tells.
#[derive(Debug, Clone)]
pub enum Event {
    /// What becomes of a job.
    Job(JobId, JobEvent),
    /// What the run tells that this job trains.
    Run(JobId, RunEvent),
    /// What is found out about the dataset that this job opened.
    Data(JobId, DataEvent),
    /// Any thread: something worth the event log or a notification.
    Note {
        /// How much it matters.
        level: Level,
        /// One sentence.
        message: String,
    },
}

/// What becomes of a job: it starts, tells any number of things, and ends exactly once.
#[derive(Debug, Clone)]
pub enum JobEvent {
    /// A lane takes it up. The status bar shows it.
    Started(Kind),
    /// How far it is, at most 20 times a second; only the newest waits.
    Progress(Progress),
    /// What it has found so far; its slot takes it.
    Partial(Answer),
    /// End: its answer, which its slot takes.
    Done(Answer),
    /// End: it did not work. One sentence: what, where, what to do.
    Failed(String),
    /// End: somebody cancelled it.
    Cancelled,
}

/// What a run tells while it goes on. The trainer sends it, the Train step shows it.
#[derive(Debug, Clone)]
pub enum RunEvent {
    /// At the start: what will be trained.
    Began(Box<RunBegan>),
    /// At most 20 times a second: steps since the last such event, in order; thinned when nobody reads.
    Steps(Vec<StepRecord>),
    /// At the start of every phase and when the learning rate changes, then at most 20 times a second: the phase that
    /// runs and its rate. Only the newest waits.
    Rate(RateNow),
    /// After every epoch: its figures.
    Epoch(EpochRecord),
    /// After an epoch or before the first: something about the run that the user should know. Each thing is said
    /// once, and again only when it gets worse.
    Advice(Advice),
    /// After every validation: answers for each image. Only the newest waits.
    Evaluated(Arc<Evaluation>),
    /// Newer weights lie in [`super::EngineHandle::model`]. Only the newest waits.
    WeightsPublished,
    /// It waits, or goes on (false).
    Paused(bool),
    /// It was asked to stop and takes no further step; the end follows once everything is written.
    Stopping,
    /// After the last step: what it does now; progress is told anew. Stopping the run again leaves out what is not
    /// done yet.
    Ending(EndStage),
}

/// What a run trains.
#[derive(Debug, Clone)]
pub struct RunBegan {
    /// The run's folder.
    pub run: PathBuf,
    /// What it trains and how.
    pub experiment: Arc<Experiment>,
    /// Epochs that were there before, when a run is taken up again.
    pub history: Vec<EpochRecord>,
    /// Training images.
    pub train_images: usize,
    /// Validation images.
    pub validation_images: usize,
    /// Steps of one epoch.
    pub steps_per_epoch: usize,
    /// All epochs.
    pub epochs: usize,
    /// What to know about the data.
    pub data: Arc<DataReport>,
}

/// What is found out about an open dataset.
#[derive(Debug, Clone)]
pub enum DataEvent {
    /// Whoever decoded all images: those that cannot be decoded, when that was not known, each with the reason.
    Broken(Arc<BTreeMap<usize, String>>),
    /// Reader: small pictures for the browser, as they are asked for, or why one cannot be decoded.
    Thumbnails(Vec<(usize, Result<Arc<Picture>, String>)>),
    /// Reader: thumbnails that will not be made, since too many newer ones wait.
    ThumbnailsForgotten(Vec<usize>),
}

impl Event {
    /// The job and the sentence, when this is a failure.
    pub fn failure(&self) -> Option<(JobId, &str)> {
        match self {
            Self::Job(job, JobEvent::Failed(message)) => Some((*job, message)),
            _ => None,
        }
    }
}
