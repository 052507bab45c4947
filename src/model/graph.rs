//! A specification taken apart into nodes: what the forward pass really computes, step by step. Plain data.
//!
//! Most layers are one node of the same name; a backbone is as many as it has operations, named after its
//! layer and torchvision's modules (`base.features.0.0`). Nodes are what can be looked into and frozen.

pub use super::ops::Op;
use super::{
    shapes::{LayerShape, Shape, ShapeError},
    spec::{L2, LayerSpec, ModelSpec},
};

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
    /// How much its large weights cost.
    pub l2: L2,
    /// Shapes and counts.
    pub shape: LayerShape,
}

/// A node of a layer before it is put into a network: its inputs are positions in the layer's own list.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Its name within the layer, without a leading dot (torchvision's in backbones); empty for the layer itself.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// Positions of the inputs; `None` is the layer's input.
    pub inputs: Vec<Option<usize>>,
    /// How much its large weights cost, where that is said within the layer.
    pub l2: L2,
}

impl Draft {
    /// The only node of a layer.
    pub fn only(op: impl Into<Op>) -> Vec<Self> {
        vec![Self::new("", op, None)]
    }

    /// A node that reads `input`.
    pub fn new(name: impl Into<String>, op: impl Into<Op>, input: Option<usize>) -> Self {
        Self {
            name: name.into(),
            op: op.into(),
            inputs: vec![input],
            l2: L2::default(),
        }
    }
}

/// The nodes of `spec`, in the order in which they are computed.
///
/// # Errors
/// The first layer that does not fit, with the reason.
pub fn nodes(spec: &ModelSpec) -> Result<Vec<Node>, ShapeError> {
    let links = chain(&spec.layers, input_shape(spec));
    let links = links.map_err(|(at, reason)| ShapeError::of(spec, at, reason))?;
    let node = |Link {
                    layer,
                    draft,
                    shape,
                }| {
        let wires = draft.inputs.into_iter();
        Node {
            name: draft.name,
            layer,
            op: draft.op,
            inputs: wires.map(|at| at.map_or(Wire::Input, Wire::Node)).collect(),
            l2: draft.l2,
            shape,
        }
    };
    Ok(links.into_iter().map(node).collect())
}

/// A node in a list of layers.
#[derive(Debug, Clone)]
pub struct Link {
    /// Position of its layer in the list.
    pub layer: usize,
    /// With its whole name; inputs are positions in the chain, `None` is the input of the first layer.
    pub draft: Draft,
    /// Shapes and counts.
    pub shape: LayerShape,
}

/// The nodes of `layers`, each of which goes on from the one before, the first from `input`.
///
/// # Errors
/// The position of the first layer that does not fit, with the reason.
pub fn chain(layers: &[LayerSpec], input: Shape) -> Result<Vec<Link>, (usize, String)> {
    let mut links: Vec<Link> = Vec::new();
    for (index, layer) in layers.iter().enumerate() {
        let error = |reason: String| (index, reason);
        if layer.name.is_empty() || layer.name.contains('.') {
            return Err(error("its name must not be empty or contain a dot".into()));
        }
        if layers[..index].iter().any(|other| other.name == layer.name) {
            return Err(error(
                "another layer has the same name: give each its own".into(),
            ));
        }
        let before = links.len();
        let start = before.checked_sub(1);
        let output =
            |links: &[Link], at: Option<usize>| at.map_or(input, |at| links[at].shape.output);
        let drafts = layer.kind.drafts(output(&links, start));
        for mut draft in drafts.map_err(error)? {
            for wire in &mut draft.inputs {
                *wire = wire.map_or(start, |at| Some(before + at));
            }
            let inputs = draft.inputs.iter().map(|at| output(&links, *at));
            let shape = draft.op.shape(&inputs.collect::<Vec<_>>()).map_err(error)?;
            draft.name = match draft.name.as_str() {
                "" => layer.name.clone(),
                inner => format!("{}.{inner}", layer.name),
            };
            if draft.l2.is_none() {
                draft.l2 = layer.l2;
            }
            links.push(Link {
                layer: index,
                draft,
                shape,
            });
        }
    }
    Ok(links)
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

/// Whether `node` is what is called `name`, or a part of it.
pub fn belongs(node: &Node, name: &str) -> bool {
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
