//! What is wrong with a run, in words, while it goes on. Plain data and arithmetic.
//!
//! A [`Watch`] sees every epoch and says each thing once; again only when it has become twice as bad.

mod trend;

use std::collections::BTreeMap;

use super::history::{self, EpochRecord};
use crate::format::{counted, percent, significant, thousands};

/// What an advice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ailment {
    /// The run hardly fits into memory.
    Memory,
    /// The loss has left what guessing gives far behind: every step makes the network worse.
    Diverging,
    /// The loss does not fall and the answers are no better than always the same one.
    NotLearning,
    /// Training images are learned by heart: their loss falls while that of validation has turned upwards.
    Overfitting,
    /// It ended while it still got better.
    StillImproving,
    /// Units give 0 for every image, so that nothing teaches them.
    DeadUnits,
}

/// One thing worth knowing about a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What it is about.
    pub ailment: Ailment,
    /// Epoch after which it was said; 0 before the first.
    pub epoch: usize,
    /// What, where and what to do, in a sentence or two.
    pub words: String,
}

/// Units of a layer that give 0 for every image that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadUnits {
    /// The layer's name.
    pub layer: String,
    /// How many.
    pub dead: usize,
    /// Units of the layer: feature maps, or values.
    pub units: usize,
}

/// Epochs over which the loss must have moved.
const LOOK_BACK: usize = 3;
/// A loss that fell by less than this share over them is flat.
const FLAT: f64 = 0.01;
/// What the accuracy must have gained on always answering the most frequent class, as a share of what it could.
const LEAST_GAIN: f64 = 0.1;
/// Share of a layer's units that may be dead without a word.
const FEW_DEAD: f64 = 0.25;
/// A training loss of so many times what guessing gives, `ln(classes)`, belongs to a network that is surer of wrong
/// answers than weights by chance make it.
const FAR: f64 = 10.0;
/// So many times belong to none that learns, whatever it began with.
const BEYOND: f64 = 1_000.0;
/// Something is said again when it has become this many times as bad.
const WORSE: f64 = 2.0;

/// Follows a run.
#[derive(Debug, Clone)]
pub struct Watch {
    /// Share of the most frequent class among the training images, 0..1.
    majority: f64,
    /// Classes among them.
    classes: usize,
    /// Large weights cost something, so that losses hold more than what images say.
    has_penalties: bool,
    /// How bad everything was when it was said, by what and where.
    said: BTreeMap<(Ailment, String), f64>,
}

impl Watch {
    /// At the start of a run on images with these labels; `has_penalties` where large weights cost something.
    pub fn new(labels: impl Iterator<Item = usize>, has_penalties: bool) -> Self {
        let mut counts = BTreeMap::new();
        for label in labels {
            *counts.entry(label).or_insert(0usize) += 1;
        }
        let all: usize = counts.values().sum();
        let most = counts.values().max().copied().unwrap_or(0);
        Self {
            majority: most as f64 / all.max(1) as f64,
            classes: counts.len(),
            has_penalties,
            said: BTreeMap::new(),
        }
    }

    /// What the newest epoch of `history` shows; `dead` was found at its end.
    pub fn epoch_done(&mut self, history: &[EpochRecord], dead: &[DeadUnits]) -> Vec<Advice> {
        let Some(last) = history.last() else {
            return Vec::new();
        };
        let phase = newest_phase(history);
        let mut findings = Vec::new();
        let diverging = diverging(history, self.classes);
        if diverging.is_none() {
            findings.extend(not_learning(phase, self.majority));
        }
        findings.extend(diverging);
        findings.extend(
            self.losses(phase)
                .and_then(|losses| overfitting(phase, &losses)),
        );
        findings.extend(dead.iter().filter_map(dead_units));
        findings
            .into_iter()
            .filter(|finding| self.is_new(finding))
            .map(|finding| Advice {
                ailment: finding.ailment,
                epoch: last.epoch,
                words: finding.words,
            })
            .collect()
    }

    /// What the end of a run with these epochs shows, however it came about: whether it still got better.
    pub fn ended(&self, history: &[EpochRecord]) -> Option<Advice> {
        let phase = newest_phase(history);
        let (from, to) = trend::still_falls(&self.losses(phase)?)?;
        let last = phase.last()?;
        Some(Advice {
            ailment: Ailment::StillImproving,
            epoch: last.epoch,
            words: format!(
                "It still gets better: the validation loss fell from {} to {} within the last epochs, by more than it \
                 scatters. Train on: more epochs are likely to help.",
                significant(from),
                significant(to),
            ),
        })
    }

    /// What validation images say in each epoch of `phase`, without penalties; `None` where that is not known.
    fn losses(&self, phase: &[EpochRecord]) -> Option<Vec<f64>> {
        let loss = |record: &EpochRecord| {
            let is_known = !self.has_penalties || record.val_penalty.is_some();
            record
                .val_data_loss()
                .filter(|loss| is_known && loss.is_finite())
        };
        phase.iter().map(loss).collect()
    }

    /// Goes through the epochs of a run that is taken up again: what was said before is not said again.
    pub fn catch_up(&mut self, history: &[EpochRecord]) {
        for end in 1..=history.len() {
            self.epoch_done(&history[..end], &[]);
        }
    }

    fn is_new(&mut self, finding: &Finding) -> bool {
        let key = (finding.ailment, finding.place.clone());
        let is_new = self
            .said
            .get(&key)
            .is_none_or(|said| finding.badness >= WORSE * said);
        if is_new {
            self.said.insert(key, finding.badness);
        }
        is_new
    }
}

/// The epochs of the newest phase: every phase has its own pace.
fn newest_phase(history: &[EpochRecord]) -> &[EpochRecord] {
    let newest = history.last().map(|record| record.phase);
    let first = history
        .iter()
        .position(|record| Some(record.phase) == newest);
    &history[first.unwrap_or(0)..]
}

/// Something that is wrong, said before or not.
struct Finding {
    ailment: Ailment,
    /// Where, when there can be several.
    place: String,
    /// Twice as much is worth saying again.
    badness: f64,
    words: String,
}

/// Why the run with these epochs has diverged, as its newest epoch shows; `None` when it has not.
///
/// Its training loss is far above `ln(classes)`, the cross-entropy of guessing, and either has grown since an epoch
/// before or is beyond what weights by chance give. A loss that is high at first and falls is no divergence, and
/// neither is a tiny loss that grows a thousandfold and is still tiny.
pub fn divergence(history: &[EpochRecord], classes: usize) -> Option<String> {
    diverging(history, classes).map(|finding| finding.words)
}

fn diverging(history: &[EpochRecord], classes: usize) -> Option<Finding> {
    let (last, before) = history.split_last()?;
    let guessing = (classes.max(2) as f64).ln();
    let loss = EpochRecord::train_data_loss;
    let times = loss(last) / guessing;
    let lowest = before.iter().min_by(|a, b| loss(a).total_cmp(&loss(b)));
    let grown_since = lowest.filter(|lowest| loss(last) > GREW * loss(lowest));
    if !(times > FAR && grown_since.is_some() || times > BEYOND) {
        return None;
    }
    let now = significant(loss(last));
    let course = grown_since.map_or_else(
        || format!("is {now}"),
        |lowest| {
            let then = significant(loss(lowest));
            format!("has grown from {then} in epoch {} to {now}", lowest.epoch)
        },
    );
    Some(Finding {
        ailment: Ailment::Diverging,
        place: String::new(),
        // The loss grows by powers: twice as many of them is twice as bad.
        badness: times.log10(),
        words: format!(
            "It diverges: the training loss {course}, while guessing gives {}. The learning rate of {} is probably too \
             large: try one such as {}, or limit the norm of the gradients to 1.",
            significant(guessing),
            rate_words(last.learning_rate),
            rate_words(last.learning_rate / 10.0),
        ),
    })
}

fn not_learning(phase: &[EpochRecord], majority: f64) -> Option<Finding> {
    let last = phase.last()?;
    let loss = EpochRecord::train_data_loss;
    let is_guessing =
        |record: &EpochRecord| record.train_accuracy <= majority + LEAST_GAIN * (1.0 - majority);
    // The epochs since the loss was last clearly above what it is now.
    let moved = phase
        .iter()
        .rposition(|record| !is_guessing(record) || loss(record) * (1.0 - FLAT) > loss(last));
    let still = phase.len() - moved.map_or(0, |at| at + 1);
    if still < LOOK_BACK {
        return None;
    }
    Some(Finding {
        ailment: Ailment::NotLearning,
        place: String::new(),
        badness: still as f64,
        words: format!(
            "It does not learn: the training loss has stayed at {} for {}, and its accuracy of {} is hardly more than \
             always answering the most frequent class gives ({}). The learning rate of {} is probably too small or too \
             large: the rate finder tells. Otherwise look at the labels and at the size of the network.",
            significant(loss(last)),
            counted(still, "epoch"),
            percent(last.train_accuracy),
            percent(majority),
            rate_words(last.learning_rate),
        ),
    })
}

/// `losses` are those of validation in the epochs of `phase`.
fn overfitting(phase: &[EpochRecord], losses: &[f64]) -> Option<Finding> {
    let turn = trend::turned_up(losses)?;
    let last = phase.last()?;
    let training: Vec<f64> = phase.iter().map(EpochRecord::train_data_loss).collect();
    let training = trend::means(&training);
    let (then, now) = (*training.get(turn.window)?, *training.last()?);
    if now >= then || still_gains(phase, turn.window) {
        return None;
    }
    let since = phase.get(turn.at)?.epoch;
    let kept = history::best_epoch(phase, None).filter(|best| best.epoch > since);
    let accuracy = kept.map_or_else(String::new, |best| {
        format!(
            " Its accuracy was highest in epoch {}, hardly higher than then.",
            best.epoch
        )
    });
    Some(Finding {
        ailment: Ailment::Overfitting,
        place: format!("phase {}", last.phase),
        badness: turn.now / turn.lowest - 1.0,
        words: format!(
            "It overfits since epoch {since}: the training loss fell from {} to {} while the validation loss rose from \
             {} to {}, on average over {}.{accuracy} Early stopping ends a run there; augmentation, dropout or more \
             images keep the gap small.",
            significant(then),
            significant(now),
            significant(turn.lowest),
            significant(turn.now),
            counted(trend::WINDOW, "epoch"),
        ),
    })
}

/// Whether validation answers have become right more often since the mean at `window`, by more than noise.
fn still_gains(phase: &[EpochRecord], window: usize) -> bool {
    let accuracies: Option<Vec<f64>> = phase.iter().map(|record| record.val_accuracy).collect();
    accuracies.is_some_and(|accuracies| {
        let means = trend::means(&accuracies);
        match (means.get(window), means.last()) {
            (Some(then), Some(now)) => now - then > trend::noise(&accuracies),
            _ => false,
        }
    })
}

fn dead_units(found: &DeadUnits) -> Option<Finding> {
    let DeadUnits { layer, dead, units } = found;
    let share = *dead as f64 / (*units).max(1) as f64;
    let words = if *dead == 0 || share < FEW_DEAD {
        return None;
    } else if dead == units {
        format!(
            "Every unit of {layer} is dead: all {} give 0 for every image, so nothing reaches the layers behind it and \
             nothing can be learned. Start again with a smaller learning rate.",
            thousands(*units)
        )
    } else {
        format!(
            "{} of the {} units of {layer} are dead: they give 0 for every image and can hardly learn any more. A \
             smaller learning rate or batch normalisation prevents it.",
            thousands(*dead),
            thousands(*units)
        )
    };
    Some(Finding {
        ailment: Ailment::DeadUnits,
        place: layer.clone(),
        // A layer that lets nothing through is a matter of its own.
        badness: if dead == units { WORSE } else { share },
        words,
    })
}

/// How a run computed when its loss was no longer finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circumstances<'a> {
    /// Losses of the steps before, oldest first; all finite.
    pub losses: &'a [f64],
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Gradients are kept from growing.
    pub is_clipped: bool,
}

/// Losses that [`why_not_finite`] looks at.
pub const LOSSES_KEPT: usize = 20;
/// A loss that grew to this many times its lowest value was on its way up.
const GREW: f64 = 2.0;

/// The likely cause of a loss that is not finite, and what to do.
pub fn why_not_finite(now: &Circumstances<'_>) -> String {
    let Some(last) = now.losses.last() else {
        return "already the first batch gives it, so the cause is what goes in: look at mean and standard deviation of \
                the normalisation and at the initial weights"
            .to_owned();
    };
    let lowest = now.losses.iter().copied().fold(f64::INFINITY, f64::min);
    let (rate, smaller) = (
        rate_words(now.learning_rate),
        rate_words(now.learning_rate / 10.0),
    );
    let clipping = if now.is_clipped {
        ""
    } else {
        ", or limit the norm of the gradients to 1"
    };
    if *last > GREW * lowest {
        format!(
            "it had grown from {} to {} in the {} before, so the learning rate of {rate} is too large: try a smaller learning rate such as {smaller}{clipping}",
            significant(lowest),
            significant(*last),
            counted(now.losses.len(), "step"),
        )
    } else {
        format!(
            "it was {} one step before, so a single step with the learning rate of {rate} went too far: try a smaller learning rate such as {smaller}{clipping}",
            significant(*last)
        )
    }
}

/// A learning rate; one that nobody writes out has an exponent.
fn rate_words(rate: f64) -> String {
    if (1e-4..1e4).contains(&rate) {
        significant(rate)
    } else {
        format!("{rate:.1e}")
    }
}

#[cfg(test)]
mod replay_tests;
#[cfg(test)]
mod tests;
