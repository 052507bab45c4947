//! The confusion matrix as a picture that is as large with a thousand classes as with twenty.

use plotters::{
    coord::Shift,
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{FONT, INK, canvas, draw_error, rgb, shortened};
use crate::{
    colours::ink_on,
    data::Picture,
    export::{Bundle, ExportError, Format, Make, Need},
    inspect::colours::ColourScale,
    train::ConfusionMatrix,
};

/// The row of the table.
pub const CONFUSION_MATRIX: Format = Format {
    name: "confusion-matrix",
    title: "Confusion matrix",
    about: "Confusion matrix of the validation part",
    ending: "png",
    needs: &[Need::Evaluation, Need::Dataset],
    in_run: Some("confusion_matrix.png"),
    make: Make::Picture(draw),
    parity: None,
};

fn draw(bundle: &Bundle) -> Result<Picture, ExportError> {
    let (evaluation, dataset) = bundle.judged()?;
    confusion_matrix(&evaluation.confusion, &dataset.classes)
}

/// Pixels of a cell where there is room for it, the gap between cells included.
const CELL: usize = 92;
/// All cells together are at most so wide and high: with their margins that is a picture of 16 MB.
const MOST_SIDE: usize = 2_000;
/// Smaller cells have a narrower gap, and very small ones none.
const WIDE_GAP_FROM: usize = 40;
const GAP_FROM: usize = 8;
/// Smaller cells show no zeros: they would hide the other numbers.
const ZEROS_FROM: usize = 40;
/// Smallest type that can be read, and how much of its size a digit is wide.
const SMALLEST_TYPE: f64 = 8.0;
const DIGIT: f64 = 0.6;
/// Names stand at least so far apart; where cells are smaller, not every class is named.
const LINE: usize = 18;
/// Room above the cells for the axis title and two rows of names.
const TOP: usize = 104;
/// Room for an axis title alone.
const TITLE: usize = 52;
/// Right of the cells and below them.
const MARGIN: usize = 24;
/// A letter of a class name takes about this many pixels.
const LETTER: usize = 10;

/// Where things are, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    /// Cells in a row; each shows [`Self::classes`] classes.
    cells: usize,
    classes: usize,
    cell: usize,
    gap: usize,
    left: usize,
    top: usize,
    /// Names above the columns run upwards.
    upright: bool,
    /// Each which cell is named.
    named: usize,
    width: usize,
    height: usize,
}

impl Plan {
    /// For `count` classes, the longest of whose names has `letters` letters.
    fn new(count: usize, letters: usize) -> Self {
        let classes = count.div_ceil(MOST_SIDE).max(1);
        let cells = count.div_ceil(classes);
        let cell = (MOST_SIDE / cells.max(1)).clamp(1, CELL);
        let longest = letters * LETTER;
        // Two rows of names take turns above wide cells.
        let upright = cell < CELL && longest > cell;
        let left = 64 + longest;
        let top = if upright { TITLE + longest } else { TOP };
        let side = cells * cell;
        Self {
            cells,
            classes,
            cell,
            gap: match cell {
                WIDE_GAP_FROM.. => 2,
                GAP_FROM.. => 1,
                _ => 0,
            },
            left,
            top,
            upright,
            named: LINE.div_ceil(cell),
            width: left + side.max(2 * CELL) + MARGIN,
            height: top + side + MARGIN,
        }
    }

    /// Left (or upper) edge of a cell.
    fn edge(&self, from: usize, cell: usize) -> i32 {
        (from + cell * self.cell) as i32
    }

    /// Middle of a cell.
    fn middle(&self, from: usize, cell: usize) -> i32 {
        self.edge(from, cell) + ((self.cell - self.gap) / 2) as i32
    }

    /// The type in which `digits` digits fit into a cell; `None` when none that can be read does.
    fn type_size(&self, digits: usize) -> Option<f64> {
        const LARGEST: f64 = 22.0;
        let cell = self.cell as f64;
        let fitting = (cell - 6.0) / (DIGIT * digits as f64);
        let size = LARGEST.min(cell * 0.5).min(fitting);
        (size >= SMALLEST_TYPE && self.classes == 1).then_some(size)
    }
}

/// Counts with a row-normalised colour, axes Actual and Predicted. The picture is bounded: where there are many classes
/// cells are smaller, numbers and names are left out where they do not fit, and at last a cell shows the largest share
/// of several classes.
///
/// # Errors
/// When drawing fails.
pub fn confusion_matrix(
    matrix: &ConfusionMatrix,
    classes: &[String],
) -> Result<Picture, ExportError> {
    let name = |class: usize| shortened(classes.get(class).map_or("", String::as_str));
    let names: Vec<String> = (0..matrix.classes()).map(name).collect();
    let letters = names.iter().map(|name| name.chars().count()).max();
    let plan = Plan::new(names.len(), letters.unwrap_or(0));
    canvas(plan.width, plan.height, |area| {
        axes(area, &names, &plan)?;
        if plan.gap == 0 {
            // Most cells are empty: one rectangle for all of them.
            let corner = (plan.left as i32, plan.top as i32);
            fill(area, corner, plan.cells * plan.cell, 0.0)?;
        }
        for actual in 0..plan.cells {
            for predicted in 0..plan.cells {
                draw_cell(area, matrix, &plan, (actual, predicted))?;
            }
        }
        Ok(())
    })
}

type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

/// A square of `side` pixels; plotters leaves the right and lower edge of rectangles out.
fn fill(area: &Area<'_>, (x, y): (i32, i32), side: usize, share: f64) -> Result<(), ExportError> {
    let colour = rgb(ColourScale::Viridis.colour(share as f32));
    let corners = [(x, y), (x + side as i32, y + side as i32)];
    area.draw(&Rectangle::new(corners, colour.filled()))
        .map_err(|error| draw_error(&error))
}

fn draw_cell(
    area: &Area<'_>,
    matrix: &ConfusionMatrix,
    plan: &Plan,
    (actual, predicted): (usize, usize),
) -> Result<(), ExportError> {
    let of = |cell: usize| cell * plan.classes..(cell + 1) * plan.classes;
    let pairs = of(actual).flat_map(|row| of(predicted).map(move |column| (row, column)));
    let shares = pairs.map(|(row, column)| matrix.row_share(row, column));
    let share = shares.fold(0.0, f64::max);
    if share == 0.0 && plan.gap == 0 {
        return Ok(());
    }
    let corner = (plan.edge(plan.left, predicted), plan.edge(plan.top, actual));
    fill(area, corner, plan.cell - plan.gap, share)?;
    let count = matrix.count(actual, predicted);
    let words = count.to_string();
    let (true, Some(size)) = (
        count > 0 || plan.cell >= ZEROS_FROM,
        plan.type_size(words.len()),
    ) else {
        return Ok(());
    };
    let ink = rgb(ink_on(ColourScale::Viridis.colour(share as f32)));
    let style = (FONT, size)
        .into_font()
        .color(&ink)
        .pos(beside(HPos::Center));
    let middle = (
        plan.middle(plan.left, predicted),
        plan.middle(plan.top, actual),
    );
    area.draw_text(&words, &style, middle)
        .map_err(|error| draw_error(&error))
}

/// Words beside a point, on its height.
fn beside(side: HPos) -> Pos {
    Pos::new(side, VPos::Center)
}

/// Titles and class names. Above wide columns every second name is raised where names are long.
fn axes(area: &Area<'_>, names: &[String], plan: &Plan) -> Result<(), ExportError> {
    let write = |words: &str, style: &TextStyle<'_>, at: (i32, i32)| {
        area.draw_text(words, style, at)
            .map_err(|error| draw_error(&error))
    };
    let (left, top) = (plan.left as i32, plan.top as i32);
    let middle = (plan.cells * plan.cell / 2) as i32;
    let title = (FONT, 21).into_font().color(&INK).pos(beside(HPos::Center));
    write("Predicted", &title, (left + middle, 26))?;
    let turned = title.transform(FontTransform::Rotate270);
    write("Actual", &turned, (24, top + middle))?;
    let size = if plan.cell < CELL { 14 } else { 18 };
    let style = (FONT, size).into_font().color(&INK);
    let is_long = plan.left > 64 + plan.cell;
    for cell in (0..plan.cells).step_by(plan.named) {
        let Some(name) = names.get(cell * plan.classes) else {
            continue;
        };
        let (x, y) = (plan.middle(plan.left, cell), plan.middle(plan.top, cell));
        write(name, &style.pos(beside(HPos::Right)), (left - 12, y))?;
        if plan.upright {
            let turned = style
                .transform(FontTransform::Rotate270)
                .pos(beside(HPos::Left));
            write(name, &turned, (x, top - 10))?;
        } else {
            let raised = if is_long && cell % 2 == 1 { 24 } else { 0 };
            write(
                name,
                &style.pos(beside(HPos::Center)),
                (x, top - 18 - raised),
            )?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(picture: &Picture, colour: [u8; 3]) -> bool {
        picture.rgb.chunks(3).any(|pixel| pixel == colour)
    }

    fn names(count: usize) -> Vec<String> {
        (0..count)
            .map(|class| format!("class of number {class:05}"))
            .collect()
    }

    #[test]
    fn cells_and_names_are_shown() {
        let matrix = ConfusionMatrix::new(2, [(0, 0), (0, 0), (1, 0)]);
        let names = [
            "circle".to_owned(),
            "a very long class name that does not fit".to_owned(),
        ];
        let picture = confusion_matrix(&matrix, &names).unwrap();
        let colour = |share| ColourScale::Viridis.colour(share);
        assert!(has(&picture, colour(1.0)) && has(&picture, colour(0.0)));
    }

    /// With 92 pixels for every cell, 1,000 classes took 25 GB and ended the program, 200 took 2 GB.
    #[test]
    fn the_picture_is_bounded_and_shows_every_class() {
        const MOST_BYTES: usize = 17_000_000;
        for (classes, cell, upright) in [
            (0, CELL, false),
            (2, CELL, false),
            (21, CELL, false),
            (22, 90, true),
            (120, 16, true),
            (200, 10, true),
            (1_000, 2, true),
            (2_000, 1, true),
            (2_001, 1, true),
            (21_841, 1, true),
        ] {
            let plan = Plan::new(classes, 18);
            assert_eq!((plan.cell, plan.upright), (cell, upright), "{classes}");
            assert!(plan.cells * plan.cell <= MOST_SIDE, "{plan:?}");
            assert!(plan.cells * plan.classes >= classes, "{plan:?}");
            let bytes = 3 * plan.width * plan.height;
            assert!(bytes <= MOST_BYTES, "{classes}: {bytes}");
        }
    }

    #[test]
    fn each_cell_of_a_thousand_classes_is_where_it_belongs() {
        for classes in [120, 1_000, 2_500] {
            let wrong = (classes - 1, classes / 2);
            let right = (0..classes - 1).map(|class| (class, class));
            let matrix = ConfusionMatrix::new(classes, right.chain([wrong]));
            let picture = confusion_matrix(&matrix, &names(classes)).unwrap();
            let plan = Plan::new(classes, 18);
            assert_eq!((picture.width, picture.height), (plan.width, plan.height));
            // `inside` pixels from the upper left corner of a cell.
            let at = |(actual, predicted): (usize, usize), inside: usize| {
                let edge = |from, class| plan.edge(from, class / plan.classes) as usize + inside;
                let pixel = edge(plan.top, actual) * plan.width + edge(plan.left, predicted);
                [0, 1, 2].map(|channel| picture.rgb[3 * pixel + channel])
            };
            let (full, none) = (
                ColourScale::Viridis.colour(1.0),
                ColourScale::Viridis.colour(0.0),
            );
            for (cell, colour) in [
                ((0, 0), full),
                ((7, 7), full),
                (wrong, full),
                ((classes - 1, 0), none),
                ((0, classes - 1), none),
                ((7, 40), none),
            ] {
                for inside in [0, plan.cell - plan.gap - 1] {
                    assert_eq!(at(cell, inside), colour, "{classes}: {cell:?}, {inside}");
                }
            }
        }
    }
}
