//! What is known before a run: whether a forecast of time and memory is still about the experiment as it is.

use super::state::AppState;
use crate::{
    engine::{EstimateRequest, Prepare},
    train::estimate::Images,
};

impl AppState {
    /// Whether the newest forecast was asked for with the experiment as it is now.
    pub fn forecast_is_current(&self) -> bool {
        let (asked, now) = (&self.slot::<EstimateRequest>().asked, &self.experiment);
        asked.as_ref().is_some_and(|asked| {
            let of = &asked.experiment;
            self.images() == Some(asked.images)
                && of.training == now.training
                && of.augmentation == now.augmentation
                && of.model == now.model
        })
    }

    /// Whether the program does something that would make what is timed look longer.
    pub fn is_too_busy_to_time(&self) -> bool {
        self.waits_for::<Prepare>() || self.jobs.values().any(|job| job.kind.is_heavy)
    }

    /// What a forecast would be about now; `None` before the dataset is divided.
    pub fn to_forecast(&self) -> Option<EstimateRequest> {
        Some(EstimateRequest {
            images: self.images()?,
            experiment: self.experiment.clone(),
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
