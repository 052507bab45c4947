//! Seconds per epoch of recipe 1: `epoch FOLDER THREADS EPOCHS` prints one JSON line.
//!
//! `benches/epoch_vs_pytorch.py` runs it in turn with PyTorch. Images are decoded before the clock starts.
#![expect(clippy::print_stdout, reason = "its answer")]

use std::{error::Error, path::Path};

use convscope::{
    cancel::CancelToken,
    data::{ImageStore, PixelCache, Split, sources::folder},
    resources, sys,
    train::{
        Experiment, TrainingConfig,
        fit::{self, Data, Start, Watchers},
    },
};

fn main() -> Result<(), Box<dyn Error>> {
    sys::tune_allocator();
    // cargo adds `--bench` of its own.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let [root, threads, epochs] = arguments.as_slice() else {
        println!("usage: epoch FOLDER THREADS EPOCHS; benches/epoch_vs_pytorch.py calls this");
        return Ok(());
    };
    let recipe = resources::find("assets/recipes/shapes.ron")
        .ok_or("there is no assets/recipes/shapes.ron")?;
    let experiment = Experiment::load(&recipe)?;
    let token = CancelToken::new();
    let dataset = folder::scan(Path::new(root), &token)?;
    let cache = tempfile::tempdir()?;
    let images = ImageStore::default();
    let format = experiment.model.input.format();
    let pixels = PixelCache::open(cache.path(), &dataset, &images, format, &token, &|_, _| {})?;
    let split = Split::new(&dataset, &experiment.split)?;
    let mut config = TrainingConfig {
        threads: Some(threads.parse()?),
        ..experiment.training
    };
    config.phases[0].epochs = epochs.parse()?;
    let data = Data {
        dataset: &dataset,
        pixels: &pixels,
        split: &split,
        augmentation: &experiment.augmentation,
    };
    let mut nobody = Watchers::new(Vec::new());
    let outcome = fit::fit(&experiment.model, &config, &data, Start::New, &mut nobody)?;
    let training = split.train.len() as f64;
    let epochs: Vec<_> = outcome
        .history
        .iter()
        .map(|record| {
            let train = training / record.images_per_sec;
            serde_json::json!({ "train_secs": train, "epoch_secs": record.seconds })
        })
        .collect();
    println!(
        "{}",
        serde_json::json!({ "epochs": epochs, "last_val_accuracy": outcome.history.last().and_then(|r| r.val_accuracy) })
    );
    Ok(())
}
