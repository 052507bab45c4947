//! What curves say at one epoch, in words.

use egui_plot::HoverPosition;

use super::axes::Quantity;
use crate::{
    train::{EpochRecord, Experiment},
    ui::format::{minutes, shortened, significant, thousands},
};

/// Letters of a phase's name that are shown.
const LONGEST_NAME: usize = 24;

/// The name of phase `number`, from 1.
pub fn phase_name(experiment: Option<&Experiment>, number: usize) -> String {
    let phases = experiment.map(|experiment| &experiment.training.phases);
    let phase = phases.and_then(|phases| phases.get(number.checked_sub(1)?));
    phase.map_or_else(
        || format!("phase {number}"),
        |phase| shortened(&phase.name, LONGEST_NAME),
    )
}

/// Epochs in which another phase begins, with its number.
pub fn phase_starts(epochs: &[EpochRecord]) -> impl Iterator<Item = (usize, usize)> {
    let pairs = epochs.windows(2);
    let begins = pairs.filter(|pair| pair[0].phase != pair[1].phase);
    begins.map(|pair| (pair[1].epoch, pair[1].phase))
}

/// The epoch nearest to `x`.
pub fn nearest(epochs: &[EpochRecord], x: f64) -> Option<&EpochRecord> {
    let distance = |record: &EpochRecord| (record.epoch as f64 - x).abs();
    let nearer = |a: &&EpochRecord, b: &&EpochRecord| distance(a).total_cmp(&distance(b));
    epochs.iter().min_by(nearer)
}

fn both(record: &EpochRecord, quantity: Quantity) -> (String, String) {
    let validation = quantity.validation(record);
    (
        quantity.words(quantity.train(record)),
        validation.map_or("–".to_owned(), |value| quantity.words(value)),
    )
}

/// Every value of an epoch, for beside the pointer.
pub fn card(record: &EpochRecord, phase: Option<&str>) -> String {
    let (train_accuracy, val_accuracy) = both(record, Quantity::Accuracy);
    let (train_loss, val_loss) = both(record, Quantity::Loss);
    let penalty = record.val_penalty.map_or_else(String::new, |penalty| {
        format!("\npenalty {} in the validation loss", significant(penalty))
    });
    let phase = phase.map_or_else(String::new, |name| format!(" · {name}"));
    format!(
        "epoch {}{phase}\ntraining {train_accuracy} · loss {train_loss}\nvalidation {val_accuracy} · loss {val_loss}{penalty}\nlearning rate {}",
        thousands(record.epoch),
        significant(record.learning_rate),
    )
}

/// The same in two lines, what matters most in front.
pub fn lines(record: &EpochRecord) -> [String; 2] {
    let (train_accuracy, val_accuracy) = both(record, Quantity::Accuracy);
    let (train_loss, val_loss) = both(record, Quantity::Loss);
    let (epoch, time) = (thousands(record.epoch), minutes(record.seconds));
    let rate = significant(record.learning_rate);
    [
        format!("epoch {epoch} · training {train_accuracy}, loss {train_loss} · {time}"),
        format!("validation {val_accuracy}, loss {val_loss} · learning rate {rate}"),
    ]
}

/// Where the pointer is along the epochs.
pub fn pointer_x(hover: &HoverPosition<'_>) -> f64 {
    let (HoverPosition::NearDataPoint { position, .. } | HoverPosition::Elsewhere { position }) =
        hover;
    position.x
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(epoch: usize, phase: usize) -> EpochRecord {
        EpochRecord {
            epoch,
            phase,
            train_loss: 0.25,
            train_accuracy: 0.5,
            val_loss: None,
            val_accuracy: None,
            learning_rate: 0.001,
            images_per_sec: 1.0,
            seconds: 61.0,
            train_penalty: None,
            val_penalty: None,
        }
    }

    #[test]
    fn an_epoch_reads_as_a_card_and_as_two_lines() {
        let record = record(3, 1);
        let expected = "epoch 3 · warm-up\ntraining 50.0 % · loss 0.2500\nvalidation – · loss –\nlearning rate 0.001000";
        assert_eq!(card(&record, Some("warm-up")), expected);
        let expected = [
            "epoch 3 · training 50.0 %, loss 0.2500 · 1:01",
            "validation –, loss – · learning rate 0.001000",
        ];
        assert_eq!(lines(&record), expected);
        let penalised = EpochRecord {
            val_penalty: Some(0.125),
            ..record
        };
        let card = card(&penalised, None);
        assert!(
            card.contains("\npenalty 0.1250 in the validation loss\n"),
            "{card}"
        );
    }

    #[test]
    fn phases_begin_where_their_number_changes() {
        let epochs = [record(1, 1), record(2, 1), record(3, 2), record(4, 4)];
        assert_eq!(phase_starts(&epochs).collect::<Vec<_>>(), [(3, 2), (4, 4)]);
        assert_eq!(phase_starts(&epochs[..1]).count(), 0);
        assert_eq!(phase_name(None, 2), "phase 2");
        let at = |x| nearest(&epochs, x).map(|record| record.epoch);
        assert_eq!(
            [at(-9.0), at(2.4), at(2.6), at(99.0)],
            [1, 2, 3, 4].map(Some)
        );
        assert!(nearest(&[], 1.0).is_none());
    }
}
