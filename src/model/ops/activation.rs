//! Functions of single values, as nodes of their own.

use tch::{TchError, Tensor};

use super::{Activation, Operation, input};
use crate::model::{
    compute::{Weights, activate},
    shapes::Shape,
};

impl Operation for Activation {
    fn word(&self) -> &'static str {
        Self::word(*self)
    }

    fn output(&self, input: Shape) -> Result<Shape, String> {
        Ok(input)
    }

    fn apply(&self, inputs: &[Tensor], mine: bool, _: &Weights<'_>) -> Result<Tensor, TchError> {
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
