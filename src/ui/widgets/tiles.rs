//! A grid of small maps shown as one picture: pointing at tiles, outlining them, moving among them.

use std::sync::Arc;

use eframe::egui::{
    self, Key, Pos2, Rect, Response, Stroke, StrokeKind, TextureHandle, Ui, Vec2, vec2,
};

use super::picture;
use crate::{data::Picture, inspect::colours::Grid, model::Shape, ui::theme};

/// A pixel of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pointed {
    /// The tile.
    pub tile: usize,
    /// Column within the tile.
    pub x: usize,
    /// Row within the tile.
    pub y: usize,
}

/// A drawn grid.
pub struct Tiled {
    /// Of the whole picture.
    pub response: Response,
    /// What the pointer is over.
    pub pointed: Option<Pointed>,
    grid: Grid,
}

/// Draws the picture of `grid` at `size`.
pub fn tiles(ui: &mut Ui, texture: &TextureHandle, grid: Grid, size: Vec2, name: &str) -> Tiled {
    let response = picture::picture(ui, texture, size, name);
    let at = response.interact_pointer_pos().or(response.hover_pos());
    let pointed = at.and_then(|at| pointed_at(response.rect, at, grid));
    Tiled {
        response,
        pointed,
        grid,
    }
}

fn pointed_at(rect: Rect, at: Pos2, grid: Grid) -> Option<Pointed> {
    let (width, height) = grid.size();
    let (x, y) = picture::pixel_at(rect, at, width, height)?;
    let tile = grid.tile_at(x, y)?;
    let (left, top) = grid.corner(tile);
    Some(Pointed {
        tile,
        x: x - left,
        y: y - top,
    })
}

impl Tiled {
    /// Outlines everything from tile `first` to tile `last`.
    pub fn outline(&self, ui: &Ui, first: usize, last: usize) {
        let (x, y) = self.grid.corner(last);
        let end = (x + self.grid.tile_width, y + self.grid.tile_height);
        self.stroke(ui, self.grid.corner(first), end);
    }

    /// Outlines one pixel of the first tile.
    pub fn outline_pixel(&self, ui: &Ui, x: usize, y: usize) {
        let (left, top) = self.grid.corner(0);
        self.stroke(ui, (left + x, top + y), (left + x + 1, top + y + 1));
    }

    fn stroke(&self, ui: &Ui, from: (usize, usize), to: (usize, usize)) {
        let (width, height) = self.grid.size();
        let size = vec2(width.max(1) as f32, height.max(1) as f32);
        let [from, to] = [from, to].map(|(x, y)| {
            let share = vec2(x as f32, y as f32) / size;
            self.response.rect.min + share * self.response.rect.size()
        });
        let rect = Rect::from_min_max(from, to);
        // Two colours: one of them can be seen whatever the picture shows.
        let inner = Stroke::new(1.0, theme::palette(ui).on_accent);
        let outer = Stroke::new(3.0, theme::palette(ui).accent);
        for (stroke, kind) in [(inner, StrokeKind::Inside), (outer, StrokeKind::Outside)] {
            ui.painter().rect_stroke(rect, 1.0, stroke, kind);
        }
    }
}

/// The size of a picture enlarged by a whole number of screen pixels so that it fills `space`, at
/// most `most` points per pixel; smaller than the picture only when `space` is.
pub fn crisp_size(ui: &Ui, (width, height): (usize, usize), space: Vec2, most: f32) -> Vec2 {
    let scale = ui.pixels_per_point();
    let picture = vec2(width.max(1) as f32, height.max(1) as f32);
    let factor = (space.x / picture.x).min(space.y / picture.y).min(most) * scale;
    let factor = if factor >= 2.0 {
        factor.floor()
    } else {
        factor.max(0.01)
    };
    picture * factor / scale
}

/// Columns and rows that arrow keys move by, when the pointer is over `ui` and nothing has the focus.
pub fn arrows(ui: &Ui) -> Option<(isize, isize)> {
    if !has_keys(ui) {
        return None;
    }
    let pressed =
        |key: Key| ui.input(|input| isize::from(input.key_pressed(key) && !input.modifiers.any()));
    let across = pressed(Key::ArrowRight) - pressed(Key::ArrowLeft);
    let down = pressed(Key::ArrowDown) - pressed(Key::ArrowUp);
    ((across, down) != (0, 0)).then_some((across, down))
}

/// Whether keys are meant for the panel drawn in `ui`.
pub fn has_keys(ui: &Ui) -> bool {
    ui.memory(|memory| memory.focused().is_none())
        && ui.rect_contains_pointer(ui.max_rect())
        && !egui::Popup::is_any_open(ui.ctx())
}

/// The tile that arrow keys lead to.
pub fn moved(ui: &Ui, grid: Grid, count: usize, current: usize) -> Option<usize> {
    let (columns, rows) = arrows(ui)?;
    let target = current.checked_add_signed(columns + rows * grid.columns.cast_signed())?;
    (target < count).then_some(target)
}

/// Saved pictures have at least this many pixels on their longer side.
const SAVED_SIDE: usize = 512;

/// A small picture enlarged for a file, with crisp pixels.
pub fn large_enough(picture: &Picture) -> Arc<Picture> {
    let longer = picture.width.max(picture.height).max(1);
    Arc::new(picture.enlarged(SAVED_SIDE.div_ceil(longer)))
}

/// Filters of an output, or values of a row.
pub fn units(shape: Shape) -> usize {
    match shape {
        Shape::Maps { channels, .. } => channels,
        Shape::Flat(values) => values,
    }
}

#[cfg(test)]
mod tests {
    use eframe::egui::pos2;

    use super::*;

    #[test]
    fn the_pointer_finds_tile_and_pixel() {
        let grid = Grid::square(4, 3, 3);
        let (width, height) = grid.size();
        let rect = Rect::from_min_size(pos2(10.0, 20.0), vec2(width as f32, height as f32) * 4.0);
        let at = |x: f32, y: f32| pointed_at(rect, rect.min + vec2(x, y) * 4.0, grid);
        assert_eq!(
            at(1.5, 1.5),
            Some(Pointed {
                tile: 0,
                x: 0,
                y: 0
            })
        );
        assert_eq!(
            at(7.5, 6.5),
            Some(Pointed {
                tile: 3,
                x: 2,
                y: 1
            })
        );
        assert_eq!(at(0.5, 0.5), None, "between tiles");
        assert_eq!(at(-1.0, 2.0), None, "outside");
    }
}
