//! A grid of cells that scrolls under names which stay: the frame of the confusion matrix and of the cross-table.

use std::ops::Range;

use eframe::egui::{Pos2, Rangef, Rect, ScrollArea, Sense, Ui, UiBuilder, Vec2, pos2, vec2};

/// Row and column.
pub type Cell = (usize, usize);

/// Where things are.
pub struct Sticky {
    /// Size of a cell in points.
    pub cell: Vec2,
    /// Rows and columns.
    pub count: Cell,
    /// Names and cells.
    pub whole: Rect,
    /// What is seen of the cells.
    pub cells: Rect,
}

impl Sticky {
    /// In `space` from the cursor on, with room for `names` at the left and above. The cells get what they need with
    /// `bar` points for scroll bars, or what is left, which is `least` at the least.
    pub fn new(
        ui: &Ui,
        (space, names): (Vec2, Vec2),
        (cell, count): (Vec2, Cell),
        (bar, least): (f32, f32),
    ) -> Self {
        let corner = ui.cursor().min;
        let wanted = cell * vec2(count.1 as f32, count.0 as f32) + Vec2::splat(bar);
        let room = (space - names).max(Vec2::splat(least));
        let cells = Rect::from_min_size(corner + names, wanted.min(room));
        Self {
            cell,
            count,
            whole: Rect::from_min_max(corner, cells.max),
            cells,
        }
    }

    /// Where a cell is when the first one's corner is at `corner`.
    pub fn rect(&self, corner: Pos2, (row, column): Cell) -> Rect {
        let place = self.cell * vec2(column as f32, row as f32);
        Rect::from_min_size(corner + place, self.cell)
    }

    /// Draws the cells that are seen: `cell_ui` one of them, `above` what lies over all of them, given the corner of
    /// the first. Returns the cell for which `cell_ui` said that it was clicked, and how far everything is scrolled.
    pub fn cells_ui(
        &self,
        ui: &mut Ui,
        cell_ui: impl Fn(&Ui, Cell, Rect) -> bool,
        above: impl FnOnce(&Ui, Pos2),
    ) -> (Option<Cell>, Vec2) {
        ui.allocate_rect(self.whole, Sense::hover());
        let mut inner = ui.new_child(UiBuilder::new().max_rect(self.cells).id_salt("cells"));
        let scrolled = ScrollArea::both().auto_shrink(false);
        let scrolled = scrolled.show_viewport(&mut inner, |ui, viewport| {
            ui.set_min_size(self.cell * vec2(self.count.1 as f32, self.count.0 as f32));
            let corner = ui.min_rect().min;
            let mut clicked = None;
            for row in seen(viewport.y_range(), self.cell.y, self.count.0) {
                for column in seen(viewport.x_range(), self.cell.x, self.count.1) {
                    let cell = (row, column);
                    if cell_ui(ui, cell, self.rect(corner, cell)) {
                        clicked = Some(cell);
                    }
                }
            }
            above(ui, corner);
            clicked
        });
        (scrolled.inner, scrolled.state.clamped_offset())
    }

    /// The rows that are seen at this offset, each with the place of its name, which begins at `left` and of which
    /// only what lies in the strip, the second rectangle, is seen.
    pub fn rows(&self, offset: Vec2, left: f32) -> impl Iterator<Item = (usize, Rect, Rect)> {
        let strip = Rect::from_min_max(pos2(left, self.cells.top()), self.cells.left_bottom());
        let corner = pos2(left, self.cells.top() - offset.y);
        let view = Rangef::new(offset.y, offset.y + self.cells.height());
        seen(view, self.cell.y, self.count.0).map(move |row| {
            let place = self.rect(corner, (row, 0)).with_max_x(strip.right());
            (row, place, strip)
        })
    }

    /// The same for the columns, whose names begin at `top`.
    pub fn columns(&self, offset: Vec2, top: f32) -> impl Iterator<Item = (usize, Rect, Rect)> {
        let strip = Rect::from_min_max(pos2(self.cells.left(), top), self.cells.right_top());
        let corner = pos2(self.cells.left() - offset.x, top);
        let view = Rangef::new(offset.x, offset.x + self.cells.width());
        seen(view, self.cell.x, self.count.1).map(move |column| {
            let place = self.rect(corner, (0, column)).with_max_y(strip.bottom());
            (column, place, strip)
        })
    }
}

/// `text` as the tooltip of the part of `rect` that `strip` shows.
pub fn hint(ui: &Ui, salt: (&str, usize), (rect, strip): (Rect, Rect), text: &str) {
    let seen = rect.intersect(strip);
    if seen.is_positive() {
        let response = ui.interact(seen, ui.scope_id().with(salt), Sense::hover());
        if response.hovered() {
            response.on_hover_text(text);
        }
    }
}

/// Which of `count` things of `size` points are seen in `span`.
pub fn seen(span: Rangef, size: f32, count: usize) -> Range<usize> {
    let first = (span.min.max(0.0) / size).floor() as usize;
    let end = (span.max.max(0.0) / size).ceil() as usize;
    first.min(count)..end.min(count)
}
