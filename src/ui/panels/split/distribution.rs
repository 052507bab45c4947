//! How many images of each class stand in each part: a bar and three numbers per class.

use eframe::egui::{self, Align2, FontId, Rect, ScrollArea, Sense, TextStyle, Ui, pos2, vec2};

use crate::{
    data::{Dataset, Division, SplitName},
    ui::{format::thousands, theme, widgets::classes},
};

use super::part_colour;

/// Height of a row in points.
const ROW: f32 = 24.0;
/// Rows shown without scrolling.
const MOST_ROWS: usize = 10;
/// Widths of the columns of numbers.
const NUMBERS: [f32; 3] = [56.0, 68.0, 48.0];
/// Height of a bar.
const BAR: f32 = 12.0;

/// One row of the table: where its cells are.
struct Cells {
    name: Rect,
    bar: Rect,
    numbers: [Rect; 3],
}

fn cells(row: Rect) -> Cells {
    let mut right = row.right();
    let mut numbers = [row; 3];
    for (rect, width) in numbers.iter_mut().zip(NUMBERS).rev() {
        *rect = Rect::from_x_y_ranges(right - width..=right, row.y_range());
        right -= width;
    }
    let name_width = (0.34 * row.width()).min(180.0);
    let name = Rect::from_x_y_ranges(row.left()..=row.left() + name_width, row.y_range());
    let bar = Rect::from_min_max(
        pos2(name.right() + theme::GRID, row.center().y - BAR / 2.0),
        pos2(
            right.max(name.right() + theme::GRID),
            row.center().y + BAR / 2.0,
        ),
    );
    Cells { name, bar, numbers }
}

pub fn ui(ui: &mut Ui, dataset: &Dataset, division: &Division) {
    let counts = &division.counts;
    let totals = counts.iter().fold([0; 3], |mut sums, counts| {
        sums.iter_mut()
            .zip(counts)
            .for_each(|(sum, count)| *sum += count);
        sums
    });
    let largest = counts.iter().map(|counts| counts.iter().sum::<usize>());
    let largest = largest.max().unwrap_or(0).max(1);
    ui.spacing_mut().item_spacing.y = 2.0;
    heading_ui(ui);
    let height = ROW * counts.len().min(MOST_ROWS) as f32 + 2.0 * MOST_ROWS as f32;
    ScrollArea::vertical()
        .id_salt("classes")
        .max_height(height)
        .auto_shrink([false, true])
        .show_rows(ui, ROW, counts.len(), |ui, rows| {
            for class in rows {
                let name = dataset.class_name(class);
                row_ui(ui, name, counts[class], largest, false);
            }
        });
    row_ui(ui, "All", totals, totals.iter().sum::<usize>().max(1), true);
    ui.spacing_mut().item_spacing.y = theme::GRID;
}

/// The parts' names above their numbers, each with its colour.
fn heading_ui(ui: &mut Ui) {
    let (row, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    let muted = theme::palette(ui).muted;
    let font = TextStyle::Small.resolve(ui.style());
    let cells = cells(row);
    let painter = ui.painter();
    painter.text(
        cells.name.left_center(),
        Align2::LEFT_CENTER,
        "Class",
        font.clone(),
        muted,
    );
    for (part, rect) in SplitName::ALL.into_iter().zip(cells.numbers) {
        let right = rect.right_center();
        let text = painter.text(
            right,
            Align2::RIGHT_CENTER,
            short(part),
            font.clone(),
            muted,
        );
        let chip = Rect::from_center_size(pos2(text.left() - 8.0, text.center().y), vec2(8.0, 8.0));
        painter.rect_filled(chip, 2.0, part_colour(ui, part));
    }
}

/// The part's name where there is little room.
fn short(part: SplitName) -> &'static str {
    match part {
        SplitName::Validation => "valid.",
        part => part.word(),
    }
}

fn row_ui(ui: &mut Ui, name: &str, counts: [usize; 3], largest: usize, strong: bool) {
    let (row, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let palette = theme::palette(ui);
    let cells = cells(row);
    let colour = ui.visuals().text_color();
    let body = TextStyle::Body.resolve(ui.style());
    let font = if strong {
        FontId::new(body.size, egui::FontFamily::Name(theme::SEMIBOLD.into()))
    } else {
        body
    };
    let galley = classes::one_line(ui, name, font.clone(), colour, cells.name.width());
    let painter = ui.painter();
    let top = cells.name.center().y - galley.size().y / 2.0;
    painter.galley(pos2(cells.name.left(), top), galley, colour);
    painter.rect_filled(cells.bar, 3.0, palette.line);
    let mut left = cells.bar.left();
    for (part, count) in SplitName::ALL.into_iter().zip(counts) {
        let width = cells.bar.width() * count as f32 / largest as f32;
        let filled = Rect::from_x_y_ranges(left..=left + width, cells.bar.y_range());
        painter.rect_filled(filled, 0.0, part_colour(ui, part));
        left += width;
    }
    for (rect, count) in cells.numbers.into_iter().zip(counts) {
        let words = thousands(count);
        let colour = if count == 0 { palette.muted } else { colour };
        painter.text(
            rect.right_center(),
            Align2::RIGHT_CENTER,
            words,
            font.clone(),
            colour,
        );
    }
    let [train, validation, test] = counts.map(thousands);
    let words = format!("{name}: {train} train, {validation} validation, {test} test");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ListItem, true, &words));
    response.on_hover_text(words);
}
