//! Sizes and parameters of layers against figures worked out by hand and those that recipes give.

use super::*;
use crate::model::layers;
use crate::model::spec::{
    Head, Initialisation, InputSpec, LayerKind, LayerSpec, Padding, Preprocessing,
};

fn spec(size: usize, kinds: Vec<LayerKind>) -> ModelSpec {
    ModelSpec {
        name: "test".into(),
        input: InputSpec {
            height: size,
            width: size,
            ..InputSpec::default()
        },
        preprocessing: Preprocessing::default(),
        initialisation: Initialisation::PyTorch,
        layers: kinds
            .into_iter()
            .enumerate()
            .map(|(i, kind)| LayerSpec::new(format!("layer{i}"), kind))
            .collect(),
        head: Head::Softmax,
    }
}

fn conv(filters: usize, padding: Padding) -> LayerKind {
    LayerKind::Conv2d(layers::Conv2d {
        filters,
        kernel: 3.into(),
        stride: 1.into(),
        padding,
        dilation: 1.into(),
        activation: Activation::Relu,
    })
}

fn dense(units: usize) -> LayerKind {
    LayerKind::Dense(layers::Dense {
        units,
        activation: Activation::Linear,
    })
}

const RELU: LayerKind = LayerKind::Activation(layers::Activation(Activation::Relu));

const POOL: LayerKind = LayerKind::MaxPool2d(layers::MaxPool2d { size: 2, stride: 2 });

#[test]
fn recipe_seven_gives_its_published_summary() {
    let kinds = vec![
        conv(32, Padding::Valid),
        POOL,
        conv(64, Padding::Valid),
        POOL,
        conv(64, Padding::Valid),
        POOL,
        LayerKind::Flatten(layers::Flatten),
        dense(256),
        dense(1),
    ];
    let shapes = layer_shapes(&spec(150, kinds)).unwrap();
    let outputs: Vec<String> = shapes.iter().map(|s| s.output.to_string()).collect();
    let expected = [
        "148 × 148 × 32",
        "74 × 74 × 32",
        "72 × 72 × 64",
        "36 × 36 × 64",
        "34 × 34 × 64",
        "17 × 17 × 64",
        "18496",
        "256",
        "1",
    ];
    assert_eq!(outputs, expected);
    let parameters: Vec<usize> = shapes
        .iter()
        .map(|s| s.parameters)
        .filter(|&p| p > 0)
        .collect();
    assert_eq!(parameters, [896, 18_496, 36_928, 4_735_232, 257]);
    assert_eq!(shapes[0].multiply_adds, 148 * 148 * 32 * 27);
}

#[test]
fn what_does_not_fit_names_the_layer_and_the_remedy() {
    let same_even = LayerKind::Conv2d(layers::Conv2d {
        filters: 1,
        kernel: 2.into(),
        stride: 1.into(),
        padding: Padding::Same,
        dilation: 1.into(),
        activation: Activation::Linear,
    });
    let cases = [
        ("dense on maps", vec![dense(3)], "layer0", "flatten"),
        (
            "conv on a row",
            vec![LayerKind::Flatten(layers::Flatten), conv(4, Padding::Same)],
            "layer1",
            "above the flatten layer",
        ),
        (
            "pooled away",
            vec![POOL, POOL, POOL, POOL],
            "layer3",
            "larger than",
        ),
        ("even same", vec![same_even], "layer0", "odd"),
        (
            "no filters",
            vec![conv(0, Padding::Same)],
            "layer0",
            "filters is 0",
        ),
        (
            "dropout of everything",
            vec![LayerKind::Dropout(layers::Dropout { rate: 1.0 })],
            "layer0",
            "below 1",
        ),
        (
            "channel dropout on a row",
            vec![
                LayerKind::Flatten(layers::Flatten),
                LayerKind::Dropout2d(layers::Dropout2d { rate: 0.1 }),
            ],
            "layer1",
            "feature maps",
        ),
        (
            "absurd size",
            vec![conv(usize::MAX, Padding::Same)],
            "layer0",
            "too large",
        ),
        (
            "absurd padding",
            vec![conv(1, Padding::Pixels(usize::MAX.into()))],
            "layer0",
            "too large",
        ),
    ];
    for (why, kinds, name, part) in cases {
        let error = layer_shapes(&spec(8, kinds)).unwrap_err();
        assert_eq!(error.name, name, "{why}");
        assert!(error.to_string().contains(part), "{why}: {error}");
    }
}

#[test]
fn what_stands_before_an_illegal_layer_still_has_shapes() {
    let kinds = vec![
        conv(4, Padding::Same),
        POOL,
        dense(3),
        LayerKind::Flatten(layers::Flatten),
    ];
    let (nodes, error) = fitting_nodes(&spec(8, kinds));
    let outputs: Vec<String> = of_nodes(&nodes)
        .iter()
        .map(|shape| shape.output.to_string())
        .collect();
    assert_eq!(outputs, ["8 × 8 × 4", "4 × 4 × 4"]);
    assert_eq!(error.map(|error| error.index), Some(2));
    assert_eq!(fitting_nodes(&spec(8, vec![POOL])).1, None);
}

#[test]
fn names_must_be_unique_and_the_end_must_match_the_classes() {
    let mut twice = spec(8, vec![RELU, RELU]);
    twice.layers[1].name = "layer0".into();
    assert!(
        layer_shapes(&twice)
            .unwrap_err()
            .to_string()
            .contains("same name")
    );

    let two = spec(8, vec![LayerKind::Flatten(layers::Flatten), dense(2)]);
    assert!(check_classifier(&two, 2).is_ok());
    assert!(
        check_classifier(&two, 3)
            .unwrap_err()
            .to_string()
            .contains("3 units")
    );
    assert!(check_classifier(&spec(8, vec![]), 3).is_err());
}
