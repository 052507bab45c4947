//! Fields for the settings of every kind of layer, two columns each.

use eframe::egui::Ui;

use crate::{
    model::{
        LayerKind, Padding,
        spec::{Activation, L2},
    },
    ui::widgets::{fields, number::Number},
};

/// Most filters, units and pixels that can be dragged to.
const MOST: usize = 65_536;
/// Sides of windows that can be dragged to.
const MOST_SIDE: usize = 64;

/// The settings of `kind`. A backbone has fields of its own.
pub fn kind_ui(ui: &mut Ui, kind: &mut LayerKind) {
    match kind {
        LayerKind::Conv2d {
            filters,
            kernel,
            stride,
            padding,
            activation,
        } => {
            let tip = "Patterns it looks for, each giving one feature map. More sees more and costs more. Default: 32";
            count_ui(ui, "Filters", tip, filters, MOST);
            let tip = "Side of each filter in pixels. Larger sees wider patterns. Default: 3";
            count_ui(ui, "Kernel", tip, kernel, MOST_SIDE);
            let tip = "Step of the filter in pixels. 2 halves width and height. Default: 1";
            count_ui(ui, "Stride", tip, stride, MOST_SIDE);
            padding_ui(ui, padding);
            activation_ui(ui, activation);
        }
        LayerKind::MaxPool2d { size, stride } | LayerKind::AvgPool2d { size, stride } => {
            let before = *size;
            let tip = "Side of each window in pixels. Larger keeps less detail. Default: 2";
            count_ui(ui, "Window", tip, size, MOST_SIDE);
            // Windows that touched go on touching.
            if *stride == before {
                *stride = *size;
            }
            let tip =
                "Step of the window in pixels; as large as the window, none overlap. Default: 2";
            count_ui(ui, "Stride", tip, stride, MOST_SIDE);
        }
        LayerKind::BatchNorm2d { momentum, epsilon } => {
            let tip = "Share of the newest batch in the running mean and variance, as PyTorch counts; Keras' momentum is 1 minus it. Larger forgets faster. Default: 10 %";
            if let Some(share) = fields::share(ui, "Momentum", tip, *momentum, 1.0) {
                *momentum = share;
            }
            let tip = "Added to the variance, so that nothing is divided by zero. Default: 0.00001 (Keras: 0.001)";
            small_ui(ui, "Epsilon", tip, epsilon, 1e-12, 1.0);
        }
        LayerKind::Activation(activation) => activation_ui(ui, activation),
        LayerKind::Dropout { rate } | LayerKind::Dropout2d { rate } => {
            let tip = "Share that becomes 0 at random while training. More fights overfitting and learns slower. Default: 20 %";
            if let Some(share) = fields::share(ui, "Rate", tip, *rate, 0.99) {
                *rate = share;
            }
        }
        LayerKind::Rescaling { scale, offset } => {
            let tip = "Every value is multiplied by this. Default: 1";
            small_ui(ui, "Scale", tip, scale, -1e6, 1e6);
            let tip = "Added after multiplying. Default: 0";
            small_ui(ui, "Offset", tip, offset, -1e6, 1e6);
        }
        LayerKind::Dense { units, activation } => {
            let tip = "Values it gives, each a weighted sum of all inputs. The last layer has one per class. Default: 128";
            count_ui(ui, "Units", tip, units, MOST);
            activation_ui(ui, activation);
        }
        LayerKind::GlobalAvgPool2d | LayerKind::Flatten | LayerKind::Backbone { .. } => {}
    }
}

/// What large weights cost.
pub fn l2_ui(ui: &mut Ui, l2: &mut L2) {
    let tip = "This times the sum of squared weights is added to the loss. Larger keeps weights small, against overfitting. Default: 0";
    small_ui(ui, "L2 of weights", tip, &mut l2.weight, 0.0, 10.0);
    let tip = "The same for biases. Default: 0";
    small_ui(ui, "L2 of biases", tip, &mut l2.bias, 0.0, 10.0);
}

fn count_ui(ui: &mut Ui, name: &str, tip: &str, value: &mut usize, most: usize) {
    let number = Number::new(value, 1..=most).speed(0.2);
    fields::number(ui, name, tip, number);
}

/// A number that may be far below 1, written without rounding.
fn small_ui(ui: &mut Ui, name: &str, tip: &str, value: &mut f64, least: f64, most: f64) {
    let speed = (value.abs() * 0.02).max(1e-4);
    let number = Number::new(value, least..=most)
        .speed(speed)
        .written(|value| value.to_string());
    fields::number(ui, name, tip, number);
}

/// Pixels of padding to begin with when the user wants a number of them.
const SOME_PIXELS: usize = 1;

fn padding_ui(ui: &mut Ui, padding: &mut Padding) {
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
    let tip = "Zeros around the input: none (valid), as many as keep the size at stride 1 (same), or a number. Default: same";
    if let Some(chosen) = fields::choice_row(
        ui,
        "Padding",
        tip,
        fields::NUMBER_WIDTH,
        (padding, words(padding)),
        options,
    ) {
        *padding = chosen;
    }
    if let Padding::Pixels(pixels) = padding {
        let number = Number::new(pixels, 0..=MOST_SIDE).speed(0.1).suffix(" px");
        fields::number(ui, "Each side", "Zeros on every side", number);
    }
}

fn activation_ui(ui: &mut Ui, activation: &mut Activation) {
    let options = || {
        Activation::ALL
            .map(|activation| (activation, activation.word().to_owned()))
            .to_vec()
    };
    let current = (&*activation, activation.word());
    let tip = "Applied to every value that comes out; linear leaves them. The last layer stays linear: the head does the rest";
    if let Some(chosen) = fields::choice_row(
        ui,
        "Activation",
        tip,
        fields::NUMBER_WIDTH,
        current,
        options,
    ) {
        *activation = chosen;
    }
}
