//! One step of training through every ordered pair of layers: what may be overwritten is overwritten only where the
//! way back does not need it.
//!
//! `cargo test --test library layer_pairs -- --nocapture` lists the pairs that train and those that do not fit together.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::{collections::BTreeMap, sync::Arc};

use crate::reference::take_turns;

use convscope::{
    model::{
        LayerKind, LayerSpec, ModelSpec, NamedArray, Network, WeightSnapshot, graph,
        layers::{self, Layer as _},
        network::{Mode, Placement},
        parameters,
        spec::{
            Activation, Backbone, ColorMode, Head, InitialWeights, Initialisation, InputSpec,
            Padding, Preprocessing,
        },
    },
    train::loss::Loss,
};
use tch::Tensor;

/// Sides of the image and whether it is made a row first, in the order in which they are tried: small ones are fast, a
/// backbone halves five times, and a dense layer wants a row.
const INPUTS: [(usize, bool); 4] = [(8, false), (8, true), (32, false), (64, false)];
const CLASSES: usize = 3;
const IMAGES: usize = 2;
/// Weights repeat after so many.
const PRIME: usize = 4_799;
/// As a share of the largest value.
const TOLERANCE: f64 = 1e-3;

/// Of a dense layer: those that overwrite, those whose way back needs what they gave, and those that need neither.
/// Convolutions, which compute them alike, have them all.
const OF_DENSE: [Activation; 4] = [
    Activation::Linear,
    Activation::Relu,
    Activation::Tanh,
    Activation::Gelu,
];

/// Every kind of layer, small, and with three maps everywhere, because a backbone wants colours.
fn units() -> Vec<(String, LayerKind)> {
    let conv = |filters, activation| layers::Conv2d {
        filters,
        activation,
        ..layers::Conv2d::fresh()
    };
    let block = |filters, activation| layers::Residual {
        layers: vec![
            LayerSpec::new("conv", conv(filters, Activation::Relu)),
            LayerSpec::new("norm", layers::BatchNorm2d::fresh()),
        ],
        normalise_shortcut: true,
        activation,
    };
    let mut units = Vec::new();
    for kind in LayerKind::all() {
        let all = Activation::ALL.into_iter();
        let variants: Vec<LayerKind> = match kind {
            LayerKind::Conv2d(_) => all.map(|activation| conv(3, activation).into()).collect(),
            LayerKind::Activation(_) => all_activations().collect(),
            LayerKind::Dense(_) => OF_DENSE
                .map(|activation| {
                    layers::Dense {
                        units: 5,
                        activation,
                    }
                    .into()
                })
                .into(),
            LayerKind::SeparableConv2d(separable) => {
                vec![
                    layers::SeparableConv2d {
                        filters: 3,
                        ..separable
                    }
                    .into(),
                ]
            }
            // The input itself, and projected.
            LayerKind::Residual(_) => vec![
                block(3, Activation::Linear).into(),
                block(5, Activation::Relu).into(),
            ],
            LayerKind::Backbone(_) => vec![backbone(Backbone::MobileNetV2)],
            kind => vec![kind],
        };
        let named = |kind: LayerKind| (kind.describe(), kind);
        units.extend(variants.into_iter().map(named));
    }
    units
}

fn backbone(architecture: Backbone) -> LayerKind {
    LayerKind::Backbone(layers::Backbone {
        architecture,
        weights: InitialWeights::Random,
        batch_norm_inference: true,
    })
}

/// A network with these layers between a convolution, so that there is a way back through them, and the logits;
/// `None` when they do not fit together.
fn network(between: &[&LayerKind]) -> Option<Network> {
    let network = |(side, is_row)| {
        let spec = spec(side, is_row, between);
        let arrays = parameters::array_shapes(&graph::nodes(&spec).ok()?).into_iter();
        let snapshot = WeightSnapshot {
            spec: Arc::new(spec),
            classes: Arc::from([]),
            epoch: 0,
            arrays: arrays.map(weights).collect(),
        };
        Some(Network::from_snapshot(&snapshot, Placement::default()).unwrap())
    };
    INPUTS.into_iter().find_map(network)
}

/// Weights that are had at once, where drawing those of a backbone takes longer than the step: a row of numbers without
/// order, over and over, of He's size; normalisations begin as ever.
fn weights((name, shape): (String, Vec<usize>)) -> NamedArray {
    let count = shape.iter().product();
    let fan_in: usize = shape.iter().skip(1).product();
    let values = if shape.len() > 1 {
        let bound = (6.0 / fan_in as f32).sqrt();
        let row = (1..PRIME).map(|at| (at * at * at % PRIME) as f32 / PRIME as f32 * 2.0 - 1.0);
        let row: Vec<f32> = row.map(|value| value * bound).collect();
        let mut values = row.repeat(count / row.len() + 1);
        values.truncate(count);
        values
    } else {
        let is_one = name.ends_with("weight") || name.ends_with("running_var");
        vec![if is_one { 1.0 } else { 0.0 }; count]
    };
    NamedArray {
        name,
        shape,
        values,
    }
}

fn spec(side: usize, is_row: bool, between: &[&LayerKind]) -> ModelSpec {
    let conv = LayerKind::Conv2d(layers::Conv2d {
        filters: 3,
        kernel: 3.into(),
        stride: 1.into(),
        padding: Padding::Same,
        dilation: 1.into(),
        activation: Activation::Linear,
    });
    let mut kinds = vec![conv];
    kinds.extend(is_row.then_some(LayerKind::Flatten(layers::Flatten)));
    kinds.extend(between.iter().map(|kind| (*kind).clone()));
    kinds.push(LayerKind::Flatten(layers::Flatten));
    kinds.push(LayerKind::Dense(layers::Dense {
        units: CLASSES,
        activation: Activation::Linear,
    }));
    let layer = |(at, kind)| LayerSpec::new(format!("layer{at}"), kind);
    ModelSpec {
        name: "pair".into(),
        input: InputSpec {
            height: side,
            width: side,
            color_mode: ColorMode::Rgb,
            ..InputSpec::default()
        },
        preprocessing: Preprocessing::default(),
        initialisation: Initialisation::PyTorch,
        layers: kinds.into_iter().enumerate().map(layer).collect(),
        head: Head::Softmax,
    }
}

type Gradients = BTreeMap<String, Tensor>;

/// Gradients of one step; with `keeps` every output is kept, so that nothing is overwritten.
fn step(network: &Network, keeps: bool) -> Result<Gradients, tch::TchError> {
    let side = network.spec().input.height;
    let pixels: Vec<u8> = (0..IMAGES * side * side * 3)
        .map(|i| ((37 * i + i / 96) % 251) as u8)
        .collect();
    network.zero_gradients();

    // Dropout drops the same.
    tch::manual_seed(7);
    let input = network.input(&pixels)?;
    let mut kept = Vec::new();
    let logits = if keeps {
        let mut tap = |_: usize, output: &Tensor| kept.push(output.shallow_clone());
        network.forward_between(&input, Mode::Train, (0, usize::MAX), Some(&mut tap))?
    } else {
        network.forward(&input, Mode::Train)?
    };
    let target = Tensor::from_slice(&[0i64, 2]);
    Loss::new(network, None, 0.0)
        .training(network, &logits, &target)?
        .f_backward()?;
    let gradient = |(name, value): (&str, &Tensor)| (name.to_owned(), value.grad().copy());
    Ok(network.trainable().map(gradient).collect())
}

/// What is wrong with one step through `between`; `None` when nothing is.
fn fault(network: &Network) -> Option<String> {
    let _turn = take_turns();
    // Two threads only wait for each other over networks this small.
    tch::set_num_threads(1);
    let found = match step(network, false) {
        Ok(found) => found,
        Err(error) => return Some(error.to_string().lines().next()?.to_owned()),
    };
    let expected = step(network, true).unwrap();
    let size = |values: &Tensor| values.abs().max().double_value(&[]);
    let largest = expected.values().map(size).fold(0.0, f64::max);
    for (name, values) in &found {
        if !size(values).is_finite() {
            return Some(format!("{name} is not finite"));
        }
        // Sums may be taken in another order where values lie elsewhere in memory.
        let tolerance = TOLERANCE * (size(&expected[name]) + TOLERANCE * largest);
        if size(&(values - &expected[name])) > tolerance {
            return Some(format!(
                "{name} is not what it is when nothing is overwritten"
            ));
        }
    }
    None
}

#[test]
fn every_ordered_pair_of_layers_trains() {
    let units = units();
    let (mut trains, mut unfit, mut faults) = (0, 0, Vec::new());
    for (first, a) in &units {
        let (mut after, mut never) = (Vec::new(), Vec::new());
        for (second, b) in &units {
            let Some(network) = network(&[a, b]) else {
                never.push(second.as_str());
                continue;
            };
            match fault(&network) {
                None => after.push(second.as_str()),
                Some(fault) => faults.push(format!("{first} → {second}: {fault}")),
            }
        }
        trains += after.len();
        unfit += never.len();
        println!("{first} → {}", after.join(", "));
        if !never.is_empty() {
            println!("    does not fit before {}", never.join(", "));
        }
    }
    println!("{trains} ordered pairs train, {unfit} do not fit together");
    assert!(
        faults.is_empty(),
        "{} pairs:\n{}",
        faults.len(),
        faults.join("\n")
    );
    // What gives a row (flatten, global pooling, dense) fits before no layer that wants maps (convolutions, pooling,
    // batch normalisation, channel dropout, residual block, backbone), and what needs maps to be what it is before no
    // dense layer.
    let (convs, dense) = (Activation::ALL.len() + 2, OF_DENSE.len());
    let (rows, want_maps, give_maps) = (dense + 3, convs + 9, convs + 7);
    assert_eq!(unfit, rows * want_maps + give_maps * dense);
    assert_eq!(trains + unfit, units.len() * units.len());
}

/// Sums and products have two inputs, and some outputs are read twice.
#[test]
fn every_backbone_trains_before_and_behind_an_activation() {
    for architecture in Backbone::ALL {
        // Those that overwrite.
        for activation in [Activation::Relu, Activation::Relu6] {
            let activation = LayerKind::Activation(layers::Activation(activation));
            let network = network(&[&activation, &backbone(architecture), &activation]).unwrap();
            assert_eq!(fault(&network), None, "{architecture:?} and {activation:?}");
        }
    }
}

fn all_activations() -> impl Iterator<Item = LayerKind> {
    let all = Activation::ALL.into_iter();
    all.map(|activation| layers::Activation(activation).into())
}

/// Flattening and linear activations hand on the very values that they get, and dropout may.
#[test]
fn an_activation_reaches_through_layers_that_hand_values_on() {
    let relays = [
        LayerKind::Flatten(layers::Flatten),
        LayerKind::Activation(layers::Activation(Activation::Linear)),
        LayerKind::Dropout(layers::Dropout { rate: 0.0 }),
        LayerKind::Dropout2d(layers::Dropout2d { rate: 0.3 }),
    ];
    for relay in &relays {
        for first in all_activations() {
            for second in all_activations() {
                let network = network(&[&first, relay, &second]).unwrap();
                assert_eq!(fault(&network), None, "{first:?}, {relay:?}, {second:?}");
            }
        }
    }
}
