//! One chart: training against validation over epochs, the batches behind, earlier runs in grey.

use eframe::egui::{self, Align2, FontId, Id, Ui, Vec2b, vec2};
use egui_plot::{FilledArea, Line, LineStyle, Plot, PlotPoint, PlotPoints, PlotUi, Points, VLine};

use super::{
    axes::{self, Quantity, Scale},
    reading,
    series::{Series, Smoother},
    unscaled::Unscaled,
};
use crate::{
    train::EpochRecord,
    ui::{
        state::Training,
        theme::{self, Palette},
        widgets::states,
    },
};

/// Points drawn for each point of the screen: a lowest and a highest value, and some for what is cut at the sides.
const POINTS_PER_WIDTH: f32 = 3.0;
/// Epochs up to this number have a dot each.
const MOST_DOTS: usize = 200;

/// One chart.
pub struct Chart<'a> {
    pub scale: Scale,
    /// The run.
    pub training: &'a Training,
    /// Figures of its batches, when they are wanted, and the same smoothed.
    pub batches: Option<(&'a Series, Option<&'a Series>)>,
    /// How much the past counts in smoothed curves; 0 for none.
    pub smoothing: f64,
    /// Epochs of other runs.
    pub earlier: &'a [&'a [EpochRecord]],
    /// The chosen epoch.
    pub selected: Option<usize>,
}

/// A curve over epochs: x and height.
pub type Curve = Vec<PlotPoint>;

impl Chart<'_> {
    /// Draws it; returns the epoch that was clicked.
    pub fn ui(&self, ui: &mut Ui, height: f32) -> Option<usize> {
        let palette = theme::palette(ui);
        let title = self.scale.quantity.title();
        states::caption(ui, title);
        let group = Id::unique("curves");
        let epochs = &self.training.epochs;
        let experiment = self.training.experiment.as_deref();
        let has_phases = experiment.is_some_and(|e| e.training.phases.len() > 1);
        let name = |record: &EpochRecord| reading::phase_name(experiment, record.phase);
        let formatter = |hover: &egui_plot::HoverPosition<'_>| {
            let record = reading::nearest(epochs, reading::pointer_x(hover))?;
            let phase = has_phases.then(|| name(record));
            Some(reading::card(record, phase.as_deref()))
        };
        let plot = self
            .scale
            .plot(title, self.training.total_epochs)
            .height(height)
            .link_axis(group, Vec2b::new(true, false))
            .link_cursor(group, Vec2b::new(true, false))
            .label_formatter(formatter);
        let plot = self.first_range(plot);
        let shown = axes::quiet(ui, |ui| plot.show(ui, |plot| self.draw(plot, palette)));
        let response = &shown.response;
        for (epoch, phase) in reading::phase_starts(epochs) {
            // Between the last epoch of one phase and the first of the next.
            let start = PlotPoint::new(epoch as f64 - PHASE_MARK, 0.0);
            let x = shown.transform.position_from_point(&start).x;
            if response.rect.x_range().contains(x) {
                let at = egui::pos2(x, response.rect.top()) + vec2(4.0, 2.0);
                let words = reading::phase_name(experiment, phase);
                let font = FontId::proportional(12.0);
                let painter = ui.painter().with_clip_rect(response.rect);
                painter.text(at, Align2::LEFT_TOP, words, font, palette.muted);
            }
        }
        let words = format!("{title} curve");
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &words));
        let at = response.interact_pointer_pos();
        let at = at.filter(|_| response.clicked())?;
        let x = shown.transform.value_from_position(at).x;
        Some(reading::nearest(epochs, x)?.epoch)
    }

    /// Heights that are shown before the first epoch is done, from when on the epochs decide.
    fn first_range<'a>(&self, plot: Plot<'a>) -> Plot<'a> {
        /// Losses before anything was learnt.
        const USUAL_LOSSES: (f64, f64) = (0.1, 1.0);
        if self.scale.quantity != Quantity::Loss || !self.training.epochs.is_empty() {
            return plot;
        }
        let losses = self.batches.and_then(|(raw, _)| raw.usual_range());
        let (low, high) = losses.unwrap_or(USUAL_LOSSES);
        let heights = [low, high].map(|loss| self.scale.height(loss));
        let seen = heights.into_iter().filter(|height| height.is_finite());
        seen.fold(plot, Plot::include_y)
    }

    fn draw<'a>(&self, plot: &mut PlotUi<'a>, palette: Palette) {
        self.earlier_runs(plot, palette);
        self.batches(plot, palette);
        let (train, validation) = curves(&self.training.epochs, self.scale);
        gap(plot, &self.training.epochs, self.scale, palette);
        self.epochs(plot, "training", train, palette.training);
        self.epochs(plot, "validation", validation, palette.validation);
        let mut mark = |name: &str, x: f64, colour, style: LineStyle, width| {
            let line = VLine::new(name.to_owned(), x).width(width).style(style);
            plot.vline(line.color(colour).allow_hover(false));
        };
        for (epoch, _) in reading::phase_starts(&self.training.epochs) {
            let x = epoch as f64 - PHASE_MARK;
            mark("phase", x, palette.muted, LineStyle::dotted_dense(), 1.0);
        }
        if let Some(best) = self.training.best_epoch() {
            let (x, style) = (best.epoch as f64, LineStyle::dashed_dense());
            mark("best epoch", x, palette.muted, style, 1.0);
        }
        if let Some(epoch) = self.selected {
            let style = LineStyle::Solid;
            mark("chosen epoch", epoch as f64, palette.accent, style, 1.5);
        }
    }

    fn earlier_runs(&self, plot: &mut PlotUi<'_>, palette: Palette) {
        for epochs in self.earlier {
            let (train, validation) = curves(epochs, self.scale);
            for (curve, style) in [
                (train, LineStyle::dotted_loose()),
                (validation, LineStyle::Solid),
            ] {
                lines(plot, "earlier run", &curve, |line| {
                    let line = line.width(1.0).color(palette.faint).style(style);
                    line.allow_hover(false)
                });
            }
        }
    }

    fn batches(&self, plot: &mut PlotUi<'_>, palette: Palette) {
        let Some((raw, smooth)) = self.batches else {
            return;
        };
        let bounds = plot.plot_bounds();
        let width = plot.response().rect.width();
        // Before the first frame there are no bounds yet.
        let is_known = bounds.is_valid() && width > 1.0;
        let (from, to) = if is_known {
            (bounds.min()[0], bounds.max()[0])
        } else {
            (f64::NEG_INFINITY, f64::INFINITY)
        };
        let most = (width * POINTS_PER_WIDTH).max(500.0) as usize;
        let faded = if smooth.is_some() { 0.2 } else { 0.4 };
        for (series, opacity) in [(Some(raw), faded), (smooth, 0.6)] {
            let Some(series) = series else { continue };
            let mut points = series.within(from, to, most);
            for point in &mut points {
                point.y = self.scale.height(point.y);
            }
            let colour = palette.training.gamma_multiply(opacity);
            for part in parts(&points) {
                let line = Line::new("batches", PlotPoints::Owned(part.to_vec()));
                let line = line.width(1.0).color(colour).allow_hover(false);
                plot.add(Unscaled(line));
            }
        }
    }

    /// A curve with its dots; smoothed, the raw one stays behind it.
    fn epochs(&self, plot: &mut PlotUi<'_>, name: &str, points: Curve, colour: egui::Color32) {
        if self.smoothing > 0.0 {
            let raw = colour.gamma_multiply(0.45);
            lines(plot, name, &points, |line| {
                line.color(raw).width(1.0).allow_hover(false)
            });
        }
        let smooth = smoothed(&points, self.smoothing);
        lines(plot, name, &smooth, |line| line.color(colour).width(2.0));
        if self.smoothing == 0.0 && points.len() <= MOST_DOTS {
            let dots: Curve = points.into_iter().filter(|dot| dot.y.is_finite()).collect();
            let dots = Points::new(name.to_owned(), PlotPoints::Owned(dots));
            plot.points(dots.color(colour).radius(3.0));
        }
    }
}

/// Draws `points` as one line for each part without a gap: what is not a number has no place on the screen.
/// `restyle` gives each its looks.
pub fn lines<'a>(
    plot: &mut PlotUi<'a>,
    name: &str,
    points: &[PlotPoint],
    restyle: impl Fn(Line<'a>) -> Line<'a>,
) {
    for part in parts(points) {
        let line = Line::new(name.to_owned(), PlotPoints::Owned(part.to_vec()));
        plot.line(restyle(line));
    }
}

/// Points between two gaps.
fn parts(points: &[PlotPoint]) -> impl Iterator<Item = &[PlotPoint]> {
    let parts = points.split(|point| !point.y.is_finite());
    parts.filter(|part| !part.is_empty())
}

/// A phase begins this much before its first epoch is done.
const PHASE_MARK: f64 = 1.0;

/// Training and validation over epochs; without validation the second is empty.
pub fn curves(epochs: &[EpochRecord], scale: Scale) -> (Curve, Curve) {
    let quantity = scale.quantity;
    let point =
        |record: &EpochRecord, value: f64| PlotPoint::new(record.epoch as f64, scale.height(value));
    let train = |record: &EpochRecord| point(record, quantity.train(record));
    let validation = |record: &EpochRecord| Some(point(record, quantity.validation(record)?));
    (
        epochs.iter().map(train).collect(),
        epochs.iter().filter_map(validation).collect(),
    )
}

/// The room between training and validation, softly filled; it ends where a value is missing.
fn gap(plot: &mut PlotUi<'_>, epochs: &[EpochRecord], scale: Scale, palette: Palette) {
    let quantity = scale.quantity;
    let both = |record: &EpochRecord| {
        let train = scale.height(quantity.train(record));
        let validation = scale.height(quantity.validation(record)?);
        let is_whole = train.is_finite() && validation.is_finite();
        is_whole.then_some((record.epoch as f64, train, validation))
    };
    let rows: Vec<Option<(f64, f64, f64)>> = epochs.iter().map(both).collect();
    for part in rows.split(Option::is_none) {
        let part: Vec<(f64, f64, f64)> = part.iter().filter_map(|row| *row).collect();
        if part.len() < 2 {
            continue;
        }
        let xs: Vec<f64> = part.iter().map(|row| row.0).collect();
        let low: Vec<f64> = part.iter().map(|row| row.1.min(row.2)).collect();
        let high: Vec<f64> = part.iter().map(|row| row.1.max(row.2)).collect();
        let fill = palette.faint.gamma_multiply(0.25);
        plot.add(
            FilledArea::new("gap", &xs, &low, &high)
                .fill_color(fill)
                .allow_hover(false),
        );
    }
}

/// Points of both charts, extended as steps come, so that a frame reads none of them twice.
#[derive(Default)]
pub struct Batches {
    per_epoch: usize,
    weight: f64,
    /// Number of the last step that was taken.
    last_step: usize,
    accuracy: Figures,
    loss: Figures,
}

/// A figure of every step, raw and smoothed.
#[derive(Default)]
struct Figures {
    raw: Series,
    smooth: Option<(Smoother, Series)>,
}

impl Figures {
    fn new(weight: f64) -> Self {
        Self {
            raw: Series::default(),
            smooth: (weight > 0.0).then(|| (Smoother::new(weight), Series::default())),
        }
    }

    fn push(&mut self, x: f64, y: f64) {
        self.raw.push(x, y);
        if let Some((smoother, smooth)) = &mut self.smooth {
            smooth.push(x, smoother.next(y));
        }
    }
}

impl Batches {
    /// Takes the steps that have come.
    pub fn update(&mut self, training: &Training, weight: f64) {
        let per_epoch = training.steps_per_epoch.max(1);
        let steps = &training.steps;
        let last = self.loss.raw.len().checked_sub(1);
        let is_there = |last: usize| steps.get(last).is_some_and(|s| s.step == self.last_step);
        let is_same = per_epoch == self.per_epoch && weight == self.weight;
        if !is_same || !last.is_none_or(is_there) {
            *self = Self {
                per_epoch,
                weight,
                last_step: 0,
                accuracy: Figures::new(weight),
                loss: Figures::new(weight),
            };
        }
        for record in &steps[self.loss.raw.len()..] {
            let x = record.step as f64 / per_epoch as f64;
            self.accuracy.push(x, record.accuracy);
            self.loss.push(x, record.loss);
            self.last_step = record.step;
        }
    }

    /// The figures of a chart, raw and smoothed.
    pub fn of(&self, quantity: Quantity) -> (&Series, Option<&Series>) {
        let figures = match quantity {
            Quantity::Accuracy => &self.accuracy,
            Quantity::Loss => &self.loss,
        };
        let smooth = figures.smooth.as_ref();
        (&figures.raw, smooth.map(|(_, smooth)| smooth))
    }
}

/// `curve` smoothed.
pub fn smoothed(curve: &Curve, weight: f64) -> Curve {
    let mut smoother = Smoother::new(weight);
    let smooth = |point: &PlotPoint| PlotPoint::new(point.x, smoother.next(point.y));
    curve.iter().map(smooth).collect()
}
