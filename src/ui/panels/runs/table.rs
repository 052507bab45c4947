//! The table of runs: one line each, virtual, scrolled sideways where it is narrow.

use std::{path::PathBuf, sync::Arc};

use eframe::egui::{self, Align, Label, Layout, RichText, ScrollArea, Sense, Ui};
use egui_extras::{Column as Width, TableBuilder, TableRow};
use egui_material_icons::{icon_text, icons};

use super::{Column, chosen_after, toggled};
use crate::{
    train::runs::{RunRecord, RunState, query::Metric},
    ui::{
        action::RunsAction,
        format::{minutes, moment, percent, short_moment, significant, thousands},
        panels::Cx,
        theme,
        widgets::table::{Order, text},
    },
};

/// Height of a line.
const ROW: f32 = 30.0;
/// Least width of the column of names.
const LEAST_NAME: f32 = 136.0;
/// A column of names as wide as this leaves room for tags beside a long name; hovering shows all.
const WITH_TAGS: f32 = 220.0;
/// How much room.
const TAGS: f32 = 96.0;
/// Less is not worth beginning a tag.
const LEAST_TAGS: f32 = 24.0;

/// Columns behind the name, those that people look at most first: heading, width, what it orders by, what it means.
const COLUMNS: [(&str, f32, Column, &str); 9] = [
    ("started", 76.0, Column::Started, "When it was begun"),
    ("state", 92.0, Column::State, "How it stands"),
    (
        "val acc",
        56.0,
        Column::Figure(Metric::ValAccuracy),
        "Validation accuracy of the kept weights",
    ),
    (
        "test acc",
        58.0,
        Column::Figure(Metric::TestAccuracy),
        "Test accuracy of the kept weights",
    ),
    (
        "val loss",
        58.0,
        Column::Figure(Metric::ValLoss),
        "Validation loss of the kept weights",
    ),
    (
        "epochs",
        52.0,
        Column::Figure(Metric::Epochs),
        "Epochs finished",
    ),
    (
        "time",
        48.0,
        Column::Figure(Metric::Seconds),
        "Wall time of all epochs",
    ),
    (
        "train acc",
        64.0,
        Column::Figure(Metric::TrainAccuracy),
        "Training accuracy in the epoch whose weights are kept",
    ),
    (
        "parameters",
        84.0,
        Column::Figure(Metric::Parameters),
        "Numbers in the network",
    ),
];

/// Draws it; a click chooses.
pub fn ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    shown: &[Arc<RunRecord>],
    order: &mut Order<Column>,
    anchor: &mut Option<PathBuf>,
) {
    let gap = ui.spacing().item_spacing.x;
    let others: f32 = COLUMNS.iter().map(|(_, width, ..)| width + gap).sum();
    let box_width = 22.0;
    let name_width = (ui.available_width() - others - box_width - 2.0 * gap - 8.0).max(LEAST_NAME);
    theme::always_show_bars(ui);
    ScrollArea::horizontal().auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut table = TableBuilder::new(ui)
            .striped(true)
            .sense(Sense::click())
            .auto_shrink(false)
            .cell_layout(Layout::left_to_right(Align::Center))
            .column(Width::exact(box_width))
            .column(Width::exact(name_width).clip(true));
        for (_, width, ..) in COLUMNS {
            table = table.column(Width::exact(width).clip(true));
        }
        table
            .header(28.0, |mut header| {
                header.col(|_| {});
                let name = ("name", 0.0, Column::Name, "What it is called");
                for (words, _, column, tip) in [name].into_iter().chain(COLUMNS) {
                    // Accuracies are looked for from above, losses and names from below.
                    let from_above = !matches!(
                        column,
                        Column::Name
                            | Column::State
                            | Column::Figure(Metric::ValLoss | Metric::TrainLoss)
                    );
                    header.col(|ui| order.heading(ui, column, words, tip, from_above));
                }
            })
            .body(|body| {
                body.rows(ROW, shown.len(), |mut row| {
                    let run = &shown[row.index()];
                    row_ui(&mut row, cx, run, name_width);
                    let response = row.response();
                    response.widget_info(|| {
                        let chosen = cx.state.runs.chosen.contains(&run.folder);
                        let name = format!("run {}", run.name());
                        egui::WidgetInfo::selected(egui::Role::Row, true, chosen, name)
                    });
                    let response = response.on_hover_ui(|ui| hint_ui(ui, run));
                    if response.clicked() {
                        let modifiers = response.ctx.input(|input| input.modifiers);
                        let book = &cx.state.runs;
                        let chosen = chosen_after(book, shown, anchor, &run.folder, modifiers);
                        cx.push(RunsAction::Choose(chosen));
                    }
                });
            });
    });
}

fn row_ui(row: &mut TableRow<'_, '_>, cx: &mut Cx<'_>, run: &Arc<RunRecord>, name_width: f32) {
    let place = cx
        .state
        .runs
        .chosen
        .iter()
        .position(|folder| *folder == run.folder);
    row.set_selected(place.is_some());
    row.col(|ui| {
        let mut is_chosen = place.is_some();
        let tick = ui.checkbox(&mut is_chosen, "");
        tick.widget_info(|| {
            let words = format!("choose {}", run.name());
            egui::WidgetInfo::selected(egui::Role::CheckBox, true, place.is_some(), words)
        });
        if tick.clicked() {
            cx.push(RunsAction::Choose(toggled(&cx.state.runs, &run.folder)));
        }
    });
    row.col(|ui| name_ui(ui, run, place, name_width));
    for (_, _, column, _) in COLUMNS {
        row.col(|ui| match column {
            Column::State => state_ui(ui, run),
            Column::Figure(metric) => text(ui, RichText::new(figure_words(metric, run))),
            Column::Started => text(ui, RichText::new(short_moment(run.started)).small()),
            Column::Name => {}
        });
    }
}

/// A figure as people read it.
fn figure_words(metric: Metric, run: &RunRecord) -> String {
    let Some(value) = metric.of(run) else {
        return "–".to_owned();
    };
    match metric {
        Metric::Epochs => format!("{}/{}", run.epochs, run.planned_epochs()),
        Metric::Seconds => minutes(value),
        Metric::Parameters => thousands(value as usize),
        metric if metric.is_share() => percent(value),
        _ => significant(value),
    }
}

/// What the line has no room for.
fn hint_ui(ui: &mut Ui, run: &RunRecord) {
    ui.set_max_width(420.0);
    ui.strong(run.name());
    ui.label(format!("begun {}", moment(run.started)));
    if !run.notes.tags.is_empty() {
        ui.label(format!("#{}", run.notes.tags.join(" #")));
    }
    if !run.notes.text.is_empty() {
        ui.label(&run.notes.text);
    }
    for message in run.failure().into_iter().chain(run.diverged.as_deref()) {
        ui.label(message);
    }
}

/// Number and colour of a chosen run, its name and its tags.
fn name_ui(ui: &mut Ui, run: &RunRecord, place: Option<usize>, width: f32) {
    ui.spacing_mut().item_spacing.x = 6.0;
    if let Some(place) = place {
        let number = RichText::new(format!(" {} ", place + 1)).strong();
        let number = number.background_color(ui.visuals().panel_fill);
        text(ui, number.color(theme::run_colour(ui, place)));
    }
    let tags: Vec<String> = run.notes.tags.iter().map(|tag| format!("#{tag}")).collect();
    let name = RichText::new(run.short_name());
    let kept = if tags.is_empty() || width < WITH_TAGS {
        0.0
    } else {
        TAGS
    };
    let left = (ui.available_width() - kept).max(0.0);
    ui.scope(|ui| {
        ui.set_max_width(left);
        text(ui, name);
    });
    if ui.available_width() > LEAST_TAGS {
        let muted = theme::palette(ui).muted;
        text(ui, RichText::new(tags.join(" ")).small().color(muted));
    }
}

/// Its state with a mark that needs no colour.
pub fn state_ui(ui: &mut Ui, run: &RunRecord) {
    let palette = theme::palette(ui);
    let (icon, colour) = match run.state {
        RunState::Running => (icons::ICON_PLAY_ARROW, palette.accent),
        RunState::Unfinished => (icons::ICON_HOURGLASS_BOTTOM, palette.warning),
        RunState::Stopped => (icons::ICON_STOP, palette.muted),
        RunState::Failed => (icons::ICON_ERROR, palette.error),
        RunState::Finished => (icons::ICON_CHECK, palette.good),
    };
    ui.spacing_mut().item_spacing.x = 4.0;
    let mark = Label::new(icon_text(icon).color(colour)).selectable(false);
    ui.add(mark);
    text(ui, RichText::new(run.state.word()));
    if let Some(words) = &run.diverged {
        let mark = icon_text(icons::ICON_WARNING).color(palette.warning);
        let response = ui.add(Label::new(mark).selectable(false));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "diverged"));
        response.on_hover_text(words);
    }
}
