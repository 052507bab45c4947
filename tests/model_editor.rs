//! The model editor without a display: networks are built by clicking and keys, what is illegal is named,
//! every change can be taken back, and it looks right in every size.
//!
//! `CONVSCOPE_SHOTS=folder` also writes a picture of every case.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise, helpers included"
)]

#[path = "model_editor/bench.rs"]
mod bench;

use bench::{choose, click, enter, harness, names, pick, press, row, shapes, shot, state, wide};
use convscope::{
    engine::JobId,
    model::{LayerKind, LayerSpec, edit::kinds, summary::Summary},
    train::Experiment,
    ui::{
        action::Action,
        design::{Chosen, DesignAction},
        dialogs::Purpose,
        state::RunState,
    },
};
use eframe::egui::{Key, Modifiers, Theme, vec2};
use egui_kittest::kittest::Queryable as _;

/// Recipe 1 without layers.
fn empty() -> Experiment {
    let mut experiment = shapes();
    experiment.model.layers.clear();
    experiment.model.input.height = 28;
    experiment.model.input.width = 28;
    experiment
}

fn add(desk: &mut bench::Desk, kind: &str) {
    click(desk, "Add layer");
    click(desk, kind);
}

#[test]
fn recipe_six_is_built_by_clicking() {
    let mut desk = wide(state(empty(), 8));
    add(&mut desk, "Convolution");
    add(&mut desk, "Max pooling");
    for _ in 0..2 {
        add(&mut desk, "Convolution");
        enter(&mut desk, "Filters", "64");
        pick(&mut desk, "Padding", "valid");
        add(&mut desk, "Max pooling");
    }
    add(&mut desk, "Flatten");
    add(&mut desk, "Dense");
    enter(&mut desk, "Units", "256");
    add(&mut desk, "Dense");
    enter(&mut desk, "Units", "8");
    pick(&mut desk, "Activation", "linear");
    shot(&mut desk, "recipe-six");
    let bench = desk.state();
    assert_eq!(bench.state.design.problem, None);
    let model = &bench.state.experiment.model;
    let words: Vec<String> = model
        .layers
        .iter()
        .map(|layer| layer.kind.describe())
        .collect();
    let expected = [
        "Conv2d 32 @ 3×3 same ReLU",
        "MaxPool2d 2×2",
        "Conv2d 64 @ 3×3 valid ReLU",
        "MaxPool2d 2×2",
        "Conv2d 64 @ 3×3 valid ReLU",
        "MaxPool2d 2×2",
        "Flatten",
        "Dense 256 ReLU",
        "Dense 8",
    ];
    assert_eq!(words, expected);
    let expected = [
        "conv1", "pool1", "conv2", "pool2", "conv3", "pool3", "flatten", "dense1", "dense2",
    ];
    assert_eq!(names(&desk), expected);
    let total = Summary::new(&desk.state().state.experiment.model, None)
        .unwrap()
        .total();
    assert_eq!(
        total,
        896 + 18_496 + 36_928 + (64 + 1) * 256 + (256 + 1) * 8
    );
    assert_eq!(desk.state().state.why_not_train(), None);
}
