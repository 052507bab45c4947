//! What a phase carries from epoch to epoch, and its learning rate.

use std::sync::Arc;

use super::FitError;
use crate::{
    format,
    model::{Network, WeightSnapshot},
    train::{
        checkpoint::Checkpoint,
        config::{Phase, TrainingConfig},
        early_stopping::Stopper,
        optimizers::OptimizerState,
        schedule::{Moment, RateNow, RateState},
        step,
    },
};

/// What a phase carries from epoch to epoch.
pub struct PhaseState<'a> {
    /// Position in the configuration.
    pub index: usize,
    pub phase: &'a Phase,
    /// Epochs done.
    pub epochs: usize,
    /// Steps done.
    pub steps: usize,
    pub steps_per_epoch: usize,
    pub optimizer: OptimizerState,
    pub rate: RateState,
    pub stopper: Stopper,
    /// Weights of the phase's best epoch, when they are to be restored.
    pub best: Option<Arc<WeightSnapshot>>,
    /// The network with its frozen nodes folded, where that gives the same numbers; it shares what is trained.
    pub folded: Option<Network>,
}

impl<'a> PhaseState<'a> {
    /// The phase at `index`, before its first step of `steps_per_epoch`.
    pub fn new(
        index: usize,
        phase: &'a Phase,
        (config, steps_per_epoch): (&TrainingConfig, usize),
        network: &Network,
    ) -> Result<Self, FitError> {
        let trainable = network.trainable().map(|(_, value)| value);
        Ok(Self {
            index,
            phase,
            epochs: 0,
            steps: 0,
            steps_per_epoch,
            optimizer: OptimizerState::new(trainable, phase.optimizer)?,
            rate: RateState::default(),
            stopper: Stopper::new(config.early_stopping),
            best: None,
            folded: step::folded(network)?,
        })
    }

    /// Goes on where `checkpoint` was made, if that was within the phase.
    pub fn take_up(&mut self, checkpoint: Checkpoint, network: &Network) -> Result<(), FitError> {
        let Checkpoint {
            standing,
            optimizer,
            phase_best,
            ..
        } = checkpoint;
        if standing.phase_epochs == 0 {
            return Ok(());
        }
        let names = network.trainable().map(|(name, _)| name);
        let restored = self
            .optimizer
            .restore(names, standing.optimizer_step, &optimizer);
        restored.map_err(|reason| format!("the checkpoint does not fit: {reason}"))?;
        self.epochs = standing.phase_epochs;
        self.steps = standing.phase_steps;
        self.rate = standing.rate;
        self.stopper = standing.stopper;
        self.best = phase_best;
        Ok(())
    }

    /// Takes the full rate that the user asks for, from step `next` of the run on; says so when it is another.
    pub fn change_rate(&mut self, rate: f64, next: usize) -> Option<String> {
        if rate == self.full_rate() {
            return None;
        }
        self.rate.set_full(rate);
        let rate = format::rate(rate);
        Some(format!("Learning rate {rate} from step {next} on"))
    }

    /// The learning rate of the next step.
    pub fn rate_now(&self) -> RateNow {
        RateNow {
            phase: self.index + 1,
            full: self.full_rate(),
            effective: self.rate_at(self.steps),
        }
    }

    /// The learning rate of the last step.
    pub fn learning_rate(&self) -> f64 {
        self.rate_at(self.steps.saturating_sub(1))
    }

    fn full_rate(&self) -> f64 {
        self.rate.full(self.phase.optimizer.learning_rate())
    }

    /// The learning rate of the step that follows `step` steps of the phase.
    fn rate_at(&self, step: usize) -> f64 {
        let moment = Moment {
            step,
            steps_per_epoch: self.steps_per_epoch,
            epochs: self.phase.epochs,
        };
        let full = self.phase.optimizer.learning_rate();
        self.rate.learning_rate(&self.phase.schedule, full, &moment)
    }
}
