//! How long a run will take, by timing a few steps on made-up images.

use std::{path::Path, time::Instant};

use tch::{Kind, TchError, Tensor};

use super::{
    config::{Phase, TrainingConfig},
    features::{self, Kept},
    fit::{FitError, Threads, boundaries, default_threads},
    loss::Loss,
    optimizers::OptimizerState,
    placement::{self, made_up_input},
    step,
};
use crate::{
    cancel::CancelToken,
    data::augment::{self, AugmentationConfig},
    model::{
        ModelSpec, Network,
        network::{Mode, NetworkError},
    },
};

/// Images of each part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Images {
    /// To train on.
    pub train: usize,
    /// To validate on.
    pub validation: usize,
}

/// How long a run will take when no epoch is spared. Plain data.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TimeEstimate {
    /// Seconds of each phase.
    pub phases: Vec<f64>,
}

impl TimeEstimate {
    /// Seconds of all phases.
    pub fn seconds(&self) -> f64 {
        self.phases.iter().sum()
    }
}

/// Images that are timed first.
const PROBE: usize = 4;
/// Seconds that the timing of one kind of batch may take, roughly.
const BUDGET: f64 = 0.5;
/// Times that a batch is timed.
const REPEATS: u32 = 5;

/// Times what a run of `spec` as `config` says consists of, whose features of frozen layers may take `feature_bytes`,
/// computed in the way that is kept in the folder `choices`.
///
/// # Errors
/// When settings and network do not fit, the work is cancelled, or libtorch refuses.
pub fn estimate(
    spec: &ModelSpec,
    config: &TrainingConfig,
    augmentation: &AugmentationConfig,
    images: Images,
    (feature_bytes, choices): (usize, &Path),
    cancel: &CancelToken,
) -> Result<TimeEstimate, FitError> {
    config.check()?;
    let _threads = Threads::set(config.threads.unwrap_or_else(default_threads));
    let mut network = placement::network(spec, config, augmentation, choices, cancel)?;
    let boundaries = boundaries(network.nodes(), config)?;
    let mut estimate = TimeEstimate::default();
    let mut known = None;
    for (phase, boundary) in config.phases.iter().zip(boundaries) {
        network.set_trainable_from(boundary)?;
        let stopwatch = Stopwatch {
            network: &network,
            config,
            augmentation,
            cancel,
        };
        let kept = Kept::new(
            network.nodes(),
            boundary,
            images,
            augmentation,
            feature_bytes,
        );
        let is_known = std::mem::replace(&mut known, kept) == kept;
        let phase = stopwatch.phase(phase, images, (kept, is_known))?;
        estimate.phases.push(phase);
    }
    Ok(estimate)
}

/// Times parts of one phase.
struct Stopwatch<'a> {
    network: &'a Network,
    config: &'a TrainingConfig,
    augmentation: &'a AugmentationConfig,
    cancel: &'a CancelToken,
}

impl Stopwatch<'_> {
    /// Seconds of a phase: features of frozen layers once where they are kept and not known from the phase before, then
    /// all steps and validations.
    fn phase(
        &self,
        phase: &Phase,
        images: Images,
        (kept, is_known): (Option<Kept>, bool),
    ) -> Result<f64, FitError> {
        let start = kept.map_or(0, |kept| kept.start);
        let features = match kept {
            Some(kept) if !is_known => kept.images(images) as f64 * self.forward_secs(0, start)?,
            _ => 0.0,
        };
        let first = kept.filter(|kept| kept.training).map_or(0, |_| start);
        let steps = self.config.steps_per_epoch(images.train) as f64;
        let mut epoch = steps * self.step_secs(phase, first, images.train)?;
        if images.validation > 0 {
            let end = self.network.nodes().len();
            epoch += images.validation as f64 * self.forward_secs(start, end)?;
        }
        Ok(features + phase.epochs as f64 * epoch)
    }

    /// Seconds of a training step from node `start` on.
    fn step_secs(&self, phase: &Phase, start: usize, images: usize) -> Result<f64, FitError> {
        let network = self.network;
        let trainable = || network.trainable().map(|(_, value)| value);
        let loss = Loss::new(network, None, self.config.label_smoothing);
        let mut optimizer = OptimizerState::new(trainable(), phase.optimizer)?;
        let end = network.nodes().len();
        let folded = step::folded(network)?;
        let folded = folded.as_ref().unwrap_or(network);
        let step = |batch: usize| -> Result<(), TchError> {
            let input = self.input(start, batch)?;
            let logits = folded.forward_between(&input, Mode::Train, (start, end), None)?;
            let target = Tensor::f_zeros([batch as i64], (Kind::Int64, logits.device()))?;
            let value = loss.training(network, &logits, &target)?;
            network.zero_gradients();

            value.f_backward()?;
            let _no_grad = tch::no_grad_guard();
            // The weights stay, or timing one phase would spoil the next.
            optimizer.step(trainable(), 0.0)
        };
        self.batch_secs(self.config.batch_size.min(images.max(1)), step)
    }

    /// Seconds of the nodes `start..end` for one image without gradients.
    fn forward_secs(&self, start: usize, end: usize) -> Result<f64, FitError> {
        let _no_grad = tch::no_grad_guard();
        let folded = self.network.folded((start, end))?;
        let network = folded.as_ref().unwrap_or(self.network);
        let forward = |batch: usize| -> Result<(), TchError> {
            let input = made_up_input(network, start, batch)?;
            drop(network.forward_between(&input, Mode::Evaluate, (start, end), None)?);
            Ok(())
        };
        Ok(self.batch_secs(features::BATCH, forward)? / features::BATCH as f64)
    }

    /// What node `start` gets for `batch` images.
    fn input(&self, start: usize, batch: usize) -> Result<Tensor, TchError> {
        let network = self.network;
        if start > 0 || self.augmentation.is_none() {
            return made_up_input(network, start, batch);
        }
        let bytes = vec![127; batch * network.spec().input.format().row_bytes()];
        network.changed_input(&bytes, |images| {
            augment::apply(images, self.augmentation, self.config.seed)
        })
    }

    /// Least seconds of `work` on a batch of `batch` images, for what else the machine does only makes it longer; or what
    /// smaller batches say about it where that would take too long.
    fn batch_secs(
        &self,
        batch: usize,
        mut work: impl FnMut(usize) -> Result<(), TchError>,
    ) -> Result<f64, FitError> {
        let mut secs = |images: usize| -> Result<f64, FitError> {
            self.cancel.check()?;
            let start = Instant::now();
            work(images).map_err(NetworkError::from)?;
            Ok(start.elapsed().as_secs_f64())
        };
        let mut images = batch.min(PROBE);
        // The first time with so many images is slower.
        secs(images)?;
        let mut smaller = None;
        loop {
            let once = secs(images)?;
            if images == batch || once > BUDGET / 2.0 {
                break;
            }
            smaller = Some((images, once));
            images = batch.min(2 * images);
        }
        let (mut least, mut sum, mut count) = (f64::INFINITY, 0.0, 0);
        while count == 0 || count < REPEATS && sum < BUDGET {
            let once = secs(images)?;
            least = least.min(once);
            sum += once;
            count += 1;
        }
        Ok(least + secs_each(least, images, smaller) * (batch - images) as f64)
    }
}

/// Seconds for each more image when `images` take `all`: a part of the time is the same for any number of images,
/// which a smaller batch shows.
fn secs_each(all: f64, images: usize, smaller: Option<(usize, f64)>) -> f64 {
    let most = all / images as f64;
    match smaller {
        Some((fewer, secs)) => ((all - secs) / (images - fewer) as f64).clamp(0.0, most),
        None => most,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_images_take_longer_by_what_two_batches_differ() {
        let cases = [
            ("no smaller batch: in proportion", None, 0.1),
            ("half of it stays the same", Some((4, 0.6)), 0.05),
            ("noise never makes more images cheaper", Some((4, 2.0)), 0.0),
            ("nor dearer than in proportion", Some((4, 0.0)), 0.1),
        ];
        for (why, smaller, expected) in cases {
            let found = secs_each(0.8, 8, smaller);
            assert!((found - expected).abs() < 1e-12, "{why}: {found}");
        }
    }
}
