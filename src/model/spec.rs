//! What a network is: input, preprocessing and a list of layers. Plain data that people edit and files keep.

use serde::{Deserialize, Serialize};

use crate::data::cache::PixelFormat;
pub use crate::data::decode::{ColorMode, ResizeMode};

/// A whole classifier; the last layer's outputs are the logits, one per class.
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
}

/// What a layer computes. Sizes are square.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum LayerKind {
    /// Cross-correlation with `filters` kernels of `kernel`×`kernel`, plus a bias per filter.
    Conv2d {
        /// Output channels.
        filters: usize,
        /// Side of the kernel in pixels.
        kernel: usize,
        /// Step of the kernel in pixels.
        #[serde(default = "one")]
        stride: usize,
        /// Zeros around the input.
        #[serde(default)]
        padding: Padding,
    },
    /// The largest value of each `size`×`size` window.
    MaxPool2d {
        /// Side of the window in pixels.
        size: usize,
        /// Step of the window in pixels.
        stride: usize,
    },
    /// Negative values become 0.
    Relu,
    /// While training, each value becomes 0 with probability `rate`, the others grow by 1/(1-rate).
    Dropout {
        /// Probability, 0..1.
        rate: f64,
    },
    /// Like dropout, with whole channels.
    Dropout2d {
        /// Probability, 0..1.
        rate: f64,
    },
    /// `[C, H, W]` becomes one row of C·H·W values.
    Flatten,
    /// Fully connected: a weighted sum of all inputs per unit, plus a bias.
    Dense {
        /// Output values.
        units: usize,
    },
}

fn one() -> usize {
    1
}

/// Zeros around a convolution's input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Padding {
    /// None: the output shrinks by kernel − 1.
    #[default]
    Valid,
    /// As many as keep the size at stride 1 (odd kernels only).
    Same,
    /// This many on every side.
    Pixels(usize),
}

impl LayerKind {
    /// The kind's name as the field writes it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Conv2d { .. } => "Conv2d",
            Self::MaxPool2d { .. } => "MaxPool2d",
            Self::Relu => "ReLU",
            Self::Dropout { .. } => "Dropout",
            Self::Dropout2d { .. } => "Dropout2d",
            Self::Flatten => "Flatten",
            Self::Dense { .. } => "Dense",
        }
    }

    /// The kind with its settings, short enough for a table.
    pub fn describe(&self) -> String {
        match self {
            Self::Conv2d {
                filters,
                kernel,
                stride,
                padding,
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
                format!("Conv2d {filters} @ {kernel}×{kernel} {padding}{stride}")
            }
            Self::MaxPool2d { size, stride } if size == stride => {
                format!("MaxPool2d {size}×{size}")
            }
            Self::MaxPool2d { size, stride } => format!("MaxPool2d {size}×{size} stride {stride}"),
            Self::Dropout { rate } | Self::Dropout2d { rate } => format!("{} {rate}", self.word()),
            Self::Dense { units } => format!("Dense {units}"),
            Self::Relu | Self::Flatten => self.word().to_owned(),
        }
    }
}

impl ModelSpec {
    /// Position of the layer called `name`.
    pub fn layer_index(&self, name: &str) -> Option<usize> {
        self.layers.iter().position(|layer| layer.name == name)
    }
}
