//! A number to drag or to type.
//!
//! egui's own field takes its identity from how many widgets stand before it, so that a warning that appears takes the
//! caret away, cuts what is too large without a word, and says nothing of what is no number. Here what is typed is only
//! kept at first: it counts on Enter or when the field is left; Esc leaves the old number; what is no number, or too
//! large, leaves the old one too and is said over what stands below, so that nothing moves.

use std::{ops::RangeInclusive, time::Duration};

use eframe::egui::{
    self, Area, DragValue, Id, Key, Layout, Modifiers, Order, Response, RichText, Slider, Stroke,
    StrokeKind, Ui, UiBuilder, Vec2, emath::Numeric, vec2,
};

use crate::ui::{
    format::{shortened, thousands},
    theme,
};

/// A field for a number, to be drawn with [`Number::ui`].
pub struct Number<'a, N> {
    value: &'a mut N,
    form: Form,
    size: Vec2,
}

/// Which numbers a field takes, and how it reads and writes them.
#[derive(Clone, Copy)]
struct Form {
    low: f64,
    high: f64,
    is_whole: bool,
    speed: f64,
    decimals: Option<usize>,
    prefix: &'static str,
    suffix: &'static str,
    write: Option<fn(f64) -> String>,
}

/// What was typed into a field that has the keyboard, and over which number.
#[derive(Clone, Default)]
struct Typed(String, f64);

/// Why the text that was left was not taken, and when this was said.
#[derive(Clone)]
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
        let most = if N::INTEGRAL { MOST_EXACT } else { f64::MAX };
        let form = Form {
            low: range.start().to_f64(),
            high: range.end().to_f64().min(most),
            is_whole: N::INTEGRAL,
            speed: if N::INTEGRAL { 0.25 } else { 1.0 },
            decimals: None,
            prefix: "",
            suffix: "",
            write: None,
        };
        let size = Vec2::ZERO;
        Self { value, form, size }
    }

    /// By how much a point of dragging, or an arrow key, changes it.
    pub fn speed(mut self, speed: f64) -> Self {
        self.form.speed = speed;
        self
    }

    /// Most decimals that are shown.
    pub fn decimals(mut self, decimals: usize) -> Self {
        self.form.decimals = Some(decimals);
        self
    }

    /// Stands before the number.
    pub fn prefix(mut self, prefix: &'static str) -> Self {
        self.form.prefix = prefix;
        self
    }

    /// Stands after the number.
    pub fn suffix(mut self, suffix: &'static str) -> Self {
        self.form.suffix = suffix;
        self
    }

    /// How it is written; what comes out must be read as a number again.
    pub fn written(mut self, write: fn(f64) -> String) -> Self {
        self.form.write = Some(write);
        self
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
            let range = N::from_f64(self.form.low)..=N::from_f64(self.form.high);
            let slider = Slider::new(&mut *self.value, range)
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
        // Of the next that is drawn, whether it is dragged or typed into.
        let (id, form, before) = (ui.next_auto_id(), self.form, *self.value);
        let layer = ui.layer_id();
        let is_edited = ui.is_enabled()
            && ui.memory_mut(|memory| {
                memory.interested_in_focus(id, layer);
                memory.has_focus(id)
            });
        if is_edited {
            ui.data_mut(|data| data.remove::<Refused>(id));
            self.arrows(ui, id);
        }
        let (context, over) = (ui.ctx().clone(), self.value.to_f64());
        let mut field = DragValue::new(&mut *self.value)
            .range(form.low..=form.high)
            .clamp_existing_to_range(false)
            .clip_text(true)
            .speed(form.speed)
            .prefix(form.prefix)
            .suffix(form.suffix)
            .custom_parser(move |text| {
                // egui reads the last text once more after the field was left.
                if is_edited {
                    context.data_mut(|data| data.insert_temp(id, Typed(text.to_owned(), over)));
                }
                None
            });
        if let Some(decimals) = form.decimals {
            field = field.max_decimals(decimals);
        }
        if is_edited || form.write.is_some() {
            field = field.custom_formatter(move |value, _| form.text(value));
        }
        let mut response = ui.add(field);
        if response.clicked() && !is_edited {
            // egui selects as many letters as are shown, which may be fewer than are edited.
            let mut state = egui::TextEdit::load_state(ui.ctx(), id).unwrap_or_default();
            let all = egui::text::CCursorRange::select_all_str(&form.text(before.to_f64()));
            state.cursor.set_char_range(Some(all));
            state.store(ui.ctx(), id);
        }
        self.take(ui, id, &response);
        if before != *self.value {
            response.mark_changed();
        }
        refused_ui(ui, id, &response);
        response
    }

    /// Up and down change the number, or what was typed, by a step, and at once.
    fn arrows(&mut self, ui: &Ui, id: Id) {
        let count = |key| ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key));
        let steps = count(Key::ArrowUp) as f64 - count(Key::ArrowDown) as f64;
        let typed: Option<Typed> = ui.data(|data| data.get_temp(id));
        let typed = typed.filter(|typed| typed.1 == self.value.to_f64());
        let typed = typed.map(|Typed(text, _)| self.form.read(&text));
        if let Ok(now) = typed.unwrap_or(Ok(self.value.to_f64()))
            && steps != 0.0
        {
            let Form { low, high, .. } = self.form;
            let step = if N::INTEGRAL { 1.0 } else { self.form.speed };
            let moved = (now + steps * step).clamp(low, high);
            let moved = egui::emath::round_to_decimals(moved, DECIMALS_OF_STEPS);
            *self.value = N::from_f64(moved);
            ui.data_mut(|data| data.remove::<Typed>(id));
        }
    }

    /// Takes what was typed when the field is left, unless Esc was pressed, and says what is wrong with it.
    fn take(&mut self, ui: &Ui, id: Id, response: &Response) {
        let typed: Option<Typed> = ui.data_mut(|data| data.remove_temp(id));
        let now = self.form.text(self.value.to_f64());
        // What was typed over another number is gone with it, as egui shows it.
        let is_new = |typed: &Typed| {
            typed.1 == self.value.to_f64() && typed.0 != now && !typed.0.trim().is_empty()
        };
        let Some(typed) = typed.filter(is_new) else {
            return;
        };
        let read = self.form.read(&typed.0);
        if ui.memory(|memory| memory.has_focus(id)) {
            if let Err(words) = read {
                say(ui, id, response, &words);
            }
            ui.data_mut(|data| data.insert_temp(id, typed));
            return;
        }
        let is_cancelled = ui.input(|input| input.key_pressed(Key::Escape));
        match read {
            _ if is_cancelled || !response.lost_focus() || !ui.is_enabled() => {}
            Ok(value) => *self.value = N::from_f64(value),
            Err(words) => {
                let since = ui.input(|input| input.time);
                let refused = Refused(format!("{words}: {now} stays"), since);
                ui.data_mut(|data| data.insert_temp(id, refused));
                ui.ctx()
                    .request_repaint_after(Duration::from_secs_f64(SAID_FOR));
            }
        }
    }
}

impl Form {
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
        match value {
            None => Err(format!("“{}” is no number", shortened(trimmed, REPEATED))),
            Some(value) if self.is_whole && value.fract() != 0.0 => {
                Err("Only whole numbers fit here".into())
            }
            Some(value) if value < self.low => Err(format!("At least {}", self.said(self.low))),
            Some(value) if value > self.high => Err(format!("At most {}", self.said(self.high))),
            Some(value) => Ok(value),
        }
    }

    /// The number as it is edited.
    fn text(&self, value: f64) -> String {
        match (self.write, self.decimals) {
            (Some(write), _) => write(value),
            (None, Some(decimals)) => egui::emath::round_to_decimals(value, decimals).to_string(),
            (None, None) => value.to_string(),
        }
    }

    /// The number as sentences write it.
    fn said(&self, value: f64) -> String {
        if self.is_whole && value >= 0.0 {
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
        ui.data_mut(|data| data.remove::<Refused>(id));
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
                number.form.read(text),
                meant.map_err(str::to_owned),
                "{text}: {why}"
            );
        }
        let mut seed = 0_u64;
        let seed = Number::new(&mut seed, 0..=u64::MAX);
        let most = Err("At most 9,007,199,254,740,992".into());
        assert_eq!(
            seed.form.read("9007199254740994"),
            most,
            "others beside it would be rounded"
        );
    }

    #[test]
    fn what_is_shown_is_read_as_the_same_number() {
        let mut share = 28.999_999_999_999_996;
        let number = Number::new(&mut share, 0.0..=100.0).decimals(2);
        assert_eq!(number.form.text(28.999_999_999_999_996), "29");
        let mut rate = 0.0;
        let number = Number::new(&mut rate, 0.0..=1.0);
        for value in [1e-9, 0.000_333_333_333, 0.5] {
            assert_eq!(number.form.read(&number.form.text(value)), Ok(value));
        }
    }
}
