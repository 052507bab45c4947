//! Layer normalisation.

use super::*;

/// Normalisation of each pixel over its channels, or of a row, with this epsilon.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerNorm2d(pub f64);

impl Operation for LayerNorm2d {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        match self.0 > 0.0 && self.0.is_finite() {
            true => Ok(input),
            false => Err(format!(
                "its epsilon is {}: use a small number above 0",
                self.0
            )),
        }
    }

    fn arrays(&self, input: Shape) -> Vec<Needed> {
        let array = |name, value| (name, vec![input.channels()], Start::Constant(value), true);
        vec![array("weight", 1.0), array("bias", 0.0)]
    }

    fn apply(&self, inputs: &[Tensor], _: bool, weights: &Weights<'_>) -> Output {
        let (weight, bias) = (weights.array(0)?, weights.array(1)?);
        let input = input(inputs, 0)?;
        let normalise = |rows: &Tensor| {
            let channels = weight.size();
            rows.f_layer_norm(channels.as_slice(), Some(weight), Some(bias), self.0, false)
        };
        if input.dim() < 4 {
            return normalise(input);
        }
        normalise(&input.f_permute([0, 2, 3, 1])?)?.f_permute([0, 3, 1, 2])
    }
}
