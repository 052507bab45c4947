//! What the engine says: one enum of plain data, grouped by area, matched without exception wherever it is looked at.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::answer::{Answer, JobId, Kind, Progress, Request};
use crate::{
    data::Picture,
    model::LayerShape,
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

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingOutcome {
    /// Every epoch was trained; false when the user stopped it.
    pub completed: bool,
    /// Epoch whose weights were kept; 0 when none was finished.
    pub best_epoch: usize,
    /// The run's folder.
    pub run: PathBuf,
    /// The model file in it; `None` when no epoch was finished.
    pub model: Option<PathBuf>,
    /// Accuracy of the kept weights on the test part, 0..1; `None` when that part is empty or was not judged.
    pub test_accuracy: Option<f64>,
    /// What was left out at the end.
    pub left_out: Vec<EndStage>,
    /// Identifies which image stood in which part ([`crate::data::Split::hash`]).
    pub split_hash: String,
    /// Phases, from 1, that early stopping ended.
    pub stopped_early: Vec<usize>,
    /// What damaged files cost it, in sentences.
    pub lost: Vec<String>,
    /// How it computed: precision and memory format, in words.
    pub computed: String,
    /// Wall time.
    pub seconds: f64,
}

impl TrainingOutcome {
    /// The run in the folder `run` ended with `result`, keeping `model`.
    pub fn new(run: &Path, model: Option<PathBuf>, result: RunResult) -> Self {
        Self {
            completed: result.completed,
            best_epoch: result.best_epoch,
            run: run.to_path_buf(),
            model,
            test_accuracy: result.test_accuracy,
            left_out: result.left_out,
            split_hash: result.split_hash,
            stopped_early: result.stopped_early,
            lost: result.lost,
            computed: result.computed,
            seconds: result.seconds,
        }
    }
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
    /// Newer weights, of so many epochs, lie in [`super::EngineHandle::model`]. Only the newest waits.
    WeightsPublished(usize),
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
    /// Shapes of the network's layers.
    pub shapes: Arc<[LayerShape]>,
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
    /// The end of a job of `T` with its answer.
    pub fn done<T: Request>(job: JobId, answer: impl Into<Arc<T::Answer>>) -> Self {
        Self::Job(job, JobEvent::Done(Answer::last::<T>(answer)))
    }

    /// A partial answer of a job of `T`.
    pub fn partial<T: Request>(job: JobId, partial: impl Into<Arc<T::Partial>>) -> Self {
        Self::Job(job, JobEvent::Partial(Answer::partial::<T>(partial)))
    }

    /// The job and its answer, when this is the end of a `T`.
    pub fn answer<T: Request>(&self) -> Option<(JobId, Arc<T::Answer>)> {
        match self {
            Self::Job(job, JobEvent::Done(answer)) => Some((*job, answer.of::<T>()?)),
            _ => None,
        }
    }

    /// The job and what it has found so far, when this is a partial answer of a `T`.
    pub fn part<T: Request>(&self) -> Option<(JobId, Arc<T::Partial>)> {
        match self {
            Self::Job(job, JobEvent::Partial(answer)) => Some((*job, answer.part_of::<T>()?)),
            _ => None,
        }
    }

    /// The job and the sentence, when this is a failure.
    pub fn failure(&self) -> Option<(JobId, &str)> {
        match self {
            Self::Job(job, JobEvent::Failed(message)) => Some((*job, message)),
            _ => None,
        }
    }
}
