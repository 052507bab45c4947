//! Shapes, snapshots, layouts and initial weights of networks.

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
    let mut tap = |_: usize, out: &Tensor| seen.push(out.size());
    let all = (0, usize::MAX);
    let logits = network.forward_between(&input, Mode::Evaluate, all, Some(&mut tap));
    let logits = logits.unwrap();
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

/// Half the time of a MobileNet's activations is memory: every one of them follows a batch normalisation, whose output
/// nothing needs.
#[test]
fn activations_behind_batch_normalisation_overwrite() {
    use crate::model::{backbones::top, graph::Op, spec::Backbone};
    let spec = Arc::new(top::imagenet(Backbone::MobileNetV2, 2));
    let network = Network::new(spec, 1, Placement::default()).unwrap();
    let mut overwrites = Vec::new();
    for node in network.nodes().iter() {
        if let (Op::Activation(_), [Some(from)]) = (&node.op, node.inputs.as_slice()) {
            overwrites.push(network.overwritable[*from]);
        }
    }
    assert_eq!(overwrites, [true; 35]);
}

/// A network whose normalisation does something.
fn normalising(spec: ModelSpec) -> Network {
    let mut network = Network::new(Arc::new(spec), 3, Placement::default()).unwrap();
    let mut arrays = network.snapshot(&Arc::from([]), 0).unwrap().arrays;
    for (number, array) in arrays.iter_mut().enumerate() {
        let is_norm = array.shape.len() == 1 && !array.name.contains("classifier");
        if is_norm {
            for (at, value) in array.values.iter_mut().enumerate() {
                *value += ((at * 7 + number) % 11) as f32 * 0.03;
            }
        }
    }
    network.assign(&arrays).unwrap();
    network
}

#[test]
fn folded_normalisation_says_the_same() {
    use crate::model::{backbones::top, graph::Op, spec::Backbone};
    let norms = |network: &Network| {
        let nodes = network.nodes().iter();
        nodes
            .filter(|node| matches!(node.op, Op::BatchNorm2d { .. }))
            .count()
    };
    for (backbone, before) in [
        (Backbone::MobileNetV2, 52),
        (Backbone::EfficientNetB0, 49),
        (Backbone::ResNet18, 20),
        (Backbone::Vgg16, 0),
    ] {
        let mut spec = top::imagenet(backbone, 5);
        (spec.input.height, spec.input.width) = (64, 64);
        if backbone == Backbone::Vgg16 {
            spec.layers.truncate(1);
        }
        let network = normalising(spec);
        assert_eq!(norms(&network), before, "{backbone:?}");
        let bytes: Vec<u8> = (0..2 * 64 * 64 * 3).map(|i| (i * 37 % 251) as u8).collect();
        let input = network.input(&bytes).unwrap();
        let all = network.nodes().len();
        // Whole, the last part alone, and the first part of a network that is trained from there on.
        let middle = all / 2;
        for (range, mode) in [
            ((0, all), Mode::Evaluate),
            ((middle, all), Mode::Evaluate),
            ((0, middle), Mode::Evaluate),
        ] {
            let Some(folded) = network.folded(range).unwrap() else {
                assert_eq!(before, 0, "{backbone:?}");
                continue;
            };
            let left = norms(&folded);
            if range == (0, all) {
                assert_eq!(left, 0, "{backbone:?}");
            }
            assert!(left < before, "{backbone:?} {range:?}: {left}");
            let of = |network: &Network| network.forward(&input, mode).unwrap();
            let (expected, found) = (of(&network), of(&folded));
            let largest = |of: &Tensor| of.abs().max().double_value(&[]);
            let error = largest(&(&found - &expected)) / largest(&expected);
            assert!(error < 1e-5, "{backbone:?} {range:?}: {error:e}");
        }
    }
}

#[test]
fn a_network_whose_frozen_part_is_folded_trains_the_same_weights() {
    use crate::model::{backbones::top, spec::Backbone};
    let mut spec = top::imagenet(Backbone::ResNet18, 5);
    (spec.input.height, spec.input.width) = (64, 64);
    let mut network = normalising(spec);
    let boundary = graph::position(network.nodes(), "base.layer4").unwrap();
    network.set_trainable_from(boundary).unwrap();
    let folded = network.folded((0, boundary)).unwrap().unwrap();
    let bytes: Vec<u8> = (0..4 * 64 * 64 * 3).map(|i| (i * 37 % 251) as u8).collect();
    let input = network.input(&bytes).unwrap();
    let gradients = |computed_by: &Network| -> Vec<Tensor> {
        let logits = computed_by.forward(&input, Mode::Train).unwrap();
        network
            .trainable()
            .for_each(|(_, value)| value.shallow_clone().zero_grad());
        logits.square().mean(Kind::Float).backward();
        network
            .trainable()
            .map(|(_, value)| value.grad().copy())
            .collect()
    };
    let (expected, found) = (gradients(&network), gradients(&folded));
    assert!(expected.len() > 10);
    for (found, expected) in found.iter().zip(&expected) {
        let largest = |of: &Tensor| of.abs().max().double_value(&[]);
        assert!(largest(expected) > 0.0);
        let error = largest(&(found - expected)) / largest(expected);
        assert!(error < 1e-4, "{error:e}");
    }
}

/// What ran, for tests that count instead of timing.
pub mod passes {
    use super::{Mode, Tensor};
    use std::cell::RefCell;

    /// Some images that went through some nodes.
    #[derive(Debug, Clone, Copy, PartialEq)]
    pub struct Pass {
        /// How many.
        pub images: usize,
        /// In which mode.
        pub mode: Mode,
        /// From which node to which.
        pub nodes: (usize, usize),
    }

    thread_local! {
        static PASSES: RefCell<Vec<Pass>> = const { RefCell::new(Vec::new()) };
    }

    /// Hears of one.
    pub fn note(input: &Tensor, mode: Mode, nodes: (usize, usize)) {
        let images = input.size()[0] as usize;
        PASSES.with_borrow_mut(|all| {
            all.push(Pass {
                images,
                mode,
                nodes,
            });
        });
    }

    /// Those of this thread since it was asked last.
    pub fn take() -> Vec<Pass> {
        PASSES.take()
    }
}
