//! Menus that change samples and classes; the same by right click and by the visible buttons.

use eframe::egui::{Button, Label, RichText, ScrollArea, Ui};

use super::changes;
use crate::{
    data::{Sample, SplitName, dataset::display_path},
    engine::OpenDataset,
    ui::{
        action::{DataAction, EditAction},
        format::{counted, shortened},
        panels::Cx,
        theme,
        widgets::states,
    },
};

/// Height of a list of classes in a menu.
const CLASSES_HEIGHT: f32 = 320.0;
/// Letters of a class name in it.
const LONGEST: usize = 22;
/// Width of a menu.
const WIDTH: f32 = 200.0;

/// A line of a menu; closes it.
fn item(ui: &mut Ui, words: &str, enabled: bool) -> bool {
    ui.add_enabled(enabled, Button::new(words)).clicked()
}

/// What can be done with `samples`.
pub fn samples_ui(ui: &mut Ui, cx: &mut Cx<'_>, open: &OpenDataset, samples: &[usize]) {
    ui.set_width(WIDTH);
    let all = &open.dataset.samples;
    let title = match samples {
        [one] => all.get(*one).map_or_else(String::new, Sample::name),
        more => counted(more.len(), "image"),
    };
    ui.add(Label::new(RichText::new(title).strong()).truncate());
    let is_excluded = |index: &usize| all.get(*index).is_some_and(|s| s.excluded);
    let some = !samples.is_empty();
    if item(ui, "Exclude", some && !samples.iter().all(is_excluded)) {
        cx.push(EditAction::Dataset(changes::exclude(open, samples, true)));
    }
    if item(ui, "Include again", samples.iter().any(is_excluded)) {
        cx.push(EditAction::Dataset(changes::exclude(open, samples, false)));
    }
    ui.add_enabled_ui(some, |ui| {
        ui.menu_button("Label", |ui| labels_ui(ui, cx, open, samples));
        ui.menu_button("Move to", |ui| parts_ui(ui, cx, open, samples));
    });
    ui.separator();
    if let [one] = samples
        && item(ui, "Find similar", true)
    {
        cx.push(DataAction::FindSimilar(*one));
    }
    let plural = if samples.len() == 1 { "" } else { "s" };
    if item(ui, &format!("Copy path{plural}"), some) {
        let paths = samples.iter().filter_map(|index| open.dataset.path(*index));
        let lines: Vec<String> = paths.map(|path| display_path(&path)).collect();
        ui.ctx().copy_text(lines.join("\n"));
    }
}

fn labels_ui(ui: &mut Ui, cx: &mut Cx<'_>, open: &OpenDataset, samples: &[usize]) {
    ui.set_width(WIDTH);
    let current = match samples {
        [one] => open.dataset.samples.get(*one).map(|sample| sample.label),
        _ => None,
    };
    let mut chosen = None;
    let height = ui.spacing().interact_size.y;
    let classes = &open.dataset.classes;
    let area = ScrollArea::vertical().max_height(CLASSES_HEIGHT);
    area.show_rows(ui, height, classes.len(), |ui, rows| {
        for label in rows {
            let name = &classes[label];
            let chip = RichText::new("●").color(theme::class_colour(label));
            let words = shortened(name, LONGEST);
            let button = Button::selectable(current == Some(label), (chip, words));
            let response = ui.add(button).accessible_name(name);
            if response.on_hover_text(name).clicked() {
                chosen = Some(Some(label));
            }
        }
    });
    ui.separator();
    if item(ui, "As the source says", true) {
        chosen = Some(None);
    }
    if let Some(label) = chosen {
        if let Some(edit) = changes::relabel(open, samples, label) {
            cx.push(EditAction::Dataset(edit));
        }
        ui.close();
    }
}

fn parts_ui(ui: &mut Ui, cx: &mut Cx<'_>, open: &OpenDataset, samples: &[usize]) {
    let mut part_ui = |ui: &mut Ui, words, part| {
        if item(ui, words, true) {
            cx.push(EditAction::Dataset(changes::move_to(open, samples, part)));
        }
    };
    for part in SplitName::ALL {
        part_ui(ui, part.word(), Some(part));
    }
    ui.separator();
    part_ui(ui, "As the split says", None);
}

/// What was chosen in the menu of a class and is not an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassChoice {
    /// Type another name.
    Rename,
    /// Show this class alone.
    ShowOnly,
}

/// What can be done with class `label`.
pub fn class_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    open: &OpenDataset,
    label: usize,
) -> Option<ClassChoice> {
    ui.set_width(WIDTH);
    states::caption(ui, open.dataset.class_name(label));
    let mut chosen = None;
    if item(ui, "Rename…", true) {
        chosen = Some(ClassChoice::Rename);
    }
    if item(ui, "Show only this class", true) {
        chosen = Some(ClassChoice::ShowOnly);
    }
    for (words, excluded) in [
        ("Exclude all images", true),
        ("Include all images again", false),
    ] {
        if item(ui, words, true) {
            let samples = changes::of_class(open, label);
            cx.push(EditAction::Dataset(changes::exclude(
                open, &samples, excluded,
            )));
        }
    }
    chosen
}
