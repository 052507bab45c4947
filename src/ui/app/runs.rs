//! Carrying out what is wished for about runs: list, read, continue, train again, write about, throw away.

use std::{path::PathBuf, sync::Arc};

use eframe::egui::{Context, OpenUrl};

use super::App;
use crate::{
    engine::{
        DescribeRun, DiscardRuns, JobId, Level, ListRuns, OpenRequest, ReadRun, TrainRequest,
    },
    train::{
        EpochRecord, Experiment,
        runs::{RunNotes, RunRecord, several::NamedHistory},
    },
    ui::{
        action::Action,
        dialogs::Purpose,
        files::FileTask,
        run_book::{Continuing, Recorded},
        state::DataState,
        workspace::Step,
    },
};

/// Epochs that wait for the user to say where they are written to.
pub(super) enum ToSave {
    /// Those of one run.
    One(Arc<[EpochRecord]>),
    /// Those of several.
    Several(Arc<[NamedHistory]>),
}

impl App {
    /// Actions about runs.
    pub(super) fn act_on_runs(&mut self, context: &Context, action: Action) {
        match action {
            Action::ListRuns => self.state.runs.stale = true,
            Action::ChooseRuns(folders) => self.state.runs.choose(folders),
            Action::ContinueRun { folder, more } => self.continue_run(&folder, more),
            Action::LeaveRun(folder) => self.leave_run(&folder),
            Action::TrainAgain(folder) => self.train_again(&folder),
            Action::DescribeRun { folder, notes } => self.describe_run(folder, notes),
            Action::DiscardRuns(folders) => {
                self.state.ask(&self.engine, DiscardRuns(folders));
            }
            Action::ShowFile(path) => {
                // The address is copied too, for computers on which nothing opens.
                let url = crate::file_address::of(&path);
                let shown = crate::data::dataset::display_path(&path);
                self.state
                    .tell(format!("{shown} is opened; its path is copied too"), None);
                context.copy_text(shown);
                context.open_url(OpenUrl::new_tab(url));
            }
            Action::SaveHistory { history, picture } => {
                self.ask_where_to_save(ToSave::One(history), picture);
            }
            Action::SaveHistories { runs, picture } => {
                self.ask_where_to_save(ToSave::Several(runs), picture);
            }
            action => self.act_on_data(action),
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
        for folder in self.state.runs.chosen.clone() {
            if !self.state.runs.recorded.contains_key(&folder) {
                let request = ReadRun {
                    folder: folder.clone(),
                    with_steps: false,
                };
                let reading = Recorded::Reading(self.state.ask(&self.engine, request));
                self.state.runs.recorded.insert(folder, reading);
            }
        }
        let training = &self.state.training;
        let Some(folder) = training.folder.clone().filter(|_| training.lacks_steps()) else {
            return;
        };
        let wanted = (folder, training.is_running());
        if self.steps_asked.as_ref() != Some(&wanted) {
            let request = ReadRun {
                folder: wanted.0.clone(),
                with_steps: true,
            };
            self.state.training.reading = Some(self.state.ask(&self.engine, request));
            self.steps_asked = Some(wanted);
        }
    }

    /// The run in `folder`; says so when there is none, or when another run goes on.
    fn free_for(&mut self, folder: &std::path::Path) -> Option<Arc<RunRecord>> {
        if self.state.training.is_running() {
            let words = "Stop the training before you go on with another run";
            self.state.note(Level::Warning, words);
            return None;
        }
        self.state.runs.find(folder).cloned()
    }

    fn continue_run(&mut self, folder: &std::path::Path, more: usize) {
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
            let notes = RunNotes {
                left: false,
                ..run.notes.clone()
            };
            self.describe_run(folder.to_path_buf(), notes);
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

    fn train_again(&mut self, folder: &std::path::Path) {
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

    fn leave_run(&mut self, folder: &std::path::Path) {
        self.state.runs.offered = None;
        if let Some(run) = self.state.runs.find(folder) {
            let notes = RunNotes {
                left: true,
                ..run.notes.clone()
            };
            self.describe_run(folder.to_path_buf(), notes);
        }
    }

    fn describe_run(&mut self, folder: PathBuf, notes: RunNotes) {
        self.state.ask(&self.engine, DescribeRun { folder, notes });
    }

    fn ask_where_to_save(&mut self, what: ToSave, picture: bool) {
        self.history_to_save = Some(what);
        self.ask(if picture {
            Purpose::SaveCurves
        } else {
            Purpose::SaveHistory
        });
    }

    /// What was chosen to write the history or its curves to.
    pub(super) fn save_history(&mut self, path: PathBuf, picture: bool) {
        if let Some(what) = self.history_to_save.take() {
            self.files.send(match (what, picture) {
                (ToSave::One(history), true) => FileTask::Curves(history, path),
                (ToSave::One(history), false) => FileTask::History(history, path),
                (ToSave::Several(runs), true) => FileTask::CurvesOfRuns(runs, path),
                (ToSave::Several(runs), false) => FileTask::Histories(runs, path),
            });
        }
    }
}
