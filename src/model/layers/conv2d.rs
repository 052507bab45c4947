//! Convolution: patterns that are looked for everywhere.

use super::*;

/// Cross-correlation with `filters` kernels of `kernel`×`kernel`, plus a bias per filter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv2d {
    /// Output channels.
    pub filters: usize,
    /// Side of the kernel in pixels.
    pub kernel: usize,
    /// Step of the kernel in pixels.
    #[serde(default = "one")]
    pub stride: usize,
    /// Zeros around the input.
    #[serde(default)]
    pub padding: Padding,
    /// Applied to the output.
    #[serde(default)]
    pub activation: Function,
}

/// The stride that files leave out.
pub(super) fn one() -> usize {
    1
}

impl Conv2d {
    fn window(&self) -> Result<Window, String> {
        Ok(Window {
            size: self.kernel,
            stride: self.stride,
            padding: self.padding.pixels(self.kernel)?,
        })
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
            kernel: 3,
            stride: 1,
            padding: Padding::Same,
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
            Field::side(
                "Kernel",
                "Side of each filter in pixels. Larger sees wider patterns. Default: 3",
                &mut self.kernel,
            ),
            Field::side(
                "Stride",
                "Step of the filter in pixels. 2 halves width and height. Default: 1",
                &mut self.stride,
            ),
            Field::padding(&mut self.padding),
            Field::activation(&mut self.activation),
        ]
    }

    fn describe(&self) -> String {
        let Self {
            filters, kernel, ..
        } = self;
        let stride = match self.stride {
            1 => String::new(),
            stride => format!(" stride {stride}"),
        };
        let (padding, activation) = (self.padding.words(), self.activation.suffix());
        format!("Conv2d {filters} @ {kernel}×{kernel} {padding}{stride}{activation}")
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
            "({kernel}·{kernel}·{} + 1)·{} = {}",
            thousands(shape.input.channels()),
            thousands(*filters),
            thousands(shape.parameters)
        )
    }

    fn multiply_adds(&self, shape: &LayerShape) -> String {
        format!(
            "{} · {kernel}·{kernel}·{} = {}",
            product(shape.output),
            thousands(shape.input.channels()),
            thousands(shape.multiply_adds),
            kernel = self.kernel
        )
    }

    fn activation(&self) -> Function {
        self.activation
    }

    fn has_l2(&self) -> bool {
        true
    }
}
