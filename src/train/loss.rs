//! The training loss: cross-entropy, with every class counting as much as the user wants.

use tch::{Device, Reduction, TchError, Tensor};

use super::{
    experiment::{ExperimentError, TrainingConfig},
    fit::{Data, FitError},
};

/// The weight of each class, `[classes]`, on `device`; `None` when every class counts the same.
///
/// # Errors
/// When the weights do not fit the dataset or libtorch refuses.
pub fn class_weights(
    config: &TrainingConfig,
    data: &Data<'_>,
    device: Device,
) -> Result<Option<Tensor>, FitError> {
    let weights = config.class_weights.weights(data.dataset, data.split);
    let Some(weights) = weights.map_err(ExperimentError::Setting)? else {
        return Ok(None);
    };
    let weights: Vec<f32> = weights.into_iter().map(|weight| weight as f32).collect();
    Ok(Some(Tensor::f_from_slice(&weights)?.f_to_device(device)?))
}

/// Mean cross-entropy of `logits` `[N, classes]` and the labels `target` `[N]`. With `weights` `[classes]` it
/// is PyTorch's weighted mean: each image counts as much as its class weighs, divided by the sum of those
/// weights.
///
/// # Errors
/// When libtorch refuses.
pub fn training_loss(
    logits: &Tensor,
    target: &Tensor,
    weights: Option<&Tensor>,
) -> Result<Tensor, TchError> {
    const IGNORED_LABEL: i64 = -100;
    logits.f_cross_entropy_loss(target, weights, Reduction::Mean, IGNORED_LABEL, 0.0)
}
