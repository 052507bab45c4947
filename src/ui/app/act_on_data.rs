//! Carrying out what the panels of the Data step wish for.

use std::sync::Arc;

use super::App;
use crate::{
    data::Edits,
    engine::Level,
    train::Experiment,
    ui::{
        action::Action,
        files::FileTask,
        follow,
        history::{Part, Undoable},
        workspace::Step,
    },
};

impl App {
    /// Actions that change the dataset's edits or how it is used.
    pub(super) fn act_on_data(&mut self, action: Action) {
        let before = self.state.wanted_edits().cloned();
        match action {
            Action::Edit(edit) => {
                if let Err(error) = self.state.edit(&edit) {
                    self.state.note(Level::Warning, error.to_string());
                }
            }
            Action::Undo | Action::Redo => self.undo_or_redo(matches!(action, Action::Undo)),
            Action::UndoEdits => {
                self.state.undo_edits();
            }
            Action::RedoEdits => {
                self.state.redo_edits();
            }
            Action::UndoExperiment => self.undo_experiment(),
            Action::ClearEdits => self.state.replace_edits(Edits::default()),
            action => return self.act_on_tools(action),
        }
        self.keep_edits(before.as_ref());
    }

    /// Other changes in place of those there are; that can be undone.
    pub(super) fn replace_edits(&mut self, edits: Edits) {
        let before = self.state.wanted_edits().cloned();
        self.state.replace_edits(edits);
        self.keep_edits(before.as_ref());
    }

    /// Has the sidecar written when the changes are other ones than `before`.
    fn keep_edits(&mut self, before: Option<&Arc<Edits>>) {
        let (Some(edits), Some(open)) = (self.state.wanted_edits(), self.state.open_dataset())
        else {
            return;
        };
        if before != Some(edits) {
            self.files.send(FileTask::Sidecar(
                Arc::clone(edits),
                self.places.folders.edits.clone(),
                open.dataset.opened.clone(),
            ));
        }
    }

    /// What Ctrl+Z and Ctrl+Y mean in the step that is shown.
    fn undo_or_redo(&mut self, is_undo: bool) {
        let (undo, redo) = self.state.undo_redo(self.settings.step);
        match (if is_undo { undo } else { redo }, is_undo) {
            (Some(Undoable::Edits), true) => {
                self.state.undo_edits();
            }
            (Some(Undoable::Edits), false) => {
                self.state.redo_edits();
            }
            (Some(Undoable::Experiment(_)), true) => self.undo_experiment(),
            (Some(Undoable::Experiment(_)), false) => {
                self.state.redo_experiment();
            }
            (None, _) => {
                let is_of_experiment = matches!(self.settings.step, Step::Model | Step::Train);
                if let Some(reason) = self
                    .state
                    .why_not_edit_layers()
                    .filter(|_| is_of_experiment)
                {
                    self.state.note(Level::Warning, reason);
                }
            }
        }
    }

    fn undo_experiment(&mut self) {
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

    /// Actions that change the experiment, and what the tools need from the engine.
    fn act_on_tools(&mut self, action: Action) {
        match action {
            Action::EditSplit(split) => {
                self.change(Part::Split, |experiment| experiment.split = split);
            }
            Action::EditAugmentation(augmentation) => {
                self.change(Part::Augmentation, |experiment| {
                    experiment.augmentation = augmentation;
                });
            }
            Action::EditPreprocessing(preprocessing) => {
                self.change(Part::Normalisation, |experiment| {
                    experiment.model.preprocessing = preprocessing;
                });
                self.state.network_changed();
            }
            Action::MeasureChannels => self.measure_channels(),
            Action::Examine => follow::examine(&self.engine, &mut self.state),
            Action::Design(action) => self.state.apply_design(action),
            Action::OpenRecipe(name) => self.load_experiment(name.into()),
            action => self.act_on_model(action),
        }
    }

    fn measure_channels(&mut self) {
        if let Some(request) = self.state.to_measure() {
            self.state.ask(&self.engine, request);
        }
    }
}
