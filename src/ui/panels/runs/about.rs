//! One run: its name, notes and tags to write, how it went, and what can be done with it.

use std::{path::PathBuf, sync::Arc};

use eframe::egui::{Button, Grid, Id, Label, Modal, RichText, ScrollArea, TextEdit, Ui, vec2};
use egui_material_icons::icons;

use super::table;
use crate::{
    data::dataset::display_path,
    train::{
        run_folder::{EndStage, MODEL_FILE, REPORT_FILE, lacking},
        runs::{RunNotes, RunRecord, RunState, query::Metric},
    },
    ui::{
        action::{Action, EditAction, ModelAction, RunsAction, WindowAction},
        format::{counted, minutes, moment, percent, shortened, significant, thousands},
        panels::{Cx, Panel},
        theme,
        widgets::{fields, states},
    },
};

/// Epochs that "Train more" adds.
const MORE_EPOCHS: usize = 5;
/// Height of a button, as [`states::primary_button`] has it.
const BUTTON: f32 = 32.0;
/// The button that matters most, where it can be pressed.
const CONTINUE: &str = "Continue";
/// Width of the names of fields.
const FIELD_NAME: f32 = 40.0;
/// Letters of a name in a question.
const LONGEST_NAME: usize = 60;

/// What is being written about a run.
struct Draft {
    folder: PathBuf,
    /// As it is on the disk.
    kept: RunNotes,
    written: RunNotes,
    tags: String,
}

impl Draft {
    fn of(run: &RunRecord) -> Self {
        Self {
            folder: run.folder.clone(),
            kept: run.notes.clone(),
            written: run.notes.clone(),
            tags: run.notes.tags.join(" "),
        }
    }

    fn notes(&self) -> RunNotes {
        RunNotes {
            name: self.written.name.trim().to_owned(),
            text: self.written.text.trim_end().to_owned(),
            tags: RunNotes::tags_of(&self.tags),
            left: self.kept.left,
        }
    }

    /// Wishes for what was written to be kept, if it was changed.
    fn keep(&mut self, cx: &mut Cx<'_>) {
        let notes = self.notes();
        if notes != self.kept {
            self.kept = notes.clone();
            let folder = self.folder.clone();
            cx.push(EditAction::Notes { folder, notes });
        }
    }
}

/// View state.
#[derive(Default)]
pub struct AboutRun {
    draft: Option<Draft>,
    /// Runs that the user is asked about before they are thrown away.
    asked: Option<Vec<Arc<RunRecord>>>,
}

impl Panel for AboutRun {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let runs: Vec<Arc<RunRecord>> = cx.state.runs.chosen_runs().cloned().collect();
        self.follow(cx, &runs);
        match runs.as_slice() {
            [] => {
                let words = "Choose a run in the table to name it, continue it or train it again.";
                states::empty(ui, words, None);
            }
            [run] => {
                ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                    self.buttons_ui(ui, cx, run);
                    self.fields_ui(ui, cx);
                    facts_ui(ui, run);
                });
            }
            several => self.several_ui(ui, cx, several),
        }
        self.question_ui(ui, cx);
    }
}

impl AboutRun {
    /// Keeps what was written about another run, and begins with this one.
    fn follow(&mut self, cx: &mut Cx<'_>, runs: &[Arc<RunRecord>]) {
        let only = match runs {
            [run] => Some(run),
            _ => None,
        };
        match (&mut self.draft, only) {
            // Decided elsewhere.
            (Some(draft), Some(run)) if draft.folder == run.folder => {
                draft.kept.left = run.notes.left;
            }
            (draft, _) => {
                draft.iter_mut().for_each(|draft| draft.keep(cx));
                self.draft = only.map(|run| Draft::of(run));
            }
        }
    }

    fn fields_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(draft) = &mut self.draft else {
            return;
        };
        let folder = draft.folder.file_name().unwrap_or_default();
        let hint = shortened(&display_path(folder.as_ref()), 40);
        let width = (ui.available_width() - FIELD_NAME - 16.0).max(64.0);
        let mut done = false;
        let mut field = |ui: &mut Ui, name: &str, tip: &str, field: TextEdit<'_>| {
            let label = states::caption(ui, name);
            let field = field.id_salt(name).desired_width(width);
            let response = ui.add(field).labelled_by(label.id).on_hover_text(tip);
            done |= response.lost_focus() || fields::entered(ui, &response);
            ui.end_row();
        };
        let grid = Grid::new("run-fields").num_columns(2);
        grid.min_col_width(FIELD_NAME)
            .spacing([8.0, 4.0])
            .show(ui, |ui| {
                let edit = TextEdit::singleline(&mut draft.written.name).hint_text(hint);
                let tip = "What the run is called; empty: the name of its folder";
                field(ui, "Name", tip, edit);
                let edit = TextEdit::singleline(&mut draft.tags).hint_text("baseline good");
                let tip = "Words to find it by, separated by spaces";
                field(ui, "Tags", tip, edit);
                let edit = TextEdit::multiline(&mut draft.written.text).desired_rows(2);
                let tip = "Anything worth remembering. Kept when you leave the field";
                field(ui, "Notes", tip, edit);
            });
        if done {
            draft.keep(cx);
        }
    }

    /// Every button has its place, whatever the run; one that cannot be pressed says why.
    fn buttons_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, run: &Arc<RunRecord>) {
        let is_idle = !cx.state.training.is_running();
        let when_idle = |reason: Option<&'static str>| reason.or((!is_idle).then_some(BUSY));
        let folder = || run.folder.clone();
        let mut button =
            |ui: &mut Ui, words: &str, tip: &str, why_not: Option<&str>, action: Action| {
                let can = why_not.is_none();
                let response = if words == CONTINUE && run.can_continue() {
                    states::primary_button(ui, words, can)
                } else {
                    let width = if words == CONTINUE { 96.0 } else { 0.0 };
                    ui.add_enabled(can, Button::new(words).min_size(vec2(width, BUTTON)))
                };
                let reason = why_not.unwrap_or_default();
                let response = response.on_hover_text(tip).on_disabled_hover_text(reason);
                if response.clicked() {
                    cx.push(action);
                }
            };
        let go_on = |more| {
            RunsAction::Continue {
                folder: folder(),
                more,
            }
            .into()
        };
        ui.horizontal_wrapped(|ui| {
            let left = run.planned_epochs().saturating_sub(run.epochs);
            let tip = match lacking(run.left_out()) {
                Some(lacking) if left == 0 => format!("Does what was left out: {lacking}"),
                _ => format!("Goes on where it ended: {} to go", counted(left, "epoch")),
            };
            let why_not = when_idle(why_not_continue(run));
            button(ui, CONTINUE, &tip, why_not, go_on(0));
            let words = format!("Train {MORE_EPOCHS} more epochs");
            let tip = "Goes on with its last phase in the same run";
            let is_done = run.with_more_epochs(MORE_EPOCHS).is_some();
            let why_not = when_idle((!is_done).then_some(NOT_DONE));
            button(ui, &words, tip, why_not, go_on(MORE_EPOCHS));
            let tip = "Takes over its dataset, model and settings, ready to be changed";
            let action = RunsAction::TrainAgain(folder()).into();
            button(ui, "Train again with…", tip, when_idle(None), action);
        });
        ui.horizontal_wrapped(|ui| {
            let tip = "Makes its best weights the model that Inside, Evaluate and Predict use";
            let why_not = when_idle((!run.has_model).then_some("It has left no model"));
            let action = ModelAction::Load(run.folder.join(MODEL_FILE)).into();
            button(ui, "Load model", tip, why_not, action);
            let mut show = |ui: &mut Ui, words: &str, why_not: Option<&str>, path: PathBuf| {
                let tip = format!("{}\nA click copies the path", display_path(&path));
                let action = WindowAction::ShowFile(path).into();
                button(ui, words, &tip, why_not, action);
            };
            let why_not = (!run.has_report).then_some("It has left no report");
            show(ui, "Open report", why_not, run.folder.join(REPORT_FILE));
            show(ui, "Open folder", None, folder());
            self.bin_ui(ui, std::slice::from_ref(run));
        });
    }

    fn bin_ui(&mut self, ui: &mut Ui, runs: &[Arc<RunRecord>]) {
        let is_running = runs.iter().any(|run| run.state == RunState::Running);
        let button = Button::new("Move to bin…").min_size(vec2(0.0, BUTTON));
        let response = ui.add_enabled(!is_running, button);
        let response = response.on_hover_text("From the system's bin it can be taken back");
        let why_not = "It is being trained: stop it first";
        if response.on_disabled_hover_text(why_not).clicked() {
            self.asked = Some(runs.to_vec());
        }
    }

    fn several_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, runs: &[Arc<RunRecord>]) {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.label(format!("{} are chosen.", counted(runs.len(), "run")));
            ui.horizontal_wrapped(|ui| {
                self.bin_ui(ui, runs);
                if ui.button("Choose none").clicked() {
                    cx.push(RunsAction::Choose(Vec::new()));
                }
            });
            for (place, run) in runs.iter().enumerate() {
                let words = format!("{} {}", place + 1, run.name());
                let colour = theme::run_colour(ui, place);
                let label = Label::new(RichText::new(words).color(colour));
                ui.add(label.truncate()).on_hover_text(run.name());
            }
        });
    }

    fn question_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(runs) = &self.asked else { return };
        let modal = Modal::new(Id::unique("discard-runs")).show(ui.ctx(), |ui| {
            ui.set_width(360.0);
            let words = match runs.as_slice() {
                [run] => format!("Move {} to the bin?", shortened(&run.name(), LONGEST_NAME)),
                several => format!("Move {} to the bin?", counted(several.len(), "run")),
            };
            ui.heading("Move to bin");
            ui.label(words);
            states::caption(ui, "Its curves, weights and notes go with it. The system's bin keeps them until it is emptied.");
            ui.horizontal(|ui| {
                let moved = states::primary_button(ui, "Move to bin", true).clicked();
                (moved, ui.button("Keep").clicked())
            })
            .inner
        });
        let (moved, kept) = modal.inner;
        if moved {
            let folders = runs.iter().map(|run| run.folder.clone()).collect();
            cx.push(RunsAction::Discard(folders));
        }
        if moved || kept || modal.should_close() {
            self.asked = None;
        }
    }
}

/// Why a button that starts something is off.
const BUSY: &str = "Another run is being trained: stop it first";

/// Why it cannot be given more epochs.
const NOT_DONE: &str = "Only a run that came to the end of its epochs can be given more";

fn why_not_continue(run: &RunRecord) -> Option<&'static str> {
    match run.state {
        _ if run.can_continue() => None,
        RunState::Running => Some("It is being trained"),
        _ => Some("It has come to its end"),
    }
}

fn facts_ui(ui: &mut Ui, run: &RunRecord) {
    if let Some(message) = run.failure() {
        states::failed(ui, message);
    }
    for words in run.diverged.iter().chain(&run.data.words()) {
        states::icon_line(ui, icons::ICON_WARNING, theme::palette(ui).warning, words);
    }
    let experiment = &run.experiment;
    let none = || "–".to_owned();
    let share = |metric: Metric| metric.of(run).map_or_else(none, percent);
    let best = run.best.as_ref().map(|best| best.epoch.to_string());
    let parameters = run.parameters.map_or_else(none, thousands);
    let loss = Metric::ValLoss.of(run).map_or_else(none, significant);
    let validation = format!("{}, loss {loss}", share(Metric::ValAccuracy));
    let test = if run.left_out().contains(&EndStage::Test) {
        "not judged".to_owned()
    } else {
        share(Metric::TestAccuracy)
    };
    let epochs = format!("{} of {}", run.epochs, run.planned_epochs());
    let model = format!("{} · {parameters} parameters", experiment.model.name);
    let facts = [
        ("began", moment(run.started)),
        ("ended", run.ended.map_or_else(none, moment)),
        ("epochs", epochs),
        ("time", minutes(run.seconds)),
        ("best epoch", best.unwrap_or_else(none)),
        ("validation", validation),
        ("test", test),
        ("experiment", experiment.title.clone()),
        ("dataset", display_path(&experiment.dataset.path)),
        ("model", model),
        ("folder", display_path(&run.folder)),
    ];
    ui.add_space(4.0);
    let width = (ui.available_width() - 104.0).max(64.0);
    Grid::new("run-facts")
        .num_columns(2)
        .max_col_width(width)
        .spacing([12.0, 4.0])
        .min_row_height(18.0)
        .show(ui, |ui| {
            states::caption(ui, "state");
            ui.horizontal(|ui| table::state_ui(ui, run));
            ui.end_row();
            for (name, value) in facts {
                states::caption(ui, name);
                ui.add(Label::new(value).wrap());
                ui.end_row();
            }
        });
}
