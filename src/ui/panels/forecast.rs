//! How long Train would take, beside its button, and whether there is memory for it.

use eframe::egui::Ui;

use crate::{
    engine::EstimateRequest,
    ui::{format::minutes, panels::Cx, theme, widgets::states},
};

/// `about 1:40`. Takes a line even before the answer is there.
pub fn time_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let state = cx.state.slot::<EstimateRequest>();
    let is_old = state.job.is_some() || !cx.state.forecast_is_current();
    if is_old && cx.state.to_forecast().is_some() {
        let tip = if cx.state.is_too_busy_to_time() {
            "Measured as soon as nothing else keeps the program busy"
        } else {
            "Being measured"
        };
        states::caption(ui, "estimating the time").on_hover_text(tip);
        return;
    }
    let Some(forecast) = state.answer() else {
        states::caption(ui, "");
        return;
    };
    if let Some(time) = &forecast.time {
        // A run always takes a moment, and 0:00 looks like a mistake.
        let words = format!("about {}", minutes(time.seconds().max(1.0)));
        let phases = &cx.state.experiment.training.phases;
        let mut tip = "Measured with a few steps on made-up images, if every epoch is trained and nothing else keeps \
                       the processor busy"
            .to_owned();
        if phases.len() > 1 {
            for (phase, seconds) in phases.iter().zip(&time.phases) {
                tip.push_str(&format!("\n{}: {}", phase.name, minutes(seconds.max(1.0))));
            }
        }
        states::caption(ui, words).on_hover_text(tip);
    }
}

/// That it does not fit into memory, or hardly; nothing when it does.
pub fn memory_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let forecast = cx.state.slot::<EstimateRequest>().answer();
    if let Some(words) = forecast.and_then(|forecast| forecast.memory.as_ref()) {
        let colour = theme::palette(ui).warning;
        states::icon_line(ui, egui_material_icons::icons::ICON_MEMORY, colour, words);
    }
}
