//! Rates step by step.

use super::*;

#[derive(Deserialize)]
struct Reference {
    rate: f64,
    epochs: usize,
    steps_per_epoch: usize,
    schedules: Vec<Case>,
    plateaus: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    schedule: Schedule,
    /// Of every step, or with plateaus of every epoch.
    rates: Vec<f64>,
    /// Of every epoch; `None` is not a number.
    #[serde(default)]
    losses: Vec<Option<f64>>,
}

/// Numbers of PyTorch and Keras; `tests/reference/make_schedules.py` makes them.
fn reference() -> Reference {
    let text = include_str!("../../../tests/reference/schedules.json");
    serde_json::from_str(text).unwrap()
}

fn record(loss: f64) -> EpochRecord {
    EpochRecord {
        epoch: 1,
        phase: 1,
        train_loss: 1.0,
        train_accuracy: 0.5,
        val_loss: Some(loss),
        val_accuracy: None,
        learning_rate: 0.01,
        images_per_sec: 1.0,
        seconds: 1.0,
        train_penalty: None,
        val_penalty: None,
    }
}

#[test]
fn every_step_has_pytorchs_rate() {
    let reference = reference();
    let moment = |step: usize| Moment {
        step,
        steps_per_epoch: reference.steps_per_epoch,
        epochs: reference.epochs,
    };
    assert_eq!(reference.schedules.len(), 12);
    for case in &reference.schedules {
        let name = &case.name;
        case.schedule.check().unwrap();
        assert_eq!(
            case.rates.len(),
            reference.epochs * reference.steps_per_epoch
        );
        for (step, expected) in case.rates.iter().enumerate() {
            let found =
                RateState::default().learning_rate(&case.schedule, reference.rate, &moment(step));
            assert!(
                (found - expected).abs() < 1e-12,
                "{name}, step {step}: {found}"
            );
        }
    }
}

#[test]
fn plateaus_lower_the_rate_when_kerass_do() {
    let reference = reference();
    assert_eq!(reference.plateaus.len(), 18);
    for case in &reference.plateaus {
        let mut state = RateState::default();
        let moment = Moment {
            step: 0,
            steps_per_epoch: 1,
            epochs: 1,
        };
        let losses = case.losses.iter();
        let losses = losses.map(|loss| loss.unwrap_or(f64::NAN));
        for (epoch, loss) in losses.chain([f64::NAN]).enumerate() {
            let found = state.learning_rate(&case.schedule, reference.rate, &moment);
            let expected = case.rates[epoch];
            assert!(
                (found / expected - 1.0).abs() < 1e-9,
                "{}, {:?}, epoch {epoch}: {found} instead of {expected}",
                case.name,
                case.schedule
            );
            state.epoch_done(&case.schedule, &record(loss));
        }
    }
}

#[test]
fn a_first_loss_that_is_not_a_number_does_not_stand_for_ever() {
    // In Keras nothing is better than it, so that the rate falls and falls.
    let schedule = Schedule {
        kind: ScheduleKind::ReduceOnPlateau {
            factor: 0.5,
            patience: 1,
            min_delta: 0.0,
            minimum: 0.0,
        },
        warmup_epochs: 0.0,
    };
    for first in [f64::NAN, f64::INFINITY] {
        let mut state = RateState::default();
        let rates = [first, 0.9, 0.8, 0.7].map(|loss| {
            state.epoch_done(&schedule, &record(loss));
            state.reduced
        });
        assert_eq!(rates, [0.5; 4], "{first}: only the first epoch was bad");
    }
}

#[test]
fn a_rate_set_while_training_keeps_the_schedule() {
    let schedule = Schedule {
        kind: ScheduleKind::Step {
            epochs: 1,
            factor: 0.5,
        },
        warmup_epochs: 0.0,
    };
    let at = |step| Moment {
        step,
        steps_per_epoch: 2,
        epochs: 3,
    };
    let mut state = RateState::default();
    assert_eq!(state.learning_rate(&schedule, 0.1, &at(2)), 0.05);
    state.set_full(0.4);
    assert_eq!(state.learning_rate(&schedule, 0.1, &at(2)), 0.2);
}

#[test]
fn settings_out_of_range_are_named() {
    let kind = |kind| Schedule {
        kind,
        warmup_epochs: 0.0,
    };
    let cases = [
        (
            kind(ScheduleKind::Step {
                epochs: 0,
                factor: 0.5,
            }),
            "0 epochs",
        ),
        (
            kind(ScheduleKind::Step {
                epochs: 1,
                factor: 1.5,
            }),
            "factor is 1.5",
        ),
        (
            kind(ScheduleKind::Cosine { minimum: -0.1 }),
            "minimum is -0.1",
        ),
        (
            kind(ScheduleKind::OneCycle {
                divisor: 0.5,
                rise: 0.3,
            }),
            "divisor is 0.5",
        ),
        (
            kind(ScheduleKind::OneCycle {
                divisor: 25.0,
                rise: f64::NAN,
            }),
            "rise is NaN",
        ),
        (
            Schedule {
                warmup_epochs: -1.0,
                ..Schedule::default()
            },
            "-1 epochs",
        ),
    ];
    for (schedule, part) in cases {
        let error = schedule.check().unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}
