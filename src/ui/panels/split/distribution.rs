//! How many images of each class stand in each part: a bar and three numbers per class.

use eframe::egui::{
    self, Align2, FontId, Pos2, Rect, ScrollArea, Sense, TextStyle, Ui, pos2, vec2,
};

use crate::{
    data::{Dataset, Division, SplitName},
    ui::{
        format::{shortened, thousands},
        theme,
        widgets::classes,
    },
};

use super::part_colour;

/// Height of a row in points.
const ROW: f32 = 24.0;
/// Rows shown without scrolling.
const MOST_ROWS: usize = 10;
/// Room for a part's name above its numbers.
const HEADING: f32 = 52.0;
/// Room for a digit.
const DIGIT: f32 = 8.5;
/// Room for a letter of a class name.
const LETTER: f32 = 7.5;
/// Most of the width that names take.
const NAME_SHARE: f32 = 0.4;
/// Height of a bar.
const BAR: f32 = 12.0;

/// Widths of names and numbers, the same in every row.
#[derive(Clone, Copy)]
struct Widths {
    name: f32,
    number: f32,
}

/// One row of the table: where its cells are.
struct Cells {
    name: Rect,
    bar: Rect,
    numbers: [Rect; 3],
}

impl Widths {
    fn new(ui: &Ui, dataset: &Dataset, totals: [usize; 3]) -> Self {
        let longest = dataset.classes.iter().map(|name| name.chars().count());
        let letters = longest.max().unwrap_or(0).max("Class".len()) as f32;
        let largest = totals.into_iter().max().unwrap_or(0);
        Self {
            name: (LETTER * letters).min(NAME_SHARE * ui.available_width()),
            number: (DIGIT * thousands(largest).len() as f32 + theme::GRID).max(HEADING),
        }
    }

    fn cells(self, row: Rect) -> Cells {
        let left = row.right() - 3.0 * self.number;
        let numbers = [0.0, 1.0, 2.0].map(|place| {
            let left = left + place * self.number;
            Rect::from_x_y_ranges(left..=left + self.number, row.y_range())
        });
        let name = row.with_max_x(row.left() + self.name);
        let bar = Rect::from_x_y_ranges(name.right() + theme::GRID..=left, row.y_range());
        let bar = bar.with_max_x(bar.right().max(bar.left()));
        let bar = bar.shrink2(vec2(0.0, (ROW - BAR) / 2.0));
        Cells { name, bar, numbers }
    }
}

pub fn ui(ui: &mut Ui, dataset: &Dataset, division: &Division) {
    let counts = &division.counts;
    let totals = [0, 1, 2].map(|part| counts.iter().map(|counts| counts[part]).sum());
    let largest = counts.iter().map(|counts| counts.iter().sum::<usize>());
    let largest = largest.max().unwrap_or(0).max(1);
    ui.spacing_mut().item_spacing.y = 2.0;
    let widths = Widths::new(ui, dataset, totals);
    heading_ui(ui, widths);
    let height = ROW * counts.len().min(MOST_ROWS) as f32 + 2.0 * MOST_ROWS as f32;
    ScrollArea::vertical()
        .id_salt("classes")
        .max_height(height)
        .auto_shrink([false, true])
        .show_rows(ui, ROW, counts.len(), |ui, rows| {
            for class in rows {
                let name = dataset.class_name(class);
                row_ui(ui, widths, name, (counts[class], largest), false);
            }
        });
    let all = totals.iter().sum::<usize>().max(1);
    row_ui(ui, widths, "All", (totals, all), true);
    ui.spacing_mut().item_spacing.y = theme::GRID;
}

/// The parts' names above their numbers, each with its colour.
fn heading_ui(ui: &mut Ui, widths: Widths) {
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    let muted = theme::palette(ui).muted;
    let font = TextStyle::Small.resolve(ui.style());
    let cells = widths.cells(row);
    let text = |at: Pos2, align: Align2, words: &str| {
        ui.painter().text(at, align, words, font.clone(), muted)
    };
    text(cells.name.left_center(), Align2::LEFT_CENTER, "Class");
    for (part, rect) in SplitName::ALL.into_iter().zip(cells.numbers) {
        let text = text(rect.right_center(), Align2::RIGHT_CENTER, heading(part));
        let chip = Rect::from_center_size(pos2(text.left() - 8.0, text.center().y), vec2(8.0, 8.0));
        ui.painter().rect_filled(chip, 2.0, part_colour(ui, part));
    }
}

/// The part's name where there is little room.
fn heading(part: SplitName) -> &'static str {
    match part {
        SplitName::Validation => "valid.",
        part => part.word(),
    }
}

fn row_ui(
    ui: &mut Ui,
    widths: Widths,
    name: &str,
    (counts, largest): ([usize; 3], usize),
    strong: bool,
) {
    let (row, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let palette = theme::palette(ui);
    let cells = widths.cells(row);
    let colour = ui.visuals().text_color();
    let body = TextStyle::Body.resolve(ui.style());
    let font = if strong {
        FontId::new(body.size, egui::FontFamily::Name(theme::SEMIBOLD.into()))
    } else {
        body
    };
    // Both ends tell long names apart.
    let short = shortened(name, (widths.name / LETTER).max(4.0) as usize);
    let galley = classes::one_line(ui, &short, font.clone(), colour, cells.name.width());
    let painter = ui.painter();
    let place = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), cells.name);
    painter.galley(place.min, galley, colour);
    painter.rect_filled(cells.bar, 3.0, palette.line);
    let mut left = cells.bar.left();
    for (part, count) in SplitName::ALL.into_iter().zip(counts) {
        let width = cells.bar.width() * count as f32 / largest as f32;
        let filled = Rect::from_x_y_ranges(left..=left + width, cells.bar.y_range());
        painter.rect_filled(filled, 0.0, part_colour(ui, part));
        left += width;
    }
    for (rect, count) in cells.numbers.into_iter().zip(counts) {
        let (words, font) = (thousands(count), font.clone());
        let colour = if count == 0 { palette.muted } else { colour };
        painter.text(
            rect.right_center(),
            Align2::RIGHT_CENTER,
            words,
            font,
            colour,
        );
    }
    let [train, validation, test] = counts.map(thousands);
    let words = format!("{name}: {train} train, {validation} validation, {test} test");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ListItem, true, &words));
    response.on_hover_text(words);
}
