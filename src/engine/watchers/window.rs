//! Turns what happens in the loop into events, for the window and the command line.

use std::sync::Arc;

use crate::{
    engine::{
        events::{Level, RunEvent},
        job::JobContext,
    },
    train::{
        Evaluation, StepRecord,
        fit::{EpochEnd, FitError, Watcher},
        placement::Chosen,
        schedule::RateNow,
    },
};

/// Tells of steps, rates and epochs.
pub struct Window<'a> {
    context: &'a JobContext,
    total_steps: usize,
    /// Steps that nobody was told of yet.
    pending: Vec<StepRecord>,
    /// The learning rate of the next step.
    rate: Option<RateNow>,
    /// How the run computes, in words.
    pub computed: String,
    /// What the weights of the best epoch that was told of say about the validation part.
    pub best_evaluation: Option<Arc<Evaluation>>,
}

impl<'a> Window<'a> {
    pub fn new(context: &'a JobContext, total_steps: usize) -> Self {
        Self {
            context,
            total_steps,
            pending: Vec::new(),
            rate: None,
            computed: String::new(),
            best_evaluation: None,
        }
    }

    /// Tells of the steps that nobody was told of yet.
    pub fn flush_steps(&mut self) {
        if !self.pending.is_empty() {
            let steps = std::mem::take(&mut self.pending);
            self.context.tell_run(RunEvent::Steps(steps));
        }
    }

    fn tell_rate(&self) {
        if let Some(rate) = self.rate {
            self.context.tell_run(RunEvent::Rate(rate));
        }
    }
}

impl Watcher for Window<'_> {
    fn placed(&mut self, chosen: &Chosen) {
        self.computed = chosen.words();
        self.note(&format!("Computes in {}", self.computed));
    }

    fn note(&mut self, words: &str) {
        self.context.note(Level::Info, words);
    }

    fn rate(&mut self, now: RateNow) {
        let chosen = |rate: RateNow| (rate.phase, rate.full);
        let is_new = self.rate.map(chosen) != Some(chosen(now));
        self.rate = Some(now);
        if is_new {
            self.tell_rate();
        }
    }

    fn step(&mut self, record: &StepRecord) -> Result<(), FitError> {
        self.pending.push(*record);
        if self.context.due() {
            self.flush_steps();
            self.tell_rate();
            self.context.tell_progress(record.step, self.total_steps);
        }
        Ok(())
    }

    fn epoch(&mut self, end: &EpochEnd) -> Result<(), FitError> {
        self.flush_steps();
        self.context.tell_run(RunEvent::Epoch(end.record));
        if let Some(evaluation) = end.evaluation.clone() {
            if end.is_best {
                self.best_evaluation = Some(Arc::clone(&evaluation));
            }
            self.context.tell_run(RunEvent::Evaluated(evaluation));
        }
        Ok(())
    }
}
