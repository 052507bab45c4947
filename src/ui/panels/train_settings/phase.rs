//! The settings of one phase: epochs, optimizer, learning rate, schedule.

use eframe::egui::{Grid, Response, Ui};

use super::{choice, ratio};
use crate::{
    train::{
        Optimizer, Phase,
        choices::{OPTIMIZERS, SCHEDULES, optimizer_word, schedule_word},
        schedule::{Schedule, ScheduleKind},
    },
    ui::{
        format,
        widgets::{fields, number::Number, states},
    },
};

pub fn phase_ui(ui: &mut Ui, phase: &mut Phase, is_alone: bool) {
    Grid::new("phase").num_columns(2).spacing([8.0, 8.0]).show(ui, |ui| {
        if !is_alone {
            let label = ui.label("Name").on_hover_text("What the phase is called in curves and reports");
            if let Some(name) = fields::text(ui, "Name", label.id, &phase.name) {
                phase.name = name;
            }
            ui.end_row();
        }
        let epochs = Number::new(&mut phase.epochs, 1..=10_000).speed(0.1);
        let tip = "Times all training images are gone through. More learns longer, then overfits. Recipe 1: 5";
        fields::number(ui, "Epochs", tip, epochs);
        optimizer_ui(ui, &mut phase.optimizer);
        schedule_ui(ui, &mut phase.schedule);
    });
    let from = phase.trainable_from.as_ref();
    let words = from.map_or_else(
        || "Trains every layer.".to_owned(),
        |name| format!("Trains from {name} on; what stands before it is frozen."),
    );
    states::caption(ui, words).on_hover_text("The boundary is set in the Model step");
}

fn optimizer_ui(ui: &mut Ui, current: &mut Optimizer) {
    let words = optimizer_word(current);
    let tip = "The rule by which gradients move weights. Default: Adam";
    let mut rate = current.learning_rate();
    if let Some(chosen) = choice(ui, "Optimizer", tip, words, &OPTIMIZERS) {
        *current = chosen;
    }
    let tip = "Step size. Larger learns faster until it diverges. Adam's default: 0.001";
    rate_field(ui, "Learning rate", tip, &mut rate);
    current.set_learning_rate(rate);
    match current {
        Optimizer::Sgd {
            momentum, nesterov, ..
        } => {
            let tip = "Share of the last movement that is kept. Larger is smoother and slower to turn. Default: 0.9";
            ratio(ui, "Momentum", tip, momentum);
            let tip = "Looks ahead along the momentum before it takes the gradient. Default: off";
            fields::toggle(ui, "Nesterov", tip, nesterov);
            ui.end_row();
            *nesterov &= *momentum > 0.0;
        }
        Optimizer::RmsProp {
            alpha,
            momentum,
            epsilon,
            ..
        } => {
            let tip = "How long squared gradients are remembered. PyTorch 0.99, Keras 0.9";
            ratio(ui, "Decay (ρ)", tip, alpha);
            let tip = "Share of the last movement that is kept. Default: 0";
            ratio(ui, "Momentum", tip, momentum);
            let tip = "Keeps the division from growing without bounds. PyTorch 1e-8, Keras 1e-7";
            small(ui, "Epsilon", tip, epsilon);
        }
        Optimizer::Adam {
            beta1,
            beta2,
            epsilon,
            ..
        } => betas_ui(ui, beta1, beta2, epsilon),
        Optimizer::AdamW {
            beta1,
            beta2,
            epsilon,
            weight_decay,
            ..
        } => {
            betas_ui(ui, beta1, beta2, epsilon);
            let tip = "Share of each weight that is lost per step, times the learning rate. Larger keeps weights smaller. Default: 0.01";
            small(ui, "Weight decay", tip, weight_decay);
        }
    }
}

/// A learning rate.
pub fn rate_field(ui: &mut Ui, name: &str, tip: &str, rate: &mut f64) -> Response {
    let speed = *rate * 0.01;
    let value = Number::new(rate, 1e-9..=10.0).speed(speed);
    fields::number(ui, name, tip, value.written(format::rate))
}

fn betas_ui(ui: &mut Ui, beta1: &mut f64, beta2: &mut f64, epsilon: &mut f64) {
    let tip = "How long gradients are remembered. Default: 0.9";
    ratio(ui, "β₁", tip, beta1);
    let tip = "How long squared gradients are remembered. Default: 0.999";
    ratio(ui, "β₂", tip, beta2);
    let tip = "Keeps the division from growing without bounds. PyTorch 1e-8, Keras 1e-7";
    small(ui, "Epsilon", tip, epsilon);
}

/// A small number that is not negative.
fn small(ui: &mut Ui, name: &str, tip: &str, value: &mut f64) {
    let speed = (*value * 0.01).max(1e-10);
    let field = Number::new(value, 0.0..=1.0).speed(speed);
    fields::number(ui, name, tip, field.written(format::rate));
}

fn schedule_ui(ui: &mut Ui, schedule: &mut Schedule) {
    let words = schedule_word(&schedule.kind);
    let tip = "How the learning rate changes within the phase. Default: constant";
    if let Some(chosen) = choice(ui, "Schedule", tip, words, &SCHEDULES) {
        schedule.kind = chosen;
    }
    let factor_tip = "The rate is multiplied by it. Smaller falls faster. Default: 0.1";
    match &mut schedule.kind {
        ScheduleKind::Constant => {}
        ScheduleKind::Step { epochs, factor } => {
            let value = Number::new(epochs, 1..=10_000).speed(0.1);
            let tip = "Epochs between changes. Default: 10";
            fields::number(ui, "Every", tip, value.suffix(" epochs"));
            ratio(ui, "Factor", factor_tip, factor);
        }
        ScheduleKind::Cosine { minimum } => {
            let tip = "Share of the full rate at the phase's end. Default: 0";
            ratio(ui, "Ends at", tip, minimum);
        }
        ScheduleKind::ReduceOnPlateau {
            factor,
            patience,
            min_delta,
            minimum,
        } => {
            ratio(ui, "Factor", factor_tip, factor);
            let value = Number::new(patience, 1..=10_000).speed(0.1);
            let tip = "Epochs without a smaller validation loss before the rate falls. Default: 10";
            fields::number(ui, "Patience", tip, value.suffix(" epochs"));
            let tip = "A loss must be smaller by this to count. Default: 0.0001";
            small(ui, "Smallest gain", tip, min_delta);
            let tip = "Share of the full rate that always stays. Default: 0";
            ratio(ui, "Never below", tip, minimum);
        }
        ScheduleKind::OneCycle { divisor, rise } => {
            let value = Number::new(divisor, 1.0..=10_000.0).speed(0.2);
            let tip = "The first rate is the full one divided by this. Default: 25";
            fields::number(ui, "Starts at 1 /", tip, value);
            let tip = "Share of the phase in which the rate rises. Default: 0.3";
            ratio(ui, "Rises for", tip, rise);
        }
    }
    let value = Number::new(&mut schedule.warmup_epochs, 0.0..=10_000.0).speed(0.02);
    let tip = "Epochs in which the rate rises step by step to its full size; helps large batches and large rates. Default: 0";
    fields::number(ui, "Warm-up", tip, value.suffix(" epochs"));
}
