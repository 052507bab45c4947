//! Who watches a run: a list, told in its order.

use std::{
    ops::ControlFlow,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{EpochEnd, FitError};
use crate::{
    cancel::{CancelToken, Cancelled},
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

    /// See [`Watcher::note`].
    pub fn note(&mut self, words: impl AsRef<str>) {
        self.each(|watcher| watcher.note(words.as_ref()));
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

    /// Tells everybody what cannot go wrong.
    pub fn each(&mut self, mut tell: impl FnMut(&mut dyn Watcher)) {
        for watcher in &mut self.list {
            tell(&mut **watcher);
        }
    }
}

/// For work beside a run, such as estimates: goes on until its token is cancelled, and says nothing.
pub struct Quiet<'a>(pub &'a CancelToken);

impl Watcher for Quiet<'_> {
    fn pulse(&mut self) -> ControlFlow<()> {
        if self.0.is_cancelled() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, path::Path};

    use super::*;
    use crate::train::{EpochRecord, checkpoint::Checkpoint, checkpoint::Standing, recipes};

    fn end(epoch: usize) -> EpochEnd {
        let spec = recipes::find(Path::new("shapes")).unwrap().model;
        let snapshot = Arc::new(WeightSnapshot {
            spec: Arc::new(spec),
            classes: ["a".to_owned()].into(),
            epoch,
            arrays: Vec::new(),
        });
        EpochEnd {
            record: EpochRecord {
                epoch,
                phase: 1,
                train_loss: 1.0,
                train_accuracy: 0.5,
                val_loss: None,
                val_accuracy: None,
                learning_rate: 0.1,
                images_per_sec: 1.0,
                seconds: 1.0,
                train_penalty: None,
                val_penalty: None,
            },
            evaluation: None,
            checkpoint: Arc::new(Checkpoint {
                standing: Standing::default(),
                snapshot: Arc::clone(&snapshot),
                frozen: 0,
                optimizer: Vec::new(),
                history: Vec::new(),
                best: None,
                phase_best: None,
            }),
            snapshot,
            is_best: false,
            dead_units: Vec::new(),
        }
    }

    /// What everybody heard, in order.
    type Heard = RefCell<Vec<String>>;

    /// Has done with an epoch after being asked so many times, or when it is waited for.
    struct Slow<'a>(&'a str, usize, &'a Heard);

    impl Watcher for Slow<'_> {
        fn epoch(&mut self, end: &EpochEnd) -> Result<(), FitError> {
            let words = format!("{} {}", self.0, end.record.epoch);
            self.2.borrow_mut().push(words);
            Ok(())
        }

        fn is_done(&mut self, wait: bool) -> Result<bool, FitError> {
            self.1 = if wait { 0 } else { self.1.saturating_sub(1) };
            Ok(self.1 == 0)
        }
    }

    /// Cannot record what it hears of.
    struct Full;

    impl Watcher for Full {
        fn is_done(&mut self, _wait: bool) -> Result<bool, FitError> {
            Err(FitError::Write("the disk is full".into()))
        }
    }

    #[test]
    fn nobody_hears_of_an_epoch_before_those_above_have_done_with_it() {
        for (why, looks, pulses, heard) in [
            ("done at once", 1, 0, "disk 1, window 1"),
            ("not done", 3, 0, "disk 1"),
            ("not done yet", 3, 1, "disk 1"),
            ("done at a later look", 3, 2, "disk 1, window 1"),
            ("told once", 3, 5, "disk 1, window 1"),
        ] {
            let all = Heard::default();
            let (mut disk, mut window) = (Slow("disk", looks, &all), Slow("window", 1, &all));
            let mut watchers = Watchers::new(vec![&mut disk, &mut window]);
            watchers.epoch(end(1)).unwrap();
            for _ in 0..pulses {
                watchers.pulse().unwrap();
            }
            assert_eq!(all.borrow().join(", "), heard, "{why}");
            watchers.epoch(end(2)).unwrap();
            watchers.settle().unwrap();
            let whole = "disk 1, window 1, disk 2, window 2";
            assert_eq!(all.borrow().join(", "), whole, "{why}: waited for");
        }
    }

    #[test]
    fn nobody_hears_of_an_epoch_that_could_not_be_recorded() {
        let all = Heard::default();
        let (mut disk, mut window) = (Full, Slow("window", 1, &all));
        let mut watchers = Watchers::new(vec![&mut disk, &mut window]);
        assert!(matches!(watchers.epoch(end(1)), Err(FitError::Write(_))));
        // It was tried; the next look finds nothing to tell, and no word of it comes later.
        watchers.pulse().unwrap();
        watchers.settle().unwrap();
        assert!(all.borrow().is_empty());
    }

    #[test]
    fn a_failure_that_a_look_finds_is_told_when_the_run_settles() {
        struct Fails(bool);
        impl Watcher for Fails {
            fn is_done(&mut self, _wait: bool) -> Result<bool, FitError> {
                match std::mem::replace(&mut self.0, true) {
                    false => Ok(false),
                    true => Err(FitError::Write("the disk is full".into())),
                }
            }
        }
        let all = Heard::default();
        let (mut disk, mut window) = (Fails(false), Slow("window", 1, &all));
        let mut watchers = Watchers::new(vec![&mut disk, &mut window]);
        watchers.epoch(end(1)).unwrap();
        assert!(watchers.pulse().is_err(), "the run ends");
        assert!(matches!(watchers.settle(), Err(FitError::Write(_))));
        assert!(all.borrow().is_empty());
    }
}
