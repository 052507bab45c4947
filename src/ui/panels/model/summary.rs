//! The summary as notebooks print it, to look at and to copy.

use eframe::egui::{Label, RichText, ScrollArea, Ui};

use crate::{
    model::summary::Summary,
    ui::{panels::Cx, widgets::states},
};

/// The table and the button that copies it.
pub fn summary_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    let summary = match Summary::new(&state.experiment.model, state.boundary()) {
        Ok(summary) => summary,
        Err(error) => return states::failed(ui, &error.to_string()),
    };
    let text = summary.to_string();
    ui.horizontal_wrapped(|ui| {
        if ui.button("Copy as text").clicked() {
            ui.copy_text(text.clone());
        }
        let phases = &state.experiment.training.phases;
        if let (true, Some(phase)) = (phases.len() > 1, phases.get(state.design.phase)) {
            states::caption(ui, format!("As trained in the phase {}", phase.name));
        }
    });
    ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        let text = Label::new(RichText::new(text).monospace());
        ui.add(text.selectable(true).extend());
    });
}
