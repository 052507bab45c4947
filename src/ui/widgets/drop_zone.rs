//! Where images can be dropped: the whole window takes them, this says so.

use eframe::egui::{self, Color32, Label, RichText, Sense, Stroke, StrokeKind, Ui, vec2};
use egui_material_icons::{icon_text, icons};

use crate::ui::theme;

/// Narrower zones show no icon.
const ROOM_FOR_ICON: f32 = 320.0;

/// A dashed field over the whole width that lights while files are held over the window.
pub fn drop_zone(ui: &mut Ui) {
    let palette = theme::palette(ui);
    let hovering = ui.ctx().input(|input| !input.raw.hovered_files.is_empty());
    let height = (ui.ctx().content_rect().height() * 0.2).clamp(72.0, 160.0);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let rect = rect.shrink(1.0);
    let (fill, ink) = if hovering {
        (ui.visuals().selection.bg_fill, ui.visuals().text_color())
    } else {
        (Color32::TRANSPARENT, palette.muted)
    };
    ui.painter()
        .rect_filled(rect, f32::from(theme::RADIUS), fill);
    let stroke = Stroke::new(
        if hovering { 2.0 } else { 1.5 },
        if hovering {
            palette.accent
        } else {
            palette.faint
        },
    );
    if hovering {
        ui.painter()
            .rect_stroke(rect, f32::from(theme::RADIUS), stroke, StrokeKind::Inside);
    } else {
        let corners = [
            rect.left_top(),
            rect.right_top(),
            rect.right_bottom(),
            rect.left_bottom(),
            rect.left_top(),
        ];
        ui.painter()
            .extend(egui::Shape::dashed_line(&corners, stroke, 6.0, 5.0));
    }
    let words = if hovering {
        "Let go to classify it"
    } else {
        "Drop an image anywhere on the window"
    };
    let mut inner = ui.new_child(
        egui::UiBuilder::new()
            .max_rect(rect.shrink2(vec2(16.0, 0.0)))
            .layout(egui::Layout::top_down(egui::Align::Center)),
    );
    if rect.width() > ROOM_FOR_ICON {
        inner.add_space(height * 0.5 - 28.0);
        inner.label(
            icon_text(icons::ICON_ADD_PHOTO_ALTERNATE)
                .size(28.0)
                .color(ink),
        );
    } else {
        inner.add_space(height * 0.5 - 20.0);
    }
    inner.add(Label::new(RichText::new(words).color(ink)).wrap());
}
