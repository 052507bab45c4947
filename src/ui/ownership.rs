//! The data, the experiment and the model in hand are three things, and whatever shows belongs to one of them. What
//! was computed with one model never stands while another is in hand.

use std::{path::Path, sync::Arc};

use super::{format::counted, state::AppState};
use crate::{
    engine::{EvaluateRequest, LoadedModel, ModelSource},
    train::Experiment,
};

/// Whose an evaluation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The model that answered.
    pub model: ModelSource,
    /// Its classes, in the order of the figures.
    pub classes: Arc<[String]>,
    /// The dataset that was asked about.
    pub dataset: String,
}

impl AppState {
    /// Makes `model` the one in hand. What another one computed is put away: it would stand under a wrong name.
    pub fn adopt_model(&mut self, model: Option<Arc<LoadedModel>>) {
        let owner = model.as_ref().map(|model| &model.source);
        if owner != self.model.as_ref().map(|model| &model.source) {
            let judged = self.judged.as_ref().map(|judged| &judged.model);
            if judged != owner {
                self.forget_evaluation();
            }
            self.forget_looks();
        }
        if let (Some(before), Some(now)) = (&self.model, &model)
            && before.snapshot.spec != now.snapshot.spec
        {
            // Of a network with the same layers the chosen one can be watched on.
            (self.selection.layer, self.selection.unit) = (None, None);
        }
        self.model = model;
        self.remember_nodes();
    }

    /// Puts the shown evaluation away, and does not wait for the one that is being made.
    pub(super) fn forget_evaluation(&mut self) {
        self.evaluation = None;
        self.judged = None;
        self.threshold = None;
        self.forget::<EvaluateRequest>();
    }

    /// What the run in `folder` is called: the name it was given, else that of its folder.
    pub fn run_name(&self, folder: &Path) -> String {
        match self.runs.find(folder) {
            Some(run) => run.name(),
            None => ModelSource::Run(folder.to_path_buf()).name(),
        }
    }

    /// What a model is called.
    pub fn model_name(&self, source: &ModelSource) -> String {
        match source {
            ModelSource::Run(folder) => self.run_name(folder),
            ModelSource::File(_) => source.name(),
        }
    }

    /// The name of the model in hand.
    pub fn name_in_hand(&self) -> Option<String> {
        Some(self.model_name(&self.model.as_ref()?.source))
    }

    /// `epoch 3 of 5 · in training`, `epoch 3 · run`, `epoch 3 · file`: how the model in hand stands.
    pub fn stand_of_model(&self) -> Option<String> {
        let model = self.model.as_ref()?;
        let epoch = model.snapshot.epoch;
        Some(match &model.source {
            ModelSource::Run(folder) if self.is_trained_now(folder) => {
                let all = self.training.total_epochs;
                format!("epoch {epoch} of {all} · in training")
            }
            ModelSource::Run(_) => format!("epoch {epoch} · run"),
            ModelSource::File(_) => format!("epoch {epoch} · file"),
        })
    }

    fn is_trained_now(&self, folder: &Path) -> bool {
        self.training.is_running() && self.training.folder.as_deref() == Some(folder)
    }

    /// The data in few words: `shapes · 1,200 images · 3 classes`.
    pub fn data_words(&self) -> Option<(String, String)> {
        let dataset = self.dataset()?;
        let images = counted(dataset.samples.len(), "image");
        let more = format!("{images} · {} classes", dataset.classes.len());
        Some((dataset.name.clone(), more))
    }

    /// Whose curves show, as the run was begun: its name, and the last name of its dataset. `None` without curves.
    pub fn owner_of_curves(&self) -> Option<(String, String)> {
        let training = &self.training;
        let experiment = training.experiment.as_ref()?;
        let name = match &training.folder {
            Some(folder) => self.run_name(folder),
            None => experiment.title.clone(),
        };
        Some((name, dataset_of(experiment)))
    }

    /// Whether the experiment that Train would carry out is another one than that of the curves.
    pub fn curves_are_of_other_settings(&self) -> bool {
        let training = &self.training;
        let of = training.experiment.as_ref();
        !training.is_running() && of.is_some_and(|of| !is_same(of, &self.experiment))
    }

    /// What the run that the model in hand came from trained and how; `None` when that is not known.
    pub fn experiment_of_model(&self) -> Option<&Arc<Experiment>> {
        let model = self.model.as_ref()?;
        let training = &self.training;
        let is_its = training.folder.as_deref() == Some(model.source.path());
        training.experiment.as_ref().filter(|_| is_its)
    }

    /// Where the dataset lies that the model in hand was trained on, when it is known and is not the open one.
    pub fn dataset_to_open(&self) -> Option<&Path> {
        let path = self.experiment_of_model()?.dataset.path.as_path();
        let is_open = self.dataset().is_some_and(|open| open.opened == path);
        (!is_open).then_some(path)
    }
}

/// The last name of the dataset that `experiment` names.
pub fn dataset_of(experiment: &Experiment) -> String {
    let path = &experiment.dataset.path;
    let name = path.file_name().unwrap_or(path.as_os_str());
    crate::data::dataset::display_path(name.as_ref())
}

/// Whether both would train the same. What the window fills in when a run begins (where the dataset lies, what the
/// user changed about it) does not count.
fn is_same(a: &Experiment, b: &Experiment) -> bool {
    a.title == b.title
        && a.model == b.model
        && a.training == b.training
        && a.split == b.split
        && a.augmentation == b.augmentation
}
