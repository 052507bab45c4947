//! What only moves or scales values.

use super::*;

/// `scale · value + offset`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rescaling {
    /// Factor.
    pub scale: f64,
    /// Added after scaling.
    pub offset: f64,
}

/// Maps become one row.
#[derive(Debug, Clone, PartialEq)]
pub struct Flatten;

impl Operation for Rescaling {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        match self.scale.is_finite() && self.offset.is_finite() {
            true => Ok(input),
            false => Err("its scale and offset must be numbers".into()),
        }
    }

    fn apply(&self, inputs: &[Tensor], _: bool, _: &Weights<'_>) -> Output {
        let scaled = input(inputs, 0)?.f_mul_scalar(self.scale)?;
        scaled.f_add_scalar(self.offset)
    }
}

impl Operation for Flatten {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        Ok(Shape::Flat(input.values()))
    }

    fn apply(&self, inputs: &[Tensor], _: bool, _: &Weights<'_>) -> Output {
        input(inputs, 0)?.f_flatten(1, -1)
    }

    fn is_output_free(&self) -> bool {
        false
    }

    /// A view.
    fn kept_values(&self, _output: usize) -> usize {
        0
    }
}
