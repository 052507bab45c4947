//! Fields with a visible name, a tooltip and a name for screen readers.

use eframe::egui::{ComboBox, Ui};

use super::states;

/// A list to choose from: `(value, words)` of each option. Returns what was chosen.
pub fn choice<T: PartialEq + Clone>(
    ui: &mut Ui,
    name: &str,
    tooltip: &str,
    width: f32,
    (current, words): (&T, &str),
    options: impl FnOnce() -> Vec<(T, String)>,
) -> Option<T> {
    let mut chosen = None;
    let label = states::caption(ui, name);
    let combo = ComboBox::from_id_salt(name)
        .selected_text(words)
        .width(width)
        .truncate();
    let response = combo.show_ui(ui, |ui| {
        for (value, words) in options() {
            if ui.selectable_label(value == *current, words).clicked() {
                chosen = Some(value);
            }
        }
    });
    response
        .response
        .labelled_by(label.id)
        .on_hover_text(tooltip);
    chosen
}

/// What stays together when a line is full: a field and its name. Begins another line when less than `width`
/// points are left in this one.
pub fn together<R>(ui: &mut Ui, width: f32, add: impl FnOnce(&mut Ui) -> R) -> R {
    if ui.layout().main_wrap() && ui.available_size_before_wrap().x < width {
        ui.end_row();
    }
    ui.horizontal(add).inner
}

/// Two or more words of which one holds. Returns what was chosen.
pub fn switch<T: PartialEq + Copy>(
    ui: &mut Ui,
    current: T,
    options: &[(T, &str, &str)],
) -> Option<T> {
    let mut chosen = None;
    for (value, words, tooltip) in options {
        let response = ui
            .selectable_label(*value == current, *words)
            .on_hover_text(*tooltip);
        if response.clicked() && *value != current {
            chosen = Some(*value);
        }
    }
    chosen
}
