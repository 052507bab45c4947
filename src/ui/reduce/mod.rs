//! The reducer: what each event changes. Events of jobs that are no longer current change nothing.

mod data;
mod inspection;
mod run;

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use super::{
    format::{counted, listed, percent},
    history::{EditHistory, Trail},
    slots::{Asked, could_not},
    state::{
        AppState, DataState, MOST_ANSWERS, MOST_SAID, MOST_TOLD, RunState, RunningJob, Said,
        Selection, Subject,
    },
};
use crate::{
    data::{LeftOut, dataset::display_path},
    engine::{
        DataEvent, Divide, Divided, EstimateRequest, Event, ExamineRequest, FindRateRequest,
        FindSimilar, Inspect, JobId, KeptRun, Kind, Level, LoadImage, LoadedModel, MeasureChannels,
        ModelSource, OpenDataset, Prediction, Progress, TrainingOutcome,
    },
    inspect::{augmented::Augment, feature_maps::MapsOfLayer, predict::Says},
    train::EpochRecord,
};

impl AppState {
    /// Changes the state as `event` says. Events of jobs that are no longer current change nothing.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::Job(job, event) => self.take_in(job, event),
            Event::Run(job, event) => {
                if self.training.job() == Some(job) {
                    self.apply_run(job, event);
                }
            }
            Event::Data(dataset, DataEvent::Broken(broken)) => self.broken_found(dataset, &broken),
            // The texture store takes the pictures themselves.
            Event::Data(_, DataEvent::Thumbnails(_) | DataEvent::ThumbnailsForgotten(_)) => {}
            Event::Note { level, message } => self.note(level, message),
        }
    }

    pub(super) fn job_started(&mut self, job: JobId, kind: Kind) {
        let running = RunningJob {
            kind,
            progress: None,
            since: None,
        };
        self.jobs.insert(job, running);
    }

    pub(super) fn job_progressed(&mut self, job: JobId, progress: Progress) {
        if let Some(running) = self.jobs.get_mut(&job) {
            running.progress = Some(progress);
            running.since.get_or_insert((Instant::now(), progress.done));
        }
    }

    fn dataset_opened(&mut self, job: JobId, open: Arc<OpenDataset>) {
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
        self.forget_images();
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

    /// What was found out about images was of another dataset's.
    fn forget_images(&mut self) {
        self.forget::<LoadImage>();
        self.forget::<Inspect<MapsOfLayer>>();
        self.forget::<Inspect<Says>>();
        self.forget::<Inspect<Augment>>();
        self.forget::<ExamineRequest>();
        self.forget::<MeasureChannels>();
        self.forget::<FindSimilar>();
        self.forget::<FindRateRequest>();
        self.forget::<EstimateRequest>();
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
        self.forget::<Divide>();
    }

    fn forget_division(&mut self) {
        self.division = None;
        self.division_failed = None;
        self.forget::<Divide>();
    }

    fn divided(&mut self, divided: &Divided) {
        let open = Arc::clone(&divided.dataset);
        if self.open_dataset().is_none_or(|now| now.id != open.id) {
            return;
        }
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
        (self.division, self.division_failed) = match &divided.division {
            Ok(division) => (Some(Arc::clone(division)), None),
            Err(reason) => (None, Some(reason.clone())),
        };
        self.experiment_changed();
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
