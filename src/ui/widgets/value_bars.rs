//! Values of either sign as bars from a common zero.

use eframe::egui::{
    self, Align, Label, Layout, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, vec2,
};

use super::classes;
use crate::ui::{format::significant, theme};

/// Height of a row in points.
const ROW: f32 = 22.0;
/// Height of a bar in points.
const BAR: f32 = 12.0;
/// Width kept for numbers.
const NUMBER_WIDTH: f32 = 80.0;

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
            let is_selected = selected == Some(index);
            if row(ui, &name, (index, values[index]), range, is_selected) {
                clicked = Some(index);
            }
        }
    });
    clicked
}

fn row(
    ui: &mut Ui,
    name: &str,
    (index, value): (usize, f32),
    (low, high): (f32, f32),
    selected: bool,
) -> bool {
    let palette = theme::palette(ui);
    let words = significant(f64::from(value));
    let (whole, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    response.widget_info(|| {
        let words = format!("{name} {words}");
        egui::WidgetInfo::selected(egui::Role::ListItem, true, selected, words)
    });
    if selected || response.hovered() {
        let colour = if selected {
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
        (number_rect, Layout::right_to_left(Align::Center), &words),
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
        let filled = Rect::from_x_y_ranges(zero.min(end)..=zero.max(end), bar.y_range());
        ui.painter()
            .rect_filled(filled, 2.0, theme::class_colour(index));
        ui.painter()
            .vline(zero, whole.y_range(), Stroke::new(1.0, palette.faint));
    }
    response.on_hover_text(format!("{name}: {words}")).clicked()
}
