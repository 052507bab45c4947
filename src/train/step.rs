//! One step: a batch forward and backward, gradients clipped.

use tch::{Kind, TchError, Tensor};

use super::{
    features::FrozenFeatures,
    fit::{Data, FitError},
    loss::Loss,
};
use crate::{
    data::{PixelCache, augment, batches},
    model::{
        Network,
        network::{Mode, Tap},
    },
};

/// What a step works on.
pub struct Batch<'a> {
    /// Where images and labels come from.
    pub data: &'a Data<'a>,
    /// Indices of the samples.
    pub samples: &'a [usize],
    /// What the frozen layers make of them, when that is known.
    pub features: Option<&'a FrozenFeatures>,
    /// See [`folded`].
    pub folded: Option<&'a Network>,
    /// Decides dropout and augmentation.
    pub seed: i64,
}

/// What a step says.
pub struct Figures {
    /// Mean loss, penalty included.
    pub loss: f64,
    /// The penalty in it; `None` when no layer has one.
    pub penalty: Option<f64>,
    /// How much the batch counts in a mean over batches ([`Loss::weight`]).
    pub weight: f64,
    /// Share classified correctly, 0..1.
    pub accuracy: f64,
}

impl Batch<'_> {
    /// Leaves the gradients of the batch's mean loss in the trained weights.
    ///
    /// # Errors
    /// When libtorch refuses or pixels are lost.
    pub fn backward(&self, network: &Network, loss: &Loss) -> Result<Figures, FitError> {
        // Dropout draws from libtorch's generator. Seeding it by step makes a run independent of what
        // else used the generator, and lets it be taken up at any step. So does augmentation's seed.
        tch::manual_seed(self.seed);
        let samples = &self.data.dataset.samples;
        let labels: Vec<usize> = self.samples.iter().map(|&i| samples[i].label).collect();
        let target = labels_tensor(&labels, network)?;
        network.zero_gradients();

        let logits = self.logits(network)?;
        let value = loss.training(network, &logits, &target)?;
        value.f_backward()?;
        let penalty = tch::no_grad(|| loss.penalty(network))?;
        let penalty = penalty.map(|penalty| penalty.f_double_value(&[]));
        let right = loss
            .answers(&logits)?
            .f_eq_tensor(&target)?
            .f_sum(Kind::Float)?;
        Ok(Figures {
            loss: value.f_double_value(&[])?,
            penalty: penalty.transpose()?,
            weight: loss.weight(&target)?,
            accuracy: right.f_double_value(&[])? / self.samples.len().max(1) as f64,
        })
    }

    fn logits(&self, network: &Network) -> Result<Tensor, FitError> {
        if let Some((features, start)) = known(self.features, self.samples)? {
            let range = (start, network.nodes().len());
            return Ok(network.forward_between(&features, Mode::Train, range, None)?);
        }
        let network = self.folded.unwrap_or(network);
        let bytes = batches::gather(self.data.pixels, self.samples)?;
        let augmentation = self.data.augmentation;
        let input = if augmentation.is_none() {
            // Normalises in one go, which is faster.
            network.input(&bytes)?
        } else {
            let seed = self.seed.cast_unsigned();
            network.changed_input(&bytes, |images| augment::apply(images, augmentation, seed))?
        };
        Ok(network.forward(&input, Mode::Train)?)
    }
}

/// `network` with its frozen nodes folded, for the logits of training steps; `None` where that would not be the same: in
/// bfloat16 folded weights are rounded, not what is normalised.
///
/// # Errors
/// When libtorch refuses.
pub fn folded(network: &Network) -> Result<Option<Network>, TchError> {
    if network.placement().bf16 {
        return Ok(None);
    }
    network.folded((0, network.trainable_from()))
}

/// `network` folded as it is now, for [`logits`] with these `features`.
///
/// # Errors
/// When libtorch refuses.
pub fn folded_for_judging(
    network: &Network,
    features: Option<&FrozenFeatures>,
) -> Result<Option<Network>, TchError> {
    let start = features.map_or(0, FrozenFeatures::start);
    network.folded((start, network.nodes().len()))
}

/// Logits of samples while evaluating; `tap(node, output)` sees the output of each node that runs.
///
/// # Errors
/// When libtorch refuses or pixels are lost.
pub fn logits(
    network: &Network,
    pixels: &PixelCache,
    features: Option<&FrozenFeatures>,
    samples: &[usize],
    tap: Option<Tap<'_>>,
) -> Result<Tensor, FitError> {
    let (input, start) = match known(features, samples)? {
        Some(known) => known,
        None => (network.input(&batches::gather(pixels, samples)?)?, 0),
    };
    let range = (start, network.nodes().len());
    Ok(network.forward_between(&input, Mode::Evaluate, range, tap)?)
}

/// The features of `samples` and the node that goes on from them, when they are known.
fn known(
    features: Option<&FrozenFeatures>,
    samples: &[usize],
) -> Result<Option<(Tensor, usize)>, TchError> {
    let of = features.map(|features| features.of(samples)).transpose()?;
    Ok(of.flatten().zip(features.map(FrozenFeatures::start)))
}

/// Labels as the integer tensor that losses want, `[N]`.
///
/// # Errors
/// When libtorch refuses.
pub fn labels_tensor(labels: &[usize], network: &Network) -> Result<Tensor, TchError> {
    let labels: Vec<i64> = labels.iter().map(|&label| label as i64).collect();
    Tensor::f_from_slice(&labels)?.f_to_device(network.placement().device)
}

/// Scales all gradients so that their Euclidean norm, over all trained weights together, is at most `norm`
/// (PyTorch's `clip_grad_norm_`). Call under no-grad.
///
/// # Errors
/// When libtorch refuses.
pub fn clip(network: &Network, norm: f64) -> Result<(), TchError> {
    /// PyTorch's guard against dividing by nothing.
    const EPSILON: f64 = 1e-6;
    let mut gradients = Vec::new();
    let mut squares = 0.0;
    for (_, parameter) in network.trainable() {
        let gradient = parameter.f_grad()?;
        if gradient.defined() {
            squares += gradient.f_norm()?.f_double_value(&[])?.powi(2);
            gradients.push(gradient);
        }
    }
    let factor = norm / (squares.sqrt() + EPSILON);
    if factor < 1.0 {
        for gradient in &mut gradients {
            let _ = gradient.f_mul_scalar_(factor)?;
        }
    }
    Ok(())
}

/// Mixes the run's seed with a step number (SplitMix64's finaliser), so that neighbouring steps share nothing.
pub fn seed(seed: u64, step: usize) -> i64 {
    let mut mixed = seed.wrapping_add((step as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)).cast_signed()
}
