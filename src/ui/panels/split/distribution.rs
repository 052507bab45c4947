//! How many images of each class stand in each part: a bar and three numbers per class.

use eframe::egui::{
    self, Align2, Color32, FontId, Rect, Response, ScrollArea, Sense, TextStyle, Ui, pos2, vec2,
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

/// A line that was drawn.
struct Line {
    response: Response,
    /// Room for its bar.
    bar: Rect,
    /// Where its numbers stand.
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

    /// Draws a name and three numbers of these colours on a line of this height.
    fn line_ui(
        self,
        ui: &mut Ui,
        (name, numbers): (&str, [&str; 3]),
        (font, height): (&FontId, f32),
        (ink, inks): (Color32, [Color32; 3]),
    ) -> Line {
        let size = vec2(ui.available_width(), height);
        let (row, response) = ui.allocate_exact_size(size, Sense::hover());
        let place = row.with_max_x(row.left() + self.name);
        // Both ends tell long names apart.
        let short = shortened(name, (self.name / LETTER).max(4.0) as usize);
        let galley = classes::one_line(ui, &short, font.clone(), ink, place.width());
        let at = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), place);
        ui.painter().galley(at.min, galley, ink);
        let left = row.right() - 3.0 * self.number;
        let numbers = [0, 1, 2].map(|at| {
            let right = pos2(left + (at + 1) as f32 * self.number, row.center().y);
            let (align, font) = (Align2::RIGHT_CENTER, font.clone());
            ui.painter().text(right, align, numbers[at], font, inks[at])
        });
        let bar = row.with_min_x(place.right() + theme::GRID);
        let bar = bar.with_max_x(left.max(bar.left()));
        Line {
            response,
            bar: bar.shrink2(vec2(0.0, (height - BAR) / 2.0)),
            numbers,
        }
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
    let muted = theme::palette(ui).muted;
    let font = TextStyle::Small.resolve(ui.style());
    // The part's name where there is little room.
    let names = SplitName::ALL.map(|part| match part {
        SplitName::Validation => "valid.",
        part => part.word(),
    });
    let line = widths.line_ui(ui, ("Class", names), (&font, 20.0), (muted, [muted; 3]));
    for (part, text) in SplitName::ALL.into_iter().zip(line.numbers) {
        let chip = Rect::from_center_size(pos2(text.left() - 8.0, text.center().y), vec2(8.0, 8.0));
        ui.painter().rect_filled(chip, 2.0, part_colour(ui, part));
    }
}

fn row_ui(
    ui: &mut Ui,
    widths: Widths,
    name: &str,
    (counts, largest): ([usize; 3], usize),
    strong: bool,
) {
    let (muted, ink) = (theme::palette(ui).muted, ui.visuals().text_color());
    let mut font = TextStyle::Body.resolve(ui.style());
    if strong {
        font.family = egui::FontFamily::Name(theme::SEMIBOLD.into());
    }
    let numbers = counts.map(thousands);
    let [train, validation, test] = numbers.each_ref().map(String::as_str);
    let inks = counts.map(|count| if count == 0 { muted } else { ink });
    let texts = (name, [train, validation, test]);
    let Line { response, bar, .. } = widths.line_ui(ui, texts, (&font, ROW), (ink, inks));
    let painter = ui.painter();
    painter.rect_filled(bar, 3.0, theme::palette(ui).line);
    let mut left = bar.left();
    for (part, count) in SplitName::ALL.into_iter().zip(counts) {
        let width = bar.width() * count as f32 / largest as f32;
        let filled = Rect::from_x_y_ranges(left..=left + width, bar.y_range());
        painter.rect_filled(filled, 0.0, part_colour(ui, part));
        left += width;
    }
    let words = format!("{name}: {train} train, {validation} validation, {test} test");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ListItem, true, &words));
    response.on_hover_text(words);
}
