//! Every kind of layer with its words and the settings that a new one begins with.

use super::spec::{Activation, Backbone, InitialWeights, LayerKind, Padding};

/// Every kind with settings to begin with and its words in a menu.
pub fn kinds() -> [(&'static str, LayerKind); 12] {
    [
        (
            "Convolution",
            LayerKind::Conv2d {
                filters: 32,
                kernel: 3,
                stride: 1,
                padding: Padding::Same,
                activation: Activation::Relu,
            },
        ),
        ("Max pooling", LayerKind::MaxPool2d { size: 2, stride: 2 }),
        (
            "Average pooling",
            LayerKind::AvgPool2d { size: 2, stride: 2 },
        ),
        ("Global average pooling", LayerKind::GlobalAvgPool2d),
        (
            "Batch normalisation",
            LayerKind::BatchNorm2d {
                momentum: 0.1,
                epsilon: 1e-5,
            },
        ),
        ("Activation", LayerKind::Activation(Activation::Relu)),
        ("Dropout", LayerKind::Dropout { rate: 0.2 }),
        ("Channel dropout", LayerKind::Dropout2d { rate: 0.2 }),
        ("Flatten", LayerKind::Flatten),
        (
            "Dense",
            LayerKind::Dense {
                units: 128,
                activation: Activation::Relu,
            },
        ),
        (
            "Rescaling",
            LayerKind::Rescaling {
                scale: 1.0,
                offset: 0.0,
            },
        ),
        (
            "Backbone",
            LayerKind::Backbone {
                architecture: Backbone::MobileNetV2,
                weights: InitialWeights::ImageNet,
                batch_norm_inference: true,
            },
        ),
    ]
}

/// The words of [`kinds`] for `kind`.
pub fn kind_words(kind: &LayerKind) -> &'static str {
    match kind {
        LayerKind::Conv2d { .. } => "Convolution",
        LayerKind::MaxPool2d { .. } => "Max pooling",
        LayerKind::AvgPool2d { .. } => "Average pooling",
        LayerKind::GlobalAvgPool2d => "Global average pooling",
        LayerKind::BatchNorm2d { .. } => "Batch normalisation",
        LayerKind::Activation(_) => "Activation",
        LayerKind::Dropout { .. } => "Dropout",
        LayerKind::Dropout2d { .. } => "Channel dropout",
        LayerKind::Flatten => "Flatten",
        LayerKind::Dense { .. } => "Dense",
        LayerKind::Rescaling { .. } => "Rescaling",
        LayerKind::Backbone { .. } => "Backbone",
    }
}
