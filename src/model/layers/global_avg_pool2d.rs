//! Global average pooling: how much of each pattern there is, wherever it is; and what all pooling of whole maps shares.

use super::*;

/// The mean of each feature map: `[C, H, W]` becomes C values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GlobalAvgPool2d;

/// The [`Layer`] of a kind of pooling of whole maps, the words of which differ.
macro_rules! global_pooling {
    ($kind:ident, $first_name:literal, $words:literal, $tip:literal, $value:literal) => {
        impl Layer for $kind {
            fn about(&self) -> About {
                About {
                    words: $words,
                    tip: $tip,
                    word: stringify!($kind),
                    first_name: $first_name,
                }
            }

            fn fresh() -> Self {
                Self
            }

            fn drafts(&self, _input: Shape) -> Result<Vec<Draft>, String> {
                Ok(Draft::only(ops::$kind))
            }

            fn output(&self, shape: &LayerShape) -> Vec<Line> {
                let maps = thousands(shape.output.values());
                let formula = format!("{} of each of {maps} maps", $value);
                vec![Line::new("Output", formula)]
            }
        }
    };
}
pub(super) use global_pooling;

global_pooling!(
    GlobalAvgPool2d,
    "gap",
    "Global average pooling",
    "The mean of each map: a row of as many values as there are maps, whatever the image's size",
    "one mean"
);
