//! The Split panel: which images stand in which part, how that is decided, and what follows from it.

mod balance;
mod channels;
mod distribution;
mod settings;
mod words;

use std::sync::Arc;

use eframe::egui::{Button, Color32, RichText, ScrollArea, Ui};
use egui_material_icons::{icon_text, icons};

use super::{Cx, Panel};
use crate::{
    data::{Dataset, Division, SplitName},
    engine::Divide,
    ui::{
        format::counted,
        theme,
        widgets::{
            cached::{Cached, Same},
            needs, states,
        },
    },
};

/// View state: what is said about the present division.
#[derive(Default)]
pub struct Split {
    said: Cached<(Same<Division>, Same<Dataset>), Arc<Said>>,
    balance: balance::Balance,
}

/// What is said about a division; made once for each.
struct Said {
    warnings: Vec<String>,
    baseline: Option<String>,
    unused: usize,
}

impl Panel for Split {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(open) = needs::dataset(ui, cx, "Training, validation and test parts") else {
            return;
        };
        let dataset = &open.dataset;
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            states::failure(ui, cx.state.division_failed.as_ref());
            match cx.state.division.clone() {
                Some(division) => self.division_ui(ui, cx, dataset, &division),
                None if cx.state.division_failed.is_some() => {}
                None => drop(states::caption(ui, "Dividing the images…")),
            }
            ui.separator();
            settings::ui(ui, cx, dataset);
            if let Some(division) = cx.state.division.clone() {
                hash_ui(ui, &division.hash);
                ui.separator();
                ui.push_id("weights", |ui| self.balance.ui(ui, cx, dataset, &division));
                ui.separator();
                channels::ui(ui, cx);
            }
            ui.add_space(theme::GRID);
        });
    }
}

impl Split {
    fn division_ui(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        dataset: &Arc<Dataset>,
        division: &Arc<Division>,
    ) {
        let said = self.said.get((Same::of(division), Same::of(dataset)), || {
            Arc::new(Said {
                warnings: words::warnings(dataset, division),
                baseline: words::baseline(dataset, &division.split),
                unused: division.unused(dataset),
            })
        });
        distribution::ui(ui, dataset, division);
        let unused = match (said.unused, cx.state.slot::<Divide>().job) {
            (_, Some(_)) => "Dividing again…".to_owned(),
            (0, None) => "Every usable image is in one part.".to_owned(),
            (count, None) => format!("{} in no part.", counted(count, "image")),
        };
        states::caption(ui, unused).on_hover_text(
            "Images that were excluded, cannot be opened or lie beyond the first N are in no part",
        );
        if let Some(baseline) = &said.baseline {
            ui.label(baseline).on_hover_text(
                "What knowing nothing about the images would reach: the most frequent class of the training part, every time. A model has to be better than this",
            );
        }
        for warning in &said.warnings {
            warning_ui(ui, warning);
        }
    }
}

fn warning_ui(ui: &mut Ui, words: &str) {
    let colour = theme::palette(ui).warning;
    ui.horizontal_top(|ui| {
        ui.label(icon_text(icons::ICON_WARNING).color(colour));
        ui.vertical(|ui| ui.label(RichText::new(words).color(colour)));
    });
}

fn hash_ui(ui: &mut Ui, hash: &str) {
    let tip = "Identifies the split: the same images in the same parts give the same letters on every machine. Runs keep it";
    ui.horizontal(|ui| {
        states::caption(ui, "Split").on_hover_text(tip);
        ui.label(RichText::new(hash).monospace()).on_hover_text(tip);
        let copy = ui.add(Button::new(icon_text(icons::ICON_CONTENT_COPY)).small());
        let copy = copy.accessible_name("Copy the split's identity");
        if copy.on_hover_text("Copies it").clicked() {
            ui.ctx().copy_text(hash.to_owned());
        }
    });
}

/// The colour of a part.
fn part_colour(ui: &Ui, part: SplitName) -> Color32 {
    let palette = theme::palette(ui);
    match part {
        SplitName::Train => palette.training,
        SplitName::Validation => palette.validation,
        SplitName::Test => palette.test,
    }
}
