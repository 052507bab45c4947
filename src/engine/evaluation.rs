//! Classifying one part of a dataset for the inspector: with its own weights, or with the last ones of a run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{
    job::{JobContext, JobError},
    loader::{self, OpenDataset},
    trainer::fit_error,
};
use crate::{
    data::{SplitConfig, SplitName},
    model::WeightSnapshot,
    train::{Evaluation, answers::Answers, kept_split},
};

/// Asks for an evaluation; the split is the one that the model was trained with.
#[derive(Debug, Clone)]
pub struct EvaluateRequest {
    /// The dataset.
    pub dataset: Arc<OpenDataset>,
    /// Which part of it; `None` for every image.
    pub part: Option<SplitName>,
    /// With which weights.
    pub weights: EvaluatedWeights,
}

/// The weights to evaluate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvaluatedWeights {
    /// The current model's: after a run its best, while it goes on the newest.
    Current,
    /// Those of the last epoch of the run in this folder, which trained the current model.
    Last(PathBuf),
}

/// What `snapshot` says about the images that `request` asks for, as far as it is not among `answers`; divided as its
/// `run` kept it or else as `config` says.
pub fn evaluate(
    context: &JobContext,
    cache: &Path,
    request: &EvaluateRequest,
    (config, run): (&SplitConfig, Option<&Path>),
    (snapshot, answers): (&Arc<WeightSnapshot>, &Answers),
) -> Result<Arc<Evaluation>, JobError> {
    let open = &request.dataset;
    let classes = &open.dataset.classes;
    if **classes != *snapshot.classes {
        return Err(JobError::Failed(format!(
            "the model knows {} and the dataset has {}: open the dataset that it was trained on",
            snapshot.classes.join(", "),
            classes.join(", ")
        )));
    }
    let format = snapshot.spec.input.format();
    let (dataset, pixels) = loader::pixels(context, cache, open, format)?;
    let indices = match request.part {
        Some(part) => {
            let split = kept_split::of(&dataset, config, run).map_err(|error| error.to_string())?;
            let indices = split.part(part).to_vec();
            if indices.is_empty() {
                let word = part.word();
                return Err(JobError::Failed(format!(
                    "the model was trained without a {word} part: choose another part or all images"
                )));
            }
            indices
        }
        None => {
            let all = 0..dataset.samples.len();
            all.filter(|&index| dataset.is_usable(index)).collect()
        }
    };
    let (images, samples) = ((&dataset, &pixels), (request.part, &indices[..]));
    let evaluation = answers.judge(snapshot, images, samples, |done| {
        context.progress(done, indices.len());
        context.cancel.check()
    });
    evaluation.map_err(fit_error)
}
