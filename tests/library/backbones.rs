//! Backbones against torchvision, timm and Keras; weights as PyTorch saves them.
//!
//! `tests/reference/backbones.json` says which versions made the numbers and with which script.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use crate::reference::read_json;
use convscope::model::{
    NamedArray, Network, WeightSnapshot,
    backbones::{drafts, keras, top},
    graph::Op,
    network::{Mode, Placement},
    spec::{Backbone, ColorMode},
    weights::{self, names},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    networks: BTreeMap<String, Published>,
    timm: BTreeMap<String, Vec<(String, String)>>,
    keras: BTreeMap<String, Vec<(String, String)>>,
    small: Vec<(String, Vec<usize>, Vec<f32>)>,
}

#[derive(Deserialize)]
struct Published {
    side: usize,
    arrays: Vec<(String, Vec<usize>)>,
    logits: Vec<Vec<f32>>,
}

/// Of the 1,000 logits, every tenth is kept.
const EVERY: usize = 10;
const CLASSES: usize = 1000;
/// Largest difference of a logit.
const TOLERANCE: f32 = 1e-4;

fn reference() -> Reference {
    read_json("backbones.json")
}

/// torchvision's name of a network.
fn published_name(architecture: Backbone) -> &'static str {
    match architecture {
        Backbone::MobileNetV2 => "mobilenet_v2",
        Backbone::EfficientNetB0 => "efficientnet_b0",
        Backbone::Vgg16 => "vgg16",
        Backbone::ResNet18 => "resnet18",
    }
}

/// `units` of the script.
fn units(name: &str, count: usize) -> impl Iterator<Item = f64> {
    let seed = name.bytes().fold(0x811C_9DC5u32, |seed, byte| {
        (seed ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (0..count as u32).map(move |at| {
        let mut h = at.wrapping_mul(0x9E37_79B1).wrapping_add(seed);
        h = (h ^ (h >> 16)).wrapping_mul(0x7FEB_352D);
        h = (h ^ (h >> 15)).wrapping_mul(0x846C_A68B);
        h ^= h >> 16;
        f64::from(h >> 8) / f64::from(1 << 24)
    })
}

/// `values` of the script.
fn array(name: &str, shape: &[usize]) -> NamedArray {
    let units = units(name, shape.iter().product());
    let values = if let [_, inner @ ..] = shape
        && !inner.is_empty()
    {
        let bound = (6.0 / inner.iter().product::<usize>() as f64).sqrt();
        units.map(|u| ((2.0 * u - 1.0) * bound) as f32).collect()
    } else if name.ends_with("running_var") || name.ends_with(".weight") {
        units.map(|u| (0.5 + u) as f32).collect()
    } else {
        units.map(|u| ((2.0 * u - 1.0) * 0.1) as f32).collect()
    };
    NamedArray {
        name: name.to_owned(),
        shape: shape.to_vec(),
        values,
    }
}

#[test]
fn logits_are_torchvisions() {
    let reference = reference();
    for architecture in Backbone::ALL {
        let published = &reference.networks[published_name(architecture)];
        let mut spec = top::imagenet(architecture, CLASSES);
        (spec.input.height, spec.input.width) = (published.side, published.side);
        let arrays = published.arrays.iter();
        let file = arrays.map(|(name, shape)| array(name, shape)).collect();
        let sorted = names::sort(&spec, 0, true, (Path::new("made"), file)).unwrap();
        let none: [&str; 0] = [];
        assert_eq!(sorted.missing, none, "{architecture:?}");
        assert_eq!(sorted.unexpected, none, "{architecture:?}");
        let snapshot = WeightSnapshot {
            spec: Arc::new(spec),
            classes: Arc::from([]),
            epoch: 0,
            arrays: sorted.arrays,
        };
        let network = Network::from_snapshot(&snapshot, Placement::default()).unwrap();
        drop(snapshot);
        let count = published.logits.len() * published.side * published.side * 3;
        let bytes: Vec<u8> = units("image", count).map(|u| (u * 256.0) as u8).collect();
        let _no_grad = tch::no_grad_guard();
        let logits = network
            .forward(&network.input(&bytes).unwrap(), Mode::Evaluate)
            .unwrap();
        let logits = Vec::<f32>::try_from(logits.flatten(0, -1)).unwrap();
        let kept: Vec<f32> = logits.into_iter().step_by(EVERY).collect();
        let expected = published.logits.concat();
        assert_eq!(kept.len(), expected.len());
        assert!(kept.iter().all(|logit| logit.is_finite()));
        let differences = kept.iter().zip(&expected).map(|(a, b)| (a - b).abs());
        let largest = differences.fold(0f32, f32::max);
        println!("{architecture:?}: largest difference {largest:e}");
        assert!(largest <= TOLERANCE, "{architecture:?}: {largest}");
    }
}

#[test]
fn timm_names_the_same_arrays_differently() {
    for (name, pairs) in reference().timm {
        let architecture = Backbone::ALL
            .into_iter()
            .find(|architecture| published_name(*architecture) == name)
            .unwrap();
        let spec = top::imagenet(architecture, CLASSES);
        let shapes: BTreeMap<_, _> = reference().networks[&name].arrays.iter().cloned().collect();
        let file = pairs.iter().map(|(timm, ours)| NamedArray {
            name: timm.clone(),
            ..array(ours, &shapes[ours])
        });
        let made = Path::new("made");
        let sorted = names::sort(&spec, 0, true, (made, file.collect())).unwrap();
        assert!(sorted.missing.is_empty() && sorted.unexpected.is_empty());
        let ours = pairs.iter().map(|(_, ours)| array(ours, &shapes[ours]));
        let expected = names::sort(&spec, 0, true, (made, ours.collect())).unwrap();
        assert_eq!(sorted.arrays, expected.arrays, "{name}");
    }
}

#[test]
fn keras_has_the_same_layers_in_the_same_order() {
    let reference = reference();
    for (name, architecture) in [
        ("MobileNetV2", Backbone::MobileNetV2),
        ("EfficientNetB0", Backbone::EfficientNetB0),
        ("VGG16", Backbone::Vgg16),
    ] {
        let mut layers = keras::layers(architecture).unwrap();
        if architecture == Backbone::EfficientNetB0 {
            // With ImageNet's weights, which cannot be downloaded for the reference, there is one more rescaling.
            assert_eq!(layers.remove(3), None);
        }
        let theirs = &reference.keras[name];
        assert_eq!(layers.len(), theirs.len(), "{name}");
        let drafts = drafts(architecture, true);
        for (layer, (called, class)) in layers.into_iter().zip(theirs) {
            let op = layer.map(|node| &drafts[node].op);
            let is_same = match class.as_str() {
                "Conv2D" => matches!(op, Some(Op::Conv2d(conv)) if conv.groups == 1),
                "DepthwiseConv2D" => matches!(op, Some(Op::Conv2d(conv)) if conv.groups > 1),
                "BatchNormalization" => matches!(op, Some(Op::BatchNorm2d(_))),
                "ReLU" | "Activation" => matches!(op, Some(Op::Activation(_))),
                "Add" => matches!(op, Some(Op::Add(_))),
                "Multiply" => matches!(op, Some(Op::Multiply(_))),
                "GlobalAveragePooling2D" => matches!(op, Some(Op::Squeeze(_))),
                "MaxPooling2D" => matches!(op, Some(Op::MaxPool2d(_))),
                "Dropout" => matches!(op, Some(Op::StochasticDepth(_))),
                _ => op.is_none(),
            };
            assert!(is_same, "{name}: {called} ({class}) is {op:?}");
        }
    }
}

#[test]
fn both_formats_of_pytorch_read_as_they_were_saved() {
    for file in ["small_zip.pth", "small_legacy.pth"] {
        let arrays = weights::read(&crate::reference::path(file)).unwrap();
        let read: Vec<_> = arrays
            .into_iter()
            .map(|array| (array.name, array.shape, array.values))
            .collect();
        assert_eq!(read, reference().small, "{file}");
    }
}

#[test]
fn what_does_not_fit_is_named_and_a_left_out_top_is_no_mistake() {
    let architecture = Backbone::ResNet18;
    let published = reference().networks.remove("resnet18").unwrap().arrays;
    let file = |prefix: &str| -> Vec<NamedArray> {
        let arrays = published.iter().map(|(name, shape)| NamedArray {
            name: format!("{prefix}{name}"),
            ..array(name, shape)
        });
        arrays.collect()
    };
    let made = Path::new("made.pth");
    let spec = top::imagenet(architecture, CLASSES);
    let sorted = names::sort(&spec, 0, false, (made, file(""))).unwrap();
    assert_eq!(sorted.unused, ["fc.weight", "fc.bias"]);
    assert_eq!((sorted.missing.len(), sorted.unexpected.len()), (0, 0));
    assert_eq!(sorted.arrays.len(), published.len() - 2);
    let wrapped = names::sort(&spec, 0, false, (made, file("module."))).unwrap();
    assert_eq!(wrapped.arrays, sorted.arrays, "saved from DataParallel");

    let mut grey = spec.clone();
    grey.input.color_mode = ColorMode::Grayscale;
    let ten = top::imagenet(architecture, 10);
    for (why, spec, part) in [
        (
            "grey input",
            &grey,
            "conv1.weight is [64, 3, 7, 7] there and [64, 1, 7, 7] here",
        ),
        ("what to do about it", &grey, "set the input to RGB"),
        (
            "another number of classes",
            &ten,
            "fc.weight is [1000, 512] there and [10, 512] here",
        ),
    ] {
        let error = names::sort(spec, 0, true, (made, file("")))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(part) && error.contains("made.pth"),
            "{why}: {error}"
        );
    }
}
