//! Turns what happens in the loop into events and files.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    control::TrainControl,
    events::{Event, Level, RunEvent},
    job::JobContext,
    latest::Latest,
    loaded_model::{LoadedModel, ModelSource},
};
use crate::{
    data::{Edits, Picture, SplitConfig},
    model::WeightSnapshot,
    train::{
        EpochRecord, Evaluation, StepRecord,
        fit::{EpochEnd, FitError, Observer, Outcome},
        health,
        placement::Chosen,
        run_folder::RunFolder,
        schedule::RateNow,
    },
};

/// What is told of an epoch once it is on the disk.
pub struct Unwritten {
    events: Vec<RunEvent>,
    snapshot: Arc<WeightSnapshot>,
    record: EpochRecord,
}

/// Follows a run for the window, the command line and the disk.
pub struct Reporter<'a> {
    pub context: &'a JobContext,
    pub control: &'a TrainControl,
    pub model: &'a Latest<LoadedModel>,
    /// Where choices between ways of computing are kept.
    pub choices: PathBuf,
    pub folder: RunFolder,
    pub split: SplitConfig,
    pub edits: Arc<Edits>,
    pub sample: Arc<Picture>,
    /// What the features of frozen layers may take.
    pub feature_bytes: usize,
    pub total_steps: usize,
    /// How the run computes, in words.
    pub computed: String,
    /// The weights before the first step, once they are known.
    pub initial: Option<Arc<WeightSnapshot>>,
    /// The first weights were published.
    pub begun: bool,
    /// Says what is wrong with the run.
    pub health: health::Watch,
    /// The learning rate of the next step.
    pub rate: Option<RateNow>,
    pub pending: Vec<StepRecord>,
    pub best_evaluation: Option<Arc<Evaluation>>,
    /// The newest epoch, as long as it is not on the disk: nobody hears of what a kill could still take away.
    pub unwritten: Option<Unwritten>,
    /// Why it could not be written.
    pub failure: Option<FitError>,
    /// The request to stop was answered.
    pub stopping: bool,
}

impl Reporter<'_> {
    pub fn flush_steps(&mut self) {
        if !self.pending.is_empty() {
            let steps = std::mem::take(&mut self.pending);
            self.tell(RunEvent::Steps(steps));
        }
    }

    /// Waits until the newest epoch is on the disk, and tells of it.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn settle(&mut self) -> Result<(), FitError> {
        let written = match self.failure.take() {
            Some(failure) => Err(failure),
            None => self.folder.wait_until_written(),
        };
        match written {
            Ok(()) => self.tell_epoch(),
            // Nobody hears of an epoch that is not on the disk, later neither.
            Err(_) => self.unwritten = None,
        }
        written
    }

    /// Tells of the newest epoch if it is on the disk; while the run is paused that is waited for.
    fn look_after_epoch(&mut self) -> Result<(), FitError> {
        if self.unwritten.is_none() {
            return Ok(());
        }
        if self.control.is_paused() {
            return self.settle();
        }
        if self.folder.is_written()? {
            self.tell_epoch();
        }
        Ok(())
    }

    fn tell_epoch(&mut self) {
        if let Some(epoch) = self.unwritten.take() {
            epoch.events.into_iter().for_each(|event| self.tell(event));
            self.publish(&epoch.snapshot, Some(&epoch.record));
        }
    }

    /// Says what the end of the loop shows. What failed says its own; early stopping saw no more to gain.
    pub fn say_of_end(&self, outcome: &Outcome) {
        let phases = outcome.history.last().map(|record| record.phase);
        let stopped_early = outcome.stopped_early.last().copied() == phases;
        if outcome.failure.is_none()
            && !stopped_early
            && let Some(advice) = self.health.ended(&outcome.history)
        {
            self.tell(RunEvent::Advice(advice));
        }
    }

    fn send_rate(&self) {
        if let Some(rate) = self.rate {
            self.tell(RunEvent::Rate(rate));
        }
    }

    /// Puts weights into the slot that inspections read.
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
            source: ModelSource::Run(self.folder.path().to_path_buf()),
        });
        self.show(Arc::clone(&loaded));
        loaded
    }

    /// Makes `model` the one that inspections use.
    pub fn show(&self, model: Arc<LoadedModel>) {
        let epoch = model.snapshot.epoch;
        self.model.set(model);
        self.tell(RunEvent::WeightsPublished(epoch));
    }

    /// Tells something about the run.
    pub fn tell(&self, event: RunEvent) {
        self.context.events.send(Event::Run(self.context.id, event));
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

impl Observer for Reporter<'_> {
    fn pulse(&mut self) -> ControlFlow<()> {
        if let Err(failure) = self.look_after_epoch() {
            self.failure = Some(failure);
            return ControlFlow::Break(());
        }
        let cancel = &self.context.cancel;
        self.control
            .wait_while_paused(cancel, |paused| self.tell(RunEvent::Paused(paused)));
        if cancel.is_cancelled() {
            if !self.stopping {
                self.stopping = true;
                self.tell(RunEvent::Stopping);
            }
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn step(&mut self, record: &StepRecord) -> Result<(), FitError> {
        self.pending.push(*record);
        self.folder.write_step(record)?;
        if self.context.due() {
            self.flush_steps();
            self.send_rate();
            self.context.tell_progress(record.step, self.total_steps);
        }
        Ok(())
    }

    fn choices(&self) -> Option<&Path> {
        Some(&self.choices)
    }

    fn placed(&mut self, chosen: &Chosen) {
        self.computed = chosen.words();
        self.note(format!("Computes in {}", self.computed));
    }

    fn note(&mut self, message: String) {
        self.context.note(Level::Info, message);
    }

    fn feature_bytes(&mut self) -> usize {
        self.feature_bytes
    }

    fn learning_rate(&mut self) -> Option<f64> {
        self.control.take_learning_rate()
    }

    fn rate(&mut self, now: RateNow) {
        let chosen = |rate: RateNow| (rate.phase, rate.full);
        let is_new = self.rate.map(chosen) != Some(chosen(now));
        self.rate = Some(now);
        if is_new {
            self.send_rate();
        }
    }

    fn weights(&mut self, snapshot: &Arc<WeightSnapshot>) {
        if !self.begun {
            self.begun = true;
            // A run that is taken up knows them already.
            self.initial.get_or_insert_with(|| Arc::clone(snapshot));
            self.publish(snapshot, None);
        }
    }

    fn epoch_ends(&mut self) -> Result<(), FitError> {
        self.settle()
    }

    fn epoch(&mut self, end: &EpochEnd<'_>) -> Result<(), FitError> {
        self.flush_steps();
        self.folder.write_epoch(end)?;
        let record = *end.record;
        let mut events = vec![RunEvent::Epoch(record)];
        let advice = self.health.epoch_done(end.history, end.dead_units);
        events.extend(advice.into_iter().map(RunEvent::Advice));
        if let Some(evaluation) = &end.evaluation {
            let evaluation = Arc::new(evaluation.clone());
            if end.is_best {
                self.best_evaluation = Some(Arc::clone(&evaluation));
            }
            events.push(RunEvent::Evaluated(evaluation));
        }
        self.unwritten = Some(Unwritten {
            events,
            snapshot: Arc::clone(end.snapshot),
            record,
        });
        Ok(())
    }
}
