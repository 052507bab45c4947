//! Live curves: accuracy and loss, training against validation, per batch and per epoch.

use eframe::egui::{self, Id, Rangef, RichText, Ui, Vec2b};
use egui_plot::{
    AxisHints, FilledArea, GridMark, HoverPosition, Line, Plot, PlotPoint, PlotPoints, Points,
    VLine,
};

use super::{Cx, Panel};
use crate::{
    train::EpochRecord,
    ui::{
        format::{percent, significant},
        state::Training,
        theme::{self, Palette},
        widgets::states,
    },
};

/// View state.
pub struct Curves {
    show_batches: bool,
    cache: Cache,
}

impl Default for Curves {
    fn default() -> Self {
        Self {
            show_batches: true,
            cache: Cache::default(),
        }
    }
}

/// Points of both charts, extended as records come, so that a frame copies nothing.
#[derive(Default)]
struct Cache {
    steps: usize,
    first_step: usize,
    batch_accuracy: Vec<PlotPoint>,
    batch_loss: Vec<PlotPoint>,
}

impl Cache {
    fn update(&mut self, training: &Training) {
        let first = training.steps.first().map_or(0, |record| record.step);
        if training.steps.len() < self.steps || first != self.first_step {
            *self = Self::default();
        }
        self.first_step = first;
        let per_epoch = training.steps_per_epoch.max(1) as f64;
        for record in &training.steps[self.steps..] {
            let x = record.step as f64 / per_epoch;
            // A value that is not finite is a gap; infinities would ruin the axes.
            let finite = |value: f64| if value.is_finite() { value } else { f64::NAN };
            self.batch_accuracy
                .push(PlotPoint::new(x, finite(record.accuracy)));
            self.batch_loss.push(PlotPoint::new(x, finite(record.loss)));
        }
        self.steps = training.steps.len();
    }
}

/// One chart.
struct Chart<'a> {
    name: &'static str,
    batches: Option<&'a [PlotPoint]>,
    train: fn(&EpochRecord) -> f64,
    validation: fn(&EpochRecord) -> Option<f64>,
    is_share: bool,
}

impl Panel for Curves {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let training = &cx.state.training;
        if training.steps.is_empty() && training.epochs.is_empty() && !training.is_running() {
            states::empty(ui, "Curves appear here while a model trains.", None);
            return;
        }
        self.cache.update(training);
        self.legend_ui(ui, training);
        super::health::ui(ui, cx);
        let height = (ui.available_height() - 16.0) / 2.0 - 24.0;
        let show = self.show_batches;
        let charts = [
            Chart {
                name: "Accuracy",
                batches: show.then_some(&self.cache.batch_accuracy),
                train: |record| record.train_accuracy,
                validation: |record| record.val_accuracy,
                is_share: true,
            },
            Chart {
                name: "Loss",
                batches: show.then_some(&self.cache.batch_loss),
                train: |record| record.train_loss,
                validation: |record| record.val_loss,
                is_share: false,
            },
        ];
        for chart in &charts {
            chart_ui(ui, chart, training, height);
        }
    }
}

impl Curves {
    fn legend_ui(&mut self, ui: &mut Ui, training: &Training) {
        let palette = theme::palette(ui);
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new("— training").color(palette.training));
            ui.label(RichText::new("— validation").color(palette.validation));
            ui.checkbox(&mut self.show_batches, "batches")
                .on_hover_text("Also draw the figures of every batch, thin");
            if let Some(best) = training.best_epoch() {
                let accuracy = best.val_accuracy.unwrap_or(best.train_accuracy);
                states::caption(
                    ui,
                    format!("best: epoch {} · {}", best.epoch, percent(accuracy)),
                );
            }
        });
    }
}

fn chart_ui(ui: &mut Ui, chart: &Chart<'_>, training: &Training, height: f32) {
    let palette = theme::palette(ui);
    states::caption(ui, chart.name);
    let group = Id::unique("curves");
    let is_share = chart.is_share;
    let epochs = training.epochs.clone();
    let (train, validation) = (chart.train, chart.validation);
    let mut plot = Plot::new(chart.name)
        .height(height.max(80.0))
        .link_axis(group, Vec2b::new(true, false))
        .link_cursor(group, Vec2b::new(true, false))
        .allow_scroll(false)
        .include_x(0.0)
        .include_x(training.total_epochs.max(1) as f64)
        .show_background(false)
        .x_grid_spacer(|input| whole_epochs(input.bounds))
        .custom_x_axes(vec![epoch_axis()])
        .custom_y_axes(vec![value_axis(is_share)])
        .label_formatter(move |hover| reading(hover, &epochs, train, validation, is_share));
    if is_share {
        plot = plot.include_y(0.0).include_y(1.0);
    } else {
        plot = plot.include_y(0.0);
    }
    // Axes and grid are drawn in the text's colour: a quiet one leaves the curves in front.
    ui.visuals_mut().override_text_color = Some(palette.muted);
    let response = plot.show(ui, |plot| draw(plot, chart, training, palette));
    ui.visuals_mut().override_text_color = None;
    response.response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Image, true, format!("{} curve", chart.name))
    });
}

fn draw<'a>(
    plot: &mut egui_plot::PlotUi<'a>,
    chart: &Chart<'a>,
    training: &'a Training,
    palette: Palette,
) {
    if let Some(batches) = chart.batches {
        let line = Line::new("batches", PlotPoints::Borrowed(batches)).width(1.0);
        plot.line(
            line.color(palette.training.gamma_multiply(0.4))
                .allow_hover(false),
        );
    }
    let rows: Vec<(f64, f64, Option<f64>)> = training
        .epochs
        .iter()
        .map(|record| {
            (
                record.epoch as f64,
                (chart.train)(record),
                (chart.validation)(record),
            )
        })
        .filter(|(_, train, validation)| train.is_finite() && validation.is_none_or(f64::is_finite))
        .collect();
    let both: Vec<(f64, f64, f64)> = rows
        .iter()
        .filter_map(|(x, t, v)| Some((*x, *t, (*v)?)))
        .collect();
    if both.len() > 1 {
        let xs: Vec<f64> = both.iter().map(|row| row.0).collect();
        let low: Vec<f64> = both.iter().map(|row| row.1.min(row.2)).collect();
        let high: Vec<f64> = both.iter().map(|row| row.1.max(row.2)).collect();
        let area =
            FilledArea::new("gap", &xs, &low, &high).fill_color(palette.faint.gamma_multiply(0.25));
        plot.add(area);
    }
    let mut series = |name: &str, points: Vec<[f64; 2]>, colour| {
        plot.line(Line::new(name, points.clone()).color(colour).width(2.0));
        plot.points(Points::new(name, points).color(colour).radius(3.0));
    };
    series(
        "training",
        rows.iter().map(|row| [row.0, row.1]).collect(),
        palette.training,
    );
    series(
        "validation",
        both.iter().map(|row| [row.0, row.2]).collect(),
        palette.validation,
    );
    if let Some(best) = training
        .best_epoch()
        .filter(|_| !training.epochs.is_empty())
    {
        let line = VLine::new("best epoch", best.epoch as f64).width(1.0);
        plot.vline(
            line.color(palette.muted)
                .style(egui_plot::LineStyle::dashed_dense()),
        );
    }
}

/// Labels nearer than the first distance are left away, nearer than the second faded.
const LABEL_SPACING: Rangef = Rangef {
    min: 12.0,
    max: 16.0,
};

fn epoch_axis<'a>() -> AxisHints<'a> {
    let whole = |mark: GridMark, _: &_| {
        let is_whole = mark.value.fract() == 0.0 && mark.value >= 0.0;
        if is_whole {
            format!("{:.0}", mark.value)
        } else {
            String::new()
        }
    };
    AxisHints::new_x()
        .formatter(whole)
        .label_spacing(LABEL_SPACING)
}

fn value_axis<'a>(is_share: bool) -> AxisHints<'a> {
    let text = move |mark: GridMark, _: &_| {
        if is_share {
            format!("{:.0} %", 100.0 * mark.value)
        } else {
            significant_axis(mark.value)
        }
    };
    AxisHints::new_y()
        .formatter(text)
        .label_spacing(LABEL_SPACING)
        .min_thickness(56.0)
}

/// All values at the epoch under the pointer.
fn reading(
    hover: &HoverPosition<'_>,
    epochs: &[EpochRecord],
    train: fn(&EpochRecord) -> f64,
    validation: fn(&EpochRecord) -> Option<f64>,
    is_share: bool,
) -> Option<String> {
    let (HoverPosition::NearDataPoint { position, .. } | HoverPosition::Elsewhere { position }) =
        hover;
    let text = |value: f64| {
        if is_share {
            percent(value)
        } else {
            significant(value)
        }
    };
    let nearest = epochs.iter().min_by(|a, b| {
        (a.epoch as f64 - position.x)
            .abs()
            .total_cmp(&(b.epoch as f64 - position.x).abs())
    });
    let record = nearest?;
    let validation = validation(record).map_or("–".to_owned(), text);
    Some(format!(
        "epoch {}\ntraining {}\nvalidation {validation}",
        record.epoch,
        text(train(record))
    ))
}

/// Grid lines at whole epochs, not more than about ten.
fn whole_epochs((low, high): (f64, f64)) -> Vec<GridMark> {
    let step = ((high - low) / 10.0).ceil().max(1.0);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last.min(first + 100))
        .map(|i| GridMark {
            value: i as f64 * step,
            step_size: step,
        })
        .collect()
}

fn significant_axis(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
