//! Fields for the settings of every kind of layer, two columns each.

use std::ops::RangeInclusive;

use eframe::egui::Ui;

use crate::{
    model::{
        LayerKind, Padding,
        layers::{self, Field, Value},
        spec::{Activation, L2},
    },
    ui::widgets::{fields, number::Number},
};

/// The settings of `kind` that its file lists. A backbone has fields of its own.
pub fn kind_ui(ui: &mut Ui, kind: &mut LayerKind) {
    let before = kind.clone();
    for Field { label, tip, value } in kind.fields() {
        match value {
            Value::Count(value, range) => {
                let number = Number::new(value, range).speed(0.2);
                fields::number(ui, label, tip, number);
            }
            Value::Share(value, most) => {
                if let Some(share) = fields::share(ui, label, tip, *value, most) {
                    *value = share;
                }
            }
            Value::Number(value, range) => small_ui(ui, label, tip, value, range),
            Value::Padding(padding) => padding_ui(ui, label, tip, padding),
            Value::Activation(activation) => activation_ui(ui, label, tip, activation),
        }
    }
    kind.follow(&before);
}

/// What large weights cost.
pub fn l2_ui(ui: &mut Ui, l2: &mut L2) {
    let tip = "This times the sum of squared weights is added to the loss. Larger keeps weights small, against overfitting. Default: 0";
    small_ui(ui, "L2 of weights", tip, &mut l2.weight, 0.0..=10.0);
    let tip = "The same for biases. Default: 0";
    small_ui(ui, "L2 of biases", tip, &mut l2.bias, 0.0..=10.0);
}

/// A number that may be far below 1, written without rounding.
fn small_ui(ui: &mut Ui, name: &str, tip: &str, value: &mut f64, range: RangeInclusive<f64>) {
    let speed = (value.abs() * 0.02).max(1e-4);
    let number = Number::new(value, range)
        .speed(speed)
        .written(|value| value.to_string());
    fields::number(ui, name, tip, number);
}

/// Pixels of padding to begin with when the user wants a number of them.
const SOME_PIXELS: usize = 1;

fn padding_ui(ui: &mut Ui, label: &str, tip: &str, padding: &mut Padding) {
    let words = |padding: &Padding| match padding {
        Padding::Valid => "valid",
        Padding::Same => "same",
        Padding::Pixels(_) => "pixels",
    };
    let pixels = match padding {
        Padding::Pixels(pixels) => *pixels,
        _ => SOME_PIXELS,
    };
    let options = || {
        [Padding::Valid, Padding::Same, Padding::Pixels(pixels)]
            .map(|padding| (padding, words(&padding).to_owned()))
            .to_vec()
    };
    if let Some(chosen) = fields::choice_row(
        ui,
        label,
        tip,
        fields::NUMBER_WIDTH,
        (padding, words(padding)),
        options,
    ) {
        *padding = chosen;
    }
    if let Padding::Pixels(pixels) = padding {
        let number = Number::new(pixels, 0..=layers::MOST_SIDE)
            .speed(0.1)
            .suffix(" px");
        fields::number(ui, "Each side", "Zeros on every side", number);
    }
}

fn activation_ui(ui: &mut Ui, label: &str, tip: &str, activation: &mut Activation) {
    let options = || {
        Activation::ALL
            .map(|activation| (activation, activation.word().to_owned()))
            .to_vec()
    };
    let current = (&*activation, activation.word());
    if let Some(chosen) = fields::choice_row(ui, label, tip, fields::NUMBER_WIDTH, current, options)
    {
        *activation = chosen;
    }
    if let Activation::LeakyRelu { negative_slope } = activation {
        let tip = "Negative values are multiplied by this. Default: 0.01 (Keras: 0.3)";
        small_ui(ui, "Slope", tip, negative_slope, 0.0..=1.0);
    }
}
