//! The Confusion matrix panel: which classes are taken for which.

use eframe::egui::{RichText, ScrollArea, Ui};

use super::{
    Cx, Panel,
    judging::{Judging, threshold_ui},
};
use crate::{
    inspect::colours::ColourScale,
    train::Evaluation,
    ui::{
        format::{counted, percent, significant},
        judging::part_word,
        widgets::{classes, fields, matrix::Matrix, needs, picture, states, tiles},
    },
};

/// A lower panel scrolls as a whole.
const LEAST_HEIGHT: f32 = 360.0;

#[derive(Default)]
pub struct Confusion {
    judging: Judging,
    as_shares: bool,
}

impl Panel for Confusion {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(evaluation) = needs::evaluation(ui, cx, "Confusions") else {
            return;
        };
        if ui.available_height() < LEAST_HEIGHT {
            ScrollArea::vertical()
                .auto_shrink(false)
                .show(ui, |ui| self.evaluation_ui(ui, cx, &evaluation));
        } else {
            self.evaluation_ui(ui, cx, &evaluation);
        }
    }
}

impl Confusion {
    fn evaluation_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, evaluation: &Evaluation) {
        self.judging.ui(ui, cx);
        if let Some(judged) = &cx.state.judged {
            let model = cx.state.model_name(&judged.model);
            classes::middle_label(ui, &format!("{model} on {}", judged.dataset));
        }
        summary_ui(ui, evaluation);
        threshold_ui(ui, cx, evaluation);
        let tip = "Which share of the images of the actual class";
        let options = [
            (false, "Counts", "How many images"),
            (true, "Percent of row", tip),
        ];
        ui.horizontal_wrapped(|ui| fields::switch(ui, &mut self.as_shares, &options));
        picture::scale_bar_in_words(ui, ColourScale::Viridis, "0 % of the row", "100 %");
        let confusion = &evaluation.confusion;
        let selected = cx.state.selection.cell;
        let moved = selected.and_then(|cell| moved(ui, cell, confusion.classes()));
        let matrix = Matrix {
            confusion,
            classes: classes::names(cx.state, confusion.classes()),
            as_shares: self.as_shares,
            selected: moved.or(selected),
            reveal: moved.is_some(),
        };
        if let Some(cell) = matrix.ui(ui).or(moved) {
            cx.select(|to| to.cell = Some(cell));
        }
    }
}

/// `validation · epoch 3 · 360 images`, and ` · threshold 0.51` of a model that has one.
pub fn about(evaluation: &Evaluation) -> String {
    let part = part_word(evaluation.split);
    let images = counted(evaluation.samples.len(), "image");
    let threshold = threshold_words(evaluation);
    format!("{part} · epoch {} · {images}{threshold}", evaluation.epoch)
}

/// ` · threshold 0.51`; empty for a model that takes the most probable class.
pub fn threshold_words(evaluation: &Evaluation) -> String {
    // As fine as the slider; a model's own may be finer, and nobody reads more.
    let words =
        |threshold: f64| format!(" · threshold {}", (threshold * 1_000.0).round() / 1_000.0);
    evaluation.threshold().map_or_else(String::new, words)
}

fn summary_ui(ui: &mut Ui, evaluation: &Evaluation) {
    ui.horizontal_wrapped(|ui| {
        let words = format!("{} accuracy", percent(evaluation.accuracy()));
        ui.label(RichText::new(words).heading());
        let loss = significant(evaluation.loss);
        states::caption(ui, format!("{} · loss {loss}", about(evaluation)));
    });
}

/// The cell that arrow keys lead to.
fn moved(ui: &Ui, (actual, predicted): (usize, usize), count: usize) -> Option<(usize, usize)> {
    let (columns, rows) = tiles::arrows(ui)?;
    let actual = actual.checked_add_signed(rows)?;
    let predicted = predicted.checked_add_signed(columns)?;
    (actual < count && predicted < count).then_some((actual, predicted))
}
