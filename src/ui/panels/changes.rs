//! The Changes panel: what the user changed about the dataset, each with the way back.

use std::sync::Arc;

use eframe::egui::{self, Align, Button, Label, Layout, ScrollArea, Sense, Ui, vec2};
use egui_material_icons::{icon_text, icons};

use super::{Cx, Panel};
use crate::{
    data::{Edit, Edits, dataset::Dataset, edits::sample_name},
    ui::{
        action::{Action, DataAction, EditAction},
        format::{counted, shortened},
        saving::Saving,
        state::Selection,
        theme,
        widgets::{
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
        states::caption(
            ui,
            format!(
                "{}. Your files stay as they are: this program keeps the changes.",
                counted(edits.len(), "change")
            ),
        );
        let entries = self
            .entries
            .get(Same::of(&edits), || edits.entries().collect());
        ScrollArea::vertical()
            .auto_shrink(false)
            .show_rows(ui, ROW, entries.len(), |ui, rows| {
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
    let buttons = [
        (
            "Undo",
            can_undo,
            "Takes the last change back (Ctrl+Z)",
            Action::Data(DataAction::Undo),
        ),
        (
            "Redo",
            can_redo,
            "Makes it again (Ctrl+Y)",
            Action::Data(DataAction::Redo),
        ),
        (
            "Take all back",
            !edits.is_empty(),
            "Shows the dataset as its files are. Undo brings the changes back",
            Action::Data(DataAction::ClearEdits),
        ),
        (
            "Export…",
            !edits.is_empty(),
            "Writes the changes to a file that an experiment or another person can use",
            Saving::Edits.into(),
        ),
    ];
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.spacing_mut().button_padding.x = 10.0;
        for (words, enabled, tip, action) in buttons {
            let button = ui.add_enabled(enabled, Button::new(words));
            if button
                .on_hover_text(tip)
                .on_disabled_hover_text(tip)
                .clicked()
            {
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
        if button
            .accessible_name(format!("Take back: {line}"))
            .on_hover_text("Takes this change back and leaves the others")
            .clicked()
        {
            cx.push(EditAction::Dataset(back.clone()));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let (icon, sample) = kind(back);
            ui.label(icon_text(icon).color(theme::palette(ui).muted));
            let sense = if sample.is_some() {
                Sense::click()
            } else {
                Sense::hover()
            };
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
fn kind(edit: &Edit) -> (egui_material_icons::MaterialIcon, Option<&str>) {
    match edit {
        Edit::Rename { .. } => (icons::ICON_EDIT, None),
        Edit::Exclude { samples, .. } => (icons::ICON_BLOCK, first(samples)),
        Edit::Relabel { samples, .. } => (icons::ICON_LABEL, first(samples)),
        Edit::Move { samples, .. } => (icons::ICON_SWAP_HORIZ, first(samples)),
    }
}

fn select(cx: &mut Cx<'_>, dataset: &Dataset, name: &str) {
    let mut samples = dataset.samples.iter();
    let sample = samples.position(|sample| sample_name(&sample.path) == name);
    if sample.is_some() {
        let selection = Selection {
            marked: Arc::default(),
            ..cx.state.selection.with_sample(sample)
        };
        cx.push(Action::Select(selection));
    }
}

fn first(samples: &[String]) -> Option<&str> {
    samples.first().map(String::as_str)
}
