//! Convolution: patterns that are looked for everywhere.

use super::*;

/// Cross-correlation with `filters` kernels, plus a bias per filter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv2d {
    /// Output channels.
    pub filters: usize,
    /// Sides of the kernel in values.
    pub kernel: Sides,
    /// Step of the kernel in pixels.
    #[serde(default)]
    pub stride: Sides,
    /// Zeros around the input.
    #[serde(default)]
    pub padding: Padding,
    /// From one value of the kernel to the next, in pixels: a kernel with gaps sees more with as many weights.
    #[serde(default, skip_serializing_if = "Sides::is_one")]
    pub dilation: Sides,
    /// Applied to the output.
    #[serde(default)]
    pub activation: Function,
}

impl Conv2d {
    fn window(&self) -> Result<Window, String> {
        Window::padded(self.kernel, self.stride, self.padding, self.dilation)
    }
}

impl Layer for Conv2d {
    fn about(&self) -> About {
        About {
            words: "Convolution",
            tip: "Looks for small patterns everywhere in the maps; each filter gives a map of where it found its own",
            word: "Conv2d",
            first_name: "conv1",
        }
    }

    fn fresh() -> Self {
        Self {
            filters: 32,
            kernel: 3.into(),
            stride: Sides::ONE,
            padding: Padding::Same,
            dilation: Sides::ONE,
            activation: Function::Relu,
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        vec![
            Field::count(
                "Filters",
                "Patterns it looks for, each giving one feature map. More sees more and costs more. Default: 32",
                &mut self.filters,
            ),
            Field::kernel(&mut self.kernel),
            Field::stride(&mut self.stride),
            Field::padding(&mut self.padding),
            Field::dilation(&mut self.dilation),
            Field::activation(&mut self.activation),
        ]
    }

    fn describe(&self) -> String {
        let Self {
            filters, kernel, ..
        } = self;
        let (stride, dilation) = (self.stride.suffix("stride"), self.dilation.suffix("dilation"));
        let (padding, activation) = (self.padding.words(), self.activation.suffix());
        format!("Conv2d {filters} @ {kernel} {padding}{stride}{dilation}{activation}")
    }

    fn drafts(&self, _input: Shape) -> Result<Vec<Draft>, String> {
        Ok(Draft::only(ops::Conv2d {
            filters: self.filters,
            window: self.window()?,
            groups: 1,
            bias: true,
            activation: self.activation,
        }))
    }

    fn output(&self, shape: &LayerShape) -> Vec<Line> {
        let window = self.window();
        window.map_or_else(|_| Vec::new(), |window| window.lines(shape, "one of each filter"))
    }

    fn parameters(&self, shape: &LayerShape) -> String {
        let Self {
            filters, kernel, ..
        } = self;
        format!(
            "({}·{} + 1)·{} = {}",
            kernel.product(),
            thousands(shape.input.channels()),
            thousands(*filters),
            thousands(shape.parameters)
        )
    }

    fn multiply_adds(&self, shape: &LayerShape) -> String {
        format!(
            "{} · {}·{} = {}",
            product(shape.output),
            self.kernel.product(),
            thousands(shape.input.channels()),
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
