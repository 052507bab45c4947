//! A virtualised grid of thumbnails with keyboard movement.

use std::ops::Range;

use eframe::egui::{
    self, CornerRadius, Key, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, vec2,
};

use crate::ui::{panels::Cx, theme};

/// Space between tiles.
const GAP: f32 = 6.0;

/// Draws the samples `samples` as tiles of `side` points; returns a sample that was clicked or moved to.
pub fn thumbnails(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    samples: &[usize],
    side: f32,
    describe: impl Fn(usize) -> String,
) -> Option<usize> {
    let columns = (((ui.available_width() - 12.0 + GAP) / (side + GAP)).floor() as usize).max(1);
    let rows = samples.len().div_ceil(columns);
    let mut chosen = moved(ui, cx, samples, columns);
    ui.spacing_mut().item_spacing = vec2(GAP, GAP);
    ScrollArea::vertical().auto_shrink(false).show_rows(
        ui,
        side,
        rows,
        |ui, range: Range<usize>| {
            for row in range {
                ui.horizontal(|ui| {
                    for &sample in samples.iter().skip(row * columns).take(columns) {
                        if tile(ui, cx, sample, side, &describe) {
                            chosen = Some(sample);
                        }
                    }
                });
            }
        },
    );
    chosen
}

fn tile(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    sample: usize,
    side: f32,
    describe: &impl Fn(usize) -> String,
) -> bool {
    let palette = theme::palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::click());
    match cx.thumbnail(ui.ctx(), sample) {
        Some(texture) => {
            let size = super::picture::fitted_exactly(texture.size_vec2(), rect.size());
            super::picture::paint(ui, &texture, Rect::from_center_size(rect.center(), size));
        }
        None => {
            ui.painter()
                .rect_filled(rect, CornerRadius::same(4), palette.line);
        }
    }
    // A white image would have no edge on a white panel.
    let line = Stroke::new(1.0, palette.line);
    ui.painter()
        .rect_stroke(rect, 2.0, line, StrokeKind::Inside);
    if cx.state.selection.sample == Some(sample) {
        ui.painter().rect_stroke(
            rect,
            2.0,
            Stroke::new(3.0, palette.accent),
            StrokeKind::Inside,
        );
    } else if response.hovered() {
        ui.painter().rect_stroke(
            rect,
            2.0,
            Stroke::new(1.0, palette.muted),
            StrokeKind::Inside,
        );
    }
    let words = describe(sample);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &words));
    response.on_hover_text(words).clicked()
}

/// The sample that arrow keys lead to from the selected one.
fn moved(ui: &Ui, cx: &Cx<'_>, samples: &[usize], columns: usize) -> Option<usize> {
    if ui.memory(|memory| memory.focused().is_some()) || !ui.rect_contains_pointer(ui.max_rect()) {
        return None;
    }
    let current = cx.state.selection.sample?;
    let position = samples.iter().position(|sample| *sample == current)?;
    let step = ui.input(|input| {
        if input.modifiers.any() {
            return 0;
        }
        let pressed = |key: Key| isize::from(input.key_pressed(key));
        pressed(Key::ArrowRight) - pressed(Key::ArrowLeft)
            + columns.cast_signed() * (pressed(Key::ArrowDown) - pressed(Key::ArrowUp))
    });
    let target = position.checked_add_signed(step)?;
    samples.get(target).copied().filter(|_| step != 0)
}
