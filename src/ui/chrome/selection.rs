//! The shared selection, on the right.

use std::sync::Arc;

use eframe::egui::{self, Ui, vec2};

use crate::{
    data::dataset::display_path,
    engine::{Inspect, LoadImage},
    inspect::predict::Says,
    ui::{
        format::percent,
        panels::Cx,
        state::{AppState, Subject},
        widgets::{classes, picture, states},
    },
};

pub fn selection_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    states::caption(ui, "SELECTION");
    let state = cx.state;
    let Some(subject) = state.selection.subject.as_ref() else {
        let words = match state.dataset() {
            None => "Nothing is selected yet.",
            Some(_) => "Click an image to select it.",
        };
        states::caption(ui, words);
        return;
    };
    let sample = state.selection.sample();
    let of_dataset = sample.and_then(|sample| state.dataset()?.samples.get(sample));
    if sample.is_some() && of_dataset.is_none() {
        states::caption(ui, "Nothing is selected yet.");
        return;
    }
    let side = ui.available_width().min(184.0);
    let (rect, _) = ui.allocate_exact_size(vec2(side, side), egui::Sense::hover());
    let loaded = state.large_image(subject);
    let texture = match (sample, loaded) {
        (Some(sample), _) => cx.thumbnail(ui.ctx(), sample),
        (None, Some(image)) => Some(cx.textures.picture(ui.ctx(), &image.picture)),
        (None, None) => None,
    };
    if let Some(texture) = texture {
        let size = picture::fitted_exactly(texture.size_vec2(), rect.size());
        let place = egui::Rect::from_center_size(rect.center(), size);
        picture::paint(ui, &texture, place);
    }
    let whole = match (of_dataset, subject) {
        (Some(sample), _) => display_path(&sample.path),
        (None, Subject::Image(image)) => image.source().name(),
        (None, Subject::Sample(_)) => String::new(),
    };
    let name = classes::subject_name(state, subject);
    ui.add(egui::Label::new(name).truncate())
        .on_hover_text(whole);
    if let (None, Some(message)) = (loaded, &state.slot::<LoadImage>().failed) {
        states::failed(ui, message);
    }
    facts_ui(ui, state, sample);
}

fn facts_ui(ui: &mut Ui, state: &AppState, sample: Option<usize>) {
    let dataset = state.dataset();
    egui::Grid::new("selection-facts")
        .num_columns(2)
        .spacing([12.0, 6.0])
        .show(ui, |ui| {
            let mut fact = |name: &str, value: String| {
                states::caption(ui, name);
                ui.add(egui::Label::new(value).wrap());
                ui.end_row();
            };
            let of_dataset = sample.zip(dataset);
            let known = of_dataset
                .and_then(|(index, dataset)| Some((index, dataset, dataset.samples.get(index)?)));
            match known {
                Some((index, dataset, sample)) => {
                    fact("label", dataset.class_name(sample.label).to_owned());
                    if let Some(part) = state.part_of(index) {
                        fact("part", part.word().to_owned());
                    }
                }
                None => fact("label", "none: not in the dataset".to_owned()),
            }
            let answered = state.slot::<Inspect<Says>>().newest_answer();
            let says = match answered {
                Some(said) => {
                    let class = said.answer.class;
                    let probability = said.answer.probabilities.get(class);
                    let probability = percent(probability.copied().unwrap_or_default().into());
                    let class = said.classes.get(class).map_or("", String::as_str);
                    format!("{class} {probability}")
                }
                None if state.model.is_some() => "…".to_owned(),
                None => "no model yet".to_owned(),
            };
            fact("says", says);
            let classes = known.map(|(_, dataset, _)| dataset.classes.as_slice());
            if let (Some(answer), Some(classes)) = (answered, classes)
                && answer.classes[..] != *classes
            {
                fact("", "by a model of other classes".to_owned());
            }
            if let Some(name) = layer_name(state) {
                fact("layer", name);
            }
            if let Some(unit) = state.selection.unit {
                fact("filter", unit.to_string());
            }
            if let Some(epoch) = state.selection.epoch {
                fact("epoch", epoch.to_string());
            }
        });
}

/// What the selected layer is called: of the model that is looked into, or of the one that is edited.
fn layer_name(state: &AppState) -> Option<String> {
    let selected = state.selection.layer?;
    let nodes = match &state.model {
        Some(_) => state.nodes(),
        None => Arc::clone(&state.design.nodes),
    };
    nodes.get(selected).map(|node| node.name.clone())
}
