//! Asking for paths: what a dialog begins with, and what is remembered of its answer.

use std::path::{Path, PathBuf};

use super::App;
use crate::{
    engine::ModelSource,
    ui::dialogs::{Purpose, Question},
};

impl App {
    /// Asks for a path; the answer comes in a later frame.
    pub(super) fn ask(&mut self, purpose: Purpose) {
        let question = Question {
            purpose,
            folder: self.folder_to_begin_with(purpose),
            name: self.name_to_propose(purpose),
            places: self.places_to_offer(),
        };
        self.picker.ask(question);
    }

    /// The folder of last time; for a first dataset, where the open one is.
    fn folder_to_begin_with(&self, purpose: Purpose) -> Option<PathBuf> {
        let last = self.settings.folders.get(purpose.place()).cloned();
        let beside = || purpose.folder_of(&self.state.dataset()?.opened);
        last.or_else(|| beside().filter(|_| purpose.place() == Purpose::OpenDataset.place()))
    }

    /// Named after what is written: the run of the model, the experiment, the dataset.
    fn name_to_propose(&self, purpose: Purpose) -> String {
        let state = &self.state;
        let words = |name: &Path| crate::data::dataset::display_path(name);
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
        match purpose {
            Purpose::SaveModel => model.unwrap_or(run),
            Purpose::SaveHistory => format!("{run} history"),
            Purpose::SaveCurves => format!("{run} curves"),
            Purpose::SavePicture => format!("{run} picture"),
            Purpose::SaveExperiment => state.experiment.name.clone(),
            Purpose::ExportLayers => format!("{} layers", state.experiment.model.name),
            Purpose::ExportEdits => format!("{dataset} changes"),
            Purpose::ExportAnswers => "answers".to_owned(),
            Purpose::ExportPredictions => format!("{dataset} predictions"),
            _ => String::new(),
        }
    }

    /// Where the program keeps things, and where files were chosen before.
    fn places_to_offer(&self) -> Vec<(String, PathBuf)> {
        let own = [
            ("Runs", &self.places.runs),
            ("Datasets", &self.places.datasets),
        ];
        let own = own.map(|(words, path)| (words.to_owned(), path.clone()));
        let mut places: Vec<(String, PathBuf)> = own.into();
        for folder in self.settings.folders.values() {
            let is_known = places.iter().any(|(_, path)| path == folder);
            if let Some(name) = folder.file_name().filter(|_| !is_known) {
                let words = crate::data::dataset::display_path(name.as_ref());
                places.push((words, folder.clone()));
            }
        }
        places
    }

    /// The next dialog of its kind begins where this one ended.
    pub(super) fn remember_folder(&mut self, purpose: Purpose, paths: &[PathBuf]) {
        if let Some(folder) = paths.first().and_then(|path| purpose.folder_of(path)) {
            let place = purpose.place().to_owned();
            self.settings.folders.insert(place, folder);
        }
    }
}
