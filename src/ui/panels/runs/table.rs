//! The table of runs: one line each, virtual, scrolled sideways where it is narrow.

use std::{path::PathBuf, sync::Arc};

use eframe::egui::{self, Label, RichText, Ui};
use egui_material_icons::{icon_text, icons};

use super::{
    Column::{self, Figure, Name, Started, State},
    chosen_after, toggled,
};
use crate::{
    train::runs::{
        RunRecord, RunState,
        query::Metric::{
            self, Epochs, Parameters, Seconds, TestAccuracy, TrainAccuracy, TrainLoss, ValAccuracy,
            ValLoss,
        },
    },
    ui::{
        action::RunsAction,
        format::{minutes, moment, percent, short_moment, significant, thousands},
        panels::Cx,
        theme,
        widgets::table::{Order, Table, text},
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

/// Columns, those that people look at most first.
const COLUMNS: [Column; 10] = [
    Name,
    Started,
    State,
    Figure(ValAccuracy),
    Figure(TestAccuracy),
    Figure(ValLoss),
    Figure(Epochs),
    Figure(Seconds),
    Figure(TrainAccuracy),
    Figure(Parameters),
];

impl Column {
    /// Its heading, width in points (else what is left), and what it means.
    fn about(self) -> (&'static str, Option<f32>, &'static str) {
        let (words, width, tip) = match self {
            Name => return ("name", None, "What it is called"),
            Started => ("started", 76.0, "When it was begun"),
            State => ("state", 92.0, "How it stands"),
            Figure(ValAccuracy) => ("val acc", 56.0, "Validation accuracy of the kept weights"),
            Figure(TestAccuracy) => ("test acc", 58.0, "Test accuracy of the kept weights"),
            Figure(ValLoss) => ("val loss", 58.0, "Validation loss of the kept weights"),
            Figure(Epochs) => ("epochs", 52.0, "Epochs finished"),
            Figure(Seconds) => ("time", 48.0, "Wall time of all epochs"),
            Figure(Parameters) => ("parameters", 84.0, "Numbers in the network"),
            Figure(TrainAccuracy) => ("train acc", 64.0, TRAINING),
            Figure(TrainLoss) => ("train loss", 64.0, "Training loss in that epoch"),
        };
        (words, Some(width), tip)
    }
}

/// What the training accuracy means.
const TRAINING: &str = "Training accuracy in the epoch whose weights are kept";

/// Draws it; a click chooses.
pub fn ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    shown: &[Arc<RunRecord>],
    order: &mut Order<Column>,
    anchor: &mut Option<PathBuf>,
) {
    let gap = ui.spacing().item_spacing.x;
    let widths = COLUMNS.into_iter().filter_map(|column| column.about().1);
    let others: f32 = widths.map(|width| width + gap).sum();
    let box_width = 22.0;
    let name_width = (ui.available_width() - others - box_width - 2.0 * gap - 8.0).max(LEAST_NAME);
    theme::always_show_bars(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    let mut table = Table::new(ROW, shown.len());
    table.column("", "", box_width, |ui, cx, at| tick_ui(ui, cx, &shown[at]));
    for column in COLUMNS {
        let (words, width, tip) = column.about();
        let width = width.unwrap_or(name_width);
        // Accuracies are looked for from above, losses and names from below.
        let from_above = !matches!(column, Name | State | Figure(ValLoss | TrainLoss));
        let cell = move |ui: &mut Ui, cx: &mut Cx<'_>, at: usize| {
            let run = &shown[at];
            match column {
                Name => name_ui(ui, run, place(cx, run), name_width),
                State => state_ui(ui, run),
                Figure(metric) => text(ui, RichText::new(figure_words(metric, run))),
                Started => text(ui, RichText::new(short_moment(run.started)).small()),
            }
        };
        table.column(words, tip, width, cell).sorts = Some((column, from_above));
    }
    let is_chosen = |cx: &Cx<'_>, at: usize| place(cx, &shown[at]).is_some();
    table.ui(ui, cx, order, is_chosen, |cx, at, line| {
        let run = &shown[at];
        line.widget_info(|| {
            let name = format!("run {}", run.name());
            egui::WidgetInfo::selected(egui::Role::Row, true, is_chosen(cx, at), name)
        });
        let line = line.on_hover_ui(|ui| hint_ui(ui, run));
        if line.clicked() {
            let modifiers = line.ctx.input(|input| input.modifiers);
            let chosen = chosen_after(&cx.state.runs, shown, anchor, &run.folder, modifiers);
            cx.push(RunsAction::Choose(chosen));
        }
    });
}

/// Where a run stands among the chosen ones.
fn place(cx: &Cx<'_>, run: &RunRecord) -> Option<usize> {
    let mut chosen = cx.state.runs.chosen.iter();
    chosen.position(|folder| *folder == run.folder)
}

fn tick_ui(ui: &mut Ui, cx: &mut Cx<'_>, run: &RunRecord) {
    let mut is_chosen = place(cx, run).is_some();
    let tick = ui.checkbox(&mut is_chosen, "");
    let tick = tick.accessible_name(format!("choose {}", run.name()));
    if tick.clicked() {
        cx.push(RunsAction::Choose(toggled(&cx.state.runs, &run.folder)));
    }
}

/// A figure as people read it.
fn figure_words(metric: Metric, run: &RunRecord) -> String {
    let Some(value) = metric.of(run) else {
        return "–".to_owned();
    };
    match metric {
        Epochs => format!("{}/{}", run.epochs, run.planned_epochs()),
        Seconds => minutes(value),
        Parameters => thousands(value as usize),
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
