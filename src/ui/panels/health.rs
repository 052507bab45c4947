//! What is wrong with the run, in words, newest first.

use eframe::egui::{ScrollArea, Ui};
use egui_material_icons::icons;

use super::Cx;
use crate::{
    train::health::Ailment,
    ui::{theme, widgets::states},
};

/// Advice takes at most this share of the height, for the curves under it; more can be scrolled.
const MOST_HEIGHT: f32 = 0.3;

/// A line per advice; nothing while there is none.
pub fn ui(ui: &mut Ui, cx: &Cx<'_>) {
    let advice = &cx.state.training.advice;
    if advice.is_empty() {
        return;
    }
    ScrollArea::vertical()
        .id_salt("health")
        .max_height(MOST_HEIGHT * ui.available_height())
        .auto_shrink([false, true])
        .show(ui, |ui| {
            for advice in advice.iter().rev() {
                let icon = match advice.ailment {
                    Ailment::Memory => icons::ICON_MEMORY,
                    Ailment::Diverging => icons::ICON_TRENDING_UP,
                    Ailment::NotLearning => icons::ICON_TRENDING_FLAT,
                    Ailment::Overfitting => icons::ICON_CALL_SPLIT,
                    Ailment::DeadUnits => icons::ICON_POWER_OFF,
                };
                states::icon_line(ui, icon, theme::palette(ui).warning, &advice.words);
                if advice.epoch > 0 {
                    states::caption(ui, format!("after epoch {}", advice.epoch));
                }
            }
        });
}
