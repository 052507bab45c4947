//! Layers in files, and against PyTorch's numbers.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use tch::Tensor;

use super::*;
use crate::model::{
    LayerSpec, ModelSpec, NamedArray, Network, graph,
    network::{Mode, Placement},
    shapes,
    spec::{Head, Initialisation, InputSpec, Preprocessing},
};

#[test]
fn files_name_a_kind_and_its_settings_as_ever() {
    // RON and JSON of programs before each kind had a file of its own.
    let cases: [(&str, &str, LayerKind); 6] = [
        (
            "Conv2d(filters:32,kernel:3,stride:1,padding:Same,activation:Relu)",
            r#"{"Conv2d":{"filters":32,"kernel":3,"stride":1,"padding":"Same","activation":"Relu"}}"#,
            Conv2d::fresh().into(),
        ),
        (
            "MaxPool2d(size:2,stride:2)",
            r#"{"MaxPool2d":{"size":2,"stride":2}}"#,
            MaxPool2d::fresh().into(),
        ),
        ("Flatten", r#""Flatten""#, Flatten.into()),
        (
            "Activation(Gelu)",
            r#"{"Activation":"Gelu"}"#,
            Activation(Function::Gelu).into(),
        ),
        (
            "Dropout(rate:0.2)",
            r#"{"Dropout":{"rate":0.2}}"#,
            Dropout::fresh().into(),
        ),
        (
            "Backbone(architecture:Vgg16,weights:File(\"a.pth\"),batch_norm_inference:true)",
            r#"{"Backbone":{"architecture":"Vgg16","weights":{"File":"a.pth"},"batch_norm_inference":true}}"#,
            Backbone {
                architecture: Architecture::Vgg16,
                weights: InitialWeights::File("a.pth".into()),
                batch_norm_inference: true,
            }
            .into(),
        ),
    ];
    for (ron, json, kind) in cases {
        assert_eq!(ron::to_string(&kind).unwrap(), ron);
        assert_eq!(serde_json::to_string(&kind).unwrap(), json);
        assert_eq!(ron::from_str::<LayerKind>(ron).unwrap(), kind, "{ron}");
        assert_eq!(serde_json::from_str::<LayerKind>(json).unwrap(), kind);
    }
    let short: LayerKind = ron::from_str("Conv2d(filters: 8, kernel: 3)").unwrap();
    assert_eq!(short.describe(), "Conv2d 8 @ 3×3 valid");
    for (text, reason) in [
        ("Conv3d(filters: 8)", "Conv3d"),
        ("Conv2d(filters: 8, kernel: 3, colour: 1)", "colour"),
        ("Conv2d(filters: 8)", "kernel"),
    ] {
        let error = ron::from_str::<LayerKind>(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn every_kind_has_words_of_its_own_and_survives_a_round_trip() {
    let all = LayerKind::all();
    for kind in &all {
        let twins = all
            .iter()
            .filter(|other| other.about().words == kind.about().words);
        assert_eq!(twins.count(), 1, "{}", kind.about().words);
        let pretty = ron::ser::to_string_pretty(kind, Default::default()).unwrap();
        assert_eq!(&ron::from_str::<LayerKind>(&pretty).unwrap(), kind);
        let json = serde_json::to_string(kind).unwrap();
        assert_eq!(&serde_json::from_str::<LayerKind>(&json).unwrap(), kind);
    }
}

/// An array as a reference holds it.
#[derive(Deserialize)]
struct Reference {
    shape: Vec<i64>,
    values: Vec<f32>,
}

impl Reference {
    fn tensor(&self) -> Tensor {
        Tensor::from_slice(&self.values).view(self.shape.as_slice())
    }
}

/// A layer with its arrays, an input, and what PyTorch makes of them.
#[derive(Deserialize)]
struct Case {
    why: String,
    kind: LayerKind,
    training: bool,
    input: Reference,
    arrays: BTreeMap<String, Reference>,
    output: Reference,
    /// The loss is the sum of the output times it.
    cotangent: Vec<f32>,
    input_gradient: Vec<f32>,
    gradients: BTreeMap<String, Vec<f32>>,
}

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[track_caller]
fn assert_near(found: &Tensor, expected: &[f32], why: &str) {
    let found = Vec::<f32>::try_from(found.contiguous().flatten(0, -1)).unwrap();
    assert_eq!(found.len(), expected.len(), "{why}");
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= 1e-5 * (1.0 + b.abs()), "{why}: {a} {b}");
    }
}

/// `tests/reference/make_layers.py` made the numbers with PyTorch 2.13.
#[test]
fn layers_compute_what_pytorch_does_forwards_and_back() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/layers");
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let cases: Cases = serde_json::from_str(&text).unwrap();
        assert!(!cases.cases.is_empty());
        for case in cases.cases {
            for channels_last in [true, false] {
                check(&case, channels_last);
            }
        }
    }
}

fn check(case: &Case, channels_last: bool) {
    let [_, 3, height, width] = *case.input.shape.as_slice() else {
        panic!("{}: the input is no batch of pictures", case.why);
    };
    let spec = ModelSpec {
        name: "reference".into(),
        input: InputSpec {
            height: height as usize,
            width: width as usize,
            ..InputSpec::default()
        },
        preprocessing: Preprocessing::default(),
        initialisation: Initialisation::PyTorch,
        layers: vec![LayerSpec::new("layer", case.kind.clone())],
        head: Head::Softmax,
    };
    let placement = Placement {
        channels_last,
        ..Placement::default()
    };
    let mut network = Network::new(Arc::new(spec), 1, placement).unwrap();
    let arrays = case.arrays.iter().map(|(name, array)| NamedArray {
        name: name.clone(),
        shape: array.shape.iter().map(|side| *side as usize).collect(),
        values: array.values.clone(),
    });
    network.assign(&arrays.collect::<Vec<_>>()).unwrap();
    let names: BTreeSet<&str> = network.parameters().map(|(name, _)| name).collect();
    let expected: BTreeSet<&str> = case.arrays.keys().map(String::as_str).collect();
    assert_eq!(names, expected, "{}: the arrays that it has", case.why);
    let input = case.input.tensor().set_requires_grad(true);
    let mode = if case.training {
        Mode::Train
    } else {
        Mode::Evaluate
    };
    let output = network.forward(&input, mode).unwrap();
    assert_eq!(output.size(), case.output.shape, "{}", case.why);
    assert_near(&output, &case.output.values, &case.why);
    let shape = network.nodes().last().unwrap().shape.output;
    let dims: Vec<i64> = shape.dims().iter().map(|side| *side as i64).collect();
    assert_eq!(
        output.size()[1..],
        dims,
        "{}: as the arithmetic says",
        case.why
    );
    let cotangent = Tensor::from_slice(&case.cotangent).view(case.output.shape.as_slice());
    (output * cotangent).sum(tch::Kind::Float).backward();
    assert_near(&input.grad(), &case.input_gradient, &case.why);
    for (name, value) in network.trainable() {
        assert_near(
            &value.grad(),
            &case.gradients[name],
            &format!("{}: {name}", case.why),
        );
    }
}

/// A network of one layer, on maps or behind a flatten layer where it wants a row.
fn alone(kind: &LayerKind) -> ModelSpec {
    let spec = |layers| ModelSpec {
        name: "alone".into(),
        input: InputSpec {
            height: 32,
            width: 40,
            ..InputSpec::default()
        },
        preprocessing: Preprocessing::default(),
        initialisation: Initialisation::Keras,
        layers,
        head: Head::Softmax,
    };
    let layer = LayerSpec::new("layer", kind.clone());
    let on_maps = spec(vec![layer.clone()]);
    match graph::nodes(&on_maps) {
        Ok(_) => on_maps,
        Err(_) => spec(vec![LayerSpec::new("flatten", Flatten), layer]),
    }
}

#[test]
fn every_kind_gives_the_shape_it_says_and_is_rebuilt_from_its_weights() {
    for kind in LayerKind::all() {
        let word = kind.about().word;
        let spec = Arc::new(alone(&kind));
        let network = Network::new(Arc::clone(&spec), 3, Placement::default()).unwrap();
        let bytes: Vec<u8> = (0..2 * 32 * 40 * 3).map(|i| (i * 37 % 251) as u8).collect();
        let input = network.input(&bytes).unwrap();
        let mut seen = Vec::new();
        let mut tap = |at: usize, value: &Tensor| seen.push((at, value.size()));
        let output = network
            .forward_between(&input, Mode::Evaluate, (0, usize::MAX), Some(&mut tap))
            .unwrap();
        for (at, size) in seen {
            let node = &network.nodes()[at];
            let dims: Vec<i64> = node.shape.output.dims().iter().map(|d| *d as i64).collect();
            assert_eq!(size[1..], dims, "{word}: {}", node.name);
        }
        let learned: usize = network.trainable().map(|(_, value)| value.numel()).sum();
        let counted: usize = network
            .nodes()
            .iter()
            .map(|node| node.shape.parameters)
            .sum();
        assert_eq!(learned, counted, "{word}");
        let snapshot = network.snapshot(&Arc::from([]), 0).unwrap();
        let again = Network::from_snapshot(&snapshot, Placement::default()).unwrap();
        let second = again.forward(&input, Mode::Evaluate).unwrap();
        assert!(output.equal(&second), "{word}");
        let (shape, _) = shapes::of_part(network.nodes(), "layer").unwrap();
        let lines = crate::model::arithmetic::lines(&*kind, &shape, 1, 1);
        assert!(lines.len() >= 4, "{word}");
    }
}

#[test]
fn what_cannot_stand_in_a_block_is_named() {
    let block = |kind: LayerKind, name: &str| Residual {
        layers: vec![LayerSpec::new(name, kind)],
        ..Residual::fresh()
    };
    let valid = Conv2d {
        padding: Padding::Valid,
        ..Conv2d::fresh()
    };
    for (block, reason) in [
        (
            block(Backbone::fresh().into(), "base"),
            "base is a backbone",
        ),
        (
            block(Residual::fresh().into(), "inner"),
            "inner is a residual block",
        ),
        (
            block(Conv2d::fresh().into(), "add"),
            "the name of a part of the block",
        ),
        (
            block(Dense::fresh().into(), "dense1"),
            "dense1 does not fit",
        ),
        (block(Flatten.into(), "flatten"), "cannot be added"),
        (block(valid.into(), "conv1"), "use padding same"),
    ] {
        let input = Shape::Maps {
            channels: 3,
            height: 8,
            width: 8,
        };
        let error = block.drafts(input).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
}
