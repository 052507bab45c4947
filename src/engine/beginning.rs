//! The beginning of a run: its folder, and the weights it starts from. What cannot begin leaves nothing behind.

use std::{path::Path, sync::Arc};

use super::{
    events::Level,
    folders::Folders,
    job::{JobContext, JobError, failed},
};
use crate::{
    data::{Dataset, Split, dataset::display_path},
    model::{NamedArray, Network, WeightSnapshot, network::Placement, snapshot, weights::initial},
    train::{
        EpochRecord, Experiment,
        checkpoint::{Checkpoint, Loaded},
        estimate::Images,
        fit::Start,
        free_memory, history,
        memory::Fit,
        run_folder::{self, CHECKPOINTS, HISTORY_FILE, RunFolder, RunResult},
    },
};

/// What is to begin.
pub struct Beginning<'a> {
    pub context: &'a JobContext,
    pub folders: &'a Folders,
    /// The run's folder.
    pub run: &'a Path,
    pub experiment: &'a Experiment,
    pub split: &'a Split,
    pub dataset: &'a Dataset,
}

impl Beginning<'_> {
    /// Makes the folder of a new run once its weights have been read.
    pub fn anew(&self) -> Result<(RunFolder, Start), JobError> {
        let arrays = self.initial_arrays()?;
        let folder = RunFolder::create(self.run, self.experiment)?;
        folder.write_split(self.split, self.dataset)?;
        Ok((folder, Start::From(arrays)))
    }

    /// Opens the folder of a run to go on with it, at its last checkpoint.
    pub fn take_up(&self) -> Result<(RunFolder, Start), JobError> {
        let (run, experiment, split) = (self.run, self.experiment, self.split);
        let spec = Arc::new(experiment.model.clone());
        let classes = Arc::from(self.dataset.classes.clone());
        let early_stopping = experiment.training.early_stopping;
        let best = |history: &[EpochRecord]| {
            history::best_epoch(history, early_stopping.as_ref()).copied()
        };
        let loaded = Checkpoint::load(&run.join(CHECKPOINTS), &spec, &classes, best)?;
        let arrays = loaded
            .as_ref()
            .map(|loaded| &loaded.checkpoint.snapshot.arrays);
        if let Some(reason) = arrays.and_then(|arrays| snapshot::not_finite(arrays)) {
            return Err(JobError::Failed(format!(
                "cannot go on with {}: after its last epoch {reason}; start a new run with a smaller learning rate",
                display_path(run)
            )));
        }
        let step = loaded
            .as_ref()
            .map_or(0, |loaded| loaded.checkpoint.standing.step);
        let folder = RunFolder::resume(run, step)?;
        // It may go on for more epochs than it was begun with.
        run_folder::write_experiment(folder.path(), experiment)?;
        folder.write_split(split, self.dataset)?;
        let Some(Loaded { checkpoint, lost }) = loaded else {
            if run.join(HISTORY_FILE).exists() {
                let path = display_path(&run.join(CHECKPOINTS));
                let message =
                    format!("The last epoch's weights are missing in {path}: the run begins anew");
                self.context.note(Level::Warning, message);
            }
            return match self.initial_arrays() {
                Ok(arrays) => Ok((folder, Start::From(arrays))),
                Err(error) => Err(self.given_up(&folder, error)),
            };
        };
        folder.put_right(&checkpoint)?;
        for message in lost {
            self.context.note(Level::Warning, message);
        }
        Ok((folder, Start::Resume(Box::new(checkpoint))))
    }

    /// Writes into the folder why the run did not begin, so that it is not offered as one that was cut off.
    fn given_up(&self, folder: &RunFolder, error: JobError) -> JobError {
        if let JobError::Failed(message) = &error {
            // What went wrong says more than that it could not be written down.
            let _ = folder.finish(&RunResult {
                failure: Some(message.clone()),
                split_hash: self.split.hash(self.dataset),
                ..RunResult::default()
            });
        }
        error
    }

    /// The weights that backbones begin with; says what there is to say about them.
    fn initial_arrays(&self) -> Result<Vec<NamedArray>, JobError> {
        let initial = initial::arrays(&self.experiment.model, &self.folders.weights);
        let initial = initial.map_err(failed)?;
        let notes = initial.notes.into_iter().map(|words| (Level::Info, words));
        let warnings = initial.warnings.into_iter();
        for (level, message) in notes.chain(warnings.map(|words| (Level::Warning, words))) {
            self.context.note(level, message);
        }
        Ok(initial.arrays)
    }
}

/// Whether a run would fit into memory that computes frozen layers once for `images` where it can; it does where the system does
/// not say how much there is.
pub fn memory_fit(experiment: &Experiment, images: Images) -> Result<Fit, JobError> {
    let Some(available) = free_memory::available() else {
        return Ok(Fit::Well);
    };
    let Experiment {
        model,
        training,
        augmentation,
        ..
    } = experiment;
    Fit::of(model, training, augmentation, images, available).map_err(failed)
}

/// The weights that a run which is taken up began with: its seed draws them again. `None` when that cannot be done
/// (the file of a backbone's weights is gone, say): they are only looked at.
pub fn untrained(
    folders: &Folders,
    experiment: &Experiment,
    classes: &[String],
) -> Option<Arc<WeightSnapshot>> {
    let (spec, seed) = (&experiment.model, experiment.training.seed);
    let mut network = Network::new(Arc::new(spec.clone()), seed, Placement::default()).ok()?;
    let initial = initial::arrays(spec, &folders.weights).ok()?;
    network.assign(&initial.arrays).ok()?;
    network.snapshot(&classes.into(), 0).ok().map(Arc::new)
}
