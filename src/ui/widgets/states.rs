//! What a panel shows when it has nothing to show: empty, loading, failed.

use eframe::egui::{self, Align, Button, Color32, Label, Layout, ProgressBar, RichText, Ui, vec2};
use egui_material_icons::MaterialIcon;

use crate::{
    engine::Progress,
    ui::{action::Action, format::thousands, theme},
};

/// One sentence and the one button that helps. Returns whether it was pressed.
pub fn empty(ui: &mut Ui, sentence: &str, button: Option<&str>) -> bool {
    let mut pressed = false;
    centred(ui, |ui| {
        ui.label(RichText::new(sentence).color(theme::palette(ui).muted));
        if let Some(words) = button {
            ui.add_space(theme::GRID);
            pressed = primary_button(ui, words, true).clicked();
        }
    });
    pressed
}

/// Like [`empty`]; the button pushes `action`.
pub fn empty_with(
    ui: &mut Ui,
    sentence: &str,
    button: &str,
    action: impl Into<Action>,
    actions: &mut Vec<Action>,
) {
    if empty(ui, sentence, Some(button)) {
        actions.push(action.into());
    }
}

/// Work goes on. Returns whether Cancel was pressed.
pub fn loading(ui: &mut Ui, sentence: &str, progress: Option<Progress>) -> bool {
    let mut cancelled = false;
    centred(ui, |ui| {
        ui.label(sentence);
        progress_bar(ui, progress, 280.0);
        let words = progress.map_or_else(String::new, |Progress { done, total }| {
            format!("{} of {}", thousands(done), thousands(total))
        });
        caption(ui, words);
        cancelled = ui.button("Cancel").clicked();
    });
    cancelled
}

/// A bar; without progress an empty track, since egui draws a dot for no progress.
pub fn progress_bar(ui: &mut Ui, progress: Option<Progress>, width: f32) {
    let share = progress.map_or(0.0, |p| p.done as f32 / p.total.max(1) as f32);
    let fill = if share > 0.0 {
        theme::palette(ui).accent
    } else {
        Color32::TRANSPARENT
    };
    let bar = ProgressBar::new(share)
        .fill(fill)
        .desired_width(width.min(ui.available_width()))
        .desired_height(10.0);
    let response = ui.add(bar);
    if let Some(Progress { done, total }) = progress {
        response.on_hover_text(format!("{} of {}", thousands(done), thousands(total)));
    }
}

/// What, where, what to do.
pub fn failed(ui: &mut Ui, message: &str) {
    let colour = theme::palette(ui).error;
    ui.horizontal_top(|ui| {
        let icon = egui_material_icons::icons::ICON_ERROR;
        ui.label(egui_material_icons::icon_text(icon).color(colour));
        ui.add(Label::new(RichText::new(message).color(colour)).wrap());
    });
}

/// The same where something failed.
pub fn failure(ui: &mut Ui, message: Option<&String>) {
    if let Some(message) = message {
        failed(ui, message);
    }
}

/// A sentence behind an icon of this colour; its lines begin at the same place.
pub fn icon_line(ui: &mut Ui, icon: MaterialIcon, colour: Color32, words: &str) {
    ui.horizontal_top(|ui| {
        ui.label(egui_material_icons::icon_text(icon).color(colour));
        ui.add(Label::new(words).wrap());
    });
}

/// The button that matters most.
pub fn primary_button(ui: &mut Ui, words: &str, enabled: bool) -> egui::Response {
    let palette = theme::palette(ui);
    let text = RichText::new(words).strong();
    // Dark words on a faded accent could hardly be read.
    let button = if enabled {
        Button::new(text.color(palette.on_accent)).fill(palette.accent)
    } else {
        Button::new(text)
    };
    ui.add_enabled(enabled, button.min_size(vec2(96.0, 32.0)))
}

/// Text of less weight, 12 px.
pub fn caption(ui: &mut Ui, words: impl Into<String>) -> egui::Response {
    ui.label(RichText::new(words).small().color(theme::palette(ui).muted))
}

/// A [`caption`] on one line, which loses its end where there is no room.
pub fn line(ui: &mut Ui, words: impl Into<String>) -> egui::Response {
    let text = RichText::new(words).small().color(theme::palette(ui).muted);
    ui.add(Label::new(text).truncate())
}

/// A [`caption`] that begins another line rather than breaking in two.
pub fn note(ui: &mut Ui, words: impl Into<String>) -> egui::Response {
    let text = RichText::new(words).small().color(theme::palette(ui).muted);
    ui.add(Label::new(text).extend())
}

/// The grid of names and values that `add` fills.
pub fn facts(ui: &mut Ui, id: &str, add: impl FnOnce(&mut Ui)) {
    let grid = egui::Grid::new(id).num_columns(2).min_row_height(20.0);
    grid.spacing([16.0, 6.0]).show(ui, add);
}

/// In the middle of what is left.
pub fn centred(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    let height = ui.available_height();
    ui.with_layout(Layout::top_down(Align::Center), |ui| {
        ui.add_space((height * 0.5 - 48.0).max(theme::GRID));
        add(ui);
    });
}
