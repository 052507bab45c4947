//! What the network says about an image.

use std::sync::Arc;

use super::{
    image_source::ImageSource,
    inspector::network_input,
    job::JobError,
    loaded_model::{LoadedModel, ModelSource},
    reader::reduced,
};
use crate::{
    cancel::CancelToken,
    data::Picture,
    inspect::predict,
    model::{Network, spec::Head},
};

/// What the network says about an image.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// Path or name of the image.
    pub name: String,
    /// The image, to be looked at again.
    pub source: ImageSource,
    /// The model that says it.
    pub model: ModelSource,
    /// The image, at most 512 pixels a side.
    pub picture: Arc<Picture>,
    /// Names in the order of the values below.
    pub classes: Arc<[String]>,
    /// Class that the model's head takes.
    pub class: usize,
    /// 0..1, one per class.
    pub probabilities: Vec<f32>,
    /// One per class, or the one of a sigmoid.
    pub logits: Vec<f32>,
    /// How the model goes from probabilities to a class.
    pub head: Head,
    /// Epochs the weights had been trained for.
    pub epoch: usize,
}

impl Prediction {
    /// The answer alone: nobody looks at the image any more.
    pub(super) fn without_picture(&self) -> Self {
        Self {
            picture: Arc::new(Picture::filled(0, 0, [0; 3])),
            ..self.clone()
        }
    }
}

/// Longest side of the picture that comes with a prediction.
const PREDICTION_SIDE: u32 = 512;

pub fn predict_one(
    model: &LoadedModel,
    network: &Network,
    source: &ImageSource,
    cancel: &CancelToken,
) -> Result<Prediction, JobError> {
    let image = source.read(cancel)?;
    let answer = predict::predict(network, &network_input(&image, network))
        .map_err(|error| error.to_string())?;
    let snapshot = &model.snapshot;
    Ok(Prediction {
        name: source.name(),
        source: source.clone(),
        model: model.source.clone(),
        picture: Arc::new(reduced(image.into(), PREDICTION_SIDE)),
        classes: Arc::clone(&snapshot.classes),
        class: answer.class,
        probabilities: answer.probabilities,
        logits: answer.logits,
        head: network.spec().head,
        epoch: snapshot.epoch,
    })
}
