//! Where images can be dropped: the whole window takes them, this says so.

use eframe::egui::{self, Label, RichText, Sense, Stroke, Ui, vec2};
use egui_material_icons::{icon_text, icons};

use crate::ui::theme;

/// Narrower zones show no icon.
const ROOM_FOR_ICON: f32 = 320.0;

/// A dashed field over the whole width.
pub fn drop_zone(ui: &mut Ui) {
    let palette = theme::palette(ui);
    let height = (ui.ctx().content_rect().height() * 0.2).clamp(72.0, 160.0);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let rect = rect.shrink(1.0);
    let ink = palette.muted;
    let corners = [
        rect.left_top(),
        rect.right_top(),
        rect.right_bottom(),
        rect.left_bottom(),
        rect.left_top(),
    ];
    let stroke = Stroke::new(1.5, palette.faint);
    ui.painter()
        .extend(egui::Shape::dashed_line(&corners, stroke, 6.0, 5.0));
    let words = "Drop images anywhere on the window";
    let builder = egui::UiBuilder::new()
        .max_rect(rect.shrink2(vec2(16.0, 0.0)))
        .layout(egui::Layout::top_down(egui::Align::Center));
    let mut inner = ui.new_child(builder);
    if rect.width() > ROOM_FOR_ICON {
        inner.add_space(height * 0.5 - 28.0);
        let icon = icon_text(icons::ICON_ADD_PHOTO_ALTERNATE);
        inner.label(icon.size(28.0).color(ink));
    } else {
        inner.add_space(height * 0.5 - 20.0);
    }
    inner.add(Label::new(RichText::new(words).color(ink)).wrap());
}
