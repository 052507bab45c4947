//! Fields with a visible name, a tooltip and a name for screen readers.

use eframe::egui::{ComboBox, DragValue, Response, Slider, Ui};

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
    let label = states::caption(ui, name);
    list(ui, name, &label, tooltip, width, (current, words), options)
}

/// A list to choose from in two columns of a grid. Returns what was chosen.
pub fn choice_row<T: PartialEq + Clone>(
    ui: &mut Ui,
    name: &str,
    tooltip: &str,
    width: f32,
    current: (&T, &str),
    options: impl FnOnce() -> Vec<(T, String)>,
) -> Option<T> {
    let label = ui.label(name).on_hover_text(tooltip);
    let chosen = list(ui, name, &label, tooltip, width, current, options);
    ui.end_row();
    chosen
}

fn list<T: PartialEq + Clone>(
    ui: &mut Ui,
    name: &str,
    label: &Response,
    tooltip: &str,
    width: f32,
    (current, words): (&T, &str),
    options: impl FnOnce() -> Vec<(T, String)>,
) -> Option<T> {
    let mut chosen = None;
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

/// Width of a number beside its name.
pub const NUMBER_WIDTH: f32 = 88.0;

/// A named number in two columns of a grid. Changed only when the user changes it.
pub fn number(ui: &mut Ui, name: &str, tooltip: &str, value: DragValue<'_>) -> Response {
    let label = ui.label(name).on_hover_text(tooltip);
    let value = value.clamp_existing_to_range(false);
    let response = ui
        .add_sized([NUMBER_WIDTH, 26.0], value)
        .labelled_by(label.id)
        .on_hover_text(tooltip)
        .on_disabled_hover_text(tooltip);
    ui.end_row();
    response
}

/// A share of 0..1 as a named percentage, at most `most`. Returns what it was set to.
pub fn share(ui: &mut Ui, name: &str, tooltip: &str, share: f64, most: f64) -> Option<f64> {
    // Four decimals of a share: what is typed is what is kept.
    const STEPS: f64 = 1e4;
    let mut percent = 100.0 * share;
    let value = DragValue::new(&mut percent)
        .range(0.0..=100.0 * most)
        .speed(0.5)
        .max_decimals(2)
        .suffix(" %");
    let changed = number(ui, name, tooltip, value).changed();
    changed.then(|| (percent / 100.0 * STEPS).round() / STEPS)
}

/// Something that is on or off, over the whole width of a grid.
pub fn toggle(ui: &mut Ui, name: &str, tooltip: &str, on: &mut bool) -> Response {
    ui.checkbox(on, name)
        .on_hover_text(tooltip)
        .on_disabled_hover_text(tooltip)
}

/// A named slider in two columns of a grid; a click on its number lets one type.
pub fn slider(ui: &mut Ui, name: &str, tooltip: &str, slider: Slider<'_>) -> Response {
    let label = ui.label(name).on_hover_text(tooltip);
    let response = ui
        .add(slider)
        .labelled_by(label.id)
        .on_hover_text(tooltip)
        .on_disabled_hover_text(tooltip);
    ui.end_row();
    response
}
