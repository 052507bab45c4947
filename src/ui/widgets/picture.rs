//! Pictures and the scales that explain their colours.

use eframe::egui::{
    self, Align2, Color32, Rect, Response, Sense, TextureHandle, Ui, Vec2, pos2, vec2,
};

use crate::{
    inspect::colours::ColourScale,
    ui::{format::significant, theme},
};

/// The largest size with the texture's proportions within `space`; small pictures grow by whole
/// factors, so that pixels stay square.
pub fn fitted(texture: Vec2, space: Vec2) -> Vec2 {
    let factor = (space.x / texture.x.max(1.0))
        .min(space.y / texture.y.max(1.0))
        .max(0.01);
    texture * if factor > 2.0 { factor.floor() } else { factor }
}

/// Draws a texture at `size` as something to click, with a name for screen readers.
pub fn picture(ui: &mut Ui, texture: &TextureHandle, size: Vec2, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    paint(ui, texture, rect);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, name));
    response
}

/// A hairline around a picture whose edge may have the window's colour.
pub fn frame(ui: &Ui, rect: Rect) {
    let line = (1.0, theme::palette(ui).line);
    ui.painter()
        .rect_stroke(rect, 0.0, line, egui::StrokeKind::Outside);
}

/// Draws a texture into `rect`.
pub fn paint(ui: &Ui, texture: &TextureHandle, rect: Rect) {
    paint_tinted(ui, texture, rect, Color32::WHITE);
}

/// Draws a texture into `rect`, its colours multiplied by `tint`.
pub fn paint_tinted(ui: &Ui, texture: &TextureHandle, rect: Rect, tint: Color32) {
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    ui.painter().image(texture.id(), rect, whole, tint);
}

/// The pixel of a picture of `width`×`height` pixels that the pointer is over.
pub fn pixel_at(
    rect: Rect,
    pointer: egui::Pos2,
    width: usize,
    height: usize,
) -> Option<(usize, usize)> {
    if !rect.contains(pointer) {
        return None;
    }
    let share = (pointer - rect.min) / rect.size();
    let place =
        |share: f32, count: usize| ((share * count as f32) as usize).min(count.saturating_sub(1));
    Some((place(share.x, width), place(share.y, height)))
}

/// A colour bar with both ends in numbers.
pub fn scale_bar(ui: &mut Ui, scale: ColourScale, (low, high): (f32, f32)) {
    let [low, high] = [low, high].map(|end| significant(f64::from(end)));
    scale_bar_in_words(ui, scale, &low, &high);
}

/// A colour bar with both ends in words.
pub fn scale_bar_in_words(ui: &mut Ui, scale: ColourScale, low: &str, high: &str) {
    const STEPS: usize = 48;
    // What both numbers take beside the bar.
    const NUMBERS: f32 = 112.0;
    let size = vec2((ui.available_width() - NUMBERS).clamp(32.0, 120.0), 10.0);
    ui.horizontal(|ui| {
        super::states::caption(ui, low);
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        let step = size.x / STEPS as f32;
        for index in 0..STEPS {
            let [red, green, blue] = scale.colour(index as f32 / (STEPS - 1) as f32);
            let left = rect.left() + step * index as f32;
            let part = Rect::from_min_size(pos2(left, rect.top()), vec2(step + 0.5, size.y));
            ui.painter()
                .rect_filled(part, 0.0, Color32::from_rgb(red, green, blue));
        }
        frame(ui, rect);
        super::states::caption(ui, high);
    });
}

/// The largest size with the texture's proportions within `space`, by any factor.
pub fn fitted_exactly(texture: Vec2, space: Vec2) -> Vec2 {
    texture * (space.x / texture.x.max(1.0)).min(space.y / texture.y.max(1.0))
}

/// Draws a texture as large as `place` allows, `align`ed in it, with a hairline around it; or the place, until it has come.
pub fn in_place(ui: &Ui, texture: Option<&TextureHandle>, place: Rect, align: Align2) {
    let Some(texture) = texture else {
        let fill = theme::palette(ui).line;
        ui.painter().rect_filled(place, 4.0, fill);
        return;
    };
    let size = fitted_exactly(texture.size_vec2(), place.size());
    let area = align.align_size_within_rect(size, place);
    paint(ui, texture, area);
    frame(ui, area);
}
