//! Fields for a backbone: which, with what weights, how much of it is frozen.

use std::path::PathBuf;

use eframe::egui::Ui;

use super::{weights, wish};
use crate::{
    model::{
        freezing, layers,
        spec::{Backbone, InitialWeights},
    },
    ui::{
        design::DesignAction,
        dialogs::Purpose,
        panels::Cx,
        theme,
        widgets::{fields, number::Number},
    },
};

const WIDTH: f32 = 168.0;

/// Two columns of a grid: which backbone is at `at`, its weights, where training starts.
pub fn fields_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    at: usize,
    base: &mut layers::Backbone,
    gesture: u64,
) {
    let all = Backbone::ALL.map(|backbone| (backbone, backbone.word()));
    let tip = format!(
        "A published network without its last layers. Default: {}, the smallest",
        Backbone::default().word()
    );
    fields::one_of_row(
        ui,
        "Architecture",
        &tip,
        WIDTH,
        &mut base.architecture,
        &all,
    );
    let file = match &base.weights {
        InitialWeights::File(path) => path.clone(),
        _ => PathBuf::new(),
    };
    let all = [
        InitialWeights::ImageNet,
        InitialWeights::File(file),
        InitialWeights::Random,
    ];
    let all = all.map(|weights| (weights.clone(), weights::words(&weights)));
    let tip = "What its weights are before training";
    let mut wanted = base.weights.clone();
    fields::one_of_row(ui, "Weights", tip, WIDTH, &mut wanted, &all);
    if wanted == InitialWeights::File(PathBuf::new()) && wanted != base.weights {
        // A file has to be named first; until then nothing is replaced.
        cx.push(Purpose::ChooseWeights);
    } else {
        base.weights = wanted;
    }
    boundary_ui(ui, cx, at, gesture);
}

/// What the choices mean, and what needs more room than a grid has.
pub fn words_ui(ui: &mut Ui, cx: &mut Cx<'_>, base: &mut layers::Backbone) {
    weights::weights_ui(ui, cx, base.architecture, &base.weights);
    ui.add_space(theme::GRID * 0.5);
    let tip = "Its batch normalisation uses the running means and variances even where it is trained, as Keras does with training=False. Default: on";
    let name = "Batch normalisation in inference mode, trained layers too";
    fields::toggle(ui, name, tip, &mut base.batch_norm_inference);
}

/// What is called the part `from` of the backbone `name`, after which comes `next`.
fn part_words<'a>(from: &'a String, name: &str, next: Option<&String>) -> &'a str {
    match from.strip_prefix(name) {
        _ if Some(from) == next => "after it: all frozen",
        Some("") => "its beginning",
        Some(inner) => inner.strip_prefix('.').unwrap_or("elsewhere"),
        None => "elsewhere",
    }
}

/// Where training starts within the backbone: at one of its nodes that has weights.
fn boundary_ui(ui: &mut Ui, cx: &mut Cx<'_>, at: usize, gesture: u64) {
    let state = cx.state;
    let model = &state.experiment.model;
    let all = &state.design.nodes;
    let nodes = || all.iter().filter(|node| node.layer == at);
    if nodes().next().is_none() {
        return;
    }
    let name = &model.layers[at].name;
    let next = model.layers.get(at + 1).map(|layer| &layer.name);
    let boundary = state.boundary().map(str::to_owned);
    let options = || {
        let parts = nodes().filter(|node| node.shape.parameters > 0);
        let parts = parts.map(|node| &node.name);
        let parts = [name].into_iter().chain(parts).chain(next);
        let option = |from: &String| (Some(from.clone()), part_words(from, name, next).to_owned());
        parts.map(option).collect()
    };
    let words = boundary
        .as_ref()
        .map_or("everything", |from| part_words(from, name, next));
    let current = (&boundary, words);
    let tip = "In the phase shown, everything before this part is frozen. Its parts have torchvision's names";
    let mut wanted = fields::choice_row(ui, "Train from", tip, WIDTH, current, options);
    let number = freezing::keras_number(all, model, at, boundary.as_deref());
    if let Some((mut number, count)) = number {
        let tip = format!(
            "The same, as Keras counts: base.layers[N:] are trained, of {count}. Its input and padding count too, and are part of other layers here"
        );
        let value = Number::new(&mut number, 0..=count).speed(0.3);
        if fields::number(ui, "From layer", &tip, value).changed() {
            wanted = freezing::from_keras_number(all, model, at, number).map(Some);
        }
    }
    if let Some(from) = wanted {
        wish(cx, DesignAction::TrainFrom(from, Some(gesture)));
    }
}
