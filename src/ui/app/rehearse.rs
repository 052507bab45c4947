//! Carrying out what is wished for about the run to come or at work.

use super::App;
use crate::{
    engine::{EstimateRequest, FindRateRequest},
    ui::action::TrainingAction,
};

impl App {
    pub(super) fn act_on_training(&mut self, action: TrainingAction) {
        match action {
            TrainingAction::Train => self.train(),
            TrainingAction::TrainAnyway => self.train_anyway(),
            TrainingAction::Leave => self.state.asked_run = None,
            TrainingAction::FindRate { phase } => self.find_rate(phase),
            TrainingAction::SetPaused(true) => self.engine.pause(),
            TrainingAction::SetPaused(false) => self.engine.resume(),
            TrainingAction::Stop => self.engine.stop(),
        }
    }

    /// Looks for a learning rate of a phase with the settings as they are.
    fn find_rate(&mut self, phase: usize) {
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
