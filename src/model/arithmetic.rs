//! The arithmetic of one layer, written out with this network's numbers, as a teacher writes it on the board.

use super::{
    graph::Node,
    shapes::{LayerShape, Shape, padding_pixels},
    spec::{InitialWeights, LayerKind},
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

/// Values that come out of each layer for one image: those of all nodes of a backbone, which training keeps
/// to compute gradients.
pub fn activation_values(nodes: &[Node]) -> Vec<usize> {
    let mut values: Vec<usize> = Vec::new();
    for node in nodes {
        if values.len() <= node.layer {
            values.resize(node.layer + 1, 0);
        }
        values[node.layer] += node.shape.output.values();
    }
    values
}

/// Bytes of `values` values for each of `batch` images, in f32.
pub fn activation_bytes(values: usize, batch: usize) -> u64 {
    let values = (values as u64).saturating_mul(batch as u64);
    values.saturating_mul(VALUE_BYTES)
}

/// Output size, parameters, multiply-adds and activation memory of a layer, each with its formula filled in.
/// `values` is the layer's of [`activation_values`].
pub fn lines(kind: &LayerKind, shape: &LayerShape, values: usize, batch: usize) -> Vec<Line> {
    let mut lines = output(kind, shape);
    lines.push(Line {
        name: "Parameters",
        formula: parameters(kind, shape),
    });
    lines.push(Line {
        name: "Multiply-adds",
        formula: multiply_adds(kind, shape),
    });
    let each = match kind {
        LayerKind::Backbone { .. } => format!("{} values", thousands(values)),
        _ => product(shape.output),
    };
    lines.push(Line {
        name: "Activations",
        formula: format!(
            "{} · {each} · {VALUE_BYTES} bytes = {}",
            thousands(batch),
            bytes(activation_bytes(values, batch))
        ),
    });
    lines
}

/// `148·148·32`, height, width, channels.
fn product(shape: Shape) -> String {
    match shape {
        Shape::Maps {
            channels,
            height,
            width,
        } => format!(
            "{}·{}·{}",
            thousands(height),
            thousands(width),
            thousands(channels)
        ),
        Shape::Flat(values) => thousands(values),
    }
}

fn output(kind: &LayerKind, shape: &LayerShape) -> Vec<Line> {
    let line = |formula: String| {
        vec![Line {
            name: "Output",
            formula,
        }]
    };
    let window = match *kind {
        LayerKind::Conv2d {
            kernel,
            stride,
            padding,
            ..
        } => padding_pixels(padding, kernel)
            .ok()
            .map(|padding| (kernel, stride, padding)),
        LayerKind::MaxPool2d { size, stride } | LayerKind::AvgPool2d { size, stride } => {
            Some((size, stride, 0))
        }
        _ => None,
    };
    if let (
        Some(window),
        Shape::Maps { height, width, .. },
        Shape::Maps {
            channels,
            height: rows,
            width: columns,
        },
    ) = (window, shape.input, shape.output)
    {
        return window_lines(kind, window, [(height, rows), (width, columns)], channels);
    }
    match kind {
        LayerKind::Flatten => line(format!(
            "{} = {}",
            product(shape.input),
            thousands(shape.output.values())
        )),
        LayerKind::Dense { units, .. } => line(format!("{} units", thousands(*units))),
        LayerKind::GlobalAvgPool2d => line(format!(
            "one mean of each of {} maps",
            thousands(shape.output.values())
        )),
        LayerKind::Backbone { .. } => line(format!("{}, the last maps", shape.output)),
        _ => line(format!("{}, as the input", product(shape.output))),
    }
}

/// Height and width in one line where they are the same.
fn window_lines(
    kind: &LayerKind,
    (window, stride, padding): (usize, usize, usize),
    [height, width]: [(usize, usize); 2],
    channels: usize,
) -> Vec<Line> {
    let side = |name: &'static str, (before, after): (usize, usize)| Line {
        name,
        formula: format!(
            "⌊({} + 2·{padding} − {window}) / {stride}⌋ + 1 = {}",
            thousands(before),
            thousands(after)
        ),
    };
    let mut lines = if height == width {
        vec![side("Height, width", height)]
    } else {
        vec![side("Height", height), side("Width", width)]
    };
    let maps = match kind {
        LayerKind::Conv2d { .. } => format!("{}, one of each filter", thousands(channels)),
        _ => format!("{}, as the input", thousands(channels)),
    };
    lines.push(Line {
        name: "Channels",
        formula: maps,
    });
    lines
}

fn parameters(kind: &LayerKind, shape: &LayerShape) -> String {
    let total = thousands(shape.parameters);
    match (kind, shape.input) {
        (
            LayerKind::Conv2d {
                filters, kernel, ..
            },
            Shape::Maps { channels, .. },
        ) => format!(
            "({kernel}·{kernel}·{} + 1)·{} = {total}",
            thousands(channels),
            thousands(*filters)
        ),
        (LayerKind::Dense { units, .. }, input) => format!(
            "({} + 1)·{} = {total}",
            thousands(input.values()),
            thousands(*units)
        ),
        (LayerKind::BatchNorm2d { .. }, Shape::Maps { channels, .. }) => {
            format!("2·{} = {total}", thousands(channels))
        }
        (LayerKind::Backbone { weights, .. }, _) => {
            let weights = match weights {
                InitialWeights::ImageNet => "trained on ImageNet",
                InitialWeights::File(_) => "from a file",
                InitialWeights::Random => "random at first",
            };
            format!("{total} in all, {weights}")
        }
        _ => "none".to_owned(),
    }
}

fn multiply_adds(kind: &LayerKind, shape: &LayerShape) -> String {
    let total = thousands(shape.multiply_adds);
    match (kind, shape.input) {
        (LayerKind::Conv2d { kernel, .. }, Shape::Maps { channels, .. }) => format!(
            "{} · {kernel}·{kernel}·{} = {total}",
            product(shape.output),
            thousands(channels)
        ),
        (LayerKind::Dense { units, .. }, input) => format!(
            "{}·{} = {total}",
            thousands(input.values()),
            thousands(*units)
        ),
        (LayerKind::Backbone { .. }, _) => format!("{total} in all"),
        _ => "none counted".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        graph::Op,
        kinds::kinds,
        shapes::node_shape,
        spec::{Activation, Padding},
    };

    fn maps(channels: usize, height: usize, width: usize) -> Shape {
        Shape::Maps {
            channels,
            height,
            width,
        }
    }

    fn conv(filters: usize, padding: Padding, input: Shape) -> (LayerKind, LayerShape) {
        let kind = LayerKind::Conv2d {
            filters,
            kernel: 3,
            stride: 1,
            padding,
            activation: Activation::Relu,
        };
        let op = Op::Conv2d {
            filters,
            kernel: 3,
            stride: 1,
            padding: padding_pixels(padding, 3).unwrap(),
            groups: 1,
            bias: true,
            activation: Activation::Relu,
        };
        (kind, node_shape(&op, &[input]).unwrap())
    }

    fn pool(size: usize, stride: usize, input: Shape) -> (LayerKind, LayerShape) {
        let op = Op::MaxPool2d {
            size,
            stride,
            padding: 0,
        };
        (
            LayerKind::MaxPool2d { size, stride },
            node_shape(&op, &[input]).unwrap(),
        )
    }

    fn dense(units: usize, inputs: usize) -> (LayerKind, LayerShape) {
        let activation = Activation::Linear;
        let op = Op::Dense { units, activation };
        let shape = node_shape(&op, &[Shape::Flat(inputs)]).unwrap();
        (LayerKind::Dense { units, activation }, shape)
    }

    #[test]
    fn formulas_have_the_recipes_numbers() {
        let flatten = (
            LayerKind::Flatten,
            node_shape(&Op::Flatten, &[maps(64, 17, 17)]).unwrap(),
        );
        let norm = (
            kinds()[4].1.clone(),
            node_shape(
                &Op::BatchNorm2d {
                    momentum: 0.1,
                    epsilon: 1e-5,
                    inference: false,
                },
                &[maps(64, 8, 8)],
            )
            .unwrap(),
        );
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
            let lines = lines(&kind, &shape, shape.output.values(), 50);
            let line = lines.iter().find(|line| line.name == name).unwrap();
            assert_eq!(line.formula, expected, "{why}");
        }
    }
}
