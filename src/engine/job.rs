//! The frame in which each job runs so that neither errors nor panics escape, and it ends exactly once.

use std::{
    any::Any,
    collections::HashMap,
    fmt::Display,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    answer::{JobId, Kind, Progress},
    events::{Event, JobEvent, Level, RunEvent},
    queue::EventSender,
};
use crate::{
    cancel::{CancelToken, Cancelled},
    data::{cache::PixelError, locks},
    plain,
    train::fit::FitError,
};

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

    /// Whether the job waits or runs and nobody has cancelled it.
    #[cfg(test)]
    pub fn is_running(&self, id: JobId) -> bool {
        self.with(|jobs| jobs.of.get(&id).is_some_and(|token| !token.is_cancelled()))
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

/// What went wrong, as a job says it.
pub fn failed(error: impl Display) -> JobError {
    JobError::Failed(error.to_string())
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
            error => failed(error),
        }
    }
}

impl From<FitError> for JobError {
    fn from(error: FitError) -> Self {
        match error {
            FitError::Cancelled(cancelled) => cancelled.into(),
            error => failed(error),
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

/// When something that may be left out was sent last.
#[derive(Debug, Default)]
struct Clock(Mutex<Option<Instant>>);

impl Clock {
    /// Whether it is time again, which begins anew then.
    fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| last.elapsed() >= PROGRESS_INTERVAL);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

/// What a running job may use.
pub struct JobContext {
    pub id: JobId,
    pub kind: Kind,
    pub cancel: CancelToken,
    pub events: EventSender,
    last_progress: Clock,
    last_shown: Clock,
    /// [`JobEvent::Started`] was sent.
    started: AtomicBool,
    /// The end was told.
    ended: AtomicBool,
}

/// Sees to it that a job ends even if its thread does not get to it.
impl Drop for JobContext {
    fn drop(&mut self) {
        if !*self.ended.get_mut() {
            let words =
                "the part of Convscope that does this has ended unexpectedly: start it again";
            self.tell(JobEvent::Failed(words.into()));
        }
    }
}

impl JobContext {
    pub fn new(id: JobId, kind: Kind, cancel: CancelToken, events: EventSender) -> Self {
        Self {
            id,
            kind,
            cancel,
            events,
            last_progress: Clock::default(),
            last_shown: Clock::default(),
            started: Default::default(),
            ended: Default::default(),
        }
    }

    /// Tells how the job ended: its last event.
    pub fn end(&self, jobs: &Jobs, end: JobEvent) {
        self.ended.store(true, Ordering::Relaxed);
        jobs.with(|jobs| jobs.of.remove(&self.id));
        self.tell(end);
    }

    /// Whether it is time to show something again. Progress has a clock of its own.
    pub fn due(&self) -> bool {
        self.last_shown.is_due()
    }

    /// Tells of file systems without locks; before the job's last event, after which nobody may listen.
    pub fn tell_refused_locks(&self) {
        for message in locks::untold_refusals() {
            self.note(Level::Warning, message);
        }
    }

    /// Tells how far the job is; sent at most 20 times a second.
    pub fn progress(&self, done: usize, total: usize) {
        if done == total || self.last_progress.is_due() {
            self.tell_progress(done, total);
        }
    }

    /// The same, at once.
    pub fn tell_progress(&self, done: usize, total: usize) {
        self.tell(JobEvent::Progress(Progress { done, total }));
    }

    /// Tells something that is worth the event log or a notification.
    pub fn note(&self, level: Level, message: impl Into<String>) {
        let message = message.into();
        self.events.send(Event::Note { level, message });
    }

    /// Tells something about the run that the job trains.
    pub fn tell_run(&self, news: RunEvent) {
        self.events.send(Event::Run(self.id, news));
    }

    /// Tells what becomes of the job.
    pub fn tell(&self, event: JobEvent) {
        self.events.send(Event::Job(self.id, event));
    }
}

/// Runs a part of a job, or all of it, and gives what came of it; when it does not succeed, the job ends here. A panic is a
/// failure; the thread goes on.
pub fn stage<T>(
    context: &JobContext,
    jobs: &Jobs,
    work: impl FnOnce() -> Result<T, JobError>,
) -> Option<T> {
    let outcome = if context.cancel.is_cancelled() {
        Ok(Err(JobError::Cancelled))
    } else {
        if !context.started.swap(true, Ordering::Relaxed) {
            context.tell(JobEvent::Started(context.kind));
        }
        contained(work)
    };
    let message = match outcome {
        Ok(Ok(result)) => return Some(result),
        Ok(Err(JobError::Cancelled)) => None,
        Ok(Err(JobError::Failed(message))) => Some(plain::text(&message)),
        Err(panic) => Some(panic),
    };
    context.end(jobs, message.map_or(JobEvent::Cancelled, JobEvent::Failed));
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
