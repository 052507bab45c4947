//! The shared selection, on the right.

use std::sync::Arc;

use eframe::egui::{self, Ui, vec2};

use crate::{
    data::dataset::display_path,
    ui::{
        format::percent,
        panels::Cx,
        state::AppState,
        widgets::{picture, states},
    },
};

pub fn selection_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    states::caption(ui, "SELECTION");
    let state = cx.state;
    let Some(dataset) = state.dataset() else {
        states::caption(ui, "Nothing is selected yet.");
        return;
    };
    let sample = state
        .selection
        .sample
        .and_then(|index| Some((index, dataset.samples.get(index)?)));
    let Some((index, sample)) = sample else {
        states::caption(ui, "Click an image to select it.");
        return;
    };
    let side = ui.available_width().min(184.0);
    let (rect, _) = ui.allocate_exact_size(vec2(side, side), egui::Sense::hover());
    if let Some(texture) = cx.thumbnail(ui.ctx(), index) {
        let size = picture::fitted_exactly(texture.size_vec2(), rect.size());
        picture::paint(
            ui,
            &texture,
            egui::Rect::from_center_size(rect.center(), size),
        );
    }
    let name = sample
        .path
        .file_name()
        .map(|name| display_path(name.as_ref()))
        .unwrap_or_default();
    ui.add(egui::Label::new(name).truncate())
        .on_hover_text(display_path(&sample.path));
    egui::Grid::new("selection-facts")
        .num_columns(2)
        .spacing([12.0, 6.0])
        .show(ui, |ui| {
            let mut fact = |name: &str, value: String| {
                states::caption(ui, name);
                ui.add(egui::Label::new(value).wrap());
                ui.end_row();
            };
            fact("label", dataset.class_name(sample.label).to_owned());
            if let Some(part) = state.part_of(index) {
                fact("part", part.word().to_owned());
            }
            let says = match &state.says.answer {
                Some(answer) => {
                    let probability = answer
                        .probabilities
                        .get(answer.class)
                        .copied()
                        .unwrap_or_default();
                    let class = answer.classes.get(answer.class).map_or("", String::as_str);
                    format!("{class} {}", percent(f64::from(probability)))
                }
                None if state.model.is_some() => "…".to_owned(),
                None => "no model yet".to_owned(),
            };
            fact("says", says);
            let answered = state.says.answer.as_ref();
            if answered.is_some_and(|answer| answer.classes[..] != dataset.classes[..]) {
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
