//! What a run tells, and what answers about runs change.

use std::path::PathBuf;

use super::{super::ownership::Judged, *};
use crate::{
    engine::{
        DescribeRun, DiscardRuns, ListRuns, ReadRun, RunBegan, RunEvent, RunFigures, Slot,
        TrainRequest, Trained,
    },
    train::run_folder::{STEPS_FILE, lacking},
};

impl Asked for FindRateRequest {}
impl Asked for EstimateRequest {}

impl Asked for TrainRequest {
    const EACH: bool = true;

    fn done(state: &mut AppState, job: JobId, _: &Self, trained: &Arc<Trained>) {
        if state.training.job() != Some(job) {
            return;
        }
        match &**trained {
            Trained::Ended(outcome) => state.run_finished(Arc::clone(outcome)),
            Trained::DataLost(report) => {
                if let Some(asked) = &mut state.asked_run {
                    state.training.end_with(None);
                    asked.lost = Some(Arc::clone(report));
                }
            }
        }
    }

    fn ended(state: &mut AppState, job: JobId, _: &Self, reason: Option<&str>) {
        if state.training.job() == Some(job) {
            state.asked_run = None;
            state.training.end_with(reason.map(could_not::<Self>));
            state.runs.stale = true;
            if let Some(folder) = state.training.folder.clone() {
                state.runs.trained(folder);
            }
        }
    }
}

impl Asked for ListRuns {
    fn done(state: &mut AppState, _: JobId, _: &Self, listing: &Arc<Self::Answer>) {
        // A run that went on meanwhile has more to tell, and one that could not be read may be there now.
        state.forget_unless(|slot: &Slot<ReadRun>| {
            let run = slot
                .asked
                .as_ref()
                .and_then(|asked| listing.find(&asked.folder));
            let is_known = |figures: &Arc<RunFigures>| {
                run.is_some_and(|run| run.epochs == figures.history.len())
            };
            slot.job.is_some() || slot.failed.is_none() && slot.answer().is_some_and(is_known)
        });
        state.runs.listed(Arc::clone(listing));
    }

    fn ended(state: &mut AppState, _: JobId, _: &Self, reason: Option<&str>) {
        state.runs.listing_ended(reason.map(could_not::<Self>));
    }
}

impl Asked for ReadRun {
    fn key(&self) -> PathBuf {
        match self.with_steps {
            true => self.folder.join(STEPS_FILE),
            false => self.folder.clone(),
        }
    }

    /// Without steps fewer points are drawn of the run that is shown; it is none the worse.
    fn done(state: &mut AppState, _: JobId, request: &Self, figures: &Arc<Self::Answer>) {
        if request.with_steps {
            if state.training.folder.as_ref() == Some(&request.folder) {
                state.training.adopt_steps(&figures.steps);
            }
            state.forget_unless(|slot: &Slot<Self>| slot.asked.as_deref() != Some(request));
        }
    }
}

impl Asked for DescribeRun {
    const EACH: bool = true;

    fn done(state: &mut AppState, _: JobId, _: &Self, _: &Arc<()>) {
        state.runs.stale = true;
    }

    fn ended(state: &mut AppState, _: JobId, _: &Self, _: Option<&str>) {
        state.runs.stale = true;
    }
}

impl Asked for DiscardRuns {
    const EACH: bool = true;

    fn done(state: &mut AppState, _: JobId, request: &Self, _: &Arc<()>) {
        state.runs.discarded(&request.0);
    }

    fn ended(state: &mut AppState, _: JobId, _: &Self, _: Option<&str>) {
        state.runs.stale = true;
    }
}

impl AppState {
    /// What the run that goes on tells.
    pub(super) fn apply_run(&mut self, job: JobId, event: RunEvent) {
        let standing = |paused, stopping| RunState::Running {
            job,
            paused,
            stopping,
        };
        match event {
            RunEvent::Began(began) => self.run_began(*began),
            RunEvent::Steps(steps) => self.training.steps.extend(steps),
            RunEvent::Rate(rate) => self.training.rate = Some(rate),
            RunEvent::Epoch(record) => self.epoch_finished(record),
            RunEvent::Evaluated(evaluation) => {
                self.judged = self.judged_by_run();
                self.show_evaluation(evaluation);
            }
            RunEvent::Advice(advice) => {
                self.note(Level::Info, advice.words.clone());
                self.training.advice.push(advice);
            }
            RunEvent::Paused(paused) => self.training.run = standing(paused, false),
            RunEvent::Stopping => self.training.run = standing(false, true),
            RunEvent::Ending(stage) => {
                self.training.ending = Some(stage);
                if let Some(running) = self.jobs.get_mut(&job) {
                    // What was counted until now was steps.
                    (running.progress, running.since) = (None, None);
                }
            }
            // They are taken from the engine in every frame.
            RunEvent::WeightsPublished => {}
        }
    }

    fn run_began(&mut self, began: RunBegan) {
        self.asked_run = None;
        self.training.before = None;
        for words in began.data.words() {
            self.note(Level::Info, words);
        }
        self.training.data = Some(began.data);
        self.training.folder = Some(began.run);
        self.runs.stale = true;
        self.training.epochs = began.history;
        self.training.experiment = Some(began.experiment);
        self.training.steps_per_epoch = began.steps_per_epoch;
        self.training.total_epochs = began.epochs;
        self.training.train_images = began.train_images;
    }

    /// The run that goes on has judged the images of the open dataset.
    fn judged_by_run(&self) -> Option<Judged> {
        let dataset = self.dataset()?;
        Some(Judged {
            model: ModelSource::Run(self.training.folder.clone()?),
            classes: dataset.classes.as_slice().into(),
            dataset: dataset.name.clone(),
        })
    }

    fn epoch_finished(&mut self, record: EpochRecord) {
        let validation = match record.val_accuracy {
            Some(accuracy) => format!(", validation {}", percent(accuracy)),
            None => String::new(),
        };
        let training = percent(record.train_accuracy);
        self.note(
            Level::Info,
            format!("Epoch {}: training {training}{validation}", record.epoch),
        );
        self.training.epochs.push(record);
        self.runs.stale = true;
    }

    fn run_finished(&mut self, outcome: Arc<TrainingOutcome>) {
        let epochs = self.training.epochs.len();
        let words = if outcome.result.completed {
            "Training finished"
        } else {
            "Training stopped"
        };
        let best = self.training.best_words();
        let best = best.map_or_else(String::new, |words| format!("; best: {words}"));
        let lacks = lacking(&outcome.result.left_out).map_or_else(String::new, |lacking| {
            format!("; {lacking}: Continue in Runs does it")
        });
        self.note(
            Level::Info,
            format!("{words} after {epochs} epochs{best}{lacks}"),
        );
        self.runs.trained(outcome.run.clone());
        self.training.run = RunState::Finished(outcome);
    }
}
