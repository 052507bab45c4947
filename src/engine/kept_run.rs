//! A model that is read from the disk: when it lies in a run, all that the run recorded comes back with it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    beginning::untrained,
    events::Level,
    folders::Folders,
    job::{JobContext, JobError, failed},
    loaded_model::{LoadedModel, ModelSource},
    runs::RunFigures,
};
use crate::{
    data::dataset::display_path,
    model::bundle::Bundle,
    train::{
        Experiment,
        run_folder::{self, EXPERIMENT_FILE, MODEL_FILE, RunResult},
        runs,
    },
};

/// What a run that has ended recorded. Plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptRun {
    /// Its folder.
    pub folder: PathBuf,
    /// What it trained and how.
    pub experiment: Arc<Experiment>,
    /// Its epochs and steps.
    pub figures: RunFigures,
    /// How it ended; `None` when the program was killed.
    pub result: Option<RunResult>,
}

/// The run that `path` means: its folder, or the model file in it. `None` for a file that lies in no run.
pub fn folder_of(path: &Path) -> Option<&Path> {
    let is_run = |folder: &&Path| folder.join(EXPERIMENT_FILE).is_file();
    if path.is_dir() {
        return Some(path).filter(is_run);
    }
    let is_model = path.file_name().is_some_and(|name| name == MODEL_FILE);
    path.parent().filter(|_| is_model).filter(is_run)
}

impl KeptRun {
    /// Reads the run in `folder`.
    ///
    /// # Errors
    /// One sentence when a file of it cannot be read or is damaged.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let experiment = Experiment::load(&folder.join(EXPERIMENT_FILE));
        let history = runs::read::history(folder).map_err(|error| error.to_string())?;
        Ok(Self {
            folder: folder.to_path_buf(),
            experiment: Arc::new(experiment.map_err(|error| error.to_string())?),
            figures: RunFigures {
                history,
                steps: runs::read::steps(folder).map_err(|error| error.to_string())?,
            },
            result: RunResult::load(folder).map_err(|error| error.to_string())?,
        })
    }
}

/// Reads the model that `path` means, with its self-test, and the run that it lies in.
pub fn load(
    context: &JobContext,
    folders: &Folders,
    path: &Path,
    remembered: bool,
) -> Result<(Arc<LoadedModel>, Option<Arc<KeptRun>>), JobError> {
    let file = match run_folder::model_file(path) {
        Ok(file) if !remembered || file.exists() => file,
        Err(words) if !remembered => return Err(JobError::Failed(words)),
        _ => {
            let path = display_path(path);
            context.note(
                Level::Info,
                format!("The model that was in hand last time is gone: {path}"),
            );
            return Err(JobError::Cancelled);
        }
    };
    let (bundle, doubt) = Bundle::load(&file).map_err(failed)?;
    if let Some(message) = doubt {
        context.note(Level::Warning, message);
    }
    // Damaged figures are no reason against its model; it is said.
    let run = folder_of(path).and_then(|folder| {
        let note = |message| context.note(Level::Warning, message);
        KeptRun::read(folder).map_err(note).ok()
    });
    let source = match &run {
        Some(run) => ModelSource::Run(run.folder.clone()),
        None => ModelSource::File(file),
    };
    let mut model = LoadedModel::of_bundle(bundle, source)?;
    let classes = &model.snapshot.classes;
    let initial = |run: &KeptRun| untrained(folders, &run.experiment, classes);
    model.initial = run.as_ref().and_then(initial);
    Ok((Arc::new(model), run.map(Arc::new)))
}
