//! What a boundary between frozen and trained layers means for each layer, in parameters. Pure.

use super::{
    backbones::keras,
    graph::{self, Node},
    spec::ModelSpec,
};

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
        let (fixed, trained) = nodes.split_at(graph::boundary(nodes, from));
        let mut before = 0;
        let layer = |layer: &[Node]| {
            let (fixed, trained) =
                layer.split_at(fixed.len().saturating_sub(before).min(layer.len()));
            before += layer.len();
            LayerFreezing {
                frozen: Frozen::of(!fixed.is_empty(), !trained.is_empty()),
                trainable: parameters(trained),
                fixed: parameters(fixed),
            }
        };
        let layers = nodes.chunk_by(|node, next| node.layer == next.layer);
        let running = |node: &&Node| node.op.running_values(node.shape.input) > 0;
        Self {
            layers: layers.map(layer).collect(),
            trainable: parameters(trained),
            fixed: parameters(fixed),
            batch_norms: fixed.iter().filter(running).count(),
        }
    }
}

impl Frozen {
    fn of(has_fixed: bool, has_trained: bool) -> Self {
        match (has_fixed, has_trained) {
            (true, true) => Self::Partly,
            (true, false) => Self::Whole,
            (false, _) => Self::Nothing,
        }
    }
}

fn parameters(nodes: &[Node]) -> usize {
    nodes.iter().map(|node| node.shape.parameters).sum()
}

/// How much of what is called `name` (a layer, a layer within a block) is frozen when `from` is the first that is
/// trained.
pub fn of_part(nodes: &[Node], from: Option<&str>, name: &str) -> Frozen {
    let (frozen, trained) = nodes.split_at(graph::boundary(nodes, from));
    let has = |nodes: &[Node]| nodes.iter().any(|node| graph::belongs(&node.name, name));
    Frozen::of(has(frozen), has(trained))
}

/// Where training starts in the backbone that is layer `at`, as Keras counts its layers (`base.layers[N:]`),
/// and how many it has there: 0 when all of it is trained, that many when it is frozen whole. `None` for other
/// layers and networks that Keras does not have.
pub fn keras_number(
    nodes: &[Node],
    spec: &ModelSpec,
    at: usize,
    from: Option<&str>,
) -> Option<(usize, usize)> {
    let (architecture, _) = spec.layers.get(at)?.kind.published()?;
    let count = keras::layers(architecture)?.len();
    let first = nodes.iter().position(|node| node.layer == at)?;
    let inside = nodes.iter().filter(|node| node.layer == at).count();
    let number = match graph::boundary(nodes, from).checked_sub(first) {
        None | Some(0) => 0,
        Some(node) if node >= inside => count,
        Some(node) => keras::number(architecture, node)?,
    };
    Some((number, count))
}

/// The node, or the layer after the backbone, at which training starts when Keras' layers before `number` of
/// the backbone that is layer `at` are frozen. `None` when there is nothing left to train.
pub fn from_keras_number(
    nodes: &[Node],
    spec: &ModelSpec,
    at: usize,
    number: usize,
) -> Option<String> {
    let layer = spec.layers.get(at)?;
    let (architecture, _) = layer.kind.published()?;
    if number == 0 {
        return Some(layer.name.clone());
    }
    let first = nodes.iter().position(|node| node.layer == at)?;
    let node = nodes.get(first + keras::boundary(architecture, number)?)?;
    if node.layer == at {
        return Some(node.name.clone());
    }
    Some(spec.layers.get(node.layer)?.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        graph::Op,
        ops,
        shapes::{LayerShape, Shape},
        spec::L2,
    };

    /// `first`, a backbone of three nodes, `last`.
    fn network() -> Vec<Node> {
        let node = |name: &str, layer, op, parameters| Node {
            name: name.into(),
            layer,
            block: 0,
            op,
            inputs: Vec::new(),
            l2: L2::default(),
            shape: LayerShape {
                input: Shape::Flat(1),
                output: Shape::Flat(1),
                parameters,
                multiply_adds: 0,
            },
        };
        let norm = ops::BatchNorm2d {
            momentum: 0.1,
            epsilon: 1e-5,
            inference: true,
        };
        vec![
            node("first", 0, Op::Flatten(ops::Flatten), 1),
            node("base.features.0", 1, Op::Flatten(ops::Flatten), 10),
            node("base.features.1", 1, norm.into(), 100),
            node("base.features.2", 1, Op::Flatten(ops::Flatten), 1_000),
            node("last", 2, Op::Flatten(ops::Flatten), 10_000),
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

    #[test]
    fn keras_numbers_lead_to_the_parts_that_the_notebooks_name() {
        let recipe = |name: &str| {
            let recipe = crate::train::recipes::find(std::path::Path::new(name)).unwrap();
            (graph::nodes(&recipe.model).unwrap(), recipe)
        };
        let (nodes, flowers) = recipe("flowers-mobilenetv2");
        let model = &flowers.model;
        let base = model.layer_index("base").unwrap();
        let tuned = flowers.training.phases[1].trainable_from.as_deref();
        let found = from_keras_number(&nodes, model, base, 100);
        assert_eq!(found.as_deref(), tuned, "base.layers[100:]");
        let cases = [
            ("all trained", None, 0),
            ("frozen whole", Some("pool"), 154),
            ("from the 100th on", tuned, 100),
        ];
        for (why, from, number) in cases {
            let found = keras_number(&nodes, model, base, from);
            assert_eq!(found, Some((number, 154)), "{why}");
        }
        assert_eq!(
            from_keras_number(&nodes, model, base, 154).as_deref(),
            Some("pool")
        );
        assert_eq!(
            from_keras_number(&nodes, model, base, 155),
            None,
            "there are no more"
        );
        assert_eq!(
            keras_number(&nodes, model, base + 1, None),
            None,
            "no backbone"
        );

        let (nodes, malaria) = recipe("malaria");
        let from = malaria.training.phases[0].trainable_from.as_deref();
        let base = malaria.model.layer_index("base").unwrap();
        let (number, count) = keras_number(&nodes, &malaria.model, base, from).unwrap();
        assert_eq!(count - number, 2, "all but the last two layers are frozen");
    }

    #[test]
    fn recipe_eight_has_its_published_counts() {
        let recipe = crate::train::recipes::find(std::path::Path::new("catdog-vgg16")).unwrap();
        let nodes = graph::nodes(&recipe.model).unwrap();
        let from = recipe.training.phases[0].trainable_from.as_deref();
        let freezing = Freezing::new(&nodes, from);
        assert_eq!(freezing.trainable + freezing.fixed, 16_812_353);
        assert_eq!(freezing.trainable, 2_097_665);
        assert_eq!(freezing.fixed, 14_714_688);
    }
}
