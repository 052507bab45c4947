//! Values of either sign as bars from a common zero.

use eframe::egui::{self, Label, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

use super::classes;
use crate::ui::{format::significant, theme};

/// Height of a row in points.
const ROW: f32 = 22.0;
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
    ScrollArea::vertical().auto_shrink([false, true]).show_rows(
        ui,
        ROW,
        values.len(),
        |ui, rows| {
            for index in rows {
                if row(
                    ui,
                    &classes::name(names, index),
                    (index, values[index]),
                    range,
                    selected == Some(index),
                ) {
                    clicked = Some(index);
                }
            }
        },
    );
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
        egui::WidgetInfo::selected(
            egui::Role::ListItem,
            true,
            selected,
            format!("{name} {words}"),
        )
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
    let name_rect = Rect::from_min_size(inner.min, vec2(name_width, ROW));
    let number_rect =
        Rect::from_min_max(pos2(inner.right() - NUMBER_WIDTH, inner.top()), inner.max);
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    let place = |ui: &mut Ui, rect: Rect, layout: egui::Layout, words: &str| {
        let mut part = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(layout));
        part.add(Label::new(words).truncate());
    };
    place(ui, name_rect, layout, name);
    place(
        ui,
        number_rect,
        egui::Layout::right_to_left(egui::Align::Center),
        &words,
    );
    let bar = Rect::from_min_max(
        pos2(name_rect.right() + theme::GRID, whole.center().y - 6.0),
        pos2(number_rect.left() - theme::GRID, whole.center().y + 6.0),
    );
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
