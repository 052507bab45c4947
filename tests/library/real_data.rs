//! Recipe 1 on the images it was written for, against PyTorch's own run of the recipe.
//!
//! `CONVSCOPE_REAL_DATA` names the folder that holds `shapes/`; without it this says that it did not run.
//! The images are not part of the project; `tests/reference/shapes_baseline.json` holds PyTorch's accuracies.

use std::path::PathBuf;

use crate::reference::{Recorder, open, read_json, recipe_one, take_turns};
use convscope::{
    data::{Split, SplitConfig},
    train::{
        TrainingConfig,
        fit::{self, Data},
    },
};
use serde::Deserialize;

/// Points of accuracy that our mean may be below PyTorch's.
const ALLOWED_GAP: f64 = 0.02;
const SEEDS: [u64; 3] = [1, 2, 3];

#[derive(Deserialize)]
struct Baseline {
    images: usize,
    /// Mean over three seeds of the validation accuracy after the last epoch.
    mean_last_val_accuracy: f64,
}

/// The last epoch's accuracy on both sides: the best epoch's would flatter whichever run varies more.
#[test]
fn five_epochs_reach_pytorchs_validation_accuracy() {
    let Some(folder) = std::env::var_os("CONVSCOPE_REAL_DATA").map(PathBuf::from) else {
        println!("not run: CONVSCOPE_REAL_DATA is not set");
        return;
    };
    let _turn = take_turns();
    let baseline: Baseline = read_json("shapes_baseline.json");
    let experiment = recipe_one();
    let (dataset, pixels) = open(&folder.join("shapes"), |_| {});
    assert_eq!(dataset.samples.len(), baseline.images);
    let mut sum = 0.0;
    for seed in SEEDS {
        // Like PyTorch's run, each seed draws its own split, weights, order and dropout.
        let split = Split::new(
            &dataset,
            &SplitConfig {
                seed,
                ..experiment.split
            },
        )
        .unwrap();
        let config = TrainingConfig {
            seed,
            ..experiment.training.clone()
        };
        let data = Data {
            dataset: &dataset,
            pixels: &pixels,
            split: &split,
            augmentation: &experiment.augmentation,
        };
        let mut recorder = Recorder::default();
        let outcome = fit::fit(
            &experiment.model,
            &config,
            &data,
            fit::Start::New,
            &mut recorder.alone(),
        )
        .unwrap();
        assert_eq!(
            (outcome.history.len(), recorder.epochs),
            (config.epochs(), config.epochs())
        );
        assert_eq!(
            recorder.losses.len(),
            config.epochs() * split.train.len().div_ceil(config.batch_size)
        );
        assert_eq!(recorder.weights.unwrap().epoch, config.epochs());
        let accuracies: Vec<f64> = outcome
            .history
            .iter()
            .filter_map(|record| record.val_accuracy)
            .collect();
        let seconds: f64 = outcome.history.iter().map(|record| record.seconds).sum();
        println!("seed {seed}: validation accuracies {accuracies:.4?}, {seconds:.1} s");
        sum += accuracies.last().unwrap();
    }
    let mean = sum / SEEDS.len() as f64;
    println!(
        "mean {mean:.4}, PyTorch {:.4}",
        baseline.mean_last_val_accuracy
    );
    assert!(
        mean >= baseline.mean_last_val_accuracy - ALLOWED_GAP,
        "{mean}"
    );
}
