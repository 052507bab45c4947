//! The Images of a cell panel: what was taken for what, image by image.

use std::sync::Arc;

use eframe::egui::{RichText, Ui};

use super::{Cx, Panel};
use crate::{
    train::Evaluation,
    ui::{
        action::Action,
        format::{counted, percent},
        state::{AppState, Selection},
        widgets::{
            cached::{Cached, Same},
            classes, grid, needs, states,
        },
    },
};

/// Side of a tile in points.
const TILE: f32 = 88.0;

/// An evaluation and a cell of it; `None` for all that is wrong.
type Key = (Same<Evaluation>, Option<(usize, usize)>);

/// View state.
#[derive(Default)]
pub struct CellImages {
    samples: Cached<Key, Arc<[usize]>>,
}

impl Panel for CellImages {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(evaluation) = needs::evaluation(ui, cx, "The images of a cell") else {
            return;
        };
        let count = evaluation.confusion.classes();
        let cell = cx
            .state
            .selection
            .cell
            .filter(|cell| cell.0 < count && cell.1 < count);
        let samples = self.samples.get((Same::of(&evaluation), cell), || {
            surest_first(&evaluation, cell)
        });
        title_ui(ui, cx, &evaluation, cell, samples.len());
        if samples.is_empty() {
            let sentence = match cell {
                Some(_) => "No image was classified like this.",
                None => "Every image was classified correctly.",
            };
            states::empty(ui, sentence, None);
            return;
        }
        if cx.state.dataset().is_none() {
            states::empty(ui, "Open the dataset again to see its images.", None);
            return;
        }
        let state = cx.state;
        let describe = |sample: usize| describe(state, &evaluation, sample);
        let clicked = ui
            .scope(|ui| grid::thumbnails(ui, cx, &samples, TILE, describe))
            .inner;
        if let Some(sample) = clicked {
            cx.push(Action::Select(state.selection.with_sample(Some(sample))));
        }
    }
}

fn title_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    evaluation: &Evaluation,
    cell: Option<(usize, usize)>,
    images: usize,
) {
    let names = classes::names(cx.state, evaluation.confusion.classes());
    let images = counted(images, "image");
    ui.horizontal_wrapped(|ui| {
        let words = match cell {
            Some((actual, predicted)) if actual == predicted => {
                format!("{} recognised · {images}", classes::name(names, actual))
            }
            Some((actual, predicted)) => {
                let (row, column) = (
                    classes::name(names, actual),
                    classes::name(names, predicted),
                );
                format!("{row} taken for {column} · {images}")
            }
            None => format!("Wrong · {images}"),
        };
        ui.label(RichText::new(words).strong());
        if cell.is_some() {
            let button = ui.button("All wrong images");
            if button
                .on_hover_text("Leave the cell and show every wrong image")
                .clicked()
            {
                let selection = Selection {
                    cell: None,
                    ..cx.state.selection.clone()
                };
                cx.push(Action::Select(selection));
            }
        }
    });
    let order = "Where the model was surest comes first.";
    match cell {
        Some(_) => states::caption(ui, order),
        None => states::caption(
            ui,
            format!("{order} Click a cell of the matrix to see only its images."),
        ),
    };
}

/// Samples of a cell, or all wrong ones, by how sure the model was of its answer.
fn surest_first(evaluation: &Evaluation, cell: Option<(usize, usize)>) -> Arc<[usize]> {
    let mut positions = match cell {
        Some((actual, predicted)) => evaluation.positions_in_cell(actual, predicted),
        None => {
            let wrong =
                |&position: &usize| evaluation.actual[position] != evaluation.predicted[position];
            (0..evaluation.samples.len()).filter(wrong).collect()
        }
    };
    positions.sort_by(|a, b| sureness(evaluation, *b).total_cmp(&sureness(evaluation, *a)));
    positions
        .into_iter()
        .map(|position| evaluation.samples[position])
        .collect()
}

/// Probability of the class that was answered.
fn sureness(evaluation: &Evaluation, position: usize) -> f32 {
    let class = evaluation.predicted[position];
    evaluation
        .probabilities_of(position)
        .get(class)
        .copied()
        .unwrap_or_default()
}

/// `circle_017.png · says square 93.1 %`.
fn describe(state: &AppState, evaluation: &Evaluation, sample: usize) -> String {
    let name = classes::sample_name(state, sample);
    let Ok(position) = evaluation.samples.binary_search(&sample) else {
        return name;
    };
    let names = classes::names(state, evaluation.confusion.classes());
    let class = classes::name(names, evaluation.predicted[position]);
    format!(
        "{name} · says {class} {}",
        percent(f64::from(sureness(evaluation, position)))
    )
}
