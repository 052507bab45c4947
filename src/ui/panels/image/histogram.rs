//! How often each value occurs in the red, green and blue of a picture.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use eframe::egui::{self, CollapsingHeader, Rect, RichText, Sense, Shape, Stroke, Ui, pos2, vec2};

use crate::{
    colours::CHANNELS,
    data::Picture,
    ui::{
        format::thousands,
        theme,
        widgets::{cached::Same, states},
    },
};

/// Values of a channel.
const VALUES: usize = 256;
/// Time that counting may take in a frame.
const BUDGET: Duration = Duration::from_millis(3);
/// Height of the curves.
const HEIGHT: f32 = 72.0;
/// Names of the channels.
const NAMES: [&str; 3] = ["red", "green", "blue"];

/// Counts of each value; made row by row.
#[derive(Debug)]
struct Histogram {
    picture: Same<Picture>,
    row: usize,
    counts: [[u32; VALUES]; 3],
    /// Every pixel so far has three equal values.
    is_grey: bool,
}

impl Histogram {
    fn new(picture: &Arc<Picture>) -> Self {
        Self {
            picture: Same::of(picture),
            row: 0,
            counts: [[0; VALUES]; 3],
            is_grey: true,
        }
    }

    /// Goes on counting. True when all rows are counted.
    fn count(&mut self, picture: &Picture) -> bool {
        let start = Instant::now();
        let [mut red, mut green, mut blue] = self.counts;
        while self.row < picture.height && start.elapsed() < BUDGET {
            let from = 3 * self.row * picture.width;
            for pixel in picture.rgb[from..from + 3 * picture.width].chunks_exact(3) {
                red[usize::from(pixel[0])] += 1;
                green[usize::from(pixel[1])] += 1;
                blue[usize::from(pixel[2])] += 1;
                self.is_grey &= pixel[0] == pixel[1] && pixel[1] == pixel[2];
            }
            self.row += 1;
        }
        self.counts = [red, green, blue];
        self.row == picture.height
    }
}

#[derive(Debug, Default)]
pub struct HistogramView {
    logarithmic: bool,
    made: Option<Histogram>,
}

impl HistogramView {
    /// Draws the histogram of `picture`, once there is one.
    pub fn ui(&mut self, ui: &mut Ui, picture: Option<&Arc<Picture>>) {
        let header = CollapsingHeader::new("Histogram").default_open(true);
        header.show(ui, |ui| {
            let size = vec2(ui.available_width(), HEIGHT);
            let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
            let line = (1.0, theme::palette(ui).line);
            let painter = ui.painter();
            painter.rect_filled(rect, 2.0, ui.visuals().faint_bg_color);
            painter.hline(rect.x_range(), rect.bottom(), line);
            if let Some(picture) = picture {
                self.curves(ui, rect, response, picture);
            }
            ui.horizontal_wrapped(|ui| {
                ui.checkbox(&mut self.logarithmic, RichText::new("Log scale").small())
                    .on_hover_text("Shows rare values beside frequent ones");
                let is_grey = self.made.as_ref().is_some_and(|made| made.is_grey);
                if is_grey && picture.is_some() {
                    states::caption(ui, "grey");
                    return;
                }
                for (name, colour) in NAMES.into_iter().zip(CHANNELS.map(theme::colour)) {
                    let (line, _) = ui.allocate_exact_size(vec2(12.0, 3.0), Sense::hover());
                    ui.painter().rect_filled(line, 1.0, colour);
                    states::caption(ui, name);
                }
            });
        });
    }

    fn curves(&mut self, ui: &Ui, rect: Rect, response: egui::Response, picture: &Arc<Picture>) {
        self.made.take_if(|made| made.picture != Same::of(picture));
        let made = self.made.get_or_insert_with(|| Histogram::new(picture));
        if made.row < picture.height && !made.count(picture) {
            ui.ctx().request_repaint();
            return;
        }
        let grey = ("grey", theme::palette(ui).muted);
        let [red, green, blue] = [0, 1, 2].map(|at| (NAMES[at], theme::colour(CHANNELS[at])));
        let looks = if made.is_grey {
            vec![grey]
        } else {
            vec![red, green, blue]
        };
        let shown = || made.counts.iter().zip(&looks);
        let most = shown().flat_map(|(counts, _)| counts).copied().max();
        let most = f64::from(most.unwrap_or(1).max(1));
        let height = |count: u32| {
            let count = f64::from(count);
            let share = if self.logarithmic {
                count.ln_1p() / most.ln_1p()
            } else {
                count / most
            };
            (share as f32) * (rect.height() - 2.0)
        };
        let step = rect.width() / VALUES as f32;
        for (counts, (_, colour)) in shown() {
            let point = |(value, count): (usize, &u32)| {
                let x = rect.left() + step * (value as f32 + 0.5);
                pos2(x, rect.bottom() - height(*count))
            };
            let points = counts.iter().enumerate().map(point).collect();
            let line = Shape::line(points, Stroke::new(1.5, *colour));
            ui.painter().add(line);
        }
        let Some(pointer) = response.hover_pos() else {
            return;
        };
        let value = ((pointer.x - rect.left()) / step) as usize;
        let value = value.min(VALUES - 1);
        let words = shown().map(|(counts, (name, _))| {
            let count = thousands(counts[value] as usize);
            format!("{name} {count}")
        });
        let words = words.collect::<Vec<_>>().join(", ");
        response.on_hover_text_at_pointer(format!("value {value}: {words}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(picture: Picture) -> Histogram {
        let picture = Arc::new(picture);
        let mut histogram = Histogram::new(&picture);
        while !histogram.count(&picture) {}
        histogram
    }

    #[test]
    fn every_pixel_counts_once_per_channel() {
        let mut picture = Picture::filled(5, 3, [1, 2, 255]);
        picture.rgb[3 * 14..].copy_from_slice(&[0, 2, 255]);
        let histogram = made(picture);
        assert_eq!(histogram.counts[0][..3], [1, 14, 0]);
        assert_eq!((histogram.counts[1][2], histogram.counts[2][255]), (15, 15));
        assert!(!histogram.is_grey);
        assert!(made(Picture::filled(1, 5_000, [7; 3])).is_grey);
    }
}
