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
        states::failure(ui, slot.failed.as_ref());
        let Some(figures) = slot.answer() else {
            states::caption(ui, "Measuring…");
            return;
        };
        let number = |value: f32| significant(f64::from(value));
        let grid = Grid::new("activations").striped(true);
        let grid = grid.spacing([2.0 * theme::GRID, 2.0]);
        let area = ScrollArea::both().auto_shrink(false);
        area.show(ui, |ui| {
            grid.show(ui, |ui| {
                for title in ["Step", "Mean", "Std", "Zeros", "Min", "Max"] {
                    ui.label(RichText::new(title).small().strong());
                }
                ui.end_row();
                for step in figures.iter() {
                    ui.label(&step.name);
                    let zeros = percent(f64::from(step.zeros));
                    let [mean, std, min, max] =
                        [step.mean, step.std, step.min, step.max].map(number);
                    for words in [mean, std, zeros, min, max] {
                        ui.label(words);
                    }
                    ui.end_row();
                }
            });
        });
    }
}
