//! Those who watch a run for the engine, each in a file of its own. Who they are, and in which order they hear of an
//! epoch, stands in [`super::trainer`].

mod health;
mod slot;
mod steering;
mod window;

pub use health::{Health, advise};
pub use slot::Slot;
pub use steering::Steering;
pub use window::Window;

use super::{
    events::{Event, RunEvent},
    job::JobContext,
};

/// Tells something about the run.
pub fn tell(context: &JobContext, news: RunEvent) {
    context.events.send(Event::Run(context.id, news));
}
