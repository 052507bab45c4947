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
    events::{Event, Level, Progress},
    queue::EventSender,
};
use crate::{
    cancel::{CancelToken, Cancelled},
    data::{cache::PixelError, locks},
    plain,
};

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
pub struct Jobs(Arc<Mutex<Tokens>>);

#[derive(Debug, Default)]
struct Tokens {
    of: HashMap<JobId, CancelToken>,
    /// The engine is being left: nothing begins any more.
    closed: bool,
}

impl Jobs {
    fn with<R>(&self, change: impl FnOnce(&mut Tokens) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn register(&self, id: JobId) -> CancelToken {
        let token = CancelToken::new();
        self.replace(id, &token);
        token
    }

    /// Makes `token` the one that cancels the job `id`.
    pub fn replace(&self, id: JobId, token: &CancelToken) {
        self.with(|jobs| {
            if jobs.closed {
                token.cancel();
            }
            jobs.of.insert(id, token.clone());
        });
    }

    pub fn cancel(&self, id: JobId) {
        self.with(|jobs| jobs.of.get(&id).map(CancelToken::cancel));
    }

    /// Cancels every job, and those that come later.
    pub fn close(&self) {
        self.with(|jobs| {
            jobs.closed = true;
            jobs.of.values().for_each(CancelToken::cancel);
        });
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

impl From<PixelError> for JobError {
    fn from(error: PixelError) -> Self {
        match error {
            PixelError::Cancelled(cancelled) => cancelled.into(),
            error => Self::Failed(error.to_string()),
        }
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
    end: Arc<End>,
}

/// Sees to it that a job ends even if its thread does not get to it.
struct End {
    job: JobId,
    kind: JobKind,
    events: EventSender,
    is_told: AtomicBool,
}

impl Drop for End {
    fn drop(&mut self) {
        if !self.is_told.load(Ordering::Relaxed) {
            self.events.send(Event::Failed {
                job: self.job,
                kind: self.kind,
                message:
                    "the part of Convscope that does this has ended unexpectedly: start it again"
                        .into(),
            });
        }
    }
}

impl JobContext {
    pub fn new(id: JobId, kind: JobKind, cancel: CancelToken, events: EventSender) -> Self {
        let end = End {
            job: id,
            kind,
            events: events.clone(),
            is_told: AtomicBool::new(false),
        };
        Self {
            id,
            kind,
            cancel,
            events,
            last_progress: Arc::default(),
            started: Arc::default(),
            end: Arc::new(end),
        }
    }

    /// The job is over; its last event was sent or is about to be.
    pub fn finish(&self, jobs: &Jobs) {
        self.end.is_told.store(true, Ordering::Relaxed);
        jobs.with(|jobs| jobs.of.remove(&self.id));
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

    /// Tells of file systems without locks; before the job's last event, after which nobody may listen.
    pub fn tell_refused_locks(&self) {
        for message in locks::untold_refusals() {
            let level = Level::Warning;
            self.events.send(Event::Note { level, message });
        }
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
        context.finish(jobs);
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
        contained(work)
    };
    let message = match outcome {
        Ok(Ok(result)) => return Some(result),
        Ok(Err(JobError::Cancelled)) => None,
        Ok(Err(JobError::Failed(message))) => Some(plain::text(&message)),
        Err(panic) => Some(panic),
    };
    context.finish(jobs);
    context.events.send(match message {
        Some(message) => Event::Failed { job, kind, message },
        None => Event::Cancelled { job, kind },
    });
    None
}

/// Runs `work`, of which something else does not depend; a panic becomes a sentence.
///
/// # Errors
/// What the panic said.
pub fn contained<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let words = plain::text(&panic_text(&*panic));
        format!("an internal error: {words}")
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "unknown".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_is_left_begins_nothing_more() {
        let jobs = Jobs::default();
        let waiting = jobs.register(JobId(1));
        jobs.close();
        assert!(waiting.is_cancelled());
        assert!(jobs.register(JobId(2)).is_cancelled());
        // The end of a run that was stopped by closing.
        let end = CancelToken::new();
        jobs.replace(JobId(1), &end);
        assert!(end.is_cancelled());
    }

    #[test]
    fn what_something_else_does_not_depend_on_may_panic() {
        assert_eq!(contained(|| 7), Ok(7));
        let words = contained(|| -> u8 { panic!("no font") }).unwrap_err();
        assert_eq!(words, "an internal error: no font");
    }
}
