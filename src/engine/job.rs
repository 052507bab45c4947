//! Jobs: identity, kind, and the frame in which each runs so that neither errors nor panics escape.

use std::{
    any::Any,
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    events::{Event, Progress},
    queue::EventSender,
};
use crate::cancel::{CancelToken, Cancelled};

/// Identifies one job of one engine; later jobs have larger numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Finds classes and samples of a dataset.
    OpenDataset,
    /// Applies edits to a dataset and divides it.
    Divide,
    /// Decodes all images of a dataset into the cache.
    Prepare,
    /// Reads one image at full size.
    LoadImage,
    /// Fits a network.
    Train,
    /// Looks for a learning rate.
    FindRate,
    /// Estimates what a run would take.
    Forecast,
    /// Runs one image through the network and keeps a layer's output.
    FeatureMaps,
    /// Looks for an image that excites a class or filter.
    Maximise,
    /// Classifies images.
    Predict,
    /// Reads a model file.
    LoadModel,
    /// Writes a model file.
    SaveModel,
    /// Looks what files and folders are.
    Look,
    /// Reads an experiment file.
    LoadExperiment,
    /// Reads a file of layers.
    LoadSpec,
    /// Holds a file of weights against a backbone.
    ExamineWeights,
    /// Reads the recipes.
    ListRecipes,
    /// Classifies one part of a dataset and counts.
    Evaluate,
    /// Draws augmented versions of an image.
    Augment,
    /// Looks for what is wrong with a dataset.
    Examine,
    /// Measures mean and standard deviation of the channels.
    MeasureChannels,
    /// Reads the catalogue of public datasets.
    ListDatasets,
    /// Downloads a public dataset.
    Download,
    /// Looks for images with similar pixels.
    FindSimilar,
    /// Lists the runs that were kept.
    ListRuns,
    /// Reads what a run recorded.
    ReadRun,
    /// Writes what people say about a run.
    DescribeRun,
    /// Moves runs to the bin.
    DiscardRuns,
}

impl JobKind {
    /// Whether it keeps processors busy for long enough to spoil what is timed meanwhile.
    pub fn is_heavy(self) -> bool {
        matches!(
            self,
            Self::OpenDataset
                | Self::Prepare
                | Self::Train
                | Self::FindRate
                | Self::Maximise
                | Self::Evaluate
                | Self::Examine
                | Self::MeasureChannels
                | Self::FindSimilar
                | Self::ExamineWeights
        )
    }

    /// What it is called in messages: "could not … : reason".
    pub fn words(self) -> &'static str {
        match self {
            Self::OpenDataset => "open the dataset",
            Self::Divide => "divide the dataset",
            Self::Prepare => "read the images",
            Self::LoadImage => "open the image",
            Self::Train => "train",
            Self::FindRate => "look for a learning rate",
            Self::Forecast => "estimate the time",
            Self::FeatureMaps => "compute feature maps",
            Self::Maximise => "maximise the activation",
            Self::Predict => "classify the image",
            Self::LoadModel => "load the model",
            Self::SaveModel => "save the model",
            Self::Look => "look what it is",
            Self::LoadExperiment => "open the experiment",
            Self::LoadSpec => "import the layers",
            Self::ExamineWeights => "use the weights",
            Self::ListRecipes => "list the recipes",
            Self::Evaluate => "evaluate the model",
            Self::Augment => "augment the image",
            Self::Examine => "examine the dataset",
            Self::MeasureChannels => "measure the channels",
            Self::ListDatasets => "list the public datasets",
            Self::Download => "download the dataset",
            Self::FindSimilar => "find similar images",
            Self::ListRuns => "list the runs",
            Self::ReadRun => "read the run",
            Self::DescribeRun => "write about the run",
            Self::DiscardRuns => "move the run to the bin",
        }
    }
}

/// Tokens of jobs that are waiting or running.
#[derive(Debug, Clone, Default)]
pub struct Jobs(Arc<Mutex<HashMap<JobId, CancelToken>>>);

impl Jobs {
    fn with<R>(&self, change: impl FnOnce(&mut HashMap<JobId, CancelToken>) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn register(&self, id: JobId) -> CancelToken {
        let token = CancelToken::new();
        self.with(|jobs| jobs.insert(id, token.clone()));
        token
    }

    pub fn finish(&self, id: JobId) {
        self.with(|jobs| jobs.remove(&id));
    }

    pub fn cancel(&self, id: JobId) {
        self.with(|jobs| jobs.get(&id).map(CancelToken::cancel));
    }

    pub fn cancel_all(&self) {
        self.with(|jobs| jobs.values().for_each(CancelToken::cancel));
    }
}

/// How a job that did not succeed ended.
pub enum JobError {
    /// Somebody asked for it.
    Cancelled,
    /// One sentence for the user.
    Failed(String),
}

impl From<Cancelled> for JobError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<String> for JobError {
    fn from(message: String) -> Self {
        Self::Failed(message)
    }
}

/// Progress events are sent at most this often.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(50);

/// What a running job may use.
#[derive(Clone)]
pub struct JobContext {
    pub id: JobId,
    pub kind: JobKind,
    pub cancel: CancelToken,
    pub events: EventSender,
    last_progress: Arc<Mutex<Option<Instant>>>,
    /// [`Event::Started`] was sent.
    started: Arc<AtomicBool>,
}

impl JobContext {
    pub fn new(id: JobId, kind: JobKind, cancel: CancelToken, events: EventSender) -> Self {
        Self {
            id,
            kind,
            cancel,
            events,
            last_progress: Arc::default(),
            started: Arc::default(),
        }
    }

    /// Whether enough time has passed since the last lossy event.
    pub fn due(&self) -> bool {
        let mut last = self
            .last_progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| last.elapsed() >= PROGRESS_INTERVAL);
        if due {
            *last = Some(Instant::now());
        }
        due
    }

    /// Tells how far the job is; sent at most 20 times a second.
    pub fn progress(&self, done: usize, total: usize) {
        if done == total || self.due() {
            self.events.send(Event::Progress {
                job: self.id,
                progress: Progress { done, total },
            });
        }
    }
}

/// Runs all of a job; whatever happens, exactly one ending event follows: the one that `work` sent on
/// success, [`Event::Cancelled`] or [`Event::Failed`]. A panic is a failure; the thread goes on.
pub fn run(context: &JobContext, jobs: &Jobs, work: impl FnOnce() -> Result<(), JobError>) {
    if stage(context, jobs, work).is_some() {
        jobs.finish(context.id);
    }
}

/// Runs a part of a job that another thread goes on with when it succeeds; otherwise the job ends here as in [`run`].
pub fn stage<T>(
    context: &JobContext,
    jobs: &Jobs,
    work: impl FnOnce() -> Result<T, JobError>,
) -> Option<T> {
    let (job, kind) = (context.id, context.kind);
    let outcome = if context.cancel.is_cancelled() {
        Ok(Err(JobError::Cancelled))
    } else {
        if !context.started.swap(true, Ordering::Relaxed) {
            context.events.send(Event::Started { job, kind });
        }
        catch_unwind(AssertUnwindSafe(work))
    };
    let message = match outcome {
        Ok(Ok(result)) => return Some(result),
        Ok(Err(JobError::Cancelled)) => None,
        Ok(Err(JobError::Failed(message))) => Some(without_backtrace(&message)),
        Err(panic) => {
            let words = without_backtrace(&panic_text(&*panic));
            Some(format!("an internal error: {words}"))
        }
    };
    jobs.finish(job);
    context.events.send(match message {
        Some(message) => Event::Failed { job, kind, message },
        None => Event::Cancelled { job, kind },
    });
    None
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "unknown".into())
}

/// libtorch appends the C++ stack to its messages; people need the first part.
fn without_backtrace(message: &str) -> String {
    let end = message
        .find("\nException raised from")
        .unwrap_or(message.len());
    message[..end].trim().to_owned()
}
