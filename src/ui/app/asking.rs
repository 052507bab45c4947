//! Asking for paths: what a dialog begins with, and what is remembered of its answer.

use std::path::PathBuf;

use super::App;
use crate::ui::dialogs::{Purpose, Question};

impl App {
    /// Asks for a path; the answer comes in a later frame.
    pub(super) fn ask(&mut self, purpose: Purpose) {
        let question = Question {
            folder: self.folder_to_begin_with(&purpose),
            name: match &purpose {
                Purpose::Save(saving) => self.name_to_propose(saving),
                _ => String::new(),
            },
            places: self.places_to_offer(),
            purpose,
        };
        self.picker.ask(question);
    }

    /// The folder of last time; for a first dataset, where the open one is.
    fn folder_to_begin_with(&self, purpose: &Purpose) -> Option<PathBuf> {
        let last = self.settings.folders.get(purpose.place()).cloned();
        let is_dataset = purpose.place() == Purpose::OpenDataset.place();
        let open = self.state.dataset().filter(|_| is_dataset);
        last.or_else(|| Some(open?.opened.parent()?.to_path_buf()))
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
    pub(super) fn remember_folder(&mut self, purpose: &Purpose, paths: &[PathBuf]) {
        if let Some(folder) = paths.first().and_then(|path| path.parent()) {
            let (place, folder) = (purpose.place().to_owned(), folder.to_path_buf());
            self.settings.folders.insert(place, folder);
        }
    }
}
