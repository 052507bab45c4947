//! The Confusion matrix panel: which classes are taken for which.

use eframe::egui::{self, RichText, ScrollArea, Ui};

use super::{Cx, Panel};
use crate::{
    data::SplitName,
    inspect::colours::ColourScale,
    train::Evaluation,
    ui::{
        action::Action,
        format::{counted, percent},
        state::Selection,
        widgets::{classes, fields, matrix::Matrix, needs, picture, states, tiles},
    },
};

/// A lower panel scrolls as a whole.
const LEAST_HEIGHT: f32 = 360.0;

/// View state.
pub struct Confusion {
    part: SplitName,
    as_shares: bool,
}

impl Default for Confusion {
    fn default() -> Self {
        Self {
            part: SplitName::Validation,
            as_shares: false,
        }
    }
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
        self.part_ui(ui, cx);
        if let Some(message) = &cx.state.evaluation_failed {
            states::failed(ui, message);
        }
        summary_ui(ui, evaluation);
        ui.horizontal_wrapped(|ui| {
            let options = [
                (false, "Counts", "How many images"),
                (
                    true,
                    "Percent of row",
                    "Which share of the images of the actual class",
                ),
            ];
            if let Some(as_shares) = fields::switch(ui, self.as_shares, &options) {
                self.as_shares = as_shares;
            }
        });
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
            let selection = Selection {
                cell: Some(cell),
                ..cx.state.selection.clone()
            };
            cx.push(Action::Select(selection));
        }
    }

    /// Which part to evaluate, and the button.
    fn part_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let state = cx.state;
        ui.horizontal_wrapped(|ui| {
            let options = || {
                SplitName::ALL
                    .map(|part| (part, part.word().to_owned()))
                    .to_vec()
            };
            let tooltip = "The part of the dataset to evaluate";
            let current = (&self.part, self.part.word());
            let chosen = fields::choice(ui, "Part", tooltip, 96.0, current, options);
            self.part = chosen.unwrap_or(self.part);
            if let Some(job) = state.evaluation_job {
                if ui
                    .button("Cancel")
                    .on_hover_text("Keep the evaluation that is shown")
                    .clicked()
                {
                    cx.push(Action::Cancel(job));
                }
                let progress = state.jobs.get(&job).and_then(|running| running.progress);
                let width = (ui.available_width() - 8.0).clamp(48.0, 160.0);
                states::progress_bar(ui, progress, width);
                return;
            }
            let reason = why_not(cx, self.part);
            let button = ui.add_enabled(reason.is_none(), egui::Button::new("Evaluate"));
            let button =
                button.on_hover_text("Classify every image of this part with the current model");
            if button
                .on_disabled_hover_text(reason.unwrap_or_default())
                .clicked()
            {
                cx.push(Action::Evaluate(self.part));
            }
        });
    }
}

fn why_not(cx: &Cx<'_>, part: SplitName) -> Option<&'static str> {
    let split = cx.state.division.as_ref().map(|division| &division.split);
    if cx.state.model.is_none() {
        Some("Train or open a model first")
    } else if cx.state.dataset().is_none() {
        Some("Open a dataset first")
    } else if split.is_none_or(|split| split.part(part).is_empty()) {
        Some("This part has no images: give it a share of the dataset before training")
    } else {
        None
    }
}

fn summary_ui(ui: &mut Ui, evaluation: &Evaluation) {
    ui.horizontal_wrapped(|ui| {
        let words = format!("{} accuracy", percent(evaluation.accuracy()));
        ui.label(RichText::new(words).heading());
        let part = evaluation.split.map_or("all images", SplitName::word);
        let images = counted(evaluation.samples.len(), "image");
        states::caption(
            ui,
            format!("{part} · epoch {} · {images}", evaluation.epoch),
        );
    });
}

/// The cell that arrow keys lead to.
fn moved(ui: &Ui, (actual, predicted): (usize, usize), count: usize) -> Option<(usize, usize)> {
    let (columns, rows) = tiles::arrows(ui)?;
    let target = (
        actual.checked_add_signed(rows)?,
        predicted.checked_add_signed(columns)?,
    );
    (target.0 < count && target.1 < count).then_some(target)
}
