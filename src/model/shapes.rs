//! The arithmetic of a specification: every layer's output size, parameters and multiply-adds. Pure.

use std::fmt;

use super::{
    graph::{self, Node, Op},
    spec::{Activation, ModelSpec, Padding},
};

/// Shape of one sample's values at a layer's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Feature maps `[channels, height, width]`.
    Maps {
        /// Number of feature maps.
        channels: usize,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// A row of values.
    Flat(usize),
}

impl Shape {
    /// How many values one sample has.
    pub fn values(self) -> usize {
        match self {
            Self::Maps {
                channels,
                height,
                width,
            } => channels * height * width,
            Self::Flat(values) => values,
        }
    }

    /// The dimensions, channels first.
    pub fn dims(self) -> Vec<usize> {
        match self {
            Self::Maps {
                channels,
                height,
                width,
            } => vec![channels, height, width],
            Self::Flat(values) => vec![values],
        }
    }
}

impl fmt::Display for Shape {
    /// `128 × 128 × 12` (height, width, channels) or `73,728`-like plain counts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Maps {
                channels,
                height,
                width,
            } => write!(f, "{height} × {width} × {channels}"),
            Self::Flat(values) => write!(f, "{values}"),
        }
    }
}

/// What one layer makes of its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerShape {
    /// Shape going in.
    pub input: Shape,
    /// Shape coming out.
    pub output: Shape,
    /// What is learned: weights and biases (running means and variances of batch normalisation do not count).
    pub parameters: usize,
    /// Multiplications (each with its addition) for one image.
    pub multiply_adds: usize,
}

/// A layer that does not fit what comes before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("layer {number} ({name}) does not fit: {reason}")]
pub struct ShapeError {
    /// Position in [`ModelSpec::layers`].
    pub index: usize,
    /// The same, counted from 1 for people.
    pub number: usize,
    /// The layer's name.
    pub name: String,
    /// Why, and what to do.
    pub reason: String,
}

impl ShapeError {
    /// About the layer at `index` of `spec`.
    pub fn of(spec: &ModelSpec, index: usize, reason: String) -> Self {
        Self {
            index,
            number: index + 1,
            name: spec
                .layers
                .get(index)
                .map_or_else(|| "none".to_owned(), |layer| layer.name.clone()),
            reason,
        }
    }
}

/// More values than this in one sample's layer output is refused: a typing error, not a network for a laptop.
const MAX_VALUES: usize = 1 << 28;

/// Shapes of all layers of `spec`, in order; a backbone's counts are those of all its nodes.
///
/// # Errors
/// The first layer that does not fit, with the reason.
pub fn layer_shapes(spec: &ModelSpec) -> Result<Vec<LayerShape>, ShapeError> {
    Ok(of_nodes(&graph::nodes(spec)?))
}

/// The nodes of the layers of `spec` before the first that does not fit, and why that one does not.
pub fn fitting_nodes(spec: &ModelSpec) -> (Vec<Node>, Option<ShapeError>) {
    match graph::nodes(spec) {
        Ok(nodes) => (nodes, None),
        Err(error) => {
            let mut fitting = spec.clone();
            fitting.layers.truncate(error.index);
            (graph::nodes(&fitting).unwrap_or_default(), Some(error))
        }
    }
}

/// Shapes of the layers that `nodes` belong to.
pub fn of_nodes(nodes: &[Node]) -> Vec<LayerShape> {
    let mut shapes: Vec<LayerShape> = Vec::new();
    for node in nodes {
        match shapes.get_mut(node.layer) {
            None => shapes.push(node.shape),
            Some(layer) => {
                layer.output = node.shape.output;
                layer.parameters += node.shape.parameters;
                layer.multiply_adds += node.shape.multiply_adds;
            }
        }
    }
    shapes
}

/// Checks that `spec` fits together and ends in the logits that its head wants for `classes` classes.
///
/// # Errors
/// The layer that does not fit; the last one when its outputs are not those logits.
pub fn check_classifier(spec: &ModelSpec, classes: usize) -> Result<Vec<LayerShape>, ShapeError> {
    let shapes = layer_shapes(spec)?;
    let last = spec.layers.len().saturating_sub(1);
    let error = |reason: String| ShapeError::of(spec, last, reason);
    let Some(logits) = spec.head.logits(classes) else {
        return Err(error(format!(
            "a sigmoid tells two classes apart but the dataset has {classes}: use a softmax head"
        )));
    };
    let output = shapes.last().map(|shape| shape.output);
    if output != Some(Shape::Flat(logits)) {
        let output = output.map_or_else(|| "nothing".to_owned(), |shape| shape.to_string());
        return Err(error(format!(
            "it gives {output} but the dataset has {classes} classes: end with a dense layer of {logits} {}",
            if logits == 1 { "unit" } else { "units" }
        )));
    }
    let activation = spec.layers[last].kind.activation();
    if activation != Activation::Linear {
        return Err(error(format!(
            "its outputs must be logits but it applies {}: set its activation to linear, the head does the rest",
            activation.word()
        )));
    }
    Ok(shapes)
}

/// What `op` makes of its inputs.
///
/// # Errors
/// Why it does not fit, and what to do.
pub fn node_shape(op: &Op, inputs: &[Shape]) -> Result<LayerShape, String> {
    let [input, others @ ..] = inputs else {
        return Err("it has no input".into());
    };
    let input = *input;
    let (output, parameters, multiply_adds) = match *op {
        Op::Conv2d {
            filters,
            kernel,
            stride,
            padding,
            groups,
            bias,
            ..
        } => {
            let (channels, height, width) = maps(op, input)?;
            at_least_one(&[
                ("filters", filters),
                ("kernel", kernel),
                ("stride", stride),
                ("groups", groups),
            ])?;
            let output = Shape::Maps {
                channels: filters,
                height: windows(height, kernel, stride, padding)?,
                width: windows(width, kernel, stride, padding)?,
            };
            let per_value = kernel
                .saturating_mul(kernel)
                .saturating_mul(channels / groups);
            let weights = per_value.saturating_mul(filters);
            let multiply_adds = per_value.saturating_mul(checked_values(output)?);
            let biases = if bias { filters } else { 0 };
            (output, weights.saturating_add(biases), multiply_adds)
        }
        Op::BatchNorm2d {
            momentum, epsilon, ..
        } => {
            let (channels, ..) = maps(op, input)?;
            let is_size = epsilon > 0.0 && epsilon.is_finite();
            if !(0.0..=1.0).contains(&momentum) || !is_size {
                return Err(format!(
                    "its momentum is {momentum} and its epsilon {epsilon}: use 0 to 1, and a small number above 0"
                ));
            }
            (input, 2 * channels, 0)
        }
        Op::MaxPool2d { size, stride, .. } | Op::AvgPool2d { size, stride } => {
            let padding = match op {
                Op::MaxPool2d { padding, .. } => *padding,
                _ => 0,
            };
            let (channels, height, width) = maps(op, input)?;
            at_least_one(&[("size", size), ("stride", stride)])?;
            let output = Shape::Maps {
                channels,
                height: windows(height, size, stride, padding)?,
                width: windows(width, size, stride, padding)?,
            };
            (output, 0, 0)
        }
        Op::GlobalAvgPool2d => {
            let (channels, ..) = maps(op, input)?;
            (Shape::Flat(channels), 0, 0)
        }
        Op::Squeeze => {
            let (channels, ..) = maps(op, input)?;
            let output = Shape::Maps {
                channels,
                height: 1,
                width: 1,
            };
            (output, 0, 0)
        }
        Op::Dropout(rate) | Op::Dropout2d(rate) | Op::StochasticDepth(rate) => {
            if !(0.0..1.0).contains(&rate) {
                return Err(format!("its rate is {rate}: use a value from 0 to below 1"));
            }
            if matches!(op, Op::Dropout2d(_)) {
                maps(op, input)?;
            }
            (input, 0, 0)
        }
        Op::Rescaling { scale, offset } => {
            if !scale.is_finite() || !offset.is_finite() {
                return Err("its scale and offset must be numbers".into());
            }
            (input, 0, 0)
        }
        Op::Activation(_) => (input, 0, 0),
        Op::Flatten => (Shape::Flat(input.values()), 0, 0),
        Op::Dense { units, .. } => {
            at_least_one(&[("units", units)])?;
            let Shape::Flat(inputs) = input else {
                return Err(
                    "a dense layer needs one row of values: add a flatten layer before it".into(),
                );
            };
            let weights = inputs.saturating_mul(units);
            (Shape::Flat(units), weights.saturating_add(units), weights)
        }
        Op::Add | Op::Multiply => {
            if others.len() != 1 || matches!(op, Op::Add) && others[0] != input {
                return Err("its two inputs do not have the same shape".into());
            }
            (input, 0, 0)
        }
    };
    checked_values(output)?;
    Ok(LayerShape {
        input,
        output,
        parameters,
        multiply_adds,
    })
}

/// Pixels of zeros on each side.
///
/// # Errors
/// `Same` with an even kernel would need more on one side than on the other.
pub fn padding_pixels(padding: Padding, kernel: usize) -> Result<usize, String> {
    match padding {
        Padding::Valid => Ok(0),
        Padding::Pixels(pixels) => Ok(pixels),
        Padding::Same if kernel % 2 == 1 => Ok(kernel / 2),
        Padding::Same => Err(format!(
            "padding same needs an odd kernel, this one is {kernel}: use an odd size or a number of pixels"
        )),
    }
}

/// `⌊(size + 2·padding − window) / stride⌋ + 1`, how many window positions fit.
fn windows(size: usize, window: usize, stride: usize, padding: usize) -> Result<usize, String> {
    let padded = padding.saturating_mul(2).saturating_add(size);
    match padded.checked_sub(window) {
        Some(room) => Ok(room / stride + 1),
        None => Err(format!(
            "its window of {window} is larger than the {padded} pixels it gets: use a smaller window or fewer pooling layers"
        )),
    }
}

fn maps(op: &Op, input: Shape) -> Result<(usize, usize, usize), String> {
    match input {
        Shape::Maps {
            channels,
            height,
            width,
        } if height > 0 && width > 0 => Ok((channels, height, width)),
        Shape::Maps { .. } => Err("the input image has no pixels: set its width and height".into()),
        Shape::Flat(values) => Err(format!(
            "{} needs feature maps, but the layers above give one row of {values} values: move it above the flatten layer",
            op.word()
        )),
    }
}

fn at_least_one(settings: &[(&str, usize)]) -> Result<(), String> {
    match settings.iter().find(|(_, value)| *value == 0) {
        Some((name, _)) => Err(format!("its {name} is 0: use at least 1")),
        None => Ok(()),
    }
}

fn checked_values(shape: Shape) -> Result<usize, String> {
    let values = shape
        .dims()
        .into_iter()
        .try_fold(1usize, usize::checked_mul);
    match values {
        Some(values) if values <= MAX_VALUES => Ok(values),
        _ => Err(format!(
            "its output of {shape} values is too large: use fewer filters or a smaller image"
        )),
    }
}

#[cfg(test)]
mod tests;
