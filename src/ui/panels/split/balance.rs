//! How much mistakes count by class: the switch and the numbers that follow from it.

use std::{collections::BTreeMap, sync::Arc};

use eframe::egui::{Align, Label, Layout, RichText, ScrollArea, Ui, vec2};

use crate::{
    data::{Dataset, Division, stats::ClassWeights},
    ui::{
        action::EditAction,
        format::{shortened, significant},
        panels::Cx,
        widgets::{
            cached::{Cached, Same},
            fields,
            number::Number,
            states,
        },
    },
};

/// Height of a row in points.
const ROW: f32 = 30.0;
/// Most width of a row: numbers stay near their names.
const WIDTH: f32 = 320.0;
/// Rows shown without scrolling.
const MOST_ROWS: usize = 8;
/// Room for a letter of a class name.
const LETTER: f32 = 7.5;
/// Most that a class may weigh.
const HEAVIEST: f64 = 1_000.0;

/// The weight of each class, or why there are none.
type Weights = Result<Option<Arc<[f64]>>, String>;

/// View state: the balanced weights, counted once for each division.
#[derive(Default)]
pub struct Balance {
    balanced: Cached<Same<Division>, Weights>,
}

/// The three kinds without what belongs to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Off,
    Balanced,
    Own,
}

const KINDS: [(Kind, &str, &str); 3] = [
    (Kind::Off, "Off", "Every image counts the same"),
    (
        Kind::Balanced,
        "Balanced",
        "Every class counts the same, however many images it has: images ÷ (classes × images of the class), as scikit-learn's compute_class_weight",
    ),
    (Kind::Own, "Own", "Numbers of your own"),
];

impl Balance {
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        cx: &mut Cx<'_>,
        dataset: &Dataset,
        division: &Arc<Division>,
    ) {
        let before = &cx.state.experiment.training.class_weights;
        let tip = "How much a mistake counts in the loss, by the class of the image; in training and in the validation loss beside it. A larger weight makes the network miss that class less. Judging a model stays unweighted. Default: off";
        ui.label(RichText::new("Class weights").strong())
            .on_hover_text(tip);
        let balanced = self.balanced.get(Same::of(division), || {
            let weights = ClassWeights::Balanced.weights(dataset, &division.split);
            weights.map(|weights| weights.map(Into::into))
        });
        let weights = if *before == ClassWeights::Balanced {
            balanced.clone()
        } else {
            let weights = before.weights(dataset, &division.split);
            weights.map(|weights| weights.map(Into::into))
        };
        let mut after = before.clone();
        ui.add_enabled_ui(!cx.state.training.is_running(), |ui| {
            let kind = match before {
                ClassWeights::Off => Kind::Off,
                ClassWeights::Balanced => Kind::Balanced,
                ClassWeights::Own(_) => Kind::Own,
            };
            let mut chosen = kind;
            ui.horizontal(|ui| fields::switch(ui, &mut chosen, &KINDS));
            if chosen != kind {
                after = match chosen {
                    Kind::Off => ClassWeights::Off,
                    Kind::Balanced => ClassWeights::Balanced,
                    // What balancing would say is the place to begin.
                    Kind::Own => ClassWeights::Own(named(dataset, &balanced)),
                };
            }
            if let Err(message) = &weights {
                states::failed(ui, message);
            }
            match (&mut after, &weights) {
                (ClassWeights::Own(own), _) if kind == Kind::Own => own_ui(ui, dataset, own),
                (_, Ok(Some(weights))) => numbers_ui(ui, dataset, weights),
                _ => {}
            }
        });
        if after != *before {
            let mut training = cx.state.experiment.training.clone();
            training.class_weights = after;
            cx.push(EditAction::Training(training));
        }
    }
}

/// Weights by class name, to three decimals.
fn named(dataset: &Dataset, weights: &Weights) -> BTreeMap<String, f64> {
    let weights = weights.iter().flatten().flat_map(|weights| weights.iter());
    let rounded = weights.map(|weight| (weight * 1e3).round() / 1e3);
    let all = rounded.chain(std::iter::repeat(1.0));
    dataset.classes.iter().cloned().zip(all).collect()
}

fn numbers_ui(ui: &mut Ui, dataset: &Dataset, weights: &[f64]) {
    rows_ui(ui, dataset, |ui, class| {
        let weight = weights.get(class).copied();
        ui.label(weight.map_or_else(String::new, significant));
    });
}

fn own_ui(ui: &mut Ui, dataset: &Dataset, own: &mut BTreeMap<String, f64>) {
    let mut changed = None;
    rows_ui(ui, dataset, |ui, class| {
        let name = dataset.class_name(class);
        let mut weight = own.get(name).copied().unwrap_or(1.0);
        let response = Number::new(&mut weight, 0.0..=HEAVIEST)
            .speed(0.01)
            .decimals(3)
            .size([72.0, 26.0])
            .named_ui(ui, &format!("Weight of {name}"));
        let tip = "How much a mistake on this class counts. 1 is as always, 2 twice as much, 0 not at all. Default: 1";
        if response.on_hover_text(tip).changed() {
            changed = Some((name.to_owned(), weight));
        }
    });
    if let Some((name, weight)) = changed {
        // Names that the dataset no longer has go with the first change.
        own.retain(|name, _| dataset.classes.contains(name));
        own.insert(name, weight);
    }
}

/// One row per class: its name on the left, what `value` draws on the right.
fn rows_ui(ui: &mut Ui, dataset: &Dataset, mut value: impl FnMut(&mut Ui, usize)) {
    let classes = dataset.classes.len();
    ui.spacing_mut().item_spacing.y = 2.0;
    ScrollArea::vertical()
        .id_salt("class weights")
        .max_height((ROW + 2.0) * classes.min(MOST_ROWS) as f32)
        .auto_shrink([false, true])
        .show_rows(ui, ROW, classes, |ui, rows| {
            for class in rows {
                let size = vec2(ui.available_width().min(WIDTH), ROW);
                ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
                    ui.add_space(12.0);
                    ui.push_id(class, |ui| value(ui, class));
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        let name = dataset.class_name(class);
                        let letters = (ui.available_width() / LETTER).max(4.0) as usize;
                        ui.add(Label::new(shortened(name, letters)).truncate())
                            .on_hover_text(name);
                    });
                });
            }
        });
}
