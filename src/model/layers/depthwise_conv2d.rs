//! Depthwise convolution: patterns within each map, without mixing maps.

use super::*;

/// Each channel is looked at by `multiplier` kernels of its own, plus a bias per map: a convolution in as many groups as
/// there are channels. The maps of one channel stand beside each other, as in PyTorch and Keras.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepthwiseConv2d {
    /// Sides of the kernel in values.
    pub kernel: Sides,
    /// Step of the kernel in pixels.
    #[serde(default)]
    pub stride: Sides,
    /// Zeros around the input.
    #[serde(default)]
    pub padding: Padding,
    /// From one value of the kernel to the next, in pixels.
    #[serde(default, skip_serializing_if = "Sides::is_one")]
    pub dilation: Sides,
    /// Maps of each channel.
    #[serde(default = "one")]
    pub multiplier: usize,
    /// Applied to the output.
    #[serde(default)]
    pub activation: Function,
}

/// Maps of each channel that files leave out.
pub(super) fn one() -> usize {
    1
}

/// The field for the maps of each channel.
pub(super) fn multiplier(value: &mut usize) -> Field<'_> {
    let tip = "Filters, and so maps, of each channel. More sees more and costs more. Default: 1";
    Field::side("Maps of each", tip, value)
}

impl Layer for DepthwiseConv2d {
    fn about(&self) -> About {
        About {
            words: "Depthwise convolution",
            tip: "Looks for small patterns in each map alone: far fewer weights than a convolution, which mixes all maps",
            word: "DepthwiseConv2d",
            first_name: "depthwise1",
        }
    }

    fn fresh() -> Self {
        Self {
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
            Field::kernel(&mut self.kernel),
            Field::stride(&mut self.stride),
            Field::padding(&mut self.padding),
            Field::dilation(&mut self.dilation),
            multiplier(&mut self.multiplier),
            Field::activation(&mut self.activation),
        ]
    }

    fn describe(&self) -> String {
        let stride = self.stride.suffix("stride");
        let dilation = self.dilation.suffix("dilation");
        let times = match self.multiplier {
            1 => String::new(),
            times => format!(" ×{times}"),
        };
        let (padding, activation) = (self.padding.words(), self.activation.suffix());
        let kernel = self.kernel;
        format!("DepthwiseConv2d{times} @ {kernel} {padding}{stride}{dilation}{activation}")
    }

    fn drafts(&self, input: Shape) -> Result<Vec<Draft>, String> {
        Ok(Draft::only(ops::Conv2d {
            filters: input.channels().saturating_mul(self.multiplier),
            window: self.window()?,
            groups: input.channels(),
            bias: true,
            activation: self.activation,
        }))
    }

    fn output(&self, shape: &LayerShape) -> Vec<Line> {
        let each = format!("{} of each", self.multiplier);
        let window = self.window();
        window.map_or_else(|_| Vec::new(), |window| window.lines(shape, &each))
    }

    fn parameters(&self, shape: &LayerShape) -> String {
        format!(
            "({} + 1)·{} = {}",
            self.kernel.product(),
            thousands(shape.output.channels()),
            thousands(shape.parameters)
        )
    }

    fn multiply_adds(&self, shape: &LayerShape) -> String {
        format!(
            "{} · {} = {}",
            product(shape.output),
            self.kernel.product(),
            thousands(shape.multiply_adds)
        )
    }

    fn activation(&self) -> Function {
        self.activation
    }

    fn has_l2(&self) -> bool {
        true
    }
}

impl DepthwiseConv2d {
    fn window(&self) -> Result<Window, String> {
        Window::padded(self.kernel, self.stride, self.padding, self.dilation)
    }
}
