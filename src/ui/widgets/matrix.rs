//! The grid of a confusion matrix: cells that adapt to the space, labels that stay while it scrolls.

use std::{ops::Range, sync::Arc};

use eframe::egui::{
    self, Align2, Color32, FontId, Rect, ScrollArea, Sense, Stroke, StrokeKind, TextStyle, Ui,
    UiBuilder, Vec2, epaint::TextShape, pos2, vec2,
};

use super::classes::{middle_line, name};
use crate::{
    inspect::colours::ColourScale,
    train::ConfusionMatrix,
    ui::{
        format::{percent, thousands},
        theme,
    },
};

/// Smallest and largest side of a cell in points.
const CELL: std::ops::RangeInclusive<f32> = 18.0..=120.0;
/// Less space than this is not used: the panel then has to scroll.
const LEAST_SPACE: Vec2 = vec2(160.0, 200.0);
/// Cells smaller than this show no zeros: they would hide the other numbers.
const SMALLEST_WITH_ZERO: f32 = 30.0;
/// Room for the title of an axis.
const AXIS: f32 = 22.0;
/// Longest label in points.
const LONGEST_LABEL: f32 = 200.0;
/// Between a label and the cells.
const PAD: f32 = 6.0;

/// What to draw.
pub struct Matrix<'a> {
    /// The counts.
    pub confusion: &'a ConfusionMatrix,
    /// Names of the classes.
    pub classes: &'a [String],
    /// Show shares of a row instead of counts.
    pub as_shares: bool,
    /// The outlined cell.
    pub selected: Option<(usize, usize)>,
    /// Scroll so that the outlined cell can be seen.
    pub reveal: bool,
}

/// Where things are.
struct Plan {
    cell: f32,
    label_width: f32,
    header_height: f32,
    rotated: bool,
    font: FontId,
    whole: Rect,
    cells: Rect,
}

impl Matrix<'_> {
    /// Draws it into the space that is left; returns the cell that was clicked.
    pub fn ui(&self, ui: &mut Ui) -> Option<(usize, usize)> {
        let plan = self.plan(ui);
        ui.allocate_rect(plan.whole, Sense::hover());
        let mut inner = ui.new_child(UiBuilder::new().max_rect(plan.cells).id_salt("cells"));
        let area =
            ScrollArea::both()
                .auto_shrink(false)
                .show_viewport(&mut inner, |ui, viewport| {
                    let count = self.confusion.classes();
                    ui.set_min_size(Vec2::splat(plan.cell * count as f32));
                    self.cells_ui(ui, &plan, viewport)
                });
        self.labels_ui(ui, &plan, area.state.clamped_offset());
        area.inner
    }

    fn plan(&self, ui: &Ui) -> Plan {
        let font = TextStyle::Small.resolve(ui.style());
        let count = self.confusion.classes().max(1) as f32;
        let space = ui.available_size().max(LEAST_SPACE);
        let measure = |class: usize| {
            let text = name(self.classes, class);
            ui.painter()
                .layout_no_wrap(text, font.clone(), Color32::WHITE)
                .size()
                .x
        };
        let longest = (0..self.confusion.classes())
            .map(measure)
            .fold(0f32, f32::max)
            .min(LONGEST_LABEL);
        let label_width = longest.min(space.x * 0.3) + PAD;
        let cell_within = |header: f32| {
            let left = space - vec2(AXIS + label_width, AXIS + header);
            (left.x.min(left.y) / count).clamp(*CELL.start(), *CELL.end())
        };
        let flat = ui.text_style_height(&TextStyle::Small) + PAD;
        let rotated = longest + PAD > cell_within(flat);
        let header_height = if rotated {
            longest.min(space.y * 0.3) + PAD
        } else {
            flat
        };
        let cell = cell_within(header_height).floor();
        let corner = ui.cursor().min;
        let cells_corner = corner + vec2(AXIS + label_width, AXIS + header_height);
        let wanted = Vec2::splat(cell * count);
        let room = (corner + space - cells_corner).max(Vec2::splat(*CELL.start()));
        let cells = Rect::from_min_size(cells_corner, wanted.min(room));
        let whole = Rect::from_min_max(corner, cells.max);
        Plan {
            cell,
            label_width,
            header_height,
            rotated,
            font,
            whole,
            cells,
        }
    }

    fn cells_ui(&self, ui: &mut Ui, plan: &Plan, viewport: Rect) -> Option<(usize, usize)> {
        let corner = ui.min_rect().min;
        let mut clicked = None;
        let rect_of = |(actual, predicted): (usize, usize)| {
            let place = vec2(predicted as f32, actual as f32) * plan.cell;
            Rect::from_min_size(corner + place, Vec2::splat(plan.cell))
        };
        for actual in self.visible(plan, viewport.y_range()) {
            for predicted in self.visible(plan, viewport.x_range()) {
                let cell = (actual, predicted);
                if self.cell_ui(ui, plan, cell, rect_of(cell)) {
                    clicked = Some(cell);
                }
            }
        }
        if let Some(cell) = self.selected {
            let rect = rect_of(cell);
            let palette = theme::palette(ui);
            let ink = theme::ink_on(self.colour(cell));
            ui.painter().rect_stroke(
                rect.shrink(2.0),
                1.0,
                Stroke::new(1.0, ink),
                StrokeKind::Inside,
            );
            ui.painter().rect_stroke(
                rect,
                2.0,
                Stroke::new(2.0, palette.accent),
                StrokeKind::Inside,
            );
            if self.reveal {
                ui.scroll_to_rect(rect, None);
            }
        }
        clicked
    }

    fn visible(&self, plan: &Plan, span: egui::Rangef) -> Range<usize> {
        let first = (span.min.max(0.0) / plan.cell).floor() as usize;
        let end = (span.max.max(0.0) / plan.cell).ceil() as usize;
        first.min(self.confusion.classes())..end.min(self.confusion.classes())
    }

    fn cell_ui(&self, ui: &Ui, plan: &Plan, cell: (usize, usize), rect: Rect) -> bool {
        let (actual, predicted) = cell;
        let response = ui.interact(rect, ui.scope_id().with(cell), Sense::click());
        let fill = self.colour(cell);
        let gap = if plan.cell > 30.0 { 1.0 } else { 0.5 };
        ui.painter().rect_filled(rect.shrink(gap), 2.0, fill);
        self.number(ui, plan, cell, rect, theme::ink_on(fill));
        let selected = self.selected == Some(cell);
        response.widget_info(|| {
            let (row, column) = (name(self.classes, actual), name(self.classes, predicted));
            let count = thousands(self.confusion.count(actual, predicted) as usize);
            let words = format!("actual {row}, predicted {column}: {count}");
            egui::WidgetInfo::selected(egui::Role::Cell, true, selected, words)
        });
        if !response.hovered() {
            return response.clicked();
        }
        ui.painter().rect_stroke(
            rect,
            2.0,
            Stroke::new(1.0, theme::ink_on(fill)),
            StrokeKind::Inside,
        );
        response.on_hover_text(self.sentence(cell)).clicked()
    }

    /// `circle taken for square: 4 (3.3 % of circle)`.
    fn sentence(&self, (actual, predicted): (usize, usize)) -> String {
        let (row, column) = (name(self.classes, actual), name(self.classes, predicted));
        let count = thousands(self.confusion.count(actual, predicted) as usize);
        let share = percent(self.confusion.row_share(actual, predicted));
        if actual == predicted {
            format!("{row} recognised: {count} ({share} of {row})")
        } else {
            format!("{row} taken for {column}: {count} ({share} of {row})")
        }
    }

    fn colour(&self, (actual, predicted): (usize, usize)) -> Color32 {
        let share = self.confusion.row_share(actual, predicted) as f32;
        theme::colour(ColourScale::Viridis.colour(share))
    }

    /// The number of a cell, in as many digits as fit; none when not even one does.
    fn number(
        &self,
        ui: &Ui,
        plan: &Plan,
        (actual, predicted): (usize, usize),
        rect: Rect,
        ink: Color32,
    ) {
        let share = self.confusion.row_share(actual, predicted);
        if plan.cell < SMALLEST_WITH_ZERO && self.confusion.count(actual, predicted) == 0 {
            return;
        }
        let spellings = if self.as_shares {
            vec![percent(share), format!("{:.0}", 100.0 * share)]
        } else {
            vec![thousands(self.confusion.count(actual, predicted) as usize)]
        };
        let font = FontId {
            size: (plan.cell * 0.3).clamp(10.0, 16.0),
            ..plan.font.clone()
        };
        for text in spellings {
            let galley = ui.painter().layout_no_wrap(text, font.clone(), ink);
            if galley.size().x <= rect.width() - 2.0 {
                let corner = Align2::CENTER_CENTER
                    .anchor_size(rect.center(), galley.size())
                    .min;
                ui.painter().galley(corner, galley, ink);
                return;
            }
        }
    }

    fn labels_ui(&self, ui: &Ui, plan: &Plan, offset: Vec2) {
        let muted = theme::palette(ui).muted;
        let title = |text: &str| {
            ui.painter()
                .layout_no_wrap(text.to_owned(), plan.font.clone(), muted)
        };
        let predicted = title("Predicted");
        let top = pos2(
            plan.cells.center().x - predicted.size().x * 0.5,
            plan.whole.top(),
        );
        ui.painter().galley(top, predicted, muted);
        let left = pos2(plan.whole.left() + AXIS * 0.4, plan.cells.center().y);
        ui.painter()
            .add(upright(left, title("Actual"), muted, Align2::CENTER_CENTER));
        let view = Rect::from_min_size(offset.to_pos2(), plan.cells.size());
        for class in self.visible(plan, view.y_range()) {
            self.row_label(ui, plan, class, offset.y);
        }
        for class in self.visible(plan, view.x_range()) {
            self.column_label(ui, plan, class, offset.x);
        }
    }

    fn row_label(&self, ui: &Ui, plan: &Plan, class: usize, offset: f32) {
        let corner = pos2(plan.whole.left() + AXIS, plan.cells.top());
        let strip = Rect::from_min_max(corner, plan.cells.left_bottom());
        let y = plan.cells.top() + (class as f32 + 0.5) * plan.cell - offset;
        let row = Rect::from_center_size(pos2(strip.center().x, y), vec2(strip.width(), plan.cell));
        self.hint(ui, ("row", class), row.intersect(strip));
        let text = self.label(ui, plan, class, plan.label_width - PAD);
        let at = Align2::RIGHT_CENTER
            .anchor_size(pos2(strip.right() - PAD, y), text.size())
            .min;
        ui.painter_at(strip)
            .galley(at, text, ui.visuals().text_color());
    }

    fn column_label(&self, ui: &Ui, plan: &Plan, class: usize, offset: f32) {
        let corner = pos2(plan.cells.left(), plan.whole.top() + AXIS);
        let strip = Rect::from_min_max(corner, plan.cells.right_top());
        let x = plan.cells.left() + (class as f32 + 0.5) * plan.cell - offset;
        let column =
            Rect::from_center_size(pos2(x, strip.center().y), vec2(plan.cell, strip.height()));
        self.hint(ui, ("column", class), column.intersect(strip));
        let width = if plan.rotated {
            plan.header_height
        } else {
            plan.cell
        } - PAD;
        let text = self.label(ui, plan, class, width);
        let ink = ui.visuals().text_color();
        let painter = ui.painter_at(strip);
        if plan.rotated {
            let foot = pos2(x, strip.bottom() - PAD);
            painter.add(upright(foot, text, ink, Align2::LEFT_CENTER));
        } else {
            let foot = pos2(x, strip.bottom() - PAD * 0.5);
            let at = Align2::CENTER_BOTTOM.anchor_size(foot, text.size()).min;
            painter.galley(at, text, ink);
        }
    }

    fn label(&self, ui: &Ui, plan: &Plan, class: usize, width: f32) -> Arc<egui::Galley> {
        let ink = ui.visuals().text_color();
        middle_line(
            ui,
            &name(self.classes, class),
            plan.font.clone(),
            ink,
            width,
        )
    }

    /// The whole name of a class as a tooltip of its label.
    fn hint(&self, ui: &Ui, salt: (&str, usize), rect: Rect) {
        if rect.is_positive() {
            let response = ui.interact(rect, ui.scope_id().with(salt), Sense::hover());
            if response.hovered() {
                response.on_hover_text(name(self.classes, salt.1));
            }
        }
    }
}

/// Text that runs upwards; its `anchor` (before turning) stands at `at`.
fn upright(at: egui::Pos2, text: Arc<egui::Galley>, ink: Color32, anchor: Align2) -> TextShape {
    // The corner of the text that has to be placed so that its anchor lies at `at` after the turn.
    let (width, height) = (text.size().x, text.size().y);
    let along = width * anchor.x().to_factor();
    let across = height * anchor.y().to_factor();
    let corner = pos2(at.x - across, at.y + along);
    TextShape::new(corner, text, ink).with_angle(-std::f32::consts::FRAC_PI_2)
}
