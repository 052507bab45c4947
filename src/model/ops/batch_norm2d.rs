//! Batch normalisation.

use super::*;

/// Normalisation of each channel over the batch.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm2d {
    /// Share of the newest batch in the running values.
    pub momentum: f64,
    /// Added to the variance.
    pub epsilon: f64,
    /// The running values are used even while training.
    pub inference: bool,
}

impl Operation for BatchNorm2d {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        maps(input)?;
        let Self {
            momentum, epsilon, ..
        } = self;
        let is_size = *epsilon > 0.0 && epsilon.is_finite();
        if !(0.0..=1.0).contains(momentum) || !is_size {
            return Err(format!(
                "its momentum is {momentum} and its epsilon {epsilon}: use 0 to 1, and a small number above 0"
            ));
        }
        Ok(input)
    }

    fn arrays(&self, input: Shape) -> Vec<Needed> {
        let array = |name, value, learned| {
            let dims = vec![input.channels()];
            (name, dims, Start::Constant(value), learned)
        };
        vec![
            array("weight", 1.0, true),
            array("bias", 0.0, true),
            array("running_mean", 0.0, false),
            array("running_var", 1.0, false),
        ]
    }

    fn apply(&self, inputs: &[Tensor], _mine: bool, weights: &Weights<'_>) -> Output {
        input(inputs, 0)?.f_batch_norm(
            Some(weights.array(0)?),
            Some(weights.array(1)?),
            Some(weights.array(2)?),
            Some(weights.array(3)?),
            weights.training && !self.inference && !weights.frozen,
            self.momentum,
            self.epsilon,
            true,
        )
    }

    fn looks_at_batch(&self) -> bool {
        !self.inference
    }
}
