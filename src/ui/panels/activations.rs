//! The Activations panel: figures of what every step makes of the selected image.

use eframe::egui::{RichText, Ui};

use super::{Cx, Panel};
use crate::{
    engine::Inspect,
    inspect::activations::Activations as Look,
    ui::{
        format::{percent, significant},
        widgets::{
            needs, states,
            table::{self, Order, Table},
        },
    },
};

/// Height of a line.
const ROW: f32 = 22.0;
/// Width of the names of steps, and of a number.
const NAME: std::ops::RangeInclusive<f32> = 64.0..=240.0;
const NUMBER: f32 = 58.0;
const NUMBERS: [(&str, &str); 5] = [
    ("Mean", "Of all values of the step's output"),
    ("Std", "The standard deviation of all values"),
    ("Zeros", "The share of values that are exactly 0"),
    ("Min", "The smallest value"),
    ("Max", "The largest value"),
];

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
        let Some(steps) = slot.answer() else {
            states::caption(ui, "Measuring…");
            return;
        };
        let gap = ui.spacing().item_spacing.x;
        let numbers = NUMBERS.len() as f32 * (NUMBER + gap);
        let name = (ui.available_width() - numbers - gap).clamp(*NAME.start(), *NAME.end());
        let mut table = Table::<()>::new(ROW, steps.len());
        table.column("Step", "", name, |ui, _, at| {
            table::text(ui, RichText::new(&steps[at].name));
        });
        for (place, (words, tip)) in NUMBERS.into_iter().enumerate() {
            let column = table.column(words, tip, NUMBER, move |ui, _, at| {
                let value = f64::from(steps[at].row()[place]);
                let is_share = words == "Zeros";
                ui.label(if is_share {
                    percent(value)
                } else {
                    significant(value)
                });
            });
            column.is_number = true;
        }
        table.ui(ui, cx, &mut Order::default(), |_, _| false, |_, _, _| {});
    }
}
