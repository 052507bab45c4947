//! Writing what the user saves: a name to propose, and then the file, away from the window's thread.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::App;
use crate::{
    data::dataset::display_path,
    engine::{ModelSource, Save},
    export::Bundle,
    ui::saving::Saving,
};

impl App {
    /// Named after what is written: the run of the model, the experiment, the dataset.
    pub(super) fn name_to_propose(&self, saving: &Saving) -> String {
        let state = &self.state;
        let run = state.training.folder.as_deref().and_then(Path::file_name);
        let run = run.map_or_else(
            || state.experiment.name.clone(),
            |name| display_path(name.as_ref()),
        );
        let dataset = state.dataset().map_or("dataset", |dataset| &dataset.name);
        let (what, ..) = saving.row();
        match saving {
            Saving::Model => match state.model.as_ref().map(|model| &model.source) {
                Some(file @ ModelSource::File(_)) => file.name(),
                _ => run,
            },
            Saving::Experiment => state.experiment.name.clone(),
            Saving::Layers => format!("{} {what}", state.experiment.model.name),
            Saving::Edits | Saving::Predictions => format!("{dataset} {what}"),
            Saving::Answers => what.to_owned(),
            Saving::Picture(_) | Saving::History(_) | Saving::Curves(_) => format!("{run} {what}"),
        }
    }

    /// Has it written to `path`, as it is now; what becomes of it is told later.
    pub(super) fn save(&mut self, saving: Saving, path: PathBuf) {
        let Some(format) = saving.format_of(&path) else {
            return;
        };
        let (what, ..) = saving.row();
        let state = &self.state;
        let mut bundle = Bundle::default();
        match saving {
            // Its weights are the engine's.
            Saving::Model => {}
            Saving::Experiment | Saving::Layers => {
                bundle.experiment = Some(Arc::new(state.experiment.clone()));
            }
            Saving::Edits => bundle.edits = state.wanted_edits().cloned(),
            Saving::Predictions => {
                bundle.evaluation = state.evaluation.clone();
                bundle.dataset = state.open_dataset().map(|open| open.dataset.clone());
            }
            Saving::Answers => bundle.answers = state.predict.said.as_slice().into(),
            Saving::Picture(picture) => bundle.picture = Some(picture),
            Saving::History(runs) | Saving::Curves(runs) => bundle.histories = runs,
        }
        let request = Save {
            what,
            format,
            bundle,
            path,
        };
        self.state.ask(&self.engine, request);
    }
}
