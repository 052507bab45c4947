//! Global average pooling: how much of each pattern there is, wherever it is.

use super::*;

/// The mean of each feature map: `[C, H, W]` becomes C values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GlobalAvgPool2d;

impl Layer for GlobalAvgPool2d {
    fn about(&self) -> About {
        About {
            words: "Global average pooling",
            tip: "The mean of each map: a row of as many values as there are maps, whatever the image's size",
            word: "GlobalAvgPool2d",
            first_name: "gap",
        }
    }

    fn fresh() -> Self {
        Self
    }

    fn drafts(&self, _input: Shape) -> Result<Vec<Draft>, String> {
        Ok(Draft::only(ops::GlobalAvgPool2d))
    }

    fn output(&self, shape: &LayerShape) -> Vec<Line> {
        let maps = thousands(shape.output.values());
        vec![Line::new("Output", format!("one mean of each of {maps} maps"))]
    }
}
