//! When to stop before all epochs are done, and which epoch's weights to keep. Plain data and arithmetic.

use serde::{Deserialize, Serialize};

use super::history::EpochRecord;
use crate::format::{counted, significant};

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

    /// The same in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::ValLoss => "validation loss",
            Self::ValAccuracy => "validation accuracy",
            Self::TrainLoss => "training loss",
            Self::TrainAccuracy => "training accuracy",
        }
    }

    /// Whether it is there only with a validation part.
    pub fn needs_validation(self) -> bool {
        matches!(self, Self::ValLoss | Self::ValAccuracy)
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
    pub fn is_max(&self) -> bool {
        match self.mode {
            MonitorMode::Max => true,
            MonitorMode::Min => false,
            MonitorMode::Auto => {
                matches!(self.monitor, Monitor::ValAccuracy | Monitor::TrainAccuracy)
            }
        }
    }

    /// Why it ended a phase: `val_loss had not fallen for 5 epochs`.
    pub fn why_stopped(&self) -> String {
        let moved = if self.is_max() { "risen" } else { "fallen" };
        let by = if self.min_delta > 0.0 {
            format!(" by more than {}", significant(self.min_delta))
        } else {
            String::new()
        };
        let (figure, epochs) = (self.monitor.word(), counted(self.patience, "epoch"));
        format!("{figure} had not {moved}{by} for {epochs}")
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
        let improved = self
            .best
            .is_none_or(|best| config.is_improvement(figure, best));
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
        improved
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
        let why = self.config.as_ref().map(EarlyStopping::why_stopped);
        let why = why.unwrap_or_default();
        let best = self.best_epoch;
        format!(
            "Early stopping ended {phase} after epoch {epoch}: {why}, it was best in epoch {best}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Reference {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        name: String,
        /// One per epoch; `None` is not a number.
        figures: Vec<Option<f64>>,
        monitor: String,
        mode: String,
        patience: usize,
        min_delta: f64,
        /// Epochs that Keras trained.
        epochs: usize,
        stopped: bool,
        /// Epoch whose weights it restored.
        restored: usize,
    }

    /// An epoch in which the other figures say the opposite.
    fn record(epoch: usize, monitor: Monitor, figure: f64) -> EpochRecord {
        let value = |of: Monitor| if of == monitor { figure } else { -figure };
        EpochRecord {
            epoch,
            phase: 1,
            train_loss: value(Monitor::TrainLoss),
            train_accuracy: value(Monitor::TrainAccuracy),
            val_loss: Some(value(Monitor::ValLoss)),
            val_accuracy: Some(value(Monitor::ValAccuracy)),
            learning_rate: 0.001,
            images_per_sec: 1.0,
            seconds: 1.0,
            train_penalty: None,
            val_penalty: None,
        }
    }

    /// Epochs trained, whether it stopped, and the epochs that were the best so far.
    fn follow(config: EarlyStopping, figures: &[f64]) -> (usize, bool, Vec<usize>) {
        let mut stopper = Stopper::new(Some(config));
        let mut best = Vec::new();
        let mut epochs = 0;
        for figure in figures {
            epochs += 1;
            if stopper.epoch_done(&record(epochs, config.monitor, *figure)) {
                best.push(epochs);
            }
            assert_eq!(stopper.best_epoch(), best.last().copied());
            if stopper.stops() {
                break;
            }
        }
        (epochs, stopper.stops(), best)
    }

    /// What Keras does; `tests/reference/make_schedules.py` asks it.
    #[test]
    fn it_stops_when_keras_does_and_keeps_the_same_epoch() {
        let text = include_str!("../../tests/reference/early_stopping.json");
        let reference: Reference = serde_json::from_str(text).unwrap();
        assert_eq!(reference.cases.len(), 77);
        for case in &reference.cases {
            let why = format!(
                "{}: {} {} patience {} min_delta {}",
                case.name, case.monitor, case.mode, case.patience, case.min_delta
            );
            let monitor = Monitor::ALL
                .into_iter()
                .find(|monitor| monitor.word() == case.monitor);
            let monitor = monitor.unwrap();
            let explicit = if case.mode == "min" {
                MonitorMode::Min
            } else {
                MonitorMode::Max
            };
            let figures = case.figures.iter();
            let figures: Vec<f64> = figures.map(|f| f.unwrap_or(f64::NAN)).collect();
            for mode in [explicit, MonitorMode::Auto] {
                let config = EarlyStopping {
                    monitor,
                    mode,
                    patience: case.patience,
                    min_delta: case.min_delta,
                    restore_best: true,
                };
                config.check().unwrap();
                let (epochs, stopped, best) = follow(config, &figures);
                assert_eq!((epochs, stopped), (case.epochs, case.stopped), "{why}");
                assert_eq!(best.last(), Some(&case.restored), "{why}");
            }
        }
    }

    #[test]
    fn it_says_why_it_stopped() {
        let config = EarlyStopping {
            monitor: Monitor::ValLoss,
            mode: MonitorMode::Auto,
            patience: 5,
            min_delta: 0.0,
            restore_best: true,
        };
        let accuracy = EarlyStopping {
            monitor: Monitor::ValAccuracy,
            patience: 1,
            min_delta: 0.01,
            ..config
        };
        assert_eq!(config.why_stopped(), "val_loss had not fallen for 5 epochs");
        assert_eq!(
            accuracy.why_stopped(),
            "val_accuracy had not risen by more than 0.01000 for 1 epoch"
        );
    }

    #[test]
    fn a_mode_against_the_figures_nature_counts() {
        let config = EarlyStopping {
            monitor: Monitor::ValLoss,
            mode: MonitorMode::Max,
            patience: 1,
            min_delta: 0.0,
            restore_best: false,
        };
        let (epochs, stopped, best) = follow(config, &[1.0, 2.0, 3.0, 2.5]);
        assert_eq!((epochs, stopped, best), (4, true, vec![1, 2, 3]));
    }

    #[test]
    fn anything_is_better_than_a_first_figure_that_is_not_a_number() {
        // In Keras nothing is, so that the first epoch's broken weights would be restored.
        for (monitor, second) in [(Monitor::ValLoss, 2.0), (Monitor::ValAccuracy, 0.1)] {
            let config = EarlyStopping {
                monitor,
                mode: MonitorMode::Auto,
                patience: 3,
                min_delta: 0.0,
                restore_best: true,
            };
            let (_, stopped, best) = follow(config, &[f64::NAN, f64::NAN, second]);
            assert_eq!((stopped, best), (false, vec![1, 3]), "{monitor:?}");
        }
    }

    #[test]
    fn a_figure_that_is_missing_neither_stops_nor_improves() {
        let mut stopper = Stopper::new(Some(EarlyStopping {
            monitor: Monitor::ValLoss,
            mode: MonitorMode::Auto,
            patience: 1,
            min_delta: 0.0,
            restore_best: true,
        }));
        for epoch in 1..5 {
            let record = EpochRecord {
                val_loss: None,
                ..record(epoch, Monitor::TrainLoss, 1.0)
            };
            assert!(!stopper.epoch_done(&record));
        }
        assert!(!stopper.stops());
        assert_eq!(stopper.best_epoch(), None);
    }

    #[test]
    fn without_settings_it_never_stops() {
        let mut stopper = Stopper::new(None);
        for epoch in 1..100 {
            assert!(!stopper.epoch_done(&record(epoch, Monitor::ValLoss, 1.0)));
        }
        assert!(!stopper.stops() && !stopper.restores());
    }
}
