//! A specification taken apart into nodes: what the forward pass really computes, step by step. Plain data.
//!
//! Most layers are one node of the same name; a backbone is as many as it has operations, named after its
//! layer and torchvision's modules (`base.features.0.0`). Nodes are what can be looked into and frozen.

pub use super::ops::Op;
use super::{
    shapes::{LayerShape, Shape, ShapeError},
    spec::{L2, LayerSpec, ModelSpec},
};

/// One operation of the forward pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Unique; names its tensors (`base.features.0.0` → `base.features.0.0.weight`).
    pub name: String,
    /// Position of the layer it belongs to in [`ModelSpec::layers`].
    pub layer: usize,
    /// Position of the first node of the block it stands in: its own, unless it is one of several in a backbone.
    pub block: usize,
    /// What it computes.
    pub op: Op,
    /// One input, or two for sums and products: positions of earlier nodes; `None` is the image.
    pub inputs: Vec<Option<usize>>,
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
    /// Position of the first node of its block, where it stands in one.
    pub block: Option<usize>,
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
            block: None,
            l2: L2::default(),
        }
    }
}

/// The nodes of `spec`, in the order in which they are computed.
///
/// # Errors
/// The first layer that does not fit, with the reason.
pub fn nodes(spec: &ModelSpec) -> Result<Vec<Node>, ShapeError> {
    let image = Shape::Maps {
        channels: spec.input.color_mode.channels(),
        height: spec.input.height,
        width: spec.input.width,
    };
    chain(&spec.layers, image).map_err(|(at, reason)| ShapeError::of(spec, at, reason))
}

/// The nodes of `layers`, each of which goes on from the one before, the first from `input`.
///
/// # Errors
/// The position of the first layer that does not fit, with the reason.
pub fn chain(layers: &[LayerSpec], input: Shape) -> Result<Vec<Node>, (usize, String)> {
    let mut nodes: Vec<Node> = Vec::new();
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
        let before = nodes.len();
        let start = before.checked_sub(1);
        let output =
            |nodes: &[Node], at: Option<usize>| at.map_or(input, |at| nodes[at].shape.output);
        let drafts = layer.kind.drafts(output(&nodes, start));
        for draft in drafts.map_err(error)? {
            let wires = draft.inputs.into_iter();
            let inputs: Vec<Option<usize>> = wires
                .map(|wire| wire.map_or(start, |at| Some(before + at)))
                .collect();
            let shapes: Vec<Shape> = inputs.iter().map(|at| output(&nodes, *at)).collect();
            let shape = draft.op.shape(&shapes).map_err(error)?;
            nodes.push(Node {
                name: match draft.name.as_str() {
                    "" => layer.name.clone(),
                    inner => format!("{}.{inner}", layer.name),
                },
                layer: index,
                block: draft.block.map_or(nodes.len(), |at| before + at),
                op: draft.op,
                inputs,
                l2: if draft.l2.is_none() {
                    layer.l2
                } else {
                    draft.l2
                },
                shape,
            });
        }
    }
    Ok(nodes)
}

/// Position of the first node of what is called `name`: a node, a layer, or a block of a backbone
/// (`base.features.14`).
pub fn position(nodes: &[Node], name: &str) -> Option<usize> {
    nodes.iter().position(|node| belongs(&node.name, name))
}

/// Position of the first node that is trained when training starts at what is called `from`; 0 when it starts nowhere.
pub fn boundary(nodes: &[Node], from: Option<&str>) -> usize {
    from.and_then(|name| position(nodes, name)).unwrap_or(0)
}

/// Position of the last node of what is called `name`, whose output is its output.
pub fn output_position(nodes: &[Node], name: &str) -> Option<usize> {
    nodes.iter().rposition(|node| belongs(&node.name, name))
}

/// Whether what is called `part` (a node, a block, a layer) is what is called `name`, or a part of it.
pub fn belongs(part: &str, name: &str) -> bool {
    let rest = part.strip_prefix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Positions of the last nodes of all layers and, within backbones, of all blocks: what is worth looking at
/// first.
pub fn block_ends(nodes: &[Node]) -> Vec<usize> {
    let is_end = |at: &usize| {
        let next = nodes.get(at + 1);
        next.is_none_or(|next| next.block != nodes[*at].block)
    };
    (0..nodes.len()).filter(is_end).collect()
}
