//! What a run records: one row per step, one per epoch, and their CSV form.

use serde::{Deserialize, Serialize};

use super::early_stopping::{EarlyStopping, Monitor};
use crate::format::{percent, significant};

/// One optimizer step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Steps since the start of the run, from 1.
    pub step: usize,
    /// Epoch it belongs to, from 1.
    pub epoch: usize,
    /// Mean loss of the batch.
    pub loss: f64,
    /// Share of the batch classified correctly, 0..1.
    pub accuracy: f64,
}

/// One epoch. Fields are the columns of `history.csv` and the JSON of `convscope train`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// From 1.
    pub epoch: usize,
    /// Phase of the experiment, from 1.
    pub phase: usize,
    /// What training makes small, while weights moved: the mean over the epoch's images, which count as much as their
    /// classes weigh, with smoothed labels, and the penalty for large weights.
    pub train_loss: f64,
    /// Share classified correctly over the epoch's batches, 0..1.
    pub train_accuracy: f64,
    /// The same on the validation part with the weights at the end of the epoch; `None` when it is empty or none of its
    /// images counts.
    pub val_loss: Option<f64>,
    /// Share of the validation part classified correctly, 0..1; `None` when it is empty.
    pub val_accuracy: Option<f64>,
    /// Learning rate of its last step.
    pub learning_rate: f64,
    /// Training images per second.
    pub images_per_sec: f64,
    /// Wall time of the epoch, validation included.
    pub seconds: f64,
    /// The penalty in `train_loss`, mean over the epoch's steps; `None` without one, and in runs of earlier versions.
    #[serde(default)]
    pub train_penalty: Option<f64>,
    /// The penalty in `val_loss`; `None` without one, and in runs of earlier versions, whose `val_loss` held none.
    #[serde(default)]
    pub val_penalty: Option<f64>,
}

impl EpochRecord {
    /// `train_loss` without the penalty.
    pub fn train_data_loss(&self) -> f64 {
        self.train_loss - self.train_penalty.unwrap_or(0.0)
    }

    /// `val_loss` without the penalty.
    pub fn val_data_loss(&self) -> Option<f64> {
        Some(self.val_loss? - self.val_penalty.unwrap_or(0.0))
    }
}

/// The epoch whose weights are kept. With early stopping it is the one where the monitored figure was best;
/// else the one with the highest validation accuracy, then the lowest validation loss, then the earliest, and
/// without validation the last one.
pub fn best_epoch<'a>(
    history: &'a [EpochRecord],
    early_stopping: Option<&EarlyStopping>,
) -> Option<&'a EpochRecord> {
    let better = |best, record| match is_better(record, best, early_stopping) {
        true => record,
        false => best,
    };
    history.iter().reduce(better)
}

/// Whether `candidate`, which came later, beats `best`.
pub fn is_better(
    candidate: &EpochRecord,
    best: &EpochRecord,
    early_stopping: Option<&EarlyStopping>,
) -> bool {
    if let Some(config) = early_stopping
        && let (Some(new), Some(old)) = (config.monitor.of(candidate), config.monitor.of(best))
    {
        return config.is_improvement(new, old) || old.is_nan() && !new.is_nan();
    }
    match (candidate.val_accuracy, best.val_accuracy) {
        (Some(new), Some(old)) if new != old => new > old,
        (Some(_), Some(_)) => candidate.val_loss < best.val_loss,
        _ => true,
    }
}

/// What makes `best` the best epoch ([`best_epoch`]): `lowest validation loss 0.6957`.
pub fn why_best(best: &EpochRecord, early_stopping: Option<&EarlyStopping>) -> String {
    let watched = early_stopping.map(|config| (config.monitor, config.is_max()));
    let (monitor, is_max) = watched
        .filter(|(monitor, _)| monitor.of(best).is_some())
        .unwrap_or((Monitor::ValAccuracy, true));
    let Some(value) = monitor.of(best) else {
        return "the last, without validation".to_owned();
    };
    let value = match monitor {
        Monitor::ValLoss | Monitor::TrainLoss => significant(value),
        Monitor::ValAccuracy | Monitor::TrainAccuracy => percent(value),
    };
    let end = if is_max { "highest" } else { "lowest" };
    format!("{end} {} {value}", monitor.words())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::early_stopping::MonitorMode;

    fn record(epoch: usize, validation: Option<(f64, f64)>) -> EpochRecord {
        EpochRecord {
            epoch,
            phase: 1,
            train_loss: 1.0,
            train_accuracy: 0.5,
            val_accuracy: validation.map(|v| v.0),
            val_loss: validation.map(|v| v.1),
            learning_rate: 0.001,
            images_per_sec: 1.0,
            seconds: 1.0,
            train_penalty: None,
            val_penalty: None,
        }
    }

    #[test]
    fn the_best_epoch_says_by_what_it_is() {
        let watching = |monitor| EarlyStopping {
            monitor,
            mode: MonitorMode::Auto,
            patience: 5,
            min_delta: 0.0,
            restore_best: true,
        };
        let validated = record(2, Some((0.475, 0.695_68)));
        let alone = record(2, None);
        let cases = [
            (&validated, None, "highest validation accuracy 47.5 %"),
            (
                &validated,
                Some(Monitor::ValLoss),
                "lowest validation loss 0.6957",
            ),
            (
                &validated,
                Some(Monitor::TrainAccuracy),
                "highest training accuracy 50.0 %",
            ),
            (
                &alone,
                Some(Monitor::TrainLoss),
                "lowest training loss 1.000",
            ),
            (
                &alone,
                Some(Monitor::ValLoss),
                "the last, without validation",
            ),
            (&alone, None, "the last, without validation"),
        ];
        for (record, monitor, words) in cases {
            assert_eq!(why_best(record, monitor.map(watching).as_ref()), words);
        }
    }

    #[test]
    fn the_best_epoch_is_the_one_people_expect() {
        let cases = [
            (
                "highest accuracy",
                vec![Some((0.5, 1.0)), Some((0.9, 1.0)), Some((0.8, 0.1))],
                2,
            ),
            (
                "equal accuracy, lower loss",
                vec![Some((0.9, 0.5)), Some((0.9, 0.3))],
                2,
            ),
            (
                "all equal, earliest",
                vec![Some((0.9, 0.5)), Some((0.9, 0.5))],
                1,
            ),
            ("no validation, last", vec![None, None, None], 3),
        ];
        for (why, rows, expected) in cases {
            let history: Vec<_> = rows
                .into_iter()
                .enumerate()
                .map(|(i, v)| record(i + 1, v))
                .collect();
            assert_eq!(
                best_epoch(&history, None).map(|r| r.epoch),
                Some(expected),
                "{why}"
            );
        }
        assert!(best_epoch(&[], None).is_none());
    }
}
