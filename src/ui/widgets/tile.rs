//! One sample as a small picture: its thumbnail, whether it is selected or marked, and what is special about it.

use eframe::egui::{self, Align2, FontId, Rect, Response, Stroke, StrokeKind, Ui, vec2};
use egui_material_icons::icons;

use super::{
    classes, marks, picture,
    standing::{self, Standing},
};
use crate::ui::{panels::Cx, theme};

/// Smaller tiles have no room for badges beside each other.
const SMALLEST_WITH_BADGES: f32 = 40.0;

/// Draws sample `sample` into `rect`; `response` is that of the place.
pub fn paint(ui: &Ui, cx: &mut Cx<'_>, rect: Rect, sample: usize, response: &Response) {
    let palette = theme::palette(ui);
    let standing = standing::standing(cx, sample);
    if standing.broken.is_some() {
        broken(ui, rect);
    } else if let Some(texture) = cx.thumbnail(ui.ctx(), sample) {
        let size = picture::fitted_exactly(texture.size_vec2(), rect.size());
        // A picture of one pixel by thousands still has to be seen.
        let size = size.max(vec2(3.0, 3.0)).min(rect.size());
        let tint = if standing.excluded {
            theme::DIMMED
        } else {
            egui::Color32::WHITE
        };
        let area = Rect::from_center_size(rect.center(), size);
        picture::paint_tinted(ui, &texture, area, tint);
    } else {
        ui.painter().rect_filled(rect, 4.0, palette.line);
    }
    edge(ui, cx, rect, sample, response);
    if rect.width() >= SMALLEST_WITH_BADGES {
        badges(ui, rect, &standing);
    }
}

/// A picture that cannot be decoded.
fn broken(ui: &Ui, rect: Rect) {
    let fill = ui.visuals().faint_bg_color;
    ui.painter().rect_filled(rect, 4.0, fill);
    let (icon, colour) = (icons::ICON_BROKEN_IMAGE, theme::palette(ui).warning);
    let font = FontId::new((0.4 * rect.width()).clamp(14.0, 40.0), icon.font_family());
    let (at, middle) = (rect.center(), Align2::CENTER_CENTER);
    ui.painter().text(at, middle, icon.codepoint, font, colour);
}

/// In the place of a large picture that is not there: it cannot be decoded, or has not come yet.
pub fn missing(ui: &Ui, cx: &Cx<'_>, rect: Rect, sample: usize) {
    if standing::standing(cx, sample).broken.is_some() {
        broken(ui, rect);
    }
}

fn edge(ui: &Ui, cx: &Cx<'_>, rect: Rect, sample: usize, response: &Response) {
    let palette = theme::palette(ui);
    let selection = &cx.state.selection;
    let is_marked = marks::is_marked(selection, sample);
    let is_selected = selection.sample() == Some(sample);
    let (width, colour) = if is_selected || is_marked {
        (if is_selected { 3.0 } else { 2.0 }, palette.accent)
    } else if response.hovered() || response.has_focus() {
        (2.0, palette.muted)
    } else {
        // A white image would have no edge on a white panel.
        (1.0, palette.line)
    };
    if is_marked {
        let fill = palette.accent.gamma_multiply(0.25);
        ui.painter().rect_filled(rect, 2.0, fill);
        let corner = rect.left_top() + vec2(22.0, 4.0);
        if rect.width() >= SMALLEST_WITH_BADGES {
            standing::badge(ui, corner, icons::ICON_CHECK, palette.accent);
        }
    }
    let stroke = Stroke::new(width, colour);
    ui.painter()
        .rect_stroke(rect, 2.0, stroke, StrokeKind::Inside);
}

fn badges(ui: &Ui, rect: Rect, standing: &Standing) {
    let palette = theme::palette(ui);
    let mut corner = rect.right_top() + vec2(-4.0, 4.0);
    for icon in standing.icons() {
        let is_excluded = icon.codepoint == icons::ICON_BLOCK.codepoint;
        let fill = if is_excluded {
            palette.muted
        } else {
            palette.validation
        };
        corner.x -= standing::badge(ui, corner, icon, fill);
    }
}

/// What the tile says on hovering and to screen readers: `words` and what is special.
pub fn describe(
    cx: &Cx<'_>,
    sample: usize,
    response: Response,
    words: &dyn Fn(usize) -> String,
) -> Response {
    let standing = standing::standing(cx, sample);
    let is_marked = marks::is_marked(&cx.state.selection, sample);
    response.widget_info(|| {
        let marked = if is_marked { "marked" } else { "" };
        let mut label = vec![words(sample), standing.words(), marked.to_owned()];
        label.retain(|part| !part.is_empty());
        egui::WidgetInfo::labeled(egui::Role::Image, true, label.join(", "))
    });
    if !response.hovered() {
        return response;
    }
    let base = cx.state.open_dataset().map(|open| &open.base.classes);
    let class = |class: usize| base.map_or_else(String::new, |names| classes::name(names, class));
    let lines = standing.sentences(class);
    let name = words(sample);
    response.on_hover_ui(|ui| {
        ui.set_max_width(360.0);
        ui.label(name);
        for line in lines {
            super::states::caption(ui, line);
        }
    })
}
