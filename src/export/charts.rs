//! Charts as pictures, for reports and headless runs: learning curves and the confusion matrix.

mod confusion;

use std::sync::Once;

use plotters::{
    coord::Shift,
    element::DashedPathElement,
    prelude::*,
    style::{FontStyle, register_font},
};

use super::{Bundle, ExportError, Format, Make, Need};
use crate::{
    colours::{self, Rgb},
    data::Picture,
    train::{EpochRecord, runs::several::NamedHistory},
};
pub use confusion::{CONFUSION_MATRIX, confusion_matrix};

/// The row of the table.
pub const CURVES: Format = Format {
    name: "curves",
    title: "Learning curves",
    about: "Accuracy and loss after every epoch, training against validation",
    ending: "png",
    needs: &[Need::Epochs],
    in_run: Some("curves.png"),
    make: Make::Picture(curves),
    parity: None,
};

fn curves(bundle: &Bundle) -> Result<Picture, ExportError> {
    match &*bundle.histories {
        [run] => learning_curves(&run.epochs),
        runs => curves_of_runs(runs),
    }
}

const FONT: &str = "Inter";
const INK: RGBColor = rgb(colours::INK.light);
const LINE: RGBColor = rgb(colours::LINE.light);

fn font_ready() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Registering fails only for a damaged font, and this one is compiled in; text would be missing.
        let _ = register_font(
            FONT,
            FontStyle::Normal,
            include_bytes!("../../assets/fonts/Inter-Regular.ttf"),
        );
    });
}

const fn rgb([red, green, blue]: Rgb) -> RGBColor {
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
        let area = BitMapBackend::with_buffer(&mut pixels, (width as u32, height as u32))
            .into_drawing_area();
        draw(&area)?;
        area.present().map_err(|error| draw_error(&error))?;
    }
    Ok(Picture {
        width,
        height,
        rgb: pixels,
    })
}

/// One line of a chart.
struct Series {
    name: String,
    colour: RGBColor,
    /// Further runs have the colours of the first ones.
    is_dashed: bool,
    /// Epoch and value; no value is infinite.
    points: Vec<(f64, f64)>,
}

impl Series {
    fn new(
        name: &str,
        colour: Rgb,
        epochs: &[EpochRecord],
        value: fn(&EpochRecord) -> Option<f64>,
    ) -> Self {
        let points = epochs
            .iter()
            .filter_map(|record| Some((record.epoch as f64, value(record)?)));
        Self {
            name: name.to_owned(),
            colour: rgb(colour),
            is_dashed: false,
            points: points.filter(|(_, value)| value.is_finite()).collect(),
        }
    }
}

/// Accuracy and loss over epochs, training against validation, side by side.
///
/// # Errors
/// When drawing fails.
pub fn learning_curves(history: &[EpochRecord]) -> Result<Picture, ExportError> {
    let training = |value| Series::new("training", colours::TRAINING.light, history, value);
    let validation = |value| Series::new("validation", colours::VALIDATION.light, history, value);
    let accuracy = vec![
        training(|record| Some(record.train_accuracy)),
        validation(|record| record.val_accuracy),
    ];
    let loss = vec![
        training(|record| Some(record.train_loss)),
        validation(|record| record.val_loss),
    ];
    side_by_side(["Accuracy", "Loss"], &[accuracy, loss])
}

/// Accuracy and loss of several runs over their epochs, side by side: those on the validation part, or on the
/// training part where no run has validated.
///
/// # Errors
/// When drawing fails.
pub fn curves_of_runs(runs: &[NamedHistory]) -> Result<Picture, ExportError> {
    let all = |value: fn(&EpochRecord) -> Option<f64>| -> Vec<Series> {
        let series = runs.iter().enumerate().map(|(place, run)| {
            let name = format!("{} {}", place + 1, shortened(&run.name));
            let colour = colours::RUNS[place % colours::RUNS.len()].light;
            Series {
                is_dashed: place >= colours::RUNS.len(),
                ..Series::new(&name, colour, &run.epochs, value)
            }
        });
        series.collect()
    };
    let mut records = runs.iter().flat_map(|run| &run.epochs);
    if records.any(|record| record.val_loss.is_some()) {
        let figures = [
            all(|record| record.val_accuracy),
            all(|record| record.val_loss),
        ];
        return side_by_side(["Validation accuracy", "Validation loss"], &figures);
    }
    let figures = [
        all(|record| Some(record.train_accuracy)),
        all(|record| Some(record.train_loss)),
    ];
    side_by_side(["Training accuracy", "Training loss"], &figures)
}

/// Pixels of two charts beside each other.
const WIDTH: usize = 1_200;

/// A chart of an accuracy and one of a loss.
fn side_by_side(titles: [&str; 2], figures: &[Vec<Series>; 2]) -> Result<Picture, ExportError> {
    // Where curves of these rarely run.
    let legends = [
        SeriesLabelPosition::LowerRight,
        SeriesLabelPosition::UpperRight,
    ];
    canvas(WIDTH, 420, |area| {
        let charts = titles.into_iter().zip(legends).zip(figures);
        for (half, (words, series)) in area.split_evenly((1, 2)).iter().zip(charts) {
            draw_curves(half, words, series).map_err(|error| draw_error(&*error))?;
        }
        Ok(())
    })
}

fn draw_curves(
    area: &DrawingArea<BitMapBackend<'_>, Shift>,
    (title, legend): (&str, SeriesLabelPosition),
    curves: &[Series],
) -> Result<(), Box<dyn std::error::Error>> {
    let all = || curves.iter().flat_map(|series| &series.points);
    let last = all().map(|point| point.0).fold(1.0, f64::max);
    let (low, high) = all().fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(low, high), (_, value)| (low.min(*value), high.max(*value)),
    );
    let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
    let margin = ((high - low) * 0.08).max(1e-3);
    let side = ((last - 1.0) * 0.03).max(0.1);
    let decimals = if high - low > 0.1 { 2 } else { 4 };
    let mut chart = ChartBuilder::on(area)
        .margin(16)
        .caption(title, (FONT, 20).into_font().color(&INK))
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d(1.0 - side..last + side, low - margin..high + margin)?;
    chart
        .configure_mesh()
        .x_desc("Epoch")
        .x_labels((last as usize).clamp(1, 10))
        .x_label_formatter(&|x| {
            if x.fract() == 0.0 {
                format!("{x:.0}")
            } else {
                String::new()
            }
        })
        .y_label_formatter(&|y| format!("{y:.decimals$}"))
        .label_style((FONT, 14).into_font().color(&INK))
        .axis_style(INK)
        .bold_line_style(LINE)
        .light_line_style(TRANSPARENT)
        .draw()?;
    for series in curves {
        let (points, colour) = (&series.points, series.colour);
        if points.is_empty() {
            continue;
        }
        let style = ShapeStyle {
            color: colour.to_rgba(),
            filled: true,
            stroke_width: 2,
        };
        // Pixels of a dash and of the gap behind it; a whole line is one long dash.
        let (dash, gap) = (
            if series.is_dashed {
                6
            } else {
                100 * WIDTH as u32
            },
            4,
        );
        let line = DashedLineSeries::new(points.iter().copied(), dash, gap, style);
        chart
            .draw_series(line)?
            .label(series.name.as_str())
            .legend(move |(x, y)| DashedPathElement::new([(x, y), (x + 18, y)], dash, gap, style));
        let dots = points.iter().map(|point| Circle::new(*point, 3, style));
        chart.draw_series(dots)?;
    }
    chart
        .configure_series_labels()
        .position(legend)
        .background_style(WHITE.mix(0.85))
        .border_style(LINE)
        .label_font((FONT, 14).into_font().color(&INK))
        .draw()?;
    Ok(())
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
            learning_rate: 0.001,
            images_per_sec: 1.0,
            seconds: 1.0,
            train_penalty: None,
            val_penalty: None,
        };
        let curves =
            learning_curves(&[record(1, 0.9), record(2, 0.5), record(3, f64::NAN)]).unwrap();
        let has = |picture: &Picture, colour: [u8; 3]| picture.rgb.chunks(3).any(|p| p == colour);
        assert!(has(&curves, colours::TRAINING.light) && has(&curves, colours::VALIDATION.light));
        assert!(learning_curves(&[]).is_ok());

        let run = |name: &str, val_loss| NamedHistory {
            name: name.into(),
            epochs: vec![EpochRecord {
                val_loss,
                ..record(1, 0.9)
            }],
        };
        for val_loss in [Some(0.7), None] {
            let runs = [run("first", val_loss), run("second", val_loss)];
            let curves = curves_of_runs(&runs).unwrap();
            assert!(has(&curves, colours::RUNS[0].light) && has(&curves, colours::RUNS[1].light));
        }
    }
}
