//! What a network is: input, preprocessing, a list of layers and a head. Plain data that people edit and
//! files keep.

use std::path::PathBuf;

pub use super::backbones::Backbone;
use serde::{Deserialize, Serialize};

use super::layers::Dense;
pub use super::{
    activation::Activation,
    layers::LayerKind,
    windows::{Padding, Sides},
};
use crate::data::cache::PixelFormat;
pub use crate::data::decode::{ColorMode, ResizeMode};

/// A whole classifier; the last layer's outputs are the logits, as many as its head wants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Short name for people.
    pub name: String,
    /// Images are resized to this before anything else.
    pub input: InputSpec,
    /// What happens to pixel values before the first layer.
    pub preprocessing: Preprocessing,
    /// Where initial weights come from.
    pub initialisation: Initialisation,
    /// Layers from input to output; names are unique.
    pub layers: Vec<LayerSpec>,
    /// What becomes of the logits.
    #[serde(default)]
    pub head: Head,
}

/// What the logits mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Head {
    /// One logit per class; their softmax is the probabilities. Trained with cross-entropy.
    #[default]
    Softmax,
    /// One logit for two classes; its sigmoid is the probability of the second one. Trained with binary
    /// cross-entropy.
    Sigmoid {
        /// From this probability on the answer is the second class, 0..1.
        #[serde(default = "half")]
        threshold: f64,
    },
}

fn half() -> f64 {
    0.5
}

impl Head {
    /// Logits for this many classes; `None` when the head cannot tell so many apart.
    pub fn logits(self, classes: usize) -> Option<usize> {
        match self {
            Self::Softmax => Some(classes),
            Self::Sigmoid { .. } => (classes == 2).then_some(1),
        }
    }
}

/// The images a network sees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// Rows in pixels.
    pub height: usize,
    /// Columns in pixels.
    pub width: usize,
    /// Colours or shades of grey.
    #[serde(default)]
    pub color_mode: ColorMode,
    /// What becomes of images with other proportions.
    #[serde(default)]
    pub resize: ResizeMode,
}

impl InputSpec {
    /// The format that images are brought to before the network gets them.
    pub fn format(&self) -> PixelFormat {
        PixelFormat {
            height: self.height,
            width: self.width,
            resize: self.resize,
        }
    }
}

/// Channels of every picture: red, green, blue.
pub const INPUT_CHANNELS: usize = 3;

/// `(pixel / 255 - mean) / std`, per channel in RGB order; grey input uses the first of each.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    /// Subtracted after scaling to 0..1.
    pub mean: [f32; INPUT_CHANNELS],
    /// Divided by after subtracting.
    pub std: [f32; INPUT_CHANNELS],
}

impl Default for Preprocessing {
    /// Scaling to 0..1 and nothing else.
    fn default() -> Self {
        Self {
            mean: [0.0; 3],
            std: [1.0; 3],
        }
    }
}

/// Which framework's defaults initial weights follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Initialisation {
    /// `U(-1/√fan_in, 1/√fan_in)` for weights and biases: what `torch.nn.Conv2d` and `Linear` do
    /// (Kaiming uniform with a = √5).
    #[default]
    PyTorch,
    /// Glorot uniform weights `U(-√(6/(fan_in+fan_out)), …)` and zero biases: what Keras does.
    Keras,
}

/// One layer with its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerSpec {
    /// Names its tensors in files (`conv1` → `conv1.weight`) and its row in tables.
    pub name: String,
    /// What it computes.
    pub kind: LayerKind,
    /// How much large weights cost.
    #[serde(default, skip_serializing_if = "L2::is_none")]
    pub l2: L2,
}

impl LayerSpec {
    /// A layer whose weights cost nothing.
    pub fn new(name: impl Into<String>, kind: impl Into<LayerKind>) -> Self {
        Self {
            name: name.into(),
            kind: kind.into(),
            l2: L2::default(),
        }
    }

    /// Whether large weights of it, or of a layer within it, cost something.
    fn has_penalty(&self) -> bool {
        let inner = self.kind.inner().unwrap_or_default();
        !self.l2.is_none() || inner.iter().any(Self::has_penalty)
    }
}

/// Keras' L2 regularisation: `weight · Σw² + bias · Σb²` is added to the loss, in
/// training and in validation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct L2 {
    /// Factor of the squared weights, ≥ 0.
    #[serde(default)]
    pub weight: f64,
    /// Factor of the squared biases, ≥ 0.
    #[serde(default)]
    pub bias: f64,
}

impl L2 {
    /// Whether it changes nothing.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What a backbone's weights are before training.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum InitialWeights {
    /// Those trained on ImageNet, which must have been downloaded or chosen before.
    #[default]
    ImageNet,
    /// Those of a `.pth` or `.safetensors` file.
    File(PathBuf),
    /// Random ones: training from scratch.
    Random,
}

impl ModelSpec {
    /// Gives a last dense layer as many units as its head needs for `classes` classes; a sigmoid that cannot tell so
    /// many apart becomes a softmax. Returns the units when they changed.
    pub fn fit_classes(&mut self, classes: usize) -> Option<usize> {
        let LayerKind::Dense(Dense { units, .. }) = &mut self.layers.last_mut()?.kind else {
            return None;
        };
        let wanted = self.head.logits(classes).unwrap_or_else(|| {
            self.head = Head::Softmax;
            classes
        });
        (*units != wanted).then(|| {
            *units = wanted;
            wanted
        })
    }

    /// Classes that a last dense layer and the head tell apart; `None` without such a layer.
    pub fn classes(&self) -> Option<usize> {
        match (&self.layers.last()?.kind, self.head) {
            (LayerKind::Dense(_), Head::Sigmoid { .. }) => Some(2),
            (LayerKind::Dense(dense), Head::Softmax) => Some(dense.units),
            _ => None,
        }
    }

    /// Whether large weights of some layer cost something.
    pub fn has_penalties(&self) -> bool {
        self.layers.iter().any(LayerSpec::has_penalty)
    }

    /// Position of the layer called `name`.
    pub fn layer_index(&self, name: &str) -> Option<usize> {
        self.layers.iter().position(|layer| layer.name == name)
    }
}
