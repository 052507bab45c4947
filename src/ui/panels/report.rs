//! The Classification report panel: precision, recall and F1 of every class.

use std::sync::Arc;

use eframe::egui::{Align, Label, Layout, RichText, ScrollArea, Ui};
use egui_extras::{Column, TableBuilder, TableRow};

use super::{Cx, Panel};
use crate::{
    data::SplitName,
    train::{Evaluation, metrics::ClassScore},
    ui::{
        format::{counted, thousands},
        widgets::{
            cached::{Cached, Same},
            classes, needs, states,
        },
    },
};

/// Height of a row in points.
const ROW: f32 = 24.0;
/// Width of a column of numbers.
const NUMBER: f32 = 60.0;
/// Least width of the column of names.
const LEAST_NAME: f32 = 110.0;

/// Headings of the numbers and what they mean.
const NUMBERS: [(&str, &str); 4] = [
    (
        "precision",
        "Of the images that the model called this class, the share that is",
    ),
    (
        "recall",
        "Of the images that are this class, the share that the model called so",
    ),
    ("F1", "Harmonic mean of precision and recall"),
    ("support", "How many images are this class"),
];

/// What the table is made from, once per evaluation.
#[derive(Clone)]
struct Scores {
    classes: Arc<[ClassScore]>,
    macro_average: ClassScore,
    weighted_average: ClassScore,
}

/// View state.
#[derive(Default)]
pub struct Report {
    scores: Cached<Same<Evaluation>, Scores>,
}

impl Panel for Report {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(evaluation) = needs::evaluation(ui, cx, "Precision and recall") else {
            return;
        };
        let scores = self.scores.get(Same::of(&evaluation), || Scores {
            classes: evaluation.confusion.class_scores().into(),
            macro_average: evaluation.confusion.macro_average(),
            weighted_average: evaluation.confusion.weighted_average(),
        });
        let part = evaluation.split.map_or("all images", SplitName::word);
        let images = counted(evaluation.samples.len(), "image");
        states::caption(
            ui,
            format!("{part} · epoch {} · {images}", evaluation.epoch),
        );
        let names = classes::names(cx.state, evaluation.confusion.classes());
        ScrollArea::horizontal().auto_shrink(false).show(ui, |ui| {
            table_ui(ui, names, &scores, evaluation.accuracy());
        });
    }
}

fn table_ui(ui: &mut Ui, names: &[String], scores: &Scores, accuracy: f64) {
    let gap = ui.spacing().item_spacing.x;
    let name_width = (ui.available_width() - 4.0 * (NUMBER + gap) - gap).clamp(LEAST_NAME, 280.0);
    let total = scores.macro_average.support;
    let classes = scores.classes.len();
    TableBuilder::new(ui)
        .striped(true)
        .auto_shrink(false)
        .cell_layout(Layout::left_to_right(Align::Center))
        .column(Column::exact(name_width).clip(true))
        .columns(Column::exact(NUMBER), NUMBERS.len())
        .header(ROW, |mut row| {
            row.col(|ui| {
                states::caption(ui, "class");
            });
            for (heading, meaning) in NUMBERS {
                number(&mut row, |ui| {
                    states::caption(ui, heading).on_hover_text(meaning);
                });
            }
        })
        .body(|body| {
            body.rows(ROW, classes + 3, |mut row| {
                let index = row.index();
                row.set_overline(index == classes);
                match (scores.classes.get(index), index.saturating_sub(classes)) {
                    (Some(score), _) => {
                        row.col(|ui| {
                            classes::chip(ui, index);
                            let name = classes::name(names, index);
                            ui.add(Label::new(&name).truncate()).on_hover_text(&name);
                        });
                        score_cells(&mut row, score);
                    }
                    (None, 0) => accuracy_cells(&mut row, accuracy, total),
                    (None, 1) => average_cells(&mut row, "macro average", &scores.macro_average),
                    (None, _) => {
                        average_cells(&mut row, "weighted average", &scores.weighted_average);
                    }
                }
            });
        });
}

fn accuracy_cells(row: &mut TableRow<'_, '_>, accuracy: f64, total: u64) {
    row.col(|ui| {
        ui.strong("accuracy")
            .on_hover_text("Share of all images classified correctly");
    });
    number(row, |_| {});
    number(row, |_| {});
    number(row, |ui| {
        ui.label(RichText::new(format!("{accuracy:.4}")).strong());
    });
    number(row, |ui| {
        ui.label(thousands(total as usize));
    });
}

fn average_cells(row: &mut TableRow<'_, '_>, words: &str, score: &ClassScore) {
    let meaning = match words {
        "macro average" => "Mean over the classes, each counting the same",
        _ => "Mean over the classes, each counting as often as it occurs",
    };
    row.col(|ui| {
        ui.strong(words).on_hover_text(meaning);
    });
    score_cells(row, score);
}

fn score_cells(row: &mut TableRow<'_, '_>, score: &ClassScore) {
    for value in [score.precision, score.recall, score.f1] {
        number(row, |ui| {
            ui.label(format!("{value:.4}"));
        });
    }
    number(row, |ui| {
        ui.label(thousands(score.support as usize));
    });
}

/// A cell with its content at the right.
fn number(row: &mut TableRow<'_, '_>, add: impl FnOnce(&mut Ui)) {
    row.col(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), add);
    });
}
