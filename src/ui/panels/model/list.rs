//! The list of layers: rows to choose, drag and look at, and the line between frozen and trained ones.

use eframe::egui::{
    self, CursorIcon, Id, Key, Modifiers, Rect, Response, ScrollArea, Sense, Stroke, Ui, pos2, vec2,
};

use super::{freezing, keys, row, wish};
use crate::{
    model::{
        edit::LayerEdit,
        freezing::{Freezing, Frozen, LayerFreezing},
    },
    ui::{
        design::{Chosen, DesignAction},
        panels::Cx,
        theme,
    },
};

/// Height of a row of two lines.
const ROW: f32 = 46.0;
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

#[derive(Default)]
pub struct List {
    drag: Option<Drag>,
    /// The row that was chosen when the list was last drawn.
    seen: Option<Chosen>,
}

/// Where everything stands.
struct Places {
    /// Layers, and the head behind the last.
    rows: Vec<Chosen>,
    /// The line stands above this row.
    line: usize,
    area: Rect,
}

impl Places {
    fn top(&self, at: usize) -> f32 {
        let above = if at >= self.line { STRIP } else { 0.0 };
        self.area.top() + at as f32 * ROW + above
    }

    fn row(&self, at: usize) -> Rect {
        let indent = match self.rows[at] {
            Chosen::Inner(..) => INDENT,
            _ => 0.0,
        };
        let corner = pos2(self.area.left() + indent, self.top(at));
        Rect::from_min_size(corner, vec2(self.area.width() - indent, ROW))
    }

    /// The gap between rows that is nearest to `y`: 0 above the first, the head's row below the last layer.
    fn gap(&self, y: f32) -> usize {
        let distance = |gap: &usize| (y - self.top(*gap)).abs();
        let nearest = (0..self.rows.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)));
        nearest.unwrap_or(0)
    }
}

impl List {
    /// Draws the list. Returns whether the chosen layer's name shall be edited.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, freezing: &Freezing) -> bool {
        row::header_ui(ui);
        let mut rows = Chosen::rows(&cx.state.experiment.model);
        rows.push(Chosen::Head);
        let is_frozen = |layer: &&LayerFreezing| layer.frozen != Frozen::Nothing;
        // Below a layer that the boundary runs through.
        let below = Chosen::Layer(freezing.layers.iter().take_while(is_frozen).count());
        let line = rows.iter().position(|row| *row == below);
        let line = line.unwrap_or(rows.len() - 1);
        let page = (ui.available_height() / ROW) as usize;
        let area = ScrollArea::vertical().id_salt("layers").auto_shrink(false);
        let shown = area.show_viewport(ui, |ui, _| {
            let size = vec2(ui.available_width(), rows.len() as f32 * ROW + STRIP);
            ui.set_height(size.y);
            let area = Rect::from_min_size(ui.max_rect().min, size);
            let list = Places { rows, line, area };
            let sense = Sense::focusable_noninteractive();
            let focus = ui.interact(area, Id::unique("layer list"), sense);
            focus.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ListBox, true, "Layers"));
            let mut rename = keys::keys(ui, cx, &focus, &list.rows, page.max(1));
            self.scroll(ui, cx, &list);
            for (at, row) in list.rows.iter().enumerate() {
                let rect = list.row(at);
                if ui.is_rect_visible(rect) {
                    rename |= self.row_ui(ui, cx, (at, *row), rect, &focus);
                }
            }
            self.line_ui(ui, cx, &list, freezing);
            self.drop_ui(ui, cx, &list);
            rename
        });
        shown.inner
    }

    /// A row that was chosen elsewhere comes into view.
    fn scroll(&mut self, ui: &mut Ui, cx: &Cx<'_>, list: &Places) {
        let chosen = cx.state.design.chosen;
        if chosen != self.seen
            && let Some(chosen) = chosen
        {
            let at = list.rows.iter().position(|row| *row == chosen);
            ui.scroll_to_rect(list.row(at.unwrap_or(list.rows.len() - 1)), None);
        }
        self.seen = chosen;
    }

    fn row_ui(
        &mut self,
        ui: &mut Ui,
        cx: &mut Cx<'_>,
        (at, row): (usize, Chosen),
        rect: Rect,
        focus: &Response,
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
    fn line_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, list: &Places, freezing: &Freezing) {
        let corner = pos2(list.area.left(), list.top(list.line) - STRIP);
        let rect = Rect::from_min_size(corner, vec2(list.area.width(), STRIP));
        let can_drag = cx.state.why_not_edit_layers().is_none();
        let sense = if can_drag {
            Sense::drag()
        } else {
            Sense::hover()
        };
        let response = ui.interact(rect, ui.scope_id().with("boundary"), sense);
        freezing::line_ui(ui, cx, rect, &response, freezing);
        if !can_drag {
            return;
        }
        let response = response.on_hover_cursor(CursorIcon::ResizeVertical);
        if response.drag_started() {
            self.drag = Some(Drag::Boundary);
        }
        if response.has_focus() {
            // One layer up or down.
            keys::lock_arrows(ui, response.id);
            let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
            let step = isize::from(pressed(Key::ArrowDown)) - isize::from(pressed(Key::ArrowUp));
            if step != 0 {
                let line = layers_above(&list.rows, list.line);
                train_from(cx, line.saturating_add_signed(step));
            }
        }
    }

    /// Shows where what is dragged would go, and puts it there.
    fn drop_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, list: &Places) {
        let Some(drag) = self.drag else { return };
        let is_left = ui.input(|input| input.key_pressed(Key::Escape));
        let pointer = ui.input(|input| input.pointer.interact_pos());
        let Some(pointer) =
            pointer.filter(|_| !is_left && cx.state.why_not_edit_layers().is_none())
        else {
            self.drag = None;
            return;
        };
        let gap = list.gap(pointer.y);
        if ui.input(|input| input.pointer.any_down()) {
            let stroke = Stroke::new(2.0, theme::palette(ui).accent);
            ui.painter()
                .hline(list.area.x_range(), list.top(gap), stroke);
            ui.set_cursor_icon(CursorIcon::Grabbing);
            scroll_at_edges(ui, list.area, pointer.y);
            return;
        }
        self.drag = None;
        match drag {
            Drag::Boundary => train_from(cx, layers_above(&list.rows, gap)),
            Drag::Layer(row) => {
                if let Some(edit) = moved(&list.rows, row, gap) {
                    wish(cx, DesignAction::Edit(edit, None));
                }
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_where_the_rows_meet() {
        let list = Places {
            rows: vec![Chosen::Head; 4],
            line: 1,
            area: Rect::ZERO,
        };
        let cases = [
            ("above everything", -50.0, 0),
            ("upper half of the first row", 10.0, 0),
            ("at the line", ROW + STRIP - 2.0, 1),
            ("lower half of the second row", ROW + STRIP + 30.0, 2),
            ("far below", 900.0, 3),
        ];
        for (why, y, expected) in cases {
            assert_eq!(list.gap(y), expected, "{why}");
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
