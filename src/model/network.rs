//! A specification made runnable: libtorch parameters and a forward pass whose every node can be tapped.

mod fold;
mod forward;
pub use forward::Tap;
#[cfg(test)]
pub use tests::passes;

use std::sync::Arc;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, TchError, Tensor};

use super::{
    graph::{self, Node},
    parameters::{Start, first_values},
    shapes::ShapeError,
    snapshot::{NamedArray, WeightSnapshot},
    spec::ModelSpec,
};
use crate::{
    data::batches::{self, InputFormat, Normalisation},
    plain,
};

/// Why a network cannot be built or run.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The specification does not fit together.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The weights are those of another network.
    #[error("the weights do not belong to this network: {0}")]
    Weights(String),
    /// A weight is no number, or infinite.
    #[error("{0}: such a network answers nothing")]
    NotFinite(String),
    /// libtorch refused.
    #[error("{}", plain::torch(.0))]
    Torch(#[from] TchError),
}

/// Whether dropout and batch normalisation are at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Dropout drops; batch normalisation that is trained uses the batch.
    Train,
    /// Dropout passes everything through; batch normalisation uses its running values.
    Evaluate,
}

/// Where and how a network computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// CPU or GPU.
    pub device: Device,
    /// Channels beside each other in memory: faster, same numbers up to rounding.
    pub channels_last: bool,
    /// While training, convolutions and dense layers compute in bfloat16; weights and sums over batches stay f32.
    /// Evaluating is always f32, so that a model says the same wherever it is asked.
    pub bf16: bool,
}

impl Default for Placement {
    /// CPU, channels last, f32.
    fn default() -> Self {
        Self {
            device: Device::Cpu,
            channels_last: true,
            bf16: false,
        }
    }
}

/// An array of a node.
struct Parameter {
    name: String,
    value: Tensor,
    /// Changed by gradients; running means and variances are not.
    learned: bool,
}

/// A network on one device. Not shared between threads: each rebuilds its own from a [`WeightSnapshot`].
pub struct Network {
    spec: Arc<ModelSpec>,
    nodes: Arc<[Node]>,
    /// Position of the last node that reads each node's output; its own for the last node.
    last_reader: Vec<usize>,
    /// Whether the only node that reads each node's output may overwrite it.
    overwritable: Vec<bool>,
    /// Those of each node.
    arrays: Vec<Vec<Parameter>>,
    /// Nodes before it are frozen.
    trainable_from: usize,
    normalisation: Normalisation,
    placement: Placement,
}

impl Network {
    /// A network with initial weights drawn from `seed` as the specification says. A backbone's are random
    /// too, as torchvision's are, until [`Self::assign`] gives it others.
    ///
    /// # Errors
    /// When the specification does not fit together or libtorch refuses.
    pub fn new(
        spec: Arc<ModelSpec>,
        seed: u64,
        placement: Placement,
    ) -> Result<Self, NetworkError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let known = Arc::clone(&spec);
        Self::build(spec, placement, |node, _, shape, start| {
            let is_published = known.layers[node.layer].kind.published().is_some();
            let (initialisation, count) = (known.initialisation, shape.iter().product());
            Ok(first_values(
                initialisation,
                is_published,
                count,
                start,
                &mut rng,
            ))
        })
    }

    /// A network with the weights of `snapshot`.
    ///
    /// # Errors
    /// When a weight is missing, superfluous or of another shape.
    pub fn from_snapshot(
        snapshot: &WeightSnapshot,
        placement: Placement,
    ) -> Result<Self, NetworkError> {
        let network = Self::build(
            Arc::clone(&snapshot.spec),
            placement,
            |_, name, shape, _| {
                let array = snapshot
                    .array(name)
                    .ok_or_else(|| NetworkError::Weights(format!("{name} is missing")))?;
                check_shape(array, shape)?;
                Ok(array.values.clone())
            },
        )?;
        let is_extra = |array: &&NamedArray| network.parameter(&array.name).is_none();
        match snapshot.arrays.iter().find(is_extra) {
            Some(extra) => Err(belongs_nowhere(extra)),
            None => Ok(network),
        }
    }

    /// `values(node, name, shape, start)` gives each array's values.
    fn build(
        spec: Arc<ModelSpec>,
        placement: Placement,
        mut values: impl FnMut(&Node, &str, &[usize], Start) -> Result<Vec<f32>, NetworkError>,
    ) -> Result<Self, NetworkError> {
        let nodes: Arc<[Node]> = graph::nodes(&spec)?.into();
        let mut arrays = Vec::new();
        let mut last_reader: Vec<usize> = (0..nodes.len()).collect();
        let mut readers = vec![0; nodes.len()];
        for (index, node) in nodes.iter().enumerate() {
            let mut of_node = Vec::new();
            for (suffix, dims, start, learned) in node.op.arrays(node.shape.input) {
                let name = format!("{}.{suffix}", node.name);
                let array = values(node, &name, &dims, start)?;
                let value = parameter_tensor(&array, &dims, placement)?;
                of_node.push(Parameter {
                    name,
                    value: value.f_set_requires_grad(learned)?,
                    learned,
                });
            }
            arrays.push(of_node);
            for from in node.inputs.iter().flatten() {
                last_reader[*from] = index;
                readers[*from] += 1;
            }
        }
        // An earlier reader may need it on the way back.
        let overwritable = nodes.iter().zip(readers);
        let overwritable = overwritable
            .map(|(node, readers)| readers == 1 && node.op.is_output_free())
            .collect();
        let normalisation = Normalisation::new(spec.preprocessing.mean, spec.preprocessing.std);
        Ok(Self {
            spec,
            nodes,
            last_reader,
            overwritable,
            arrays,
            trainable_from: 0,
            normalisation,
            placement,
        })
    }

    /// The specification it was built from.
    pub fn spec(&self) -> &Arc<ModelSpec> {
        &self.spec
    }

    /// What it computes, in order.
    pub fn nodes(&self) -> &Arc<[Node]> {
        &self.nodes
    }

    /// Where it computes.
    pub fn placement(&self) -> Placement {
        self.placement
    }

    /// All arrays in node order: weights, biases, running means and variances.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        let all = self.arrays.iter().flatten();
        all.map(|parameter| (parameter.name.as_str(), &parameter.value))
    }

    /// What gradients change: weights and biases of nodes that are not frozen, in node order.
    pub fn trainable(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        let trainable = self.arrays.iter().skip(self.trainable_from).flatten();
        let learned = trainable.filter(|parameter| parameter.learned);
        learned.map(|parameter| (parameter.name.as_str(), &parameter.value))
    }

    /// Forgets the gradients of what is trained.
    pub fn zero_gradients(&self) {
        for (_, value) in self.trainable() {
            value.shallow_clone().zero_grad();
        }
    }

    fn parameter(&self, name: &str) -> Option<&Tensor> {
        self.parameters()
            .find(|(other, _)| *other == name)
            .map(|(_, value)| value)
    }

    /// Position of the first node that is not frozen.
    pub fn trainable_from(&self) -> usize {
        self.trainable_from
    }

    /// How many arrays, from the first on, belong to nodes that are frozen.
    pub fn frozen_arrays(&self) -> usize {
        let frozen = self.arrays.iter().take(self.trainable_from);
        frozen.map(Vec::len).sum()
    }

    /// Freezes all nodes before `node`: their weights get no gradients and their batch normalisation uses
    /// its running values.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn set_trainable_from(&mut self, node: usize) -> Result<(), TchError> {
        self.trainable_from = node;
        for (at, of_node) in self.arrays.iter_mut().enumerate() {
            for Parameter { value, learned, .. } in of_node {
                value.zero_grad();
                *value = value
                    .f_detach()?
                    .f_set_requires_grad(*learned && at >= node)?;
            }
        }
        Ok(())
    }

    /// Takes weights out of the tape, for inspections that differentiate by the image.
    pub fn freeze(&mut self) {
        for parameter in self.arrays.iter_mut().flatten() {
            parameter.value = parameter.value.detach();
        }
    }

    /// Overwrites arrays with those of the same names; the others stay.
    ///
    /// # Errors
    /// When one belongs to no node or has another shape; the arrays before it are overwritten then.
    pub fn assign(&mut self, arrays: &[NamedArray]) -> Result<(), NetworkError> {
        let _no_grad = tch::no_grad_guard();
        for array in arrays {
            let mut all = self.arrays.iter_mut().flatten();
            let parameter = all.find(|parameter| parameter.name == array.name);
            let value = &mut parameter.ok_or_else(|| belongs_nowhere(array))?.value;
            let dims: Vec<usize> = value.size().iter().map(|dim| *dim as usize).collect();
            check_shape(array, &dims)?;
            let source = Tensor::f_from_slice(&array.values)?.f_view(value.size().as_slice())?;
            value.f_copy_(&source)?;
        }
        Ok(())
    }

    /// Turns `bytes` of shape `[N, H, W, 3]` into the input tensor `[N, C, H, W]` this network expects.
    ///
    /// # Errors
    /// When the bytes are not whole images of the input size.
    pub fn input(&self, bytes: &[u8]) -> Result<Tensor, TchError> {
        batches::to_tensor(bytes, &self.input_format(), &self.normalisation)
    }

    /// Like [`Self::input`], with `change` applied to the values 0..1 before they are normalised.
    ///
    /// # Errors
    /// When the bytes are not whole images of the input size, or what `change` says.
    pub fn changed_input(
        &self,
        bytes: &[u8],
        change: impl FnOnce(&Tensor) -> Result<Tensor, TchError>,
    ) -> Result<Tensor, TchError> {
        let images = batches::to_unit_tensor(bytes, &self.input_format())?;
        self.normalisation.apply(&change(&images)?)
    }

    /// `images` `[N, C, H, W]` of values 0..1 as the first layer expects them.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn normalised(&self, images: &Tensor) -> Result<Tensor, TchError> {
        self.normalisation.apply(images)
    }

    fn input_format(&self) -> InputFormat {
        let input = self.spec.input;
        InputFormat {
            height: input.height,
            width: input.width,
            color_mode: input.color_mode,
            channels_last: self.placement.channels_last,
            device: self.placement.device,
        }
    }

    /// A deep copy of the weights.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn snapshot(
        &self,
        classes: &Arc<[String]>,
        epoch: usize,
    ) -> Result<WeightSnapshot, TchError> {
        let arrays = self
            .parameters()
            .map(|(name, value)| named_array(name, value))
            .collect::<Result<_, TchError>>()?;
        Ok(WeightSnapshot {
            spec: Arc::clone(&self.spec),
            classes: Arc::clone(classes),
            epoch,
            arrays,
        })
    }
}

fn check_shape(array: &NamedArray, shape: &[usize]) -> Result<(), NetworkError> {
    let (name, found) = (&array.name, &array.shape);
    if found == shape && array.values.len() == shape.iter().product::<usize>() {
        return Ok(());
    }
    Err(NetworkError::Weights(format!(
        "{name} is {found:?} instead of {shape:?}"
    )))
}

fn belongs_nowhere(array: &NamedArray) -> NetworkError {
    NetworkError::Weights(format!("{} belongs to no layer", array.name))
}

/// Copies a tensor out of libtorch.
///
/// # Errors
/// When libtorch refuses.
pub fn named_array(name: &str, value: &Tensor) -> Result<NamedArray, TchError> {
    let flat = value
        .f_detach()?
        .f_to_device(Device::Cpu)?
        .f_contiguous()?
        .f_flatten(0, -1)?;
    Ok(NamedArray {
        name: name.to_owned(),
        shape: value.size().into_iter().map(|dim| dim as usize).collect(),
        values: Vec::<f32>::try_from(&flat)?,
    })
}

fn parameter_tensor(
    values: &[f32],
    shape: &[usize],
    placement: Placement,
) -> Result<Tensor, TchError> {
    let dims: Vec<i64> = shape.iter().map(|&dim| dim as i64).collect();
    let tensor = Tensor::f_from_slice(values)?
        .f_to_kind(Kind::Float)?
        .f_view(dims.as_slice())?
        .f_to_device(placement.device)?;
    if !placement.channels_last || dims.len() != 4 {
        return Ok(tensor);
    }
    tensor
        .f_permute([0, 2, 3, 1])?
        .f_contiguous()?
        .f_permute([0, 3, 1, 2])
}

#[cfg(test)]
mod tests;
