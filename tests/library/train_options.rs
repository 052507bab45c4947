//! What changes how a network is fitted besides the optimizer: augmentation and class weights.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use crate::reference::{Recorder, open, read_json, recipe_one, take_turns};
use convscope::{
    data::{Split, augment::AugmentationConfig, stats::ClassWeights},
    model::spec::Head,
    resources,
    train::{
        Experiment, Optimizer, TrainingConfig,
        config::Precision,
        fit::{self, Data, Outcome, Start},
        loss::entropy,
    },
};
use serde::Deserialize;
use tch::{Reduction, Tensor};

/// Recipe 1 on every fortieth bundled image; the first result is every step's loss.
fn short_run(
    augmentation: &AugmentationConfig,
    change: impl FnOnce(&mut TrainingConfig),
) -> (Vec<f64>, Outcome) {
    let experiment = recipe_one();
    let (dataset, pixels) = open(&resources::find("datasets/shapes").unwrap(), |dataset| {
        dataset.samples = dataset.samples.iter().step_by(40).cloned().collect();
    });
    let split = Split::new(&dataset, &experiment.split).unwrap();
    let mut config = TrainingConfig {
        batch_size: 8,
        precision: Precision::F32,
        threads: Some(1),
        ..experiment.training
    };
    config.phases[0].epochs = 2;
    change(&mut config);
    let data = Data {
        dataset: &dataset,
        pixels: &pixels,
        split: &split,
        augmentation,
    };
    let mut recorder = Recorder::default();
    let outcome = fit::fit(
        &experiment.model,
        &config,
        &data,
        Start::New,
        &mut recorder.alone(),
    )
    .unwrap();
    (recorder.losses, outcome)
}

fn turned() -> AugmentationConfig {
    AugmentationConfig {
        rotation_degrees: 30.0,
        horizontal_flip: true,
        ..AugmentationConfig::default()
    }
}

#[test]
fn augmented_runs_differ_from_plain_ones_and_repeat_themselves() {
    let _turn = take_turns();
    let (plain, _) = short_run(&AugmentationConfig::default(), |_| ());
    let (augmented, _) = short_run(&turned(), |_| ());
    assert_eq!(plain.len(), augmented.len());
    assert!(
        plain.iter().zip(&augmented).all(|(a, b)| a != b),
        "every step sees other images"
    );
    assert_eq!(short_run(&turned(), |_| ()).0, augmented, "same seed");
    let (other, _) = short_run(&turned(), |config| config.seed += 1);
    assert_ne!(other, augmented, "another seed");
}

#[test]
fn validation_images_are_never_augmented() {
    let _turn = take_turns();
    // Steps too small to move a weight: both runs end with the weights they began with.
    let still = |config: &mut TrainingConfig| config.phases[0].optimizer = Optimizer::adam(1e-30);
    let (plain_losses, plain) = short_run(&AugmentationConfig::default(), still);
    let (augmented_losses, augmented) = short_run(&turned(), still);
    assert_ne!(plain_losses, augmented_losses);
    for (plain, augmented) in plain.history.iter().zip(&augmented.history) {
        assert!(plain.val_loss.is_some());
        assert_eq!(plain.val_loss, augmented.val_loss);
    }
}

#[test]
fn a_setting_out_of_range_ends_a_run_before_it_begins() {
    let augmentation = AugmentationConfig {
        zoom: 2.0,
        ..AugmentationConfig::default()
    };
    let experiment = recipe_one();
    let (dataset, pixels) = open(&resources::find("datasets/shapes").unwrap(), |dataset| {
        dataset.samples.truncate(4);
    });
    let data = Data {
        dataset: &dataset,
        pixels: &pixels,
        split: &Split {
            train: vec![0, 1, 2, 3],
            ..Split::default()
        },
        augmentation: &augmentation,
    };
    let run = fit::fit(
        &experiment.model,
        &experiment.training,
        &data,
        Start::New,
        &mut Recorder::default().alone(),
    );
    assert!(run.is_err_and(|error| error.to_string().contains("zoom is 2")));
}

/// `weighted_loss.json`.
#[derive(Deserialize)]
struct WeightedLoss {
    logits: Vec<Vec<f32>>,
    labels: Vec<i64>,
    weights: Vec<f32>,
    loss: f64,
    gradient: Vec<Vec<f32>>,
}

#[test]
fn the_weighted_loss_and_its_gradient_are_pytorchs() {
    const TOLERANCE: f64 = 1e-6;
    let expected: WeightedLoss = read_json("weighted_loss.json");
    let logits = Tensor::from_slice2(&expected.logits).set_requires_grad(true);
    let target = Tensor::from_slice(&expected.labels);
    let weights = Tensor::from_slice(&expected.weights);
    let mean = |weights| {
        let answers = (&logits, &target);
        entropy(Head::Softmax, answers, weights, 0.0, Reduction::Mean).unwrap()
    };
    let loss = mean(Some(&weights));
    loss.backward();
    assert!((loss.double_value(&[]) - expected.loss).abs() < TOLERANCE);
    let difference = (logits.grad() - Tensor::from_slice2(&expected.gradient))
        .abs()
        .max();
    assert!(difference.double_value(&[]) < TOLERANCE);
    let plain = mean(None).double_value(&[]);
    assert!((plain - expected.loss).abs() > 0.01, "weights matter");
}

#[test]
fn class_weights_change_both_losses() {
    let _turn = take_turns();
    let none = AugmentationConfig::default();
    let still = |weights: ClassWeights| {
        // Steps too small to move a weight: all runs keep the weights they began with.
        move |config: &mut TrainingConfig| {
            config.phases[0].optimizer = Optimizer::adam(1e-30);
            config.class_weights = weights;
        }
    };
    let own = [("circle", 5.0), ("square", 0.5)].map(|(name, weight)| (name.to_owned(), weight));
    let (plain_losses, plain) = short_run(&none, still(ClassWeights::Off));
    let (weighted_losses, weighted) = short_run(&none, still(ClassWeights::Own(own.into())));
    assert_ne!(plain_losses, weighted_losses);
    assert_ne!(plain.history[0].val_loss, weighted.history[0].val_loss);
    assert_eq!(
        plain.history[0].val_accuracy,
        weighted.history[0].val_accuracy
    );
    // Thirty images, ten of each class: balancing them changes nothing.
    let (balanced_losses, _) = short_run(&none, still(ClassWeights::Balanced));
    for (plain, balanced) in plain_losses.iter().zip(&balanced_losses) {
        assert!((plain - balanced).abs() < 1e-6, "{plain} {balanced}");
    }
}

#[test]
fn weights_of_unknown_classes_end_a_run_before_it_begins() {
    let experiment = recipe_one();
    let (dataset, pixels) = open(&resources::find("datasets/shapes").unwrap(), |dataset| {
        dataset.samples.truncate(4);
    });
    let data = Data {
        dataset: &dataset,
        pixels: &pixels,
        split: &Split {
            train: vec![0, 1, 2, 3],
            ..Split::default()
        },
        augmentation: &AugmentationConfig::default(),
    };
    let config = TrainingConfig {
        class_weights: ClassWeights::Own([("zebra".to_owned(), 1.0)].into()),
        ..experiment.training
    };
    let run = fit::fit(
        &experiment.model,
        &config,
        &data,
        Start::New,
        &mut Recorder::default().alone(),
    );
    assert!(run.is_err_and(|error| error.to_string().contains("zebra")));
}

#[test]
fn an_experiment_keeps_its_options_and_older_ones_have_none() {
    let mut experiment = recipe_one();
    assert!(experiment.augmentation.is_none());
    assert_eq!(experiment.training.class_weights, ClassWeights::Off);
    experiment.augmentation = turned();
    experiment.training.class_weights = ClassWeights::Own([("circle".to_owned(), 2.5)].into());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("experiment.ron");
    std::fs::write(&path, experiment.to_ron().unwrap()).unwrap();
    assert_eq!(Experiment::load(&path).unwrap(), experiment);
}
