//! The list of layers: rows to choose, drag and look at, and the line between frozen and trained ones.

use eframe::egui::{self, CursorIcon, Id, Rect, ScrollArea, Sense, Stroke, Ui, pos2, vec2};

use super::{freezing, keys, row, wish};
use crate::{
    model::{
        edit::LayerEdit,
        freezing::{Freezing, Frozen},
    },
    ui::{
        design::{Chosen, DesignAction},
        panels::Cx,
        theme,
    },
};

/// Height of a row of two lines.
pub const ROW: f32 = 46.0;
/// Height of the line between frozen and trained layers.
const STRIP: f32 = 26.0;

/// By so much the rows within a block stand in.
const INDENT: f32 = 24.0;

/// What is being dragged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drag {
    Layer(Chosen),
    Boundary,
}

/// View state.
#[derive(Default)]
pub struct List {
    drag: Option<Drag>,
    /// The row that was chosen when the list was last drawn.
    seen: Option<Chosen>,
    /// Rows that fit at once.
    pub page: usize,
}

/// Where everything stands, from the top of the list.
#[derive(Debug, Clone, Copy)]
pub struct Geometry {
    /// Rows of layers.
    pub count: usize,
    /// The line stands above this row.
    pub line: usize,
}

impl Geometry {
    /// Top of row `at`; the head has the row after the last layer.
    pub fn top(self, at: usize) -> f32 {
        let above = if at >= self.line { STRIP } else { 0.0 };
        at as f32 * ROW + above
    }

    fn height(self) -> f32 {
        self.top(self.count) + ROW
    }

    /// The gap between rows that is nearest to `y`: 0 above the first, `count` below the last layer.
    pub fn gap(self, y: f32) -> usize {
        let distance = |gap: &usize| {
            let top = self.top(*gap);
            (y - top).abs()
        };
        let gaps = 0..=self.count;
        gaps.min_by(|a, b| distance(a).total_cmp(&distance(b)))
            .unwrap_or(0)
    }
}

impl List {
    /// Draws the list. Returns whether the chosen layer's name shall be edited.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, freezing: &Freezing) -> bool {
        row::header_ui(ui);
        let rows = Chosen::rows(&cx.state.experiment.model);
        let count = rows.len();
        let frozen =
            |layer: &&crate::model::freezing::LayerFreezing| layer.frozen != Frozen::Nothing;
        // Below a layer that the boundary runs through.
        let below = Chosen::Layer(freezing.layers.iter().take_while(frozen).count());
        let geometry = Geometry {
            count,
            line: rows.iter().position(|row| *row == below).unwrap_or(count),
        };
        self.page = (ui.available_height() / ROW) as usize;
        let mut rename = false;
        ScrollArea::vertical()
            .id_salt("layers")
            .auto_shrink(false)
            .show_viewport(ui, |ui, viewport| {
                ui.set_height(geometry.height());
                let origin = ui.max_rect().min;
                let area =
                    Rect::from_min_size(origin, vec2(ui.available_width(), geometry.height()));
                let focus = ui.interact(
                    area,
                    Id::unique("layer list"),
                    Sense::focusable_noninteractive(),
                );
                focus
                    .widget_info(|| egui::WidgetInfo::labeled(egui::Role::ListBox, true, "Layers"));
                rename = keys::keys(ui, cx, &focus, self.page.max(1));
                self.scroll(ui, cx, &rows, geometry, origin);
                let first = ((viewport.min.y - STRIP) / ROW).floor().max(0.0) as usize;
                for at in (first..=count).take_while(|at| geometry.top(*at) <= viewport.max.y) {
                    let row = rows.get(at).copied().unwrap_or(Chosen::Head);
                    let indent = match row {
                        Chosen::Inner(..) => INDENT,
                        _ => 0.0,
                    };
                    let rect = Rect::from_min_size(
                        pos2(area.left() + indent, origin.y + geometry.top(at)),
                        vec2(area.width() - indent, ROW),
                    );
                    rename |= self.row_ui(ui, cx, (at, row), rect, &focus);
                }
                self.line_ui(ui, cx, &rows, geometry, area, freezing);
                self.drop_ui(ui, cx, &rows, geometry, area);
            });
        rename
    }

    /// A row that was chosen elsewhere comes into view.
    fn scroll(
        &mut self,
        ui: &mut Ui,
        cx: &Cx<'_>,
        rows: &[Chosen],
        geometry: Geometry,
        origin: egui::Pos2,
    ) {
        let chosen = cx.state.design.chosen;
        if chosen == self.seen {
            return;
        }
        self.seen = chosen;
        let Some(chosen) = chosen else { return };
        let at = rows.iter().position(|row| *row == chosen);
        let at = at.unwrap_or(geometry.count);
        let top = pos2(origin.x, origin.y + geometry.top(at));
        ui.scroll_to_rect(Rect::from_min_size(top, vec2(1.0, ROW)), None);
    }

    fn row_ui(
        &mut self,
        ui: &mut Ui,
        cx: &mut Cx<'_>,
        (at, row): (usize, Chosen),
        rect: Rect,
        focus: &egui::Response,
    ) -> bool {
        let is_head = row == Chosen::Head;
        let can_drag = !is_head && cx.state.why_not_edit_layers().is_none();
        let sense = if can_drag {
            Sense::CLICK | Sense::DRAG
        } else {
            Sense::CLICK
        };
        let response = ui.interact(rect, ui.scope_id().with(("layer", at)), sense);
        let is_chosen = cx.state.design.chosen == Some(row);
        let look = row::Look {
            is_chosen,
            has_focus: is_chosen && focus.has_focus(),
            is_dragged: self.drag == Some(Drag::Layer(row)),
        };
        let mut rename = false;
        if is_head {
            row::head_ui(ui, cx, rect, &response, look);
        } else {
            row::layer_ui(ui, cx, row, rect, &response, look);
            rename = row::menu_ui(ui, cx, row, rect, &response);
        }
        if response.clicked() || response.secondary_clicked() {
            focus.request_focus();
            wish(cx, DesignAction::Choose(Some(row)));
        }
        if response.drag_started() {
            self.drag = Some(Drag::Layer(row));
        }
        rename
    }

    /// The line between frozen and trained layers, which can be dragged.
    fn line_ui(
        &mut self,
        ui: &mut Ui,
        cx: &mut Cx<'_>,
        rows: &[Chosen],
        geometry: Geometry,
        area: Rect,
        freezing: &Freezing,
    ) {
        let top = area.top() + geometry.top(geometry.line) - STRIP;
        let rect = Rect::from_min_size(pos2(area.left(), top), vec2(area.width(), STRIP));
        let can_drag = cx.state.why_not_edit_layers().is_none();
        let sense = if can_drag {
            Sense::drag()
        } else {
            Sense::hover()
        };
        let response = ui.interact(rect, ui.scope_id().with("boundary"), sense);
        freezing::line_ui(ui, cx, rect, &response, freezing);
        if can_drag {
            let response = response.on_hover_cursor(CursorIcon::ResizeVertical);
            if response.drag_started() {
                self.drag = Some(Drag::Boundary);
            }
            let step = response
                .has_focus()
                .then(|| arrows(ui, response.id))
                .flatten();
            if let Some(step) = step {
                let line = layers_above(rows, geometry.line);
                train_from(cx, line.saturating_add_signed(step));
            }
        }
    }

    /// Shows where what is dragged would go, and puts it there.
    fn drop_ui(
        &mut self,
        ui: &mut Ui,
        cx: &mut Cx<'_>,
        rows: &[Chosen],
        geometry: Geometry,
        area: Rect,
    ) {
        let Some(drag) = self.drag else { return };
        let pointer = ui.input(|input| input.pointer.interact_pos());
        let gap = pointer.map(|pointer| geometry.gap(pointer.y - area.top()));
        if ui.input(|input| input.key_pressed(egui::Key::Escape))
            || cx.state.why_not_edit_layers().is_some()
        {
            self.drag = None;
            return;
        }
        if let (true, Some(gap)) = (ui.input(|input| input.pointer.any_down()), gap) {
            let y = area.top() + geometry.top(gap);
            let stroke = Stroke::new(2.0, theme::palette(ui).accent);
            ui.painter().hline(area.x_range(), y, stroke);
            ui.set_cursor_icon(CursorIcon::Grabbing);
            if let Some(pointer) = pointer {
                scroll_at_edges(ui, area, pointer.y);
            }
            return;
        }
        self.drag = None;
        match (drag, gap) {
            (Drag::Boundary, Some(gap)) => train_from(cx, layers_above(rows, gap)),
            (Drag::Layer(row), Some(gap)) => {
                if let Some(edit) = moved(rows, row, gap) {
                    wish(cx, DesignAction::Edit(edit, None));
                }
            }
            (_, None) => {}
        }
    }
}

/// Layers of the network above the gap, without those within blocks.
fn layers_above(rows: &[Chosen], gap: usize) -> usize {
    let above = rows.iter().take(gap);
    above.filter(|row| matches!(row, Chosen::Layer(_))).count()
}

/// What moves the layer of `row` to the gap: within its own list, a layer within a block no further than its ends.
fn moved(rows: &[Chosen], row: Chosen, gap: usize) -> Option<LayerEdit> {
    let (from, gap) = match row {
        Chosen::Layer(from) => (from, layers_above(rows, gap)),
        Chosen::Inner(block, from) => {
            let is_mine = |row: &&Chosen| matches!(row, Chosen::Inner(at, _) if *at == block);
            (from, rows.iter().take(gap).filter(is_mine).count())
        }
        Chosen::Head => return None,
    };
    let to = if gap > from { gap - 1 } else { gap };
    (to != from).then(|| row.edit(LayerEdit::Move { from, to }))
}

/// While something is dragged to the upper or lower edge, the list follows.
fn scroll_at_edges(ui: &Ui, area: Rect, y: f32) {
    /// Points a frame.
    const SPEED: f32 = 6.0;
    let seen = ui.clip_rect();
    if y < seen.top() + ROW * 0.5 && area.top() < seen.top() {
        ui.scroll_with_delta(vec2(0.0, SPEED));
    } else if y > seen.bottom() - ROW * 0.5 && area.bottom() > seen.bottom() {
        ui.scroll_with_delta(vec2(0.0, -SPEED));
    }
}

/// Trains from the layer at `line` on; something stays trained.
fn train_from(cx: &mut Cx<'_>, line: usize) {
    let layers = &cx.state.experiment.model.layers;
    let layer = layers.get(line).or(layers.last());
    let name = layer.filter(|_| line > 0).map(|layer| layer.name.clone());
    wish(cx, DesignAction::TrainFrom(name, None));
}

/// One row up or down while the line has the focus.
fn arrows(ui: &Ui, id: Id) -> Option<isize> {
    let filter = egui::EventFilter {
        vertical_arrows: true,
        ..egui::EventFilter::default()
    };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
    ui.input_mut(|input| {
        let up = input.consume_key(egui::Modifiers::NONE, egui::Key::ArrowUp);
        let down = input.consume_key(egui::Modifiers::NONE, egui::Key::ArrowDown);
        match (up, down) {
            (true, false) => Some(-1),
            (false, true) => Some(1),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_where_the_rows_meet() {
        let geometry = Geometry { count: 3, line: 1 };
        let cases = [
            ("above everything", -50.0, 0),
            ("upper half of the first row", 10.0, 0),
            ("at the line", ROW + STRIP - 2.0, 1),
            ("lower half of the second row", ROW + STRIP + 30.0, 2),
            ("far below", 900.0, 3),
        ];
        for (why, y, expected) in cases {
            assert_eq!(geometry.gap(y), expected, "{why}");
        }
    }

    #[test]
    fn what_is_dragged_stays_in_its_own_list() {
        use Chosen::{Inner, Layer};
        let rows = [Layer(0), Layer(1), Inner(1, 0), Inner(1, 1), Layer(2)];
        let to = |from, to| LayerEdit::Move { from, to };
        let within = |edit| LayerEdit::Within {
            block: 1,
            edit: Box::new(edit),
        };
        let cases = [
            ("down over the block", Layer(0), 4, Some(to(0, 1))),
            ("into the block is behind it", Layer(0), 3, Some(to(0, 1))),
            ("where it stands", Layer(2), 4, None),
            ("up before the block", Layer(2), 1, Some(to(2, 1))),
            ("within the block", Inner(1, 0), 4, Some(within(to(0, 1)))),
            (
                "no further than its end",
                Inner(1, 0),
                5,
                Some(within(to(0, 1))),
            ),
            ("nor its beginning", Inner(1, 1), 0, Some(within(to(1, 0)))),
        ];
        for (why, row, gap, expected) in cases {
            assert_eq!(moved(&rows, row, gap), expected, "{why}");
        }
    }
}
