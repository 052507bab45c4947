//! The status bar: what runs and how far it is.

use eframe::egui::{Align, Label, Layout, RichText, Ui};

use crate::{
    data::dataset::display_path,
    engine::{EndStage, Level, Progress},
    train::run_folder::lacking,
    ui::{
        action::{Action, TrainingAction, WindowAction},
        format::{counted, minutes, shortened, thousands},
        panels::Cx,
        state::{AppState, RunState},
        theme,
        widgets::states,
    },
};

/// What stopping means for a run that has taken its last step.
pub const SKIP: &str = "The model and the result are kept; what is not done yet is left out, and Continue in Runs does it";
/// Letters of a run's name.
const LONGEST_NAME: usize = 40;

pub fn status_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let notices = cx.state.notices.iter();
        let words = match notices.filter(|notice| notice.level != Level::Info).count() {
            0 => "Log".to_owned(),
            waiting => counted(waiting, "note"),
        };
        let log = ui.button(words).on_hover_text("Show the event log");
        if log.clicked() {
            cx.push(WindowAction::ToggleLog);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            if cx.state.training.is_running() {
                training_status_ui(ui, cx);
            } else {
                idle_status_ui(ui, cx);
            }
        });
    });
}

fn training_status_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let training = &cx.state.training;
    if let Some(stage) = training.ending() {
        return ending_status_ui(ui, cx, stage);
    }
    let per_epoch = training.steps_per_epoch.max(1);
    let total = per_epoch * training.total_epochs;
    let last = training.steps.last();
    let (epoch, step) = last.map_or((1, 0), |record| (record.epoch, record.step));
    let batch = (step + per_epoch).saturating_sub((epoch - 1) * per_epoch + per_epoch);
    let word = match (training.is_stopping(), training.is_paused()) {
        (true, _) => "Stopping",
        (_, true) => "Paused",
        _ => "Training",
    };
    let phase = training.phase_words();
    let phase = phase.map_or_else(String::new, |(number, name)| {
        /// Room for everything and the phase's name.
        const ROOM_FOR_NAME: f32 = 1_100.0;
        if ui.available_width() < ROOM_FOR_NAME {
            return format!(" · {number}");
        }
        format!(" · {number} · {name}")
    });
    let words = format!(
        "{word}{phase} · epoch {epoch} of {} · batch {batch} of {per_epoch}",
        training.total_epochs.max(1)
    );
    ui.label(words);
    let progress = (total > 0).then_some(Progress { done: step, total });
    states::progress_bar(ui, progress, 140.0);
    if let Some((images_per_sec, left_secs)) = speed(cx.state, total.saturating_sub(step)) {
        let speed = thousands(images_per_sec.round() as usize);
        let left = minutes(left_secs);
        states::caption(ui, format!("{speed} images/s · {left} left"));
    }
    if training.is_stopping() {
        return;
    }
    let paused = training.is_paused();
    let pause = ui.button(if paused { "Resume" } else { "Pause" });
    if pause.on_hover_text("Space").clicked() {
        cx.push(TrainingAction::SetPaused(!paused));
    }
    let stop = ui.button("Stop");
    if stop
        .on_hover_text("Keeps the best weights so far")
        .clicked()
    {
        cx.push(TrainingAction::Stop);
    }
}

/// A run that has taken its last step.
fn ending_status_ui(ui: &mut Ui, cx: &mut Cx<'_>, stage: EndStage) {
    ui.label(stage.words());
    let job = cx.state.training.job();
    let running = job.and_then(|job| cx.state.jobs.get(&job));
    states::progress_bar(ui, running.and_then(|running| running.progress), 140.0);
    if ui.button("Skip").on_hover_text(SKIP).clicked() {
        cx.push(TrainingAction::Stop);
    }
}

fn idle_status_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    // Looking at the selection is too quick to be worth a line.
    let running = cx.state.jobs.iter().find(|(_, job)| !job.kind.is_brief);
    if let Some((id, job)) = running {
        let (id, words, outlives) = (*id, job.kind.words, job.kind.outlives);
        ui.label(format!("Working: {words}"));
        states::progress_bar(ui, job.progress, 160.0);
        if !outlives && ui.button("Cancel").clicked() {
            cx.push(Action::Cancel(id));
        }
        return;
    }
    let words = match &cx.state.training.run {
        RunState::Finished(outcome) if outcome.model.is_none() => {
            "Training stopped before its first epoch was done".to_owned()
        }
        RunState::Finished(outcome) => {
            let word = if outcome.result.completed {
                "Training finished"
            } else {
                "Training stopped"
            };
            let run = cx.state.run_name(&outcome.run);
            let run = shortened(&run, LONGEST_NAME);
            let training = &cx.state.training;
            let best = training.best_words().unwrap_or_default();
            let lacks = lacking(&outcome.result.left_out).map(|lacking| format!(" · {lacking}"));
            let lacks = lacks.unwrap_or_default();
            let time = minutes(training.seconds());
            format!("{word} · {run} · best: {best} · {time}{lacks}")
        }
        RunState::Failed(_) => "Training failed: see the notes".to_owned(),
        _ if cx.state.why_not_train().is_none() => "Ready to train".to_owned(),
        _ => "Ready".to_owned(),
    };
    ui.label(words);
    if let RunState::Finished(outcome) = &cx.state.training.run
        && outcome.model.is_some()
    {
        let words = format!("kept in {}", display_path(&outcome.run));
        let text = RichText::new(&words)
            .small()
            .color(theme::palette(ui).muted);
        ui.add(Label::new(text).truncate()).on_hover_text(words);
    }
}

/// Images a second and seconds left for `steps`: from the last epoch, validation included, or in the
/// first one from its steps.
fn speed(state: &AppState, steps: usize) -> Option<(f64, f64)> {
    let training = &state.training;
    let per_epoch = training.steps_per_epoch.max(1) as f64;
    if let Some(last) = training.epochs.last() {
        let left = steps as f64 * last.seconds / per_epoch;
        return Some((last.images_per_sec, left));
    }
    let steps_per_sec = state.jobs.get(&training.job()?)?.units_per_sec()?;
    let images_per_step = training.train_images as f64 / per_epoch;
    Some((
        steps_per_sec * images_per_step,
        steps as f64 / steps_per_sec,
    ))
}
