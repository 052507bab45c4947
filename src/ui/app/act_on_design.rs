//! Carrying out what is wished for about the experiment, and what the model editor needs.

use std::path::PathBuf;

use super::App;
use crate::{
    engine::{ExamineWeights, LoadSpec, OpenRequest},
    model::{LayerKind, edit::LayerEdit, spec::InitialWeights},
    ui::{
        action::ExperimentAction,
        design::{Chosen, DesignAction},
    },
};

impl App {
    pub(super) fn act_on_experiment(&mut self, action: ExperimentAction) {
        match action {
            ExperimentAction::OpenRecipe(name) => self.load_experiment(name.into()),
            ExperimentAction::TakeNetwork => self.take_network(),
            ExperimentAction::Undo => self.undo_experiment(),
        }
    }

    /// Opens the dataset that the experiment names.
    pub(super) fn open_experiments_dataset(&mut self) {
        let experiment = &self.state.experiment;
        let edits = &experiment.edits;
        self.open_dataset(OpenRequest {
            kind: experiment.dataset.kind,
            edits: (!edits.is_empty()).then(|| edits.clone()),
            ..OpenRequest::new(&experiment.dataset.path)
        });
    }

    pub(super) fn import_layers(&mut self, path: PathBuf) {
        if !self.is_training("other layers") {
            self.state.ask(&self.engine, LoadSpec(path));
        }
    }

    /// The chosen backbone starts with the weights of this file.
    pub(super) fn choose_weights(&mut self, path: PathBuf) {
        let Some(Chosen::Layer(at)) = self.state.design.chosen else {
            return;
        };
        let layer = self.state.experiment.model.layers.get(at);
        if let Some(mut kind) = layer.map(|layer| layer.kind.clone())
            && let LayerKind::Backbone(base) = &mut kind
        {
            base.weights = InitialWeights::File(path);
            // Looked at again even when it is the same: it may have been mended meanwhile.
            self.state.forget::<ExamineWeights>();
            let edit = LayerEdit::SetKind { at, kind };
            self.state.apply_design(DesignAction::Edit(edit, None));
        }
    }
}
