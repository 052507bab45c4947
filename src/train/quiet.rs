//! An observer for work beside a run, such as estimates: it can be cancelled and says nothing.

use std::{ops::ControlFlow, sync::Arc};

use super::{
    fit::{EpochEnd, FitError, Observer},
    history::StepRecord,
};
use crate::{cancel::CancelToken, model::WeightSnapshot};

/// Goes on until its token is cancelled.
pub struct Quiet<'a>(pub &'a CancelToken);

impl Observer for Quiet<'_> {
    fn pulse(&mut self) -> ControlFlow<()> {
        if self.0.is_cancelled() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn step(&mut self, _record: &StepRecord) -> Result<(), FitError> {
        Ok(())
    }

    fn weights(&mut self, _snapshot: &Arc<WeightSnapshot>) {}

    fn epoch(&mut self, _end: &EpochEnd<'_>) -> Result<(), FitError> {
        Ok(())
    }
}
