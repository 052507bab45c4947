//! Max pooling: smaller maps of what was found most strongly; and what all pooling by windows shares.

use super::*;

/// The largest value of each `size`×`size` window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxPool2d {
    /// Side of the window in pixels.
    pub size: usize,
    /// Step of the window in pixels.
    pub stride: usize,
}

/// The [`Layer`] of a kind of pooling by windows, the words of which differ.
macro_rules! pooling {
    ($kind:ident, $words:literal, $tip:literal) => {
        impl Layer for $kind {
            fn about(&self) -> About {
                About {
                    words: $words,
                    tip: $tip,
                    word: stringify!($kind),
                    first_name: "pool1",
                }
            }

            fn fresh() -> Self {
                Self { size: 2, stride: 2 }
            }

            fn fields(&mut self) -> Vec<Field<'_>> {
                vec![
                    Field::side(
                        "Window",
                        "Side of each window in pixels. Larger keeps less detail. Default: 2",
                        &mut self.size,
                    ),
                    Field::side(
                        "Stride",
                        "Step of the window in pixels; as large as the window, none overlap. Default: 2",
                        &mut self.stride,
                    ),
                ]
            }

            /// Windows that touched go on touching.
            fn follow(&mut self, before: &Self) {
                if self.size != before.size && self.stride == before.size {
                    self.stride = self.size;
                }
            }

            fn describe(&self) -> String {
                let Self { size, stride } = self;
                let stride = match stride == size {
                    true => String::new(),
                    false => format!(" stride {stride}"),
                };
                format!("{} {size}×{size}{stride}", self.about().word)
            }

            fn drafts(&self, _input: Shape) -> Result<Vec<Draft>, String> {
                Ok(Draft::only(ops::$kind(self.into())))
            }

            fn output(&self, shape: &LayerShape) -> Vec<Line> {
                Window::from(self).lines(shape, "as the input")
            }
        }

        impl From<&$kind> for Window {
            fn from(pool: &$kind) -> Self {
                Self::square(pool.size, pool.stride, 0)
            }
        }
    };
}
pub(super) use pooling;

pooling!(
    MaxPool2d,
    "Max pooling",
    "Keeps the largest value of each window: smaller maps of what was found most strongly"
);
