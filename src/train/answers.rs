//! What weights said about images, so that nobody asks the same weights about the same images twice: an epoch's
//! validation is known when its model is judged at the end of the run, and what was judged then when the window asks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    evaluate::{Evaluation, evaluate_images},
    fit::FitError,
};
use crate::{
    cancel::Cancelled,
    data::{Dataset, PixelCache, SplitName},
    model::{Network, WeightSnapshot, network::Placement},
};

/// Evaluations that are kept: of each part and of all images, with a model's best weights and its last ones.
const MOST: usize = 8;

/// What was said. Plain data behind a lock that nobody holds while computing.
#[derive(Debug, Default)]
pub struct Answers(Mutex<Vec<Known>>);

#[derive(Debug)]
struct Known {
    weights: Arc<WeightSnapshot>,
    images: blake3::Hash,
    evaluation: Arc<Evaluation>,
}

impl Answers {
    /// What `weights` say about `samples`, the part `split` of `dataset`, from what is known or else computed on the CPU;
    /// calls `pulse(done)` before every batch.
    ///
    /// # Errors
    /// When the weights fit no network, libtorch refuses or `pulse` says to stop.
    pub fn judge(
        &self,
        weights: &Arc<WeightSnapshot>,
        (dataset, pixels): (&Dataset, &PixelCache),
        (split, samples): (Option<SplitName>, &[usize]),
        pulse: impl FnMut(usize) -> Result<(), Cancelled>,
    ) -> Result<Arc<Evaluation>, FitError> {
        let actual: Vec<usize> = samples
            .iter()
            .map(|&at| dataset.samples[at].label)
            .collect();
        if let Some(known) = self.find(weights, pixels, (split, samples, &actual)) {
            return Ok(known);
        }
        let network = Network::from_snapshot(weights, Placement::default())?;
        let evaluation = evaluate_images(&network, dataset, pixels, samples, pulse)?;
        let evaluation = Arc::new(Evaluation {
            split,
            epoch: weights.epoch,
            ..evaluation
        });
        self.keep(weights, pixels, &evaluation);
        Ok(evaluation)
    }

    /// Keeps what `given` weights said about images of `pixels`, in place of the oldest where that would be too many.
    pub fn keep(
        &self,
        given: &Arc<WeightSnapshot>,
        pixels: &PixelCache,
        evaluation: &Arc<Evaluation>,
    ) {
        let Some(images) = images(pixels, &evaluation.samples, &evaluation.actual) else {
            return;
        };
        let mut known = self.known();
        if known.len() == MOST {
            known.remove(0);
        }
        // Read from a file again, equal weights must not take memory again.
        let kept = known.iter().map(|known| &known.weights);
        let mut kept = kept.filter(|kept| *kept == given);
        let weights = Arc::clone(kept.next().unwrap_or(given));
        known.push(Known {
            weights,
            images,
            evaluation: Arc::clone(evaluation),
        });
    }

    /// How many evaluations are known.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.known().len()
    }

    fn find(
        &self,
        weights: &WeightSnapshot,
        pixels: &PixelCache,
        (split, samples, actual): (Option<SplitName>, &[usize], &[usize]),
    ) -> Option<Arc<Evaluation>> {
        let images = images(pixels, samples, actual)?;
        let known = self.known();
        let found = known.iter().find(|known| {
            let (is_split, is_epoch) = (
                known.evaluation.split == split,
                known.evaluation.epoch == weights.epoch,
            );
            is_split && is_epoch && known.images == images && *known.weights == *weights
        });
        found.map(|known| Arc::clone(&known.evaluation))
    }

    fn known(&self) -> MutexGuard<'_, Vec<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What these images and their labels are known by; `None` when one of them cannot be read.
fn images(pixels: &PixelCache, samples: &[usize], actual: &[usize]) -> Option<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    for (&sample, &label) in samples.iter().zip(actual) {
        hasher.update(&pixels.content_key(sample)?);
        hasher.update(&(sample as u64).to_le_bytes());
        hasher.update(&(label as u64).to_le_bytes());
    }
    Some(hasher.finalize())
}
