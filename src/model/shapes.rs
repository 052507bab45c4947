//! The arithmetic of a specification: every layer's output size, parameters and multiply-adds. Pure.

use std::fmt;

use super::{
    graph::{self, Node},
    spec::{Activation, ModelSpec},
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
        self.dims().into_iter().product()
    }

    /// How many feature maps there are; of a row, how many values.
    pub fn channels(self) -> usize {
        match self {
            Self::Maps { channels, .. } => channels,
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

    /// The dimensions as people read them, height, width, channels, with `between` between them.
    pub fn joined(self, between: &str, number: impl Fn(usize) -> String) -> String {
        let mut dims = self.dims();
        dims.rotate_left(1);
        let words: Vec<String> = dims.into_iter().map(number).collect();
        words.join(between)
    }
}

impl fmt::Display for Shape {
    /// `128 × 128 × 12` (height, width, channels) or `73728`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.joined(" × ", |side| side.to_string()))
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
#[error("layer {} ({name}) does not fit: {reason}", index + 1)]
pub struct ShapeError {
    /// Position in [`ModelSpec::layers`].
    pub index: usize,
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
    of_layers(nodes).map(|(shape, _)| shape).collect()
}

/// Shape of each layer that `nodes` belong to, and how many values its nodes give for one image, which training keeps to
/// compute gradients.
pub fn of_layers(nodes: &[Node]) -> impl Iterator<Item = (LayerShape, usize)> {
    let layers = nodes.chunk_by(|node, next| node.layer == next.layer);
    layers.filter_map(together)
}

/// The same of what is called `name` (a layer, a layer within a block, a node); `None` when there is nothing of that name.
pub fn of_part(nodes: &[Node], name: &str) -> Option<(LayerShape, usize)> {
    together(nodes.iter().filter(|node| graph::belongs(&node.name, name)))
}

fn together<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> Option<(LayerShape, usize)> {
    let each = nodes.into_iter();
    let each = each.map(|node| (node.shape, node.shape.output.values()));
    each.reduce(|(shape, values), (next, more)| {
        let shape = LayerShape {
            input: shape.input,
            output: next.output,
            parameters: shape.parameters + next.parameters,
            multiply_adds: shape.multiply_adds + next.multiply_adds,
        };
        (shape, values + more)
    })
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

/// How many values one sample has.
///
/// # Errors
/// When they are more than a laptop should be asked for.
pub fn checked_values(shape: Shape) -> Result<usize, String> {
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
