//! The Cross-table panel: true against predicted classes with their sums.

use std::sync::Arc;

use eframe::egui::{
    self, Align2, Color32, FontId, Rect, Sense, Stroke, TextStyle, Ui, Vec2, pos2, vec2,
};

use super::{Cx, Panel, confusion::about};
use crate::{
    train::{
        CrossTable, Evaluation,
        cross_table::{PREDICTED, TRUE},
    },
    ui::{
        format::{listed, thousands},
        theme,
        widgets::{
            cached::{Cached, Same},
            classes, copy, needs, states,
            sticky::{Sticky, hint},
        },
    },
};

/// Height of a row.
const ROW: f32 = 24.0;
/// Between a text and the edge of its cell.
const PAD: f32 = 8.0;
/// Widest name of a row, and of a column.
const LONGEST: (f32, f32) = (220.0, 96.0);
/// A panel lower than this scrolls as a whole.
const LEAST: Vec2 = vec2(160.0, 140.0);

#[derive(Default)]
pub struct CrossTablePanel {
    made: Cached<(Same<Evaluation>, Vec<String>), Arc<Shown>>,
}

/// The table and the names at its margins.
struct Shown {
    table: CrossTable,
    rows: Vec<String>,
    columns: Vec<String>,
    /// Classes without a column; an evaluation of nothing has none.
    never_predicted: Vec<String>,
}

impl Panel for CrossTablePanel {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(evaluation) = needs::evaluation(ui, cx, "True and predicted classes") else {
            return;
        };
        let names = classes::names(cx.state, evaluation.confusion.classes());
        let key = (Same::of(&evaluation), names.to_vec());
        let shown = self.made.get(key, || {
            let table = CrossTable::new(&evaluation.confusion);
            Arc::new(Shown {
                rows: table.row_names(names),
                columns: table.column_names(names),
                never_predicted: if evaluation.samples.is_empty() {
                    Vec::new()
                } else {
                    table.never_predicted(names)
                },
                table,
            })
        });
        ui.horizontal_wrapped(|ui| {
            let table = &shown.table;
            copy::buttons(ui, "cross-table", || table.text(names), || table.csv(names));
            states::caption(ui, about(&evaluation));
        });
        if !shown.never_predicted.is_empty() {
            let never = listed(&shown.never_predicted);
            let words = format!("classes never predicted: {never}");
            let tip = format!("{words}\nThey have no column, as in pandas.crosstab");
            states::line(ui, words).on_hover_text(tip);
        }
        theme::always_show_bars(ui);
        if let Some(cell) = shown.ui(ui, cx.state.selection.cell) {
            cx.select(|to| to.cell = Some(cell));
        }
    }
}

impl Shown {
    /// Draws it into the space that is left; returns the classes of the cell that was clicked.
    fn ui(&self, ui: &mut Ui, selected: Option<(usize, usize)>) -> Option<(usize, usize)> {
        let (grid, font) = self.plan(ui);
        let (clicked, offset) = grid.cells_ui(
            ui,
            |ui, cell, rect| self.cell_ui(ui, &font, cell, rect, selected),
            |ui, corner| {
                // Between the classes and the sums.
                let line = Stroke::new(1.0, theme::palette(ui).line);
                let sums = grid.rect(corner, (self.rows.len() - 1, self.columns.len() - 1));
                let painter = ui.painter();
                painter.hline(corner.x..=sums.right(), sums.top(), line);
                painter.vline(sums.left(), corner.y..=sums.bottom(), line);
            },
        );
        self.labels_ui(ui, &grid, &font, offset);
        clicked.and_then(|cell| self.classes_of(cell))
    }

    fn plan(&self, ui: &Ui) -> (Sticky, FontId) {
        let font = TextStyle::Body.resolve(ui.style());
        let space = ui.available_size().max(LEAST);
        let width = |text: String| {
            let galley = ui
                .painter()
                .layout_no_wrap(text, font.clone(), Color32::WHITE);
            galley.size().x
        };
        let widest = |names: &[String]| {
            let widths = names.iter().map(|name| width(name.clone()));
            widths.fold(width(PREDICTED.into()), f32::max)
        };
        let names = widest(&self.rows).min(LONGEST.0).min(space.x * 0.4) + 2.0 * PAD;
        let counts = self.table.counts.last().into_iter().flatten();
        let digits = counts.map(|sum| width(thousands(*sum as usize)));
        let digits = digits.fold(0.0, f32::max);
        let column = widest(&self.columns).min(LONGEST.1).max(digits) + 2.0 * PAD;
        let bar = ui.spacing().scroll.allocated_width();
        let cells = (vec2(column, ROW), (self.rows.len(), self.columns.len()));
        let room = (space, vec2(names, 2.0 * ROW));
        (Sticky::new(ui, room, cells, (bar, 2.0 * ROW)), font)
    }

    /// True and predicted class of a cell; `None` for a sum.
    fn classes_of(&self, (row, column): (usize, usize)) -> Option<(usize, usize)> {
        Some((*self.table.rows.get(row)?, *self.table.columns.get(column)?))
    }

    fn cell_ui(
        &self,
        ui: &Ui,
        font: &FontId,
        cell: (usize, usize),
        rect: Rect,
        selected: Option<(usize, usize)>,
    ) -> bool {
        let count = self.table.counts[cell.0][cell.1] as usize;
        let classes = self.classes_of(cell);
        let sense = classes.map_or(Sense::hover(), |_| Sense::click());
        let response = ui.interact(rect, ui.scope_id().with(cell), sense);
        let is_selected = classes.is_some() && classes == selected;
        let text = thousands(count);
        let words = || {
            let (row, column) = (&self.rows[cell.0], &self.columns[cell.1]);
            format!("{TRUE} {row}, {PREDICTED} {column}: {text}")
        };
        response.widget_info(|| {
            egui::WidgetInfo::selected(egui::Role::Cell, true, is_selected, words())
        });
        let visuals = ui.visuals();
        if is_selected {
            let fill = visuals.selection.bg_fill;
            ui.painter().rect_filled(rect, 3.0, fill);
        } else if response.hovered() {
            ui.painter().rect_filled(rect, 3.0, visuals.faint_bg_color);
        }
        let is_plain = classes.is_some_and(|(actual, predicted)| actual != predicted);
        let ink = match (is_plain && !is_selected, count) {
            (false, _) => visuals.strong_text_color(),
            (true, 0) => theme::palette(ui).muted,
            (true, _) => visuals.text_color(),
        };
        let at = pos2(rect.right() - PAD, rect.center().y);
        ui.painter()
            .text(at, Align2::RIGHT_CENTER, &text, font.clone(), ink);
        if response.hovered() {
            return response.on_hover_text(words()).clicked();
        }
        response.clicked()
    }

    fn labels_ui(&self, ui: &Ui, grid: &Sticky, font: &FontId, offset: Vec2) {
        let muted = theme::palette(ui).muted;
        let whole = grid.whole;
        for (text, row) in [(PREDICTED, 0.5), (TRUE, 1.5)] {
            let at = pos2(whole.left() + PAD, whole.top() + row * ROW);
            ui.painter()
                .text(at, Align2::LEFT_CENTER, text, font.clone(), muted);
        }
        type Place<'a> = (&'a str, usize);
        let label = |names: &[String],
                     (kind, at): Place<'_>,
                     (rect, strip): (Rect, Rect),
                     align: Align2| {
            let (name, is_sum) = (&names[at], at + 1 == names.len());
            let ink = if is_sum {
                ui.visuals().strong_text_color()
            } else {
                ui.visuals().text_color()
            };
            let inner = rect.shrink2(vec2(PAD, 0.0));
            let text = classes::middle_line(ui, name, font.clone(), ink, inner.width());
            let place = align.align_size_within_rect(text.size(), inner).min;
            ui.painter_at(strip).galley(place, text, ink);
            hint(ui, (kind, at), (rect, strip), name);
        };
        for (row, rect, strip) in grid.rows(offset, whole.left()) {
            label(&self.rows, ("row", row), (rect, strip), Align2::LEFT_CENTER);
        }
        for (column, rect, strip) in grid.columns(offset, whole.top()) {
            // In the upper of the two lines of headings.
            let rect = rect.with_max_y(rect.top() + ROW);
            let place = ("column", column);
            label(&self.columns, place, (rect, strip), Align2::RIGHT_CENTER);
        }
        let line = Stroke::new(1.0, theme::palette(ui).line);
        ui.painter()
            .hline(whole.x_range(), grid.cells.top() - 0.5, line);
    }
}
