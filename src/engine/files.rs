//! The lane of small files: what the user saves, in every format of the table, and what the window keeps. A thread of its own, so
//! that neither a frame nor a look inside the model waits for a disk.

use std::{convert::Infallible, path::PathBuf};

use super::{
    answer::Kind,
    job::{JobContext, JobError, failed},
    latest::Latest,
    loaded_model::LoadedModel,
    task::{LaneState, Task},
};
use crate::export::{Bundle, ExportError, Format, Need};

/// What the lane keeps.
pub struct Files {
    /// The model in hand.
    pub model: Latest<LoadedModel>,
}

impl LaneState for Files {}

/// Writes something down where the user says.
#[derive(Debug, Clone)]
pub struct Save {
    /// For "Saved the … as".
    pub what: &'static str,
    /// How.
    pub format: &'static Format,
    /// What; a model that is needed and missing is the one in hand (after a run: its best weights).
    pub bundle: Bundle,
    /// Where.
    pub path: PathBuf,
}

impl Task for Save {
    type Answer = ();
    type Partial = Infallible;
    // What the user saved is written, also when they close the window. Whoever asks says what failed, and where.
    const KIND: Kind = Kind::new("save the file").quiet().outlives();
    type Lane = Files;

    fn run(&self, lane: &mut Files, context: &JobContext) -> Result<(), JobError> {
        let mut bundle = self.bundle.clone();
        if self.format.needs.contains(&Need::Model)
            && let (None, Some(model)) = (&bundle.model, lane.model.get())
        {
            let model = model.bundle().map_err(failed)?;
            bundle.model = Some(model.into());
        }
        let mut pulse = || context.cancel.check();
        let written = self.format.write(&bundle, &self.path, &mut pulse);
        written.map(drop).map_err(|error| match error {
            // The path is said with the rest.
            ExportError::Write { reason, .. } => JobError::Failed(reason),
            error => failed(error),
        })
    }
}
