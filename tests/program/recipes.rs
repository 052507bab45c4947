//! Every recipe trains: on small drawn sets through the real program, and on real data where it lies.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use convscope::{
    data::generate::{generate_cells, generate_pets, generate_shapes},
    model::{
        LayerKind, layers,
        shapes::layer_shapes,
        spec::{Head, InitialWeights},
    },
    train::{Experiment, recipes},
};
use serde_json::Value;

struct Sandbox {
    folder: tempfile::TempDir,
}

impl Sandbox {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program; returns its JSON lines.
    fn run(&self, arguments: &[&str]) -> Vec<Value> {
        let output = Command::new(env!("CARGO_BIN_EXE_convscope"))
            .args(arguments)
            .arg("--json")
            .current_dir(self.folder.path())
            .env("CONVSCOPE_CACHE", self.path("cache"))
            .env("CONVSCOPE_EDITS", self.path("edits"))
            .env("CONVSCOPE_DATASETS", self.path("datasets"))
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {words}");
        let lines = String::from_utf8(output.stdout).unwrap();
        lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Trains `experiment` in the folder `run`; returns its epochs and its end.
    fn train(&self, experiment: &Experiment, run: &str) -> (Vec<Value>, Value) {
        let file = format!("{run}.ron");
        fs::write(self.path(&file), experiment.to_ron().unwrap()).unwrap();
        let mut lines = self.run(&["train", &file, "--out", run]);
        let end = lines.pop().unwrap();
        (lines, end)
    }
}

fn recipe(name: &str) -> Experiment {
    recipes::find(Path::new(name)).unwrap()
}

fn with_weights(mut experiment: Experiment, wanted: &InitialWeights) -> Experiment {
    for layer in &mut experiment.model.layers {
        if let LayerKind::Backbone(layers::Backbone { weights, .. }) = &mut layer.kind {
            weights.clone_from(wanted);
        }
    }
    experiment
}

/// All eight on drawn images, an epoch each phase: what a recipe asks for is done, whatever it learns from so few.
#[test]
fn every_recipe_trains_on_drawn_images() {
    let sandbox = Sandbox::new();
    generate_shapes(&sandbox.path("shapes"), 1, 8, &mut |_, _| {}).unwrap();
    generate_pets(&sandbox.path("pets"), 1, 20, &mut |_, _| {}).unwrap();
    generate_cells(&sandbox.path("cells.npz"), 1, 10, &mut |_, _| {}).unwrap();
    for (name, data, classes, phases) in [
        ("shapes", "shapes", 3, 1),
        ("flowers-basic", "shapes", 3, 1),
        ("flowers-augmented", "shapes", 3, 1),
        ("flowers-mobilenetv2", "shapes", 3, 2),
        ("malaria", "pets", 2, 1),
        ("blood", "cells.npz", 8, 1),
        ("catdog-basic", "pets", 2, 1),
        ("catdog-vgg16", "pets", 2, 1),
    ] {
        let mut experiment = with_weights(recipe(name), &InitialWeights::Random);
        experiment.dataset.path = data.into();
        experiment.training.set_epochs(1);
        // As many as there are: "the first 250" and full batches of 32 would leave nothing.
        experiment.training.batch_size = 8;
        experiment.split.validation = 0.25;
        experiment.model.fit_classes(classes);
        let (epochs, end) = sandbox.train(&experiment, name);
        let seen: Vec<u64> = epochs
            .iter()
            .map(|epoch| epoch["phase"].as_u64().unwrap())
            .collect();
        assert_eq!(seen, (1..=phases).collect::<Vec<u64>>(), "{name}");
        assert!(
            epochs
                .iter()
                .all(|epoch| epoch["train_loss"].as_f64().is_some_and(f64::is_finite)),
            "{name}"
        );
        assert_eq!(end["outcome"], "completed", "{name}");
        // The model is whole: it loads, proves itself and says something about each image.
        let model = end["model"].as_str().unwrap();
        let report = sandbox
            .run(&["evaluate", model, "--data", data, "--split", "validation"])
            .pop()
            .unwrap();
        assert_eq!(
            report["classes"].as_array().unwrap().len(),
            classes,
            "{name}"
        );
        let stated = end["val_accuracy"].as_f64().unwrap();
        let found = report["accuracy"].as_f64().unwrap();
        assert!(
            (stated - found).abs() < 1e-9,
            "{name}: {stated} then {found}"
        );
    }
}

#[test]
fn recipes_that_were_published_with_figures_have_them() {
    let total = |name: &str| -> usize {
        let spec = recipe(name).model;
        layer_shapes(&spec)
            .unwrap()
            .iter()
            .map(|shape| shape.parameters)
            .sum()
    };
    assert_eq!(total("catdog-basic"), 4_791_809);
    assert_eq!(total("catdog-vgg16"), 16_812_353);
    let vgg = layer_shapes(&recipe("catdog-vgg16").model).unwrap();
    assert_eq!(vgg[0].output.to_string(), "4 × 4 × 512");
    assert_eq!(vgg[0].parameters, 14_714_688);
    let sandbox = Sandbox::new();
    let summary = sandbox.run(&["summary", "catdog-vgg16"]).pop().unwrap();
    assert_eq!(
        (&summary["total"], &summary["trainable"], &summary["frozen"]),
        (&16_812_353.into(), &2_097_665.into(), &14_714_688.into())
    );
    assert!(matches!(
        recipe("catdog-basic").model.head,
        Head::Sigmoid { threshold: 0.5 }
    ));
}

fn real(name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("CONVSCOPE_REAL_DATA") else {
        eprintln!("not run: CONVSCOPE_REAL_DATA is not set");
        return None;
    };
    Some(PathBuf::from(folder).join(name))
}

/// A short training of each recipe that real data lie here for. The accuracies are floors well below what three seeds
/// reached; guessing gives 1/classes.
#[test]
fn recipes_learn_from_real_images() {
    let Some(weights) = real("weights/mobilenet_v2_ptq.pth") else {
        return;
    };
    let sandbox = Sandbox::new();
    for (name, data, epochs, floor) in [
        ("flowers-basic", "flowers-small", 4, 0.35),
        ("flowers-augmented", "flowers-small", 4, 0.30),
        ("flowers-mobilenetv2", "flowers-small", 3, 0.60),
        ("blood", "blood-small.npz", 12, 0.55),
        ("catdog-basic", "catdog-small", 3, 0.50),
    ] {
        let mut experiment = with_weights(recipe(name), &InitialWeights::File(weights.clone()));
        experiment.dataset.path = real(data).unwrap();
        experiment.training.set_epochs(epochs);
        if name == "flowers-mobilenetv2" {
            // Without augmentation the frozen layers' features are computed once, and a larger step makes up for the
            // few epochs.
            experiment.augmentation = Default::default();
            experiment.training.phases[0]
                .optimizer
                .set_learning_rate(0.003);
            experiment.training.phases[1].epochs = 1;
        }
        let (_, end) = sandbox.train(&experiment, name);
        let accuracy = end["val_accuracy"].as_f64().unwrap();
        eprintln!("{name}: {accuracy:.3} after {epochs} epochs");
        assert!(accuracy >= floor, "{name}: {accuracy}");
    }
}
