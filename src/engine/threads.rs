//! Starting the engine's threads, and telling when one is gone.

use std::io;

use crossbeam_channel::Receiver;

use super::{
    events::{Event, Level},
    queue::EventSender,
};
use crate::worker::Worker;

/// Starts the thread `convscope-NAME`, which `does` something, in words. When it ends while the engine is in use, that
/// is told; its jobs end as failed.
///
/// # Errors
/// When the system cannot start a thread.
pub fn start<C: Send + 'static>(
    (name, does): (&str, &'static str),
    events: EventSender,
    run: impl FnOnce(Receiver<C>) + Send + 'static,
) -> io::Result<Worker<C>> {
    Worker::watched(&format!("convscope-{name}"), run, move || {
        let message = format!(
            "The part of Convscope that {does} has ended unexpectedly. Save your work, then close Convscope and start it \
             again; a run can be continued in Runs"
        );
        events.send(Event::Note {
            level: Level::Error,
            message,
        });
    })
}
