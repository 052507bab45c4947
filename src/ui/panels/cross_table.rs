//! The Cross-table panel: true against predicted classes with their sums.

use std::{ops::Range, sync::Arc};

use eframe::egui::{
    self, Align2, Color32, FontId, Label, Rect, RichText, ScrollArea, Sense, Stroke, TextStyle, Ui,
    UiBuilder, Vec2, pos2, vec2,
};

use super::{Cx, Panel, confusion::about};
use crate::{
    train::{
        CrossTable, Evaluation,
        cross_table::{PREDICTED, TRUE},
    },
    ui::{
        action::Action,
        format::{listed, thousands},
        state::Selection,
        theme,
        widgets::{
            cached::{Cached, Same},
            classes, copy, needs, states,
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

/// View state.
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
            let words = format!(
                "classes never predicted: {}",
                listed(&shown.never_predicted)
            );
            let text = RichText::new(&words).small();
            let text = text.color(theme::palette(ui).muted);
            let tip = format!("{words}\nThey have no column, as in pandas.crosstab");
            ui.add(Label::new(text).truncate()).on_hover_text(tip);
        }
        theme::always_show_bars(ui);
        let chosen = shown.ui(ui, cx.state.selection.cell);
        if let Some(cell) = chosen {
            let selection = Selection {
                cell: Some(cell),
                ..cx.state.selection.clone()
            };
            cx.push(Action::Select(selection));
        }
    }
}

/// Where things are.
struct Plan {
    font: FontId,
    /// Width of the names of the rows.
    names: f32,
    /// Width of a column.
    column: f32,
    whole: Rect,
    cells: Rect,
}

impl Shown {
    /// Draws it into the space that is left; returns the classes of the cell that was clicked.
    fn ui(&self, ui: &mut Ui, selected: Option<(usize, usize)>) -> Option<(usize, usize)> {
        let plan = self.plan(ui);
        ui.allocate_rect(plan.whole, Sense::hover());
        let mut inner = ui.new_child(UiBuilder::new().max_rect(plan.cells).id_salt("counts"));
        let area =
            ScrollArea::both()
                .auto_shrink(false)
                .show_viewport(&mut inner, |ui, viewport| {
                    let size = vec2(self.columns.len() as f32 * plan.column, self.height());
                    ui.set_min_size(size);
                    self.cells_ui(ui, &plan, viewport, selected)
                });
        self.labels_ui(ui, &plan, area.state.clamped_offset());
        area.inner
    }

    fn height(&self) -> f32 {
        self.rows.len() as f32 * ROW
    }

    fn plan(&self, ui: &Ui) -> Plan {
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
        let corner = ui.cursor().min;
        let cells_corner = corner + vec2(names, 2.0 * ROW);
        let bar = ui.spacing().scroll.allocated_width();
        let wanted = vec2(
            self.columns.len() as f32 * column + bar,
            self.height() + bar,
        );
        let room = (corner + space - cells_corner).max(Vec2::splat(2.0 * ROW));
        let cells = Rect::from_min_size(cells_corner, wanted.min(room));
        Plan {
            font,
            names,
            column,
            whole: Rect::from_min_max(corner, cells.max),
            cells,
        }
    }

    fn cells_ui(
        &self,
        ui: &Ui,
        plan: &Plan,
        viewport: Rect,
        selected: Option<(usize, usize)>,
    ) -> Option<(usize, usize)> {
        let corner = ui.min_rect().min;
        let mut clicked = None;
        for row in visible(viewport.y_range(), ROW, self.rows.len()) {
            for column in visible(viewport.x_range(), plan.column, self.columns.len()) {
                let place = vec2(column as f32 * plan.column, row as f32 * ROW);
                let rect = Rect::from_min_size(corner + place, vec2(plan.column, ROW));
                if self.cell_ui(ui, plan, (row, column), rect, selected) {
                    clicked = self.classes_of((row, column)).or(clicked);
                }
            }
        }
        let line = Stroke::new(1.0, theme::palette(ui).line);
        let end = corner + vec2(self.columns.len() as f32 * plan.column, self.height());
        let painter = ui.painter();
        painter.hline(corner.x..=end.x, end.y - ROW, line);
        painter.vline(end.x - plan.column, corner.y..=end.y, line);
        clicked
    }

    /// True and predicted class of a cell; `None` for a sum.
    fn classes_of(&self, (row, column): (usize, usize)) -> Option<(usize, usize)> {
        Some((*self.table.rows.get(row)?, *self.table.columns.get(column)?))
    }

    fn cell_ui(
        &self,
        ui: &Ui,
        plan: &Plan,
        cell: (usize, usize),
        rect: Rect,
        selected: Option<(usize, usize)>,
    ) -> bool {
        let count = self.table.counts[cell.0][cell.1];
        let classes = self.classes_of(cell);
        let sense = if classes.is_some() {
            Sense::click()
        } else {
            Sense::hover()
        };
        let response = ui.interact(rect, ui.scope_id().with(cell), sense);
        let is_selected = classes.is_some() && classes == selected;
        let words = || {
            let (row, column) = (&self.rows[cell.0], &self.columns[cell.1]);
            format!(
                "{TRUE} {row}, {PREDICTED} {column}: {}",
                thousands(count as usize)
            )
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
        let is_right = classes.is_some_and(|(actual, predicted)| actual == predicted);
        let ink = if is_selected || is_right || classes.is_none() {
            visuals.strong_text_color()
        } else if count == 0 {
            theme::palette(ui).muted
        } else {
            visuals.text_color()
        };
        let at = pos2(rect.right() - PAD, rect.center().y);
        let text = thousands(count as usize);
        ui.painter()
            .text(at, Align2::RIGHT_CENTER, text, plan.font.clone(), ink);
        if response.hovered() {
            return response.on_hover_text(words()).clicked();
        }
        response.clicked()
    }

    fn labels_ui(&self, ui: &Ui, plan: &Plan, offset: Vec2) {
        let muted = theme::palette(ui).muted;
        let (whole, cells) = (plan.whole, plan.cells);
        let corner = |text: &str, y: f32| {
            let at = pos2(whole.left() + PAD, y);
            ui.painter()
                .text(at, Align2::LEFT_CENTER, text, plan.font.clone(), muted);
        };
        corner(PREDICTED, whole.top() + 0.5 * ROW);
        corner(TRUE, whole.top() + 1.5 * ROW);
        let ink = |is_sum: bool| {
            if is_sum {
                ui.visuals().strong_text_color()
            } else {
                ui.visuals().text_color()
            }
        };
        let view = Rect::from_min_size(offset.to_pos2(), cells.size());
        let strip = Rect::from_min_max(pos2(whole.left(), cells.top()), cells.left_bottom());
        for row in visible(view.y_range(), ROW, self.rows.len()) {
            let y = cells.top() + (row as f32 + 0.5) * ROW - offset.y;
            let rect = Rect::from_center_size(pos2(strip.center().x, y), vec2(plan.names, ROW));
            let ink = ink(row + 1 == self.rows.len());
            self.label(
                ui,
                plan,
                &self.rows[row],
                (rect, strip),
                Align2::LEFT_CENTER,
                ink,
            );
        }
        let strip = Rect::from_min_max(pos2(cells.left(), whole.top()), cells.right_top());
        for column in visible(view.x_range(), plan.column, self.columns.len()) {
            let left = cells.left() + column as f32 * plan.column - offset.x;
            let rect = Rect::from_min_size(pos2(left, whole.top()), vec2(plan.column, ROW));
            let ink = ink(column + 1 == self.columns.len());
            let name = &self.columns[column];
            self.label(ui, plan, name, (rect, strip), Align2::RIGHT_CENTER, ink);
        }
        let line = Stroke::new(1.0, theme::palette(ui).line);
        let painter = ui.painter();
        painter.hline(whole.x_range(), cells.top() - 0.5, line);
    }

    /// A name in `rect`, of which `strip` shows a part.
    fn label(
        &self,
        ui: &Ui,
        plan: &Plan,
        name: &str,
        (rect, strip): (Rect, Rect),
        align: Align2,
        ink: Color32,
    ) {
        let inner = rect.shrink2(vec2(PAD, 0.0));
        let text = classes::middle_line(ui, name, plan.font.clone(), ink, inner.width());
        let at = align.align_size_within_rect(text.size(), inner).min;
        ui.painter_at(strip).galley(at, text, ink);
        let seen = rect.intersect(strip);
        if seen.is_positive() {
            let salt = ("name", align.x().to_factor().to_bits(), name);
            let response = ui.interact(seen, ui.scope_id().with(salt), Sense::hover());
            if response.hovered() {
                response.on_hover_text(name);
            }
        }
    }
}

/// Which of `count` things of `size` points are seen in `span`.
fn visible(span: egui::Rangef, size: f32, count: usize) -> Range<usize> {
    let first = (span.min.max(0.0) / size).floor() as usize;
    let end = (span.max.max(0.0) / size).ceil() as usize;
    first.min(count)..end.min(count)
}
