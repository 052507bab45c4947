//! Functions of single values, as layers apply them: their names and what follows from them.

use serde::{Deserialize, Serialize};

/// A function of single values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub enum Activation {
    /// The value itself.
    #[default]
    Linear,
    /// Negative values become 0.
    Relu,
    /// Like ReLU, and values above 6 become 6.
    Relu6,
    /// Negative values become small instead of 0, so that they keep a gradient. PyTorch's `LeakyReLU` begins with a
    /// slope of 0.01, Keras' with 0.3.
    LeakyRelu {
        /// What negative values are multiplied by.
        #[serde(default = "slope")]
        negative_slope: f64,
    },
    /// `x · sigmoid(x)`, also called swish.
    Silu,
    /// `x · ReLU6(x + 3) / 6`: nearly SiLU, without an exponential (Howard et al. 2019).
    HardSwish,
    /// `x` above 0, `exp(x) − 1` below.
    Elu,
    /// `x · Φ(x)` with the normal distribution's Φ.
    Gelu,
    /// −1..1.
    Tanh,
    /// 0..1.
    Sigmoid,
}

/// PyTorch's.
const SLOPE: f64 = 0.01;

fn slope() -> f64 {
    SLOPE
}

impl Activation {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Linear,
        Self::Relu,
        Self::Relu6,
        Self::LeakyRelu {
            negative_slope: SLOPE,
        },
        Self::Silu,
        Self::HardSwish,
        Self::Elu,
        Self::Gelu,
        Self::Tanh,
        Self::Sigmoid,
    ];

    /// Its name as the field writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::Relu => "ReLU",
            Self::Relu6 => "ReLU6",
            Self::LeakyRelu { .. } => "leaky ReLU",
            Self::Silu => "SiLU",
            Self::HardSwish => "hard-swish",
            Self::Elu => "ELU",
            Self::Gelu => "GELU",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
        }
    }

    /// ` ReLU` behind a layer's settings; nothing for a linear one.
    pub fn suffix(self) -> String {
        match self {
            Self::Linear => String::new(),
            activation => format!(" {}", activation.word()),
        }
    }

    /// Whether its gradient is worked out from what it gives, which must not be overwritten then.
    pub fn needs_output(self) -> bool {
        matches!(self, Self::Relu | Self::Relu6 | Self::Tanh | Self::Sigmoid)
    }

    /// Whether it is computed where its input stands, which is not kept beside it then.
    pub fn is_in_place(self) -> bool {
        matches!(self, Self::Linear | Self::Relu | Self::Relu6)
    }

    /// Whether a unit that gives 0 for every image has no gradient left to come back by.
    pub fn can_die(self) -> bool {
        matches!(self, Self::Relu | Self::Relu6)
    }
}
