//! Fields for the settings of every kind of layer, two columns each.

use std::ops::RangeInclusive;

use eframe::egui::Ui;

use crate::{
    model::{
        LayerKind, Padding,
        layers::{self, Field, Value},
        spec::{Activation, L2, Sides},
    },
    ui::widgets::{fields, number::Number},
};

/// The settings of `kind` that its file lists. A backbone has fields of its own.
pub fn kind_ui(ui: &mut Ui, kind: &mut LayerKind) {
    let before = kind.clone();
    let sides = sides(kind);
    let apart_id = ui.scope_id().with("apart");
    let is_kept = ui.data(|data| data.get_temp(apart_id)).unwrap_or(false);
    let mut apart = !sides.is_empty() && (is_kept || sides.iter().any(|sides| !sides.is_square()));
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
            Value::Toggle(on) => {
                fields::toggle(ui, label, tip, on);
                ui.end_row();
            }
            Value::Number(value, range) => small_ui(ui, label, tip, value, range),
            Value::Sides(sides) => sides_ui(ui, label, tip, sides, 1, apart),
            Value::Padding(padding) => padding_ui(ui, label, tip, padding, apart),
            Value::Activation(activation) => activation_ui(ui, label, tip, activation),
        }
    }
    let was_apart = apart;
    if !sides.is_empty() {
        let tip = "Whether kernel, stride, padding and dilation are the same for height and width, or set apart. Default: the same";
        let words = [(false, "the same"), (true, "apart")];
        let width = fields::NUMBER_WIDTH;
        fields::one_of_row(ui, "Height, width", tip, width, &mut apart, &words);
    }
    if apart != was_apart {
        ui.data_mut(|data| data.insert_temp(apart_id, apart));
        for field in kind.fields() {
            if let Value::Sides(sides) | Value::Padding(Padding::Pixels(sides)) = field.value
                && !apart
            {
                *sides = sides.height.into();
            }
        }
    }
    kind.follow(&before);
}

/// Heights and widths that `kind` has.
fn sides(kind: &mut LayerKind) -> Vec<Sides> {
    let fields = kind.fields().into_iter();
    let sides = fields.filter_map(|field| match field.value {
        Value::Sides(sides) | Value::Padding(Padding::Pixels(sides)) => Some(*sides),
        _ => None,
    });
    sides.collect()
}

/// Height and width: one number, or two where they are set apart.
fn sides_ui(ui: &mut Ui, name: &str, tip: &str, sides: &mut Sides, least: usize, apart: bool) {
    // A number of zeros may be 0.
    let suffix = if least == 0 { " px" } else { "" };
    let mut side_ui = |name: &str, side: &mut usize| {
        let number = Number::new(side, least..=layers::MOST_SIDE).speed(0.2);
        fields::number(ui, name, tip, number.suffix(suffix));
    };
    if apart {
        side_ui(&format!("{name}, height"), &mut sides.height);
        side_ui(&format!("{name}, width"), &mut sides.width);
    } else {
        side_ui(name, &mut sides.height);
        sides.width = sides.height;
    }
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

fn padding_ui(ui: &mut Ui, label: &str, tip: &str, padding: &mut Padding, apart: bool) {
    let pixels = match padding {
        Padding::Pixels(pixels) => *pixels,
        _ => SOME_PIXELS.into(),
    };
    let options = [
        (Padding::Valid, "valid"),
        (Padding::Same, "same"),
        (Padding::Pixels(pixels), "pixels"),
    ];
    fields::one_of_row(ui, label, tip, fields::NUMBER_WIDTH, padding, &options);
    if let Padding::Pixels(pixels) = padding {
        let tip = "Pixels of zeros on every side";
        sides_ui(ui, "Each side", tip, pixels, 0, apart);
    }
}

fn activation_ui(ui: &mut Ui, label: &str, tip: &str, activation: &mut Activation) {
    // The one that is chosen stands in the list with its own slope.
    let current = *activation;
    let own = |option: Activation| {
        if option.word() == current.word() {
            current
        } else {
            option
        }
    };
    let options = Activation::ALL.map(|option| (own(option), option.word()));
    fields::one_of_row(ui, label, tip, fields::NUMBER_WIDTH, activation, &options);
    if let Activation::LeakyRelu { negative_slope } = activation {
        let tip = "Negative values are multiplied by this. Default: 0.01 (Keras: 0.3)";
        small_ui(ui, "Slope", tip, negative_slope, 0.0..=1.0);
    }
}
