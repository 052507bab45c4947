//! What events of the trainer change.

use super::{super::ownership::Judged, *};
use crate::train::run_folder::lacking;

impl AppState {
    /// Events of the trainer.
    pub(super) fn apply_run(&mut self, event: Event) {
        let current = self.training.job();
        match event {
            Event::TrainingStarted {
                job,
                steps_per_epoch,
                epochs,
                train_images,
                experiment,
                history,
                run,
                data,
                ..
            } if current == Some(job) => {
                self.asked_run = None;
                self.training.before = None;
                for words in data.words() {
                    self.note(Level::Info, words);
                }
                self.training.data = Some(data);
                self.training.folder = Some(run);
                self.runs.stale = true;
                self.training.epochs = history;
                self.training.experiment = Some(experiment);
                self.training.steps_per_epoch = steps_per_epoch;
                self.training.total_epochs = epochs;
                self.training.train_images = train_images;
            }
            Event::DataLost { job, report } => {
                self.jobs.remove(&job);
                if let (true, Some(asked)) = (current == Some(job), &mut self.asked_run) {
                    self.training.end_with(None);
                    asked.lost = Some(report);
                }
            }
            Event::Steps { job, steps } if current == Some(job) => {
                self.training.steps.extend(steps);
            }
            Event::RateNow { job, rate } if current == Some(job) => self.training.rate = Some(rate),
            Event::Epoch { job, record } if current == Some(job) => self.epoch_finished(record),
            Event::Evaluated { job, evaluation } if current == Some(job) => {
                self.judged = self.judged_by_run();
                self.show_evaluation(evaluation);
            }
            Event::Advice { job, advice } if current == Some(job) => {
                self.note(Level::Info, advice.words.clone());
                self.training.advice.push(advice);
            }
            Event::RatesSoFar { .. } => self.rehearsal.apply(event),
            Event::RateFound { job, .. } | Event::Forecast { job, .. } => {
                self.jobs.remove(&job);
                self.rehearsal.apply(event);
            }
            Event::Paused { job, paused } if current == Some(job) => {
                self.training.run = RunState::Running {
                    job,
                    paused,
                    stopping: false,
                };
            }
            Event::Stopping { job } if current == Some(job) => {
                self.training.run = RunState::Running {
                    job,
                    paused: false,
                    stopping: true,
                };
            }
            Event::Ending { job, stage } if current == Some(job) => {
                self.training.ending = Some(stage);
                if let Some(running) = self.jobs.get_mut(&job) {
                    // What was counted until now was steps.
                    (running.progress, running.since) = (None, None);
                }
            }
            Event::TrainingFinished { job, outcome } => {
                self.jobs.remove(&job);
                if current == Some(job) {
                    self.run_finished(outcome);
                }
            }
            event => self.apply_inspection(event),
        }
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

    fn run_finished(&mut self, outcome: TrainingOutcome) {
        let epochs = self.training.epochs.len();
        let words = if outcome.completed {
            "Training finished"
        } else {
            "Training stopped"
        };
        let best = self.training.best_words();
        let best = best.map_or_else(String::new, |words| format!("; best: {words}"));
        let lacks = lacking(&outcome.left_out).map_or_else(String::new, |lacking| {
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
