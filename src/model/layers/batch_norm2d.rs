//! Batch normalisation: values of a size that the next layer learns well from.

use super::*;

/// Each channel is brought to mean 0 and variance 1 over the batch, then scaled and shifted as learned;
/// while evaluating with running means and variances (Ioffe & Szegedy 2015).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchNorm2d {
    /// Share of the newest batch in the running values, 0..1: PyTorch's counting (Keras' is 1 minus it).
    #[serde(default = "tenth")]
    pub momentum: f64,
    /// Added to the variance, > 0.
    #[serde(default = "small")]
    pub epsilon: f64,
}

fn tenth() -> f64 {
    0.1
}

fn small() -> f64 {
    1e-5
}

impl Layer for BatchNorm2d {
    fn about(&self) -> About {
        About {
            words: "Batch normalisation",
            tip: "Brings each channel to mean 0 and variance 1 over the batch, then scales and shifts it as learned",
            word: "BatchNorm2d",
            first_name: "norm1",
        }
    }

    fn fresh() -> Self {
        Self {
            momentum: tenth(),
            epsilon: small(),
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        vec![
            Field::new(
                "Momentum",
                "Share of the newest batch in the running mean and variance, as PyTorch counts; Keras' momentum is 1 minus it. Larger forgets faster. Default: 10 %",
                Value::Share(&mut self.momentum, 1.0),
            ),
            Field::epsilon(
                "Added to the variance, so that nothing is divided by zero. Default: 0.00001 (Keras: 0.001)",
                &mut self.epsilon,
            ),
        ]
    }

    fn drafts(&self, _input: Shape) -> Result<Vec<Draft>, String> {
        Ok(Draft::only(ops::BatchNorm2d {
            momentum: self.momentum,
            epsilon: self.epsilon,
            inference: false,
        }))
    }

    fn parameters(&self, shape: &LayerShape) -> String {
        let channels = thousands(shape.input.channels());
        format!("2·{channels} = {}", thousands(shape.parameters))
    }
}
