//! Tasks and the lanes that carry them out. A lane is a named thread with a state of its own; one loop serves all of them.

use std::{any::TypeId, collections::HashMap, io, sync::Arc};

use crossbeam_channel::{Receiver, TryRecvError};

use super::{
    answer::Request,
    control::TrainControl,
    events::{Event, Level},
    job::{self, JobContext, JobError, Jobs},
    queue::EventSender,
};
use crate::{cancel::CancelToken, worker::Worker};

/// A request that a lane carries out.
pub trait Task: Request {
    /// What it works on: the state of the lane that carries it out.
    type Lane: LaneState;

    /// Carries it out; looks at `context.cancel` at least every 100 ms.
    ///
    /// # Errors
    /// One sentence, or that it was cancelled.
    fn run(&self, lane: &mut Self::Lane, context: &JobContext) -> Result<Self::Answer, JobError>;

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

/// Work that carries out `request` as the job of `context`.
pub fn work<T: Task>(request: Arc<T>, context: JobContext, jobs: Jobs) -> Work<T::Lane> {
    Box::new(move |lane| job::run::<T>(&context, &jobs, || request.run(lane, &context)))
}

/// The newest job of each kind of which only the newest counts.
#[derive(Debug, Default)]
pub struct Newest(HashMap<TypeId, CancelToken>);

impl Newest {
    /// Cancels what was asked of a `T` before.
    pub fn replace<T: Request>(&mut self, cancel: &CancelToken) {
        if T::KIND.newest_wins
            && let Some(older) = self.0.insert(TypeId::of::<T>(), cancel.clone())
        {
            older.cancel();
        }
    }
}
