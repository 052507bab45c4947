//! The arrays that nodes need: their names, shapes and first values.

use std::collections::HashMap;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::{
    graph::{self, Node},
    shapes::ShapeError,
    snapshot::NamedArray,
    spec::{Initialisation, ModelSpec},
};

/// How an array begins.
#[derive(Debug, Clone, Copy)]
pub enum Start {
    /// Random, by the numbers of inputs and outputs that each value has to do with.
    Weight {
        /// Inputs of each output.
        fan_in: usize,
        /// Outputs that each input goes to.
        fan_out: usize,
    },
    /// As the framework begins biases.
    Bias {
        /// Inputs of each output.
        fan_in: usize,
    },
    /// All values the same.
    Constant(f32),
}

/// An array that a node needs: end of its name, shape, beginning, whether it is learned.
pub type Needed = (&'static str, Vec<usize>, Start, bool);

/// The first `count` values of an array of a layer that is a published network or not, as `initialisation` says; backbones
/// begin as torchvision's do.
pub fn first_values(
    initialisation: Initialisation,
    is_published: bool,
    count: usize,
    start: Start,
    rng: &mut ChaCha8Rng,
) -> Vec<f32> {
    if is_published {
        return as_torchvision(start, count, rng);
    }
    let bound = match (initialisation, start) {
        (_, Start::Constant(value)) => return vec![value; count],
        (Initialisation::PyTorch, Start::Weight { fan_in, .. } | Start::Bias { fan_in }) => {
            1.0 / (fan_in as f32).sqrt()
        }
        (Initialisation::Keras, Start::Weight { fan_in, fan_out }) => {
            (6.0 / (fan_in + fan_out) as f32).sqrt()
        }
        (Initialisation::Keras, Start::Bias { .. }) => 0.0,
    };
    let values = (0..count).map(|_| (2.0 * rng.random::<f32>() - 1.0) * bound);
    values.collect()
}

/// Initial values of an array of a backbone: torchvision draws the weights of all four networks from a normal
/// distribution of variance `2 / fan_out` (He et al. 2015), so that signals neither fade nor grow, and
/// begins with biases of 0.
fn as_torchvision(start: Start, count: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let std = match start {
        Start::Constant(value) => return vec![value; count],
        Start::Bias { .. } => return vec![0.0; count],
        Start::Weight { fan_out, .. } => (2.0 / fan_out as f32).sqrt(),
    };
    let mut normal = || {
        // Box and Muller's transform of two uniform values, the first above 0.
        let (radius, angle) = (1.0 - rng.random::<f32>(), rng.random::<f32>());
        (-2.0 * radius.ln()).sqrt() * (std::f32::consts::TAU * angle).cos()
    };
    (0..count).map(|_| std * normal()).collect()
}

/// Names and shapes of all arrays of `nodes`, in order: what a file of weights must hold.
pub fn array_shapes(nodes: &[Node]) -> Vec<(String, Vec<usize>)> {
    let of_node = |node: &Node| {
        let name = node.name.clone();
        let needed = node.op.arrays(node.shape.input).into_iter();
        needed.map(move |(suffix, dims, ..)| (format!("{name}.{suffix}"), dims))
    };
    nodes.iter().flat_map(of_node).collect()
}

/// Puts arrays of a network of `spec` into node order; what belongs to no node comes last, by name.
///
/// # Errors
/// When the specification does not fit together.
pub fn sort_arrays(arrays: &mut [NamedArray], spec: &ModelSpec) -> Result<(), ShapeError> {
    let names = array_shapes(&graph::nodes(spec)?).into_iter();
    let order: HashMap<String, usize> = names
        .enumerate()
        .map(|(at, (name, _))| (name, at))
        .collect();
    arrays.sort_by_cached_key(|array| {
        let position = order.get(&array.name).copied();
        (position.unwrap_or(usize::MAX), array.name.clone())
    });
    Ok(())
}

/// A weight of these dimensions, outputs first, then inputs, then the sides of a kernel; and a bias for each output.
pub fn with_bias(weight: Vec<usize>, bias: bool) -> Vec<Needed> {
    let receptive = weight[2..]
        .iter()
        .fold(1, |a: usize, b| a.saturating_mul(*b));
    let fan_in = weight[1].saturating_mul(receptive);
    let fan_out = weight[0].saturating_mul(receptive);
    let outputs = vec![weight[0]];
    let mut needed = vec![("weight", weight, Start::Weight { fan_in, fan_out }, true)];
    if bias {
        needed.push(("bias", outputs, Start::Bias { fan_in }, true));
    }
    needed
}
