//! The Classification report panel: precision, recall and F1 of every class.

use std::sync::Arc;

use eframe::egui::{Align, Label, Layout, RichText, ScrollArea, Ui};
use egui_extras::{Column, TableBuilder, TableRow};

use super::{Cx, Panel, confusion::about};
use crate::{
    train::{
        ClassificationReport, Evaluation,
        report::{ReportRow, RowKind},
    },
    ui::{
        format::thousands,
        widgets::{
            cached::{Cached, Same},
            classes, copy, needs, states,
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
    ("f1-score", "Harmonic mean of precision and recall"),
    ("support", "How many images are this class"),
];

/// View state.
#[derive(Default)]
pub struct Report {
    made: Cached<(Same<Evaluation>, Vec<String>), Arc<ClassificationReport>>,
}

impl Panel for Report {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(evaluation) = needs::evaluation(ui, cx, "Precision and recall") else {
            return;
        };
        let names = classes::names(cx.state, evaluation.confusion.classes());
        let key = (Same::of(&evaluation), names.to_vec());
        let report = self.made.get(key, || {
            Arc::new(ClassificationReport::new(&evaluation.confusion, names))
        });
        ui.horizontal_wrapped(|ui| {
            copy::buttons(ui, "report", || report.text(), || report.csv());
            states::caption(ui, about(&evaluation));
        });
        ScrollArea::horizontal().auto_shrink(false).show(ui, |ui| {
            table_ui(ui, &report.rows);
        });
    }
}

fn table_ui(ui: &mut Ui, rows: &[ReportRow]) {
    let gap = ui.spacing().item_spacing.x;
    let name_width = (ui.available_width() - 4.0 * (NUMBER + gap) - gap).clamp(LEAST_NAME, 280.0);
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
            body.rows(ROW, rows.len(), |mut row| {
                let of = &rows[row.index()];
                row.set_overline(of.kind == RowKind::Accuracy);
                row.col(|ui| name_ui(ui, of));
                for share in [of.precision, of.recall] {
                    number(&mut row, |ui| {
                        ui.label(share.map_or_else(String::new, four_decimals));
                    });
                }
                number(&mut row, |ui| {
                    let text = RichText::new(four_decimals(of.f1));
                    ui.label(match of.kind {
                        RowKind::Accuracy => text.strong(),
                        _ => text,
                    });
                });
                number(&mut row, |ui| {
                    ui.label(thousands(of.support as usize));
                });
            });
        });
}

fn name_ui(ui: &mut Ui, row: &ReportRow) {
    let meaning = match row.kind {
        RowKind::Class(class) => {
            classes::chip(ui, class);
            classes::middle_label(ui, &row.name);
            return;
        }
        RowKind::Accuracy => "Share of all images classified correctly",
        RowKind::MacroAverage => "Mean over the classes, each counting the same",
        RowKind::WeightedAverage => "Mean over the classes, each counting as often as it occurs",
    };
    ui.add(Label::new(RichText::new(&row.name).strong()).truncate())
        .on_hover_text(meaning);
}

fn four_decimals(share: f64) -> String {
    format!("{share:.4}")
}

/// A cell with its content at the right.
fn number(row: &mut TableRow<'_, '_>, add: impl FnOnce(&mut Ui)) {
    row.col(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), add);
    });
}
