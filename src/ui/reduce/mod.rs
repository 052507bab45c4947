//! The reducer: what each event changes. Events of jobs that are no longer current change nothing.

mod inspection;
mod run;

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use super::{
    data_tools::DataTools,
    format::{counted, listed, percent},
    history::{EditHistory, Trail},
    rehearsal::Rehearsal,
    state::{
        AppState, DataState, ImageState, MOST_ANSWERS, MOST_SAID, MOST_TOLD, MapsState,
        MaximiseState, RunState, RunningJob, Said, SaysState, Selection, SimilarState, Subject,
    },
};
use crate::{
    data::{Division, LeftOut, dataset::display_path},
    engine::{
        Event, JobId, JobKind, KeptRun, Level, LoadedModel, ModelSource, OpenDataset, Prediction,
        TrainingOutcome,
    },
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
            Event::WeightsExamined { job, examined } => {
                self.jobs.remove(&job);
                self.weights.arrived(job, Some(Ok(examined)));
            }
            Event::LookedAt { job, found } => {
                self.jobs.remove(&job);
                self.arrivals.looking.remove(&job);
                self.hovered(job, found);
            }
            Event::RecipesListed { job, recipes } => {
                self.jobs.remove(&job);
                self.recipes = Some(recipes);
            }
            Event::ImageLoaded { job, picture, size } => {
                self.jobs.remove(&job);
                if self.image.job == Some(job) {
                    let of = self.image.asked.take();
                    self.image = ImageState {
                        image: of.map(|of| (of, picture, size)),
                        ..ImageState::default()
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

    fn dataset_opened(&mut self, job: JobId, open: Arc<OpenDataset>) {
        self.jobs.remove(&job);
        let DataState::Opening {
            job: current,
            path,
            previous,
        } = &self.data
        else {
            return;
        };
        if *current != job {
            return;
        }
        let dataset = &open.dataset;
        let own = &self.experiment.dataset.path;
        let is_own = own == path || *own == dataset.opened;
        let earlier = previous.as_ref().map(|earlier| &earlier.dataset);
        let earlier = earlier.filter(|earlier| !is_own && earlier.opened != dataset.opened);
        let earlier = earlier.map(|earlier| earlier.name.clone());
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
        self.forget_evaluation();
        self.image = ImageState::default();
        self.maps = MapsState::default();
        self.says = SaysState::default();
        self.tools = DataTools::default();
        self.similar = SimilarState::default();
        self.rehearsal = Rehearsal::default();
        self.browsed = Arc::from([]);
        self.showing = None;
        self.experiment_changed();
        if let Some(earlier) = earlier {
            self.settle_on_other_data(&earlier);
        }
        let selection = Selection {
            subject: Some(Subject::Sample(0)),
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
        let known = Arc::new(open.with_broken(broken));
        let words = LeftOut::of(&known.dataset).words();
        self.data = DataState::Open(known);
        if let Some(words) = words {
            self.note(Level::Warning, words);
        }
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

    /// A job ended without a result: cancelled, or failed with a message.
    fn end(&mut self, job: JobId, kind: JobKind, failure: Option<String>) {
        let progress = self.jobs.remove(&job).and_then(|ended| ended.progress);
        let bytes = progress.map(|progress| progress.done as u64);
        let message = failure
            .as_ref()
            .map(|reason| format!("Could not {}: {reason}", kind.words()));
        let tool = self.tools.end(job, message.as_ref());
        let tool = tool.or_else(|| self.rehearsal.end(job, message.as_ref()));
        let of_runs = self.runs.ended(job, message.as_ref());
        let is_public = self.public.ended(job, bytes, message.as_ref());
        let was_handed_over = self.arrivals.looking.remove(&job);
        let is_weights = self.weights.arrived(job, failure.map(Err));
        let job = Some(job);
        let is_current = if let Some(is_told) = tool.or(of_runs) {
            is_told
        } else if job.is_some() && job == self.training.reading {
            // Fewer points are drawn; the run is none the worse.
            self.training.reading = None;
            false
        } else if is_public || was_handed_over {
            true
        } else if is_weights {
            // It is said where Train is.
            false
        } else if job == self.training.job() {
            self.asked_run = None;
            self.training.end_with(message.clone());
            self.runs.stale = true;
            if let Some(folder) = self.training.folder.clone() {
                self.runs.trained(folder);
            }
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
        } else if job.is_some_and(|job| self.predict.jobs.remove(&job).is_some()) {
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
                JobKind::LoadModel
                    | JobKind::SaveModel
                    | JobKind::LoadExperiment
                    | JobKind::LoadSpec
                    | JobKind::ListRecipes
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
mod tests;
