//! Training settings, phase by phase, and the buttons that start, pause and stop a run.

mod phase;
mod run;

use eframe::egui::{CollapsingHeader, Grid, ScrollArea, Ui};

use super::{Cx, Panel, data_report, forecast};
use crate::{
    train::{
        Phase, TrainingConfig,
        choices::{Choice, MEMORY_FORMATS, PRECISIONS, word},
        early_stopping::{EarlyStopping, Monitor, MonitorMode},
        fit::default_threads,
    },
    ui::{
        action::EditAction,
        state::Training,
        theme,
        widgets::{buttons, fields, number::Number, states},
    },
};

/// View state: the phase shown, the running phase that was last shown by itself, and the rate that is being changed
/// while a run goes on.
#[derive(Default)]
pub struct TrainSettings {
    phase: usize,
    followed: Option<usize>,
    live_rate: Option<f64>,
}

impl Panel for TrainSettings {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        ui.heading(&cx.state.experiment.title);
        ui.add_space(4.0);
        run::buttons_ui(ui, cx);
        forecast::memory_ui(ui, cx);
        data_report::ui(ui, cx);
        ui.add_space(theme::GRID);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            run::rate_ui(ui, cx, &mut self.live_rate);
            run::progress_ui(ui, cx);
            run::outcome_ui(ui, cx);
            ui.add_space(theme::GRID);
            self.settings_ui(ui, cx);
        });
    }
}

impl TrainSettings {
    fn settings_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let enabled = !cx.state.training.is_running();
        self.follow(&cx.state.training);
        let mut training = cx.state.experiment.training.clone();
        let mut split = cx.state.experiment.split;
        ui.add_enabled_ui(enabled, |ui| {
            self.phases_ui(ui, &mut training.phases);
            ui.separator();
            Grid::new("settings").num_columns(2).spacing([8.0, 8.0]).show(ui, |ui| {
                batches_ui(ui, &mut training);
                let tip = "Share of every class that is kept for validation. More makes the accuracy surer and the training poorer. Recipe 1: 30 %";
                const MOST: f64 = 0.9;
                let share = fields::share(ui, "Validation", tip, split.validation, MOST);
                split.validation = share.unwrap_or(split.validation);
            });
            stopping_ui(ui, &mut training.early_stopping);
            more_ui(ui, &mut training);
        });
        if training != cx.state.experiment.training {
            cx.push(EditAction::Training(training));
        }
        if split != cx.state.experiment.split {
            cx.push(EditAction::Split(split));
        }
    }

    /// Shows the phase that runs when another begins.
    fn follow(&mut self, training: &Training) {
        let rate = training.rate.filter(|_| training.is_running());
        let running = rate.and_then(|rate| rate.phase.checked_sub(1));
        if running != self.followed {
            self.followed = running;
            self.phase = running.unwrap_or(self.phase);
        }
    }

    /// Which phase is shown, adding and removing phases, and the shown one's settings.
    fn phases_ui(&mut self, ui: &mut Ui, phases: &mut Vec<Phase>) {
        self.phase = self.phase.min(phases.len().saturating_sub(1));
        ui.horizontal_wrapped(|ui| {
            if phases.len() > 1 {
                for (index, phase) in phases.iter().enumerate() {
                    let words = format!("{} · {}", index + 1, phase.name);
                    if ui.selectable_label(index == self.phase, words).clicked() {
                        self.phase = index;
                    }
                }
            }
            let tip = "Another phase after this one, with its own optimizer, learning rate and frozen layers: fine-tuning, for example";
            if buttons::button(ui, "Add phase", tip)
                && let Some(mut next) = phases.get(self.phase).cloned()
            {
                next.name = format!("phase {}", phases.len() + 1);
                self.phase += 1;
                phases.insert(self.phase, next);
            }
            if phases.len() > 1 && ui.button("Remove phase").clicked() {
                phases.remove(self.phase);
                self.phase = self.phase.min(phases.len() - 1);
            }
        });
        let is_alone = phases.len() == 1;
        if let Some(phase) = phases.get_mut(self.phase) {
            ui.push_id(self.phase, |ui| phase::phase_ui(ui, phase, is_alone));
        }
    }
}

/// Far more than any computer trains on at once; the forecast says what this one can.
const LARGEST_BATCH: usize = 65_536;

fn batches_ui(ui: &mut Ui, training: &mut TrainingConfig) {
    let value = Number::new(&mut training.batch_size, 1..=LARGEST_BATCH).speed(0.5);
    let tip = "Images per step. Larger is steadier and takes more memory. Recipe 1: 50";
    fields::number(ui, "Batch size", tip, value);
    let tip =
        "Leaves out the last images of an epoch when they are fewer than a batch. Default: off";
    fields::toggle(ui, "Drop last batch", tip, &mut training.drop_last);
    ui.end_row();
    let value = Number::new(&mut training.seed, 0..=u64::MAX).speed(1.0);
    let tip = "Decides initial weights, order of images, dropout and augmentation: the same seed gives the same run";
    fields::number(ui, "Seed", tip, value);
}

fn stopping_ui(ui: &mut Ui, stopping: &mut Option<EarlyStopping>) {
    let mut on = stopping.is_some();
    let tip = "Ends a phase when the figure that is watched no longer improves. Default: off";
    if fields::toggle(ui, "Early stopping", tip, &mut on).changed() {
        *stopping = on.then_some(EarlyStopping {
            monitor: Monitor::ValLoss,
            mode: MonitorMode::Auto,
            patience: 5,
            min_delta: 0.0,
            restore_best: true,
        });
    }
    let Some(stopping) = stopping else { return };
    Grid::new("stopping").num_columns(2).spacing([8.0, 8.0]).show(ui, |ui| {
        let monitors = Monitor::ALL.map(|monitor| Choice::new(monitor.word(), "", monitor));
        let tip = "The figure that is watched: losses shall become small, accuracies large. Default: val_loss";
        if let Some(chosen) = choice(ui, "Watches", tip, stopping.monitor.word(), &monitors) {
            stopping.monitor = chosen;
            stopping.mode = MonitorMode::Auto;
        }
        let value = Number::new(&mut stopping.patience, 1..=10_000).speed(0.1);
        let tip = "Epochs without improvement before it stops. Larger waits longer. Recipe 6: 20";
        fields::number(ui, "Patience", tip, value.suffix(" epochs"));
        let value = Number::new(&mut stopping.min_delta, 0.0..=1.0).speed(0.000_1);
        let tip = "An improvement smaller than this does not count. Default: 0";
        fields::number(ui, "Smallest gain", tip, value.decimals(6));
    });
    // In the grid its width would be taken from the fields.
    let tip = "The next phase goes on from the weights of this phase's best epoch, not of its last one. The model that is \
               kept is always the run's best epoch, whatever is chosen here. Default: on";
    fields::toggle(ui, "Restore best weights", tip, &mut stopping.restore_best);
    let words = if stopping.restore_best {
        "The next phase begins with this phase's best epoch."
    } else {
        "The next phase begins with this phase's last epoch. The kept model is still the best one."
    };
    states::caption(ui, words).on_hover_text(tip);
}

fn more_ui(ui: &mut Ui, training: &mut TrainingConfig) {
    CollapsingHeader::new("More").show(ui, |ui| {
        Grid::new("more").num_columns(2).spacing([8.0, 8.0]).show(ui, |ui| {
            let tip = "Share of each target that is spread over all classes. More keeps the network from being too sure. Default: 0";
            ratio(ui, "Label smoothing", tip, &mut training.label_smoothing);
            let mut clips = training.clip_norm.is_some();
            let tip = "Scales gradients down when they are longer than the norm below. Helps when the loss jumps. Default: off";
            if fields::toggle(ui, "Clip gradients", tip, &mut clips).changed() {
                training.clip_norm = clips.then_some(1.0);
            }
            ui.end_row();
            if let Some(norm) = &mut training.clip_norm {
                let value = Number::new(norm, 1e-6..=1e6).speed(0.01);
                fields::number(ui, "Largest norm", "Euclidean norm over all weights. Smaller is more careful. Default: 1", value);
            }
            computing_ui(ui, training);
        });
    });
}

fn computing_ui(ui: &mut Ui, training: &mut TrainingConfig) {
    let mut all = training.threads.is_none();
    let cores = default_threads();
    let tip = format!("All cores less what the window needs: {cores} here. Turn it off to choose");
    if fields::toggle(ui, "All cores", &tip, &mut all).changed() {
        training.threads = (!all).then(default_threads);
    }
    ui.end_row();
    if let Some(threads) = &mut training.threads {
        let value = Number::new(threads, 1..=256).speed(0.1);
        let tip = "CPU threads of libtorch. One gives the same numbers on every machine of a kind";
        fields::number(ui, "Threads", tip, value);
    }
    let words = word(&PRECISIONS, |of| *of == training.precision);
    let tip = "How exactly convolutions and dense layers are computed. Default: measure";
    if let Some(chosen) = choice(ui, "Precision", tip, words, &PRECISIONS) {
        training.precision = chosen;
    }
    let words = word(&MEMORY_FORMATS, |of| *of == training.memory_format);
    let tip = "How feature maps lie in memory; the numbers are the same up to rounding. Default: channels last";
    if let Some(chosen) = choice(ui, "Memory", tip, words, &MEMORY_FORMATS) {
        training.memory_format = chosen;
    }
}

/// A list to choose from in two columns of a grid: words and what they mean. Returns what was chosen.
fn choice<T: Copy>(
    ui: &mut Ui,
    name: &str,
    tooltip: &str,
    current: &str,
    options: &[Choice<T>],
) -> Option<T> {
    let label = ui.label(name).on_hover_text(tooltip);
    let width = (ui.available_width() - 8.0).clamp(64.0, fields::NUMBER_WIDTH + 24.0);
    let options_ui = |ui: &mut Ui| {
        let mut chosen = None;
        for option in options {
            let mut word = ui.selectable_label(option.word == current, option.word);
            if !option.meaning.is_empty() {
                word = word.on_hover_text(option.meaning);
            }
            chosen = word.clicked().then_some(option.value).or(chosen);
        }
        chosen
    };
    let chosen = fields::list(ui, name, label.id, tooltip, width, current, options_ui);
    ui.end_row();
    chosen
}

/// A number from 0 to below 1.
fn ratio(ui: &mut Ui, name: &str, tooltip: &str, value: &mut f64) {
    const MOST: f64 = 0.9999;
    let field = Number::new(value, 0.0..=MOST).speed(0.002).decimals(4);
    fields::number(ui, name, tooltip, field);
}
