//! What the Data step's tools are asked about now, and whether what they know is still about that.

use std::sync::Arc;

use super::state::AppState;
use crate::{
    data::SplitName,
    engine::{ExamineRequest, MeasureChannels},
};

/// Whether both examinations look at the same.
fn is_same(a: &ExamineRequest, b: &ExamineRequest) -> bool {
    let config = |request: &ExamineRequest| request.drawn.as_ref().map(|drawn| drawn.config);
    a.open.id == b.open.id && a.open.edits == b.open.edits && config(a) == config(b)
}

impl AppState {
    /// What an examination would be about now, and the parts it would look at: those that the dataset
    /// gives, or else the present division's. `None` while there is nothing to examine.
    pub fn to_examine(&self) -> Option<ExamineRequest> {
        let open = self.open_dataset()?;
        let drawn = match open.dataset.has_given_parts() {
            true => None,
            false => Some(Arc::clone(self.division.as_ref()?)),
        };
        let examined = self.slot::<ExamineRequest>().answer();
        Some(ExamineRequest {
            open: Arc::clone(open),
            drawn,
            readings: examined.map(|examined| Arc::clone(&examined.readings)),
        })
    }

    /// What a measurement of channels would be about now; `None` while there is nothing to measure.
    pub fn to_measure(&self) -> Option<MeasureChannels> {
        Some(MeasureChannels {
            open: Arc::clone(self.open_dataset()?),
            division: Arc::clone(self.division.as_ref()?),
            format: self.experiment.model.input.format(),
        })
    }

    /// Whether `measured` is about the images as they are now.
    pub fn is_measured_now(&self, measured: &MeasureChannels) -> bool {
        self.to_measure().is_some_and(|now| {
            now.open.id == measured.open.id
                && now.division.hash == measured.division.hash
                && now.format == measured.format
        })
    }

    /// Whether the newest examination is about the dataset as it was before an edit or another split.
    pub fn examination_is_stale(&self) -> bool {
        let examined = self.slot::<ExamineRequest>().answered_request();
        let now = self.to_examine();
        examined.is_some_and(|examined| now.is_none_or(|now| !is_same(&now, examined)))
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
