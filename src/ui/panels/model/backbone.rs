//! Fields for a backbone: which, with what weights, how much of it is frozen.

use std::path::PathBuf;

use eframe::egui::Ui;

use super::{weights, wish};
use crate::{
    model::{
        Node, freezing, layers,
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
    let layers::Backbone {
        architecture,
        weights,
        ..
    } = base;
    let options = || {
        Backbone::ALL
            .map(|backbone| (backbone, backbone.word().to_owned()))
            .to_vec()
    };
    let tip = format!(
        "A published network without its last layers. Default: {}, the smallest",
        Backbone::default().word()
    );
    let current = (&*architecture, architecture.word());
    if let Some(chosen) = fields::choice_row(ui, "Architecture", &tip, WIDTH, current, options) {
        *architecture = chosen;
    }
    let file = match weights {
        InitialWeights::File(path) => path.clone(),
        _ => PathBuf::new(),
    };
    let options = || {
        [
            InitialWeights::ImageNet,
            InitialWeights::File(file),
            InitialWeights::Random,
        ]
        .map(|weights| (weights.clone(), weights::words(&weights).to_owned()))
        .to_vec()
    };
    let tip = "What its weights are before training";
    let current = (&*weights, weights::words(weights));
    if let Some(chosen) = fields::choice_row(ui, "Weights", tip, WIDTH, current, options) {
        match chosen {
            // A file has to be named first; until then nothing is replaced.
            InitialWeights::File(path) if path.as_os_str().is_empty() => {
                cx.push(Purpose::ChooseWeights);
            }
            chosen => *weights = chosen,
        }
    }
    boundary_ui(ui, cx, at, gesture);
}

/// What the choices mean, and what needs more room than a grid has.
pub fn words_ui(ui: &mut Ui, cx: &mut Cx<'_>, base: &mut layers::Backbone) {
    let layers::Backbone {
        architecture,
        weights,
        batch_norm_inference,
    } = base;
    weights::weights_ui(ui, cx, *architecture, weights);
    ui.add_space(theme::GRID * 0.5);
    let tip = "Its batch normalisation uses the running means and variances even where it is trained, as Keras does with training=False. Default: on";
    let name = "Batch normalisation in inference mode, trained layers too";
    fields::toggle(ui, name, tip, batch_norm_inference);
}

/// Where training starts within the backbone: at one of its nodes that has weights.
fn boundary_ui(ui: &mut Ui, cx: &mut Cx<'_>, at: usize, gesture: u64) {
    let state = cx.state;
    let nodes: Vec<&Node> = state
        .design
        .nodes
        .iter()
        .filter(|node| node.layer == at)
        .collect();
    if nodes.is_empty() {
        return;
    }
    let layers = &state.experiment.model.layers;
    let name = layers[at].name.clone();
    let boundary = state.boundary().map(str::to_owned);
    let next = layers.get(at + 1).map(|layer| layer.name.clone());
    let inner = |node: &Node| {
        node.name
            .strip_prefix(&name)
            .unwrap_or(&node.name)
            .trim_start_matches('.')
            .to_owned()
    };
    let words = match &boundary {
        Some(from) if *from == name => "its beginning".to_owned(),
        Some(from) if Some(from) == next.as_ref() => "after it: all frozen".to_owned(),
        Some(from) => from
            .strip_prefix(&format!("{name}."))
            .unwrap_or("elsewhere")
            .to_owned(),
        None => "everything".to_owned(),
    };
    let options = || {
        let mut options = vec![(Some(name.clone()), "its beginning".to_owned())];
        let with_weights = nodes.iter().filter(|node| node.shape.parameters > 0);
        options.extend(with_weights.map(|node| (Some(node.name.clone()), inner(node))));
        options.extend(
            next.clone()
                .map(|next| (Some(next), "after it: all frozen".to_owned())),
        );
        options
    };
    let tip = "In the phase shown, everything before this part is frozen. Its parts have torchvision's names";
    let chosen = fields::choice_row(ui, "Train from", tip, WIDTH, (&boundary, &words), options);
    let mut wanted = chosen;
    let model = &state.experiment.model;
    let from = boundary.as_deref();
    if let Some((mut number, count)) = freezing::keras_number(&state.design.nodes, model, at, from)
    {
        let tip = format!(
            "The same, as Keras counts: base.layers[N:] are trained, of {count}. Its input and padding count too, and are part of other layers here"
        );
        let value = Number::new(&mut number, 0..=count).speed(0.3);
        if fields::number(ui, "From layer", &tip, value).changed() {
            wanted = freezing::from_keras_number(&state.design.nodes, model, at, number).map(Some);
        }
    }
    if let Some(from) = wanted {
        wish(cx, DesignAction::TrainFrom(from, Some(gesture)));
    }
}
