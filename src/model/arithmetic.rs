//! The arithmetic of one layer, written out with this network's numbers, as a teacher writes it on the board.

use super::{
    layers::Layer,
    shapes::{LayerShape, Shape},
};
use crate::format::{bytes, thousands};

/// Bytes of a value of an activation: f32.
const VALUE_BYTES: u64 = 4;

/// One figure of a layer and how it comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What is computed.
    pub name: &'static str,
    /// `⌊(150 + 2·0 − 3) / 1⌋ + 1 = 148`.
    pub formula: String,
}

impl Line {
    /// A figure and its formula.
    pub fn new(name: &'static str, formula: String) -> Self {
        Self { name, formula }
    }
}

/// Bytes of `values` values for each of `batch` images, in f32.
pub fn activation_bytes(values: usize, batch: usize) -> u64 {
    let values = (values as u64).saturating_mul(batch as u64);
    values.saturating_mul(VALUE_BYTES)
}

/// Output size, parameters, multiply-adds and activation memory of a layer, each with its formula filled in.
/// `values` is the layer's of [`crate::model::shapes::of_layers`].
pub fn lines(layer: &dyn Layer, shape: &LayerShape, values: usize, batch: usize) -> Vec<Line> {
    let mut lines = layer.output(shape);
    lines.push(Line::new("Parameters", layer.parameters(shape)));
    lines.push(Line::new("Multiply-adds", layer.multiply_adds(shape)));
    let each = match shape.output.values() == values {
        true => product(shape.output),
        false => format!("{} values", thousands(values)),
    };
    let formula = format!(
        "{} · {each} · {VALUE_BYTES} bytes = {}",
        thousands(batch),
        bytes(activation_bytes(values, batch))
    );
    lines.push(Line::new("Activations", formula));
    lines
}

/// `148·148·32`, height, width, channels.
pub fn product(shape: Shape) -> String {
    shape.joined("·", thousands)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        layers::{BatchNorm2d, Conv2d, Dense, Flatten, MaxPool2d},
        spec::{Activation, LayerKind, Padding},
    };

    fn maps(channels: usize, height: usize, width: usize) -> Shape {
        Shape::Maps {
            channels,
            height,
            width,
        }
    }

    /// A layer of one node, and what it makes of `input`.
    fn of(kind: impl Into<LayerKind>, input: Shape) -> (LayerKind, LayerShape) {
        let kind = kind.into();
        let drafts = kind.drafts(input).unwrap();
        let shape = drafts[0].op.shape(&[input]).unwrap();
        (kind, shape)
    }

    fn conv(filters: usize, padding: Padding, input: Shape) -> (LayerKind, LayerShape) {
        let conv = Conv2d {
            filters,
            padding,
            ..Conv2d::fresh()
        };
        of(conv, input)
    }

    fn pool(size: usize, stride: usize, input: Shape) -> (LayerKind, LayerShape) {
        of(MaxPool2d { size, stride }, input)
    }

    fn dense(units: usize, inputs: usize) -> (LayerKind, LayerShape) {
        let activation = Activation::Linear;
        of(Dense { units, activation }, Shape::Flat(inputs))
    }

    #[test]
    fn formulas_have_the_recipes_numbers() {
        let flatten = of(Flatten, maps(64, 17, 17));
        let norm = of(BatchNorm2d::fresh(), maps(64, 8, 8));
        let valid = Padding::Valid;
        let cases = [
            (
                "recipe 7, first layer",
                conv(32, valid, maps(3, 150, 150)),
                "Height, width",
                "⌊(150 + 2·0 − 3) / 1⌋ + 1 = 148",
            ),
            (
                "its weights",
                conv(32, valid, maps(3, 150, 150)),
                "Parameters",
                "(3·3·3 + 1)·32 = 896",
            ),
            (
                "its work",
                conv(32, valid, maps(3, 150, 150)),
                "Multiply-adds",
                "148·148·32 · 3·3·3 = 18,925,056",
            ),
            (
                "its batch of 50",
                conv(32, valid, maps(3, 150, 150)),
                "Activations",
                "50 · 148·148·32 · 4 bytes = 140.2 MB",
            ),
            (
                "its channels",
                conv(32, valid, maps(3, 150, 150)),
                "Channels",
                "32, one of each filter",
            ),
            (
                "recipe 7, second convolution",
                conv(64, valid, maps(32, 74, 74)),
                "Parameters",
                "(3·3·32 + 1)·64 = 18,496",
            ),
            (
                "recipe 7, third convolution",
                conv(64, valid, maps(64, 36, 36)),
                "Parameters",
                "(3·3·64 + 1)·64 = 36,928",
            ),
            (
                "recipe 1 keeps the size",
                conv(12, Padding::Same, maps(3, 128, 128)),
                "Height, width",
                "⌊(128 + 2·1 − 3) / 1⌋ + 1 = 128",
            ),
            (
                "sides that differ",
                conv(12, valid, maps(3, 100, 60)),
                "Width",
                "⌊(60 + 2·0 − 3) / 1⌋ + 1 = 58",
            ),
            (
                "recipe 7, first pooling",
                pool(2, 2, maps(32, 148, 148)),
                "Height, width",
                "⌊(148 + 2·0 − 2) / 2⌋ + 1 = 74",
            ),
            (
                "nothing to learn",
                pool(2, 2, maps(32, 148, 148)),
                "Parameters",
                "none",
            ),
            ("recipe 7, flatten", flatten, "Output", "17·17·64 = 18,496"),
            (
                "recipe 7, dense",
                dense(256, 18_496),
                "Parameters",
                "(18,496 + 1)·256 = 4,735,232",
            ),
            (
                "recipe 7, logit",
                dense(1, 256),
                "Parameters",
                "(256 + 1)·1 = 257",
            ),
            (
                "its work",
                dense(256, 18_496),
                "Multiply-adds",
                "18,496·256 = 4,734,976",
            ),
            ("scale and shift", norm, "Parameters", "2·64 = 128"),
        ];
        for (why, (kind, shape), name, expected) in cases {
            let lines = lines(&*kind, &shape, shape.output.values(), 50);
            let line = lines.iter().find(|line| line.name == name).unwrap();
            assert_eq!(line.formula, expected, "{why}");
        }
    }
}
