//! The buttons that start, pause and stop a run, its figures and how it ended.

use eframe::egui::{self, Grid, RichText, Ui};

use super::phase::rate_field;
use crate::{
    train::{run_folder::lacking, schedule::Schedule},
    ui::{
        action::{EditAction, TrainingAction},
        chrome::SKIP,
        format::{self, minutes, significant, thousands},
        panels::{Cx, curves::axes::Quantity, forecast},
        saving::Saving,
        state::RunState,
        theme,
        widgets::{buttons, classes, states},
    },
};

pub fn buttons_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.horizontal_wrapped(|ui| {
        let training = &cx.state.training;
        if let Some(stage) = training.ending() {
            states::primary_button(ui, &format!("{}…", stage.words()), false);
            if buttons::button(ui, "Skip", SKIP) {
                cx.push(TrainingAction::Stop);
            }
            return;
        }
        if training.is_stopping() {
            states::primary_button(ui, "Stopping…", false);
            return;
        }
        if training.is_running() {
            let paused = training.is_paused();
            let words = if paused { "Resume" } else { "Pause" };
            if buttons::primary(ui, words, "Space", None) {
                cx.push(TrainingAction::SetPaused(!paused));
            }
            let stop = ui.add(egui::Button::new("Stop").min_size(egui::vec2(72.0, 32.0)));
            let tip = "Ends the run and keeps its best weights";
            if stop.on_hover_text(tip).clicked() {
                cx.push(TrainingAction::Stop);
            }
            return;
        }
        let reason = cx.state.why_not_train();
        if buttons::primary(ui, "Train", "Ctrl+Enter", reason.as_deref()) {
            cx.push(TrainingAction::Train);
        }
        match reason {
            Some(reason) => {
                states::caption(ui, reason);
            }
            None => forecast::time_ui(ui, cx),
        }
    });
}

/// The learning rate of a run that goes on, which can be changed. `typed` is what the user is changing it to.
pub fn rate_ui(ui: &mut Ui, cx: &mut Cx<'_>, typed: &mut Option<f64>) {
    let training = &cx.state.training;
    let Some(now) = training.rate.filter(|_| training.is_running()) else {
        *typed = None;
        return;
    };
    if let Some((number, name)) = training.phase_words() {
        states::caption(ui, format!("Training {number} · {name}"));
    }
    let running = training.experiment.as_ref();
    let phase = running.and_then(|running| running.training.phases.get(now.phase.checked_sub(1)?));
    let is_scheduled = phase.is_some_and(|phase| phase.schedule != Schedule::default());
    let mut rate = typed.unwrap_or(now.full);
    Grid::new("live rate").num_columns(2).spacing([8.0, 8.0]).show(ui, |ui| {
        let tip = "The phase's full learning rate, from the next step on; its schedule goes on from there";
        let response = rate_field(ui, "Rate now", tip, &mut rate);
        if is_scheduled {
            let tip = "What the schedule makes of the full rate at this step";
            ui.label("By schedule").on_hover_text(tip);
            ui.label(significant(now.effective)).on_hover_text(tip);
            ui.end_row();
        }
        if response.changed() {
            *typed = Some(rate);
        }
        let wanted = typed.take_if(|_| !response.dragged());
        // A field that is left reads its own rounded text.
        let is_other = |wanted: &f64| format::rate(*wanted) != format::rate(now.full);
        if let Some(wanted) = wanted.filter(is_other) {
            cx.push(EditAction::LearningRate(wanted));
        }
    });
}

pub fn progress_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let training = &cx.state.training;
    if training.total_epochs == 0 {
        if let Some(division) = &cx.state.division
            && !training.is_running()
        {
            let split = &division.split;
            let [train, validation] =
                [&split.train, &split.validation].map(|part| thousands(part.len()));
            let words = format!("{train} images to train, {validation} to validate");
            states::caption(ui, words);
        }
        return;
    }
    let last = training.epochs.last();
    if let Some((run, dataset)) = cx.state.owner_of_curves() {
        if cx.state.curves_are_of_other_settings() {
            // The heading above names what Train would do.
            let title = training.experiment.as_ref();
            let title = title.map_or("", |of| of.title.as_str());
            ui.separator();
            ui.strong(format!("Before: {title}"));
            classes::middle_label(ui, &format!("on {dataset}, with other settings"));
        }
        classes::middle_label(ui, &format!("Run {run}"));
    }
    Grid::new("figures")
        .num_columns(3)
        .spacing([8.0, 4.0])
        .show(ui, |ui| {
            let palette = theme::palette(ui);
            states::caption(ui, "");
            for (part, colour) in [
                ("training", palette.training),
                ("validation", palette.validation),
            ] {
                ui.label(RichText::new(part).small().color(colour));
            }
            ui.end_row();
            for of in [Quantity::Accuracy, Quantity::Loss] {
                states::caption(ui, of.title());
                let train = last.map(|record| of.train(record));
                let validation = last.and_then(|record| of.validation(record));
                for figure in [train, validation] {
                    ui.label(figure.map_or("–".to_owned(), |value| of.words(value)));
                }
                ui.end_row();
            }
            states::caption(ui, "Speed");
            let speed = last.map(|record| thousands(record.images_per_sec.round() as usize));
            ui.label(speed.map_or("–".into(), |speed| format!("{speed}/s")));
            ui.end_row();
        });
}

pub fn outcome_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    match &cx.state.training.run {
        RunState::Failed(message) => states::failed(ui, message),
        RunState::Finished(outcome) => {
            let word = if outcome.result.completed {
                "Finished"
            } else {
                "Stopped"
            };
            let words = if outcome.result.best_epoch == 0 {
                format!("{word} before the first epoch was done: there is nothing to keep.")
            } else {
                let time = minutes(cx.state.training.seconds());
                let best = cx.state.training.best_words().unwrap_or_default();
                format!("{word} in {time}. The weights of the best epoch are kept: {best}.")
            };
            ui.add_space(4.0);
            ui.label(words);
            if let Some(lacking) = lacking(&outcome.result.left_out) {
                let words = format!("Left out: {lacking}. Continue in Runs does it.");
                states::caption(ui, words);
            }
            if let Some(words) = cx
                .state
                .training
                .stopped_words(&outcome.result.stopped_early)
            {
                states::caption(ui, words);
            }
            if !outcome.result.computed.is_empty() {
                states::caption(ui, format!("Computed in {}", outcome.result.computed));
            }
            if outcome.model.is_some() && buttons::button(ui, "Save model…", "Ctrl+S") {
                cx.push(Saving::Model);
            }
        }
        RunState::Idle | RunState::Running { .. } => {}
    }
}
