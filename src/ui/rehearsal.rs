//! State of what happens before a run: the learning-rate finder and the forecast of time and memory; and what
//! events do to it.

use std::sync::Arc;

use super::state::AppState;
use crate::{
    data::augment::AugmentationConfig,
    engine::{Event, Forecast, JobId},
    model::ModelSpec,
    train::{TrainingConfig, estimate::Images, lr_finder::RateCurve},
};

/// What is known before a run.
#[derive(Debug, Clone, Default)]
pub struct Rehearsal {
    /// The learning-rate finder.
    pub finder: FinderState,
    /// What a run would take.
    pub forecast: ForecastState,
}

/// The learning-rate finder.
#[derive(Debug, Clone, Default)]
pub struct FinderState {
    /// Position of the phase, from 0, that the rest is about.
    pub phase: usize,
    /// The job that runs.
    pub job: Option<JobId>,
    /// What the job has found so far.
    pub partial: Option<Arc<RateCurve>>,
    /// The newest answer; stays until the next is there.
    pub curve: Option<Arc<RateCurve>>,
    /// Why the newest one failed.
    pub failed: Option<String>,
}

/// What a run would take.
#[derive(Debug, Clone, Default)]
pub struct ForecastState {
    /// What was asked about last.
    pub asked: Option<ForecastOf>,
    /// The job that runs.
    pub job: Option<JobId>,
    /// The newest answer; stays while the next is computed.
    pub forecast: Option<Forecast>,
}

/// What a forecast is about; another one is out of date.
#[derive(Debug, Clone, PartialEq)]
pub struct ForecastOf {
    model: ModelSpec,
    training: TrainingConfig,
    augmentation: AugmentationConfig,
    /// Images of the parts.
    pub images: Images,
}

impl Rehearsal {
    /// Takes results in. Those of jobs that are not current change nothing.
    pub(super) fn apply(&mut self, event: Event) {
        match event {
            Event::RatesSoFar { job, curve } if self.finder.job == Some(job) => {
                self.finder.partial = Some(curve);
            }
            Event::RateFound { job, curve } if self.finder.job == Some(job) => {
                self.finder = FinderState {
                    phase: self.finder.phase,
                    curve: Some(curve),
                    ..FinderState::default()
                };
            }
            Event::Forecast { job, forecast } if self.forecast.job == Some(job) => {
                self.forecast.job = None;
                self.forecast.forecast = Some(forecast);
            }
            _ => {}
        }
    }

    /// A job ended without a result. `None` when it was none of these; else whether the user is told.
    pub(super) fn end(&mut self, job: JobId, failure: Option<&String>) -> Option<bool> {
        let finder = &mut self.finder;
        if finder.job.take_if(|current| *current == job).is_some() {
            finder.failed = failure.cloned();
            finder.partial = None;
            return Some(true);
        }
        let forecast = &mut self.forecast;
        if forecast.job.take_if(|current| *current == job).is_some() {
            // What is wrong is said when Train is pressed.
            forecast.forecast = None;
            return Some(false);
        }
        None
    }
}

impl AppState {
    /// Whether the newest forecast was asked for with the experiment as it is now.
    pub fn forecast_is_current(&self) -> bool {
        let (asked, now) = (&self.rehearsal.forecast.asked, &self.experiment);
        asked.as_ref().is_some_and(|asked| {
            self.images() == Some(asked.images)
                && asked.training == now.training
                && asked.augmentation == now.augmentation
                && asked.model == now.model
        })
    }

    /// Whether the program does something that would make what is timed look longer.
    pub fn is_too_busy_to_time(&self) -> bool {
        self.preparing.is_some() || self.jobs.values().any(|job| job.kind.is_heavy())
    }

    /// What a forecast would be about now; `None` before the dataset is divided.
    pub fn to_forecast(&self) -> Option<ForecastOf> {
        let (images, experiment) = (self.images()?, &self.experiment);
        Some(ForecastOf {
            model: experiment.model.clone(),
            training: experiment.training.clone(),
            augmentation: experiment.augmentation.clone(),
            images,
        })
    }

    fn images(&self) -> Option<Images> {
        let split = &self.division.as_ref()?.split;
        Some(Images {
            train: split.train.len(),
            validation: split.validation.len(),
        })
    }
}
