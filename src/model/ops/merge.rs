//! What makes one of two inputs.

use super::*;

/// Sum of two inputs of one shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Add;

/// Product of two inputs; the second may be maps of one pixel.
#[derive(Debug, Clone, PartialEq)]
pub struct Multiply;

impl Operation for Add {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        Ok(input)
    }

    fn takes(&self, others: &[Shape], input: Shape) -> bool {
        others == [input]
    }

    fn apply(&self, inputs: &[Tensor], _: bool, _: &Weights<'_>) -> Output {
        input(inputs, 0)?.f_add(input(inputs, 1)?)
    }
}

impl Operation for Multiply {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        Ok(input)
    }

    fn takes(&self, others: &[Shape], _input: Shape) -> bool {
        others.len() == 1
    }

    fn apply(&self, inputs: &[Tensor], _: bool, _: &Weights<'_>) -> Output {
        input(inputs, 0)?.f_mul(input(inputs, 1)?)
    }
}
