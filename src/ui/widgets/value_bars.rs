//! Values as bars from a common zero, with their names and numbers.

use eframe::egui::{
    self, Align, Label, Layout, Rect, Response, ScrollArea, Sense, Stroke, StrokeKind, Ui, vec2,
};

use super::classes;
use crate::ui::{
    format::{percent, significant},
    theme,
};

/// Height of a row in points.
const ROW: f32 = 22.0;
/// Height of a bar in points.
const BAR: f32 = 12.0;
/// Width kept for numbers.
const NUMBER_WIDTH: f32 = 80.0;
/// Most width of probabilities, so that numbers stay near their names.
const MOST_WIDTH: f32 = 560.0;

/// One bar per value in the given order; returns the one that was clicked.
pub fn value_bars(
    ui: &mut Ui,
    names: &[String],
    values: &[f32],
    selected: Option<usize>,
) -> Option<usize> {
    let finite = values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite.fold((0f32, 0f32), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let range = if high > low { (low, high) } else { (0.0, 1.0) };
    let mut clicked = None;
    ui.spacing_mut().item_spacing.y = 2.0;
    let area = ScrollArea::vertical().auto_shrink([false, true]);
    area.show_rows(ui, ROW, values.len(), |ui, rows| {
        for index in rows {
            let name = classes::name(names, index);
            let words = significant(f64::from(values[index]));
            let is_selected = Some(selected == Some(index));
            let of = (index, values[index]);
            if row(ui, (&name, &words), of, range, is_selected).clicked() {
                clicked = Some(index);
            }
        }
    });
    clicked
}

/// One bar per class, the most probable first; at most `most`.
pub fn probability_bars(ui: &mut Ui, classes: &[String], probabilities: &[f32], most: usize) {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|a, b| probabilities[*b].total_cmp(&probabilities[*a]));
    let rest = order.len().saturating_sub(most);
    ui.set_max_width(ui.available_width().min(MOST_WIDTH));
    ui.spacing_mut().item_spacing.y = theme::GRID / 2.0;
    for class in order.into_iter().take(most) {
        let (name, probability) = (classes::name(classes, class), probabilities[class]);
        let words = percent(f64::from(probability));
        row(ui, (&name, &words), (class, probability), (0.0, 1.0), None);
    }
    if rest > 0 {
        super::states::caption(ui, format!("and {rest} less probable"));
    }
}

/// A line of the value at `index`; it can be clicked where one of them is `selected`, and has a track elsewhere.
fn row(
    ui: &mut Ui,
    (name, words): (&str, &str),
    (index, value): (usize, f32),
    (low, high): (f32, f32),
    selected: Option<bool>,
) -> Response {
    let palette = theme::palette(ui);
    let can_click = selected.is_some();
    let sense = if can_click {
        Sense::click()
    } else {
        Sense::hover()
    };
    let (whole, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), sense);
    let is_selected = selected == Some(true);
    response.widget_info(|| {
        let words = format!("{name} {words}");
        egui::WidgetInfo::selected(egui::Role::ListItem, true, is_selected, words)
    });
    if is_selected || can_click && response.hovered() {
        let colour = if is_selected {
            palette.accent
        } else {
            palette.line
        };
        ui.painter()
            .rect_stroke(whole, 3.0, Stroke::new(1.0, colour), StrokeKind::Inside);
    }
    let name_width = (whole.width() * 0.35).min(140.0);
    let inner = whole.shrink2(vec2(6.0, 0.0));
    let name_rect = inner.with_max_x(inner.left() + name_width);
    let number_rect = inner.with_min_x(inner.right() - NUMBER_WIDTH);
    for (rect, layout, words) in [
        (name_rect, Layout::left_to_right(Align::Center), name),
        (number_rect, Layout::right_to_left(Align::Center), words),
    ] {
        let mut part = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(layout));
        part.add(Label::new(words).truncate());
    }
    let bar = Rect::from_x_y_ranges(name_rect.right()..=number_rect.left(), inner.y_range());
    let bar = bar.shrink2(vec2(theme::GRID, (ROW - BAR) / 2.0));
    if bar.width() > 8.0 {
        let at =
            |value: f32| bar.left() + bar.width() * ((value - low) / (high - low)).clamp(0.0, 1.0);
        let (zero, end) = (at(0.0), at(if value.is_finite() { value } else { 0.0 }));
        if !can_click {
            ui.painter().rect_filled(bar, 2.0, palette.line);
        }
        let filled = Rect::from_x_y_ranges(zero.min(end)..=zero.max(end), bar.y_range());
        ui.painter()
            .rect_filled(filled, 2.0, theme::class_colour(index));
        if can_click {
            ui.painter()
                .vline(zero, whole.y_range(), Stroke::new(1.0, palette.faint));
        }
    }
    response.on_hover_text(format!("{name}: {words}"))
}
