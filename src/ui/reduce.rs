//! The reducer: what each event changes. Events of jobs that are no longer current change nothing.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use super::{
    data_tools::DataTools,
    format::{counted, listed, percent},
    rehearsal::Rehearsal,
    state::{
        AppState, DataState, EditHistory, ImageState, MOST_ANSWERS, MapsState, MaximiseState,
        RunState, RunningJob, SaysState, Selection, SimilarState, Trail,
    },
};
use crate::{
    data::{Division, dataset::display_path},
    engine::{Event, JobId, JobKind, Level, LoadedModel, OpenDataset, Prediction, TrainingOutcome},
    train::EpochRecord,
};

impl AppState {
    /// Changes the state as `event` says. Events of jobs that are no longer current change nothing.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::Started { job, kind } => {
                self.jobs.insert(
                    job,
                    RunningJob {
                        kind,
                        progress: None,
                        since: None,
                    },
                );
            }
            Event::Progress { job, progress } => {
                if let Some(running) = self.jobs.get_mut(&job) {
                    running.progress = Some(progress);
                    running.since.get_or_insert((Instant::now(), progress.done));
                }
            }
            Event::Cancelled { job, kind } => self.end(job, kind, None),
            Event::Failed { job, kind, message } => self.end(job, kind, Some(message)),
            Event::Note { level, message } => self.note(level, message),
            Event::DatasetOpened { job, dataset } => self.dataset_opened(job, dataset),
            Event::Divided {
                job,
                dataset,
                division,
            } => self.divided(job, dataset, division),
            Event::ExperimentLoaded { job, experiment } => {
                self.jobs.remove(&job);
                self.replace_experiment(*experiment);
                self.note(
                    Level::Info,
                    format!("Opened the experiment {}", self.experiment.title),
                );
            }
            Event::SpecLoaded { job, spec } => {
                self.jobs.remove(&job);
                self.note(Level::Info, format!("Imported the layers of {}", spec.name));
                self.replace_model(*spec);
            }
            Event::RecipesListed { job, recipes } => {
                self.jobs.remove(&job);
                self.recipes = Some(recipes);
            }
            Event::ImageLoaded {
                job,
                sample,
                picture,
                size,
            } => {
                self.jobs.remove(&job);
                if self.image.job == Some(job) {
                    self.image = ImageState {
                        job: None,
                        image: Some((sample, picture, size)),
                        failed: None,
                    };
                }
            }
            // The texture store takes the pictures themselves.
            Event::Thumbnails { .. }
            | Event::ThumbnailsForgotten { .. }
            | Event::WeightsPublished { .. } => {}
            Event::Prepared { job } => {
                self.jobs.remove(&job);
                self.preparing = self.preparing.filter(|current| *current != job);
            }
            Event::BrokenFound { dataset, broken } => self.broken_found(dataset, &broken),
            Event::DatasetsListed { job, datasets } => {
                self.jobs.remove(&job);
                self.public.arrived(datasets);
            }
            Event::Downloaded { job, name, fetched } => {
                self.jobs.remove(&job);
                let path = display_path(&fetched.path);
                self.note(Level::Info, format!("Downloaded {name} to {path}"));
                self.public.downloaded(name, fetched);
            }
            Event::SimilarFound { job, similar } => {
                self.jobs.remove(&job);
                if self.similar.job == Some(job) {
                    self.similar = SimilarState {
                        found: Some(similar),
                        ..SimilarState::default()
                    };
                }
            }
            Event::RunRead { job, figures, .. } if self.training.reading == Some(job) => {
                self.jobs.remove(&job);
                self.training.reading = None;
                self.training.adopt_steps(&figures.steps);
            }
            Event::RunsListed { job, .. }
            | Event::RunRead { job, .. }
            | Event::RunDescribed { job, .. }
            | Event::RunsDiscarded { job, .. } => {
                self.jobs.remove(&job);
                self.runs.apply(event);
            }
            event => self.apply_run(event),
        }
    }

    /// Events of the trainer.
    fn apply_run(&mut self, event: Event) {
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
                ..
            } if current == Some(job) => {
                self.training.folder = Some(run);
                self.runs.stale = true;
                self.training.epochs = history;
                self.training.experiment = Some(experiment);
                self.training.steps_per_epoch = steps_per_epoch;
                self.training.total_epochs = epochs;
                self.training.train_images = train_images;
            }
            Event::Steps { job, steps } if current == Some(job) => {
                self.training.steps.extend(steps);
            }
            Event::Epoch { job, record } if current == Some(job) => self.epoch_finished(record),
            Event::Evaluated { job, evaluation } if current == Some(job) => {
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
            Event::TrainingFinished { job, outcome } => {
                self.jobs.remove(&job);
                if current == Some(job) {
                    self.run_finished(outcome);
                }
            }
            event => self.apply_inspection(event),
        }
    }

    /// Events of the inspector.
    fn apply_inspection(&mut self, event: Event) {
        match event {
            Event::FeatureMapsReady { job, maps } => {
                self.jobs.remove(&job);
                if self.maps.job == Some(job) {
                    self.maps = MapsState {
                        job: None,
                        maps: Some(maps),
                        failed: None,
                    };
                }
            }
            Event::MaximisePreview { job, preview } if self.maximise.job == Some(job) => {
                self.maximise.preview = Some(Arc::new(preview));
            }
            Event::Maximised { job, preview } => {
                self.jobs.remove(&job);
                if self.maximise.job == Some(job) {
                    self.maximise = MaximiseState {
                        job: None,
                        preview: Some(Arc::new(preview)),
                        failed: None,
                        ..self.maximise
                    };
                }
            }
            Event::Predicted { job, prediction } => self.predicted(job, prediction),
            Event::PredictFinished { job } => self.end(job, JobKind::Predict, None),
            Event::EvaluationReady { job, evaluation } => {
                self.jobs.remove(&job);
                if self.evaluation_job == Some(job) {
                    self.evaluation_job = None;
                    self.evaluation_failed = None;
                    self.show_evaluation(evaluation);
                }
            }
            Event::ModelLoaded { job, model } => {
                self.jobs.remove(&job);
                self.model_loaded(&model);
            }
            Event::ModelSaved { job, path } => {
                self.jobs.remove(&job);
                self.note(
                    Level::Info,
                    format!("Saved the model to {}", display_path(&path)),
                );
            }
            Event::Examined { job, .. }
            | Event::AugmentationReady { job, .. }
            | Event::ChannelsMeasured { job, .. } => {
                self.jobs.remove(&job);
                self.tools.apply(event);
            }
            // What is left belongs to jobs that are no longer current.
            _ => {}
        }
    }

    fn dataset_opened(&mut self, job: JobId, open: Arc<OpenDataset>) {
        self.jobs.remove(&job);
        if !matches!(&self.data, DataState::Opening { job: current, .. } if *current == job) {
            return;
        }
        let dataset = &open.dataset;
        let images = counted(dataset.samples.len(), "image");
        let classes = dataset.classes.len();
        self.note(
            Level::Info,
            format!("Opened {}: {images} of {classes} classes", dataset.name),
        );
        self.experiment.dataset.path = dataset.opened.clone();
        self.data = DataState::Open(open);
        self.forget_division();
        self.edits = EditHistory::default();
        self.evaluation = None;
        self.threshold = None;
        self.image = ImageState::default();
        self.maps = MapsState::default();
        self.tools = DataTools::default();
        self.similar = SimilarState::default();
        self.rehearsal = Rehearsal::default();
        self.browsed = Arc::from([]);
        self.experiment_changed();
        let selection = Selection {
            sample: Some(0),
            layer: self.selection.layer,
            ..Selection::default()
        };
        self.selection = selection;
        self.trail = Trail::default();
    }

    /// Decoding found images that cannot be opened: they leave the split.
    fn broken_found(&mut self, id: JobId, broken: &BTreeMap<usize, String>) {
        let Some(open) = self.open_dataset().filter(|open| open.id == id) else {
            return;
        };
        let words = format!(
            "{} of {} cannot be opened and are left out",
            counted(broken.len(), "image"),
            open.dataset.name
        );
        let known = Arc::new(open.with_broken(broken));
        self.data = DataState::Open(known);
        self.note(Level::Warning, words);
        // What stands in which part is different now; the old division shows until the new one has come.
        self.dividing = None;
    }

    fn forget_division(&mut self) {
        self.division = None;
        self.division_failed = None;
        self.dividing = None;
    }

    fn divided(
        &mut self,
        job: JobId,
        open: Arc<OpenDataset>,
        division: Result<Arc<Division>, String>,
    ) {
        self.jobs.remove(&job);
        let is_same = self.open_dataset().is_some_and(|now| now.id == open.id);
        if self.dividing != Some(job) || !is_same {
            return;
        }
        self.dividing = None;
        if self
            .edits
            .wanted
            .as_ref()
            .is_some_and(|wanted| Arc::ptr_eq(wanted, &open.edits))
        {
            self.edits.wanted = None;
        }
        // What was found broken in the meantime stays known.
        let broken = self
            .dataset()
            .map(|now| now.broken.clone())
            .unwrap_or_default();
        self.data = DataState::Open(if broken == open.dataset.broken {
            open
        } else {
            Arc::new(open.with_broken(&broken))
        });
        (self.division, self.division_failed) = match division {
            Ok(division) => (Some(division), None),
            Err(reason) => (None, Some(reason)),
        };
        self.experiment_changed();
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
        let best = match self
            .training
            .best_epoch()
            .and_then(|best| best.val_accuracy)
        {
            Some(accuracy) => {
                format!(
                    "; best epoch {} with {} validation accuracy",
                    outcome.best_epoch,
                    percent(accuracy)
                )
            }
            None => String::new(),
        };
        self.note(Level::Info, format!("{words} after {epochs} epochs{best}"));
        self.training.run = RunState::Finished(outcome);
        self.runs.stale = true;
    }

    fn model_loaded(&mut self, model: &LoadedModel) {
        self.replace_model((*model.snapshot.spec).clone());
        self.experiment.split = model.split;
        self.evaluation = None;
        self.threshold = None;
        self.maps = MapsState::default();
        let classes = listed(&model.snapshot.classes);
        self.note(Level::Info, format!("Loaded a model of {classes}"));
    }

    fn predicted(&mut self, job: JobId, prediction: Arc<Prediction>) {
        if self.says.job == Some(job) {
            self.says = SaysState {
                job: None,
                answer: Some(prediction),
            };
        } else if self.predict.jobs.contains(&job) {
            let probability = prediction
                .probabilities
                .get(prediction.class)
                .copied()
                .unwrap_or_default();
            let class = prediction
                .classes
                .get(prediction.class)
                .map_or("", String::as_str);
            let words = format!(
                "{}: {class} {}",
                prediction.name,
                percent(f64::from(probability))
            );
            self.note(Level::Info, words);
            self.predict.answers.insert(0, prediction);
            self.predict.answers.truncate(MOST_ANSWERS);
            self.predict.failed = None;
        }
    }

    /// A job ended without a result: cancelled, or failed with a message.
    fn end(&mut self, job: JobId, kind: JobKind, failure: Option<String>) {
        let progress = self.jobs.remove(&job).and_then(|ended| ended.progress);
        let bytes = progress.map(|progress| progress.done as u64);
        let message = failure.map(|reason| format!("Could not {}: {reason}", kind.words()));
        let tool = self.tools.end(job, message.as_ref());
        let tool = tool.or_else(|| self.rehearsal.end(job, message.as_ref()));
        let of_runs = self.runs.ended(job, message.as_ref());
        let is_public = self.public.ended(job, bytes, message.as_ref());
        let job = Some(job);
        let is_current = if let Some(is_told) = tool.or(of_runs) {
            is_told
        } else if job.is_some() && job == self.training.reading {
            // Fewer points are drawn; the run is none the worse.
            self.training.reading = None;
            false
        } else if is_public {
            true
        } else if job == self.training.job() {
            self.training.run = message.clone().map_or(RunState::Idle, RunState::Failed);
            self.runs.stale = true;
            true
        } else if job == self.maps.job {
            self.maps.job = None;
            self.maps.failed.clone_from(&message);
            false
        } else if job == self.image.job {
            self.image.job = None;
            self.image.failed.clone_from(&message);
            false
        } else if job == self.similar.job {
            self.similar.job = None;
            self.similar.failed.clone_from(&message);
            false
        } else if job == self.maximise.job {
            self.maximise.job = None;
            self.maximise.failed.clone_from(&message);
            true
        } else if job.is_some_and(|job| self.predict.jobs.remove(&job)) {
            self.predict.failed.clone_from(&message);
            true
        } else if job == self.evaluation_job {
            self.evaluation_job = None;
            self.evaluation_failed.clone_from(&message);
            true
        } else if job == self.dividing {
            self.dividing = None;
            self.division_failed.clone_from(&message);
            true
        } else if job == self.preparing {
            self.preparing = None;
            true
        } else if job == self.says.job {
            self.says.job = None;
            false
        } else if matches!(&self.data, DataState::Opening { job: current, .. } if Some(*current) == job)
        {
            self.opening_ended(message.clone());
            true
        } else {
            matches!(
                kind,
                JobKind::LoadModel | JobKind::SaveModel | JobKind::LoadExperiment
            )
        };
        if let (true, Some(message)) = (is_current, message) {
            self.note(Level::Error, message);
        }
    }

    fn opening_ended(&mut self, message: Option<String>) {
        let DataState::Opening { path, previous, .. } = std::mem::take(&mut self.data) else {
            return;
        };
        self.data = match (previous, message) {
            (Some(open), _) => DataState::Open(open),
            (None, Some(message)) => DataState::Failed { path, message },
            (None, None) => DataState::Empty,
        };
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        engine::Progress,
        inspect::feature_maps::FeatureMaps,
        model::Shape,
        train::{StepRecord, recipes},
    };

    fn state() -> AppState {
        AppState::new(recipes::find(Path::new("shapes")).unwrap())
    }

    fn maps(epoch: usize) -> Arc<FeatureMaps> {
        Arc::new(FeatureMaps {
            layer: 0,
            name: "conv1".into(),
            shape: Shape::Flat(1),
            epoch,
            values: vec![0.0],
            range: (0.0, 1.0),
        })
    }

    #[test]
    fn results_of_jobs_that_are_not_current_change_nothing() {
        let (old, current) = (JobId(1), JobId(2));
        let mut state = state();
        state.maps.job = Some(current);
        state.training.run = RunState::Running {
            job: current,
            paused: false,
            stopping: false,
        };
        let step = StepRecord {
            step: 1,
            epoch: 1,
            loss: 1.0,
            accuracy: 0.5,
        };
        let steps = |job| Event::Steps {
            job,
            steps: vec![step],
        };
        let failed = |job| Event::Failed {
            job,
            kind: JobKind::Train,
            message: "no".into(),
        };
        for event in [
            Event::FeatureMapsReady {
                job: old,
                maps: maps(1),
            },
            steps(old),
            failed(old),
            Event::Paused {
                job: old,
                paused: true,
            },
        ] {
            state.apply(event);
        }
        assert!(state.maps.maps.is_none() && state.training.steps.is_empty());
        assert!(state.training.is_running() && !state.training.is_paused());
        assert!(
            state.notices.is_empty(),
            "nobody waits for what the old job says"
        );

        state.apply(Event::FeatureMapsReady {
            job: current,
            maps: maps(2),
        });
        state.apply(steps(current));
        assert_eq!(state.maps.maps.as_ref().map(|maps| maps.epoch), Some(2));
        assert_eq!(state.training.steps.len(), 1);
        state.apply(failed(current));
        assert!(matches!(&state.training.run, RunState::Failed(message) if message.contains("no")));
        assert!(state.notices[0].shown);
    }

    #[test]
    fn jobs_come_and_go() {
        let mut state = state();
        let job = JobId(7);
        let progress = Progress { done: 1, total: 2 };
        state.apply(Event::Started {
            job,
            kind: JobKind::SaveModel,
        });
        state.apply(Event::Progress { job, progress });
        assert_eq!(state.jobs[&job].progress, Some(progress));
        state.apply(Event::ModelSaved {
            job,
            path: "/m".into(),
        });
        assert!(state.jobs.is_empty());
    }

    #[test]
    fn a_folder_that_does_not_open_says_so() {
        let mut state = state();
        let job = JobId(3);
        state.data = DataState::Opening {
            job,
            path: "/notes.txt".into(),
            previous: None,
        };
        state.apply(Event::Failed {
            job,
            kind: JobKind::OpenDataset,
            message: "no folder".into(),
        });
        assert!(matches!(state.data, DataState::Failed { .. }));
    }
}
