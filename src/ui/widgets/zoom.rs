//! A picture to zoom into and to move about: wheel, keys, buttons, dragging, double-click.

use eframe::egui::{self, CursorIcon, Key, Pos2, Rect, Response, Sense, Ui, Vec2, vec2};
use egui_material_icons::{MaterialIcon, icons};

use super::{buttons, picture, tiles};
use crate::{
    data::Picture,
    ui::{panels::Cx, state::Subject},
};

/// Largest side of a pixel in points.
const MOST: f32 = 64.0;
/// What one press of + or − multiplies by.
const STEP: f32 = 1.5;
/// Points of the wheel that enlarge e-fold.
const WHEEL: f32 = 250.0;
/// A picture is never drawn thinner than this, or nobody could see it.
const THINNEST: f32 = 4.0;

/// What was asked for, carried out where the picture is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wish {
    Fit,
    Whole,
    By(f32),
}

/// Buttons, what they say, and their keys in words.
const BUTTONS: [(MaterialIcon, &str, &str, Wish); 3] = [
    (icons::ICON_ZOOM_OUT, "Zoom out", "−", Wish::By(1.0 / STEP)),
    (
        icons::ICON_ZOOM_IN,
        "Zoom in",
        "+, or the wheel",
        Wish::By(STEP),
    ),
    (
        icons::ICON_FIT_SCREEN,
        "Fit",
        "0, or double-click",
        Wish::Fit,
    ),
];
/// Their keys.
const KEYS: [(Key, Wish); 5] = [
    (Key::Plus, Wish::By(STEP)),
    (Key::Equals, Wish::By(STEP)),
    (Key::Minus, Wish::By(1.0 / STEP)),
    (Key::Num0, Wish::Fit),
    (Key::Num1, Wish::Whole),
];

/// How a picture is looked at.
#[derive(Debug, Clone, Default)]
pub struct Zoom {
    /// Points per pixel of the file; `None` fits the space.
    scale: Option<f32>,
    /// The place of the picture, 0..1, in the middle of the space.
    centre: Vec2,
    wish: Option<Wish>,
    /// What is looked at.
    subject: Option<Subject>,
}

/// The scale at which a picture of `size` pixels fits `space`: whole factors where it grows.
fn fit(size: Vec2, space: Vec2) -> f32 {
    picture::fitted(size, space).x / size.x.max(1.0)
}

/// Where a picture of `size` pixels stands in `space`.
fn area(space: Rect, size: Vec2, scale: f32, centre: Vec2) -> Rect {
    let drawn = (size * scale).max(Vec2::splat(THINNEST));
    let place = |low: f32, high: f32, length: f32, centre: f32| {
        let room = high - low;
        if length <= room {
            low + 0.5 * (room - length)
        } else {
            (low + 0.5 * room - centre * length).clamp(high - length, low)
        }
    };
    let left = place(space.left(), space.right(), drawn.x, centre.x);
    let top = place(space.top(), space.bottom(), drawn.y, centre.y);
    Rect::from_min_size(Pos2::new(left, top), drawn)
}

/// The centre after which the place of the picture under `at` is still there at the new scale.
fn centre_about(space: Rect, before: Rect, at: Pos2, grown: Vec2) -> Vec2 {
    let share = (at - before.min) / before.size();
    let corner = at - share * grown;
    (space.center() - corner) / grown
}

impl Zoom {
    /// Smaller, larger, all of it, its own size.
    pub fn buttons_ui(&mut self, ui: &mut Ui) {
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.spacing_mut().button_padding.x = 6.0;
        ui.spacing_mut().interact_size.x = 28.0;
        for (icon, words, keys, wish) in BUTTONS {
            if buttons::icon(ui, true, icon, words, &format!("{words} ({keys})")) {
                self.wish = Some(wish);
            }
        }
        let tip = "One pixel of the file on one of the screen (1)";
        if buttons::button(ui, "100 %", tip) {
            self.wish = Some(Wish::Whole);
        }
    }

    /// The selected image in `space`. The thumbnail stands in until the file is read.
    pub fn image_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, space: Vec2) {
        let (rect, response) = ui.allocate_exact_size(space, Sense::click_and_drag());
        // In every frame, so that what stands below keeps its identity.
        let mut inner = ui.new_child(egui::UiBuilder::new().max_rect(rect));
        let state = cx.state;
        let Some(subject) = state.selection.subject.as_ref() else {
            return;
        };
        if self.subject.as_ref() != Some(subject) {
            *self = Self {
                subject: Some(subject.clone()),
                ..Self::default()
            };
        }
        let loaded = state.large_image(subject);
        let (texture, size) = match (loaded, state.selection.sample()) {
            (Some(image), _) => {
                let texture = cx.textures.picture(ui.ctx(), &image.picture);
                let (width, height) = image.size;
                (Some(texture), vec2(width as f32, height as f32))
            }
            (None, Some(sample)) => {
                let texture = cx.thumbnail(ui.ctx(), sample);
                let size = texture.as_ref().map(egui::TextureHandle::size_vec2);
                (texture, size.unwrap_or_default())
            }
            (None, None) => (None, Vec2::ZERO),
        };
        let name = || egui::WidgetInfo::labeled(egui::Role::Image, true, "Selected image");
        response.widget_info(name);
        let Some(texture) = texture.filter(|_| size.min_elem() > 0.0) else {
            if let Some(sample) = state.selection.sample() {
                super::tile::missing(ui, cx, rect, sample);
            }
            return;
        };
        let area = self.look(ui, rect, &response, size);
        inner.shrink_clip_rect(rect);
        picture::paint(&inner, &texture, area);
        picture::frame(&inner, area);
        if let Some(image) = loaded
            && !response.dragged()
        {
            pixel_value(response, area, &image.picture, image.size);
        }
    }

    /// Takes wheel, keys, drags and wishes; tells where the picture stands.
    fn look(&mut self, ui: &Ui, space: Rect, response: &Response, size: Vec2) -> Rect {
        let fit = fit(size, space.size());
        let whole = 1.0 / ui.pixels_per_point();
        if self.scale.is_none() {
            self.centre = Vec2::splat(0.5);
        }
        let before = area(space, size, self.scale.unwrap_or(fit), self.centre);
        let pointer = response.hover_pos();
        let mut wish = self.wish.take().or_else(|| keys(ui));
        if response.double_clicked() {
            wish = Some(if self.scale.is_none() {
                Wish::Whole
            } else {
                Wish::Fit
            });
        }
        if pointer.is_some() && wish.is_none() {
            let (wheel, pinch) =
                ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
            let factor = (wheel / WHEEL).exp() * pinch;
            wish = (factor != 1.0).then_some(Wish::By(factor));
        }
        if response.dragged() {
            self.centre -= response.drag_delta() / before.size();
            ui.set_cursor_icon(CursorIcon::Grabbing);
        }
        let current = self.scale.unwrap_or(fit);
        let scale = match wish {
            None => self.scale,
            Some(Wish::Fit) => None,
            Some(Wish::Whole) => Some(whole),
            Some(Wish::By(factor)) => {
                let scale = (current * factor).clamp(fit.min(whole), MOST.max(fit));
                (factor > 1.0 || scale > fit).then_some(scale)
            }
        };
        if let (true, Some(scale)) = (wish.is_some(), scale) {
            let grown = (size * scale).max(Vec2::splat(THINNEST));
            let at = pointer.unwrap_or(space.center());
            self.centre = centre_about(space, before, at, grown);
        }
        self.scale = scale;
        let area = area(space, size, scale.unwrap_or(fit), self.centre);
        // Moving on from an edge does not have to come back over what was dragged beyond it.
        self.centre = (space.center() - area.min) / area.size();
        area
    }
}

fn keys(ui: &Ui) -> Option<Wish> {
    if !tiles::has_keys(ui) {
        return None;
    }
    ui.input(|input| {
        let is_plain = !input.modifiers.command && !input.modifiers.alt;
        let mut pressed = KEYS.into_iter().filter(|(key, _)| input.key_pressed(*key));
        pressed.next().filter(|_| is_plain).map(|(_, wish)| wish)
    })
}

/// Tells position and colour of the pixel under the pointer. `pixels` may be smaller than the file of `size`.
fn pixel_value(response: Response, area: Rect, pixels: &Picture, size: (usize, usize)) {
    let at = |(width, height)| picture::pixel_at(area, response.hover_pos()?, width, height);
    if let (Some((x, y)), Some((column, row))) = (at((pixels.width, pixels.height)), at(size)) {
        let [red, green, blue] = pixels.pixel(x, y);
        response.on_hover_text_at_pointer(format!(
            "column {column}, row {row}: red {red}, green {green}, blue {blue}"
        ));
    }
}

#[cfg(test)]
mod tests {
    use eframe::egui::pos2;

    use super::*;

    #[test]
    fn pictures_of_any_shape_are_fitted_and_seen() {
        let space = Rect::from_min_size(pos2(10.0, 20.0), vec2(300.0, 200.0));
        for (size, scale, drawn) in [
            (vec2(600.0, 200.0), 0.5, vec2(300.0, 100.0)),
            (vec2(50.0, 50.0), 4.0, vec2(200.0, 200.0)),
            (vec2(64.0, 64.0), 3.0, vec2(192.0, 192.0)),
            (vec2(1.0, 5_000.0), 0.04, vec2(4.0, 200.0)),
            (vec2(5_000.0, 1.0), 0.06, vec2(300.0, 4.0)),
            (vec2(1.0, 1.0), 200.0, vec2(200.0, 200.0)),
        ] {
            assert!((fit(size, space.size()) - scale).abs() < 1e-3, "{size}");
            let area = area(space, size, scale, Vec2::splat(0.5));
            assert!((area.size() - drawn).length() < 0.1, "{size}: {area}");
            assert!(
                (area.center() - space.center()).length() < 0.1,
                "{size}: {area}"
            );
        }
    }

    #[test]
    fn what_is_under_the_pointer_stays_there_and_edges_do_not_come_in() {
        let space = Rect::from_min_size(pos2(0.0, 0.0), vec2(200.0, 200.0));
        let size = vec2(100.0, 100.0);
        let before = area(space, size, 2.0, Vec2::splat(0.5));
        let at = pos2(50.0, 150.0);
        let grown = size * 6.0;
        let centre = centre_about(space, before, at, grown);
        let after = area(space, size, 6.0, centre);
        let share = |area: Rect| (at - area.min) / area.size();
        assert!((share(before) - share(after)).length() < 1e-4);
        let beyond = area(space, size, 6.0, vec2(-3.0, 9.0));
        assert_eq!((beyond.left(), beyond.bottom()), (0.0, 200.0));
    }
}
