//! Charts as pictures, for reports and headless runs: learning curves and the confusion matrix.

use std::sync::Once;

use plotters::{
    coord::Shift,
    prelude::*,
    style::{
        FontStyle, register_font,
        text_anchor::{HPos, Pos, VPos},
    },
};

use super::ExportError;
use crate::{
    data::Picture,
    inspect::colours::ColourScale,
    train::{ConfusionMatrix, EpochRecord},
};

/// Training is blue, validation is orange, everywhere (Okabe–Ito).
pub const TRAINING_COLOUR: [u8; 3] = [0, 114, 178];
/// See [`TRAINING_COLOUR`].
pub const VALIDATION_COLOUR: [u8; 3] = [230, 159, 0];

const FONT: &str = "Inter";
const INK: RGBColor = RGBColor(33, 37, 41);
const FAINT: RGBColor = RGBColor(222, 226, 230);

fn font_ready() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Registering fails only for a damaged font, and this one is compiled in; text would be missing.
        let _ = register_font(FONT, FontStyle::Normal, include_bytes!("../../assets/fonts/Inter-Regular.ttf"));
    });
}

fn rgb([red, green, blue]: [u8; 3]) -> RGBColor {
    RGBColor(red, green, blue)
}

fn draw_error(error: &dyn std::fmt::Display) -> ExportError {
    ExportError::Draw(error.to_string())
}

/// Draws on a white canvas.
fn canvas(
    width: usize,
    height: usize,
    draw: impl FnOnce(&DrawingArea<BitMapBackend<'_>, Shift>) -> Result<(), ExportError>,
) -> Result<Picture, ExportError> {
    font_ready();
    let mut pixels = vec![255; 3 * width * height];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width as u32, height as u32)).into_drawing_area();
        draw(&area)?;
        area.present().map_err(|error| draw_error(&error))?;
    }
    Ok(Picture { width, height, rgb: pixels })
}

/// One quantity over epochs.
struct Curve<'a> {
    title: &'a str,
    train: Vec<(f64, f64)>,
    validation: Vec<(f64, f64)>,
}

/// Accuracy and loss over epochs, training against validation, side by side.
///
/// # Errors
/// When drawing fails.
pub fn learning_curves(history: &[EpochRecord]) -> Result<Picture, ExportError> {
    let points = |value: fn(&EpochRecord) -> Option<f64>| -> Vec<(f64, f64)> {
        let rows = history.iter().filter_map(|record| Some((record.epoch as f64, value(record)?)));
        rows.filter(|(_, value)| value.is_finite()).collect()
    };
    let curves = [
        Curve {
            title: "Accuracy",
            train: points(|r| Some(r.train_accuracy)),
            validation: points(|r| r.val_accuracy),
        },
        Curve { title: "Loss", train: points(|r| Some(r.train_loss)), validation: points(|r| r.val_loss) },
    ];
    canvas(1200, 420, |area| {
        for (half, curve) in area.split_evenly((1, 2)).iter().zip(&curves) {
            draw_curve(half, curve).map_err(|error| draw_error(&*error))?;
        }
        Ok(())
    })
}

fn draw_curve(
    area: &DrawingArea<BitMapBackend<'_>, Shift>,
    curve: &Curve<'_>,
) -> Result<(), Box<dyn std::error::Error>> {
    let all = || curve.train.iter().chain(&curve.validation);
    let last = all().map(|point| point.0).fold(1.0, f64::max);
    let (low, high) = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, value)| {
        (low.min(*value), high.max(*value))
    });
    let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
    let margin = ((high - low) * 0.08).max(1e-3);
    let mut chart = ChartBuilder::on(area)
        .margin(16)
        .caption(curve.title, (FONT, 20).into_font().color(&INK))
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d(1.0..last.max(1.001), low - margin..high + margin)?;
    chart
        .configure_mesh()
        .x_desc("Epoch")
        .x_labels(all().count().clamp(2, 10))
        .x_label_formatter(&|x| if x.fract() == 0.0 { format!("{x:.0}") } else { String::new() })
        .y_label_formatter(&|y| format!("{y:.3}"))
        .label_style((FONT, 14).into_font().color(&INK))
        .axis_style(INK)
        .bold_line_style(FAINT)
        .light_line_style(TRANSPARENT)
        .draw()?;
    let series = [
        ("training", &curve.train, rgb(TRAINING_COLOUR)),
        ("validation", &curve.validation, rgb(VALIDATION_COLOUR)),
    ];
    for (name, points, colour) in series {
        if points.is_empty() {
            continue;
        }
        let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2)).point_size(3);
        chart.draw_series(line)?.label(name).legend(move |(x, y)| {
            PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2))
        });
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.85))
        .border_style(FAINT)
        .label_font((FONT, 14).into_font().color(&INK))
        .draw()?;
    Ok(())
}

/// Counts with a row-normalised colour, axes Actual and Predicted.
///
/// # Errors
/// When drawing fails.
pub fn confusion_matrix(matrix: &ConfusionMatrix, classes: &[String]) -> Result<Picture, ExportError> {
    const CELL: i32 = 72;
    const LEFT: i32 = 170;
    const TOP: i32 = 90;
    let count = matrix.classes() as i32;
    let size = count * CELL;
    let (width, height) = ((LEFT + size + 30) as usize, (TOP + size + 30) as usize);
    let centred = Pos::new(HPos::Center, VPos::Center);
    let text = |size: u32, colour: &RGBColor, pos: Pos| {
        (FONT, size).into_font().color(colour).pos(pos)
    };
    canvas(width, height, |area| {
        let write = |words: &str, style: &TextStyle<'_>, at: (i32, i32)| {
            area.draw_text(words, style, at).map_err(|error| draw_error(&error))
        };
        write("Predicted", &text(16, &INK, centred), (LEFT + size / 2, 24))?;
        write("Actual", &text(16, &INK, Pos::new(HPos::Left, VPos::Center)), (16, TOP - 16))?;
        for index in 0..count {
            let name = shortened(classes.get(index as usize).map_or("", String::as_str));
            let middle = index * CELL + CELL / 2;
            write(&name, &text(14, &INK, centred), (LEFT + middle, TOP - 16 - 20 * (index % 2)))?;
            let right = Pos::new(HPos::Right, VPos::Center);
            write(&name, &text(14, &INK, right), (LEFT - 12, TOP + middle))?;
        }
        for actual in 0..count {
            for predicted in 0..count {
                let share = matrix.row_share(actual as usize, predicted as usize);
                let fill = ColourScale::Viridis.colour(share as f32);
                let (x, y) = (LEFT + predicted * CELL, TOP + actual * CELL);
                area.draw(&Rectangle::new([(x, y), (x + CELL - 2, y + CELL - 2)], rgb(fill).filled()))
                    .map_err(|error| draw_error(&error))?;
                let ink = if share > 0.6 { INK } else { WHITE };
                let words = matrix.count(actual as usize, predicted as usize).to_string();
                write(&words, &text(16, &ink, centred), (x + CELL / 2, y + CELL / 2))?;
            }
        }
        Ok(())
    })
}

fn shortened(name: &str) -> String {
    const LONGEST: usize = 18;
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    name.chars().take(LONGEST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_show_their_series_and_cells() {
        let record = |epoch, loss| EpochRecord {
            epoch,
            phase: 1,
            train_loss: loss,
            train_accuracy: 1.0 - loss,
            val_loss: Some(loss * 1.2),
            val_accuracy: Some(0.5),
            images_per_sec: 1.0,
            seconds: 1.0,
        };
        let curves = learning_curves(&[record(1, 0.9), record(2, 0.5), record(3, f64::NAN)]).unwrap();
        let has = |picture: &Picture, colour: [u8; 3]| picture.rgb.chunks(3).any(|p| p == colour);
        assert!(has(&curves, TRAINING_COLOUR) && has(&curves, VALIDATION_COLOUR));
        assert!(learning_curves(&[]).is_ok());

        let matrix = ConfusionMatrix::new(2, [(0, 0), (0, 0), (1, 0)]);
        let names = ["circle".to_owned(), "a very long class name that does not fit".to_owned()];
        let picture = confusion_matrix(&matrix, &names).unwrap();
        assert!(has(&picture, ColourScale::Viridis.colour(1.0)) && has(&picture, ColourScale::Viridis.colour(0.0)));
    }
}
