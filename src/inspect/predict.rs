//! What a network says about one image.

use super::InspectError;
use crate::model::{Network, head, network::Mode};

/// Logits and what the head makes of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The network's last outputs.
    pub logits: Vec<f32>,
    /// One per class in class order, 0..1, sum 1.
    pub probabilities: Vec<f32>,
    /// The class that the head takes.
    pub class: usize,
}

/// Classifies `rgb` (`[H, W, 3]`, the network's input size).
///
/// # Errors
/// When the image has another size or libtorch refuses.
pub fn predict(network: &Network, rgb: &[u8]) -> Result<Answer, InspectError> {
    let _no_grad = tch::no_grad_guard();
    let logits = network.forward(&network.input(rgb)?, Mode::Evaluate)?;
    let probabilities = head::probabilities(network.spec().head, &logits)?;
    let probabilities = Vec::<f32>::try_from(probabilities.f_flatten(0, -1)?)?;
    Ok(Answer {
        logits: Vec::<f32>::try_from(logits.f_flatten(0, -1)?)?,
        class: head::decide(network.spec().head, &probabilities),
        probabilities,
    })
}
