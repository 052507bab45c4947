//! The same numbers as PyTorch: logits and fifty steps of training; and the same numbers twice.
//!
//! `tests/reference/*.json` say which versions made them and with which script.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::{num::NonZero, path::Path, sync::Arc};

use crate::reference::{Recorder, open, read_json, recipe_one, take_turns};
use convscope::{
    data::{Dataset, PixelCache, Sample, Split, augment::AugmentationConfig, batches},
    model::{
        LayerKind, ModelSpec, NamedArray, Network, WeightSnapshot,
        network::{Mode, Placement},
    },
    resources,
    train::{
        Optimizer, Phase, TrainingConfig,
        config::{MemoryFormat, Precision},
        fit::{self, Data, Outcome, Start},
    },
};
use safetensors::SafeTensors;
use serde::Deserialize;
use tch::Tensor;

/// Decides the order of images in `fidelity.json`.
const ORDER_SEED: u64 = 7;
/// Images and epochs in `fidelity.json`: 50 steps of 16 images.
const ORDER_IMAGES: usize = 160;
const ORDER_EPOCHS: usize = 5;

#[derive(Deserialize)]
struct Fidelity {
    initial_weights: String,
    batch_size: usize,
    learning_rate: f64,
    files: Vec<String>,
    order_seed: u64,
    order: Vec<Vec<usize>>,
    first_logits: Vec<Vec<f32>>,
    losses: Vec<f64>,
}

impl Fidelity {
    fn config(&self, memory_format: MemoryFormat, threads: usize) -> TrainingConfig {
        TrainingConfig {
            phases: vec![Phase {
                epochs: self.order.len(),
                optimizer: Optimizer::adam(self.learning_rate),
                ..recipe_one().training.phases[0].clone()
            }],
            batch_size: self.batch_size,
            seed: self.order_seed,
            threads: Some(threads),
            memory_format,
            precision: Precision::F32,
            ..recipe_one().training
        }
    }

    /// The listed files of the bundled set, in the listed order.
    fn images(&self) -> (Dataset, PixelCache) {
        open(&resources::find("datasets/shapes").unwrap(), |dataset| {
            let find = |file: &String| {
                dataset
                    .samples
                    .iter()
                    .find(|s| *s.path == *Path::new(file))
                    .unwrap()
                    .clone()
            };
            dataset.samples = self.files.iter().map(find).collect::<Vec<Sample>>();
        })
    }

    fn network(&self, channels_last: bool) -> Network {
        let bytes = std::fs::read(crate::reference::path(&self.initial_weights)).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let arrays = tensors.iter().map(|(name, view)| NamedArray {
            name: name.to_owned(),
            shape: view.shape().to_vec(),
            values: view
                .data()
                .as_chunks::<4>()
                .0
                .iter()
                .map(|b| f32::from_le_bytes(*b))
                .collect(),
        });
        let snapshot = WeightSnapshot {
            spec: Arc::new(without_dropout(recipe_one().model)),
            classes: ["circle", "square", "triangle"].map(String::from).into(),
            epoch: 0,
            arrays: arrays.collect(),
        };
        Network::from_snapshot(
            &snapshot,
            Placement {
                channels_last,
                ..Placement::default()
            },
        )
        .unwrap()
    }
}

fn without_dropout(mut spec: ModelSpec) -> ModelSpec {
    let drops = |kind: &LayerKind| matches!(kind, LayerKind::Dropout(_) | LayerKind::Dropout2d(_));
    spec.layers.retain(|layer| !drops(&layer.kind));
    spec
}

fn all_training(dataset: &Dataset) -> Split {
    Split {
        train: (0..dataset.samples.len()).collect(),
        ..Split::default()
    }
}

fn largest_difference<'a>(
    a: impl IntoIterator<Item = &'a f64>,
    b: impl IntoIterator<Item = &'a f64>,
) -> f64 {
    a.into_iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max)
}

/// Run by hand before `make_fidelity.py`, which trains in this order.
#[test]
#[ignore = "makes an input of tests/reference/make_fidelity.py"]
fn write_order() {
    let indices: Vec<usize> = (0..ORDER_IMAGES).collect();
    let epochs: Vec<_> = (1..=ORDER_EPOCHS)
        .map(|epoch| batches::shuffled(&indices, ORDER_SEED, epoch))
        .collect();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("order.json");
    std::fs::write(
        &path,
        serde_json::json!({ "seed": ORDER_SEED, "epochs": epochs }).to_string(),
    )
    .unwrap();
    println!("wrote {}", path.display());
}

#[test]
fn the_order_of_images_is_the_one_pytorch_was_given() {
    let expected: Fidelity = read_json("fidelity.json");
    let indices: Vec<usize> = (0..expected.files.len()).collect();
    for (epoch, order) in expected.order.iter().enumerate() {
        assert_eq!(
            &batches::shuffled(&indices, expected.order_seed, epoch + 1),
            order,
            "epoch {}",
            epoch + 1
        );
    }
}

#[test]
fn first_logits_equal_pytorchs_in_either_layout() {
    const TOLERANCE: f32 = 1e-5;
    let _turn = take_turns();
    let expected: Fidelity = read_json("fidelity.json");
    let (_, pixels) = expected.images();
    let batch = &expected.order[0][..expected.batch_size];
    for channels_last in [false, true] {
        let network = expected.network(channels_last);
        let input = network
            .input(&batches::gather(&pixels, batch).unwrap())
            .unwrap();
        let logits = network.forward(&input, Mode::Train).unwrap();
        let logits = Vec::<f32>::try_from(logits.detach().contiguous().flatten(0, -1)).unwrap();
        let expected = expected.first_logits.concat();
        assert_eq!(logits.len(), expected.len());
        let difference = logits
            .iter()
            .zip(&expected)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        println!("channels last {channels_last}: logits differ by at most {difference:.2e}");
        assert!(
            difference <= TOLERANCE,
            "channels last {channels_last}: {difference:e}"
        );
    }
}

/// Fifty steps amplify rounding, and rounding depends on the processor's instructions: `fidelity.json` was made with
/// AVX-512 and says how far PyTorch is from itself without (`pytorch_against_itself`).
fn has_the_references_instructions() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx512f");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

#[test]
fn fifty_steps_give_pytorchs_losses() {
    const FAST_TOLERANCE: f64 = 1e-3;
    let plain_tolerance = if has_the_references_instructions() {
        1e-5
    } else {
        FAST_TOLERANCE
    };
    let _turn = take_turns();
    let expected: Fidelity = read_json("fidelity.json");
    assert_eq!(expected.losses.len(), 50);
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let (dataset, pixels) = expected.images();
    let split = all_training(&dataset);
    let data = Data {
        dataset: &dataset,
        pixels: &pixels,
        split: &split,
        augmentation: &AugmentationConfig::default(),
    };
    for (setting, memory_format, threads, tolerance) in [
        ("plain", MemoryFormat::Contiguous, 1, plain_tolerance),
        ("fast", MemoryFormat::ChannelsLast, cores, FAST_TOLERANCE),
    ] {
        let network = expected.network(memory_format == MemoryFormat::ChannelsLast);
        let mut recorder = Recorder::default();
        let config = expected.config(memory_format, threads);
        fit::fit_network(network, &config, &data, None, &mut recorder.alone()).unwrap();
        assert_eq!(recorder.losses.len(), expected.losses.len());
        let difference = largest_difference(&recorder.losses, &expected.losses);
        println!("{setting}: losses differ by at most {difference:.2e}");
        assert!(difference <= tolerance, "{setting}: {difference:e}");
    }
}

/// Recipe 1, dropout and validation included, on every tenth bundled image.
fn short_run(seed: u64, recorder: &mut Recorder) -> Outcome {
    let experiment = recipe_one();
    let (dataset, pixels) = open(&resources::find("datasets/shapes").unwrap(), |dataset| {
        dataset.samples = dataset.samples.iter().step_by(10).cloned().collect();
    });
    let split = Split::new(&dataset, &experiment.split).unwrap();
    let mut config = TrainingConfig {
        batch_size: 20,
        seed,
        threads: Some(1),
        precision: Precision::F32,
        ..experiment.training
    };
    config.phases[0].epochs = 2;
    let data = Data {
        dataset: &dataset,
        pixels: &pixels,
        split: &split,
        augmentation: &AugmentationConfig::default(),
    };
    fit::fit(
        &experiment.model,
        &config,
        &data,
        Start::New,
        &mut recorder.alone(),
    )
    .unwrap()
}

/// Every weight, bit by bit.
fn bits(recorder: &Recorder) -> Vec<u32> {
    let snapshot = recorder.weights.as_ref().unwrap();
    snapshot
        .arrays
        .iter()
        .flat_map(|array| array.values.iter().map(|value| value.to_bits()))
        .collect()
}

#[test]
fn a_seed_decides_every_bit_of_the_weights() {
    let _turn = take_turns();
    let run = |seed| {
        let mut recorder = Recorder::default();
        assert!(short_run(seed, &mut recorder).completed);
        (bits(&recorder), recorder.losses)
    };
    let (weights, losses) = run(5);
    // What else draws from libtorch's generator between runs has no influence.
    let _ = Tensor::rand([17], (tch::Kind::Float, tch::Device::Cpu));
    assert_eq!(run(5), (weights.clone(), losses), "same seed");
    assert!(weights != run(6).0, "another seed");
}

#[test]
fn a_stopped_run_keeps_the_epochs_it_finished() {
    let _turn = take_turns();
    // 84 training images in batches of 20: five steps an epoch.
    for (stop_after_steps, epochs, why) in [
        (0, 0, "before the first step"),
        (3, 0, "within the first epoch"),
        (5, 0, "while the first epoch is validated"),
        (7, 1, "within the second epoch"),
    ] {
        let mut recorder = Recorder {
            stop_after_steps: Some(stop_after_steps),
            ..Recorder::default()
        };
        let outcome = short_run(1, &mut recorder);
        assert!(!outcome.completed, "{why}");
        assert_eq!(recorder.losses.len(), stop_after_steps, "{why}");
        assert_eq!(
            (outcome.history.len(), recorder.epochs),
            (epochs, epochs),
            "{why}"
        );
        assert_eq!(
            outcome
                .best
                .map(|(weights, record)| (weights.epoch, record.epoch)),
            (epochs > 0).then_some((1, 1))
        );
        assert_eq!(recorder.weights.unwrap().epoch, epochs, "{why}");
    }
}
