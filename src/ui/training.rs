//! The current or last run as the window knows it. Plain data.

use std::{path::PathBuf, sync::Arc};

use crate::{
    engine::{EndStage, JobId, KeptRun, TrainRequest, TrainingOutcome},
    train::{
        DataReport, EpochRecord, Experiment, StepRecord, early_stopping::EarlyStopping,
        health::Advice, history, run_folder::MODEL_FILE, schedule::RateNow,
    },
    ui::format::shortened,
};

/// The run's state.
#[derive(Debug, Clone, Default)]
pub enum RunState {
    /// Nothing was trained since the start.
    #[default]
    Idle,
    /// A run goes on.
    Running {
        /// The job.
        job: JobId,
        /// It waits.
        paused: bool,
        /// It was asked to stop and writes what it has.
        stopping: bool,
    },
    /// The last run ended well.
    Finished(Arc<TrainingOutcome>),
    /// The last run failed.
    Failed(String),
}

/// Figures of the current or last run.
#[derive(Debug, Clone, Default)]
pub struct Training {
    /// How it stands.
    pub run: RunState,
    /// Every step, in order; thinned where the window could not follow.
    pub steps: Vec<StepRecord>,
    /// Every epoch.
    pub epochs: Vec<EpochRecord>,
    /// Steps of one epoch; 0 before the first run.
    pub steps_per_epoch: usize,
    /// Epochs asked for.
    pub total_epochs: usize,
    /// Images the run trains on.
    pub train_images: usize,
    /// What the run trains and how; `None` before the first run.
    pub experiment: Option<Arc<Experiment>>,
    /// The phase that runs and its learning rate; `None` before the first phase.
    pub rate: Option<RateNow>,
    /// What it does after its last step.
    pub ending: Option<EndStage>,
    /// What is wrong with it, oldest first.
    pub advice: Vec<Advice>,
    /// What there is to know about its data; `None` before it has begun.
    pub data: Option<Arc<DataReport>>,
    /// The run's folder; `None` before it has begun.
    pub folder: Option<PathBuf>,
    /// What was shown before a run that was asked for and has not begun: it may never begin.
    pub before: Option<Box<Self>>,
}

/// A run that was asked for and has not begun yet: if too much of its data is lost, it waits for an answer.
#[derive(Debug, Clone)]
pub struct AskedRun {
    /// What was asked for.
    pub request: TrainRequest,
    /// What of the data is lost: the question is open.
    pub lost: Option<Arc<DataReport>>,
}

impl Training {
    /// The job of a run that goes on.
    pub fn job(&self) -> Option<JobId> {
        match self.run {
            RunState::Running { job, .. } => Some(job),
            _ => None,
        }
    }

    /// Whether a run goes on (waiting counts).
    pub fn is_running(&self) -> bool {
        self.job().is_some()
    }

    /// Whether a run waits.
    pub fn is_paused(&self) -> bool {
        matches!(self.run, RunState::Running { paused: true, .. })
    }

    /// Whether a run was asked to stop.
    pub fn is_stopping(&self) -> bool {
        matches!(self.run, RunState::Running { stopping: true, .. })
    }

    /// What a run that goes on does after its last step; `None` before.
    pub fn ending(&self) -> Option<EndStage> {
        self.ending.filter(|_| self.is_running())
    }

    /// A run of the job `job` that is asked for; what is shown now comes back when it cannot begin.
    #[must_use]
    pub fn beginning(self, job: JobId) -> Self {
        Self {
            run: RunState::Running {
                job,
                paused: false,
                stopping: false,
            },
            before: Some(Box::new(self)),
            ..Self::default()
        }
    }

    /// The run ended without a result: with a reason when it failed. One that never began leaves the figures of
    /// the one before.
    pub fn end_with(&mut self, failure: Option<String>) {
        if let Some(before) = self.before.take() {
            *self = *before;
            if let Some(message) = failure {
                self.run = RunState::Failed(message);
            }
            return;
        }
        self.run = failure.map_or(RunState::Idle, RunState::Failed);
    }

    /// All that a run recorded which was opened again.
    pub fn of_kept(run: &KeptRun) -> Self {
        let epochs = run.figures.history.clone();
        let steps = run.figures.steps.clone();
        let first = epochs.first().map(|record| record.epoch);
        let in_first = |step: &&StepRecord| Some(step.epoch) == first;
        let state = match &run.result {
            None => RunState::Idle,
            Some(result) => match &result.failure {
                Some(failure) => RunState::Failed(failure.clone()),
                None => RunState::Finished(Arc::new(TrainingOutcome {
                    run: run.folder.clone(),
                    model: Some(run.folder.join(MODEL_FILE)),
                    result: result.clone(),
                })),
            },
        };
        Self {
            run: state,
            steps_per_epoch: steps.iter().filter(in_first).count(),
            total_epochs: run.experiment.training.epochs(),
            experiment: Some(Arc::clone(&run.experiment)),
            folder: Some(run.folder.clone()),
            epochs,
            steps,
            ..Self::default()
        }
    }

    /// What went wrong was another experiment's.
    pub fn forget_failure(&mut self) {
        if matches!(self.run, RunState::Failed(_)) {
            self.run = RunState::Idle;
        }
    }

    /// Whether there are steps that the window has not heard of: it could not follow, or they were taken before
    /// the run was continued.
    pub fn lacks_steps(&self) -> bool {
        self.steps
            .last()
            .is_some_and(|last| self.steps.len() < last.step)
    }

    /// Takes steps `read` from the disk, which has all of them up to some point; later ones stay.
    pub fn adopt_steps(&mut self, read: &[StepRecord]) {
        let last = read.last().map_or(0, |record| record.step);
        let newer = self.steps.partition_point(|record| record.step <= last);
        self.steps.splice(..newer, read.iter().copied());
    }

    /// Which phase runs, where there are several, and what it is called: `phase 2 of 2`, `fine-tuning`.
    pub fn phase_words(&self) -> Option<(String, String)> {
        /// Letters of a phase's name that are shown.
        const LONGEST_NAME: usize = 24;
        let phases = &self.experiment.as_ref()?.training.phases;
        let number = self.rate?.phase;
        let phase = phases.get(number.checked_sub(1)?)?;
        let name = shortened(&phase.name, LONGEST_NAME);
        (phases.len() > 1).then(|| (format!("phase {number} of {}", phases.len()), name))
    }

    /// Makes `full` the rate that is shown until the trainer has taken it, which a pause may put off.
    pub fn ask_for_rate(&mut self, full: f64) {
        if let Some(rate) = &mut self.rate {
            rate.full = full;
        }
    }

    /// The epoch whose weights are kept.
    pub fn best_epoch(&self) -> Option<&EpochRecord> {
        history::best_epoch(&self.epochs, self.early_stopping())
    }

    /// The same with what makes it the best: `epoch 2, lowest validation loss 0.6957`.
    pub fn best_words(&self) -> Option<String> {
        let best = self.best_epoch()?;
        let why = history::why_best(best, self.early_stopping());
        Some(format!("epoch {}, {why}", best.epoch))
    }

    /// Why early stopping ended the phases `stopped`, from 1; `None` when it ended none.
    pub fn stopped_words(&self, stopped: &[usize]) -> Option<String> {
        let phases = &self.experiment.as_ref()?.training.phases;
        let why = self.early_stopping()?.why_stopped();
        let numbers: Vec<String> = stopped.iter().map(ToString::to_string).collect();
        let what = match (stopped.len(), phases.len()) {
            (0, _) => return None,
            (_, 1) => "the run".to_owned(),
            (1, _) => format!("phase {}", numbers[0]),
            _ => format!("phases {}", numbers.join(" and ")),
        };
        Some(format!("Early stopping ended {what}: {why}."))
    }

    /// Wall time of all epochs, those before it was continued included, as the Runs step tells it.
    pub fn seconds(&self) -> f64 {
        self.epochs.iter().map(|record| record.seconds).sum()
    }

    fn early_stopping(&self) -> Option<&EarlyStopping> {
        self.experiment.as_ref()?.training.early_stopping.as_ref()
    }
}
