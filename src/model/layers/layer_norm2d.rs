//! Layer normalisation: values of a size that the next layer learns well from, whatever the batch.

use super::*;

/// Each pixel's channels are brought to mean 0 and variance 1, then scaled and shifted as learned (Ba et al. 2016); of a
/// row of values, all of them.
///
/// This is what networks of convolutions use: torchvision's `LayerNorm2d` (ConvNeXt) and Keras' `LayerNormalization()`
/// on its channels-last maps. PyTorch's `LayerNorm([C, H, W])` takes the mean of the whole image and learns a scale for
/// each of its values, which ties a network to one image size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerNorm2d {
    /// Added to the variance, > 0.
    #[serde(default = "small")]
    pub epsilon: f64,
}

fn small() -> f64 {
    1e-5
}

impl Layer for LayerNorm2d {
    fn about(&self) -> About {
        About {
            words: "Layer normalisation",
            tip: "Brings the channels of each pixel to mean 0 and variance 1, then scales and shifts them as learned: the same for every batch, training or not",
            word: "LayerNorm2d",
            first_name: "norm1",
        }
    }

    fn fresh() -> Self {
        Self { epsilon: small() }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        vec![Field::epsilon(
            "Added to the variance, so that nothing is divided by zero. Default: 0.00001 (Keras: 0.001)",
            &mut self.epsilon,
        )]
    }

    fn drafts(&self, _input: Shape) -> Result<Vec<Draft>, String> {
        Ok(Draft::only(ops::LayerNorm2d(self.epsilon)))
    }

    fn parameters(&self, shape: &LayerShape) -> String {
        let channels = thousands(shape.input.channels());
        format!("2·{channels} = {}", thousands(shape.parameters))
    }
}
