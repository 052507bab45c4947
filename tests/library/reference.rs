//! What the tests with reference numbers share: reading them, opening images, following a run.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use convscope::{
    cancel::CancelToken,
    data::{Dataset, ImageStore, PixelCache, cache::PixelFormat, sources::folder},
    model::WeightSnapshot,
    resources,
    train::{
        Experiment, StepRecord,
        fit::{EpochEnd, FitError, Watcher, Watchers},
    },
};
use serde::de::DeserializeOwned;

/// Reads the reference numbers `name`.
pub fn read_json<T: DeserializeOwned>(name: &str) -> T {
    let text = std::fs::read_to_string(path(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Where the reference file `name` is.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/reference")
        .join(name)
}

/// Recipe 1 as it is shipped.
pub fn recipe_one() -> Experiment {
    Experiment::load(&resources::find("assets/recipes/shapes.ron").unwrap()).unwrap()
}

/// Decodes a folder per class at 128×128; `choose` may narrow or reorder the samples first. The cache
/// is unlinked at once and lives as long as it is mapped.
pub fn open(root: &Path, choose: impl FnOnce(&mut Dataset)) -> (Dataset, PixelCache) {
    let token = CancelToken::new();
    let mut dataset = folder::scan(root, &token).unwrap();
    choose(&mut dataset);
    let cache = tempfile::tempdir().unwrap();
    let format = PixelFormat {
        height: 128,
        width: 128,
        resize: Default::default(),
    };
    let images = ImageStore::default();
    let pixels =
        PixelCache::open(cache.path(), &dataset, &images, format, &token, &|_, _| {}).unwrap();
    assert!(pixels.broken().is_empty(), "{:?}", pixels.broken());
    (dataset, pixels)
}

/// Number of threads and the generator of dropout belong to the process, so runs take turns.
pub fn take_turns() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps what a run reports, and can end it.
#[derive(Default)]
pub struct Recorder {
    /// Every step's loss.
    pub losses: Vec<f64>,
    /// The latest weights.
    pub weights: Option<Arc<WeightSnapshot>>,
    /// Epochs whose end was reported.
    pub epochs: usize,
    /// Steps after which the run shall end.
    pub stop_after_steps: Option<usize>,
}

impl Recorder {
    /// The only one who watches a run.
    pub fn alone(&mut self) -> Watchers<'_> {
        Watchers::new(vec![self])
    }
}

impl Watcher for Recorder {
    fn pulse(&mut self) -> ControlFlow<()> {
        match self.stop_after_steps {
            Some(steps) if self.losses.len() >= steps => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    fn step(&mut self, record: &StepRecord) -> Result<(), FitError> {
        self.losses.push(record.loss);
        Ok(())
    }

    fn begins(&mut self, weights: &Arc<WeightSnapshot>) {
        self.weights = Some(Arc::clone(weights));
    }

    fn epoch(&mut self, end: &EpochEnd) -> Result<(), FitError> {
        self.weights = Some(Arc::clone(&end.snapshot));
        self.epochs += 1;
        Ok(())
    }
}
