//! What evaluations are shown: with which weights they can be made, and from which probability on the second of
//! two classes is taken.

use std::{path::Path, sync::Arc};

use super::state::{AppState, RunState};
use crate::{
    data::SplitName,
    engine::ModelSource,
    model::spec::Head,
    train::{Evaluation, checkpoint::Weights},
};

/// What a part is called; `None` is every image.
pub fn part_word(part: Option<SplitName>) -> &'static str {
    part.map_or("all images", SplitName::word)
}

impl AppState {
    /// The folder of the run that trained the current model and is over: it has its last weights, too.
    pub fn run_of_model(&self) -> Option<&Path> {
        match (&self.model.as_ref()?.source, &self.training.run) {
            (ModelSource::Run(folder), RunState::Finished(outcome))
                if outcome.model.is_some() && *folder == outcome.run =>
            {
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

    /// The epoch of the weights that `which` means; `None` while a run goes on, when the shown figures follow its
    /// newest, and without a model.
    fn epoch_of(&self, which: Weights) -> Option<usize> {
        if self.training.is_running() {
            return None;
        }
        match which {
            Weights::Last if self.run_of_model().is_some() => {
                self.training.epochs.last().map(|record| record.epoch)
            }
            _ => self.model.as_ref().map(|model| model.snapshot.epoch),
        }
    }

    /// What would be evaluated when it is not what the shown figures are of: `test · best epoch`. `None` when it is.
    pub fn evaluation_to_come(&self, part: Option<SplitName>, which: Weights) -> Option<String> {
        let shown = self.evaluation.as_ref()?;
        let is_other_epoch = self
            .epoch_of(which)
            .is_some_and(|epoch| epoch != shown.epoch);
        (shown.split != part || is_other_epoch).then(|| {
            let weights = self.weights_words(which);
            format!("{} · {weights}", part_word(part))
        })
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
