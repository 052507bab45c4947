//! Global max pooling: whether there is each pattern anywhere.

use super::*;

/// The largest value of each feature map: `[C, H, W]` becomes C values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GlobalMaxPool2d;

impl Layer for GlobalMaxPool2d {
    fn about(&self) -> About {
        About {
            words: "Global max pooling",
            tip: "The largest value of each map: whether its pattern is anywhere, whatever the image's size",
            word: "GlobalMaxPool2d",
            first_name: "gmp",
        }
    }

    fn fresh() -> Self {
        Self
    }

    fn drafts(&self, _input: Shape) -> Result<Vec<Draft>, String> {
        Ok(Draft::only(ops::GlobalMaxPool2d))
    }

    fn output(&self, shape: &LayerShape) -> Vec<Line> {
        let maps = thousands(shape.output.values());
        let formula = format!("the largest value of each of {maps} maps");
        vec![Line::new("Output", formula)]
    }
}
