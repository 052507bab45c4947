//! Carrying out what is asked for before a run.

use super::App;
use crate::engine::{EstimateRequest, FindRateRequest};

impl App {
    /// Looks for a learning rate of a phase with the settings as they are.
    pub(super) fn find_rate(&mut self, phase: usize) {
        let Some(dataset) = self.state.open_dataset().cloned() else {
            return;
        };
        if self.state.why_not_train().is_some() {
            return;
        }
        self.end_rehearsal();
        let request = FindRateRequest {
            experiment: self.state.experiment.clone(),
            dataset,
            phase,
        };
        self.state.ask(&self.engine, request);
    }

    /// What was found out about learning rates was another experiment's.
    pub(super) fn forget_rates(&mut self) {
        self.end_rehearsal();
        self.state.forget::<FindRateRequest>();
    }

    /// The trainer is wanted for something else.
    pub(super) fn end_rehearsal(&mut self) {
        self.state.stop::<FindRateRequest>(&self.engine);
        self.state.stop::<EstimateRequest>(&self.engine);
        // Asked for again afterwards.
        self.state.forget::<EstimateRequest>();
    }
}
