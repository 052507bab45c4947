//! Global average pooling: how much of each pattern there is, wherever it is.

use serde::{Deserialize, Serialize};

use super::Layer;
use crate::{
    format::thousands,
    model::{
        arithmetic::Line,
        graph::Draft,
        ops,
        shapes::{LayerShape, Shape},
    },
};

/// The mean of each feature map: `[C, H, W]` becomes C values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GlobalAvgPool2d;

impl Layer for GlobalAvgPool2d {
    fn words(&self) -> &'static str {
        "Global average pooling"
    }

    fn tip(&self) -> &'static str {
        "The mean of each map: a row of as many values as there are maps, whatever the image's size"
    }

    fn word(&self) -> &'static str {
        "GlobalAvgPool2d"
    }

    fn first_name(&self) -> &'static str {
        "gap"
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
