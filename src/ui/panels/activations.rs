//! The Activations panel: figures of what every step makes of the selected image.

use eframe::egui::{Grid, RichText, ScrollArea, Ui};

use super::{Cx, Panel};
use crate::{
    engine::Inspect,
    inspect::activations::Activations as Look,
    ui::{
        format::{percent, significant},
        theme,
        widgets::{needs, states},
    },
};

/// Draws it; it keeps nothing.
#[derive(Default)]
pub struct Activations;

impl Panel for Activations {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if needs::model(ui, cx, "Activations").is_none() {
            return;
        }
        let Some(image) = cx.state.subject_source() else {
            states::caption(ui, "Select an image to see what every step makes of it.");
            return;
        };
        cx.look(Look, image);
        let slot = cx.state.slot::<Inspect<Look>>();
        if let Some(message) = &slot.failed {
            states::failed(ui, message);
        }
        let Some(figures) = slot.answer() else {
            states::caption(ui, "Measuring…");
            return;
        };
        ScrollArea::both().auto_shrink(false).show(ui, |ui| {
            Grid::new("activations")
                .striped(true)
                .spacing([2.0 * theme::GRID, 2.0])
                .show(ui, |ui| {
                    for title in ["Step", "Mean", "Std", "Zeros", "Min", "Max"] {
                        ui.label(RichText::new(title).small().strong());
                    }
                    ui.end_row();
                    for step in figures.iter() {
                        ui.label(&step.name);
                        for value in [step.mean, step.std] {
                            ui.label(significant(f64::from(value)));
                        }
                        ui.label(percent(f64::from(step.zeros)));
                        for value in [step.min, step.max] {
                            ui.label(significant(f64::from(value)));
                        }
                        ui.end_row();
                    }
                });
        });
    }
}
