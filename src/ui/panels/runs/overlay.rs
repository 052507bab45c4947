//! Curves of the chosen runs over each other, one figure at a time. A run has a number and a colour, the same as in
//! the table.

use std::sync::Arc;

use eframe::egui::{self, Align2, Checkbox, FontId, RichText, ScrollArea, Ui, vec2};
use egui_plot::{LineStyle, PlotPoint, PlotTransform};

use crate::{
    colours::RUNS,
    engine::ReadRun,
    train::{
        EpochRecord,
        runs::{RunRecord, several::NamedHistory},
    },
    ui::{
        format::shortened,
        panels::{
            Cx, Panel,
            curves::{
                axes::{self, Quantity, Scale},
                chart, export_ui as export_menu_ui, reading, smoothing_ui,
            },
        },
        theme,
        widgets::{fields, states},
    },
};

/// Letters of a name in the legend.
const LONGEST_NAME: usize = 32;
/// Runs that are named beside the pointer.
const MOST_NAMED: usize = 12;

/// Which figure is drawn, and whether that of the validation part.
type Figure = (Quantity, bool);

const FIGURES: [(Figure, &str); 4] = [
    ((Quantity::Accuracy, true), "validation accuracy"),
    ((Quantity::Loss, true), "validation loss"),
    ((Quantity::Accuracy, false), "training accuracy"),
    ((Quantity::Loss, false), "training loss"),
];

fn value((quantity, of_validation): Figure, record: &EpochRecord) -> Option<f64> {
    if of_validation {
        quantity.validation(record)
    } else {
        Some(quantity.train(record))
    }
}

/// View state.
pub struct RunCurves {
    figure: Figure,
    is_log: bool,
    smoothing: f64,
}

impl Default for RunCurves {
    fn default() -> Self {
        Self {
            figure: FIGURES[0].0,
            is_log: false,
            smoothing: 0.0,
        }
    }
}

/// One run of the picture: its place among the chosen ones, its name and its epochs.
type Drawn<'a> = (usize, String, &'a [EpochRecord]);

impl Panel for RunCurves {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if cx.state.runs.chosen.is_empty() {
            let sentence = "Choose runs in the table to lay their curves over each other.";
            states::empty(ui, sentence, None);
            return;
        }
        let book = &cx.state.runs;
        let is_read = |run: &Arc<RunRecord>| cx.state.figures(&run.folder).is_some();
        let is_any_read = book.chosen_runs().any(is_read);
        self.bar_ui(ui, cx, is_any_read);
        let mut runs: Vec<Drawn<'_>> = Vec::new();
        for (place, run) in book.chosen_runs().enumerate() {
            if let Some(message) = &cx.state.slot_of::<ReadRun>(&run.folder).failed {
                states::failed(ui, message);
            }
            let figures = cx.state.figures(&run.folder);
            runs.extend(figures.map(|figures| (place, run.name(), &*figures.history)));
        }
        legend_ui(ui, &runs);
        if let Some(epoch) = self.plot_ui(ui, &runs, cx.state.selection.epoch) {
            let selected = cx.state.selection.epoch;
            cx.select(|to| to.epoch = (selected != Some(epoch)).then_some(epoch));
        }
    }
}

fn legend_ui(ui: &mut Ui, runs: &[Drawn<'_>]) {
    let area = ScrollArea::vertical().max_height(44.0);
    area.auto_shrink([false, true]).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            for (place, name, _) in runs {
                let words = format!("{} {}", place + 1, shortened(name, LONGEST_NAME));
                let colour = theme::run_colour(ui, *place);
                let label = egui::Label::new(RichText::new(words).small().color(colour));
                ui.add(label.extend()).on_hover_text(name);
            }
        });
    });
}

impl RunCurves {
    fn bar_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, is_read: bool) {
        ui.horizontal_wrapped(|ui| {
            let tip = "Which figure of each run is drawn over its epochs";
            fields::one_of(ui, "Figure", tip, 148.0, &mut self.figure, &FIGURES);
            let is_loss = self.figure.0 == Quantity::Loss;
            ui.add_enabled(is_loss, Checkbox::new(&mut self.is_log, "log loss"))
                .on_hover_text("Draw losses on a logarithmic axis. Default: off")
                .on_disabled_hover_text("Accuracies are drawn as they are");
            smoothing_ui(ui, &mut self.smoothing);
            if is_read {
                // What is drawn: one run as it is, several in one table or picture.
                export_menu_ui(ui, cx, |state| {
                    let runs = state.runs.chosen_runs().filter_map(|run| {
                        Some(NamedHistory {
                            name: run.name(),
                            epochs: state.figures(&run.folder)?.history.clone(),
                        })
                    });
                    runs.collect()
                });
            }
        });
    }

    /// Returns the epoch that was clicked.
    fn plot_ui(&self, ui: &mut Ui, runs: &[Drawn<'_>], selected: Option<usize>) -> Option<usize> {
        let quantity = self.figure.0;
        let scale = Scale {
            quantity,
            is_log: self.is_log && quantity == Quantity::Loss,
        };
        let longest = runs.iter().map(|(_, _, epochs)| epochs.len());
        let longest = longest.max().unwrap_or(0);
        let figure = self.figure;
        let formatter = |hover: &egui_plot::HoverPosition<'_>| {
            let epoch = reading::pointer_x(hover).round().max(1.0) as usize;
            Some(card(runs, figure, epoch))
        };
        let plot = scale
            .plot("runs", longest)
            .height(ui.available_height().max(80.0))
            .label_formatter(formatter);
        let palette = theme::palette(ui);
        let colour = |(place, ..): &Drawn<'_>| theme::run_colour(ui, *place);
        let colours: Vec<egui::Color32> = runs.iter().map(colour).collect();
        let mut ends: Vec<(PlotPoint, usize)> = Vec::new();
        let shown = axes::quiet(ui, |ui| {
            plot.show(ui, |plot| {
                for ((place, name, epochs), colour) in runs.iter().zip(&colours) {
                    let raw = self.curve(epochs, scale);
                    if self.smoothing > 0.0 {
                        let faded = colour.gamma_multiply(0.4);
                        chart::lines(plot, name, &raw, |line| {
                            line.color(faded).width(1.0).allow_hover(false)
                        });
                    }
                    let smooth = chart::smoothed(&raw, self.smoothing);
                    let last = smooth.iter().rfind(|point| point.y.is_finite());
                    ends.extend(last.map(|end| (*end, *place)));
                    chart::lines(plot, name, &smooth, |line| {
                        line.color(*colour).width(2.0).style(dashes(*place))
                    });
                }
                if let Some(epoch) = selected.filter(|epoch| *epoch <= longest) {
                    let line = egui_plot::VLine::new("chosen epoch", epoch as f64);
                    plot.vline(line.color(palette.accent).width(1.5).allow_hover(false));
                }
            })
        });
        let response = &shown.response;
        numbers_ui(ui, response.rect, &shown.transform, &ends);
        response.widget_info(|| {
            let words = format!(
                "{} of {} runs",
                fields::words_of(&FIGURES, &self.figure),
                runs.len()
            );
            egui::WidgetInfo::labeled(egui::Role::Image, true, words)
        });
        let at = response.interact_pointer_pos();
        let x = at.map(|at| shown.transform.value_from_position(at).x);
        let epoch = x.map(|x| x.round().max(0.0) as usize);
        epoch.filter(|epoch| response.clicked() && (1..=longest).contains(epoch))
    }

    /// The figure over epochs.
    fn curve(&self, epochs: &[EpochRecord], scale: Scale) -> chart::Curve {
        let point = |record: &EpochRecord| {
            let height = scale.height(value(self.figure, record)?);
            Some(PlotPoint::new(record.epoch as f64, height))
        };
        epochs.iter().filter_map(point).collect()
    }
}

/// The number of each run at the end of its curve.
fn numbers_ui(ui: &Ui, rect: egui::Rect, transform: &PlotTransform, ends: &[(PlotPoint, usize)]) {
    let painter = ui.painter().with_clip_rect(rect);
    for (end, place) in ends {
        let at = transform.position_from_point(end) + vec2(-3.0, -1.0);
        let (font, colour) = (FontId::proportional(12.0), theme::run_colour(ui, *place));
        painter.text(at, Align2::RIGHT_BOTTOM, place + 1, font, colour);
    }
}

/// Further runs of a colour are dashed.
fn dashes(place: usize) -> LineStyle {
    match place / RUNS.len() % 3 {
        0 => LineStyle::Solid,
        1 => LineStyle::dashed_loose(),
        _ => LineStyle::dotted_loose(),
    }
}

/// The figure of every run at an epoch.
fn card(runs: &[Drawn<'_>], figure: Figure, epoch: usize) -> String {
    let mut words = format!("epoch {epoch} · {}", fields::words_of(&FIGURES, &figure));
    for (place, name, epochs) in runs.iter().take(MOST_NAMED) {
        let record = epochs.iter().find(|record| record.epoch == epoch);
        let height = record.and_then(|record| value(figure, record));
        let height = height.map_or("–".to_owned(), |height| figure.0.words(height));
        let name = shortened(name, LONGEST_NAME);
        words.push_str(&format!("\n{} {name}: {height}", place + 1));
    }
    if runs.len() > MOST_NAMED {
        words.push_str(&format!("\nand {} more", runs.len() - MOST_NAMED));
    }
    words
}
