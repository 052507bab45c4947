//! The Changes panel: what the user changed about the dataset, each with the way back.

use std::sync::Arc;

use eframe::egui::{self, Align, Label, Layout, ScrollArea, Sense, Ui, vec2};
use egui_material_icons::{icon_text, icons};

use super::{Cx, Panel};
use crate::{
    data::{Edit, Edits, dataset::Dataset, edits::sample_name},
    ui::{
        action::{Action, DataAction, EditAction},
        format::{counted, shortened},
        saving::Saving,
        theme,
        widgets::{
            buttons,
            cached::{Cached, Same},
            needs, states,
        },
    },
};

/// Height of a row in points.
const ROW: f32 = 36.0;

/// Room for a letter.
const LETTER: f32 = 7.5;

/// View state: the lines, made when the edits change.
#[derive(Default)]
pub struct Changes {
    entries: Cached<Same<Edits>, Arc<[(String, Edit)]>>,
}

impl Panel for Changes {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(open) = needs::dataset(ui, cx, "Changes to a dataset") else {
            return;
        };
        let edits = cx.state.wanted_edits().unwrap_or(&open.edits).clone();
        buttons_ui(ui, cx, &edits);
        ui.add_space(theme::GRID / 2.0);
        if edits.is_empty() {
            states::empty(ui, EMPTY, None);
            return;
        }
        let count = counted(edits.len(), "change");
        let words = "Your files stay as they are: this program keeps the changes.";
        states::caption(ui, format!("{count}. {words}"));
        let made = || edits.entries().collect();
        let entries = self.entries.get(Same::of(&edits), made);
        let area = ScrollArea::vertical().auto_shrink(false);
        area.show_rows(ui, ROW, entries.len(), |ui, rows| {
            for (line, back) in &entries[rows] {
                entry_ui(ui, cx, &open.dataset, line, back);
            }
        });
    }
}

const EMPTY: &str = "Nothing was changed. Rename classes, exclude, relabel or move images: \
    your files are never touched, this program keeps the changes and you can take them back here.";

fn buttons_ui(ui: &mut Ui, cx: &mut Cx<'_>, edits: &Edits) {
    let (can_undo, can_redo) = cx.state.can_undo_redo_edits();
    let has_any = !edits.is_empty();
    let buttons: [(_, _, _, Action); 4] = [
        (
            "Undo",
            can_undo,
            "Takes the last change back (Ctrl+Z)",
            DataAction::Undo.into(),
        ),
        (
            "Redo",
            can_redo,
            "Makes it again (Ctrl+Y)",
            DataAction::Redo.into(),
        ),
        (
            "Take all back",
            has_any,
            "Shows the dataset as its files are. Undo brings the changes back",
            DataAction::ClearEdits.into(),
        ),
        (
            "Export…",
            has_any,
            "Writes the changes to a file that an experiment or another person can use",
            Saving::Edits.into(),
        ),
    ];
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.spacing_mut().button_padding.x = 10.0;
        for (words, enabled, tip, action) in buttons {
            if buttons::enabled(ui, enabled, words, tip, tip) {
                cx.push(action);
            }
        }
    });
}

fn entry_ui(ui: &mut Ui, cx: &mut Cx<'_>, dataset: &Dataset, line: &str, back: &Edit) {
    let size = vec2(ui.available_width(), ROW - ui.spacing().item_spacing.y);
    let layout = Layout::right_to_left(Align::Center);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        let button = ui.button("Take back");
        let button = button.accessible_name(format!("Take back: {line}"));
        let tip = "Takes this change back and leaves the others";
        if button.on_hover_text(tip).clicked() {
            cx.push(EditAction::Dataset(back.clone()));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let (icon, sample) = kind(back);
            ui.label(icon_text(icon).color(theme::palette(ui).muted));
            let sense = sample.map_or(Sense::hover(), |_| Sense::click());
            // Both ends tell: which sample, and what became of it.
            let letters = (ui.available_width() / LETTER).max(8.0) as usize;
            let label = Label::new(shortened(line, letters)).truncate().sense(sense);
            let label = ui.add(label);
            label.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, line));
            let clicked = label.on_hover_text(line).clicked();
            if let (true, Some(name)) = (clicked, sample) {
                select(cx, dataset, name);
            }
        });
    });
}

/// An icon, and the sample that the change is about.
fn kind(edit: &Edit) -> (egui_material_icons::MaterialIcon, Option<&String>) {
    match edit {
        Edit::Rename { .. } => (icons::ICON_EDIT, None),
        Edit::Exclude { samples, .. } => (icons::ICON_BLOCK, samples.first()),
        Edit::Relabel { samples, .. } => (icons::ICON_LABEL, samples.first()),
        Edit::Move { samples, .. } => (icons::ICON_SWAP_HORIZ, samples.first()),
    }
}

fn select(cx: &mut Cx<'_>, dataset: &Dataset, name: &str) {
    let mut samples = dataset.samples.iter();
    let sample = samples.position(|sample| sample_name(&sample.path) == name);
    if sample.is_some() {
        cx.select(|to| {
            *to = to.with_sample(sample);
            to.marked = Arc::default();
        });
    }
}
