//! Separable convolution: patterns within each map first, then a mixture of the maps.

use super::{depthwise_conv2d::multiplier, *};

/// A depthwise convolution and one of 1×1 that mixes its maps, with one bias and one activation at the end: Keras'
/// `SeparableConv2D` (Chollet 2017). Its two steps can be looked into: `.depthwise`, `.pointwise`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeparableConv2d {
    /// Output channels.
    pub filters: usize,
    /// Sides of the depthwise kernel in values.
    pub kernel: Sides,
    /// Step of the depthwise kernel in pixels.
    #[serde(default)]
    pub stride: Sides,
    /// Zeros around the input.
    #[serde(default)]
    pub padding: Padding,
    /// From one value of the depthwise kernel to the next, in pixels.
    #[serde(default, skip_serializing_if = "Sides::is_one")]
    pub dilation: Sides,
    /// Maps of each channel between the two steps.
    #[serde(default = "depthwise_conv2d::one")]
    pub multiplier: usize,
    /// Applied to the output.
    #[serde(default)]
    pub activation: Function,
}

impl Layer for SeparableConv2d {
    fn about(&self) -> About {
        About {
            words: "Separable convolution",
            tip: "Looks for small patterns in each map, then mixes the maps: nearly what a convolution does, with far fewer weights",
            word: "SeparableConv2d",
            first_name: "separable1",
        }
    }

    fn fresh() -> Self {
        Self {
            filters: 32,
            kernel: 3.into(),
            stride: Sides::ONE,
            padding: Padding::Same,
            dilation: Sides::ONE,
            multiplier: 1,
            activation: Function::Relu,
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        vec![
            Field::count(
                "Filters",
                "Feature maps it gives, each a mixture of the maps between. More sees more and costs more. Default: 32",
                &mut self.filters,
            ),
            Field::kernel(&mut self.kernel),
            Field::stride(&mut self.stride),
            Field::padding(&mut self.padding),
            Field::dilation(&mut self.dilation),
            multiplier(&mut self.multiplier),
            Field::activation(&mut self.activation),
        ]
    }

    fn describe(&self) -> String {
        let (filters, kernel) = (self.filters, self.kernel);
        let stride = self.stride.suffix("stride");
        let dilation = self.dilation.suffix("dilation");
        let (padding, activation) = (self.padding.words(), self.activation.suffix());
        format!("SeparableConv2d {filters} @ {kernel} {padding}{stride}{dilation}{activation}")
    }

    fn drafts(&self, input: Shape) -> Result<Vec<Draft>, String> {
        let depthwise = ops::Conv2d {
            filters: input.channels().saturating_mul(self.multiplier),
            window: self.window()?,
            groups: input.channels(),
            bias: false,
            activation: Function::Linear,
        };
        let pointwise = ops::Conv2d {
            filters: self.filters,
            window: Window::square(1, 1, 0),
            groups: 1,
            bias: true,
            activation: self.activation,
        };
        Ok(vec![
            Draft::new("depthwise", depthwise, None),
            Draft::new("pointwise", pointwise, Some(0)),
        ])
    }

    fn output(&self, shape: &LayerShape) -> Vec<Line> {
        let window = self.window();
        window.map_or_else(|_| Vec::new(), |window| window.lines(shape, "one of each filter"))
    }

    fn parameters(&self, shape: &LayerShape) -> String {
        let between = shape.input.channels().saturating_mul(self.multiplier);
        format!(
            "{}·{between} + ({between} + 1)·{} = {}",
            self.kernel.product(),
            thousands(self.filters),
            thousands(shape.parameters),
            between = thousands(between)
        )
    }

    fn multiply_adds(&self, shape: &LayerShape) -> String {
        let between = shape.input.channels().saturating_mul(self.multiplier);
        let Shape::Maps { height, width, .. } = shape.output else {
            return thousands(shape.multiply_adds);
        };
        format!(
            "{}·{} · ({}·{between} + {between}·{}) = {}",
            thousands(height),
            thousands(width),
            self.kernel.product(),
            thousands(self.filters),
            thousands(shape.multiply_adds),
            between = thousands(between)
        )
    }

    fn activation(&self) -> Function {
        self.activation
    }

    fn has_l2(&self) -> bool {
        true
    }
}

impl SeparableConv2d {
    fn window(&self) -> Result<Window, String> {
        Window::padded(self.kernel, self.stride, self.padding, self.dilation)
    }
}
