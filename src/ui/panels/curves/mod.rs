//! Live curves: accuracy and loss, training against validation, per batch and per epoch.

pub mod axes;
pub mod chart;
pub mod reading;
pub mod series;
mod unscaled;

use std::sync::Arc;

use eframe::egui::{RichText, ScrollArea, Ui};

use super::{Cx, Panel};
use crate::{
    train::{
        EpochRecord,
        runs::{RunRecord, several::NamedHistory},
    },
    ui::{
        saving::Saving,
        state::{AppState, Training},
        theme,
        widgets::{classes, fields, number::Number, states},
    },
};
use axes::{Quantity, Scale};
use chart::{Batches, Chart};

/// Of a chart; a lower panel scrolls.
const LEAST_HEIGHT: f32 = 112.0;
/// The most that the past counts in smoothed curves.
pub const MOST_SMOOTHING: f64 = 0.99;

pub struct Curves {
    show_batches: bool,
    is_log: bool,
    smoothing: f64,
    /// All advice in full, not the newest alone.
    shows_advice: bool,
    batches: Batches,
}

impl Default for Curves {
    fn default() -> Self {
        Self {
            show_batches: true,
            is_log: false,
            smoothing: 0.0,
            shows_advice: false,
            batches: Batches::default(),
        }
    }
}

impl Panel for Curves {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let training = &cx.state.training;
        if training.steps.is_empty() && training.epochs.is_empty() && !training.is_running() {
            states::empty(ui, "Curves appear here while a model trains.", None);
            return;
        }
        owner_ui(ui, cx);
        self.batches.update(training, self.smoothing);
        let earlier = earlier(cx);
        self.legend_ui(ui, cx, !earlier.is_empty());
        let is_there = |epoch: &usize| *epoch <= training.total_epochs;
        let selected = cx.state.selection.epoch.filter(is_there);
        reading_ui(ui, training, selected);
        super::health::ui(ui, cx, &mut self.shows_advice);
        let height = ((ui.available_height() - 16.0) / 2.0 - 24.0).max(LEAST_HEIGHT);
        let mut clicked = None;
        let area = ScrollArea::vertical().auto_shrink(false);
        area.show(ui, |ui| {
            for quantity in [Quantity::Accuracy, Quantity::Loss] {
                let chart = Chart {
                    scale: Scale {
                        quantity,
                        is_log: self.is_log && quantity == Quantity::Loss,
                    },
                    training,
                    batches: self.show_batches.then(|| self.batches.of(quantity)),
                    smoothing: self.smoothing,
                    earlier: &earlier,
                    selected,
                };
                clicked = chart.ui(ui, height).or(clicked);
            }
        });
        if let Some(epoch) = clicked {
            // A click on the chosen epoch lets it go.
            cx.select(|to| to.epoch = (selected != Some(epoch)).then_some(epoch));
        }
    }
}

/// Whose curves these are, and that Train would do something else now.
fn owner_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let Some((run, dataset)) = cx.state.owner_of_curves() else {
        return;
    };
    let words = format!("Run {run} · {dataset}");
    classes::middle_label(ui, &words);
    // The line is there either way: nothing jumps while settings are changed.
    let other = if cx.state.curves_are_of_other_settings() {
        "Trained with other settings than Train would use now"
    } else {
        " "
    };
    states::line(ui, other);
}

/// Epochs of the runs of the same dataset and classes that are chosen in the Runs step, but for the one that is drawn
/// anyway.
fn earlier<'a>(cx: &Cx<'a>) -> Vec<&'a [EpochRecord]> {
    let (training, book) = (&cx.state.training, &cx.state.runs);
    let is_comparable = |run: &&Arc<RunRecord>| {
        let drawn = training.experiment.as_ref();
        drawn.is_some_and(|drawn| run.experiment.is_comparable(drawn))
    };
    book.chosen_runs()
        .filter(|run| training.folder.as_ref() != Some(&run.folder))
        .filter(is_comparable)
        .filter_map(|run| Some(cx.state.figures(&run.folder)?.history.as_slice()))
        .collect()
}

/// The figures of the chosen epoch, else of the last, and which one is best. Their lines are there before the first epoch: nothing jumps.
fn reading_ui(ui: &mut Ui, training: &Training, selected: Option<usize>) {
    let epochs = &training.epochs;
    let chosen = epochs.iter().find(|record| Some(record.epoch) == selected);
    let none_yet = || {
        let words = "Figures of an epoch stand here once it is done.";
        [words.to_owned(), " ".to_owned()]
    };
    let [train, validation] = chosen
        .or(epochs.last())
        .map_or_else(none_yet, reading::lines);
    let best = training.best_words();
    let best = best.map_or_else(|| " ".to_owned(), |words| format!("best: {words}"));
    let lines = [train, validation, best];
    let tip = lines.join("\n") + "\nClick an epoch in a chart to read it here";
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for line in lines {
            states::line(ui, line).on_hover_text(&tip);
        }
    });
}

impl Curves {
    fn legend_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, has_earlier: bool) {
        let palette = theme::palette(ui);
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new("— training").color(palette.training));
            ui.label(RichText::new("— validation").color(palette.validation));
            if has_earlier {
                let text = RichText::new("— earlier runs").color(palette.muted);
                ui.label(text).on_hover_text(
                    "Runs of this dataset that are chosen in the Runs step: validation as a line, training dotted",
                );
            }
            ui.checkbox(&mut self.show_batches, "batches")
                .on_hover_text("Also draw the figures of every batch, thin");
            ui.checkbox(&mut self.is_log, "log loss").on_hover_text(
                "Draw the loss on a logarithmic axis: small losses become visible. Default: off",
            );
            smoothing_ui(ui, &mut self.smoothing);
            let has_epochs = !cx.state.training.epochs.is_empty();
            fields::together(ui, 80.0, |ui| {
                ui.add_enabled_ui(has_epochs, |ui| export_ui(ui, cx, run_shown));
            });
        });
    }
}

/// The slider of the smoothing.
pub fn smoothing_ui(ui: &mut Ui, smoothing: &mut f64) {
    const TIP: &str = "How much the past counts in the thick curves (exponential moving average); the raw ones stay visible, thin. Larger is smoother and later. Default: 0";
    fields::together(ui, 232.0, |ui| {
        let label = states::caption(ui, "smoothing");
        ui.spacing_mut().slider_width = 72.0;
        Number::new(smoothing, 0.0..=MOST_SMOOTHING)
            .speed(0.01)
            .decimals(2)
            .slider_ui(ui, "smoothing", label.id, 0.01, false)
            .on_hover_text(TIP);
    });
}

/// Exports the epochs of runs as a table or as a picture of their curves.
pub fn export_ui(ui: &mut Ui, cx: &mut Cx<'_>, runs: impl Fn(&AppState) -> Arc<[NamedHistory]>) {
    ui.menu_button("Export", |ui| {
        if ui.button("History as CSV…").clicked() {
            cx.push(Saving::History(runs(cx.state)));
        }
        if ui.button("Curves as PNG…").clicked() {
            cx.push(Saving::Curves(runs(cx.state)));
        }
    });
}

fn run_shown(state: &AppState) -> Arc<[NamedHistory]> {
    let (name, epochs) = (String::new(), state.training.epochs.clone());
    Arc::new([NamedHistory { name, epochs }])
}
