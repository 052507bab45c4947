//! Says what is wrong with a run while it goes on.

use crate::{
    engine::{events::RunEvent, job::JobContext},
    train::{
        fit::{EpochEnd, FitError, Outcome, Watcher},
        health::Watch,
    },
};

/// Tells what [`Watch`] finds.
pub struct Health<'a> {
    pub context: &'a JobContext,
    pub watch: Watch,
}

impl Health<'_> {
    /// Says what the end of the loop shows. What failed says its own; early stopping saw no more to gain.
    pub fn say_of_end(&self, outcome: &Outcome) {
        let phases = outcome.history.last().map(|record| record.phase);
        let stopped_early = outcome.stopped_early.last().copied() == phases;
        if outcome.failure.is_none()
            && !stopped_early
            && let Some(advice) = self.watch.ended(&outcome.history)
        {
            self.context.tell_run(RunEvent::Advice(advice));
        }
    }
}

impl Watcher for Health<'_> {
    fn epoch(&mut self, end: &EpochEnd) -> Result<(), FitError> {
        let history = &end.checkpoint.history;
        for advice in self.watch.epoch_done(history, &end.dead_units) {
            self.context.tell_run(RunEvent::Advice(advice));
        }
        Ok(())
    }
}
