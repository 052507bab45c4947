//! What a panel shows when the model, the image or the evaluation that it is about is missing.

use std::sync::Arc;

use eframe::egui::Ui;

use super::states;
use crate::{
    data::{SplitName, dataset::display_path},
    engine::{EvaluateRequest, LoadedModel, OpenDataset},
    train::{Evaluation, checkpoint::Weights},
    ui::{
        action::{DataAction, ModelAction, WindowAction},
        dialogs::Purpose,
        format::shortened,
        panels::Cx,
        state::DataState,
        workspace::Step,
    },
};

/// Letters of a model's name.
const LONGEST_NAME: usize = 48;

/// The open dataset, or the way to one. `what` names the panel's content, in the plural.
pub fn dataset(ui: &mut Ui, cx: &mut Cx<'_>, what: &str) -> Option<Arc<OpenDataset>> {
    match &cx.state.data {
        DataState::Open(open) => Some(Arc::clone(open)),
        DataState::Opening { .. } => {
            let sentence = format!("{what} appear here once the dataset is open.");
            states::empty(ui, &sentence, None);
            None
        }
        DataState::Empty | DataState::Failed { .. } => {
            let sentence = format!("{what} appear here once a dataset is open.");
            let action = Purpose::OpenDataset;
            states::empty_with(ui, &sentence, "Open dataset…", action, cx.actions);
            None
        }
    }
}

/// The current model, or the way to one. `what` names the panel's content, in the plural.
pub fn model(ui: &mut Ui, cx: &mut Cx<'_>, what: &str) -> Option<Arc<LoadedModel>> {
    if let Some(model) = &cx.state.model {
        return Some(Arc::clone(model));
    }
    if cx.settings.step == Step::Train {
        let sentence = format!("{what} appear here as soon as training starts.");
        states::empty(ui, &sentence, None);
    } else {
        let sentence = format!("{what} appear here once a model is trained or opened.");
        let action = WindowAction::GoTo(Step::Train);
        states::empty_with(ui, &sentence, "Go to Train", action, cx.actions);
    }
    None
}

/// The newest evaluation, or the way to one. `what` names the panel's content, in the plural.
pub fn evaluation(ui: &mut Ui, cx: &mut Cx<'_>, what: &str) -> Option<Arc<Evaluation>> {
    let state = cx.state;
    if let Some(evaluation) = &state.evaluation {
        return Some(Arc::clone(evaluation));
    }
    model(ui, cx, what)?;
    if state.dataset().is_none() {
        let sentence = "Open the dataset that the model was trained on to evaluate it.";
        let action = Purpose::OpenDataset;
        states::empty_with(ui, sentence, "Open dataset…", action, cx.actions);
    } else if let Some(job) = state.slot::<EvaluateRequest>().job {
        cx.loading_ui(ui, "Evaluating", job);
    } else if state.training.is_running() {
        let sentence = format!("{what} appear here after the first epoch.");
        states::empty(ui, &sentence, None);
    } else {
        states::failure(ui, state.slot::<EvaluateRequest>().failed.as_ref());
        if let Some(path) = state.dataset_to_open() {
            let name = display_path(path.file_name().unwrap_or(path.as_os_str()).as_ref());
            let sentence = format!("The model was trained on {name}, which is not open.");
            let action = DataAction::OpenOfModel;
            states::empty_with(ui, &sentence, "Open its dataset", action, cx.actions);
            return None;
        }
        let name = state.name_in_hand().unwrap_or_default();
        let name = shortened(&name, LONGEST_NAME);
        let sentence = format!("{name} has not been evaluated yet.");
        let action = ModelAction::Evaluate {
            part: Some(SplitName::Validation),
            weights: Weights::Best,
        };
        states::empty_with(ui, &sentence, "Evaluate validation", action, cx.actions);
    }
    None
}
