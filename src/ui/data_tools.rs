//! State of the Data step's tools: examination, channel statistics, augmented versions; and what events do
//! to it.

use std::sync::Arc;

use super::state::AppState;
use crate::{
    data::{
        Edits, SplitConfig, SplitName,
        augment::AugmentationConfig,
        doctor::{Examination, Readings},
    },
    engine::{Event, ExamineSplit, JobId},
    inspect::augmented::Augmented,
    model::spec::InputSpec,
};

/// Everything that the tools of the Data step know.
#[derive(Debug, Clone, Default)]
pub struct DataTools {
    /// What is wrong with the dataset.
    pub doctor: DoctorState,
    /// Augmented versions of the selected image.
    pub augmented: AugmentedState,
}

/// What is wrong with the dataset.
#[derive(Debug, Clone, Default)]
pub struct DoctorState {
    /// The examination that runs, and what it is about.
    pub job: Option<(JobId, ExaminedOf)>,
    /// The newest one.
    pub examined: Option<Examined>,
    /// Why the newest one failed.
    pub failed: Option<String>,
}

/// A finished examination.
#[derive(Debug, Clone)]
pub struct Examined {
    /// What it is about.
    pub of: ExaminedOf,
    /// What was found.
    pub examination: Arc<Examination>,
    /// What was read, to judge again after an edit without reading again.
    pub readings: Arc<Readings>,
}

/// What an examination is about; another one is out of date.
#[derive(Debug, Clone, PartialEq)]
pub struct ExaminedOf {
    dataset: JobId,
    edits: Arc<Edits>,
    /// `None` when the parts that the dataset gives were looked at.
    split: Option<SplitConfig>,
}

/// Augmented versions of an image, and what they were asked for.
#[derive(Debug, Clone, Default)]
pub struct AugmentedState {
    /// The newest request.
    pub asked: Option<AugmentedOf>,
    /// Its job.
    pub job: Option<JobId>,
    /// The newest answer; stays while the next is drawn.
    pub augmented: Option<Arc<Augmented>>,
    /// Why the newest request failed.
    pub failed: Option<String>,
}

/// What augmented versions are drawn from.
#[derive(Debug, Clone, PartialEq)]
pub struct AugmentedOf {
    /// The dataset.
    pub dataset: JobId,
    /// Index of the sample.
    pub sample: usize,
    /// What the network gets.
    pub input: InputSpec,
    /// How it varies.
    pub config: AugmentationConfig,
    /// Decides what is drawn.
    pub seed: u64,
}

impl DataTools {
    /// Takes results in. Those of jobs that are not current change nothing.
    pub(super) fn apply(&mut self, event: Event) {
        match event {
            Event::Examined {
                job,
                examination,
                readings,
            } => {
                let Some((_, of)) = self.doctor.job.take_if(|(current, _)| *current == job) else {
                    return;
                };
                self.doctor.failed = None;
                self.doctor.examined = Some(Examined {
                    of,
                    examination,
                    readings,
                });
            }
            Event::AugmentationReady { job, augmented } => {
                if self
                    .augmented
                    .job
                    .take_if(|current| *current == job)
                    .is_some()
                {
                    self.augmented.augmented = Some(augmented);
                    self.augmented.failed = None;
                }
            }
            _ => {}
        }
    }

    /// A job ended without a result. `None` when it was none of these; else whether the user is told.
    pub(super) fn end(&mut self, job: JobId, failure: Option<&String>) -> Option<bool> {
        if self
            .doctor
            .job
            .take_if(|(current, _)| *current == job)
            .is_some()
        {
            self.doctor.failed = failure.cloned();
            return Some(true);
        }
        if self
            .augmented
            .job
            .take_if(|current| *current == job)
            .is_some()
        {
            self.augmented.failed = failure.cloned();
            return Some(false);
        }
        None
    }
}

impl AppState {
    /// What an examination would be about now, and the parts it would look at: those that the dataset
    /// gives, or else the present division's. `None` while there is nothing to examine.
    pub fn to_examine(&self) -> Option<(ExaminedOf, ExamineSplit)> {
        let open = self.open_dataset()?;
        let (split, parts) = if open.dataset.has_given_parts() {
            (None, ExamineSplit::Given)
        } else {
            let division = self.division.as_ref()?;
            let parts = ExamineSplit::Drawn(Arc::clone(&division.split));
            (Some(division.config), parts)
        };
        let of = ExaminedOf {
            dataset: open.id,
            edits: Arc::clone(&open.edits),
            split,
        };
        Some((of, parts))
    }

    /// Whether the newest examination is about the dataset as it was before an edit or another split.
    pub fn examination_is_stale(&self) -> bool {
        let examined = self.tools.doctor.examined.as_ref();
        let now = self.to_examine();
        examined.is_some_and(|examined| now.is_none_or(|(now, _)| now != examined.of))
    }

    /// The part in which the examination saw sample `index`.
    pub fn examined_part_of(&self, index: usize) -> Option<SplitName> {
        let open = self.open_dataset()?;
        if open.dataset.has_given_parts() {
            let sample = open.dataset.samples.get(index)?;
            return sample.moved.or(sample.part);
        }
        self.part_of(index)
    }
}
