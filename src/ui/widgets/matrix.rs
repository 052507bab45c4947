//! The grid of a confusion matrix: cells that adapt to the space, labels that stay while it scrolls.

use std::sync::Arc;

use eframe::egui::{
    self, Align2, Color32, FontId, Rect, Sense, Stroke, StrokeKind, TextStyle, Ui, Vec2,
    epaint::TextShape, pos2, vec2,
};

use super::{
    classes::{middle_line, name},
    sticky::{Sticky, hint},
};
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
    header_height: f32,
    rotated: bool,
    font: FontId,
    grid: Sticky,
}

impl Matrix<'_> {
    /// Draws it into the space that is left; returns the cell that was clicked.
    pub fn ui(&self, ui: &mut Ui) -> Option<(usize, usize)> {
        let plan = self.plan(ui);
        let (clicked, offset) = plan.grid.cells_ui(
            ui,
            |ui, cell, rect| self.cell_ui(ui, &plan, cell, rect),
            |ui, corner| {
                if let Some(cell) = self.selected {
                    self.selected_ui(ui, cell, plan.grid.rect(corner, cell));
                }
            },
        );
        self.labels_ui(ui, &plan, offset);
        clicked
    }

    fn plan(&self, ui: &Ui) -> Plan {
        let font = TextStyle::Small.resolve(ui.style());
        let count = self.confusion.classes().max(1) as f32;
        let space = ui.available_size().max(LEAST_SPACE);
        let measure = |class: usize| {
            let (text, font) = (name(self.classes, class), font.clone());
            let laid_out = ui.painter().layout_no_wrap(text, font, Color32::WHITE);
            laid_out.size().x
        };
        let widths = (0..self.confusion.classes()).map(measure);
        let longest = widths.fold(0f32, f32::max).min(LONGEST_LABEL);
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
        let names = vec2(AXIS + label_width, AXIS + header_height);
        let classes = self.confusion.classes();
        let cells = (Vec2::splat(cell), (classes, classes));
        Plan {
            cell,
            header_height,
            rotated,
            font,
            grid: Sticky::new(ui, (space, names), cells, (0.0, *CELL.start())),
        }
    }

    /// The outline of the selected cell.
    fn selected_ui(&self, ui: &Ui, cell: (usize, usize), rect: Rect) {
        let ink = theme::ink_on(self.colour(cell));
        let inner = Stroke::new(1.0, ink);
        let outer = Stroke::new(2.0, theme::palette(ui).accent);
        for (rect, radius, stroke) in [(rect.shrink(2.0), 1.0, inner), (rect, 2.0, outer)] {
            ui.painter()
                .rect_stroke(rect, radius, stroke, StrokeKind::Inside);
        }
        if self.reveal {
            ui.scroll_to_rect(rect, None);
        }
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
        let edge = Stroke::new(1.0, theme::ink_on(fill));
        ui.painter()
            .rect_stroke(rect, 2.0, edge, StrokeKind::Inside);
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
    fn number(&self, ui: &Ui, plan: &Plan, cell: (usize, usize), rect: Rect, ink: Color32) {
        let (actual, predicted) = cell;
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
                let place = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), rect);
                ui.painter().galley(place.min, galley, ink);
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
        let Sticky { cells, whole, .. } = &plan.grid;
        let predicted = title("Predicted");
        let top = pos2(cells.center().x - predicted.size().x * 0.5, whole.top());
        ui.painter().galley(top, predicted, muted);
        let left = pos2(whole.left() + AXIS * 0.4, cells.center().y);
        ui.painter()
            .add(upright(left, title("Actual"), muted, Align2::CENTER_CENTER));
        let ink = ui.visuals().text_color();
        let label = |name: &str, inner: Rect, strip: Rect, align: Align2| {
            let text = middle_line(ui, name, plan.font.clone(), ink, inner.width());
            let at = align.align_size_within_rect(text.size(), inner).min;
            ui.painter_at(strip).galley(at, text, ink);
        };
        for (class, rect, strip) in plan.grid.rows(offset, whole.left() + AXIS) {
            let name = name(self.classes, class);
            hint(ui, ("row", class), (rect, strip), &name);
            let inner = rect.with_max_x(rect.right() - PAD);
            label(&name, inner, strip, Align2::RIGHT_CENTER);
        }
        for (class, rect, strip) in plan.grid.columns(offset, whole.top() + AXIS) {
            let name = name(self.classes, class);
            hint(ui, ("column", class), (rect, strip), &name);
            if plan.rotated {
                let width = plan.header_height - PAD;
                let text = middle_line(ui, &name, plan.font.clone(), ink, width);
                let foot = pos2(rect.center().x, strip.bottom() - PAD);
                ui.painter_at(strip)
                    .add(upright(foot, text, ink, Align2::LEFT_CENTER));
            } else {
                let inner = rect.shrink2(vec2(PAD * 0.5, PAD * 0.5));
                label(&name, inner, strip, Align2::CENTER_BOTTOM);
            }
        }
    }
}

/// Text that runs upwards; its `anchor` (before turning) stands at `at`.
fn upright(at: egui::Pos2, text: Arc<egui::Galley>, ink: Color32, anchor: Align2) -> TextShape {
    let corner = anchor.anchor_size(at, text.size()).min;
    let quarter = std::f32::consts::FRAC_PI_2;
    TextShape::new(corner, text, ink).with_angle_and_anchor(-quarter, anchor)
}
