//! What to know about the data before a run, and while it goes on: a line for each thing.

use eframe::egui::Ui;
use egui_material_icons::icons;

use super::Cx;
use crate::ui::{theme, widgets::states};

/// Lines above the settings; nothing where there is nothing to say.
pub fn ui(ui: &mut Ui, cx: &Cx<'_>) {
    let Some(report) = cx.state.data_report() else {
        return;
    };
    let colour = theme::palette(ui).warning;
    for words in report.words() {
        states::icon_line(ui, icons::ICON_WARNING, colour, &words);
    }
}
