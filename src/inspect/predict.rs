//! What a network says about one image.

use std::{convert::Infallible, sync::Arc};

use super::{InspectError, Inspection, Looking, Quick};
use crate::model::{Network, head, network::Mode};

/// Asks what the network says about an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Says;

/// What it says, and of which classes.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Names in the order of the probabilities.
    pub classes: Arc<[String]>,
    /// The answer.
    pub answer: Answer,
}

impl Inspection for Says {
    type Answer = Said;
    type Partial = Infallible;
    type Speed = Quick;
    const WORDS: &'static str = "classify the image";

    fn run(&self, look: &Looking<'_, Infallible>) -> Result<Said, InspectError> {
        let network = look.network()?;
        let rgb = look.resized(&network.spec().input)?;
        Ok(Said {
            classes: Arc::clone(&look.snapshot()?.classes),
            answer: predict(network, &rgb)?,
        })
    }
}

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
