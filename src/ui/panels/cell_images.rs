//! The Images of a cell panel: what was taken for what, image by image.

use std::sync::Arc;

use eframe::egui::{RichText, Ui};

use super::{Cx, Panel};
use crate::{
    train::Evaluation,
    ui::{
        action::Action,
        format::{counted, percent},
        state::AppState,
        widgets::{
            buttons,
            cached::{Cached, Same},
            classes, grid, needs, states,
        },
    },
};

/// Side of a tile in points.
const TILE: f32 = 88.0;

/// An evaluation and a cell of it; `None` for all that is wrong.
type Key = (Same<Evaluation>, Option<(usize, usize)>);

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
        let cell = cx.state.selection.cell;
        let cell = cell.filter(|cell| cell.0 < count && cell.1 < count);
        let key = (Same::of(&evaluation), cell);
        let samples = self.samples.get(key, || surest_first(&evaluation, cell));
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
                let [row, column] = [actual, predicted].map(|class| classes::name(names, class));
                format!("{row} taken for {column} · {images}")
            }
            None => format!("Wrong · {images}"),
        };
        ui.label(RichText::new(words).strong());
        let tip = "Leave the cell and show every wrong image";
        if cell.is_some() && buttons::button(ui, "All wrong images", tip) {
            cx.select(|to| to.cell = None);
        }
    });
    let more = match cell {
        Some(_) => "",
        None => " Click a cell of the matrix to see only its images.",
    };
    states::caption(ui, format!("Where the model was surest comes first.{more}"));
}

/// Samples of a cell, or all wrong ones, by how sure the model was of its answer.
fn surest_first(evaluation: &Evaluation, cell: Option<(usize, usize)>) -> Arc<[usize]> {
    let mut positions = match cell {
        Some((actual, predicted)) => evaluation.positions_in_cell(actual, predicted),
        None => {
            let is_wrong = |at: &usize| evaluation.actual[*at] != evaluation.predicted[*at];
            (0..evaluation.samples.len()).filter(is_wrong).collect()
        }
    };
    positions.sort_by(|a, b| sureness(evaluation, *b).total_cmp(&sureness(evaluation, *a)));
    let samples = positions.into_iter().map(|at| evaluation.samples[at]);
    samples.collect()
}

/// Probability of the class that was answered.
fn sureness(evaluation: &Evaluation, position: usize) -> f32 {
    let probabilities = evaluation.probabilities_of(position);
    let answered = probabilities.get(evaluation.predicted[position]);
    answered.copied().unwrap_or_default()
}

/// `circle_017.png · says square 93.1 %`.
fn describe(state: &AppState, evaluation: &Evaluation, sample: usize) -> String {
    let name = classes::sample_name(state, sample);
    let Ok(position) = evaluation.samples.binary_search(&sample) else {
        return name;
    };
    let names = classes::names(state, evaluation.confusion.classes());
    let class = classes::name(names, evaluation.predicted[position]);
    let sureness = percent(f64::from(sureness(evaluation, position)));
    format!("{name} · says {class} {sureness}")
}
