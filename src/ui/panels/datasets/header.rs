//! The top of the browser: what is open, what it was read as, what was left out, undo and redo.

use eframe::egui::{
    Align, Label, Layout, PopupCloseBehavior, RichText, ScrollArea, TextStyle, Ui,
    containers::menu::{MenuButton, MenuConfig},
};

use crate::{
    data::{
        Dataset, SplitName,
        dataset::{SourceKind, display_path},
    },
    engine::OpenDataset,
    ui::{
        action::DataAction,
        format::{counted, thousands},
        panels::Cx,
        theme,
        widgets::{buttons, fields, states},
    },
};

/// Width of the list of kinds.
const KINDS_WIDTH: f32 = 176.0;
/// Width of what unfolds.
const DETAILS_WIDTH: f32 = 380.0;
/// Height of a list in it.
const LIST_HEIGHT: f32 = 160.0;

pub fn header_ui(ui: &mut Ui, cx: &mut Cx<'_>, open: &OpenDataset) {
    let dataset = &*open.dataset;
    ui.horizontal_wrapped(|ui| {
        ui.add(Label::new(RichText::new(&dataset.name).heading()).truncate());
        let classes = match dataset.classes.len() {
            1 => "1 class".to_owned(),
            classes => format!("{classes} classes"),
        };
        let words = format!("{} · {classes}", counted(dataset.samples.len(), "image"));
        states::caption(ui, words).on_hover_text(display_path(&dataset.opened));
    });
    ui.horizontal_wrapped(|ui| {
        fields::together(ui, KINDS_WIDTH + 56.0, |ui| kind_ui(ui, cx, dataset.kind));
        let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        MenuButton::new("Details").config(config).ui(ui, |ui| {
            ui.set_width(DETAILS_WIDTH);
            ui.with_layout(Layout::top_down(Align::Min), |ui| facts_ui(ui, cx, open));
        });
        left_out_ui(ui, dataset);
        fields::together(ui, 84.0, |ui| {
            ui.spacing_mut().button_padding.x = 8.0;
            let can = cx.state.can_undo_redo_edits();
            let actions = [DataAction::Undo, DataAction::Redo];
            buttons::undo_redo(ui, cx, "the dataset", can, actions);
        });
    });
}

fn kind_ui(ui: &mut Ui, cx: &mut Cx<'_>, kind: SourceKind) {
    let tip = format!(
        "Found out from the names inside: {}. Choose another when that is wrong.",
        kind.words()
    );
    let mut chosen = kind;
    let kinds = SourceKind::ALL.map(|kind| (kind, kind.words()));
    fields::one_of(ui, "Read as", &tip, KINDS_WIDTH, &mut chosen, &kinds);
    if chosen != kind {
        cx.push(DataAction::ReadAs(chosen));
    }
}

fn facts_ui(ui: &mut Ui, cx: &Cx<'_>, open: &OpenDataset) {
    let dataset = &*open.dataset;
    states::facts(ui, "details", |ui| {
        let mut fact = |name: &str, value: String| {
            states::caption(ui, name);
            ui.add(Label::new(value).wrap().selectable(true));
            ui.end_row();
        };
        fact("Opened from", display_path(&dataset.opened));
        if dataset.root != dataset.opened {
            fact("Files in", display_path(&dataset.root));
        }
        fact("Read as", dataset.kind.words().to_owned());
        if let Some(division) = &cx.state.division {
            let images = |part| thousands(division.split.part(part).len());
            let parts = SplitName::ALL.map(|part| format!("{} {}", part.word(), images(part)));
            fact("Parts", parts.join(" · "));
        }
        fact("Changes", thousands(open.edits.len()));
        for (name, value) in &dataset.metadata {
            fact(name, value.clone());
        }
    });
    let skipped = &dataset.skipped;
    if skipped.total() > 0 {
        ui.separator();
        let words = format!(
            "{} skipped: {} hidden, {} not images, {} outside the class folders",
            counted(skipped.total(), "file"),
            thousands(skipped.hidden),
            thousands(skipped.not_images),
            thousands(skipped.misplaced)
        );
        ui.add(Label::new(words).wrap());
        list_ui(ui, "skipped", skipped.named.len(), &|row| {
            display_path(&skipped.named[row])
        });
    }
    if !dataset.broken.is_empty() {
        ui.separator();
        ui.label(could_not_be_opened(dataset));
        let broken: Vec<(&usize, &String)> = dataset.broken.iter().collect();
        list_ui(ui, "broken", broken.len(), &|row| {
            let (index, reason) = broken[row];
            let sample = dataset.samples.get(*index);
            let path = sample.map(|sample| display_path(&sample.path));
            format!("{} {reason}", path.unwrap_or_default())
        });
    }
}

fn list_ui(ui: &mut Ui, name: &str, count: usize, line: &dyn Fn(usize) -> String) {
    let height = ui.text_style_height(&TextStyle::Small);
    let area = ScrollArea::both().id_salt(name).max_height(LIST_HEIGHT);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let area = area.auto_shrink([false, true]);
        area.show_rows(ui, height, count, |ui, rows| {
            rows.for_each(|row| drop(states::note(ui, line(row))));
        });
    });
}

fn could_not_be_opened(dataset: &Dataset) -> String {
    let images = counted(dataset.broken.len(), "image");
    format!("{images} could not be opened")
}

/// That something was passed over or could not be opened; the details name it.
fn left_out_ui(ui: &mut Ui, dataset: &Dataset) {
    if dataset.skipped.total() > 0 {
        let words = format!("{} skipped", counted(dataset.skipped.total(), "file"));
        states::caption(ui, words).on_hover_text("Details lists them");
    }
    if !dataset.broken.is_empty() {
        let colour = theme::palette(ui).warning;
        let words = RichText::new(could_not_be_opened(dataset)).small();
        ui.label(words.color(colour))
            .on_hover_text("Details lists them");
    }
}
