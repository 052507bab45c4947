//! Who watches a run: a list, told in its order.

use std::{
    ops::ControlFlow,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{EpochEnd, FitError};
use crate::{
    cancel::Cancelled,
    model::WeightSnapshot,
    train::{features, history::StepRecord, placement::Chosen, schedule::RateNow},
};

/// Watches a run, on the run's own thread. All it can do to the run is to end it.
pub trait Watcher {
    /// Before every step and every validation batch; may wait (pause). Break ends the run, keeping what it has.
    fn pulse(&mut self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
    /// Whether its next pulse waits, so that there is time for what those of the list have begun.
    fn will_wait(&self) -> bool {
        false
    }
    /// Before the first step: how the network computes, and what was measured to choose it.
    fn placed(&mut self, _chosen: &Chosen) {}
    /// Something worth telling the user, in a sentence.
    fn note(&mut self, _words: &str) {}
    /// At the start of every phase and before every step: the learning rate as it is.
    fn rate(&mut self, _now: RateNow) {}
    /// Before the first step: the weights as they are.
    fn begins(&mut self, _weights: &Arc<WeightSnapshot>) {}
    /// After every step.
    ///
    /// # Errors
    /// When the step cannot be recorded, which ends the run.
    fn step(&mut self, _record: &StepRecord) -> Result<(), FitError> {
        Ok(())
    }
    /// After every epoch; what is needed to go on from here can be saved.
    ///
    /// # Errors
    /// When the epoch cannot be recorded, which ends the run.
    fn epoch(&mut self, _end: &EpochEnd) -> Result<(), FitError> {
        Ok(())
    }
    /// Whether it has done with the last epoch, which those behind it in the list hear of only then. With `wait` it waits
    /// until it has.
    ///
    /// # Errors
    /// When the epoch could not be recorded: nobody else hears of it, and the run ends.
    fn is_done(&mut self, _wait: bool) -> Result<bool, FitError> {
        Ok(true)
    }
}

/// Those who watch a run, and what it may use and is steered by.
pub struct Watchers<'a> {
    list: Vec<&'a mut dyn Watcher>,
    /// The newest epoch while not everybody has done with it, and how many of the list have heard of it.
    newest: Option<(EpochEnd, usize)>,
    /// Why it could not be recorded.
    failure: Option<FitError>,
    /// The folder that choices between ways of computing are kept in; without one they are made anew for each run.
    pub choices: Option<PathBuf>,
    /// The most bytes that what frozen layers make of the images may take to be kept; a run that has once done without
    /// does so to its end.
    pub feature_bytes: usize,
    /// Asked before every step: the learning rate that the user wants from now on in this phase.
    pub wanted_rate: &'a dyn Fn() -> Option<f64>,
}

impl<'a> Watchers<'a> {
    /// Each hears of an epoch when those before it have done with it.
    pub fn new(list: Vec<&'a mut dyn Watcher>) -> Self {
        Self {
            list,
            newest: None,
            failure: None,
            choices: None,
            feature_bytes: features::MOST_BYTES,
            wanted_rate: &|| None,
        }
    }

    /// Asks everybody whether to go on; gives the time that was waited (a pause is no training time).
    ///
    /// # Errors
    /// When somebody wants the run to end.
    pub fn pulse(&mut self) -> Result<Duration, Cancelled> {
        let start = Instant::now();
        let wait = self.list.iter().any(|watcher| watcher.will_wait());
        if let Err(failure) = self.pass_on(wait) {
            self.failure = Some(failure);
            return Err(Cancelled);
        }
        for watcher in &mut self.list {
            if watcher.pulse().is_break() {
                return Err(Cancelled);
            }
        }
        Ok(start.elapsed())
    }

    /// See [`Watcher::placed`].
    pub fn placed(&mut self, chosen: &Chosen) {
        self.each(|watcher| watcher.placed(chosen));
    }

    /// See [`Watcher::note`].
    pub fn note(&mut self, words: impl AsRef<str>) {
        self.each(|watcher| watcher.note(words.as_ref()));
    }

    /// See [`Watcher::rate`].
    pub fn rate(&mut self, now: RateNow) {
        self.each(|watcher| watcher.rate(now));
    }

    /// See [`Watcher::begins`].
    pub fn begins(&mut self, weights: &Arc<WeightSnapshot>) {
        self.each(|watcher| watcher.begins(weights));
    }

    /// See [`Watcher::step`].
    ///
    /// # Errors
    /// Those of the watchers.
    pub fn step(&mut self, record: &StepRecord) -> Result<(), FitError> {
        let mut all = self.list.iter_mut();
        all.try_for_each(|watcher| watcher.step(record))
    }

    /// See [`Watcher::epoch`].
    ///
    /// # Errors
    /// Those of the watchers.
    pub fn epoch(&mut self, end: EpochEnd) -> Result<(), FitError> {
        self.settle()?;
        self.newest = Some((end, 0));
        self.pass_on(false)
    }

    /// Waits until everybody has done with the newest epoch, and lets go of its weights: those of the next one shall not
    /// be there beside them.
    ///
    /// # Errors
    /// When it could not be recorded.
    pub fn settle(&mut self) -> Result<(), FitError> {
        match self.failure.take() {
            Some(failure) => Err(failure),
            None => self.pass_on(true),
        }
    }

    /// Tells of the newest epoch as far down the list as those above have done with it. Nobody hears of one that could
    /// not be recorded, later neither.
    fn pass_on(&mut self, wait: bool) -> Result<(), FitError> {
        let Some((end, mut told)) = self.newest.take() else {
            return Ok(());
        };
        loop {
            if let Some(before) = told.checked_sub(1)
                && !self.list[before].is_done(wait)?
            {
                self.newest = Some((end, told));
                return Ok(());
            }
            let Some(watcher) = self.list.get_mut(told) else {
                return Ok(());
            };
            watcher.epoch(&end)?;
            told += 1;
        }
    }

    fn each(&mut self, mut tell: impl FnMut(&mut dyn Watcher)) {
        for watcher in &mut self.list {
            tell(&mut **watcher);
        }
    }
}
