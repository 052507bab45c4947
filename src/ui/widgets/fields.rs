//! Fields with a visible name, a tooltip and a name for screen readers.

use eframe::egui::{ComboBox, Id, Key, Response, TextEdit, Ui, emath::Numeric};

use super::{number::Number, states};

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
    let options_ui = |ui: &mut Ui| picked(ui, current, options());
    list(ui, name, label.id, tooltip, width, words, options_ui)
}

/// A list of `(value, words)` to choose from, which sets `value`.
pub fn one_of<T: PartialEq + Clone>(
    ui: &mut Ui,
    name: &str,
    tooltip: &str,
    width: f32,
    value: &mut T,
    options: &[(T, &str)],
) {
    let current = (&*value, words_of(options, value));
    if let Some(chosen) = choice(ui, name, tooltip, width, current, || owned(options)) {
        *value = chosen;
    }
}

/// The same in two columns of a grid.
pub fn one_of_row<T: PartialEq + Clone>(
    ui: &mut Ui,
    name: &str,
    tooltip: &str,
    width: f32,
    value: &mut T,
    options: &[(T, &str)],
) {
    let current = (&*value, words_of(options, value));
    if let Some(chosen) = choice_row(ui, name, tooltip, width, current, || owned(options)) {
        *value = chosen;
    }
}

fn owned<T: Clone>(options: &[(T, &str)]) -> Vec<(T, String)> {
    let owned = |(value, words): &(T, &str)| (value.clone(), (*words).to_owned());
    options.iter().map(owned).collect()
}

/// The words of `value` among `options`.
pub fn words_of<'a, T: PartialEq>(options: &[(T, &'a str)], value: &T) -> &'a str {
    let found = options.iter().find(|(option, _)| option == value);
    found.map_or("", |(_, words)| words)
}

/// A list to choose from in two columns of a grid. Returns what was chosen.
pub fn choice_row<T: PartialEq + Clone>(
    ui: &mut Ui,
    name: &str,
    tooltip: &str,
    width: f32,
    (current, words): (&T, &str),
    options: impl FnOnce() -> Vec<(T, String)>,
) -> Option<T> {
    let label = ui.label(name).on_hover_text(tooltip);
    let options_ui = |ui: &mut Ui| picked(ui, current, options());
    let chosen = list(ui, name, label.id, tooltip, width, words, options_ui);
    ui.end_row();
    chosen
}

fn picked<T: PartialEq>(ui: &mut Ui, current: &T, options: Vec<(T, String)>) -> Option<T> {
    let mut chosen = None;
    for (value, words) in options {
        if ui.selectable_label(value == *current, words).clicked() {
            chosen = Some(value);
        }
    }
    chosen
}

/// A list that shows `words` and opens `options_ui`, which returns what was chosen.
pub fn list<T>(
    ui: &mut Ui,
    name: &str,
    label: Id,
    tooltip: &str,
    width: f32,
    words: &str,
    options_ui: impl FnOnce(&mut Ui) -> Option<T>,
) -> Option<T> {
    let combo = ComboBox::from_id_salt(name).selected_text(words);
    let shown = combo.width(width).truncate().show_ui(ui, options_ui);
    shown.response.labelled_by(label).on_hover_text(tooltip);
    shown.inner.flatten()
}

/// What stays together when a line is full: a field and its name. Begins another line when less than `width`
/// points are left in this one.
pub fn together<R>(ui: &mut Ui, width: f32, add: impl FnOnce(&mut Ui) -> R) -> R {
    if ui.layout().main_wrap() && ui.available_size_before_wrap().x < width {
        ui.end_row();
    }
    ui.horizontal(add).inner
}

/// Two or more words of which one holds, with their tooltips.
pub fn switch<T: PartialEq + Copy>(ui: &mut Ui, current: &mut T, options: &[(T, &str, &str)]) {
    for (value, words, tooltip) in options {
        let word = ui.selectable_label(value == current, *words);
        if word.on_hover_text(*tooltip).clicked() {
            *current = *value;
        }
    }
}

/// Width of a number beside its name.
pub const NUMBER_WIDTH: f32 = 88.0;

/// A named number in two columns of a grid. Changed only when the user changes it.
pub fn number<N: Numeric>(
    ui: &mut Ui,
    name: &str,
    tooltip: &str,
    value: Number<'_, N>,
) -> Response {
    let label = ui.label(name).on_hover_text(tooltip);
    let response = value
        .size([NUMBER_WIDTH, 26.0])
        .ui(ui, name, label.id)
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
    let most = (100.0 * most * STEPS).round() / STEPS;
    let value = Number::new(&mut percent, 0.0..=most)
        .speed(0.5)
        .decimals(2)
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

/// A named slider in two columns of a grid, with its number to type beside it. `is_filled` up to the handle.
pub fn slider<N: Numeric>(
    ui: &mut Ui,
    name: &str,
    tooltip: &str,
    value: Number<'_, N>,
    step: f64,
    is_filled: bool,
) -> Response {
    let label = ui.label(name).on_hover_text(tooltip);
    let response = value
        .slider_ui(ui, name, label.id, step, is_filled)
        .on_hover_text(tooltip)
        .on_disabled_hover_text(tooltip);
    ui.end_row();
    response
}

/// A named line of text. Returns what was typed once Enter is pressed or the field is left; Esc leaves the old text.
pub fn text(ui: &mut Ui, name: &str, label: Id, text: &str) -> Option<String> {
    let id = ui.scope_id().with(("text", name));
    let draft = ui.data_mut(|data| data.remove_temp::<String>(id));
    let mut draft = draft.unwrap_or_else(|| text.to_owned());
    let field = TextEdit::singleline(&mut draft).id(id);
    ui.add(field).labelled_by(label);
    if ui.memory(|memory| memory.has_focus(id)) {
        ui.data_mut(|data| data.insert_temp(id, draft));
        return None;
    }
    let is_cancelled = ui.input(|input| input.key_pressed(Key::Escape));
    (!is_cancelled && draft != text).then_some(draft)
}

/// Whether Enter was pressed in a field that has just been left.
pub fn entered(ui: &Ui, field: &Response) -> bool {
    field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
}
