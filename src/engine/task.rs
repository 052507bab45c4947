//! Tasks and the lanes that carry them out. A lane is a named thread with a state of its own; one loop serves all of them.

use std::{fmt::Debug, io, sync::Arc};

use crossbeam_channel::{Receiver, TryRecvError};

use super::{
    answer::{Answer, JobId, Kind},
    control::TrainControl,
    events::{Event, JobEvent, Level},
    job::{self, JobContext, JobError, Jobs},
    queue::EventSender,
};
use crate::{cancel::CancelToken, worker::Worker};

/// A request that a lane carries out: plain data that names what comes of it.
pub trait Task: Debug + Send + Sync + Sized + 'static {
    /// What comes of it. Plain data.
    type Answer: Debug + Send + Sync + 'static;
    /// What is told before the end, [`std::convert::Infallible`] when nothing is. Plain data.
    type Partial: Debug + Send + Sync + 'static;
    /// What there is to know about all of them.
    const KIND: Kind;
    /// Each partial answer counts; otherwise only the newest of a job does.
    const EACH_COUNTS: bool = false;
    /// What it works on: the state of the lane that carries it out.
    type Lane: LaneState;

    /// Carries it out; looks at `context.cancel` at least every 100 ms.
    ///
    /// # Errors
    /// One sentence, or that it was cancelled.
    fn run(&self, lane: &mut Self::Lane, context: &JobContext) -> Result<Self::Answer, JobError>;

    /// What to keep of a partial answer while hundreds of newer ones wait unread; `None` when it is light already.
    fn lighter(_part: &Self::Partial) -> Option<Self::Partial> {
        None
    }

    /// Called when it is asked for, before its turn comes.
    fn asked(&self, _context: &JobContext, _control: &TrainControl) {}

    /// Whether it looks at images on the web.
    fn is_on_the_web(&self) -> bool {
        false
    }

    /// The same with the pixels of images that are on the web: others need not wait for servers.
    ///
    /// # Errors
    /// When it was cancelled.
    fn fetched(&self, _cancel: &CancelToken) -> Result<Self, JobError> {
        Err(JobError::Failed("it is not on the web".into()))
    }
}

/// What a lane keeps between jobs.
pub trait LaneState: 'static {
    /// Does a little of what waits until nothing else does; false when there is none of it.
    fn spare_time(&mut self) -> bool {
        false
    }

    /// Called after every piece of work.
    fn rest(&mut self) {}
}

/// A lane without a state.
impl LaneState for () {}

/// Whoever has a lane with the state `S`.
pub trait Door<S: LaneState> {
    /// The lane.
    fn lane(&self) -> &Lane<S>;
}

/// A piece of work for a lane.
pub type Work<S> = Box<dyn FnOnce(&mut S) + Send>;
/// The thread of a lane.
pub type Lane<S> = Worker<Work<S>>;

/// Starts the lane `convscope-NAME`, which `does` something, in words. When its thread ends while the engine is in use, that is
/// told; its jobs end as failed.
///
/// # Errors
/// When the system cannot start a thread.
pub fn start<S: LaneState>(
    (name, does): (&str, &'static str),
    events: EventSender,
    state: impl FnOnce() -> S + Send + 'static,
) -> io::Result<Lane<S>> {
    Worker::watched(
        &format!("convscope-{name}"),
        move |work| serve(&mut state(), &work),
        move || {
            let message = format!(
                "The part of Convscope that {does} has ended unexpectedly. Save your work, then close Convscope and start it \
                 again; a run can be continued in Runs"
            );
            events.send(Event::Note {
                level: Level::Error,
                message,
            });
        },
    )
}

fn serve<S: LaneState>(state: &mut S, work: &Receiver<Work<S>>) {
    loop {
        let next = match work.try_recv() {
            Err(TryRecvError::Empty) if state.spare_time() => continue,
            Err(TryRecvError::Empty) => work.recv().ok(),
            next => next.ok(),
        };
        let Some(next) = next else { return };
        next(state);
        state.rest();
    }
}

/// Work that carries out `request` as the job of `context`; whatever happens, exactly one ending event follows.
pub fn work<T: Task>(request: Arc<T>, context: JobContext, jobs: Jobs) -> Work<T::Lane> {
    Box::new(move |lane| {
        if let Some(answer) = job::stage(&context, &jobs, || request.run(lane, &context)) {
            context.end(&jobs, JobEvent::Done(Answer::last::<T>(answer)));
        }
    })
}

impl JobContext {
    /// Tells what the job of `T` has found so far.
    pub fn partial<T: Task>(&self, partial: T::Partial) {
        self.tell(JobEvent::Partial(Answer::partial::<T>(partial)));
    }
}

impl Answer {
    /// The answer of a `T`.
    pub fn last<T: Task>(answer: impl Into<Arc<T::Answer>>) -> Self {
        let answer: Arc<T::Answer> = answer.into();
        Self::new::<T>(answer, None)
    }

    /// A partial answer of a `T`.
    pub fn partial<T: Task>(partial: impl Into<Arc<T::Partial>>) -> Self {
        let partial: Arc<T::Partial> = partial.into();
        let lighter = |answer: &Self| {
            let part = answer.part_of::<T>()?;
            Some(Self::partial::<T>(T::lighter(&part)?))
        };
        Self::new::<T>(partial, T::EACH_COUNTS.then_some(lighter))
    }

    /// The answer, if a `T` gave it.
    pub fn of<T: Task>(&self) -> Option<Arc<T::Answer>> {
        self.value::<T, _>()
    }

    /// The partial answer, if a `T` gave it.
    pub fn part_of<T: Task>(&self) -> Option<Arc<T::Partial>> {
        self.value::<T, _>()
    }
}

impl Event {
    /// The end of a job of `T` with its answer.
    pub fn done<T: Task>(job: JobId, answer: impl Into<Arc<T::Answer>>) -> Self {
        Self::Job(job, JobEvent::Done(Answer::last::<T>(answer)))
    }

    /// A partial answer of a job of `T`.
    pub fn partial<T: Task>(job: JobId, partial: impl Into<Arc<T::Partial>>) -> Self {
        Self::Job(job, JobEvent::Partial(Answer::partial::<T>(partial)))
    }

    /// The job and its answer, when this is the end of a `T`.
    pub fn answer<T: Task>(&self) -> Option<(JobId, Arc<T::Answer>)> {
        match self {
            Self::Job(job, JobEvent::Done(answer)) => Some((*job, answer.of::<T>()?)),
            _ => None,
        }
    }

    /// The job and what it has found so far, when this is a partial answer of a `T`.
    pub fn part<T: Task>(&self) -> Option<(JobId, Arc<T::Partial>)> {
        match self {
            Self::Job(job, JobEvent::Partial(answer)) => Some((*job, answer.part_of::<T>()?)),
            _ => None,
        }
    }
}
