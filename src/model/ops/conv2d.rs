//! Convolutions, ordinary and in groups.

use super::*;

/// Cross-correlation.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv2d {
    /// Output channels.
    pub filters: usize,
    /// Where the kernel stands.
    pub window: Window,
    /// Channels are divided into so many groups that do not see each other; as many as channels: depthwise.
    pub groups: usize,
    /// Whether a bias is added.
    pub bias: bool,
    /// Applied to the output.
    pub activation: Activation,
}

impl Conv2d {
    /// `[filters, channels of a group, rows, columns]`.
    fn weight(&self, input: Shape) -> Vec<usize> {
        let of_group = input.channels() / self.groups.max(1);
        let Sides { height, width } = self.window.size;
        vec![self.filters, of_group, height, width]
    }
}

impl Operation for Conv2d {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        let (_, height, width) = maps(input)?;
        at_least_one(&[("filters", self.filters), ("groups", self.groups)])?;
        sides_at_least_one(&self.window, "kernel")?;
        let (height, width) = self.window.positions(height, width)?;
        Ok(Shape::Maps {
            channels: self.filters,
            height,
            width,
        })
    }

    fn multiply_adds(&self, input: Shape, output: Shape) -> usize {
        let per_value = self.weight(input).into_iter().skip(1);
        let per_value = per_value.fold(1, usize::saturating_mul);
        per_value.saturating_mul(checked_values(output).unwrap_or(usize::MAX))
    }

    fn arrays(&self, input: Shape) -> Vec<Needed> {
        with_bias(self.weight(input), self.bias)
    }

    fn apply(&self, inputs: &[Tensor], _mine: bool, weights: &Weights<'_>) -> Output {
        let (weight, input) = (weights.factor(0)?, weights.narrow(input(inputs, 0)?)?);
        let bias = self.bias.then(|| weights.factor(1)).transpose()?;
        let output = input.f_conv2d(
            &weight,
            bias.as_ref(),
            self.window.stride.dims(),
            self.window.padding.dims(),
            self.window.dilation.dims(),
            self.groups as i64,
        )?;
        activate(self.activation, &output, true)
    }

    fn activation(&self) -> Activation {
        self.activation
    }
}
