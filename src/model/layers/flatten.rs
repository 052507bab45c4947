//! Flatten: from maps to the row that dense layers want.

use super::*;

/// `[C, H, W]` becomes one row of C·H·W values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flatten;

impl Layer for Flatten {
    fn about(&self) -> About {
        About {
            words: "Flatten",
            tip: "Puts all values of all maps into one row, as dense layers want them",
            word: "Flatten",
            first_name: "flatten",
        }
    }

    fn fresh() -> Self {
        Self
    }

    fn drafts(&self, _input: Shape) -> Result<Vec<Draft>, String> {
        Ok(Draft::only(ops::Flatten))
    }

    fn output(&self, shape: &LayerShape) -> Vec<Line> {
        let values = thousands(shape.output.values());
        let formula = format!("{} = {values}", product(shape.input));
        vec![Line::new("Output", formula)]
    }
}
