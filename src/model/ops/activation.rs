//! Functions of single values, as nodes of their own.

use super::*;
pub use crate::model::activation::Activation;

impl Operation for Activation {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        Ok(input)
    }

    fn apply(&self, inputs: &[Tensor], mine: bool, _: &Weights<'_>) -> Output {
        activate(*self, input(inputs, 0)?, mine)
    }

    fn is_output_free(&self) -> bool {
        false
    }

    fn kept_values(&self, output: usize) -> usize {
        if self.is_in_place() { 0 } else { output }
    }

    fn activation(&self) -> Activation {
        *self
    }
}
