//! How the learning rate changes within a phase. Plain data and arithmetic.

use serde::{Deserialize, Serialize};

use super::history::EpochRecord;

/// How the learning rate changes within a phase.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// What happens after the warm-up.
    #[serde(default)]
    pub kind: ScheduleKind,
    /// Epochs in which the rate rises linearly, step by step, to its full size; may be a fraction.
    #[serde(default)]
    pub warmup_epochs: f64,
}

/// The rule of a schedule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum ScheduleKind {
    /// The rate stays.
    #[default]
    Constant,
    /// Every `epochs` epochs the rate is multiplied by `factor` (PyTorch's `StepLR`).
    Step {
        /// Epochs between changes, ≥ 1.
        epochs: usize,
        /// 0..1.
        factor: f64,
    },
    /// Half a cosine from the full rate to `minimum` times it at the phase's end (Loshchilov & Hutter 2017,
    /// without restarts), step by step.
    Cosine {
        /// Share of the full rate at the end, 0..1.
        minimum: f64,
    },
    /// When the validation loss (the training loss without validation) has not become smaller for `patience`
    /// epochs, the rate is multiplied by `factor` (Keras' `ReduceLROnPlateau`; PyTorch's waits one epoch more).
    ReduceOnPlateau {
        /// 0..1.
        factor: f64,
        /// Epochs without improvement, ≥ 1.
        patience: usize,
        /// A loss must be smaller by this to count.
        #[serde(default)]
        min_delta: f64,
        /// The rate never falls below this share of the full one.
        #[serde(default)]
        minimum: f64,
    },
    /// Smith's one cycle: up from the full rate divided by `divisor` to the full rate within the first
    /// `rise` of the phase, then down to almost nothing, both as half cosines (PyTorch's `OneCycleLR`).
    OneCycle {
        /// Full rate divided by the first one.
        divisor: f64,
        /// Share of the phase that rises, 0..1.
        rise: f64,
    },
}

impl Schedule {
    /// Checks the ranges.
    ///
    /// # Errors
    /// The first setting out of range, with the range.
    pub fn check(&self) -> Result<(), String> {
        let share = |name: &str, value: f64| {
            if (0.0..=1.0).contains(&value) {
                Ok(())
            } else {
                Err(format!(
                    "the schedule's {name} is {value}: use a value from 0 to 1"
                ))
            }
        };
        if !(self.warmup_epochs >= 0.0 && self.warmup_epochs.is_finite()) {
            let epochs = self.warmup_epochs;
            return Err(format!("the warm-up takes {epochs} epochs: use 0 or more"));
        }
        match self.kind {
            ScheduleKind::Constant => Ok(()),
            ScheduleKind::Step { epochs: 0, .. } => {
                Err("the schedule changes every 0 epochs: use at least 1".into())
            }
            ScheduleKind::Step { factor, .. } => share("factor", factor),
            ScheduleKind::Cosine { minimum } => share("minimum", minimum),
            ScheduleKind::ReduceOnPlateau { patience: 0, .. } => {
                Err("the schedule's patience is 0: use at least 1 epoch".into())
            }
            ScheduleKind::ReduceOnPlateau {
                factor, minimum, ..
            } => share("factor", factor).and_then(|()| share("minimum", minimum)),
            ScheduleKind::OneCycle { divisor, rise } => {
                if !(divisor >= 1.0 && divisor.is_finite()) {
                    return Err(format!(
                        "the schedule's divisor is {divisor}: use 1 or more"
                    ));
                }
                share("rise", rise)
            }
        }
    }
}

/// Where a phase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Steps of the phase before this one.
    pub step: usize,
    /// Steps of one epoch.
    pub steps_per_epoch: usize,
    /// Epochs of the phase.
    pub epochs: usize,
}

/// The learning rate of a run that goes on. Plain data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateNow {
    /// Phase of the experiment, from 1.
    pub phase: usize,
    /// The phase's full rate: the optimizer's, or what the user asked for since.
    pub full: f64,
    /// What schedule and plateaus make of it at this step.
    pub effective: f64,
}

/// What a phase's learning rate depends on besides the step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RateState {
    /// The full rate that the user asked for while training.
    full: Option<f64>,
    /// What plateaus have left of the rate, 0..1.
    reduced: f64,
    /// Lowest loss so far.
    best: Option<f64>,
    /// Epochs without a lower one.
    waited: usize,
}

impl Default for RateState {
    fn default() -> Self {
        Self {
            full: None,
            reduced: 1.0,
            best: None,
            waited: 0,
        }
    }
}

impl RateState {
    /// Makes `rate` the full rate from now on.
    pub fn set_full(&mut self, rate: f64) {
        self.full = Some(rate);
    }

    /// The full rate; `planned` is the optimizer's.
    pub fn full(&self, planned: f64) -> f64 {
        self.full.unwrap_or(planned)
    }

    /// Hears of an epoch's figures.
    pub fn epoch_done(&mut self, schedule: &Schedule, record: &EpochRecord) {
        let ScheduleKind::ReduceOnPlateau {
            factor,
            patience,
            min_delta,
            minimum,
        } = schedule.kind
        else {
            return;
        };
        let loss = record.val_loss.unwrap_or(record.train_loss);
        // What is not a number never is the best, or nothing could be better afterwards.
        if loss < self.best.unwrap_or(f64::INFINITY) - min_delta {
            self.best = Some(loss);
            self.waited = 0;
            return;
        }
        self.waited += 1;
        if self.waited >= patience {
            self.waited = 0;
            self.reduced = (self.reduced * factor).max(minimum);
        }
    }

    /// The learning rate of the step at `moment`; `full` is the optimizer's.
    pub fn learning_rate(&self, schedule: &Schedule, full: f64, moment: &Moment) -> f64 {
        self.full(full) * self.reduced * schedule.share(moment)
    }
}

/// From `start` to `end` along half a cosine, `part` 0..1 of the way.
fn half_cosine(start: f64, end: f64, part: f64) -> f64 {
    end + (start - end) / 2.0 * (1.0 + (std::f64::consts::PI * part.clamp(0.0, 1.0)).cos())
}

impl Schedule {
    /// Share of the full rate at `moment`, plateaus left out.
    fn share(&self, moment: &Moment) -> f64 {
        let per_epoch = moment.steps_per_epoch.max(1) as f64;
        let (step, total) = (moment.step as f64, moment.epochs as f64 * per_epoch);
        let warmup = (self.warmup_epochs * per_epoch).round();
        if step < warmup {
            return (step + 1.0) / warmup;
        }
        match self.kind {
            ScheduleKind::Constant | ScheduleKind::ReduceOnPlateau { .. } => 1.0,
            ScheduleKind::Step { epochs, factor } => {
                let changes = moment.step / moment.steps_per_epoch.max(1) / epochs.max(1);
                factor.powf(changes as f64)
            }
            ScheduleKind::Cosine { minimum } => {
                half_cosine(1.0, minimum, (step - warmup) / (total - warmup).max(1.0))
            }
            ScheduleKind::OneCycle { divisor, rise } => {
                /// PyTorch's `final_div_factor`.
                const FINAL_DIVISOR: f64 = 1e4;
                let top = rise * total - 1.0;
                if step <= top {
                    half_cosine(1.0 / divisor, 1.0, if top > 0.0 { step / top } else { 1.0 })
                } else {
                    let part = (step - top) / (total - 1.0 - top).max(1.0);
                    half_cosine(1.0, 1.0 / divisor / FINAL_DIVISOR, part)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
