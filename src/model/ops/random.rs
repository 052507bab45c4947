//! What drops something at random while training.

use super::*;

/// Drops values while training, with this probability.
#[derive(Debug, Clone, PartialEq)]
pub struct Dropout(pub f64);

/// Drops channels while training, with this probability.
#[derive(Debug, Clone, PartialEq)]
pub struct Dropout2d(pub f64);

/// Drops everything of some images while training, with this probability (stochastic depth, Huang et al. 2016).
#[derive(Debug, Clone, PartialEq)]
pub struct StochasticDepth(pub f64);

fn checked(rate: f64, input: Shape) -> Result<Shape, String> {
    match (0.0..1.0).contains(&rate) {
        true => Ok(input),
        false => Err(format!("its rate is {rate}: use a value from 0 to below 1")),
    }
}

impl Operation for Dropout {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        checked(self.0, input)
    }

    fn apply(&self, inputs: &[Tensor], _: bool, weights: &Weights<'_>) -> Output {
        input(inputs, 0)?.f_dropout(self.0, weights.training)
    }

    /// Where nothing is dropped the input is handed on.
    fn is_output_free(&self) -> bool {
        false
    }

    /// What was dropped, and the values that are left.
    fn kept_values(&self, output: usize) -> usize {
        output.saturating_mul(2)
    }

    fn is_random_where_frozen(&self) -> bool {
        true
    }
}

impl Operation for Dropout2d {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        maps(checked(self.0, input)?)?;
        Ok(input)
    }

    fn apply(&self, inputs: &[Tensor], _: bool, weights: &Weights<'_>) -> Output {
        input(inputs, 0)?.f_feature_dropout(self.0, weights.training)
    }

    fn is_output_free(&self) -> bool {
        false
    }

    fn is_random_where_frozen(&self) -> bool {
        true
    }
}

impl Operation for StochasticDepth {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        checked(self.0, input)
    }

    /// Each image keeps its values, grown by 1/(1-rate), or loses them all.
    fn apply(&self, inputs: &[Tensor], _: bool, weights: &Weights<'_>) -> Output {
        let (input, kept) = (input(inputs, 0)?, 1.0 - self.0);
        if !weights.training || weights.frozen || self.0 == 0.0 {
            return Ok(input.shallow_clone());
        }
        let mut shape = vec![1; input.dim()];
        shape[0] = input.size()[0];
        let mut is_kept = Tensor::f_empty(shape.as_slice(), (input.kind(), input.device()))?
            .f_bernoulli_float_(kept)?;
        input.f_mul(&is_kept.f_divide_scalar_(kept)?)
    }

    fn is_output_free(&self) -> bool {
        false
    }
}
