//! What changes how a network is fitted besides the optimizer: augmentation.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod reference;

use convscope::{
    data::{Split, augment::AugmentationConfig},
    resources,
    train::{
        TrainingConfig,
        experiment::Optimizer,
        fit::{self, Data, Outcome},
    },
};
use reference::{Recorder, open, recipe_one, take_turns};

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
        epochs: 2,
        batch_size: 8,
        threads: Some(1),
        ..experiment.training
    };
    change(&mut config);
    let data = Data {
        dataset: &dataset,
        pixels: &pixels,
        split: &split,
        augmentation,
    };
    let mut recorder = Recorder::default();
    let outcome = fit::fit(&experiment.model, &config, &data, &mut recorder).unwrap();
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
    let still = |config: &mut TrainingConfig| config.optimizer = Optimizer::adam(1e-30);
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
        &mut Recorder::default(),
    );
    assert!(run.is_err_and(|error| error.to_string().contains("zoom is 2")));
}
