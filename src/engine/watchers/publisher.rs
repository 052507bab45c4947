//! Puts the newest weights where inspections find them.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use crate::{
    data::{Edits, Picture, SplitConfig},
    engine::{
        events::RunEvent,
        job::JobContext,
        latest::Latest,
        loaded_model::{LoadedModel, ModelSource},
    },
    model::WeightSnapshot,
    train::{
        EpochRecord,
        fit::{EpochEnd, FitError, Watcher},
    },
};

/// Publishes weights as a model that is whole: with what is needed to save it.
pub struct Publisher<'a> {
    pub context: &'a JobContext,
    pub model: &'a Latest<LoadedModel>,
    /// The weights before the first step, once they are known.
    pub initial: Option<Arc<WeightSnapshot>>,
    pub split: SplitConfig,
    pub edits: Arc<Edits>,
    pub sample: Arc<Picture>,
    /// The run's folder.
    pub run: PathBuf,
}

impl Publisher<'_> {
    /// Makes weights the ones that inspections use.
    pub fn publish(
        &self,
        snapshot: &Arc<WeightSnapshot>,
        record: Option<&EpochRecord>,
    ) -> Arc<LoadedModel> {
        let loaded = Arc::new(LoadedModel {
            snapshot: Arc::clone(snapshot),
            initial: self.initial.clone(),
            metrics: record.map(metrics).unwrap_or_default(),
            split: self.split,
            edits: Arc::clone(&self.edits),
            sample: Arc::clone(&self.sample),
            source: ModelSource::Run(self.run.clone()),
            answers: Arc::default(),
        });
        self.show(Arc::clone(&loaded));
        loaded
    }

    /// Makes `model` the one that inspections use.
    pub fn show(&self, model: Arc<LoadedModel>) {
        self.model.set(model);
        self.context.tell_run(RunEvent::WeightsPublished);
    }
}

fn metrics(record: &EpochRecord) -> BTreeMap<String, f64> {
    let always = [
        ("epoch", Some(record.epoch as f64)),
        ("train_loss", Some(record.train_loss)),
        ("train_accuracy", Some(record.train_accuracy)),
        ("val_loss", record.val_loss),
        ("val_accuracy", record.val_accuracy),
    ];
    always
        .into_iter()
        // JSON has no infinities, and a model file must be readable again.
        .filter_map(|(name, value)| Some((name.to_owned(), value.filter(|v| v.is_finite())?)))
        .collect()
}

impl Watcher for Publisher<'_> {
    fn begins(&mut self, weights: &Arc<WeightSnapshot>) {
        // A run that is taken up knows them already.
        self.initial.get_or_insert_with(|| Arc::clone(weights));
        self.publish(weights, None);
    }

    fn epoch(&mut self, end: &EpochEnd) -> Result<(), FitError> {
        self.publish(&end.snapshot, Some(&end.record));
        Ok(())
    }
}
