//! Writing what the user saves: a name to propose, and then the file, away from the window's thread.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::App;
use crate::{
    data::{dataset::display_path, files::write_atomically},
    engine::{ModelSource, SaveModel},
    export::{Bundle, ExportError, Format},
    ui::{
        files::{FileTask, Write, answers_csv},
        saving::Saving,
    },
};

impl App {
    /// Named after what is written: the run of the model, the experiment, the dataset.
    pub(super) fn name_to_propose(&self, saving: &Saving) -> String {
        let state = &self.state;
        let words = |name: &Path| display_path(name);
        let run = state.training.folder.as_deref().and_then(Path::file_name);
        let run = run.map_or_else(
            || state.experiment.name.clone(),
            |name| words(name.as_ref()),
        );
        let source = state.model.as_ref().map(|model| &model.source);
        let model = match source {
            Some(ModelSource::File(path)) => path.file_stem().map(|name| words(name.as_ref())),
            _ => None,
        };
        let dataset = state.dataset().map_or("dataset", |dataset| &dataset.name);
        let (what, ..) = saving.row();
        match saving {
            Saving::Model => model.unwrap_or(run),
            Saving::Experiment => state.experiment.name.clone(),
            Saving::Layers => format!("{} {what}", state.experiment.model.name),
            Saving::Edits | Saving::Predictions => format!("{dataset} {what}"),
            Saving::Answers => what.to_owned(),
            Saving::Picture(_) | Saving::History(_) | Saving::Curves(_) => format!("{run} {what}"),
        }
    }

    /// Has it written to `path`; what becomes of it is told later.
    pub(super) fn save(&mut self, saving: Saving, path: PathBuf) {
        let (what, ..) = saving.row();
        if let Saving::Model = saving {
            // Its weights are the engine's.
            self.state.ask(&self.engine, SaveModel(path));
        } else if let Some(write) = self.to_write(saving) {
            self.files.send(FileTask::Save { what, path, write });
        }
    }

    /// What is written, as it is now; `None` for a model, whose weights are the engine's. All but the answers stands in
    /// the table of formats, under the name that is said of it.
    fn to_write(&self, saving: Saving) -> Option<Write> {
        let state = &self.state;
        let (what, ..) = saving.row();
        let mut bundle = Bundle::default();
        match saving {
            Saving::Model => return None,
            Saving::Experiment | Saving::Layers => {
                bundle.experiment = Some(Arc::new(state.experiment.clone()));
            }
            Saving::Edits => bundle.edits = state.wanted_edits().cloned(),
            Saving::Predictions => {
                bundle.evaluation = state.evaluation.clone();
                bundle.dataset = state.open_dataset().map(|open| open.dataset.clone());
            }
            Saving::Answers => {
                let said = state.predict.said.clone();
                return Some(Box::new(move |path| {
                    write_atomically(path, &answers_csv(&said)?).map_err(|error| error.to_string())
                }));
            }
            Saving::Picture(picture) => bundle.picture = Some(picture),
            Saving::History(runs) | Saving::Curves(runs) => bundle.histories = runs,
        }
        let format = Format::find(what)?;
        Some(Box::new(move |path| {
            let written = format.write(&bundle, path, &mut || Ok(()));
            written.map(drop).map_err(|error| match error {
                ExportError::Write { reason, .. } => reason,
                error => error.to_string(),
            })
        }))
    }
}
