//! Losses, L2 penalties, clipped gradients and batch normalisation give PyTorch's and Keras' values and gradients.
//!
//! `tests/reference/losses.json` says which versions made the numbers and with which script.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::{collections::BTreeMap, sync::Arc};

use crate::reference::read_json;
use convscope::{
    model::{
        LayerKind, LayerSpec, ModelSpec, NamedArray, Network, layers,
        network::{Mode, Placement},
        spec::{Activation, Head, Initialisation, InputSpec, L2, Padding, Preprocessing},
    },
    train::{
        Optimizer,
        loss::{Loss, entropy},
        optimizers::OptimizerState,
        step,
    },
};
use serde::Deserialize;
use tch::{Kind, Reduction, Tensor};

const TOLERANCE: f64 = 1e-6;

#[derive(Deserialize)]
struct Reference {
    cross_entropy: Vec<LossCase>,
    binary_cross_entropy: Vec<LossCase>,
    penalties: Penalties,
    reported: Reported,
    batch_norm: Vec<BatchNorm>,
}

#[derive(Deserialize)]
struct LossCase {
    logits: Vec<Vec<f32>>,
    labels: Vec<i64>,
    weights: Option<Vec<f32>>,
    smoothing: f64,
    loss: f64,
    gradient: Vec<Vec<f32>>,
}

#[derive(Deserialize)]
struct Array {
    shape: Vec<usize>,
    values: Vec<f32>,
}

type Arrays = BTreeMap<String, Array>;
type Gradients = BTreeMap<String, Vec<f32>>;

#[derive(Deserialize)]
struct Penalties {
    arrays: Arrays,
    images: usize,
    labels: Vec<i64>,
    l2: BTreeMap<String, (f64, f64)>,
    loss: f64,
    gradients: Gradients,
    clipped: Vec<Clipped>,
}

/// What Keras reports of [`Penalties`] with smoothed labels.
#[derive(Deserialize)]
struct Reported {
    smoothing: f64,
    loss: f64,
    val_loss: f64,
    penalty: f64,
    weights: Vec<f32>,
    weighted_val_loss: f64,
}

#[derive(Deserialize)]
struct Clipped {
    norm: f64,
    norm_before: f64,
    gradients: Gradients,
}

#[derive(Deserialize)]
struct BatchNorm {
    momentum: f64,
    epsilon: f64,
    learning_rate: f64,
    before: Arrays,
    after: Arrays,
    steps: Vec<Step>,
    evaluated: Step,
}

#[derive(Deserialize)]
struct Step {
    images: Vec<usize>,
    #[serde(default)]
    labels: Vec<i64>,
    #[serde(default)]
    loss: f64,
    logits: Vec<Vec<f32>>,
}

fn difference(found: &Tensor, expected: &[f32]) -> f64 {
    let found = found.detach().contiguous().flatten(0, -1);
    assert_eq!(found.numel(), expected.len());
    (found - Tensor::from_slice(expected))
        .abs()
        .max()
        .double_value(&[])
}

#[test]
fn losses_and_their_gradients_are_the_frameworks() {
    let reference: Reference = read_json("losses.json");
    let sigmoid = Head::Sigmoid { threshold: 0.5 };
    for (kind, head, cases) in [
        ("cross-entropy", Head::Softmax, &reference.cross_entropy),
        ("binary", sigmoid, &reference.binary_cross_entropy),
    ] {
        assert_eq!(cases.len(), 6);
        for case in cases {
            let why = format!(
                "{kind}, weights {:?}, smoothing {}",
                case.weights, case.smoothing
            );
            let logits = Tensor::from_slice2(&case.logits).set_requires_grad(true);
            let target = Tensor::from_slice(&case.labels);
            let weights = case.weights.as_deref().map(Tensor::from_slice);
            let loss = entropy(
                head,
                (&logits, &target),
                weights.as_ref(),
                case.smoothing,
                Reduction::Mean,
            )
            .unwrap();
            loss.backward();
            // The largest loss is 27, of an image that is certainly wrong.
            let scale = case.loss.abs().max(1.0);
            let difference_of_loss = (loss.double_value(&[]) - case.loss).abs() / scale;
            assert!(difference_of_loss <= TOLERANCE, "{why}");
            let difference = difference(&logits.grad(), &case.gradient.concat());
            assert!(difference <= TOLERANCE, "{why}: {difference:e}");
        }
    }
}

/// `picture` of `make_losses.py`.
fn bytes(numbers: impl IntoIterator<Item = usize>, side: usize) -> Vec<u8> {
    let picture =
        |number: usize| (0..side * side * 3).map(move |i| ((37 * i + 101 * number) % 251) as u8);
    numbers.into_iter().flat_map(picture).collect()
}

fn network(side: usize, layers: Vec<LayerSpec>, arrays: &Arrays, channels_last: bool) -> Network {
    let spec = ModelSpec {
        name: "test".into(),
        input: InputSpec {
            height: side,
            width: side,
            ..InputSpec::default()
        },
        preprocessing: Preprocessing::default(),
        initialisation: Initialisation::PyTorch,
        layers,
        head: Head::Softmax,
    };
    let placement = Placement {
        channels_last,
        ..Placement::default()
    };
    let mut network = Network::new(Arc::new(spec), 0, placement).unwrap();
    assert_eq!(network.parameters().count(), arrays.len());
    let arrays: Vec<NamedArray> = arrays
        .iter()
        .map(|(name, array)| NamedArray {
            name: name.clone(),
            shape: array.shape.clone(),
            values: array.values.clone(),
        })
        .collect();
    network.assign(&arrays).unwrap();
    network
}

fn dense(units: usize, activation: Activation) -> LayerKind {
    LayerKind::Dense(layers::Dense { units, activation })
}

fn assert_gradients(network: &Network, expected: &Gradients, why: &str) {
    assert_eq!(network.trainable().count(), expected.len());
    for (name, value) in network.trainable() {
        let difference = difference(&value.grad(), &expected[name]);
        assert!(difference <= TOLERANCE, "{why}, {name}: {difference:e}");
    }
}

/// The example's network with its penalties, and the gradients of one batch.
fn penalised(example: &Penalties) -> (Network, f64) {
    let layer = |name: &str, kind: LayerKind| {
        let (weight, bias) = example.l2.get(name).copied().unwrap_or_default();
        LayerSpec {
            l2: L2 { weight, bias },
            ..LayerSpec::new(name, kind)
        }
    };
    let layers = vec![
        layer("flatten", LayerKind::Flatten(layers::Flatten)),
        layer("fc1", dense(6, Activation::Relu)),
        layer("fc2", dense(3, Activation::Linear)),
    ];
    let network = network(4, layers, &example.arrays, true);
    let input = network.input(&bytes(0..example.images, 4)).unwrap();
    let logits = network.forward(&input, Mode::Train).unwrap();
    let loss = Loss::new(&network, None, 0.0);
    let target = Tensor::from_slice(&example.labels);
    let value = loss.training(&network, &logits, &target).unwrap();
    value.backward();
    (network, value.double_value(&[]))
}

#[test]
fn penalties_are_keras_l2() {
    let example = read_json::<Reference>("losses.json").penalties;
    let (network, loss) = penalised(&example);
    assert!((loss - example.loss).abs() <= TOLERANCE, "{loss}");
    assert_gradients(&network, &example.gradients, "L2");
}

#[test]
fn gradients_are_clipped_as_pytorch_clips_them() {
    let example = read_json::<Reference>("losses.json").penalties;
    let norms = example.clipped.iter();
    let is_clipped = norms.map(|clipped| clipped.norm < clipped.norm_before);
    assert_eq!(is_clipped.collect::<Vec<_>>(), [true, true, true, false]);
    for clipped in &example.clipped {
        let (network, _) = penalised(&example);
        tch::no_grad(|| step::clip(&network, clipped.norm)).unwrap();
        assert_gradients(
            &network,
            &clipped.gradients,
            &format!("norm {}", clipped.norm),
        );
    }
}

#[test]
fn batch_normalisation_trains_as_pytorchs_running_values_included() {
    // Rounding differs between memory layouts and grows over five steps.
    const TOLERANCE: f64 = 1e-5;
    for (example, channels_last) in read_json::<Reference>("losses.json")
        .batch_norm
        .iter()
        .flat_map(|example| [(example, false), (example, true)])
    {
        let why = format!(
            "momentum {}, channels last {channels_last}",
            example.momentum
        );
        let conv = LayerKind::Conv2d(layers::Conv2d {
            filters: 4,
            kernel: 3.into(),
            stride: 1.into(),
            padding: Padding::Same,
            dilation: 1.into(),
            activation: Activation::Linear,
        });
        let norm = LayerKind::BatchNorm2d(layers::BatchNorm2d {
            momentum: example.momentum,
            epsilon: example.epsilon,
        });
        let layers = [
            ("conv", conv),
            ("bn", norm),
            (
                "relu",
                LayerKind::Activation(layers::Activation(Activation::Relu)),
            ),
            ("flatten", LayerKind::Flatten(layers::Flatten)),
            ("fc", dense(3, Activation::Linear)),
        ];
        let layers = layers.map(|(name, kind)| LayerSpec::new(name, kind));
        let network = network(6, layers.into(), &example.before, channels_last);
        let trainable = || network.trainable().map(|(_, value)| value);
        let rule = Optimizer::Sgd {
            learning_rate: example.learning_rate,
            momentum: 0.0,
            nesterov: false,
        };
        let mut optimizer = OptimizerState::new(trainable(), rule).unwrap();
        let logits = |step: &Step, mode: Mode| {
            let input = network.input(&bytes(step.images.iter().copied(), 6));
            let logits = network.forward(&input.unwrap(), mode).unwrap();
            let difference = difference(&logits, &step.logits.concat());
            assert!(difference <= TOLERANCE, "{why}, {mode:?}: {difference:e}");
            logits
        };
        for step in &example.steps {
            for value in trainable() {
                value.shallow_clone().zero_grad();
            }
            let target = Tensor::from_slice(&step.labels);
            let answers = (&logits(step, Mode::Train), &target);
            let loss = entropy(Head::Softmax, answers, None, 0.0, Reduction::Mean).unwrap();
            loss.backward();
            assert!(
                (loss.double_value(&[]) - step.loss).abs() <= TOLERANCE,
                "{why}"
            );
            tch::no_grad(|| optimizer.step(trainable(), example.learning_rate)).unwrap();
        }
        let _ = logits(&example.evaluated, Mode::Evaluate);
        for (name, value) in network.parameters() {
            let value = value.to_kind(Kind::Float);
            let difference = difference(&value, &example.after[name].values);
            assert!(difference <= TOLERANCE, "{why}, {name}: {difference:e}");
        }
        let moved = difference(
            network
                .parameters()
                .find(|(name, _)| *name == "bn.running_mean")
                .unwrap()
                .1,
            &example.before["bn.running_mean"].values,
        );
        assert!(moved > 1e-3, "{why}: the running mean stood still");
    }
}

/// Both curves hold the same: smoothed labels, class weights and the penalty.
#[test]
fn training_and_validation_report_what_keras_reports() {
    let reference: Reference = read_json("losses.json");
    let (example, reported) = (&reference.penalties, &reference.reported);
    let (network, _) = penalised(example);
    let target = Tensor::from_slice(&example.labels);
    let input = network.input(&bytes(0..example.images, 4)).unwrap();
    let loss_of = |mode: Mode, weights: Option<&[f32]>| {
        let weights = weights.map(Tensor::from_slice);
        let loss = Loss::new(&network, weights, reported.smoothing);
        let logits = network.forward(&input, mode).unwrap();
        let penalty = loss.penalty(&network).unwrap().unwrap().double_value(&[]);
        assert!((penalty - reported.penalty).abs() <= TOLERANCE, "{penalty}");
        match mode {
            Mode::Train => loss
                .training(&network, &logits, &target)
                .unwrap()
                .double_value(&[]),
            Mode::Evaluate => loss.data(&logits, &target).unwrap().double_value(&[]) + penalty,
        }
    };
    let cases = [
        ("loss", Mode::Train, None, reported.loss),
        ("val_loss", Mode::Evaluate, None, reported.val_loss),
        (
            "weighted val_loss",
            Mode::Evaluate,
            Some(&*reported.weights),
            reported.weighted_val_loss,
        ),
    ];
    for (why, mode, weights, expected) in cases {
        let found = loss_of(mode, weights);
        // The penalty is larger than the rest.
        assert!(
            (found - expected).abs() <= 2.0 * TOLERANCE,
            "{why}: {found} for {expected}"
        );
    }
}
