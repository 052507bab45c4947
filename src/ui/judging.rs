//! What evaluations are shown: with which weights they can be made, and from which probability on the second of
//! two classes is taken.

use std::{path::Path, sync::Arc};

use super::state::{AppState, RunState};
use crate::{
    engine::ModelSource,
    model::spec::Head,
    train::{Evaluation, checkpoint::Weights},
};

impl AppState {
    /// The folder of the run that trained the current model and is over: it has its last weights, too.
    pub fn run_of_model(&self) -> Option<&Path> {
        match (&self.model.as_ref()?.source, &self.training.run) {
            (ModelSource::Run(_), RunState::Finished(outcome)) if outcome.model.is_some() => {
                Some(&outcome.run)
            }
            _ => None,
        }
    }

    /// What the weights are called that `which` means now.
    pub fn weights_words(&self, which: Weights) -> &'static str {
        match which {
            _ if self.training.is_running() => "newest",
            Weights::Last if self.run_of_model().is_some() => "last epoch",
            _ => "best epoch",
        }
    }

    /// From which probability on the current model takes the second class; `None` when it takes the most
    /// probable one.
    pub fn model_threshold(&self) -> Option<f64> {
        match self.model.as_ref()?.snapshot.spec.head {
            Head::Sigmoid { threshold } => Some(threshold),
            Head::Softmax => None,
        }
    }

    /// Shows a new evaluation, decided at the threshold that the user has set.
    pub(super) fn show_evaluation(&mut self, evaluation: Arc<Evaluation>) {
        self.evaluation = Some(match self.threshold {
            Some(threshold) if evaluation.threshold().is_some_and(|own| own != threshold) => {
                Arc::new(evaluation.at_threshold(threshold))
            }
            _ => evaluation,
        });
    }

    /// Decides the shown evaluation at another threshold, and later ones too; `None` is the model's own.
    pub fn set_threshold(&mut self, threshold: Option<f64>) {
        self.threshold = threshold;
        let wanted = threshold.or_else(|| self.model_threshold());
        let (Some(evaluation), Some(wanted)) = (&self.evaluation, wanted) else {
            return;
        };
        if evaluation.threshold().is_some_and(|now| now != wanted) {
            self.evaluation = Some(Arc::new(evaluation.at_threshold(wanted)));
        }
    }
}
