//! What a run makes small and what its curves show: the same in training and in validation, and finite whatever a batch
//! consists of.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use crate::reference::{Recorder, open, recipe_one, take_turns};
use convscope::{
    data::{Split, augment::AugmentationConfig, stats::ClassWeights},
    model::{
        LayerKind, LayerSpec, ModelSpec, layers,
        spec::{Activation, Head, L2, Padding},
    },
    resources,
    train::{
        EpochRecord, Optimizer, TrainingConfig,
        config::Precision,
        fit::{self, Data, FitError, Outcome, Start},
        lr_finder,
    },
};

fn conv(filters: usize, kernel: usize, stride: usize) -> LayerKind {
    LayerKind::Conv2d(layers::Conv2d {
        filters,
        kernel: kernel.into(),
        stride: stride.into(),
        padding: Padding::Valid,
        dilation: 1.into(),
        activation: Activation::Relu,
    })
}

/// Maps of `last` × `last` pixels, normalised over the batch, behind a few cheap layers; no dropout, so that training
/// and evaluating say the same of the same weights.
fn model(last: usize, normalises: bool, logits: usize) -> ModelSpec {
    let pool = |size| LayerKind::AvgPool2d(layers::AvgPool2d { size, stride: size });
    let norm = LayerKind::BatchNorm2d(layers::BatchNorm2d {
        momentum: 0.1,
        epsilon: 1e-5,
    });
    let mut layers = vec![("pool", pool(32)), ("conv", conv(4, 5 - last, 1))];
    layers.extend(normalises.then_some(("bn", norm)));
    layers.push(("flatten", LayerKind::Flatten(layers::Flatten)));
    let units = logits;
    let activation = Activation::Linear;
    layers.push(("fc", LayerKind::Dense(layers::Dense { units, activation })));
    let layers = layers.into_iter();
    ModelSpec {
        layers: layers
            .map(|(name, kind)| LayerSpec::new(name, kind))
            .collect(),
        ..recipe_one().model
    }
}

/// Trains `model` on the bundled shapes with these numbers, for each part.
fn run(
    model: &ModelSpec,
    (train, validation): (&[usize], &[usize]),
    change: impl FnOnce(&mut TrainingConfig),
) -> Result<(Outcome, Vec<f64>), FitError> {
    let _turn = take_turns();
    let classes = match model.head {
        Head::Softmax => 3,
        Head::Sigmoid { .. } => 2,
    };
    // Four of each class, one class after the other.
    let (dataset, pixels) = open(&resources::find("datasets/shapes").unwrap(), |dataset| {
        dataset.classes.truncate(classes);
        let mut counts = [0; 3];
        dataset.samples.retain(|sample| {
            counts[sample.label] += 1;
            sample.label < classes && counts[sample.label] <= 4
        });
    });
    let split = Split {
        train: train.to_vec(),
        validation: validation.to_vec(),
        ..Split::default()
    };
    let mut config = TrainingConfig {
        batch_size: 4,
        precision: Precision::F32,
        threads: Some(1),
        ..recipe_one().training
    };
    config.phases[0].epochs = 2;
    change(&mut config);
    let data = Data {
        dataset: &dataset,
        pixels: &pixels,
        split: &split,
        augmentation: &AugmentationConfig::default(),
    };
    let mut recorder = Recorder::default();
    let outcome = fit::fit(model, &config, &data, Start::New, &mut recorder.alone())?;
    Ok((outcome, recorder.losses))
}

fn own(weights: &[(&str, f64)]) -> ClassWeights {
    let weights = weights.iter();
    ClassWeights::Own(
        weights
            .map(|(name, weight)| ((*name).to_owned(), *weight))
            .collect(),
    )
}

const ALL: [usize; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

#[test]
fn both_curves_show_the_same_thing() {
    type Change = fn(&mut TrainingConfig);
    let weighted: Change = |config| config.class_weights = own(&[("circle", 5.0), ("square", 0.5)]);
    let cases: [(&str, Change); 5] = [
        ("plain", |_| ()),
        ("smoothed labels", |config| config.label_smoothing = 0.2),
        ("class weights", weighted),
        ("a class that does not count", |config| {
            config.class_weights = own(&[("circle", 0.0)]);
        }),
        ("everything", |config| {
            config.class_weights = own(&[("circle", 5.0), ("square", 0.5)]);
            config.label_smoothing = 0.1;
        }),
    ];
    let heads = [(Head::Softmax, 3), (Head::Sigmoid { threshold: 0.5 }, 1)];
    for (head, logits) in heads {
        for l2 in [0.0, 0.3] {
            for (why, change) in cases {
                let mut model = model(2, false, logits);
                model.head = head;
                for layer in &mut model.layers {
                    layer.l2 = L2 {
                        weight: l2,
                        bias: l2 / 2.0,
                    };
                }
                let part = &ALL[..if logits == 1 { 8 } else { 12 }];
                // Steps too small to move a weight, and the same images in both parts, in batches of 5, 5 and 2.
                let (outcome, _) = run(&model, (part, part), |config| {
                    config.phases[0].optimizer = Optimizer::adam(1e-30);
                    config.batch_size = 5;
                    change(config);
                })
                .unwrap();
                let EpochRecord {
                    train_loss,
                    val_loss,
                    train_penalty,
                    val_penalty,
                    ..
                } = outcome.history[1];
                let why = format!("{why}, {head:?}, L2 {l2}: {train_loss} and {val_loss:?}");
                assert!((train_loss - val_loss.unwrap()).abs() < 1e-5, "{why}");
                assert_eq!(train_penalty.is_some(), l2 > 0.0, "{why}");
                if let (Some(train), Some(validation)) = (train_penalty, val_penalty) {
                    assert!((train - validation).abs() < 1e-5 && train > 0.01, "{why}");
                }
                assert_eq!(val_penalty.is_some(), l2 > 0.0, "{why}");
            }
        }
    }
}

#[test]
fn a_batch_of_classes_that_weigh_nothing_teaches_nothing() {
    // Batches of one image: many are circles, which weigh 0.
    let without_circles = |smoothing: f64| {
        let change = |config: &mut TrainingConfig| {
            config.batch_size = 1;
            config.label_smoothing = smoothing;
            config.class_weights = own(&[("circle", 0.0)]);
            config.phases[0].optimizer = Optimizer::Sgd {
                learning_rate: 0.01,
                momentum: 0.0,
                nesterov: false,
            };
        };
        run(&model(2, false, 3), (&ALL, &ALL[..2]), change).unwrap()
    };
    for smoothing in [0.0, 0.1] {
        let (outcome, losses) = without_circles(smoothing);
        let nothing = losses.iter().filter(|loss| **loss == 0.0).count();
        assert_eq!(nothing, 2 * 4, "four circles in each epoch: {losses:?}");
        let epoch: f64 = losses[..12].iter().sum::<f64>() / 8.0;
        let record = outcome.history[0];
        assert!(
            (record.train_loss - epoch).abs() < 1e-9,
            "they count in no mean"
        );
        assert_eq!(record.val_loss, None, "no validation image counts");
        assert!(record.val_accuracy.is_some());
    }
    let only_circles = run(&model(2, false, 3), (&ALL[..4], &[]), |config| {
        config.class_weights = own(&[("circle", 0.0)]);
    });
    let error = only_circles.err().unwrap().to_string();
    assert!(error.contains("weighs 0"), "{error}");
}

#[test]
fn batch_normalisation_never_sees_one_value_per_channel() {
    type Change = fn(&mut TrainingConfig);
    let cases: [(&str, usize, usize, Change, Option<&str>); 8] = [
        ("whole batches", 1, 8, |_| (), None),
        ("a last batch of one image", 1, 9, |_| (), None),
        (
            "a batch size of 1",
            1,
            9,
            |config| config.batch_size = 1,
            Some("bn cannot be trained on one value per channel"),
        ),
        (
            "two images, then one",
            1,
            9,
            |config| config.batch_size = 2,
            Some("the last of the batches of 2 images is a single image"),
        ),
        (
            "two images, the last one left out",
            1,
            9,
            |config| (config.batch_size, config.drop_last) = (2, true),
            None,
        ),
        ("one image", 1, 1, |_| (), Some("only one training image")),
        (
            "one image of many values",
            2,
            9,
            |config| config.batch_size = 1,
            None,
        ),
        (
            "frozen, so that it uses its running values",
            1,
            9,
            |config| {
                config.batch_size = 1;
                config.phases[0].trainable_from = Some("fc".into());
            },
            None,
        ),
    ];
    for (why, last, images, change, refused) in cases {
        let found = run(&model(last, true, 3), (&ALL[..images], &ALL), change);
        match (found, refused) {
            (Ok((outcome, _)), None) => {
                let (best, record) = outcome.best.unwrap();
                assert!(record.train_loss.is_finite(), "{why}");
                assert!(record.val_loss.is_some_and(f64::is_finite), "{why}");
                let values = best.arrays.iter().flat_map(|array| &array.values);
                assert!(values.copied().all(f32::is_finite), "{why}");
            }
            (Err(error), Some(part)) => {
                assert!(error.to_string().contains(part), "{why}: {error}");
            }
            (Ok(_), Some(_)) => unreachable!("{why}: it trains"),
            (Err(error), None) => unreachable!("{why}: {error}"),
        }
    }
}

#[test]
fn the_rate_finder_passes_over_batches_that_teach_nothing() {
    let _turn = take_turns();
    let (dataset, pixels) = open(&resources::find("datasets/shapes").unwrap(), |dataset| {
        let mut counts = [0; 3];
        dataset.samples.retain(|sample| {
            counts[sample.label] += 1;
            counts[sample.label] <= 4
        });
    });
    let split = Split {
        train: ALL.to_vec(),
        ..Split::default()
    };
    let config = TrainingConfig {
        batch_size: 1,
        precision: Precision::F32,
        threads: Some(1),
        class_weights: own(&[("circle", 0.0)]),
        ..recipe_one().training
    };
    let data = Data {
        dataset: &dataset,
        pixels: &pixels,
        split: &split,
        augmentation: &AugmentationConfig::default(),
    };
    let token = convscope::cancel::CancelToken::new();
    let model = model(2, false, 3);
    let choices = tempfile::tempdir().unwrap();
    let choices = choices.path();
    let curve =
        lr_finder::find_rate(&model, (&config, 0), &data, &[], choices, &token, |_| ()).unwrap();
    assert!(curve.points.len() > 12);
    assert!(curve.points.iter().all(|point| point.loss > 0.0));
}
