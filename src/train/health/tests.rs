//! What is said, when, and how often.

use super::*;

/// Training loss, training accuracy and validation loss of an epoch.
type Row = (f64, f64, f64);

fn history(rows: &[Row]) -> Vec<EpochRecord> {
    let record = |(index, row): (usize, &Row)| EpochRecord {
        epoch: index + 1,
        phase: 1,
        train_loss: row.0,
        train_accuracy: row.1,
        val_loss: (row.2 != NONE).then_some(row.2),
        val_accuracy: None,
        learning_rate: 0.001,
        images_per_sec: 1.0,
        seconds: 1.0,
        train_penalty: None,
        val_penalty: None,
    };
    rows.iter().enumerate().map(record).collect()
}

/// Stands for an epoch without validation.
const NONE: f64 = -1.0;

/// What is said after which epoch.
fn said(rows: &[Row]) -> Vec<(usize, Ailment)> {
    let history = history(rows);
    // Half of the images are of one class.
    let mut watch = Watch::new([0, 0, 1, 2].into_iter(), false);
    let epochs = 1..=history.len();
    epochs
        .flat_map(|end| watch.epoch_done(&history[..end], &[]))
        .map(|advice| (advice.epoch, advice.ailment))
        .collect()
}

#[test]
fn each_ailment_is_said_once_and_again_when_it_is_twice_as_bad() {
    use Ailment::{Diverging, NotLearning, Overfitting};
    type Case = (&'static str, &'static [Row], &'static [(usize, Ailment)]);
    let cases: &[Case] = &[
        (
            "learning as it should",
            &[(1.0, 0.6, 1.0), (0.8, 0.7, 0.9), (0.6, 0.8, 0.8)],
            &[],
        ),
        (
            "flat at the majority: after three epochs, then after six",
            &[(1.1, 0.5, 1.1); 7],
            &[(3, NotLearning), (6, NotLearning)],
        ),
        (
            "flat but far above the majority has converged",
            &[(0.1, 0.95, 0.1); 5],
            &[],
        ),
        (
            "at the majority but the loss falls",
            &[
                (1.1, 0.5, NONE),
                (1.0, 0.5, NONE),
                (0.9, 0.5, NONE),
                (0.8, 0.5, NONE),
            ],
            &[],
        ),
        (
            "the loss rises: that is not learning either",
            &[(1.1, 0.5, NONE), (1.2, 0.4, NONE), (1.3, 0.4, NONE)],
            &[(3, NotLearning)],
        ),
        (
            "stuck after a first move",
            &[
                (2.0, 0.4, NONE),
                (1.1, 0.5, NONE),
                (1.1, 0.5, NONE),
                (1.1, 0.5, NONE),
            ],
            &[(4, NotLearning)],
        ),
        (
            "validation turns after epoch 3 and stays higher for five means; doubled at 12",
            &[
                (1.0, 0.6, 1.0),
                (0.9, 0.7, 0.9),
                (0.8, 0.7, 0.8),
                (0.7, 0.8, 0.82),
                (0.6, 0.8, 0.85),
                (0.5, 0.8, 0.88),
                (0.4, 0.9, 0.92),
                (0.3, 0.9, 0.96),
                (0.2, 0.9, 1.0),
                (0.2, 0.9, 1.04),
                (0.1, 0.9, 1.15),
                (0.1, 0.9, 1.4),
            ],
            &[(10, Overfitting), (12, Overfitting)],
        ),
        (
            "a bump of five epochs that goes away is no overfitting",
            &[
                (1.0, 0.6, 1.0),
                (0.9, 0.7, 0.8),
                (0.8, 0.7, 1.5),
                (0.7, 0.8, 1.6),
                (0.6, 0.8, 1.4),
                (0.5, 0.8, 1.2),
                (0.4, 0.9, 0.7),
                (0.3, 0.9, 0.6),
            ],
            &[],
        ),
        (
            "validation rises but so does training: divergence, not overfitting",
            &[
                (0.5, 0.8, 0.5),
                (0.5, 0.8, 0.5),
                (0.5, 0.8, 0.5),
                (0.6, 0.8, 0.7),
                (0.7, 0.7, 0.9),
                (0.8, 0.7, 1.1),
                (0.9, 0.7, 1.3),
                (1.0, 0.7, 1.5),
                (1.1, 0.7, 1.7),
            ],
            &[],
        ),
        (
            "far above guessing and growing: once, and again with twice the powers",
            &[
                (1.0, 0.6, NONE),
                (400.0, 0.3, NONE),
                (5_000.0, 0.3, NONE),
                (1e6, 0.3, NONE),
                (4e17, 0.3, NONE),
            ],
            &[(2, Diverging), (4, Diverging), (5, Diverging)],
        ),
        (
            "beyond everything at once",
            &[(3.9e17, 0.3, NONE)],
            &[(1, Diverging)],
        ),
        (
            "a bad beginning that falls",
            &[(60.0, 0.3, NONE), (20.0, 0.6, NONE), (2.0, 0.7, NONE)],
            &[],
        ),
        (
            "a tiny loss that grows a thousandfold",
            &[(1e-6, 1.0, NONE), (1e-3, 1.0, NONE)],
            &[],
        ),
        (
            "a validation loss that is no number is left out",
            &[
                (1.0, 0.6, f64::NAN),
                (0.8, 0.7, f64::NAN),
                (0.6, 0.8, f64::NAN),
            ],
            &[],
        ),
    ];
    for (why, rows, expected) in cases {
        assert_eq!(said(rows), *expected, "{why}");
    }
}

#[test]
fn a_divergence_says_what_why_and_what_to_do() {
    let words = divergence(&history(&[(0.5, 0.9, NONE), (3.9e17, 0.3, NONE)]), 3).unwrap();
    let expected = "It diverges: the training loss has grown from 0.5000 in epoch 1 to 3.900e17, while guessing gives \
                    1.099. The learning rate of 0.001000 is probably too large: try one such as 1.000e-4, or limit the \
                    norm of the gradients to 1.";
    assert_eq!(words.replace("0.0001000", "1.000e-4"), expected);
    assert_eq!(divergence(&[], 3), None);
}

#[test]
fn a_new_phase_is_judged_by_itself() {
    let mut rows = history(&[(0.3, 0.9, 0.3), (0.5, 0.8, 0.6), (0.4, 0.9, 0.6)]);
    for record in &mut rows[1..] {
        record.phase = 2;
    }
    let mut watch = Watch::new([0, 1].into_iter(), false);
    assert_eq!(watch.epoch_done(&rows, &[]), [], "0.3 was another phase");
}

#[test]
fn a_run_taken_up_again_does_not_repeat_what_was_said() {
    let rows = history(&[(1.1, 0.5, NONE); 4]);
    let mut watch = Watch::new([0, 0, 1].into_iter(), false);
    watch.catch_up(&rows[..3]);
    assert_eq!(watch.epoch_done(&rows, &[]), []);
}

#[test]
fn dead_units_are_named_by_layer() {
    let history = history(&[(1.0, 0.9, NONE)]);
    let units = |layer: &str, dead: usize| DeadUnits {
        layer: layer.into(),
        dead,
        units: 16,
    };
    let cases = [
        ("none", vec![units("conv1", 0)], vec![]),
        ("a few", vec![units("conv1", 3)], vec![]),
        (
            "a quarter in one layer, all in another",
            vec![units("conv1", 4), units("conv2", 16)],
            vec!["4 of the 16 units of conv1", "Every unit of conv2"],
        ),
    ];
    for (why, found, expected) in cases {
        let mut watch = Watch::new([0, 1].into_iter(), false);
        let advice = watch.epoch_done(&history, &found);
        assert_eq!(advice.len(), expected.len(), "{why}");
        for (advice, start) in advice.iter().zip(expected) {
            assert!(advice.words.starts_with(start), "{}", advice.words);
            assert_eq!(advice.ailment, Ailment::DeadUnits);
        }
    }
    let mut watch = Watch::new([0, 1].into_iter(), false);
    let counts = [4, 7, 8, 15, 16, 16];
    let said = counts.map(|dead| {
        let advice = watch.epoch_done(&history, &[units("conv1", dead)]);
        !advice.is_empty()
    });
    assert_eq!(said, [true, false, true, false, true, false], "{counts:?}");
}

#[test]
fn the_cause_of_a_loss_that_is_not_finite_follows_from_what_came_before() {
    let base = Circumstances {
        losses: &[1.0, 1.1, 1.0],
        learning_rate: 0.5,
        is_clipped: false,
    };
    let cases = [
        (
            "first step",
            Circumstances {
                losses: &[],
                ..base
            },
            "first batch",
        ),
        (
            "growing",
            Circumstances {
                losses: &[1.0, 3.0, 90.0],
                ..base
            },
            "from 1.000 to 90.00 in the 3 steps before, so the learning rate of 0.5000 is too large: try a smaller learning rate such as 0.05000, or limit",
        ),
        (
            "growing although clipped",
            Circumstances {
                losses: &[1.0, 90.0],
                is_clipped: true,
                ..base
            },
            "such as 0.05000",
        ),
        (
            "steady",
            base,
            "a single step with the learning rate of 0.5000",
        ),
    ];
    for (why, circumstances, part) in cases {
        let words = why_not_finite(&circumstances);
        assert!(words.contains(part), "{why}: {words}");
        assert!(
            !(circumstances.is_clipped && words.contains("norm")),
            "{words}"
        );
    }
}

#[test]
fn penalties_are_taken_off_and_where_they_are_not_known_nothing_is_said() {
    let falling_weights = |penalty: fn(f64) -> Option<f64>| {
        // What images say turns upwards; the penalty falls faster.
        let losses = [1.0, 0.9, 0.8, 0.82, 0.85, 0.88, 0.92, 0.96, 1.0, 1.04];
        let mut rows: Vec<EpochRecord> = history(&losses.map(|loss| (0.0, 0.9, loss)));
        for (at, record) in rows.iter_mut().enumerate() {
            let cost = 5.0 - 0.4 * at as f64;
            record.train_loss = 1.0 - 0.05 * at as f64 + cost;
            record.train_penalty = penalty(cost);
            record.val_penalty = penalty(cost);
            record.val_loss = record.val_loss.map(|loss| loss + cost);
        }
        rows
    };
    let said = |rows: &[EpochRecord]| {
        let mut watch = Watch::new([0, 0, 1, 2].into_iter(), true);
        let all = (1..=rows.len()).flat_map(|end| watch.epoch_done(&rows[..end], &[]));
        let said: Vec<_> = all.map(|advice| (advice.epoch, advice.ailment)).collect();
        (said, watch.ended(rows).map(|advice| advice.ailment))
    };
    let known = said(&falling_weights(Some));
    assert_eq!(known, (vec![(10, Ailment::Overfitting)], None));
    let old = said(&falling_weights(|_| None));
    assert_eq!(old, (vec![], None), "a run of an earlier version");
}

#[test]
fn a_run_that_ends_while_it_gets_better_is_worth_going_on_with() {
    let watch = Watch::new([0, 1].into_iter(), false);
    let falls = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5].map(|loss| (loss, 0.9, loss));
    let advice = watch.ended(&history(&falls)).unwrap();
    assert_eq!((advice.ailment, advice.epoch), (Ailment::StillImproving, 6));
    assert!(
        advice.words.contains("from 0.9000 to 0.6000"),
        "{}",
        advice.words
    );
    let flat = [(0.5, 0.9, 0.5); 9];
    assert_eq!(watch.ended(&history(&flat)), None);
    assert_eq!(watch.ended(&history(&[(0.5, 0.9, NONE); 9])), None);
    assert_eq!(watch.ended(&[]), None);
}
