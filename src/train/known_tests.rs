//! What is known is not computed again: images that go through the network are counted, not timed.

use std::{path::Path, sync::Arc};

use super::{
    EpochRecord, Evaluation, Experiment, Optimizer,
    answers::Answers,
    config::{MemoryFormat, Precision},
    estimate::{Images, estimate},
    features,
    fit::{self, Data, EpochEnd, FitError, Start, Watcher, Watchers},
    recipes,
};
use crate::{
    cancel::CancelToken,
    data::{Dataset, ImageStore, PixelCache, Split, SplitName, generate, sources::folder},
    model::{
        LayerKind, LayerSpec, WeightSnapshot, layers,
        network::{Mode, passes},
    },
};

pub(super) struct World {
    pub experiment: Experiment,
    pub dataset: Dataset,
    pub pixels: PixelCache,
    pub split: Split,
    _folder: tempfile::TempDir,
}

/// Recipe 1 at 32 pixels with a normalisation, 12 shapes of each kind: two phases train the same last layers, a third
/// all of them.
pub(super) fn world() -> World {
    let mut experiment = recipes::find(Path::new("shapes")).unwrap();
    (experiment.model.input.height, experiment.model.input.width) = (32, 32);
    let norm = LayerKind::BatchNorm2d(layers::BatchNorm2d {
        momentum: 0.1,
        epsilon: 1e-5,
    });
    experiment
        .model
        .layers
        .insert(1, LayerSpec::new("norm", norm));
    experiment.split.validation = 0.25;
    let training = &mut experiment.training;
    (training.batch_size, training.threads) = (8, Some(1));
    (training.precision, training.memory_format) = (Precision::F32, MemoryFormat::ChannelsLast);
    training.phases[0].trainable_from = Some("conv3".into());
    // Other tests change libtorch's number of threads meanwhile, and with it the rounding, which this amplifies little.
    training.phases[0].optimizer = Optimizer::Sgd {
        learning_rate: 0.01,
        momentum: 0.0,
        nesterov: false,
    };
    let [mut second, mut third] = [(); 2].map(|()| training.phases[0].clone());
    training.phases[0].epochs = 2;
    (second.epochs, third.epochs) = (1, 1);
    third.trainable_from = None;
    training.phases.extend([second, third]);
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("shapes");
    generate::generate_shapes(&root, 1, 12, &mut |_, _| {}).unwrap();
    let token = CancelToken::new();
    let dataset = folder::scan(&root, &token).unwrap();
    let format = experiment.model.input.format();
    let cache = folder.path().join("cache");
    let images = ImageStore::default();
    let pixels = PixelCache::open(&cache, &dataset, &images, format, &token, &|_, _| {}).unwrap();
    let split = Split::new(&dataset, &experiment.split).unwrap();
    World {
        experiment,
        dataset,
        pixels,
        split,
        _folder: folder,
    }
}

/// Keeps what a run says.
#[derive(Default)]
struct Watch {
    newest: Option<(Arc<WeightSnapshot>, Arc<Evaluation>)>,
}

impl Watcher for Watch {
    fn epoch(&mut self, end: &EpochEnd) -> Result<(), FitError> {
        let evaluation = end.evaluation.clone();
        self.newest = evaluation.map(|evaluation| (Arc::clone(&end.snapshot), evaluation));
        Ok(())
    }
}

impl World {
    /// A run whose features may take so many bytes: the epochs, the newest weights and what they said, and how many images
    /// went through the first layer while it learned nothing, and in steps.
    fn run(&self, most: usize) -> (Vec<EpochRecord>, Watch, [usize; 2]) {
        let data = Data {
            dataset: &self.dataset,
            pixels: &self.pixels,
            split: &self.split,
            augmentation: &self.experiment.augmentation,
        };
        let (model, training) = (&self.experiment.model, &self.experiment.training);
        let mut watch = Watch::default();
        let mut watchers = Watchers::new(vec![&mut watch]);
        watchers.feature_bytes = most;
        passes::take();
        let outcome = fit::fit(model, training, &data, Start::New, &mut watchers).unwrap();
        let all = passes::take();
        let images = [Mode::Evaluate, Mode::Train].map(|mode| {
            let whole = all
                .iter()
                .filter(|pass| pass.nodes.0 == 0 && pass.mode == mode);
            whole.map(|pass| pass.images).sum()
        });
        (outcome.history, watch, images)
    }
}

#[test]
fn frozen_layers_see_each_image_once() {
    let mut world = world();
    let (train, validation) = (world.split.train.len(), world.split.validation.len());
    assert_eq!((train, validation), (27, 9));
    // Of the second pooling.
    let one = 4 * 12 * 8 * 8;
    for (why, rotation_degrees, most, expected) in [
        (
            "still images, over two phases",
            0.0,
            features::MOST_BYTES,
            [train + 2 * validation, train],
        ),
        (
            "images that vary are judged as they are",
            10.0,
            features::MOST_BYTES,
            [2 * validation, 4 * train],
        ),
        (
            "room for validation alone",
            0.0,
            one * (train + validation) - 1,
            [2 * validation, 4 * train],
        ),
        ("no room", 0.0, 0, [4 * validation, 4 * train]),
    ] {
        world.experiment.augmentation.rotation_degrees = rotation_degrees;
        let (history, _, images) = world.run(most);
        assert_eq!(images, expected, "{why}: evaluated and trained");
        let (again, _, _) = world.run(0);
        for (known, computed) in history.iter().zip(&again) {
            let difference = known.val_loss.unwrap() / computed.val_loss.unwrap() - 1.0;
            // Of equal weights it is compared strictly, below; these have learned on, and with them the rounding.
            assert!(difference.abs() < 1e-2, "{why}: {difference:e}");
        }
    }
}

#[test]
fn weights_are_asked_once_about_images() {
    let mut world = world();
    let (_, watch, _) = world.run(features::MOST_BYTES);
    let (weights, validated) = watch.newest.unwrap();
    let answers = Answers::default();
    let ask = |world: &World, answers: &Answers, weights: &Arc<WeightSnapshot>, part: SplitName| {
        let samples = world.split.part(part);
        let images = (&world.dataset, &world.pixels);
        passes::take();
        let answer = answers.judge(weights, images, (Some(part), samples), |_| Ok(()));
        let images: usize = passes::take().iter().map(|pass| pass.images).sum();
        (answer.unwrap(), images)
    };
    let (part, other) = (SplitName::Validation, SplitName::Train);
    let (computed, images) = ask(&world, &answers, &weights, part);
    assert_eq!(images, 9);
    // What an epoch's validation says, from features and in batches of another size, is what judging says.
    let from_epoch = Answers::default();
    from_epoch.keep(&weights, &world.pixels, &validated);
    let (known, images) = ask(&world, &from_epoch, &weights, part);
    assert_eq!((images, known.epoch), (0, computed.epoch));
    assert!((known.loss / computed.loss - 1.0).abs() < 1e-6);
    for (known, computed) in known.probabilities.iter().zip(&computed.probabilities) {
        assert!((known - computed).abs() < 1e-6, "{known} {computed}");
    }
    assert_eq!(ask(&world, &answers, &weights, other).1, 27, "other images");
    let equal = Arc::new(WeightSnapshot::clone(&weights));
    assert_eq!(ask(&world, &answers, &equal, part).1, 0, "equal weights");
    let mut changed = WeightSnapshot::clone(&weights);
    changed.arrays[0].values[0] += 1e-3;
    let changed = Arc::new(changed);
    assert_eq!(ask(&world, &answers, &changed, part).1, 9, "other weights");
    let sample = world.split.validation[0];
    world.dataset.samples[sample].label ^= 1;
    let (relabelled, images) = ask(&world, &answers, &weights, part);
    assert_eq!(images, 9, "another label");
    assert_ne!(relabelled.actual, computed.actual);
}

#[test]
fn a_forecast_counts_what_is_known_once() {
    let World { experiment, .. } = world();
    let images = Images {
        train: 27,
        validation: 9,
    };
    let choices = tempfile::tempdir().unwrap();
    passes::take();
    let forecast = estimate(
        &experiment.model,
        &experiment.training,
        &experiment.augmentation,
        images,
        (features::MOST_BYTES, choices.path()),
        &CancelToken::new(),
    );
    assert_eq!(forecast.unwrap().phases.len(), 3);
    let all = passes::take();
    let is_frozen = |pass: &passes::Pass| pass.nodes.0 == 0 && pass.nodes.1 < 13;
    let first_step = all.iter().position(|pass| pass.mode == Mode::Train);
    let (before, after) = all.split_at(first_step.unwrap());
    assert!(before.iter().any(is_frozen), "the first phase's");
    assert!(!after.iter().any(is_frozen), "the second phase has them");
}
