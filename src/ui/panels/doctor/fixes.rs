//! What can be done about twins: excluding one of them, as one change that can be undone.

use std::sync::Arc;

use eframe::egui::{Align, Label, Layout, RichText, Ui, vec2};
use egui_material_icons::{icon_text, icons};

use crate::{
    data::{
        Dataset, Edit,
        doctor::{Examination, Likeness, Pair, drop_from_train},
        edits::sample_name,
    },
    ui::{
        action::{DataAction, EditAction},
        format::counted,
        panels::Cx,
        theme,
        widgets::{
            buttons,
            cached::{Cached, Same},
            states,
        },
    },
};

/// Edits for all twins at once, and what was done last.
#[derive(Default)]
pub struct Fixes {
    bulk: Cached<Same<Examination>, Arc<Bulk>>,
    done: Option<Done>,
}

/// Names of samples to exclude.
struct Bulk {
    surplus: Vec<String>,
    leaks: Vec<String>,
}

/// What the last fix did.
struct Done {
    words: String,
    /// One of the samples that were excluded: when it is back in, the fix was undone.
    sample: String,
}

impl Bulk {
    /// Where parts are drawn, an exclusion draws them anew: then of all copies one is kept, and none can
    /// stand in two parts. Given parts stay as they are: what stands in two of them is a leak.
    fn new(dataset: &Dataset, examination: &Examination) -> Self {
        let is_drawn = !dataset.has_given_parts();
        let is_surplus = |pair: &&Pair| {
            let is_meant = is_drawn || pair.across_parts.is_none();
            pair.kind == Likeness::Exact && is_meant && !pair.across_classes
        };
        let copies = examination.pairs.iter().filter(is_surplus);
        let mut surplus: Vec<String> = copies.filter_map(|pair| name(dataset, pair.b)).collect();
        surplus.sort_unstable();
        surplus.dedup();
        let samples = |edit| match edit {
            Edit::Exclude { samples, .. } => samples,
            _ => Vec::new(),
        };
        let leaks = drop_from_train(dataset, examination, false).into_iter();
        let leaks = leaks.flat_map(samples).collect();
        Self { surplus, leaks }
    }
}

impl Fixes {
    /// Buttons for everything at once, and what the last fix did.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        cx: &mut Cx<'_>,
        dataset: &Dataset,
        examination: &Arc<Examination>,
    ) {
        let key = Same::of(examination);
        let bulk = self
            .bulk
            .get(key, || Arc::new(Bulk::new(dataset, examination)));
        let one_of_each = if dataset.has_given_parts() {
            "Of images with the same pixels in one part and class, keeps the first and excludes the others. One change, to be undone as a whole"
        } else {
            "Of images with the same pixels in one class, keeps the first and excludes the others: then none can stand in two parts, however they are drawn. One change, to be undone as a whole"
        };
        let no_leaks = "Excludes from training what stands in validation or test too, pixel by pixel, so that what is measured is fair. Parts that are drawn are drawn anew after it. One change, to be undone as a whole";
        ui.horizontal_wrapped(|ui| {
            for (words, tip, samples) in [
                ("Keep one of each", one_of_each, &bulk.surplus),
                ("Drop all leaks from train", no_leaks, &bulk.leaks),
            ] {
                let words = format!("{words} ({})", samples.len());
                if buttons::enabled(ui, !samples.is_empty(), words, tip, "There are none") {
                    self.exclude(cx, samples.clone());
                }
            }
        });
        self.done_ui(ui, cx);
    }

    /// Excludes samples and remembers to say so.
    pub fn exclude(&mut self, cx: &mut Cx<'_>, samples: Vec<String>) {
        let Some(sample) = samples.first().cloned() else {
            return;
        };
        let words = match samples.len() {
            1 => format!("{sample} is excluded now."),
            count => format!("{} are excluded now.", counted(count, "image")),
        };
        self.done = Some(Done { words, sample });
        cx.push(EditAction::Dataset(Edit::Exclude {
            samples,
            excluded: true,
        }));
    }

    /// One line that is always there, so that what follows stays in its place.
    fn done_ui(&self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let edits = cx.state.wanted_edits();
        let is_in_force =
            |done: &&Done| edits.is_some_and(|edits| edits.excluded.contains(&done.sample));
        let done = self.done.as_ref().filter(is_in_force);
        let size = vec2(ui.available_width(), ui.spacing().interact_size.y);
        ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
            let Some(done) = done else {
                states::caption(ui, "This only excludes images: files stay as they are.");
                return;
            };
            let colour = theme::palette(ui).good;
            ui.label(icon_text(icons::ICON_CHECK_CIRCLE).color(colour));
            let (can_undo, _) = cx.state.can_undo_redo_edits();
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let tip = "Takes the last change to the dataset back (Ctrl+Z)";
                if buttons::enabled(ui, can_undo, "Undo", tip, tip) {
                    cx.push(DataAction::Undo);
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let words = RichText::new(&done.words).small().color(colour);
                    let words = Label::new(words).truncate();
                    ui.add(words).on_hover_text(&done.words);
                });
            });
        });
    }
}

/// How edits name a sample.
pub fn name(dataset: &Dataset, sample: usize) -> Option<String> {
    let sample = dataset.samples.get(sample)?;
    Some(sample_name(&sample.path))
}
