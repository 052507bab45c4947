//! The Predictions panel: what was said about each image, to sort, filter and export.

use std::sync::Arc;

use eframe::egui::{Align, Button, Label, Layout, ScrollArea, Sense, Ui};
use egui_extras::{Column, TableBuilder, TableRow};
use egui_material_icons::{icon_text, icons};

use super::{
    Cx, Panel,
    confusion::{about, threshold_words},
};
use crate::{
    train::Evaluation,
    ui::{
        action::Action,
        format::{counted, percent, thousands},
        saving::Saving,
        state::Selection,
        theme,
        widgets::{
            cached::{Cached, Same},
            classes, needs, states,
            table::Order,
            tiles,
        },
    },
};

/// Height of a row in points.
const ROW: f32 = 24.0;
/// Widths of the columns with the file and a number.
const WIDTHS: [f32; 2] = [124.0, 68.0];
/// Least and greatest width of a column with a class: as its longest name needs.
const CLASS: (f32, f32) = (88.0, 220.0);
/// Width of a letter, about, and of what stands beside a name.
const LETTER: f32 = 7.5;
const BESIDE: f32 = 48.0;
/// With more classes than this, only the most probable ones of an image are listed.
const MOST_COLUMNS: usize = 12;
/// How many are listed then.
const MOST_PROBABLE: usize = 3;
/// Width of their column.
const LISTED: f32 = 420.0;

/// What the rows are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Key {
    /// The order of the files.
    #[default]
    File,
    Actual,
    Predicted,
    /// The probability of the class that was taken.
    Sureness,
    /// The probability of one class.
    Class(usize),
}

/// An evaluation, how its images are sorted, and whether only wrong ones are shown.
type Shown = (Same<Evaluation>, Order<Key>, bool);

/// View state.
#[derive(Default)]
pub struct Predictions {
    order: Order<Key>,
    only_wrong: bool,
    positions: Cached<Shown, Arc<[usize]>>,
}

impl Panel for Predictions {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(evaluation) = needs::evaluation(ui, cx, "Answers for each image") else {
            return;
        };
        if cx.state.dataset().is_none() {
            states::empty(ui, "Open the dataset again to see its images.", None);
            return;
        }
        let key = (Same::of(&evaluation), self.order, self.only_wrong);
        let positions = self
            .positions
            .get(key, || sorted(&evaluation, self.order, self.only_wrong));
        self.tools_ui(ui, cx, &evaluation, positions.len());
        if positions.is_empty() {
            let sentence = if evaluation.samples.is_empty() {
                "This part has no images."
            } else {
                "Every image was classified correctly."
            };
            states::empty(ui, sentence, None);
            return;
        }
        let target = moved(ui, cx, &evaluation, &positions);
        theme::always_show_bars(ui);
        ScrollArea::horizontal().auto_shrink(false).show(ui, |ui| {
            self.table_ui(ui, cx, &evaluation, &positions, target);
        });
    }
}

/// Positions into the evaluation's samples, in the order wanted; equals stay in the order of the files.
fn sorted(evaluation: &Evaluation, order: Order<Key>, only_wrong: bool) -> Arc<[usize]> {
    let Evaluation {
        actual, predicted, ..
    } = evaluation;
    let all = 0..evaluation.samples.len();
    let mut positions: Vec<usize> = all
        .filter(|&at| !only_wrong || actual[at] != predicted[at])
        .collect();
    match order.by {
        Key::File => {}
        Key::Actual => positions.sort_by_key(|at| actual[*at]),
        Key::Predicted => positions.sort_by_key(|at| predicted[*at]),
        Key::Sureness => positions.sort_by(|a, b| {
            let sureness = |at: usize| probability(evaluation, at, predicted[at]);
            sureness(*a).total_cmp(&sureness(*b))
        }),
        Key::Class(class) => positions.sort_by(|a, b| {
            let of = |at: usize| probability(evaluation, at, class);
            of(*a).total_cmp(&of(*b))
        }),
    }
    if order.descending {
        positions.reverse();
    }
    positions.into()
}

fn probability(evaluation: &Evaluation, position: usize, class: usize) -> f32 {
    let probabilities = evaluation.probabilities_of(position);
    probabilities.get(class).copied().unwrap_or_default()
}

/// The row that an arrow key leads to.
fn moved(ui: &Ui, cx: &mut Cx<'_>, evaluation: &Evaluation, positions: &[usize]) -> Option<usize> {
    let (_, rows) = tiles::arrows(ui).filter(|(_, rows)| *rows != 0)?;
    let selected = cx.state.selection.sample()?;
    let mut shown = positions.iter();
    let current = shown.position(|at| evaluation.samples[*at] == selected)?;
    let target = current.checked_add_signed(rows)?;
    select(cx, evaluation.samples[*positions.get(target)?]);
    Some(target)
}

fn select(cx: &mut Cx<'_>, sample: usize) {
    let selection = Selection {
        marked: Arc::default(),
        ..cx.state.selection.with_sample(Some(sample))
    };
    cx.push(Action::Select(selection));
}

impl Predictions {
    fn tools_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, evaluation: &Evaluation, shown: usize) {
        ui.horizontal_wrapped(|ui| {
            ui.checkbox(&mut self.only_wrong, "Only wrong ones")
                .on_hover_text("Hide the images that were classified correctly");
            let export = ui.add(Button::new("Export CSV…"));
            let tooltip = "Write file, actual and predicted class and all probabilities of every \
                image to a file, in the order of the files";
            if export.on_hover_text(tooltip).clicked() {
                cx.push(Saving::Predictions);
            }
            let words = if self.only_wrong {
                let all = counted(evaluation.samples.len(), "image");
                let threshold = threshold_words(evaluation);
                format!("{} wrong of {all}{threshold}", thousands(shown))
            } else {
                about(evaluation)
            };
            states::caption(ui, words);
        });
    }

    fn table_ui(
        &mut self,
        ui: &mut Ui,
        cx: &mut Cx<'_>,
        evaluation: &Evaluation,
        positions: &[usize],
        target: Option<usize>,
    ) {
        let count = evaluation.confusion.classes();
        let each = count <= MOST_COLUMNS;
        let names = classes::names(cx.state, count);
        let [file, number] = WIDTHS;
        let letters = names.iter().map(|name| name.chars().count());
        let longest = letters.max().unwrap_or_default() as f32;
        let class = (longest * LETTER + BESIDE).clamp(CLASS.0, CLASS.1);
        let mut table = TableBuilder::new(ui)
            .striped(true)
            .auto_shrink(false)
            .sense(Sense::click())
            .cell_layout(Layout::left_to_right(Align::Center))
            .column(
                Column::initial(file)
                    .at_least(80.0)
                    .clip(true)
                    .resizable(true),
            )
            .columns(
                Column::initial(class)
                    .at_least(70.0)
                    .clip(true)
                    .resizable(true),
                2,
            )
            .column(Column::exact(number));
        table = if each {
            table.columns(Column::exact(number), count)
        } else {
            table.column(Column::exact(LISTED).clip(true))
        };
        if let Some(target) = target {
            table = table.scroll_to_row(target, None);
        }
        table
            .header(ROW, |mut row| self.heading(&mut row, names, count))
            .body(|body| {
                body.rows(ROW, positions.len(), |mut row| {
                    let position = positions[row.index()];
                    let sample = evaluation.samples[position];
                    row.set_selected(cx.state.selection.sample() == Some(sample));
                    row_ui(&mut row, cx, evaluation, position);
                    if row.response().clicked() {
                        select(cx, sample);
                    }
                });
            });
    }

    fn heading(&mut self, row: &mut TableRow<'_, '_>, names: &[String], count: usize) {
        let fixed = [
            (Key::File, "image", "The order of the files"),
            (Key::Actual, "actual", "What the image is"),
            (Key::Predicted, "predicted", "What the model says"),
        ];
        for (key, words, tip) in fixed {
            row.col(|ui| self.order.heading(ui, key, words, tip, false));
        }
        let mut number = |key: Key, words: &str, tip: &str| {
            row.col(|ui| self.order.number_heading(ui, key, words, tip));
        };
        let tip = "Probability of the class that was taken";
        number(Key::Sureness, "sureness", tip);
        if count > MOST_COLUMNS {
            row.col(|ui| {
                states::caption(ui, "most probable")
                    .on_hover_text("Export the table for the probabilities of all classes");
            });
            return;
        }
        for class in 0..count {
            let name = classes::name(names, class);
            number(Key::Class(class), &name, &format!("Probability of {name}"));
        }
    }
}

fn row_ui(row: &mut TableRow<'_, '_>, cx: &Cx<'_>, evaluation: &Evaluation, position: usize) {
    let (actual, predicted) = (evaluation.actual[position], evaluation.predicted[position]);
    let count = evaluation.confusion.classes();
    let names = classes::names(cx.state, count);
    let file = classes::sample_name(cx.state, evaluation.samples[position]);
    row.col(|ui| {
        classes::middle_label(ui, &file);
    });
    row.col(|ui| {
        classes::chip(ui, actual);
        classes::end_label(ui, &classes::name(names, actual));
    });
    row.col(|ui| {
        classes::chip(ui, predicted);
        if predicted != actual {
            let colour = theme::palette(ui).error;
            let icon = icon_text(icons::ICON_CLOSE).color(colour);
            ui.add(Label::new(icon).selectable(false))
                .on_hover_text("This is wrong");
        }
        classes::end_label(ui, &classes::name(names, predicted));
    });
    number(row, probability(evaluation, position, predicted));
    if count <= MOST_COLUMNS {
        for class in 0..count {
            number(row, probability(evaluation, position, class));
        }
        return;
    }
    row.col(|ui| {
        let words = most_probable(evaluation.probabilities_of(position), names);
        let label = ui.add(Label::new(&words).selectable(false).truncate());
        label.on_hover_text(words);
    });
}

fn number(row: &mut TableRow<'_, '_>, probability: f32) {
    row.col(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add(Label::new(format!("{probability:.4}")).selectable(false));
        });
    });
}

/// `cat 93.1 %, dog 4.2 %, hen 1.0 %`.
fn most_probable(probabilities: &[f32], names: &[String]) -> String {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|a, b| probabilities[*b].total_cmp(&probabilities[*a]));
    let most = order.into_iter().take(MOST_PROBABLE);
    let words = most.map(|class| {
        let share = percent(f64::from(probabilities[class]));
        format!("{} {share}", classes::name(names, class))
    });
    words.collect::<Vec<_>>().join(", ")
}
