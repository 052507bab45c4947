//! Training settings and the buttons that start, pause and stop a run.

use eframe::egui::{self, DragValue, Grid, RichText, ScrollArea, Ui};

use super::{Cx, Panel};
use crate::{
    train::TrainingConfig,
    ui::{
        action::Action,
        format::{minutes, percent, thousands},
        state::RunState,
        theme,
        widgets::states,
    },
};

/// View state: none.
#[derive(Default)]
pub struct TrainSettings {}

impl Panel for TrainSettings {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.heading(&cx.state.experiment.title);
            ui.add_space(4.0);
            settings_ui(ui, cx);
            ui.add_space(theme::GRID);
            buttons_ui(ui, cx);
            super::forecast::memory_ui(ui, cx);
            ui.add_space(theme::GRID);
            progress_ui(ui, cx);
            outcome_ui(ui, cx);
        });
    }
}

fn settings_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let enabled = !cx.state.training.is_running();
    let mut training = cx.state.experiment.training.clone();
    let mut split = cx.state.experiment.split;
    ui.add_enabled_ui(enabled, |ui| {
        Grid::new("settings").num_columns(2).spacing([8.0, 8.0]).show(ui, |ui| {
            training_fields_ui(ui, &mut training);
            let mut validation = 100.0 * split.validation;
            let value = DragValue::new(&mut validation).range(0.0..=90.0).speed(0.5).suffix(" %");
            let tip = "Share of every class that is kept for validation. More makes the accuracy surer and the training poorer. Recipe: 30 %";
            field(ui, "Validation", tip, value);
            split.validation = (validation / 100.0 * 1e4).round() / 1e4;
        });
    });
    if training != cx.state.experiment.training {
        cx.push(Action::EditTraining(training));
    }
    if split != cx.state.experiment.split {
        cx.push(Action::EditSplit(split));
    }
}

fn training_fields_ui(ui: &mut Ui, training: &mut TrainingConfig) {
    let Some(phase) = training.phases.first_mut() else {
        return;
    };
    let value = DragValue::new(&mut phase.epochs)
        .range(1..=1_000)
        .speed(0.1);
    field(
        ui,
        "Epochs",
        "Times all training images are gone through. More learns longer, then overfits. Recipe: 5",
        value,
    );
    let mut rate = phase.optimizer.learning_rate();
    let speed = rate * 0.01;
    let value = DragValue::new(&mut rate)
        .range(1e-7..=10.0)
        .speed(speed)
        .custom_formatter(|rate, _| {
            let text = format!("{rate:.8}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        });
    field(
        ui,
        "Learning rate",
        "Step size of Adam. Larger learns faster until it diverges. Recipe: 0.001",
        value,
    );
    phase.optimizer.set_learning_rate(rate);
    let value = DragValue::new(&mut training.batch_size)
        .range(1..=1_024)
        .speed(0.5);
    field(
        ui,
        "Batch size",
        "Images per step. Larger is steadier and takes more memory. Recipe: 50",
        value,
    );
    let value = DragValue::new(&mut training.seed).speed(1.0);
    field(
        ui,
        "Seed",
        "Decides initial weights, order of images and dropout: the same seed gives the same run",
        value,
    );
}

/// Width of a value beside its name.
fn field_width(ui: &Ui) -> f32 {
    ui.available_width().clamp(56.0, 104.0)
}

/// A named field in two columns of a grid.
fn field(ui: &mut Ui, name: &str, tip: &str, value: DragValue<'_>) {
    let label = ui.label(name).on_hover_text(tip);
    ui.add_sized([field_width(ui), 26.0], value)
        .labelled_by(label.id)
        .on_hover_text(tip);
    ui.end_row();
}

fn buttons_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.horizontal_wrapped(|ui| {
        let training = &cx.state.training;
        if training.is_stopping() {
            states::primary_button(ui, "Stopping…", false);
            return;
        }
        if training.is_running() {
            let paused = training.is_paused();
            let words = if paused { "Resume" } else { "Pause" };
            if states::primary_button(ui, words, true)
                .on_hover_text("Space")
                .clicked()
            {
                cx.push(Action::SetPaused(!paused));
            }
            let stop = ui.add(egui::Button::new("Stop").min_size(egui::vec2(72.0, 32.0)));
            if stop
                .on_hover_text("Ends the run and keeps its best weights")
                .clicked()
            {
                cx.push(Action::Stop);
            }
            return;
        }
        let reason = cx.state.why_not_train();
        let train = states::primary_button(ui, "Train", reason.is_none());
        let train = match &reason {
            Some(reason) => train.on_disabled_hover_text(reason),
            None => train.on_hover_text("Ctrl+Enter"),
        };
        if train.clicked() {
            cx.push(Action::Train);
        }
        match reason {
            Some(reason) => {
                states::caption(ui, reason);
            }
            None => super::forecast::time_ui(ui, cx),
        }
    });
}

fn progress_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let training = &cx.state.training;
    if training.total_epochs == 0 {
        let division = cx
            .state
            .division
            .as_ref()
            .filter(|_| !training.is_running());
        if let Some(split) = division.map(|division| &division.split) {
            let (train, validation) = (split.train.len(), split.validation.len());
            let words = format!(
                "{} images to train, {} to validate",
                thousands(train),
                thousands(validation)
            );
            states::caption(ui, words);
        }
        return;
    }
    let last = training.epochs.last();
    Grid::new("figures")
        .num_columns(3)
        .spacing([8.0, 4.0])
        .show(ui, |ui| {
            let palette = theme::palette(ui);
            states::caption(ui, "");
            ui.label(RichText::new("training").small().color(palette.training));
            ui.label(
                RichText::new("validation")
                    .small()
                    .color(palette.validation),
            );
            ui.end_row();
            states::caption(ui, "Accuracy");
            ui.label(last.map_or("–".into(), |record| percent(record.train_accuracy)));
            ui.label(
                last.and_then(|record| record.val_accuracy)
                    .map_or("–".into(), percent),
            );
            ui.end_row();
            states::caption(ui, "Loss");
            ui.label(last.map_or("–".into(), |record| format!("{:.4}", record.train_loss)));
            ui.label(
                last.and_then(|record| record.val_loss)
                    .map_or("–".into(), |loss| format!("{loss:.4}")),
            );
            ui.end_row();
            states::caption(ui, "Speed");
            let speed = last.map(|record| thousands(record.images_per_sec.round() as usize));
            ui.label(speed.map_or("–".into(), |speed| format!("{speed}/s")));
            ui.end_row();
        });
}

fn outcome_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    match &cx.state.training.run {
        RunState::Failed(message) => states::failed(ui, message),
        RunState::Finished(outcome) => {
            let word = if outcome.completed {
                "Finished"
            } else {
                "Stopped"
            };
            let words = if outcome.best_epoch == 0 {
                format!("{word} before the first epoch was done: there is nothing to keep.")
            } else {
                format!(
                    "{word} in {}. The weights of epoch {} are kept.",
                    minutes(outcome.seconds),
                    outcome.best_epoch
                )
            };
            ui.add_space(4.0);
            ui.label(words);
            if outcome.model.is_some() && ui.button("Save model…").on_hover_text("Ctrl+S").clicked()
            {
                cx.push(Action::Ask(crate::ui::dialogs::Purpose::SaveModel));
            }
        }
        RunState::Idle | RunState::Running { .. } => {}
    }
}
