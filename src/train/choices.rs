//! What the settings of training are chosen from: each value with its name and what it is good for, in one place for
//! the window, the comparison of runs and the command line.

use std::mem::discriminant;

use super::{
    Optimizer,
    config::{MemoryFormat, Precision},
    schedule::ScheduleKind,
};

/// One of the values of a setting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice<T> {
    /// What is set; where it has numbers, their usual ones.
    pub value: T,
    /// What people call it.
    pub word: &'static str,
    /// What it is good for; empty where its name says so.
    pub meaning: &'static str,
}

impl<T> Choice<T> {
    /// `value`, which people call `word`.
    pub const fn new(word: &'static str, meaning: &'static str, value: T) -> Self {
        Self {
            value,
            word,
            meaning,
        }
    }
}

/// ε of Keras' optimizers.
const KERAS_EPSILON: f64 = 1e-7;
/// The step size that Adam's authors propose; whoever takes another optimizer keeps the rate there is.
const RATE: f64 = 1e-3;

/// Optimizers with the defaults of their framework.
pub const OPTIMIZERS: [Choice<Optimizer>; 6] = [
    Choice::new(
        "SGD",
        "plain gradient descent, with momentum if you like",
        Optimizer::Sgd {
            learning_rate: RATE,
            momentum: 0.9,
            nesterov: false,
        },
    ),
    Choice::new(
        "RMSprop",
        "steps scaled by recent gradients, PyTorch's defaults",
        Optimizer::RmsProp {
            learning_rate: RATE,
            alpha: 0.99,
            momentum: 0.0,
            epsilon: 1e-8,
            epsilon_inside_root: false,
        },
    ),
    Choice::new(
        "RMSprop (Keras)",
        "as Keras computes it: ρ 0.9, ε 1e-7 within the root",
        Optimizer::RmsProp {
            learning_rate: RATE,
            alpha: 0.9,
            momentum: 0.0,
            epsilon: KERAS_EPSILON,
            epsilon_inside_root: true,
        },
    ),
    Choice::new(
        "Adam",
        "a good first choice, PyTorch's defaults",
        Optimizer::adam(RATE),
    ),
    Choice::new(
        "Adam (Keras)",
        "Adam with Keras' ε of 1e-7",
        Optimizer::Adam {
            learning_rate: RATE,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: KERAS_EPSILON,
            epsilon_hat: true,
        },
    ),
    Choice::new(
        "AdamW",
        "Adam with weight decay",
        Optimizer::AdamW {
            learning_rate: RATE,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.01,
        },
    ),
];

/// How the learning rate changes within a phase.
pub const SCHEDULES: [Choice<ScheduleKind>; 5] = [
    Choice::new("Constant", "the rate stays", ScheduleKind::Constant),
    Choice::new(
        "Step",
        "multiplied by a factor every few epochs",
        ScheduleKind::Step {
            epochs: 10,
            factor: 0.1,
        },
    ),
    Choice::new(
        "Cosine",
        "falls along half a cosine to the end of the phase",
        ScheduleKind::Cosine { minimum: 0.0 },
    ),
    Choice::new(
        "On plateau",
        "multiplied by a factor when the validation loss no longer falls",
        ScheduleKind::ReduceOnPlateau {
            factor: 0.1,
            patience: 10,
            min_delta: 1e-4,
            minimum: 0.0,
        },
    ),
    Choice::new(
        "One cycle",
        "rises, then falls to almost nothing",
        ScheduleKind::OneCycle {
            divisor: 25.0,
            rise: 0.3,
        },
    ),
];

const MEASURE: &str = "a few steps of each decide, once for each machine and network";

/// How exactly convolutions and dense layers are computed.
pub const PRECISIONS: [Choice<Precision>; 3] = [
    Choice::new("f32", "exact", Precision::F32),
    Choice::new(
        "bfloat16",
        "two to three times faster on processors with AMX, slower on others",
        Precision::Bf16,
    ),
    Choice::new("Measure", MEASURE, Precision::Auto),
];

/// How feature maps lie in memory.
pub const MEMORY_FORMATS: [Choice<MemoryFormat>; 3] = [
    Choice::new(
        "Channels last",
        "faster on most processors",
        MemoryFormat::ChannelsLast,
    ),
    Choice::new("Contiguous", "PyTorch's default", MemoryFormat::Contiguous),
    Choice::new("Measure", MEASURE, MemoryFormat::Auto),
];

/// The entry of [`OPTIMIZERS`] that computes as `optimizer` does, whatever its numbers are.
pub fn optimizer_word(optimizer: &Optimizer) -> &'static str {
    let is_kerass = |optimizer: &Optimizer| match optimizer {
        Optimizer::RmsProp {
            epsilon_inside_root,
            ..
        } => *epsilon_inside_root,
        Optimizer::Adam { epsilon_hat, .. } => *epsilon_hat,
        _ => false,
    };
    let kind = |optimizer: &Optimizer| (discriminant(optimizer), is_kerass(optimizer));
    let computes_alike = |other: &Optimizer| kind(optimizer) == kind(other);
    word(&OPTIMIZERS, computes_alike)
}

/// What a schedule of this kind is called.
pub fn schedule_word(kind: &ScheduleKind) -> &'static str {
    word(&SCHEDULES, |other| {
        discriminant(kind) == discriminant(other)
    })
}

/// What the first of `choices` that `is_meant` is called; every value has one, which a test keeps.
pub fn word<T>(choices: &[Choice<T>], is_meant: impl Fn(&T) -> bool) -> &'static str {
    let found = choices.iter().find(|choice| is_meant(&choice.value));
    found.map_or("", |choice| choice.word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_optimizer_is_shown_as_what_was_chosen() {
        for choice in OPTIMIZERS {
            let mut chosen = choice.value;
            assert_eq!(optimizer_word(&chosen), choice.word);
            chosen.set_learning_rate(0.5);
            assert_eq!(
                optimizer_word(&chosen),
                choice.word,
                "another rate is no other optimizer"
            );
            assert_eq!(chosen.check(), Ok(()));
        }
    }

    #[test]
    fn a_schedule_is_called_the_same_whatever_its_numbers_are() {
        for choice in SCHEDULES {
            assert_eq!(schedule_word(&choice.value), choice.word);
        }
        assert_eq!(
            schedule_word(&ScheduleKind::Cosine { minimum: 0.5 }),
            "Cosine"
        );
    }

    /// A value that is added to one of these types and has no entry would be shown as nothing.
    #[test]
    fn every_value_has_a_name() {
        for precision in [Precision::F32, Precision::Bf16, Precision::Auto] {
            assert!(!word(&PRECISIONS, |of| *of == precision).is_empty());
        }
        for format in [
            MemoryFormat::Auto,
            MemoryFormat::ChannelsLast,
            MemoryFormat::Contiguous,
        ] {
            assert!(!word(&MEMORY_FORMATS, |of| *of == format).is_empty());
        }
    }
}
