//! What a network says about one image.

use tch::Kind;

use super::InspectError;
use crate::model::{Network, network::Mode};

/// Logits and their softmax, one value per class in class order.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The network's last outputs.
    pub logits: Vec<f32>,
    /// `exp(logit) / Σ exp(logits)`, 0..1, sum 1.
    pub probabilities: Vec<f32>,
}

/// Classifies `rgb` (`[H, W, 3]`, the network's input size).
///
/// # Errors
/// When the image has another size or libtorch refuses.
pub fn predict(network: &Network, rgb: &[u8]) -> Result<Answer, InspectError> {
    let _no_grad = tch::no_grad_guard();
    let logits = network
        .forward(&network.input(rgb)?, Mode::Evaluate)?
        .f_flatten(0, -1)?;
    let probabilities = Vec::<f32>::try_from(logits.f_softmax(-1, Kind::Float)?)?;
    Ok(Answer {
        logits: Vec::<f32>::try_from(logits)?,
        probabilities,
    })
}
