//! A specification made runnable: libtorch parameters and a forward pass whose every node can be tapped.

use std::sync::Arc;

use tch::{Device, Kind, TchError, Tensor};

use super::{
    compute::{self, Weights},
    graph::{self, Node, Wire},
    parameters::{Initial, Start, needed},
    shapes::ShapeError,
    snapshot::{NamedArray, WeightSnapshot},
    spec::ModelSpec,
};
use crate::data::batches::{self, InputFormat, Normalisation};

/// Why a network cannot be built or run.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The specification does not fit together.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The weights are those of another network.
    #[error("the weights do not belong to this network: {0}")]
    Weights(String),
    /// libtorch refused.
    #[error("libtorch: {0}")]
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
    /// Position of its node.
    node: usize,
    /// Changed by gradients; running means and variances are not.
    learned: bool,
}

/// Sees the position and the output of each node as it is computed.
type Tap<'a> = &'a mut dyn FnMut(usize, &Tensor);

/// A network on one device. Not shared between threads: each rebuilds its own from a [`WeightSnapshot`].
pub struct Network {
    spec: Arc<ModelSpec>,
    nodes: Arc<[Node]>,
    /// Position of each node's first parameter, and how many it has.
    slots: Vec<(usize, usize)>,
    /// Position of the last node that reads each node's output; its own for the last node.
    last_reader: Vec<usize>,
    parameters: Vec<Parameter>,
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
        let mut initial = Initial::new(spec.initialisation, seed);
        Self::build(spec, placement, |name, shape, start| {
            Ok(initial.values(name, shape.iter().product(), start))
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
        let network = Self::build(Arc::clone(&snapshot.spec), placement, |name, shape, _| {
            let array = snapshot
                .array(name)
                .ok_or_else(|| NetworkError::Weights(format!("{name} is missing")))?;
            check_shape(array, shape)?;
            Ok(array.values.clone())
        })?;
        let is_extra = |array: &&NamedArray| network.parameter(&array.name).is_none();
        match snapshot.arrays.iter().find(is_extra) {
            Some(extra) => Err(belongs_nowhere(extra)),
            None => Ok(network),
        }
    }

    /// `values(name, shape, start)` gives each array's values.
    fn build(
        spec: Arc<ModelSpec>,
        placement: Placement,
        mut values: impl FnMut(&str, &[usize], Start) -> Result<Vec<f32>, NetworkError>,
    ) -> Result<Self, NetworkError> {
        let nodes: Arc<[Node]> = graph::nodes(&spec)?.into();
        let mut slots = Vec::new();
        let mut parameters = Vec::new();
        let mut last_reader: Vec<usize> = (0..nodes.len()).collect();
        for (index, node) in nodes.iter().enumerate() {
            let first = parameters.len();
            for (suffix, dims, start, learned) in needed(&node.op, node.shape.input) {
                let name = format!("{}.{suffix}", node.name);
                let array = values(&name, &dims, start)?;
                let value = parameter_tensor(&array, &dims, placement)?;
                parameters.push(Parameter {
                    name,
                    value: value.f_set_requires_grad(learned)?,
                    node: index,
                    learned,
                });
            }
            slots.push((first, parameters.len() - first));
            for wire in &node.inputs {
                if let Wire::Node(from) = wire {
                    last_reader[*from] = index;
                }
            }
        }
        let normalisation = Normalisation::new(spec.preprocessing.mean, spec.preprocessing.std);
        Ok(Self {
            spec,
            nodes,
            slots,
            last_reader,
            parameters,
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
        self.parameters.iter().map(|p| (p.name.as_str(), &p.value))
    }

    /// What gradients change: weights and biases of nodes that are not frozen, in node order.
    pub fn trainable(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        let is_trainable = |p: &&Parameter| p.learned && p.node >= self.trainable_from;
        let trainable = self.parameters.iter().filter(is_trainable);
        trainable.map(|p| (p.name.as_str(), &p.value))
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

    /// Freezes all nodes before `node`: their weights get no gradients and their batch normalisation uses
    /// its running values.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn set_trainable_from(&mut self, node: usize) -> Result<(), TchError> {
        self.trainable_from = node;
        for parameter in &mut self.parameters {
            let wanted = parameter.learned && parameter.node >= node;
            parameter.value.zero_grad();
            parameter.value = parameter.value.f_detach()?.f_set_requires_grad(wanted)?;
        }
        Ok(())
    }

    /// Takes weights out of the tape, for inspections that differentiate by the image.
    pub fn freeze(&mut self) {
        for parameter in &mut self.parameters {
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
            let parameter = self.parameters.iter_mut().find(|p| p.name == array.name);
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

    /// Logits `[N, logits]` of `input` `[N, C, H, W]`.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn forward(&self, input: &Tensor, mode: Mode) -> Result<Tensor, TchError> {
        self.run(input, mode, (0, self.nodes.len()), None)
    }

    /// Like [`Self::forward`]; `tap(index, output)` sees each node's output.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn forward_tapped(
        &self,
        input: &Tensor,
        mode: Mode,
        mut tap: impl FnMut(usize, &Tensor),
    ) -> Result<Tensor, TchError> {
        self.run(input, mode, (0, self.nodes.len()), Some(&mut tap))
    }

    /// The output of the node before `end`: only the nodes `0..end` run.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn forward_until(
        &self,
        input: &Tensor,
        mode: Mode,
        end: usize,
        mut tap: impl FnMut(usize, &Tensor),
    ) -> Result<Tensor, TchError> {
        self.run(input, mode, (0, end), Some(&mut tap))
    }

    /// The output of the node before `end`, when `input` is that of the node before `start`. No node from
    /// `start` on may read anything older: it must be a boundary between layers.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn forward_between(
        &self,
        input: &Tensor,
        mode: Mode,
        range: (usize, usize),
    ) -> Result<Tensor, TchError> {
        self.run(input, mode, range, None)
    }

    /// Like [`Self::forward_between`]; `tap(index, output)` sees each node's output.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn forward_between_tapped(
        &self,
        input: &Tensor,
        mode: Mode,
        range: (usize, usize),
        mut tap: impl FnMut(usize, &Tensor),
    ) -> Result<Tensor, TchError> {
        self.run(input, mode, range, Some(&mut tap))
    }

    fn run(
        &self,
        input: &Tensor,
        mode: Mode,
        (start, end): (usize, usize),
        mut tap: Option<Tap<'_>>,
    ) -> Result<Tensor, TchError> {
        let lost = || TchError::Torch("a node's input is no longer there".into());
        let end = end.min(self.nodes.len());
        let mut outputs: Vec<Option<Tensor>> = (0..end).map(|_| None).collect();
        let mut last = input.shallow_clone();
        for (index, node) in self.nodes.iter().enumerate().take(end).skip(start) {
            let mut inputs = Vec::with_capacity(node.inputs.len());
            // Whether nobody else will see the first input again, so that it may be overwritten.
            let mut mine = false;
            for wire in &node.inputs {
                inputs.push(match *wire {
                    Wire::Node(from) if from >= start => {
                        let output = &mut outputs[from];
                        let is_last = self.last_reader[from] == index;
                        // A tap may have kept it.
                        mine = is_last && tap.is_none() && inputs.is_empty();
                        let value = if is_last {
                            output.take()
                        } else {
                            output.as_ref().map(Tensor::shallow_clone)
                        };
                        value.ok_or_else(lost)?
                    }
                    _ => input.shallow_clone(),
                });
            }
            let (first, count) = self.slots[index];
            let weights = Weights {
                arrays: self.parameters[first..first + count]
                    .iter()
                    .map(|p| &p.value)
                    .collect(),
                bf16: self.placement.bf16 && mode == Mode::Train,
                training: mode == Mode::Train,
                frozen: index < self.trainable_from,
            };
            drop(std::mem::replace(
                &mut last,
                compute::apply(&node.op, &inputs, mine, &weights)?,
            ));
            drop(inputs);
            if let Some(tap) = &mut tap {
                tap(index, &last);
            }
            if self.last_reader[index] > index {
                outputs[index] = Some(last.shallow_clone());
            }
        }
        last.f_to_kind(Kind::Float)
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
mod tests {
    use super::*;
    use crate::model::spec::Initialisation;
    use crate::train::Experiment;

    fn shapes_spec() -> Arc<ModelSpec> {
        let path = crate::resources::find("assets/recipes/shapes.ron").unwrap();
        Arc::new(Experiment::load(&path).unwrap().model)
    }

    #[test]
    fn every_layer_gives_the_shape_that_arithmetic_says() {
        let network = Network::new(shapes_spec(), 1, Placement::default()).unwrap();
        let input = network.input(&[128; 2 * 128 * 128 * 3]).unwrap();
        let mut seen = Vec::new();
        let logits = network
            .forward_tapped(&input, Mode::Evaluate, |_, out| seen.push(out.size()))
            .unwrap();
        assert_eq!(logits.size(), [2, 3]);
        for (size, shape) in seen.iter().zip(network.nodes().iter()) {
            let dims: Vec<i64> = shape
                .shape
                .output
                .dims()
                .into_iter()
                .map(|d| d as i64)
                .collect();
            assert_eq!(size[1..], dims);
        }
        let counted: usize = network.parameters().map(|(_, value)| value.numel()).sum();
        assert_eq!(
            counted,
            network
                .nodes()
                .iter()
                .map(|node| node.shape.parameters)
                .sum::<usize>()
        );
    }

    #[test]
    fn a_snapshot_rebuilds_the_same_network_in_either_layout() {
        let network = Network::new(shapes_spec(), 3, Placement::default()).unwrap();
        let classes: Arc<[String]> = ["a", "b", "c"].map(String::from).into();
        let snapshot = network.snapshot(&classes, 0).unwrap();
        let bytes: Vec<u8> = (0..128 * 128 * 3).map(|i| (i % 251) as u8).collect();
        let logits = |network: &Network| {
            let output = network
                .forward(&network.input(&bytes).unwrap(), Mode::Evaluate)
                .unwrap();
            Vec::<f32>::try_from(output.flatten(0, -1)).unwrap()
        };
        let expected = logits(&network);
        for channels_last in [true, false] {
            let placement = Placement {
                channels_last,
                ..Placement::default()
            };
            let copy = Network::from_snapshot(&snapshot, placement).unwrap();
            for (a, b) in logits(&copy).iter().zip(&expected) {
                assert!((a - b).abs() < 1e-5, "{a} {b}");
            }
        }
    }

    #[test]
    fn bfloat16_trains_nearly_the_same_and_evaluates_exactly_the_same() {
        let mut spec = ModelSpec::clone(&shapes_spec());
        // Dropout would draw other values for each.
        spec.layers.retain(|layer| !layer.name.starts_with("drop"));
        let spec = Arc::new(spec);
        let network = |bf16: bool| {
            let placement = Placement {
                bf16,
                ..Placement::default()
            };
            Network::new(Arc::clone(&spec), 3, placement).unwrap()
        };
        let (exact, rounded) = (network(false), network(true));
        let bytes: Vec<u8> = (0..2 * 128 * 128 * 3).map(|i| (i % 251) as u8).collect();
        let input = exact.input(&bytes).unwrap();
        let of = |network: &Network, mode| network.forward(&input, mode).unwrap();
        let evaluated = of(&exact, Mode::Evaluate);
        assert!(of(&rounded, Mode::Evaluate).equal(&evaluated));
        let trained = of(&rounded, Mode::Train);
        assert_eq!(trained.kind(), Kind::Float);
        assert!(!trained.equal(&evaluated), "fewer digits");
        assert!(trained.allclose(&evaluated, 0.05, 0.02, false));
        trained.sum(Kind::Float).backward();
        let gradients = rounded.trainable().map(|(_, value)| value.grad());
        assert!(
            gradients
                .into_iter()
                .all(|g| g.kind() == Kind::Float && g.abs().max().double_value(&[]) > 0.0)
        );
    }

    #[test]
    fn foreign_weights_are_refused_by_name() {
        let network = Network::new(shapes_spec(), 3, Placement::default()).unwrap();
        let good = network.snapshot(&Arc::from([]), 0).unwrap();
        let mut missing = good.clone();
        missing.arrays.remove(0);
        let mut wrong = good.clone();
        wrong.arrays[1].shape = vec![99];
        let mut extra = good.clone();
        extra.arrays.push(NamedArray {
            name: "ghost.weight".into(),
            shape: vec![0],
            values: vec![],
        });
        for (snapshot, part) in [
            (missing, "conv1.weight is missing"),
            (wrong, "conv1.bias"),
            (extra, "ghost"),
        ] {
            let error = Network::from_snapshot(&snapshot, Placement::default())
                .err()
                .unwrap();
            assert!(error.to_string().contains(part), "{error}");
        }
    }

    #[test]
    fn a_grey_network_sees_one_channel_of_luma() {
        let mut spec = ModelSpec::clone(&shapes_spec());
        spec.input.color_mode = crate::model::spec::ColorMode::Grayscale;
        let network = Network::new(Arc::new(spec), 3, Placement::default()).unwrap();
        assert_eq!(network.nodes()[0].shape.parameters, 12 * 9 + 12);
        let red = [255, 0, 0].repeat(128 * 128);
        let luma = [76, 76, 76].repeat(128 * 128);
        let of = |bytes: &[u8]| {
            let input = network.input(bytes).unwrap();
            assert_eq!(input.size(), [1, 1, 128, 128]);
            network.forward(&input, Mode::Evaluate).unwrap()
        };
        assert!(of(&red).equal(&of(&luma)), "red looks like its luma");
        assert!(!of(&red).equal(&of(&[0, 255, 0].repeat(128 * 128))));
    }

    /// VGG16 has no batch normalisation that would bring a fading signal back.
    #[test]
    fn a_backbone_from_scratch_begins_with_signals_of_a_useful_size() {
        use crate::model::{backbones::top, spec::Backbone};
        let mut spec = top::imagenet(Backbone::Vgg16, 2);
        (spec.input.height, spec.input.width) = (32, 32);
        spec.layers.truncate(1);
        let network = Network::new(Arc::new(spec), 5, Placement::default()).unwrap();
        let weight = network.parameter("base.features.5.weight").unwrap();
        let std = weight.std(true).double_value(&[]);
        assert!(
            (std / (2.0 / (128.0 * 9.0f64)).sqrt() - 1.0).abs() < 0.02,
            "{std}"
        );
        let bias = network.parameter("base.features.5.bias").unwrap();
        assert_eq!(bias.abs().max().double_value(&[]), 0.0);
        let bytes: Vec<u8> = (0..32 * 32 * 3).map(|i| (i * 37 % 251) as u8).collect();
        let input = network.input(&bytes).unwrap();
        let output = network.forward(&input, Mode::Evaluate).unwrap();
        let size = output.std(true).double_value(&[]);
        assert!((0.05..20.0).contains(&size), "{size}");
    }

    #[test]
    fn initial_weights_follow_the_framework() {
        let mut spec = (*shapes_spec()).clone();
        spec.layers.truncate(1);
        let values = |initialisation| {
            let spec = ModelSpec {
                initialisation,
                ..spec.clone()
            };
            let network = Network::new(Arc::new(spec), 5, Placement::default()).unwrap();
            network.snapshot(&Arc::from([]), 0).unwrap().arrays
        };
        let largest = |array: &NamedArray| array.values.iter().fold(0f32, |m, v| m.max(v.abs()));
        let torch = values(Initialisation::PyTorch);
        let bound = 1.0 / 27f32.sqrt();
        assert!(largest(&torch[0]) <= bound && largest(&torch[0]) > 0.95 * bound);
        assert!(largest(&torch[1]) <= bound && largest(&torch[1]) > 0.0);
        let keras = values(Initialisation::Keras);
        let bound = (6.0 / (27.0 + 108.0f32)).sqrt();
        assert!(largest(&keras[0]) <= bound && largest(&keras[0]) > 0.95 * bound);
        assert_eq!(largest(&keras[1]), 0.0);
    }
}
