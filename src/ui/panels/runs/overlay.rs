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
        action::Action,
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

/// Which figure is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Figure {
    quantity: Quantity,
    of_validation: bool,
}

impl Figure {
    const ALL: [(Self, &'static str); 4] = [
        (Self::new(Quantity::Accuracy, true), "validation accuracy"),
        (Self::new(Quantity::Loss, true), "validation loss"),
        (Self::new(Quantity::Accuracy, false), "training accuracy"),
        (Self::new(Quantity::Loss, false), "training loss"),
    ];

    const fn new(quantity: Quantity, of_validation: bool) -> Self {
        Self {
            quantity,
            of_validation,
        }
    }

    fn words(self) -> &'static str {
        fields::words_of(&Self::ALL, &self)
    }

    fn of(self, record: &EpochRecord) -> Option<f64> {
        if self.of_validation {
            self.quantity.validation(record)
        } else {
            Some(self.quantity.train(record))
        }
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
            figure: Figure::ALL[0].0,
            is_log: false,
            smoothing: 0.0,
        }
    }
}

/// One run of the picture.
struct Drawn<'a> {
    place: usize,
    name: String,
    epochs: &'a [EpochRecord],
}

impl Panel for RunCurves {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if cx.state.runs.chosen.is_empty() {
            let sentence = "Choose runs in the table to lay their curves over each other.";
            states::empty(ui, sentence, None);
            return;
        }
        self.bar_ui(ui, cx);
        problems_ui(ui, cx);
        let book = &cx.state.runs;
        let runs: Vec<Drawn<'_>> = book
            .chosen_runs()
            .enumerate()
            .filter_map(|(place, run)| {
                Some(Drawn {
                    place,
                    name: run.name(),
                    epochs: &cx.state.figures(&run.folder)?.history,
                })
            })
            .collect();
        legend_ui(ui, &runs);
        if let Some(epoch) = self.plot_ui(ui, &runs, cx.state.selection.epoch) {
            let selection = cx.state.selection.clone();
            let epoch = (selection.epoch != Some(epoch)).then_some(epoch);
            cx.push(Action::Select(crate::ui::state::Selection {
                epoch,
                ..selection
            }));
        }
    }
}

/// Runs that cannot be read.
fn problems_ui(ui: &mut Ui, cx: &Cx<'_>) {
    for run in cx.state.runs.chosen_runs() {
        if let Some(message) = &cx.state.slot_of::<ReadRun>(&run.folder).failed {
            states::failed(ui, message);
        }
    }
}

fn legend_ui(ui: &mut Ui, runs: &[Drawn<'_>]) {
    let area = ScrollArea::vertical()
        .max_height(44.0)
        .auto_shrink([false, true]);
    area.show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            for run in runs {
                let name = shortened(&run.name, LONGEST_NAME);
                let words = format!("{} {name}", run.place + 1);
                let colour = theme::run_colour(ui, run.place);
                let label = egui::Label::new(RichText::new(words).small().color(colour));
                ui.add(label.extend()).on_hover_text(&run.name);
            }
        });
    });
}

/// Exports what is drawn: one run as it is, several in one table or picture.
fn export_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let book = &cx.state.runs;
    let is_read = |run: &Arc<RunRecord>| cx.state.figures(&run.folder).is_some();
    if !book.chosen_runs().any(is_read) {
        return;
    }
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

impl RunCurves {
    fn bar_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        ui.horizontal_wrapped(|ui| {
            let tip = "Which figure of each run is drawn over its epochs";
            fields::one_of(ui, "Figure", tip, 148.0, &mut self.figure, &Figure::ALL);
            let is_loss = self.figure.quantity == Quantity::Loss;
            ui.add_enabled(is_loss, Checkbox::new(&mut self.is_log, "log loss"))
                .on_hover_text("Draw losses on a logarithmic axis. Default: off")
                .on_disabled_hover_text("Accuracies are drawn as they are");
            smoothing_ui(ui, &mut self.smoothing);
            export_ui(ui, cx);
        });
    }

    /// Returns the epoch that was clicked.
    fn plot_ui(&self, ui: &mut Ui, runs: &[Drawn<'_>], selected: Option<usize>) -> Option<usize> {
        let quantity = self.figure.quantity;
        let scale = Scale {
            quantity,
            is_log: self.is_log && quantity == Quantity::Loss,
        };
        let longest = runs.iter().map(|run| run.epochs.len()).max().unwrap_or(0);
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
        let colours: Vec<egui::Color32> = runs
            .iter()
            .map(|run| theme::run_colour(ui, run.place))
            .collect();
        let mut ends: Vec<(PlotPoint, usize)> = Vec::new();
        let shown = axes::quiet(ui, |ui| {
            plot.show(ui, |plot| {
                for (run, colour) in runs.iter().zip(&colours) {
                    let raw = self.curve(run.epochs, scale);
                    if self.smoothing > 0.0 {
                        let faded = colour.gamma_multiply(0.4);
                        chart::lines(plot, &run.name, &raw, |line| {
                            line.color(faded).width(1.0).allow_hover(false)
                        });
                    }
                    let smooth = chart::smoothed(&raw, self.smoothing);
                    let last = smooth.iter().rfind(|point| point.y.is_finite());
                    ends.extend(last.map(|end| (*end, run.place)));
                    chart::lines(plot, &run.name, &smooth, |line| {
                        line.color(*colour).width(2.0).style(dashes(run.place))
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
            let words = format!("{} of {} runs", self.figure.words(), runs.len());
            egui::WidgetInfo::labeled(egui::Role::Image, true, words)
        });
        let at = response.interact_pointer_pos();
        let x = at.map(|at| shown.transform.value_from_position(at).x);
        let is_epoch = |epoch: &usize| (1..=longest).contains(epoch);
        x.filter(|_| response.clicked())
            .map(|x| x.round().max(0.0) as usize)
            .filter(is_epoch)
    }

    /// The figure over epochs.
    fn curve(&self, epochs: &[EpochRecord], scale: Scale) -> chart::Curve {
        let point = |record: &EpochRecord| {
            let height = scale.height(self.figure.of(record)?);
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
    let mut words = format!("epoch {epoch} · {}", figure.words());
    for run in runs.iter().take(MOST_NAMED) {
        let record = run.epochs.iter().find(|record| record.epoch == epoch);
        let value = record.and_then(|record| figure.of(record));
        let value = value.map_or("–".to_owned(), |value| figure.quantity.words(value));
        let name = shortened(&run.name, LONGEST_NAME);
        words.push_str(&format!("\n{} {name}: {value}", run.place + 1));
    }
    if let Some(more) = runs.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
        words.push_str(&format!("\nand {more} more"));
    }
    words
}
