//! A published network without its top, to begin with what it has learned of a million images.

use super::*;

/// A published network without its top. Its parts have torchvision's names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backbone {
    /// Which.
    pub architecture: Architecture,
    /// What its weights are before training.
    pub weights: InitialWeights,
    /// Its batch normalisation uses the running values even where it is trained, as Keras does with
    /// `training=False`.
    #[serde(default = "yes")]
    pub batch_norm_inference: bool,
}

fn yes() -> bool {
    true
}

impl Layer for Backbone {
    fn about(&self) -> About {
        About {
            words: "Backbone",
            tip: "A published network without its last layers, with what it has learned of a million images",
            word: self.architecture.word(),
            first_name: "base",
        }
    }

    fn fresh() -> Self {
        Self {
            architecture: Architecture::default(),
            weights: InitialWeights::ImageNet,
            batch_norm_inference: true,
        }
    }

    fn describe(&self) -> String {
        let weights = match self.weights {
            InitialWeights::ImageNet => "ImageNet weights",
            InitialWeights::File(_) => "weights from a file",
            InitialWeights::Random => "random weights",
        };
        format!("{} without top, {weights}", self.about().word)
    }

    fn drafts(&self, _input: Shape) -> Result<Vec<Draft>, String> {
        Ok(backbones::drafts(
            self.architecture,
            self.batch_norm_inference,
        ))
    }

    fn output(&self, shape: &LayerShape) -> Vec<Line> {
        let formula = format!("{}, the last maps", shape.output);
        vec![Line::new("Output", formula)]
    }

    fn parameters(&self, shape: &LayerShape) -> String {
        let weights = match self.weights {
            InitialWeights::ImageNet => "trained on ImageNet",
            InitialWeights::File(_) => "from a file",
            InitialWeights::Random => "random at first",
        };
        format!("{} in all, {weights}", thousands(shape.parameters))
    }

    fn multiply_adds(&self, shape: &LayerShape) -> String {
        format!("{} in all", thousands(shape.multiply_adds))
    }

    fn published(&self) -> Option<(Architecture, &InitialWeights)> {
        Some((self.architecture, &self.weights))
    }
}
