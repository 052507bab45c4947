//! Whether a run fits into memory, by arithmetic, before anything is built: the system ends a program that
//! takes too much without a word.

use super::{
    config::TrainingConfig,
    estimate::Images,
    evaluate::EVALUATION_BATCH,
    features::{self, Kept},
};
use crate::{
    data::augment::AugmentationConfig,
    format,
    model::{
        ModelSpec, ShapeError,
        graph::{self, Node},
    },
};

const VALUE: usize = size_of::<f32>();
/// Copies of all arrays beside the network's own: the first, best and newest snapshot, that of the phase, and the one
/// before the newest, which inspections use until the newest is on the disk.
const COPIES: usize = 5;
/// What libtorch takes for each byte that is kept for the way back: gradients, copies in another order, gaps between
/// blocks. Measured with networks of convolutions, with and without batch normalisation: 1.6 to 1.8.
const OVERHEAD: f64 = 1.7;
/// What libtorch's code and tables take once it computes.
const LIBRARY: usize = 150 << 20;
/// From this share of the available memory on the user is warned.
const NEAR: f64 = 0.8;

impl Fit {
    /// Whether a run of `config` fits into `available` bytes, without the features of frozen layers where it would
    /// not with them; the rest as in [`MemoryNeed::of`].
    ///
    /// # Errors
    /// The first layer that does not fit.
    pub fn of(
        spec: &ModelSpec,
        config: &TrainingConfig,
        augmentation: &AugmentationConfig,
        images: Images,
        available: u64,
    ) -> Result<Self, ShapeError> {
        let need = MemoryNeed::of(spec, config, augmentation, images, features::MOST_BYTES)?;
        let batch_size = config.batch_size.min(at_most(images));
        let fit = need.fits(available, batch_size);
        if need.features == 0 || !matches!(fit, Self::Not(_)) {
            return Ok(fit);
        }
        let leaner = MemoryNeed::of(spec, config, augmentation, images, 0)?;
        Ok(match leaner.fits(available, batch_size) {
            not @ Self::Not(_) => not,
            _ => Self::WithoutFeatures(format!(
                "Frozen layers compute again in every epoch, which takes longer: keeping what they give takes {}, and training needs about {} of the {} of memory that are free",
                format::bytes(need.features as u64),
                format::bytes(leaner.total() as u64),
                format::bytes(available),
            )),
        })
    }

    /// Bytes that the features of frozen layers may take.
    pub fn feature_bytes(&self) -> usize {
        match self {
            Self::WithoutFeatures(_) => 0,
            _ => features::MOST_BYTES,
        }
    }
}

/// What a run needs at most, in bytes. Plain data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemoryNeed {
    /// Weights, with the copies that snapshots and checkpoints are.
    pub weights: usize,
    /// Gradients and what the optimizer remembers.
    pub optimizer: usize,
    /// Outputs of the layers for one batch, kept for the way back.
    pub activations: usize,
    /// What frozen layers make of all images, where it is kept from epoch to epoch.
    pub features: usize,
}

/// Whether it fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// With room.
    Well,
    /// Hardly: a sentence.
    Nearly(String),
    /// When what frozen layers make of the images is not kept, but computed again in every epoch: a sentence.
    WithoutFeatures(String),
    /// Not: a sentence.
    Not(String),
}

impl MemoryNeed {
    /// The most that a phase of `config` needs. Frozen layers compute once for those of `images` for which `augmentation`
    /// allows it, where they take no more than `feature_bytes`, and no batch is larger than all of them; none stand for any
    /// number, without keeping.
    ///
    /// # Errors
    /// The first layer that does not fit.
    pub fn of(
        spec: &ModelSpec,
        config: &TrainingConfig,
        augmentation: &AugmentationConfig,
        images: Images,
        feature_bytes: usize,
    ) -> Result<Self, ShapeError> {
        let nodes = graph::nodes(spec)?;
        let parameters = |nodes: &[Node]| -> usize {
            let counts = nodes.iter().map(|node| node.shape.parameters);
            counts.fold(0, usize::saturating_add)
        };
        let mut need = Self {
            weights: bytes(parameters(&nodes), 1 + COPIES),
            ..Self::default()
        };
        let most = at_most(images);
        let batches = (config.batch_size.min(most), EVALUATION_BATCH.min(most));
        for phase in &config.phases {
            let from = graph::boundary(&nodes, phase.trainable_from.as_deref());
            let (frozen, trained) = nodes.split_at(from);
            let kept = Kept::new(&nodes, from, images, augmentation, feature_bytes);
            let features = kept.map_or(0, |kept| kept.bytes(&nodes, images));
            need.features = need.features.max(features);
            // The gradient; each slot once at work and once in the checkpoint.
            let slots = phase.optimizer.slots().len();
            let optimizer = bytes(parameters(trained), 1 + 2 * slots);
            need.optimizer = need.optimizer.max(optimizer);
            let once = kept
                .filter(|kept| kept.training)
                .map_or(0, |kept| kept.start);
            let activations = activations(frozen, trained, once, batches);
            need.activations = need.activations.max(activations);
        }
        Ok(need)
    }

    /// All of it.
    pub fn total(&self) -> usize {
        self.weights
            .saturating_add(self.optimizer)
            .saturating_add(self.activations)
            .saturating_add(self.features)
            .saturating_add(LIBRARY)
    }

    /// Whether it fits into `available` bytes; with what to do when it does not.
    pub fn fits(&self, available: u64, batch_size: usize) -> Fit {
        let total = self.total() as u64;
        let (needed, free) = (format::bytes(total), format::bytes(available));
        let more = match self.batch_that_fits(available, batch_size) {
            Some(batch) => format!("use a batch size of at most {batch}, smaller images"),
            None => "use smaller images".to_owned(),
        };
        if total > available {
            Fit::Not(format!(
                "training needs about {needed} of memory but only {free} are free: {more} or a smaller network, or close other programs"
            ))
        } else if total as f64 > NEAR * available as f64 {
            Fit::Nearly(format!(
                "Training needs about {needed} of the {free} of memory that are free: if it becomes slow, {more} or close other programs"
            ))
        } else {
            Fit::Well
        }
    }

    /// The largest smaller batch with room to spare; `None` when the batch is not what takes the memory.
    fn batch_that_fits(&self, available: u64, batch_size: usize) -> Option<usize> {
        let fixed = self.total().saturating_sub(self.activations);
        let room = NEAR * available as f64 - fixed as f64;
        let per_image = self.activations as f64 / batch_size.max(1) as f64;
        let batch = (room / per_image).floor();
        (batch >= 1.0 && batch < batch_size as f64).then_some(batch as usize)
    }
}

/// The largest batch that `images` can make; none stand for any number.
fn at_most(images: Images) -> usize {
    match images.train.saturating_add(images.validation) {
        0 => usize::MAX,
        all => all,
    }
}

fn bytes(values: usize, times: usize) -> usize {
    values.saturating_mul(VALUE).saturating_mul(times)
}

/// Bytes of what nodes give: while training everything from the first trained node on is kept for the way back;
/// frozen nodes and validation only need two neighbours at once. The first `once` nodes compute only once, in batches
/// of their own.
fn activations(
    frozen: &[Node],
    trained: &[Node],
    once: usize,
    (batch_size, validation): (usize, usize),
) -> usize {
    let output = |node: &Node| node.shape.output.values();
    let largest = |nodes: &[Node]| {
        let pair = |node: &Node| node.shape.input.values().saturating_add(output(node));
        nodes.iter().map(pair).max().unwrap_or(0)
    };
    let first = frozen.first().or(trained.first());
    let image = first.map_or(0, |node| node.shape.input.values());
    let kept = trained.iter().map(|node| node.op.kept_values(output(node)));
    let kept = kept.fold(0, usize::saturating_add);
    let kept = OVERHEAD * bytes(kept.saturating_add(image), batch_size) as f64;
    let (once, again) = frozen.split_at(once.min(frozen.len()));
    let passing = |nodes: usize, batch: usize| bytes(nodes.saturating_add(image), batch);
    let each_time = largest(again).max(largest(trained));
    passing(each_time, batch_size.max(validation))
        .max(passing(largest(once), features::BATCH))
        .max(kept as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{Optimizer, Phase, recipes};
    use std::path::Path;

    fn shapes_experiment(change: impl FnOnce(&mut TrainingConfig)) -> (ModelSpec, TrainingConfig) {
        let mut experiment = recipes::find(Path::new("shapes")).unwrap();
        change(&mut experiment.training);
        (experiment.model, experiment.training)
    }

    fn need(change: impl FnOnce(&mut TrainingConfig)) -> MemoryNeed {
        let (spec, config) = shapes_experiment(change);
        MemoryNeed::of(
            &spec,
            &config,
            &AugmentationConfig::default(),
            Images::default(),
            features::MOST_BYTES,
        )
        .unwrap()
    }

    fn training(train: usize) -> Images {
        Images {
            train,
            validation: 0,
        }
    }

    /// Recipe 1's parameters: 336 + 1,308 + 2,616 + 73,731.
    const PARAMETERS: usize = 77_991;

    #[test]
    fn every_part_follows_from_what_the_experiment_says() {
        let base = need(|_| {});
        assert_eq!(base.weights, 4 * PARAMETERS * 6);
        // Adam remembers two values for each, and there is one gradient.
        assert_eq!(base.optimizer, 4 * PARAMETERS * 5);
        type Change = fn(&mut TrainingConfig);
        type Part = fn(&MemoryNeed) -> usize;
        let cases: [(&str, Change, Part, f64); 4] = [
            (
                "twice the batch takes twice the activations",
                |config| config.batch_size *= 2,
                |need| need.activations,
                2.0,
            ),
            (
                "a tenth of the batch cannot go below what validation takes",
                |config| config.batch_size /= 10,
                |need| need.activations,
                0.601,
            ),
            (
                "plain SGD remembers nothing",
                |config| {
                    config.phases[0].optimizer = Optimizer::Sgd {
                        learning_rate: 0.1,
                        momentum: 0.0,
                        nesterov: false,
                    };
                },
                |need| need.optimizer,
                1.0 / 5.0,
            ),
            (
                "the greediest phase counts",
                |config| {
                    let frozen = Phase {
                        trainable_from: Some("fc".into()),
                        ..config.phases[0].clone()
                    };
                    config.phases.insert(0, frozen);
                },
                MemoryNeed::total,
                1.0,
            ),
        ];
        for (why, change, part, times) in cases {
            let share = part(&need(change)) as f64 / part(&base) as f64;
            assert!((share - times).abs() < 0.02, "{why}: {share}");
        }
        let frozen = need(|config| config.phases[0].trainable_from = Some("fc".into()));
        assert!(frozen.activations < base.activations);
        assert_eq!(frozen.features, 0, "no images are kept");
        assert!(frozen.optimizer < base.optimizer);
        assert_eq!(frozen.weights, base.weights);
    }

    #[test]
    fn features_that_are_kept_count_and_the_layers_before_them_hardly_do() {
        let (spec, config) = shapes_experiment(|config| {
            config.phases[0].trainable_from = Some("fc".into());
            // Larger than the batches of features.
            config.batch_size = 200;
        });
        let still = AugmentationConfig::default();
        let turned = AugmentationConfig {
            rotation_degrees: 10.0,
            ..AugmentationConfig::default()
        };
        let of = |augmentation, kept| {
            MemoryNeed::of(
                &spec,
                &config,
                augmentation,
                training(kept),
                features::MOST_BYTES,
            )
            .unwrap()
        };
        let kept = of(&still, 1_000);
        // Up to the channel dropout: what conv3 says.
        assert_eq!(kept.features, 4 * 1_000 * 24 * 32 * 32);
        assert_eq!(
            of(&turned, 1_000).features,
            0,
            "every epoch sees other images"
        );
        assert!(kept.activations < of(&turned, 1_000).activations / 2);
        assert_eq!(of(&still, 1_000_000).features, 0, "too many to keep");
        let images = Images {
            train: 1_000_000,
            validation: 100,
        };
        for augmentation in [&still, &turned] {
            let need =
                MemoryNeed::of(&spec, &config, augmentation, images, features::MOST_BYTES).unwrap();
            // Nothing is random while validating: up to what `fc` gets.
            assert_eq!(need.features, 4 * 100 * 24 * 32 * 32, "validation alone");
            let without = of(augmentation, images.train);
            assert_eq!(need.activations, without.activations, "steps as before");
        }
    }

    #[test]
    fn no_batch_is_larger_than_all_images() {
        let (spec, config) = shapes_experiment(|config| config.batch_size = 1_000);
        let turned = AugmentationConfig {
            rotation_degrees: 10.0,
            ..AugmentationConfig::default()
        };
        let of = |kept| {
            MemoryNeed::of(
                &spec,
                &config,
                &turned,
                training(kept),
                features::MOST_BYTES,
            )
            .unwrap()
            .activations
        };
        assert_eq!(of(5_000), of(0), "whole batches");
        let share = of(250) as f64 / of(0) as f64;
        assert!((share - 0.25).abs() < 0.01, "a quarter of a batch: {share}");
    }

    #[test]
    fn what_does_not_fit_is_said_with_what_would() {
        let (spec, mut config) = shapes_experiment(|config| config.batch_size = 1_000);
        let need = MemoryNeed::of(
            &spec,
            &config,
            &AugmentationConfig::default(),
            Images::default(),
            features::MOST_BYTES,
        )
        .unwrap();
        let total = need.total() as u64;
        assert_eq!(need.fits(2 * total, config.batch_size), Fit::Well);
        for (available, word) in [(total - 1, "only"), (total + 1, "if it becomes slow")] {
            let (Fit::Not(words) | Fit::Nearly(words)) = need.fits(available, config.batch_size)
            else {
                panic!("{available} of {total} is not enough")
            };
            assert!(words.contains(word), "{words}");
            let (_, batch) = words.split_once("at most ").unwrap();
            let digits: String = batch.chars().take_while(char::is_ascii_digit).collect();
            config.batch_size = digits.parse().unwrap();
            let smaller = MemoryNeed::of(
                &spec,
                &config,
                &AugmentationConfig::default(),
                Images::default(),
                features::MOST_BYTES,
            )
            .unwrap();
            assert_eq!(smaller.fits(available, config.batch_size), Fit::Well);
            config.batch_size = 1_000;
        }
        // No batch helps when the weights alone are too large.
        let Fit::Not(words) = need.fits(need.weights as u64, config.batch_size) else {
            panic!("the weights alone fill it")
        };
        assert!(!words.contains("batch size"), "{words}");
    }

    /// Leaving features out needs more memory for the layers that compute again, so the limit lies between the two.
    #[test]
    fn features_that_do_not_fit_are_left_out() {
        let (spec, config) = shapes_experiment(|config| {
            config.phases[0].trainable_from = Some("flatten".to_owned());
        });
        let augmentation = AugmentationConfig::default();
        let images = 20_000;
        let of = |kept| {
            MemoryNeed::of(
                &spec,
                &config,
                &augmentation,
                training(kept),
                features::MOST_BYTES,
            )
            .unwrap()
        };
        let (with, without) = (of(images), of(0));
        assert!(with.features > 100 << 20 && with.total() > without.total());
        let fit = |images, available| {
            Fit::of(
                &spec,
                &config,
                &augmentation,
                training(images),
                available as u64,
            )
            .unwrap()
        };
        let between = without.total() + 1;
        type Expected = fn(&Fit) -> bool;
        let rows: [(usize, usize, Expected, &str); 4] = [
            (
                images,
                2 * with.total(),
                |fit| *fit == Fit::Well,
                "room for both",
            ),
            (
                images,
                between,
                |fit| fit.feature_bytes() == 0,
                "room without",
            ),
            (
                0,
                between,
                |fit| matches!(fit, Fit::Nearly(_)),
                "none to leave out",
            ),
            (
                images,
                without.total() - 1,
                |fit| matches!(fit, Fit::Not(_)),
                "no room at all",
            ),
        ];
        for (images, available, expected, why) in rows {
            let found = fit(images, available);
            assert!(expected(&found), "{why}: {found:?}");
        }
        let Fit::WithoutFeatures(words) = fit(images, between) else {
            panic!("they are left out")
        };
        assert!(
            words.contains(&format::bytes(with.features as u64)),
            "{words}"
        );
    }
}
