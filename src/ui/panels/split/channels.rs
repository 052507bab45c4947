//! Mean and standard deviation of the training images' channels: measured on request, used on request.

use eframe::egui::{Grid, RichText, Ui};

use crate::{
    data::{decode::ColorMode, stats::ChannelStats},
    engine::MeasureChannels,
    model::spec::Preprocessing,
    ui::{
        action::{Action, DataAction, EditAction},
        format::significant,
        panels::Cx,
        theme,
        widgets::{buttons, states},
    },
};

/// Below this a channel never varies, and dividing by it would blow it up.
const SMALLEST_STD: f64 = 1e-6;
/// Channels that differ by no more are grey.
const GREY: f64 = 1e-3;

pub fn ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let tip = "Over all pixels of the training part, at the network's input size, in units of 0..1. Networks learn faster from images whose channels have mean 0 and standard deviation 1";
    ui.label(RichText::new("Mean and standard deviation").strong())
        .on_hover_text(tip);
    let channels = cx.state.slot::<MeasureChannels>();
    if let Some(job) = channels.job {
        ui.horizontal(|ui| {
            states::progress_bar(ui, cx.progress(job), 160.0);
            if ui.button("Cancel").clicked() {
                cx.push(Action::Cancel(job));
            }
        });
        return;
    }
    let is_possible = cx.state.to_measure().is_some();
    ui.horizontal_wrapped(|ui| {
        let tip = "Reads the training images once";
        if buttons::enabled(ui, is_possible, "Measure", tip, tip) {
            cx.push(DataAction::MeasureChannels);
        }
        if let Some((_, stats)) = &channels.answered {
            use_ui(ui, cx, stats);
        }
    });
    states::failure(ui, channels.failed.as_ref());
    if let Some((of, stats)) = &channels.answered {
        values_ui(ui, stats, cx.state.is_measured_now(of));
    }
    let Preprocessing { mean, std } = cx.state.experiment.model.preprocessing;
    let list = |values: [f32; 3]| values.map(|value| significant(f64::from(value))).join(", ");
    let (mean, std) = (list(mean), list(std));
    let words = format!("The model subtracts {mean} and divides by {std}.");
    let tip = "Per channel: red, green, blue. New training uses it; trained models keep their own";
    states::caption(ui, words).on_hover_text(tip);
}

fn values_ui(ui: &mut Ui, stats: &ChannelStats, is_current: bool) {
    Grid::new("channels")
        .num_columns(3)
        .spacing([3.0 * theme::GRID, 2.0])
        .show(ui, |ui| {
            for title in ["Channel", "Mean", "Std"] {
                states::caption(ui, title);
            }
            ui.end_row();
            for (channel, name) in ["red", "green", "blue"].into_iter().enumerate() {
                ui.label(name);
                ui.label(significant(stats.mean[channel]));
                ui.label(significant(stats.std[channel]));
                ui.end_row();
            }
        });
    if !is_current {
        let colour = theme::palette(ui).warning;
        let words = "Measured before the training part or the input size changed: measure again.";
        ui.label(RichText::new(words).small().color(colour));
    }
}

fn use_ui(ui: &mut Ui, cx: &mut Cx<'_>, stats: &ChannelStats) {
    let model = &cx.state.experiment.model;
    let wanted = preprocessing(stats);
    let is_grey = |values: [f64; 3]| values.iter().all(|value| (value - values[0]).abs() < GREY);
    let why_not = if wanted == model.preprocessing {
        Some("The model uses these numbers already")
    } else if cx.state.training.is_running() {
        Some("A run goes on: this can be changed when it has ended")
    } else if model.input.color_mode == ColorMode::Grayscale
        && !(is_grey(stats.mean) && is_grey(stats.std))
    {
        Some("These are numbers of coloured images, and the model sees them in grey")
    } else {
        None
    };
    let tip = "Subtracts this mean and divides by this standard deviation before the first layer, from the next training on";
    let (can, why_not) = (why_not.is_none(), why_not.unwrap_or_default());
    if buttons::enabled(ui, can, "Use for normalisation", tip, why_not) {
        cx.push(EditAction::Preprocessing(wanted));
    }
}

/// What a model does with the measured numbers; a channel that never varies is not divided.
fn preprocessing(stats: &ChannelStats) -> Preprocessing {
    let divisor = |std: f64| if std < SMALLEST_STD { 1.0 } else { std as f32 };
    Preprocessing {
        mean: stats.mean.map(|mean| mean as f32),
        std: stats.std.map(divisor),
    }
}
