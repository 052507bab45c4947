//! Lets the user pause and stop a run.

use std::ops::ControlFlow;

use crate::{
    engine::{control::TrainControl, events::RunEvent, job::JobContext},
    train::fit::Watcher,
};

/// Pauses and ends a run as the handle to the trainer says.
pub struct Steering<'a> {
    pub context: &'a JobContext,
    pub control: &'a TrainControl,
    /// The request to stop was answered.
    pub stopping: bool,
}

impl Watcher for Steering<'_> {
    fn will_wait(&self) -> bool {
        self.control.is_paused()
    }

    fn pulse(&mut self) -> ControlFlow<()> {
        let context = self.context;
        self.control.wait_while_paused(&context.cancel, |paused| {
            context.tell_run(RunEvent::Paused(paused));
        });
        if !context.cancel.is_cancelled() {
            return ControlFlow::Continue(());
        }
        if !std::mem::replace(&mut self.stopping, true) {
            context.tell_run(RunEvent::Stopping);
        }
        ControlFlow::Break(())
    }
}
