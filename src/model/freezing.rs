//! What a boundary between frozen and trained layers means for each layer, in parameters. Pure.

use super::graph::{self, Node, Op};

/// How much of a layer is frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frozen {
    /// It is trained.
    Nothing,
    /// The boundary runs through it.
    Partly,
    /// It stands before the boundary.
    Whole,
}

/// A layer with a boundary somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerFreezing {
    /// How much of it is frozen.
    pub frozen: Frozen,
    /// Parameters that are trained.
    pub trainable: usize,
    /// Parameters that stay as they are.
    pub fixed: usize,
}

/// A network with a boundary somewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Freezing {
    /// Each layer of the specification.
    pub layers: Vec<LayerFreezing>,
    /// Parameters that are trained.
    pub trainable: usize,
    /// Parameters that stay as they are.
    pub fixed: usize,
    /// Batch normalisations before the boundary: they use their running values while the rest is trained.
    pub batch_norms: usize,
}

impl Freezing {
    /// What is frozen of the layers of `nodes` when `from` (a layer or node) is the first that is trained.
    /// A name that is unknown freezes nothing.
    pub fn new(nodes: &[Node], from: Option<&str>) -> Self {
        let boundary = from.and_then(|name| graph::position(nodes, name));
        let boundary = boundary.unwrap_or(0);
        let mut freezing = Self::default();
        for (at, node) in nodes.iter().enumerate() {
            if freezing.layers.len() <= node.layer {
                let nothing = LayerFreezing {
                    frozen: if at < boundary {
                        Frozen::Whole
                    } else {
                        Frozen::Nothing
                    },
                    trainable: 0,
                    fixed: 0,
                };
                freezing.layers.resize(node.layer + 1, nothing);
            }
            let layer = &mut freezing.layers[node.layer];
            if at < boundary {
                layer.fixed += node.shape.parameters;
                freezing.fixed += node.shape.parameters;
                freezing.batch_norms += usize::from(matches!(node.op, Op::BatchNorm2d { .. }));
            } else {
                if layer.frozen == Frozen::Whole {
                    layer.frozen = Frozen::Partly;
                }
                layer.trainable += node.shape.parameters;
                freezing.trainable += node.shape.parameters;
            }
        }
        freezing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::shapes::{LayerShape, Shape};

    /// `first`, a backbone of three nodes, `last`.
    fn network() -> Vec<Node> {
        let node = |name: &str, layer, op, parameters| Node {
            name: name.into(),
            layer,
            op,
            inputs: Vec::new(),
            shape: LayerShape {
                input: Shape::Flat(1),
                output: Shape::Flat(1),
                parameters,
                multiply_adds: 0,
            },
        };
        let norm = Op::BatchNorm2d {
            momentum: 0.1,
            epsilon: 1e-5,
            inference: true,
        };
        vec![
            node("first", 0, Op::Flatten, 1),
            node("base.features.0", 1, Op::Flatten, 10),
            node("base.features.1", 1, norm, 100),
            node("base.features.2", 1, Op::Flatten, 1_000),
            node("last", 2, Op::Flatten, 10_000),
        ]
    }

    #[test]
    fn every_boundary_divides_the_parameters() {
        use Frozen::{Nothing as N, Partly as P, Whole as W};
        let nodes = network();
        let cases = [
            ("nothing is frozen", None, [N, N, N], 11_111, 0),
            ("unknown", Some("nowhere"), [N, N, N], 11_111, 0),
            ("before the first", Some("first"), [N, N, N], 11_111, 0),
            ("at a backbone", Some("base"), [W, N, N], 11_110, 0),
            ("within it", Some("base.features.1"), [W, P, N], 11_100, 0),
            (
                "after its batch norm",
                Some("base.features.2"),
                [W, P, N],
                11_000,
                1,
            ),
            ("after it", Some("last"), [W, W, N], 10_000, 1),
        ];
        for (why, from, frozen, trainable, batch_norms) in cases {
            let freezing = Freezing::new(&nodes, from);
            let layers: Vec<Frozen> = freezing.layers.iter().map(|layer| layer.frozen).collect();
            assert_eq!(layers, frozen, "{why}");
            assert_eq!(freezing.trainable, trainable, "{why}");
            assert_eq!(freezing.trainable + freezing.fixed, 11_111, "{why}");
            assert_eq!(freezing.batch_norms, batch_norms, "{why}");
        }
    }
}
