//! The Classification report panel: precision, recall and F1 of every class.

use std::sync::Arc;

use eframe::egui::{Label, RichText, Ui};

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
            table::{Order, Table},
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
        table_ui(ui, cx, &report.rows);
    }
}

fn table_ui(ui: &mut Ui, cx: &mut Cx<'_>, rows: &[ReportRow]) {
    let gap = ui.spacing().item_spacing.x;
    let name_width = (ui.available_width() - 4.0 * (NUMBER + gap) - gap).clamp(LEAST_NAME, 280.0);
    let mut table = Table::<()>::new(ROW, rows.len());
    table.rule = rows.iter().position(|row| row.kind == RowKind::Accuracy);
    table.column("class", "", name_width, |ui, _, at| name_ui(ui, &rows[at]));
    for (place, (words, tip)) in NUMBERS.into_iter().enumerate() {
        let column = table.column(words, tip, NUMBER, move |ui, _, at| {
            ui.label(numbers(&rows[at])[place].clone());
        });
        column.is_number = true;
    }
    table.ui(ui, cx, &mut Order::default(), |_, _| false, |_, _, _| {});
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

/// A line's numbers in words.
fn numbers(row: &ReportRow) -> [RichText; 4] {
    let four_decimals = |share: f64| format!("{share:.4}");
    let [precision, recall] =
        [row.precision, row.recall].map(|share| share.map_or_else(String::new, four_decimals));
    let mut f1 = RichText::new(four_decimals(row.f1));
    if row.kind == RowKind::Accuracy {
        f1 = f1.strong();
    }
    let support = thousands(row.support as usize);
    [precision.into(), recall.into(), f1, support.into()]
}
