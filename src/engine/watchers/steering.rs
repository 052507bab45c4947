//! Lets the user pause and stop a run.

use std::ops::ControlFlow;

use crate::{
    engine::{control::TrainControl, events::RunEvent, job::JobContext},
    train::fit::Watcher,
};

/// Pauses and ends a run as the handle to the trainer says.
pub struct Steering<'a> {
    context: &'a JobContext,
    control: &'a TrainControl,
    /// The request to stop was answered.
    stopping: bool,
}

impl<'a> Steering<'a> {
    pub fn new(context: &'a JobContext, control: &'a TrainControl) -> Self {
        Self {
            context,
            control,
            stopping: false,
        }
    }
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
