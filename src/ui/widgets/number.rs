//! A number to drag or to type.
//!
//! egui's own field counts every letter as a value (41 is 4 first), takes its identity from how many widgets stand before
//! it, so that a warning that appears takes the caret away, and says nothing of what it does not take. Here the text is
//! held while it is edited and counts on Enter or when the field is left; Esc leaves the old number; what is no number, or
//! too large, leaves the old one too and is said over what stands below, so that nothing moves.

use std::{ops::RangeInclusive, time::Duration};

use eframe::egui::{
    self, Area, DragValue, Id, Key, Layout, Modifiers, Order, Response, RichText, Slider, Stroke,
    StrokeKind, TextEdit, TextStyle, Ui, UiBuilder, Vec2, WidgetInfo, emath::Numeric, text, vec2,
};

use crate::ui::{
    format::{shortened, thousands},
    theme,
};

/// A field for a number, to be drawn with [`Number::ui`].
pub struct Number<'a, N> {
    value: &'a mut N,
    range: RangeInclusive<N>,
    speed: f64,
    decimals: Option<usize>,
    prefix: &'static str,
    suffix: &'static str,
    write: Option<fn(f64) -> String>,
    size: Vec2,
}

/// What is typed into a field that has the keyboard.
#[derive(Clone, Default)]
struct Draft {
    text: String,
    /// The text as it was found: left like that, it changes nothing.
    found: String,
    /// The pass it was drawn in last: a field that was gone in between begins anew.
    pass: u64,
}

/// Why the text that was left was not taken, and when this was said.
#[derive(Clone, Default)]
struct Refused(String, f64);

/// Sums of steps are rounded to so many decimals.
const DECIMALS_OF_STEPS: usize = 12;
/// How long it is said, in seconds.
const SAID_FOR: f64 = 6.0;
/// Most letters of what was typed that are repeated.
const REPEATED: usize = 16;
/// Most width of what is said.
const WORDS_WIDTH: f32 = 220.0;
/// What `f64`, as which every number is handled here, tells apart.
const MOST_EXACT: f64 = 9_007_199_254_740_992.0;

impl<'a, N: Numeric> Number<'a, N> {
    /// A field for `value`, which is set within `range` only.
    pub fn new(value: &'a mut N, range: RangeInclusive<N>) -> Self {
        Self {
            value,
            range,
            speed: if N::INTEGRAL { 0.25 } else { 1.0 },
            decimals: None,
            prefix: "",
            suffix: "",
            write: None,
            size: Vec2::ZERO,
        }
    }

    /// By how much a point of dragging, or an arrow key, changes it.
    pub fn speed(self, speed: f64) -> Self {
        Self { speed, ..self }
    }

    /// Most decimals that are shown.
    pub fn decimals(self, decimals: usize) -> Self {
        let decimals = Some(decimals);
        Self { decimals, ..self }
    }

    /// Stands before the number.
    pub fn prefix(self, prefix: &'static str) -> Self {
        Self { prefix, ..self }
    }

    /// Stands after the number.
    pub fn suffix(self, suffix: &'static str) -> Self {
        Self { suffix, ..self }
    }

    /// How it is written; what comes out must be read as a number again.
    pub fn written(self, write: fn(f64) -> String) -> Self {
        let write = Some(write);
        Self { write, ..self }
    }

    /// Room that it takes; otherwise as much as the number needs.
    pub fn size(self, size: impl Into<Vec2>) -> Self {
        let size = size.into();
        Self { size, ..self }
    }

    /// Draws it; `name` tells it apart within its part of the panel, `label` names it to screen readers. Changed when
    /// its value changed.
    pub fn ui(mut self, ui: &mut Ui, name: &str, label: Id) -> Response {
        self.show(ui, name).labelled_by(label)
    }

    /// The same where no words stand beside it: `name` is what screen readers say.
    pub fn named_ui(mut self, ui: &mut Ui, name: &str) -> Response {
        self.show(ui, name).accessible_name(name)
    }

    /// The same behind a slider whose handle moves in steps.
    pub fn slider_ui(
        mut self,
        ui: &mut Ui,
        name: &str,
        label: Id,
        step: f64,
        is_filled: bool,
    ) -> Response {
        let both = ui.horizontal(|ui| {
            let slider = Slider::new(&mut *self.value, self.range.clone())
                .step_by(step)
                .show_value(false)
                // Looking at a value must not change it.
                .clamping(egui::SliderClamping::Edits)
                .trailing_fill(is_filled);
            let slider = ui.add(slider).labelled_by(label);
            slider | self.show(ui, name).labelled_by(label)
        });
        both.inner
    }

    /// In a scope of its own name: what is drawn before it cannot change who it is.
    fn show(&mut self, ui: &mut Ui, name: &str) -> Response {
        let scope = ui.scope_id().with(("number", name));
        let builder = UiBuilder::new().scope_id(scope);
        if self.size == Vec2::ZERO {
            return ui.scope_builder(builder, |ui| self.field_ui(ui)).inner;
        }
        let filled = Layout::centered_and_justified(ui.layout().main_dir());
        let sized = ui.allocate_ui_with_layout(self.size, filled, |ui| {
            ui.scope_builder(builder, |ui| self.field_ui(ui)).inner
        });
        sized.inner
    }

    fn field_ui(&mut self, ui: &mut Ui) -> Response {
        // The same in both states, and the next that is drawn.
        let id = ui.next_auto_id();
        let layer = ui.layer_id();
        let is_enabled = ui.is_enabled();
        let is_edited = is_enabled
            && ui.memory_mut(|memory| {
                memory.interested_in_focus(id, layer);
                memory.has_focus(id)
            });
        let pass = ui.ctx().cumulative_pass_nr();
        let draft = ui.data_mut(|data| data.remove_temp::<Draft>(id));
        let draft = draft.filter(|draft| draft.pass + 1 >= pass);
        let before = *self.value;
        let mut response = if is_edited {
            self.edit_ui(ui, id, draft)
        } else {
            if let Some(draft) = draft.filter(|_| is_enabled) {
                self.leave(ui, id, &draft);
            }
            self.drag_ui(ui)
        };
        if before != *self.value {
            response.mark_changed();
        }
        refused_ui(ui, id, &response);
        response
    }

    fn drag_ui(&mut self, ui: &mut Ui) -> Response {
        let mut field = DragValue::new(&mut *self.value)
            .range(self.range.clone())
            .clamp_existing_to_range(false)
            .speed(self.speed)
            .prefix(self.prefix)
            .suffix(self.suffix);
        if let Some(decimals) = self.decimals {
            field = field.max_decimals(decimals);
        }
        if let Some(write) = self.write {
            field = field.custom_formatter(move |value, _| write(value));
        }
        ui.add(field)
    }

    fn edit_ui(&mut self, ui: &mut Ui, id: Id, draft: Option<Draft>) -> Response {
        let mut draft = draft.unwrap_or_else(|| {
            ui.data_mut(|data| data.remove_temp::<Refused>(id));
            let text = self.text(self.value.to_f64());
            // What is typed takes the old number's place.
            let mut state = TextEdit::load_state(ui.ctx(), id).unwrap_or_default();
            let all = text::CCursorRange::select_all_str(&text);
            state.cursor.set_char_range(Some(all));
            state.store(ui.ctx(), id);
            Draft {
                found: text.clone(),
                text,
                pass: 0,
            }
        });
        self.arrows(ui, &mut draft);
        let least = ui.spacing().interact_size;
        let align = ui.layout().align2();
        let field = TextEdit::singleline(&mut draft.text)
            .id(id)
            .desired_width(0.0)
            .min_size(least)
            .align(align)
            .font(TextStyle::Button);
        let mut response = ui.add(field);
        // The field's own letters are no change of the number.
        response.flags.remove(egui::response::Flags::CHANGED);
        let value = self.value.to_f64();
        response.widget_info(|| WidgetInfo::drag_value(true, value));
        if ui.memory(|memory| memory.has_focus(id)) {
            if let Some(words) = self.problem(&draft) {
                say(ui, id, &response, &words);
            }
            draft.pass = ui.ctx().cumulative_pass_nr();
            ui.data_mut(|data| data.insert_temp(id, draft));
        } else {
            self.leave(ui, id, &draft);
        }
        response
    }

    /// Up and down change the number by a step, and at once.
    fn arrows(&mut self, ui: &Ui, draft: &mut Draft) {
        let count = |key| ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key));
        let steps = count(Key::ArrowUp) as f64 - count(Key::ArrowDown) as f64;
        let Ok(now) = self.read(&draft.text) else {
            return;
        };
        if steps != 0.0 {
            let step = if N::INTEGRAL { 1.0 } else { self.speed };
            let (low, high) = (self.range.start().to_f64(), self.range.end().to_f64());
            let moved = (now + steps * step).clamp(low, high);
            let moved = egui::emath::round_to_decimals(moved, DECIMALS_OF_STEPS);
            *self.value = N::from_f64(moved);
            draft.text = self.text(self.value.to_f64());
            draft.found.clone_from(&draft.text);
        }
    }

    /// What was typed counts, unless Esc was pressed or it is no such number.
    fn leave(&mut self, ui: &Ui, id: Id, draft: &Draft) {
        let is_cancelled = ui.input(|input| input.key_pressed(Key::Escape));
        if is_cancelled || draft.text == draft.found || draft.text.trim().is_empty() {
            return;
        }
        match self.read(&draft.text) {
            Ok(value) => *self.value = N::from_f64(value),
            Err(words) => {
                let now = self.text(self.value.to_f64());
                let refused = Refused(
                    format!("{words}: {now} stays"),
                    ui.input(|input| input.time),
                );
                ui.data_mut(|data| data.insert_temp(id, refused));
                ui.ctx()
                    .request_repaint_after(Duration::from_secs_f64(SAID_FOR));
            }
        }
    }

    /// What is wrong with the text so far; nothing is while there is none.
    fn problem(&self, draft: &Draft) -> Option<String> {
        let is_begun = draft.text != draft.found && !draft.text.trim().is_empty();
        is_begun.then(|| self.read(&draft.text).err()).flatten()
    }

    /// The number that `text` means, with or without what stands around it.
    fn read(&self, text: &str) -> Result<f64, String> {
        let trimmed = text.trim();
        let bare = trimmed.strip_suffix(self.suffix.trim()).unwrap_or(trimmed);
        let bare = bare.strip_prefix(self.prefix).unwrap_or(bare);
        let letters = bare.chars().filter(|letter| !letter.is_whitespace());
        let plain: String = letters
            .map(|letter| if letter == '−' { '-' } else { letter })
            .collect();
        let value = plain.parse::<f64>().ok().filter(|value| value.is_finite());
        let Some(value) = value else {
            return Err(format!("“{}” is no number", shortened(trimmed, REPEATED)));
        };
        if N::INTEGRAL && value.fract() != 0.0 {
            return Err("Only whole numbers fit here".into());
        }
        let (low, high) = (self.range.start().to_f64(), self.range.end().to_f64());
        let high = if N::INTEGRAL {
            high.min(MOST_EXACT)
        } else {
            high
        };
        if value < low {
            return Err(format!("At least {}", self.said(low)));
        }
        if value > high {
            return Err(format!("At most {}", self.said(high)));
        }
        Ok(value)
    }

    /// The number as it is edited.
    fn text(&self, value: f64) -> String {
        if let Some(write) = self.write {
            return write(value);
        }
        match self.decimals {
            Some(decimals) => egui::emath::round_to_decimals(value, decimals).to_string(),
            None => value.to_string(),
        }
    }

    /// The number as sentences write it.
    fn said(&self, value: f64) -> String {
        if N::INTEGRAL && value >= 0.0 {
            thousands(value as usize)
        } else {
            self.text(value)
        }
    }
}

/// Says for a while why what was left was not taken.
fn refused_ui(ui: &Ui, id: Id, response: &Response) {
    let Some(Refused(words, since)) = ui.data(|data| data.get_temp::<Refused>(id)) else {
        return;
    };
    if ui.input(|input| input.time) - since < SAID_FOR {
        say(ui, id, response, &words);
    } else {
        ui.data_mut(|data| data.remove_temp::<Refused>(id));
    }
}

/// Over what stands below the field: nothing moves.
fn say(ui: &Ui, id: Id, response: &Response, words: &str) {
    let colour = theme::palette(ui).error;
    let stroke = Stroke::new(1.0, colour);
    let radius = f32::from(theme::RADIUS);
    let edge = response.rect;
    ui.painter()
        .rect_stroke(edge, radius, stroke, StrokeKind::Inside);
    let area = Area::new(id.with("words"))
        .order(Order::Foreground)
        .interactable(false)
        .fixed_pos(edge.left_bottom() + vec2(0.0, theme::GRID * 0.5));
    area.show(ui.ctx(), |ui| {
        egui::Frame::popup(ui.style()).show(ui, |ui| {
            ui.set_max_width(WORDS_WIDTH);
            ui.label(RichText::new(words).small().color(colour));
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_or_refused_with_a_reason() {
        // Text, what it means for 1 to 4,096 images, why.
        let whole = [
            ("41", Ok(41.0), "a number"),
            (" 4 000 ", Ok(4000.0), "a gap between thousands"),
            (
                "50 images",
                Ok(50.0),
                "what stands behind it may be typed too",
            ),
            ("4e3", Ok(4000.0), "as programs write it"),
            ("4567", Err("At most 4,096"), "too many"),
            ("0", Err("At least 1"), "too few"),
            ("−3", Err("At least 1"), "a typographer's minus"),
            ("2.5", Err("Only whole numbers fit here"), "half an image"),
            ("nan", Err("“nan” is no number"), "what Rust reads as one"),
            (
                "4,5",
                Err("“4,5” is no number"),
                "a comma may mean two things",
            ),
        ];
        let mut value = 50_usize;
        let number = Number::new(&mut value, 1..=4_096).suffix(" images");
        for (text, meant, why) in whole {
            assert_eq!(
                number.read(text),
                meant.map_err(str::to_owned),
                "{text}: {why}"
            );
        }
        let mut seed = 0_u64;
        let seed = Number::new(&mut seed, 0..=u64::MAX);
        let most = Err("At most 9,007,199,254,740,992".into());
        assert_eq!(
            seed.read("9007199254740994"),
            most,
            "others beside it would be rounded"
        );
    }

    #[test]
    fn what_is_shown_is_read_as_the_same_number() {
        let mut share = 28.999_999_999_999_996;
        let number = Number::new(&mut share, 0.0..=100.0).decimals(2);
        assert_eq!(number.text(28.999_999_999_999_996), "29");
        let mut rate = 0.0;
        let number = Number::new(&mut rate, 0.0..=1.0);
        for value in [1e-9, 0.000_333_333_333, 0.5] {
            assert_eq!(number.read(&number.text(value)), Ok(value));
        }
    }
}
