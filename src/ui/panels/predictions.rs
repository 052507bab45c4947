//! The Predictions panel: what was said about each image, to sort, filter and export.

use std::sync::Arc;

use eframe::egui::{Label, RichText, Ui};
use egui_material_icons::{icon_text, icons};

use super::{
    Cx, Panel,
    confusion::{about, threshold_words},
};
use crate::{
    train::Evaluation,
    ui::{
        format::{counted, percent, thousands},
        saving::Saving,
        theme,
        widgets::{
            buttons,
            cached::{Cached, Same},
            classes, fields, marks, needs, states,
            table::{Order, Table, text},
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
        let (order, only_wrong) = (self.order, self.only_wrong);
        let key = (Same::of(&evaluation), order, only_wrong);
        let made = || sorted(&evaluation, order, only_wrong);
        let positions = self.positions.get(key, made);
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
        self.table_ui(ui, cx, &evaluation, &positions, target);
    }
}

/// Positions into the evaluation's samples, in the order wanted; equals stay in the order of the files.
fn sorted(evaluation: &Evaluation, order: Order<Key>, only_wrong: bool) -> Arc<[usize]> {
    let Evaluation {
        actual, predicted, ..
    } = evaluation;
    let all = 0..evaluation.samples.len();
    let wanted = all.filter(|&at| !only_wrong || actual[at] != predicted[at]);
    let mut positions: Vec<usize> = wanted.collect();
    match order.by {
        Key::File => {}
        Key::Actual => positions.sort_by_key(|at| actual[*at]),
        Key::Predicted => positions.sort_by_key(|at| predicted[*at]),
        key => positions.sort_by(|a, b| {
            let of = |at: usize| figure(evaluation, at, key);
            of(*a).total_cmp(&of(*b))
        }),
    }
    if order.descending {
        positions.reverse();
    }
    positions.into()
}

/// The probability of the class that `key` is about.
fn figure(evaluation: &Evaluation, position: usize, key: Key) -> f32 {
    let class = match key {
        Key::Class(class) => class,
        _ => evaluation.predicted[position],
    };
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
    cx.select(|to| *to = marks::cleared(&to.with_sample(Some(sample))));
}

impl Predictions {
    fn tools_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, evaluation: &Evaluation, shown: usize) {
        ui.horizontal_wrapped(|ui| {
            let tip = "Hide the images that were classified correctly";
            fields::toggle(ui, "Only wrong ones", tip, &mut self.only_wrong);
            let tip = "Write file, actual and predicted class and all probabilities of every image to a file, in the order of the files";
            if buttons::button(ui, "Export CSV…", tip) {
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
        let names = classes::names(cx.state, count);
        let [file, number] = WIDTHS;
        let letters = names.iter().map(|name| name.chars().count());
        let longest = letters.max().unwrap_or_default() as f32;
        let class = (longest * LETTER + BESIDE).clamp(CLASS.0, CLASS.1);
        let sample = |at: usize| evaluation.samples[positions[at]];
        let mut table = Table::new(ROW, positions.len());
        table.scroll_to = target;
        let column = table.column("image", "The order of the files", file, |ui, cx, at| {
            classes::middle_label(ui, &classes::sample_name(cx.state, sample(at)));
        });
        (column.sorts, column.least) = (Some((Key::File, false)), Some(80.0));
        let column = table.column("actual", "What the image is", class, |ui, _, at| {
            class_ui(ui, names, evaluation.actual[positions[at]], false);
        });
        (column.sorts, column.least) = (Some((Key::Actual, false)), Some(70.0));
        let column = table.column("predicted", "What the model says", class, |ui, _, at| {
            let class = evaluation.predicted[positions[at]];
            let is_wrong = class != evaluation.actual[positions[at]];
            class_ui(ui, names, class, is_wrong);
        });
        (column.sorts, column.least) = (Some((Key::Predicted, false)), Some(70.0));
        let mut share = |key: Key, words: &str, tip: &str| {
            let column = table.column(words, tip, number, move |ui, _, at| {
                let share = figure(evaluation, positions[at], key);
                ui.add(Label::new(format!("{share:.4}")).selectable(false));
            });
            (column.sorts, column.is_number) = (Some((key, true)), true);
        };
        let tip = "Probability of the class that was taken";
        share(Key::Sureness, "sureness", tip);
        if count <= MOST_COLUMNS {
            for class in 0..count {
                let name = classes::name(names, class);
                share(Key::Class(class), &name, &format!("Probability of {name}"));
            }
        } else {
            let tip = "Export the table for the probabilities of all classes";
            table.column("most probable", tip, LISTED, |ui, _, at| {
                let words = most_probable(evaluation.probabilities_of(positions[at]), names);
                let label = ui.add(Label::new(&words).selectable(false).truncate());
                label.on_hover_text(words);
            });
        }
        let is_selected = |cx: &Cx<'_>, at| cx.state.selection.sample() == Some(sample(at));
        table.ui(ui, cx, &mut self.order, is_selected, |cx, at, line| {
            if line.clicked() {
                select(cx, sample(at));
            }
        });
    }
}

/// A class with its colour, and a mark where it is wrong.
fn class_ui(ui: &mut Ui, names: &[String], class: usize, is_wrong: bool) {
    classes::chip(ui, class);
    if is_wrong {
        let icon = icon_text(icons::ICON_CLOSE).color(theme::palette(ui).error);
        let mark = ui.add(Label::new(icon).selectable(false));
        mark.on_hover_text("This is wrong");
    }
    text(ui, RichText::new(classes::name(names, class)));
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
