//! Looking for a learning rate: Smith's range test on a network that is thrown away afterwards.
//!
//! The rate rises from step to step by the same factor while the loss is watched (L. N. Smith, Cyclical Learning
//! Rates for Training Neural Networks, WACV 2017, section 3.3; the exponential rise and the end of the test are
//! those of fastai's `lr_find`). A good rate is where the loss falls fastest.

use std::path::Path;

use super::{
    config::TrainingConfig,
    fit::{self, Data, FitError, Threads, boundaries, default_threads, unfreeze},
    loss::{Loss, class_weights},
    optimizers::OptimizerState,
    placement, single_values,
    step::{self, Batch},
};
use crate::{
    cancel::CancelToken,
    data::batches,
    model::{ModelSpec, NamedArray, shapes::check_classifier},
};

/// Steps of a test that does not end early.
pub const STEPS: usize = 100;
/// Rate of the first step.
pub const FIRST_RATE: f64 = 1e-7;
/// Rate of the last step.
pub const LAST_RATE: f64 = 10.0;
/// The test ends when the running mean of the loss is this many times its lowest value.
const DIVERGED: f64 = 4.0;
/// Share of the earlier losses in the running mean.
const MEMORY: f64 = 0.9;
/// Losses on each side that the drawn curve averages over. Both sides, so that the curve lags behind nothing.
const NEIGHBOURS: usize = 4;
/// The first points say little: hardly anything is averaged and the rate moves nothing.
const SKIPPED: usize = 10;
/// A loss that falls by less than this share of its first value does not fall.
const LEAST_FALL: f64 = 0.02;

/// One step of a test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatePoint {
    /// Rate of the step.
    pub learning_rate: f64,
    /// Mean loss of the batch before the step.
    pub loss: f64,
    /// Mean of the neighbouring losses.
    pub smoothed: f64,
}

/// What a test found. Plain data.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RateCurve {
    /// Every step with a finite loss, rates ascending.
    pub points: Vec<RatePoint>,
    /// Rate at which the loss falls fastest, to two digits; `None` when it never falls.
    pub suggestion: Option<f64>,
    /// The loss grew beyond bounds before the last rate.
    pub diverged: bool,
}

/// Rate of the step at position `step`.
pub fn rate_at(step: usize) -> f64 {
    FIRST_RATE * (LAST_RATE / FIRST_RATE).powf(step as f64 / (STEPS - 1) as f64)
}

/// A test as it goes on: losses as they come, and whether there is to be another.
#[derive(Debug, Default)]
pub struct RangeTest {
    losses: Vec<f64>,
    mean: f64,
    lowest: Option<f64>,
    diverged: bool,
}

impl RangeTest {
    /// Steps with a finite loss so far.
    pub fn steps(&self) -> usize {
        self.losses.len()
    }

    /// Takes the loss of the next step; false when the test is over.
    fn goes_on_after(&mut self, loss: f64) -> bool {
        if !loss.is_finite() {
            self.diverged = true;
            return false;
        }
        self.losses.push(loss);
        self.mean = MEMORY * self.mean + (1.0 - MEMORY) * loss;
        // The mean begins at 0, which this takes back (as Adam does).
        let mean = self.mean / (1.0 - MEMORY.powf(self.losses.len() as f64));
        let lowest = self.lowest.map_or(mean, |lowest| lowest.min(mean));
        self.lowest = Some(lowest);
        self.diverged = self.losses.len() > SKIPPED && mean > DIVERGED * lowest;
        !self.diverged && self.losses.len() < STEPS
    }

    /// What the losses so far say.
    pub fn curve(&self) -> RateCurve {
        let losses = &self.losses;
        let smoothed = |at: usize| {
            // As many on either side, or the ends would bend.
            let reach = NEIGHBOURS.min(at).min(losses.len() - 1 - at);
            let near = &losses[at - reach..=at + reach];
            near.iter().sum::<f64>() / near.len() as f64
        };
        let points: Vec<RatePoint> = (0..losses.len())
            .map(|at| RatePoint {
                learning_rate: rate_at(at),
                loss: losses[at],
                smoothed: smoothed(at),
            })
            .collect();
        RateCurve {
            suggestion: steepest(&points),
            points,
            diverged: self.diverged,
        }
    }
}

/// The rate at which the smoothed loss falls fastest per decade, before it is lowest.
fn steepest(points: &[RatePoint]) -> Option<f64> {
    let considered = points.get(SKIPPED..)?;
    let lowest = (0..considered.len())
        .min_by(|a, b| considered[*a].smoothed.total_cmp(&considered[*b].smoothed))?;
    let first = considered[0].smoothed;
    if first - considered[lowest].smoothed < LEAST_FALL * first.abs() {
        return None;
    }
    // Rates are equally far apart on a logarithmic axis, so a difference is a slope.
    let fall = |at: usize| considered[at - 1].smoothed - considered[at + 1].smoothed;
    let inner = 1..lowest.min(considered.len() - 1);
    let steepest = inner.max_by(|a, b| fall(*a).total_cmp(&fall(*b)));
    Some(rounded(
        considered[steepest.unwrap_or(lowest)].learning_rate,
    ))
}

/// Two significant digits: more would pretend to know more.
fn rounded(rate: f64) -> f64 {
    format!("{rate:.1e}").parse().unwrap_or(rate)
}

/// Runs a test of phase `phase` (from 0) of `config` on a new network with the weights `arrays` in place of random
/// ones where they have the same names: what earlier phases would change is not known yet. It computes in the way that
/// is kept in the folder `choices`. `cancel` is looked at before every step, `done` told after each.
///
/// # Errors
/// When settings, network and data do not fit, the test is cancelled, or libtorch refuses.
pub fn find_rate(
    spec: &ModelSpec,
    (config, phase): (&TrainingConfig, usize),
    data: &Data<'_>,
    arrays: &[NamedArray],
    choices: &Path,
    cancel: &CancelToken,
    mut done: impl FnMut(&RangeTest),
) -> Result<RateCurve, FitError> {
    config.check()?;
    check_classifier(spec, data.dataset.classes.len())?;
    fit::check(spec, config, data)?;
    let images = config.images_per_epoch(data.split.train.len());

    let tested = config.phases.get(phase).ok_or_else(|| {
        let count = config.phases.len();
        format!("there is no phase {}, choose one of {count}", phase + 1)
    })?;
    let _threads = Threads::set(config.threads.unwrap_or_else(default_threads));
    let mut network = placement::network(spec, config, data.augmentation, choices, cancel)?;
    network.assign(arrays)?;
    let boundary = boundaries(network.nodes(), config)?[phase];
    unfreeze(&mut network, tested, boundary)?;
    let class_weights = class_weights(config, data, network.placement().device)?;
    let loss = Loss::new(&network, class_weights, config.label_smoothing);
    let trainable = || network.trainable().map(|(_, value)| value);
    let mut optimizer = OptimizerState::new(trainable(), tested.optimizer)?;
    let mut test = RangeTest::default();
    let least = single_values::least_batch(network.nodes(), boundary);
    let folded = step::folded(&network)?;
    let batches = (1..).flat_map(|epoch| {
        let mut order = batches::shuffled(&data.split.train, config.seed, epoch);
        order.truncate(images);
        let all = single_values::batches(&order, config.batch_size, least);
        all.map(<[usize]>::to_vec).collect::<Vec<_>>()
    });
    let mut previous = None;
    for (number, samples) in batches.take(STEPS).enumerate() {
        cancel.check()?;
        let batch = Batch {
            data,
            samples: &samples,
            features: None,
            folded: folded.as_ref(),
            seed: step::seed(config.seed, number + 1),
        };
        let figures = batch.backward(&network, &loss)?;
        // A batch of classes that weigh 0 says nothing: the loss is where it was.
        let said = (figures.weight > 0.0).then_some(figures.loss);
        let loss_now = said.or(previous).unwrap_or(figures.loss);
        previous = Some(loss_now);
        let goes_on = test.goes_on_after(loss_now);
        done(&test);
        if !goes_on {
            break;
        }
        let _no_grad = tch::no_grad_guard();
        if let Some(norm) = config.clip_norm {
            step::clip(&network, norm)?;
        }
        optimizer.step(trainable(), rate_at(number))?;
    }
    Ok(test.curve())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The curve of a loss that is this function of the rate's logarithm to base 10.
    fn curve(loss: impl Fn(f64) -> f64) -> RateCurve {
        let mut test = RangeTest::default();
        for step in 0.. {
            if !test.goes_on_after(loss(rate_at(step).log10())) {
                break;
            }
        }
        test.curve()
    }

    #[test]
    fn rates_rise_evenly_from_the_first_to_the_last() {
        assert!((rate_at(0) / FIRST_RATE - 1.0).abs() < 1e-12);
        assert!((rate_at(STEPS - 1) / LAST_RATE - 1.0).abs() < 1e-12);
        let factor = rate_at(1) / rate_at(0);
        for step in 1..STEPS {
            assert!((rate_at(step) / rate_at(step - 1) / factor - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn the_suggestion_is_where_the_loss_falls_fastest() {
        // Falls along an S whose steepest point is at 1e-3, then explodes from 0.1 on.
        let found = curve(|x| {
            let fall = 2.0 - 1.5 / (1.0 + (-3.0 * (x + 3.0)).exp());
            fall + 40.0 * (x + 1.0).max(0.0)
        });
        let suggestion = found.suggestion.unwrap().log10();
        assert!((suggestion + 3.0).abs() < 0.1, "1e{suggestion}");
        assert!(found.diverged);
        assert!(found.points.len() < STEPS);
        for (rate, expected) in [(1.0975e-3, 0.0011), (0.0496, 0.05), (3.14e-6, 3.1e-6)] {
            assert_eq!(rounded(rate), expected);
        }
    }

    #[test]
    fn noise_moves_it_little() {
        let found = curve(|x| {
            let noise = 0.03 * (1e6 * x).sin();
            2.0 - 1.5 / (1.0 + (-3.0 * (x + 3.0)).exp()) + noise
        });
        let suggestion = found.suggestion.unwrap().log10();
        assert!((suggestion + 3.0).abs() < 0.5, "1e{suggestion}");
        assert!(!found.diverged, "nothing exploded");
        assert_eq!(found.points.len(), STEPS);
    }

    #[test]
    fn without_a_fall_nothing_is_suggested() {
        type Loss = fn(f64) -> f64;
        let cases: [(&str, Loss, usize, bool); 5] = [
            ("flat", |_| 1.1, STEPS, false),
            ("rising", |x| 12.0 + x, STEPS, false),
            ("a hair", |x| 2.0 - 0.001 * x, STEPS, false),
            ("never finite", |_| f64::NAN, 0, true),
            (
                "soon not finite",
                |x| if x < -6.9 { 1.0 } else { f64::INFINITY },
                2,
                true,
            ),
        ];
        for (why, loss, points, diverged) in cases {
            let found = curve(loss);
            assert_eq!(found.suggestion, None, "{why}");
            assert_eq!(found.points.len(), points, "{why}");
            assert_eq!(found.diverged, diverged, "{why}");
        }
    }
}
