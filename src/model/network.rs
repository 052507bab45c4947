//! A specification made runnable: libtorch parameters and a forward pass whose every layer can be tapped.

use std::sync::Arc;

use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, TchError, Tensor};

use super::{
    shapes::{LayerShape, Shape, ShapeError, layer_shapes, padding_pixels},
    snapshot::{NamedArray, WeightSnapshot},
    spec::{Initialisation, LayerKind, ModelSpec},
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

/// Whether dropout is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Dropout drops.
    Train,
    /// Dropout passes everything through.
    Evaluate,
}

/// Where and how a network computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// CPU or GPU.
    pub device: Device,
    /// Channels beside each other in memory: faster, same numbers up to rounding.
    pub channels_last: bool,
}

impl Default for Placement {
    /// CPU, channels last.
    fn default() -> Self {
        Self {
            device: Device::Cpu,
            channels_last: true,
        }
    }
}

/// A parameter's place in its layer.
struct Parameter {
    name: String,
    value: Tensor,
}

/// What one layer needs at run time.
struct Layer {
    kind: LayerKind,
    /// Position of the weight in the parameters; the bias follows it.
    weight: Option<usize>,
    padding: i64,
}

/// A network on one device. Not shared between threads: each rebuilds its own from a [`WeightSnapshot`].
pub struct Network {
    spec: Arc<ModelSpec>,
    shapes: Vec<LayerShape>,
    layers: Vec<Layer>,
    parameters: Vec<Parameter>,
    normalisation: Normalisation,
    placement: Placement,
}

impl Network {
    /// A network with initial weights drawn from `seed` as the specification says.
    ///
    /// # Errors
    /// When the specification does not fit together or libtorch refuses.
    pub fn new(
        spec: Arc<ModelSpec>,
        seed: u64,
        placement: Placement,
    ) -> Result<Self, NetworkError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let initialisation = spec.initialisation;
        Self::build(spec, placement, |_, shape, fan| {
            let count: usize = shape.iter().product();
            let bound = initial_bound(initialisation, shape.len() == 1, fan);
            Ok((0..count)
                .map(|_| (2.0 * rng.random::<f32>() - 1.0) * bound)
                .collect())
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
            if array.shape != shape || array.values.len() != shape.iter().product::<usize>() {
                let found = &array.shape;
                return Err(NetworkError::Weights(format!(
                    "{name} is {found:?} instead of {shape:?}"
                )));
            }
            Ok(array.values.clone())
        })?;
        if let Some(extra) = snapshot
            .arrays
            .iter()
            .find(|a| network.parameter(&a.name).is_none())
        {
            return Err(NetworkError::Weights(format!(
                "{} belongs to no layer",
                extra.name
            )));
        }
        Ok(network)
    }

    /// `values(name, shape, (fan_in, fan_out))` gives each parameter's values.
    fn build(
        spec: Arc<ModelSpec>,
        placement: Placement,
        mut values: impl FnMut(&str, &[usize], (usize, usize)) -> Result<Vec<f32>, NetworkError>,
    ) -> Result<Self, NetworkError> {
        let shapes = layer_shapes(&spec)?;
        let mut layers = Vec::new();
        let mut parameters = Vec::new();
        for (layer, shape) in spec.layers.iter().zip(&shapes) {
            let weight = weight_shape(&layer.kind, shape.input);
            let weight_index = weight.as_ref().map(|_| parameters.len());
            if let Some(weight) = weight {
                let receptive: usize = weight[2..].iter().product();
                let fan = (weight[1] * receptive, weight[0] * receptive);
                for (suffix, dims) in [("weight", weight.as_slice()), ("bias", &weight[..1])] {
                    let name = format!("{}.{suffix}", layer.name);
                    let array = values(&name, dims, fan)?;
                    let value = parameter_tensor(&array, dims, placement)?;
                    parameters.push(Parameter { name, value });
                }
            }
            let padding = match layer.kind {
                // The shapes above would have refused an impossible padding.
                LayerKind::Conv2d {
                    kernel, padding, ..
                } => padding_pixels(padding, kernel).unwrap_or(0),
                _ => 0,
            };
            layers.push(Layer {
                kind: layer.kind.clone(),
                weight: weight_index,
                padding: padding as i64,
            });
        }
        let normalisation = Normalisation::new(spec.preprocessing.mean, spec.preprocessing.std);
        Ok(Self {
            spec,
            shapes,
            layers,
            parameters,
            normalisation,
            placement,
        })
    }

    /// The specification it was built from.
    pub fn spec(&self) -> &Arc<ModelSpec> {
        &self.spec
    }

    /// Shapes of its layers.
    pub fn shapes(&self) -> &[LayerShape] {
        &self.shapes
    }

    /// Where it computes.
    pub fn placement(&self) -> Placement {
        self.placement
    }

    /// Weights and biases in layer order; each requires gradients.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.parameters.iter().map(|p| (p.name.as_str(), &p.value))
    }

    fn parameter(&self, name: &str) -> Option<&Tensor> {
        self.parameters()
            .find(|(other, _)| *other == name)
            .map(|(_, value)| value)
    }

    /// Takes weights out of the tape, for inspections that differentiate by the image.
    pub fn freeze(&mut self) {
        for parameter in &mut self.parameters {
            parameter.value = parameter.value.detach();
        }
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

    /// Logits `[N, classes]` of `input` `[N, 3, H, W]`.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn forward(&self, input: &Tensor, mode: Mode) -> Result<Tensor, TchError> {
        self.forward_tapped(input, mode, |_, _| {})
    }

    /// Like [`Self::forward`]; `tap(index, output)` sees each layer's output.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn forward_tapped(
        &self,
        input: &Tensor,
        mode: Mode,
        tap: impl FnMut(usize, &Tensor),
    ) -> Result<Tensor, TchError> {
        self.forward_until(input, mode, self.layers.len(), tap)
    }

    /// The output of the layer before `end`: only the layers `0..end` run.
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
        let mut current = input.shallow_clone();
        for (index, layer) in self.layers.iter().take(end).enumerate() {
            current = self.apply(layer, &current, mode)?;
            tap(index, &current);
        }
        Ok(current)
    }

    fn apply(&self, layer: &Layer, input: &Tensor, mode: Mode) -> Result<Tensor, TchError> {
        let training = mode == Mode::Train;
        match (&layer.kind, layer.weight) {
            (LayerKind::Conv2d { stride, .. }, Some(at)) => {
                let (weight, bias) = (&self.parameters[at].value, &self.parameters[at + 1].value);
                let stride = [*stride as i64; 2];
                input.f_conv2d(weight, Some(bias), stride, [layer.padding; 2], [1, 1], 1)
            }
            (LayerKind::Dense { .. }, Some(at)) => {
                let (weight, bias) = (&self.parameters[at].value, &self.parameters[at + 1].value);
                input.f_linear(weight, Some(bias))
            }
            (LayerKind::MaxPool2d { size, stride }, _) => {
                let (size, stride) = ([*size as i64; 2], [*stride as i64; 2]);
                input.f_max_pool2d(size, stride, [0, 0], [1, 1], false)
            }
            (LayerKind::Dropout { rate }, _) => input.f_dropout(*rate, training),
            (LayerKind::Dropout2d { rate }, _) => input.f_feature_dropout(*rate, training),
            (LayerKind::Flatten, _) => input.f_flatten(1, -1),
            (LayerKind::Relu, _) => input.f_relu(),
            // `build` gives every convolution and dense layer its weight.
            (LayerKind::Conv2d { .. } | LayerKind::Dense { .. }, None) => {
                Err(TchError::Torch("a layer has lost its weight".into()))
            }
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

fn weight_shape(kind: &LayerKind, input: Shape) -> Option<Vec<usize>> {
    match (kind, input) {
        (
            LayerKind::Conv2d {
                filters, kernel, ..
            },
            Shape::Maps { channels, .. },
        ) => Some(vec![*filters, channels, *kernel, *kernel]),
        (LayerKind::Dense { units }, input) => Some(vec![*units, input.values()]),
        _ => None,
    }
}

fn initial_bound(
    initialisation: Initialisation,
    is_bias: bool,
    (fan_in, fan_out): (usize, usize),
) -> f32 {
    match (initialisation, is_bias) {
        (Initialisation::PyTorch, _) => 1.0 / (fan_in as f32).sqrt(),
        (Initialisation::Keras, false) => (6.0 / (fan_in + fan_out) as f32).sqrt(),
        (Initialisation::Keras, true) => 0.0,
    }
}

fn parameter_tensor(
    values: &[f32],
    shape: &[usize],
    placement: Placement,
) -> Result<Tensor, TchError> {
    let dims: Vec<i64> = shape.iter().map(|&dim| dim as i64).collect();
    let mut tensor = Tensor::f_from_slice(values)?
        .f_to_kind(Kind::Float)?
        .f_view(dims.as_slice())?
        .f_to_device(placement.device)?;
    if placement.channels_last && dims.len() == 4 {
        tensor = tensor
            .f_permute([0, 2, 3, 1])?
            .f_contiguous()?
            .f_permute([0, 3, 1, 2])?;
    }
    tensor.f_set_requires_grad(true)
}

#[cfg(test)]
mod tests {
    use super::*;
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
        for (size, shape) in seen.iter().zip(network.shapes()) {
            let dims: Vec<i64> = shape.output.dims().into_iter().map(|d| d as i64).collect();
            assert_eq!(size[1..], dims);
        }
        let counted: usize = network.parameters().map(|(_, value)| value.numel()).sum();
        assert_eq!(
            counted,
            network.shapes().iter().map(|s| s.parameters).sum::<usize>()
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
        assert_eq!(network.shapes()[0].parameters, 12 * 9 + 12);
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
