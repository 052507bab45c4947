//! MobileNetV2 with real ImageNet weights on real photos of cats and dogs.
//!
//! `CONVSCOPE_REAL_DATA` names the folder that holds `weights/` and `catdog-small/`; without it this says that it
//! did not run.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::{Path, PathBuf};

use crate::reference::{Recorder, recipe_one, take_turns};
use convscope::{
    cancel::CancelToken,
    data::{
        Dataset, ImageStore, PixelCache, Split, SplitConfig, augment::AugmentationConfig, batches,
        cache::PixelFormat, sources::folder,
    },
    model::{
        LayerKind, LayerSpec, ModelSpec, Network,
        backbones::top,
        layers,
        network::{Mode, Placement},
        spec::{Activation, Backbone, InitialWeights},
        weights::{self, import, initial},
    },
    train::{
        Optimizer, Phase, TrainingConfig,
        fit::{self, Data, Start},
    },
};

fn folder_of_real_data() -> Option<PathBuf> {
    std::env::var_os("CONVSCOPE_REAL_DATA").map(PathBuf::from)
}

/// Photos at the size that the network was trained on.
fn photos(root: &Path) -> (Dataset, PixelCache) {
    let token = CancelToken::new();
    let dataset = folder::scan(root, &token).unwrap();
    let cache = tempfile::tempdir().unwrap();
    let format = PixelFormat {
        height: top::INPUT_SIDE,
        width: top::INPUT_SIDE,
        resize: Default::default(),
    };
    let images = ImageStore::default();
    let pixels =
        PixelCache::open(cache.path(), &dataset, &images, format, &token, &|_, _| {}).unwrap();
    (dataset, pixels)
}

#[test]
fn both_files_hold_the_same_weights() {
    let Some(folder) = folder_of_real_data() else {
        println!("not run: CONVSCOPE_REAL_DATA is not set");
        return;
    };
    let read = |ending: &str| {
        let file = folder.join(format!("weights/mobilenet_v2_ptq.{ending}"));
        let mut arrays = weights::read(&file).unwrap();
        arrays.retain(|array| !array.name.ends_with("num_batches_tracked"));
        arrays.sort_by(|a, b| a.name.cmp(&b.name));
        arrays
    };
    let (pth, safetensors) = (read("pth"), read("safetensors"));
    assert_eq!(pth.len(), 262);
    assert!(pth == safetensors);
}

/// ImageNet's classes 281 to 285 are cats, 151 to 268 dogs.
#[test]
fn photos_fall_into_classes_of_cats_and_dogs() {
    let Some(folder) = folder_of_real_data() else {
        println!("not run: CONVSCOPE_REAL_DATA is not set");
        return;
    };
    let _turn = take_turns();
    let file = folder.join("weights/mobilenet_v2_ptq.pth");
    let imported = import::import(Backbone::MobileNetV2, &file).unwrap();
    assert!(imported.missing.is_empty() && imported.unexpected.is_empty());
    let bundle = imported.bundle.unwrap();
    assert_eq!(bundle.snapshot.classes[282], "tiger cat");
    let network = Network::from_snapshot(&bundle.snapshot, Placement::default()).unwrap();
    let (dataset, pixels) = photos(&folder.join("catdog-small/train"));
    let _no_grad = tch::no_grad_guard();
    let (mut right, mut all) = ([0usize; 2], [0usize; 2]);
    let samples: Vec<usize> = (0..dataset.samples.len()).collect();
    for chunk in samples.chunks(50) {
        let input = network
            .input(&batches::gather(&pixels, chunk).unwrap())
            .unwrap();
        let classes = network
            .forward(&input, Mode::Evaluate)
            .unwrap()
            .argmax(1, false);
        for (sample, class) in chunk.iter().zip(Vec::<i64>::try_from(classes).unwrap()) {
            let label = dataset.samples[*sample].label;
            let is_right = match &*dataset.classes[label] {
                "cat" => (281..=285).contains(&class),
                _ => (151..=268).contains(&class),
            };
            right[label] += usize::from(is_right);
            all[label] += 1;
        }
    }
    let shares = [0, 1].map(|label| right[label] as f64 / all[label] as f64);
    println!("{:?}: {shares:?} of {all:?}", dataset.classes);
    assert!((shares[0] - 0.84).abs() < 0.04, "cats: {}", shares[0]);
    assert!((shares[1] - 0.96).abs() < 0.03, "dogs: {}", shares[1]);
}

/// A dense layer on the frozen, pooled features, trained by our own loop.
#[test]
fn a_linear_probe_tells_cats_from_dogs() {
    let Some(folder) = folder_of_real_data() else {
        println!("not run: CONVSCOPE_REAL_DATA is not set");
        return;
    };
    let _turn = take_turns();
    let base = LayerKind::Backbone(layers::Backbone {
        architecture: Backbone::MobileNetV2,
        weights: InitialWeights::File(folder.join("weights/mobilenet_v2_ptq.safetensors")),
        batch_norm_inference: true,
    });
    let dense = LayerKind::Dense(layers::Dense {
        units: 2,
        activation: Activation::Linear,
    });
    let spec = ModelSpec {
        layers: vec![
            LayerSpec::new("base", base),
            LayerSpec::new("pool", LayerKind::GlobalAvgPool2d(layers::GlobalAvgPool2d)),
            LayerSpec::new("dense", dense),
        ],
        ..top::imagenet(Backbone::MobileNetV2, 2)
    };
    let begun = initial::arrays(&spec, Path::new("")).unwrap();
    println!("{:?}", begun.notes);
    let (dataset, pixels) = photos(&folder.join("catdog-small/train"));
    let split = SplitConfig {
        validation: 0.25,
        ..SplitConfig::default()
    };
    let data = Data {
        dataset: &dataset,
        pixels: &pixels,
        split: &Split::new(&dataset, &split).unwrap(),
        augmentation: &AugmentationConfig::default(),
    };
    let config = TrainingConfig {
        phases: vec![Phase {
            epochs: 15,
            optimizer: Optimizer::adam(1e-3),
            trainable_from: Some("pool".into()),
            ..recipe_one().training.phases[0].clone()
        }],
        batch_size: 32,
        ..recipe_one().training
    };
    let start = Start::From(begun.arrays);
    let outcome = fit::fit(
        &spec,
        &config,
        &data,
        start,
        &mut Recorder::default().alone(),
    )
    .unwrap();
    let accuracy = outcome.history.last().unwrap().val_accuracy.unwrap();
    println!("validation accuracy of the linear probe: {accuracy}");
    assert!(accuracy >= 0.97, "{accuracy}");
}
