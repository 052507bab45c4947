//! Classifying one part of a dataset: with the model in hand, the last weights of a run, or others.

use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    answer::Kind,
    inspector::Inspector,
    job::{JobContext, JobError},
    loaded_model::LoadedModel,
    open_dataset::{OpenDataset, pixels, samples},
    task::Task,
};
use crate::{
    data::{Dataset, SplitConfig, SplitName},
    inspect::Slow,
    model::WeightSnapshot,
    train::{Evaluation, answers::Answers, checkpoint::Weights, run_folder},
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
#[derive(Debug, Clone)]
pub enum EvaluatedWeights {
    /// The current model's: after a run its best, while it goes on the newest.
    Current,
    /// Those of the last epoch of the run in this folder, which trained the current model.
    Last(PathBuf),
    /// These.
    Of(Box<Judged>),
}

/// Weights, and how the data they were trained on was divided.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The weights.
    pub snapshot: Arc<WeightSnapshot>,
    /// How the data was divided.
    pub split: SplitConfig,
    /// The run that may have kept its division.
    pub run: Option<PathBuf>,
    /// What the weights, or others of their run, said about datasets.
    pub answers: Arc<Answers>,
}

/// An evaluation, and the dataset that it is of with what was found broken.
#[derive(Debug, Clone)]
pub struct Evaluated {
    /// Answers and confusion matrix; `None` when the model was trained without the part that was asked for.
    pub evaluation: Option<Arc<Evaluation>>,
    /// The dataset.
    pub dataset: Arc<Dataset>,
}

impl Task for EvaluateRequest {
    type Answer = Evaluated;
    type Partial = Infallible;
    const KIND: Kind = Kind::new("evaluate the model").heavy().newest_wins();
    type Lane = Inspector<Slow>;

    /// What the weights say about the images, as far as it is not among their answers.
    fn run(&self, lane: &mut Self::Lane, context: &JobContext) -> Result<Evaluated, JobError> {
        let current = || lane.current();
        let judged = match &self.weights {
            EvaluatedWeights::Current => current()?.as_judged(),
            EvaluatedWeights::Last(run) => {
                let judged = current()?.as_judged();
                let WeightSnapshot { spec, classes, .. } = &*judged.snapshot;
                let snapshot = run_folder::snapshot(run, Weights::Last, spec, classes)?;
                Judged {
                    snapshot: Arc::new(snapshot),
                    run: Some(run.clone()),
                    ..judged
                }
            }
            EvaluatedWeights::Of(judged) => Judged::clone(judged),
        };
        let (open, snapshot) = (&self.dataset, &judged.snapshot);
        let classes = &open.dataset.classes;
        if **classes != *snapshot.classes {
            return Err(JobError::Failed(format!(
                "the model knows {} and the dataset has {}: open the dataset that it was trained on",
                snapshot.classes.join(", "),
                classes.join(", ")
            )));
        }
        let format = snapshot.spec.input.format();
        let (dataset, pixels) = pixels(context, &lane.folders.cache, open, format)?;
        let dataset = Arc::new(dataset);
        let indices = samples(&dataset, self.part, &judged.split, judged.run.as_deref())?;
        if indices.is_empty() && self.part.is_some() {
            return Ok(Evaluated {
                evaluation: None,
                dataset,
            });
        }
        let (images, samples) = ((&*dataset, &pixels), (self.part, &indices[..]));
        let evaluation = judged.answers.judge(snapshot, images, samples, |done| {
            context.progress(done, indices.len());
            context.cancel.check()
        })?;
        Ok(Evaluated {
            evaluation: Some(evaluation),
            dataset,
        })
    }
}

impl LoadedModel {
    fn as_judged(&self) -> Judged {
        Judged {
            snapshot: Arc::clone(&self.snapshot),
            split: self.split,
            run: self.source.run().map(Path::to_path_buf),
            answers: Arc::clone(&self.answers),
        }
    }
}
