//! Carrying out what the panels of the Data step wish for.

use std::sync::Arc;

use super::App;
use crate::{
    data::{Edits, edits},
    engine::{FindSimilar, Level, OpenRequest},
    train::Experiment,
    ui::{
        action::{DataAction, EditAction},
        follow,
        history::{Part, Undoable},
        state::AppState,
        workspace::{PanelKind, Step},
    },
};

impl App {
    pub(super) fn act_on_data(&mut self, action: DataAction) {
        match action {
            DataAction::Open(path) => self.ask_to_open(OpenRequest::new(path)),
            DataAction::OpenBundled(name) => self.open_bundled(name),
            DataAction::OpenOfModel => self.open_dataset_of_model(),
            DataAction::ReadAs(kind) => self.read_as(kind),
            DataAction::Undo => self.change_edits(|state| _ = state.undo_edits()),
            DataAction::Redo => self.change_edits(|state| _ = state.redo_edits()),
            DataAction::ClearEdits => self.replace_edits(Edits::default()),
            DataAction::Examine => follow::examine(&self.engine, &mut self.state),
            DataAction::MeasureChannels => {
                if let Some(request) = self.state.to_measure() {
                    self.state.ask(&self.engine, request);
                }
            }
            DataAction::FindSimilar(sample) => {
                if let Some(dataset) = self.state.open_dataset().cloned() {
                    let request = FindSimilar { dataset, sample };
                    self.state.ask(&self.engine, request);
                }
            }
            DataAction::Browsed(samples) => self.state.browsed = samples,
            DataAction::ShowImages { samples, words } => {
                self.state.show_images(&samples, words);
                self.settings.step = Step::Data;
                self.workspaces
                    .bring_forward(Step::Data, PanelKind::Datasets);
            }
            DataAction::ShowUnreadable => {
                self.state.asked_run = None;
                self.state.unreadable_asked += 1;
                self.settings.step = Step::Data;
            }
        }
    }

    pub(super) fn act_on_edits(&mut self, action: EditAction) {
        match action {
            EditAction::Dataset(edit) => self.change_edits(|state| {
                if let Err(error) = state.edit(&edit) {
                    state.note(Level::Warning, error.to_string());
                }
            }),
            EditAction::Training(training) => {
                self.change(Part::Training, |experiment| experiment.training = training);
            }
            EditAction::Split(split) => {
                self.change(Part::Split, |experiment| experiment.split = split);
            }
            EditAction::Augmentation(augmentation) => {
                self.change(Part::Augmentation, |experiment| {
                    experiment.augmentation = augmentation;
                });
            }
            EditAction::Preprocessing(preprocessing) => {
                self.change(Part::Normalisation, |experiment| {
                    experiment.model.preprocessing = preprocessing;
                });
                self.state.network_changed();
            }
            EditAction::LearningRate(rate) => {
                self.engine.set_learning_rate(rate);
                self.state.training.ask_for_rate(rate);
            }
            EditAction::Threshold(threshold) => self.state.set_threshold(threshold),
            EditAction::Notes { folder, notes } => self.describe_run(folder, notes),
        }
    }

    /// Other changes in place of those there are; that can be undone.
    pub(super) fn replace_edits(&mut self, edits: Edits) {
        self.change_edits(|state| state.replace_edits(edits));
    }

    /// Changes what was changed about the dataset, and has the sidecar written when that is something else then.
    fn change_edits(&mut self, change: impl FnOnce(&mut AppState)) {
        let before = self.state.wanted_edits().cloned();
        change(&mut self.state);
        let (Some(edits), Some(open)) = (self.state.wanted_edits(), self.state.open_dataset())
        else {
            return;
        };
        if before.as_ref() != Some(edits) {
            let (kept, opened) = (Arc::clone(edits), open.dataset.opened.clone());
            let folder = self.places.folders.edits.clone();
            self.engine.with_files(move || {
                let sidecar = edits::sidecar(&folder, &opened);
                kept.keep(&sidecar).map_err(|error| error.to_string())
            });
        }
    }

    /// What Ctrl+Z and Ctrl+Y mean in the step that is shown.
    pub(super) fn undo_or_redo(&mut self, is_undo: bool) {
        let (undo, redo) = self.state.undo_redo(self.settings.step);
        match (if is_undo { undo } else { redo }, is_undo) {
            (Some(Undoable::Edits), true) => self.act_on_data(DataAction::Undo),
            (Some(Undoable::Edits), false) => self.act_on_data(DataAction::Redo),
            (Some(Undoable::Experiment(_)), true) => self.undo_experiment(),
            (Some(Undoable::Experiment(_)), false) => {
                self.state.redo_experiment();
            }
            (None, _) => {
                let is_of_experiment = matches!(self.settings.step, Step::Model | Step::Train);
                if let (Some(reason), true) = (self.state.why_not_edit_layers(), is_of_experiment) {
                    self.state.note(Level::Warning, reason);
                }
            }
        }
    }

    pub(super) fn undo_experiment(&mut self) {
        match self.state.why_not_edit_layers() {
            Some(reason) => self.state.note(Level::Warning, reason),
            None => {
                self.state.undo_experiment();
            }
        }
    }

    /// Changes the experiment as a panel wishes; what is dragged or typed at once is taken back at once.
    pub(super) fn change(&mut self, part: Part, change: impl FnOnce(&mut Experiment)) {
        let gesture = Some(self.gesture.number);
        self.state.change_experiment(part, gesture, change);
    }
}
