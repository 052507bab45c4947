//! Fully connected layers.

use super::*;

/// Fully connected.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    /// Output values.
    pub units: usize,
    /// Applied to the output.
    pub activation: Activation,
}

impl Operation for Dense {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        at_least_one(&[("units", self.units)])?;
        match input {
            Shape::Flat(_) => Ok(Shape::Flat(self.units)),
            Shape::Maps { .. } => {
                Err("a dense layer needs one row of values: add a flatten layer before it".into())
            }
        }
    }

    fn multiply_adds(&self, input: Shape, _output: Shape) -> usize {
        input.values().saturating_mul(self.units)
    }

    fn arrays(&self, input: Shape) -> Vec<Needed> {
        with_bias(vec![self.units, input.values()], true)
    }

    fn apply(&self, inputs: &[Tensor], _mine: bool, weights: &Weights<'_>) -> Output {
        let (weight, bias) = (weights.factor(0)?, weights.factor(1)?);
        let input = weights.narrow(input(inputs, 0)?)?;
        let output = input.f_linear(&weight, Some(&bias))?;
        activate(self.activation, &output, true)
    }

    fn activation(&self) -> Activation {
        self.activation
    }
}
