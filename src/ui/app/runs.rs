//! Carrying out what is wished for about runs: list, read, continue, train again, write about, throw away.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::App;
use crate::{
    engine::{
        DescribeRun, DiscardRuns, JobId, Level, ListRuns, OpenRequest, ReadRun, Slot, TrainRequest,
    },
    train::{
        Experiment,
        runs::{RunNotes, RunRecord},
    },
    ui::{action::RunsAction, run_book::Continuing, state::DataState, workspace::Step},
};

impl App {
    pub(super) fn act_on_runs(&mut self, action: RunsAction) {
        match action {
            RunsAction::List => self.state.runs.stale = true,
            RunsAction::Choose(folders) => self.state.runs.choose(folders),
            RunsAction::Continue { folder, more } => self.continue_run(&folder, more),
            RunsAction::Leave(folder) => self.leave_run(&folder, true),
            RunsAction::TrainAgain(folder) => self.train_again(&folder),
            RunsAction::Discard(folders) => {
                self.state.ask(&self.engine, DiscardRuns(folders));
            }
        }
    }

    /// Asks for what the notebook and the curves need and was not asked for yet.
    pub(super) fn follow_runs(&mut self) {
        let book = &self.state.runs;
        let is_wanted = match (&book.listing, self.settings.step) {
            (None, _) => book.failed.is_none() || book.stale,
            (Some(_), Step::Runs) => book.stale,
            (Some(_), _) => false,
        };
        if is_wanted && !self.state.waits_for::<ListRuns>() {
            self.state.runs.stale = false;
            let folder = self.places.runs.clone();
            self.state.ask(&self.engine, ListRuns(folder));
        }
        let chosen = self.state.runs.chosen.clone();
        let keeps = |asked: &Arc<ReadRun>| asked.with_steps || chosen.contains(&asked.folder);
        self.state
            .forget_unless(|slot: &Slot<ReadRun>| slot.asked.as_ref().is_some_and(keeps));
        for folder in &chosen {
            let slot = self.state.slot_of::<ReadRun>(folder);
            if slot.asked.is_none() {
                self.read_run(folder, false);
            }
        }
        let training = &self.state.training;
        let Some(folder) = training.folder.clone().filter(|_| training.lacks_steps()) else {
            return;
        };
        let wanted = (folder, training.is_running());
        if self.steps_asked.as_ref() != Some(&wanted) {
            self.read_run(&wanted.0, true);
            self.steps_asked = Some(wanted);
        }
    }

    fn read_run(&mut self, folder: &Path, with_steps: bool) {
        let folder = folder.to_path_buf();
        self.state.ask(&self.engine, ReadRun { folder, with_steps });
    }

    /// The run in `folder`; says so when there is none, or when another run goes on.
    fn free_for(&mut self, folder: &Path) -> Option<Arc<RunRecord>> {
        if self.state.training.is_running() {
            let words = "Stop the training before you go on with another run";
            self.state.note(Level::Warning, words);
            return None;
        }
        self.state.runs.find(folder).cloned()
    }

    fn continue_run(&mut self, folder: &Path, more: usize) {
        let Some(run) = self.free_for(folder) else {
            return;
        };
        let experiment = match more {
            0 if run.can_continue() => Experiment::clone(&run.experiment),
            0 => return,
            more => match run.with_more_epochs(more) {
                Some(experiment) => experiment,
                None => return,
            },
        };
        if run.notes.left {
            // Killed again, it is offered again.
            self.leave_run(folder, false);
        }
        self.state.runs.offered = None;
        self.settings.step = Step::Train;
        if let Some(job) = self.open_experiment(experiment.clone()) {
            self.state.runs.continuing = Some(Continuing {
                job,
                folder: folder.to_path_buf(),
                experiment,
            });
        }
    }

    /// Makes `experiment` the one that is edited and opens its dataset as it says; returns the job.
    fn open_experiment(&mut self, experiment: Experiment) -> Option<JobId> {
        let request = OpenRequest {
            path: experiment.dataset.path.clone(),
            kind: experiment.dataset.kind,
            edits: Some(experiment.edits.clone()),
        };
        self.forget_rates();
        self.state.replace_experiment(experiment);
        self.open_dataset(request);
        match &self.state.data {
            DataState::Opening { job, .. } => Some(*job),
            _ => None,
        }
    }

    /// Goes on with the run that waited for the dataset that `job` opened.
    pub(super) fn go_on_with(&mut self, job: JobId) {
        let waits = |run: &mut Continuing| run.job == job;
        let Some(run) = self.state.runs.continuing.take_if(waits) else {
            return;
        };
        let Some(dataset) = self.state.open_dataset().cloned() else {
            return;
        };
        self.begin_run(TrainRequest {
            experiment: run.experiment,
            dataset,
            run: run.folder,
            resume: true,
            accept_losses: false,
        });
    }

    fn train_again(&mut self, folder: &Path) {
        if let Some(run) = self.free_for(folder) {
            self.open_experiment(Experiment::clone(&run.experiment));
            self.settings.step = Step::Train;
            let words = format!(
                "Took over the settings of {}: change them, then train",
                run.name()
            );
            self.state.note(Level::Info, words);
        }
    }

    fn leave_run(&mut self, folder: &Path, left: bool) {
        self.state.runs.offered = None;
        if let Some(run) = self.state.runs.find(folder) {
            let notes = run.notes.clone();
            self.describe_run(folder.to_path_buf(), RunNotes { left, ..notes });
        }
    }

    pub(super) fn describe_run(&mut self, folder: PathBuf, notes: RunNotes) {
        self.state.ask(&self.engine, DescribeRun { folder, notes });
    }
}
