//! A specification taken apart into nodes: what the forward pass really computes, step by step. Plain data.
//!
//! Most layers are one node of the same name; a backbone is as many as it has operations, named after its
//! layer and torchvision's modules (`base.features.0.0`). Nodes are what can be looked into and frozen.

use super::{
    backbones,
    shapes::{LayerShape, Shape, ShapeError, node_shape},
    spec::{Activation, LayerKind, ModelSpec},
};

/// What a node computes. Sizes are square.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Cross-correlation.
    Conv2d {
        /// Output channels.
        filters: usize,
        /// Side of the kernel.
        kernel: usize,
        /// Step of the kernel.
        stride: usize,
        /// Zeros on every side.
        padding: usize,
        /// Channels are divided into so many groups that do not see each other; as many as channels: depthwise.
        groups: usize,
        /// Whether a bias is added.
        bias: bool,
        /// Applied to the output.
        activation: Activation,
    },
    /// Normalisation of each channel.
    BatchNorm2d {
        /// Share of the newest batch in the running values.
        momentum: f64,
        /// Added to the variance.
        epsilon: f64,
        /// The running values are used even while training.
        inference: bool,
    },
    /// Fully connected.
    Dense {
        /// Output values.
        units: usize,
        /// Applied to the output.
        activation: Activation,
    },
    /// Largest value of each window.
    MaxPool2d {
        /// Side of the window.
        size: usize,
        /// Step of the window.
        stride: usize,
        /// Pixels on every side that never win.
        padding: usize,
    },
    /// Mean of each window.
    AvgPool2d {
        /// Side of the window.
        size: usize,
        /// Step of the window.
        stride: usize,
    },
    /// Mean of each map, as a row of values.
    GlobalAvgPool2d,
    /// Mean of each map, as a map of one pixel.
    Squeeze,
    /// A function of each value.
    Activation(Activation),
    /// Drops values while training.
    Dropout(f64),
    /// Drops channels while training.
    Dropout2d(f64),
    /// Drops everything of some images while training (stochastic depth, Huang et al. 2016).
    StochasticDepth(f64),
    /// `scale · value + offset`.
    Rescaling {
        /// Factor.
        scale: f64,
        /// Added after scaling.
        offset: f64,
    },
    /// Maps become one row.
    Flatten,
    /// Sum of two inputs of one shape.
    Add,
    /// Product of two inputs; the second may be maps of one pixel.
    Multiply,
}

impl Op {
    /// Its name as the field writes it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Conv2d { .. } => "Conv2d",
            Self::BatchNorm2d { .. } => "BatchNorm2d",
            Self::Dense { .. } => "Dense",
            Self::MaxPool2d { .. } => "MaxPool2d",
            Self::AvgPool2d { .. } => "AvgPool2d",
            Self::GlobalAvgPool2d => "GlobalAvgPool2d",
            Self::Squeeze => "Squeeze",
            Self::Activation(activation) => activation.word(),
            Self::Dropout(_) => "Dropout",
            Self::Dropout2d(_) => "Dropout2d",
            Self::StochasticDepth(_) => "StochasticDepth",
            Self::Rescaling { .. } => "Rescaling",
            Self::Flatten => "Flatten",
            Self::Add => "Add",
            Self::Multiply => "Multiply",
        }
    }

    /// Whether it draws random numbers while training.
    pub fn is_random(&self) -> bool {
        matches!(
            self,
            Self::Dropout(_) | Self::Dropout2d(_) | Self::StochasticDepth(_)
        )
    }
}

/// Where a node's input comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// The image.
    Input,
    /// The output of an earlier node.
    Node(usize),
}

/// One operation of the forward pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Unique; names its tensors (`base.features.0.0` → `base.features.0.0.weight`).
    pub name: String,
    /// Position of the layer it belongs to in [`ModelSpec::layers`].
    pub layer: usize,
    /// What it computes.
    pub op: Op,
    /// One input, or two for sums and products.
    pub inputs: Vec<Wire>,
    /// Shapes and counts.
    pub shape: LayerShape,
}

/// A node of a backbone before it is put into a network: its inputs are positions in the backbone's own list.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// As torchvision's module is called, without a leading dot.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// Positions of the inputs; `None` is the backbone's input.
    pub inputs: Vec<Option<usize>>,
}

/// The nodes of `spec`, in the order in which they are computed.
///
/// # Errors
/// The first layer that does not fit, with the reason.
pub fn nodes(spec: &ModelSpec) -> Result<Vec<Node>, ShapeError> {
    let mut nodes: Vec<Node> = Vec::new();
    for (index, layer) in spec.layers.iter().enumerate() {
        let error = |reason: String| ShapeError::of(spec, index, reason);
        if layer.name.is_empty() || layer.name.contains('.') {
            return Err(error("its name must not be empty or contain a dot".into()));
        }
        let is_twin = |other: &&super::LayerSpec| other.name == layer.name;
        if spec.layers[..index].iter().find(is_twin).is_some() {
            return Err(error(
                "another layer has the same name: give each its own".into(),
            ));
        }
        let before = nodes.len();
        let input = before.checked_sub(1).map_or(Wire::Input, Wire::Node);
        for draft in drafts(&layer.kind).map_err(error)? {
            let wire = |at: Option<usize>| at.map_or(input, |at| Wire::Node(before + at));
            let inputs: Vec<Wire> = draft.inputs.into_iter().map(wire).collect();
            let shapes: Vec<Shape> = inputs
                .iter()
                .map(|wire| match wire {
                    Wire::Input => input_shape(spec),
                    Wire::Node(at) => nodes[*at].shape.output,
                })
                .collect();
            let shape = node_shape(&draft.op, &shapes).map_err(error)?;
            let name = match draft.name.as_str() {
                "" => layer.name.clone(),
                inner => format!("{}.{inner}", layer.name),
            };
            nodes.push(Node {
                name,
                layer: index,
                op: draft.op,
                inputs,
                shape,
            });
        }
    }
    Ok(nodes)
}

/// Shape of the image that the first layer gets.
pub fn input_shape(spec: &ModelSpec) -> Shape {
    Shape::Maps {
        channels: spec.input.color_mode.channels(),
        height: spec.input.height,
        width: spec.input.width,
    }
}

/// Position of the last node of each layer of `spec`, whose output is the layer's.
pub fn last_nodes(nodes: &[Node]) -> Vec<usize> {
    let is_last = |at: &usize| {
        nodes
            .get(at + 1)
            .is_none_or(|next| next.layer != nodes[*at].layer)
    };
    (0..nodes.len()).filter(is_last).collect()
}

/// Position of the first node of what is called `name`: a node, a layer, or a block of a backbone
/// (`base.features.14`).
pub fn position(nodes: &[Node], name: &str) -> Option<usize> {
    nodes.iter().position(|node| belongs(node, name))
}

/// Position of the last node of what is called `name`, whose output is its output.
pub fn output_position(nodes: &[Node], name: &str) -> Option<usize> {
    nodes.iter().rposition(|node| belongs(node, name))
}

fn belongs(node: &Node, name: &str) -> bool {
    let rest = node.name.strip_prefix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Positions of the last nodes of all layers and, within backbones, of all blocks: what is worth looking at
/// first.
pub fn block_ends(nodes: &[Node]) -> Vec<usize> {
    let is_end = |at: &usize| {
        let next = nodes.get(at + 1);
        next.is_none_or(|next| block(&next.name) != block(&nodes[*at].name))
    };
    (0..nodes.len()).filter(is_end).collect()
}

/// The block that a node stands in: the layer, the module in it and the numbers that follow
/// (`base.features.2.0` of `base.features.2.0.block.1.0`).
fn block(name: &str) -> &str {
    let mut end = 0;
    for (depth, part) in name.split('.').enumerate() {
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        if depth > 1 && !is_number {
            break;
        }
        end += part.len() + usize::from(depth > 0);
    }
    &name[..end]
}

fn drafts(kind: &LayerKind) -> Result<Vec<Draft>, String> {
    let op = match *kind {
        LayerKind::Conv2d {
            filters,
            kernel,
            stride,
            padding,
            activation,
        } => Op::Conv2d {
            filters,
            kernel,
            stride,
            padding: super::shapes::padding_pixels(padding, kernel)?,
            groups: 1,
            bias: true,
            activation,
        },
        LayerKind::MaxPool2d { size, stride } => Op::MaxPool2d {
            size,
            stride,
            padding: 0,
        },
        LayerKind::AvgPool2d { size, stride } => Op::AvgPool2d { size, stride },
        LayerKind::GlobalAvgPool2d => Op::GlobalAvgPool2d,
        LayerKind::BatchNorm2d { momentum, epsilon } => Op::BatchNorm2d {
            momentum,
            epsilon,
            inference: false,
        },
        LayerKind::Activation(activation) => Op::Activation(activation),
        LayerKind::Dropout { rate } => Op::Dropout(rate),
        LayerKind::Dropout2d { rate } => Op::Dropout2d(rate),
        LayerKind::Rescaling { scale, offset } => Op::Rescaling { scale, offset },
        LayerKind::Flatten => Op::Flatten,
        LayerKind::Dense { units, activation } => Op::Dense { units, activation },
        LayerKind::Backbone {
            architecture,
            batch_norm_inference,
            ..
        } => return Ok(backbones::drafts(architecture, batch_norm_inference)),
    };
    Ok(vec![Draft {
        name: String::new(),
        op,
        inputs: vec![None],
    }])
}
