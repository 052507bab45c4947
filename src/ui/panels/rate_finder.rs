//! The learning-rate finder: loss against rising learning rates, a suggestion, and a button to take it.

use eframe::egui::{self, RichText, Ui};
use egui_plot::{
    AxisHints, GridMark, HoverPosition, Line, LineStyle, Plot, PlotBounds, PlotPoints, PlotUi,
    Points, VLine,
};

use super::{
    Cx, Panel,
    curves::{axes, reading::pointer_x},
};
use crate::{
    engine::{FindRateRequest, JobId},
    train::lr_finder::{FIRST_RATE, LAST_RATE, RateCurve, RatePoint, STEPS},
    ui::{
        action::{Action, EditAction, TrainingAction},
        format::significant,
        theme,
        widgets::{buttons, fields, needs, states},
    },
};

const WHAT: &str = "Tries rates from tiny to huge, one per step, on a copy of the network that is thrown away. A good \
                    rate is where the loss falls fastest.";

/// View state: the position of the chosen phase, from 0.
#[derive(Default)]
pub struct RateFinder {
    phase: usize,
}

impl Panel for RateFinder {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if needs::dataset(ui, cx, "Learning rates").is_none() {
            return;
        }
        let finder = cx.state.slot::<FindRateRequest>();
        if let Some((job, asked)) = finder.waiting() {
            self.phase = asked.phase;
            let partial = finder.partial.as_ref();
            let partial = partial.filter(|curve| curve.points.len() > 1);
            searching_ui(ui, cx, (job, asked.phase), partial.is_some());
            if let Some(curve) = partial {
                self.plot_ui(ui, cx, curve);
            }
            return;
        }
        self.choice_ui(ui, cx);
        let answered = finder.answered.as_ref();
        let answered = answered.filter(|(of, _)| of.phase == self.phase);
        let curve = answered.map(|(_, curve)| curve);
        search_ui(ui, cx, self.phase, curve.is_some());
        states::failure(ui, finder.failed.as_ref());
        if let Some(curve) = curve {
            suggestion_ui(ui, cx, self.phase, curve);
            if !curve.points.is_empty() {
                self.plot_ui(ui, cx, curve);
            }
        }
    }
}

/// Progress, in one line once there is a curve to show below.
fn searching_ui(ui: &mut Ui, cx: &mut Cx<'_>, (job, phase): (JobId, usize), has_curve: bool) {
    let phases = &cx.state.experiment.training.phases;
    if let Some(phase) = phases.get(phase).filter(|_| phases.len() > 1) {
        states::caption(ui, format!("Phase {}", phase.name));
    }
    let progress = cx.progress(job);
    if has_curve {
        ui.horizontal(|ui| {
            if ui.button("Cancel").clicked() {
                cx.push(Action::Cancel(job));
            }
            states::progress_bar(ui, progress, 280.0);
        });
        return;
    }
    // Before the first step the images are read.
    let reads = progress.is_some_and(|progress| progress.total != STEPS);
    let words = if reads {
        "Reading the images"
    } else {
        "Trying learning rates"
    };
    cx.loading_ui(ui, words, job);
}

/// What it does and the button that does it.
fn search_ui(ui: &mut Ui, cx: &mut Cx<'_>, phase: usize, has_curve: bool) {
    ui.add(egui::Label::new(WHAT).wrap());
    let reason = cx.state.why_not_train();
    let words = if has_curve {
        "Find again"
    } else {
        "Find a learning rate"
    };
    let tip = "About a hundred steps with the settings as they are";
    if buttons::primary(ui, words, tip, reason.as_deref()) {
        cx.push(TrainingAction::FindRate { phase });
    }
    if let Some(reason) = reason {
        states::caption(ui, reason);
    }
}

/// What was found, and taking it.
fn suggestion_ui(ui: &mut Ui, cx: &mut Cx<'_>, phase: usize, curve: &RateCurve) {
    ui.add_space(theme::GRID);
    let Some(rate) = curve.suggestion else {
        let words = if curve.points.is_empty() {
            "The loss was not finite from the first step on: look at the normalisation and the initial weights."
        } else {
            "The loss does not fall at any rate: look at the labels, the frozen layers and the network."
        };
        ui.add(egui::Label::new(words).wrap());
        return;
    };
    let mut training = cx.state.experiment.training.clone();
    let Some(phase) = training.phases.get_mut(phase) else {
        return;
    };
    let now = phase.optimizer.learning_rate();
    let is_taken = (now / rate - 1.0).abs() < 1e-9;
    let is_running = cx.state.training.is_running();
    phase.optimizer.set_learning_rate(rate);
    let tip = format!("Makes it the learning rate of the phase {}", phase.name);
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(format!("Suggestion: {rate}")).strong());
        let why_not = if is_running {
            "A run goes on: stop it first"
        } else {
            "It is the learning rate already"
        };
        if buttons::enabled(ui, !is_taken && !is_running, "Use it", tip, why_not) {
            cx.push(EditAction::Training(training));
        }
    });
}

impl RateFinder {
    /// Which phase, where there are several.
    fn choice_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let phases = &cx.state.experiment.training.phases;
        self.phase = self.phase.min(phases.len().saturating_sub(1));
        if phases.len() < 2 {
            return;
        }
        let tip = "Rates are tried with the initial weights, the optimizer and the frozen layers of this phase";
        let name = |position: usize| format!("{} · {}", position + 1, phases[position].name);
        let current = name(self.phase);
        ui.horizontal(|ui| {
            let options = || (0..phases.len()).map(|at| (at, name(at))).collect();
            let chosen = fields::choice(ui, "Phase", tip, 200.0, (&self.phase, &current), options);
            if let Some(phase) = chosen {
                self.phase = phase;
            }
        });
    }

    fn plot_ui(&self, ui: &mut Ui, cx: &Cx<'_>, curve: &RateCurve) {
        let palette = theme::palette(ui);
        states::caption(ui, "Loss by learning rate; dashed: the rate now");
        let phase = cx.state.experiment.training.phases.get(self.phase);
        let now = phase.map(|phase| phase.optimizer.learning_rate());
        let plot = Plot::new("rates")
            .height((ui.available_height() - 8.0).max(120.0))
            .allow_scroll(false)
            .allow_drag(false)
            .allow_zoom(false)
            .allow_boxed_zoom(false)
            .show_background(false)
            .x_grid_spacer(|input| decades(input.bounds, input.base_step_size))
            .custom_x_axes(vec![rate_axis()])
            .label_formatter(|hover| reading(hover, curve));
        // About a hundred of them.
        let points = |loss: fn(&RatePoint) -> f64| -> PlotPoints<'_> {
            let at = |point: &RatePoint| [point.learning_rate.log10(), loss(point)];
            curve.points.iter().map(at).collect()
        };
        let draw = |plot: &mut PlotUi<'_>| {
            plot.set_plot_bounds(bounds(curve));
            let raw = Points::new("batches", points(|point| point.loss)).radius(1.5);
            plot.points(raw.color(palette.training.gamma_multiply(0.4)));
            let smoothed = Line::new("smoothed", points(|point| point.smoothed)).width(2.0);
            plot.line(smoothed.color(palette.training));
            if let Some(now) = now {
                let line = VLine::new("now", now.log10()).width(1.0);
                plot.vline(line.color(palette.muted).style(LineStyle::dashed_dense()));
            }
            let is_found = !cx.state.waits_for::<FindRateRequest>();
            if let Some(rate) = curve.suggestion.filter(|_| is_found) {
                let line = VLine::new("suggestion", rate.log10()).width(2.0);
                plot.vline(line.color(palette.good));
            }
        };
        let shown = axes::quiet(ui, |ui| plot.show(ui, draw));
        let name = || egui::WidgetInfo::labeled(egui::Role::Image, true, "Loss by learning rate");
        shown.response.widget_info(name);
    }
}

/// Decades left free on both sides.
const SIDE: f64 = 0.3;

/// The explosion at the end would press the rest flat: losses are shown up to a little above the first ones.
fn bounds(curve: &RateCurve) -> PlotBounds {
    let smoothed = || curve.points.iter().map(|point| point.smoothed);
    let first = smoothed().next().unwrap_or(1.0);
    let lowest = smoothed().fold(first, f64::min);
    let highest = smoothed().fold(first, f64::max);
    let fall = (first - lowest).max(0.05 * first.abs()).max(1e-6);
    let top = highest.min(first + 0.5 * fall) + 0.1 * fall;
    PlotBounds::from_min_max(
        [FIRST_RATE.log10() - SIDE, lowest - 0.2 * fall],
        [LAST_RATE.log10() + SIDE, top],
    )
}

/// Width of a label, in the units of `base_step`, egui_plot's least distance of grid lines.
const LABEL_WIDTH: f64 = 6.0;

/// Grid lines at whole powers of ten, at every second one and so on where labels would not fit.
fn decades((low, high): (f64, f64), base_step: f64) -> Vec<GridMark> {
    let every = (LABEL_WIDTH * base_step).ceil().max(1.0);
    axes::marks((low / every).ceil(), (high / every).floor(), every)
}

/// The rate at a mark: `0.001`, `1e-6`.
fn rate_axis<'a>() -> AxisHints<'a> {
    AxisHints::new_x()
        .formatter(|mark, _| axes::decade(mark.value))
        .label_spacing(axes::LABEL_SPACING)
}

/// The step nearest to the pointer.
fn reading(hover: &HoverPosition<'_>, curve: &RateCurve) -> Option<String> {
    let distance = |of: &RatePoint| (of.learning_rate.log10() - pointer_x(hover)).abs();
    let points = curve.points.iter();
    let nearest = points.min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    let [rate, loss, smoothed] =
        [nearest.learning_rate, nearest.loss, nearest.smoothed].map(significant);
    Some(format!(
        "learning rate {rate}\nloss {loss}\nsmoothed {smoothed}"
    ))
}
