//! When to stop before all epochs are done, and which epoch's weights to keep. Plain data and arithmetic.

use serde::{Deserialize, Serialize};

use super::history::EpochRecord;

/// Ends a phase when the monitored figure has not improved for `patience` epochs (Keras' `EarlyStopping`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStopping {
    /// Which figure.
    pub monitor: Monitor,
    /// Whether smaller or larger is better.
    #[serde(default)]
    pub mode: MonitorMode,
    /// Epochs without improvement after which the phase ends, ≥ 1.
    pub patience: usize,
    /// A figure must be better by this to count, ≥ 0.
    #[serde(default)]
    pub min_delta: f64,
    /// Whether the weights of the best epoch are taken back when the phase ends, however it ends.
    #[serde(default)]
    pub restore_best: bool,
}

/// A figure of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Monitor {
    /// Loss on the validation part.
    ValLoss,
    /// Accuracy on the validation part.
    ValAccuracy,
    /// Loss on the training part.
    TrainLoss,
    /// Accuracy on the training part.
    TrainAccuracy,
}

/// Which direction is better.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MonitorMode {
    /// Losses small, accuracies large.
    #[default]
    Auto,
    /// Small.
    Min,
    /// Large.
    Max,
}

impl Monitor {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::ValLoss,
        Self::ValAccuracy,
        Self::TrainLoss,
        Self::TrainAccuracy,
    ];

    /// Its name, as Keras writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::ValLoss => "val_loss",
            Self::ValAccuracy => "val_accuracy",
            Self::TrainLoss => "loss",
            Self::TrainAccuracy => "accuracy",
        }
    }

    /// Its value in an epoch; `None` without validation.
    pub fn of(self, record: &EpochRecord) -> Option<f64> {
        match self {
            Self::ValLoss => record.val_loss,
            Self::ValAccuracy => record.val_accuracy,
            Self::TrainLoss => Some(record.train_loss),
            Self::TrainAccuracy => Some(record.train_accuracy),
        }
    }
}

impl EarlyStopping {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first setting out of range, with the range.
    pub fn check(&self) -> Result<(), String> {
        if self.patience == 0 {
            return Err("early stopping's patience is 0: use at least 1 epoch".into());
        }
        if !(self.min_delta >= 0.0 && self.min_delta.is_finite()) {
            let delta = self.min_delta;
            return Err(format!(
                "early stopping's min_delta is {delta}: use 0 or more"
            ));
        }
        Ok(())
    }

    /// Whether larger is better.
    fn is_max(&self) -> bool {
        match self.mode {
            MonitorMode::Max => true,
            MonitorMode::Min => false,
            MonitorMode::Auto => {
                matches!(self.monitor, Monitor::ValAccuracy | Monitor::TrainAccuracy)
            }
        }
    }

    /// Whether `new` is better than `best` by more than `min_delta`; what is not a number never is.
    pub fn is_improvement(&self, new: f64, best: f64) -> bool {
        if self.is_max() {
            new - self.min_delta > best
        } else {
            new + self.min_delta < best
        }
    }
}

/// Counts epochs without improvement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Stopper {
    config: Option<EarlyStopping>,
    best: Option<f64>,
    best_epoch: usize,
    waited: usize,
}

impl Stopper {
    /// At the start of a phase; without `config` it never stops.
    pub fn new(config: Option<EarlyStopping>) -> Self {
        Self {
            config,
            ..Self::default()
        }
    }

    /// Hears of an epoch's figures; returns whether they are the phase's best so far.
    pub fn epoch_done(&mut self, record: &EpochRecord) -> bool {
        let Some(config) = self.config else {
            return false;
        };
        let Some(figure) = config.monitor.of(record) else {
            return false;
        };
        let is_first = self.best.is_none();
        let improved = match self.best {
            Some(best) => config.is_improvement(figure, best),
            None => true,
        };
        if improved {
            // The first epoch counts as the best whatever it is; anything beats what is not a number.
            let worst = if config.is_max() {
                f64::NEG_INFINITY
            } else {
                f64::INFINITY
            };
            self.best = Some(if figure.is_nan() { worst } else { figure });
            self.best_epoch = record.epoch;
            self.waited = 0;
        } else {
            self.waited += 1;
        }
        improved || is_first
    }

    /// Whether the phase shall end.
    pub fn stops(&self) -> bool {
        self.config
            .is_some_and(|config| self.waited >= config.patience)
    }

    /// The epoch whose figure was best; `None` before the first.
    pub fn best_epoch(&self) -> Option<usize> {
        (self.best_epoch > 0).then_some(self.best_epoch)
    }

    /// Whether the best epoch's weights are wanted back.
    pub fn restores(&self) -> bool {
        self.config.is_some_and(|config| config.restore_best)
    }

    /// Why the phase called `phase` ended after `epoch`.
    pub fn words(&self, phase: &str, epoch: usize) -> String {
        let monitor = self.config.map_or("", |config| config.monitor.word());
        format!(
            "Early stopping ended {phase} after epoch {epoch}: {monitor} was best in epoch {} and has not improved for {} epochs",
            self.best_epoch, self.waited
        )
    }
}
