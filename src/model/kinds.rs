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

impl LayerKind {
    /// The kind's name as the field writes it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Conv2d { .. } => "Conv2d",
            Self::MaxPool2d { .. } => "MaxPool2d",
            Self::AvgPool2d { .. } => "AvgPool2d",
            Self::GlobalAvgPool2d => "GlobalAvgPool2d",
            Self::BatchNorm2d { .. } => "BatchNorm2d",
            Self::Activation(activation) => activation.word(),
            Self::Rescaling { .. } => "Rescaling",
            Self::Backbone { architecture, .. } => architecture.word(),
            Self::Dropout { .. } => "Dropout",
            Self::Dropout2d { .. } => "Dropout2d",
            Self::Flatten => "Flatten",
            Self::Dense { .. } => "Dense",
        }
    }

    /// Whether it begins with ImageNet's weights, which must be downloaded.
    pub fn wants_imagenet(&self) -> bool {
        let weights = match self {
            Self::Backbone { weights, .. } => Some(weights),
            _ => None,
        };
        weights == Some(&InitialWeights::ImageNet)
    }

    /// Applied to the output of a convolution or dense layer; linear elsewhere.
    pub fn activation(&self) -> Activation {
        match self {
            Self::Conv2d { activation, .. } | Self::Dense { activation, .. } => *activation,
            _ => Activation::Linear,
        }
    }

    /// The kind with its settings, short enough for a table.
    pub fn describe(&self) -> String {
        let activation = match self.activation() {
            Activation::Linear => String::new(),
            activation => format!(" {}", activation.word()),
        };
        let word = self.word();
        match self {
            Self::Conv2d {
                filters,
                kernel,
                stride,
                padding,
                ..
            } => {
                let padding = match padding {
                    Padding::Valid => "valid".to_owned(),
                    Padding::Same => "same".to_owned(),
                    Padding::Pixels(pixels) => format!("padding {pixels}"),
                };
                let stride = if *stride == 1 {
                    String::new()
                } else {
                    format!(" stride {stride}")
                };
                format!("{word} {filters} @ {kernel}×{kernel} {padding}{stride}{activation}")
            }
            Self::MaxPool2d { size, stride } | Self::AvgPool2d { size, stride } => {
                if size == stride {
                    format!("{word} {size}×{size}")
                } else {
                    format!("{word} {size}×{size} stride {stride}")
                }
            }
            Self::Dropout { rate } | Self::Dropout2d { rate } => format!("{word} {rate}"),
            Self::Rescaling { scale, offset } => {
                let (sign, offset) = if *offset < 0.0 {
                    ('−', -offset)
                } else {
                    ('+', *offset)
                };
                format!("{word} ×{scale:.6} {sign} {offset}")
            }
            Self::Dense { units, .. } => format!("{word} {units}{activation}"),
            Self::Backbone { weights, .. } => {
                let weights = match weights {
                    InitialWeights::ImageNet => "ImageNet weights",
                    InitialWeights::File(_) => "weights from a file",
                    InitialWeights::Random => "random weights",
                };
                format!("{word} without top, {weights}")
            }
            Self::GlobalAvgPool2d
            | Self::BatchNorm2d { .. }
            | Self::Activation(_)
            | Self::Flatten => word.to_owned(),
        }
    }
}
