//! Flatten: from maps to the row that dense layers want.

use serde::{Deserialize, Serialize};

use super::Layer;
use crate::{
    format::thousands,
    model::{
        arithmetic::{Line, product},
        graph::Draft,
        ops,
        shapes::{LayerShape, Shape},
    },
};

/// `[C, H, W]` becomes one row of C·H·W values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flatten;

impl Layer for Flatten {
    fn words(&self) -> &'static str {
        "Flatten"
    }

    fn tip(&self) -> &'static str {
        "Puts all values of all maps into one row, as dense layers want them"
    }

    fn word(&self) -> &'static str {
        "Flatten"
    }

    fn first_name(&self) -> &'static str {
        "flatten"
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
