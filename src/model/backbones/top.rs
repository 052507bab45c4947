//! The tops that torchvision's networks were trained with, as ordinary layers: what tells ImageNet's
//! classes apart.

use super::Backbone;
use crate::model::{
    layers::{Backbone as Base, Dense},
    spec::{
        Activation, Head, InitialWeights, Initialisation, InputSpec, LayerSpec, ModelSpec,
        Preprocessing,
    },
};

/// Side of the images that the networks were trained on, in pixels.
pub const INPUT_SIDE: usize = 224;
/// Name of the backbone's layer in [`imagenet`].
pub const BASE: &str = "base";
/// Mean and standard deviation of ImageNet's channels, which torchvision's networks expect images to be
/// normalised with.
const IMAGENET: Preprocessing = Preprocessing {
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
};

/// The whole network as torchvision has it, for images of [`INPUT_SIDE`] and `classes` classes.
pub fn imagenet(architecture: Backbone, classes: usize) -> ModelSpec {
    let base = Base {
        architecture,
        weights: InitialWeights::ImageNet,
        batch_norm_inference: true,
    };
    let mut all = vec![LayerSpec::new(BASE, base)];
    all.extend(layers(architecture, classes));
    ModelSpec {
        name: architecture.word().into(),
        input: InputSpec {
            height: INPUT_SIDE,
            width: INPUT_SIDE,
            ..InputSpec::default()
        },
        preprocessing: IMAGENET,
        initialisation: Initialisation::PyTorch,
        layers: all,
        head: Head::Softmax,
    }
}

/// Layers that follow `architecture` for `classes` classes. VGG16's fit only images of [`INPUT_SIDE`],
/// since torchvision's pooling to 7×7 does nothing there.
pub fn layers(architecture: Backbone, classes: usize) -> Vec<LayerSpec> {
    (architecture.published().top)(classes)
}

/// torchvision's modules of the top and the layers of [`layers`] that they are; the last one's outputs are
/// the logits.
pub fn modules(architecture: Backbone) -> &'static [(&'static str, &'static str)] {
    architecture.published().modules
}

pub(super) fn dense(name: &str, units: usize, activation: Activation) -> LayerSpec {
    LayerSpec::new(name, Dense { units, activation })
}
