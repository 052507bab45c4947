//! Panels: one file each. They draw the state, keep their own view state and push actions.

mod activations;
mod augmentation;
mod cell_images;
mod changes;
mod confusion;
mod cross_table;
mod curves;
mod data_report;
mod datasets;
mod doctor;
mod feature_maps;
mod filters;
mod forecast;
mod health;
mod image;
mod judging;
mod maximise;
mod model;
mod predict;
mod predictions;
mod rate_finder;
mod report;
mod runs;
mod split;
mod train_settings;

use std::collections::BTreeMap;

use eframe::egui::{Context, TextureHandle, Ui};

use super::{
    action::Action,
    settings::Settings,
    slots::Wish,
    state::{AppState, Selection},
    textures::Textures,
    widgets::states,
    workspace::PanelKind,
};
use crate::{
    engine::{Door, EngineHandle, ImageSource, Inspect, JobId, Progress, Task},
    inspect::Inspection,
};

/// What a panel may see and use.
pub struct Cx<'a> {
    /// Everything the window shows.
    pub state: &'a AppState,
    /// Pictures on the GPU.
    pub textures: &'a mut Textures,
    /// What is remembered between starts; panels may change their own entries.
    pub settings: &'a mut Settings,
    /// Wishes, carried out after drawing.
    pub actions: &'a mut Vec<Action>,
}

impl Cx<'_> {
    /// Wishes for something.
    pub fn push(&mut self, action: impl Into<Action>) {
        self.actions.push(action.into());
    }

    /// Wishes to look at `what` of `image`, unless that was asked for with the weights as they are.
    pub fn look<I: Inspection>(&mut self, what: I, image: ImageSource)
    where
        EngineHandle: Door<<Inspect<I> as Task>::Lane>,
    {
        if !self.state.is_looked_at(&what, &image) {
            self.push(Action::Look(Wish::look(what, image)));
        }
    }

    /// Wishes for another selection.
    pub fn select(&mut self, change: impl FnOnce(&mut Selection)) {
        let mut selection = self.state.selection.clone();
        change(&mut selection);
        self.push(Action::Select(selection));
    }

    /// Selects a unit of a layer, or the layer alone.
    pub fn select_unit(&mut self, layer: usize, unit: Option<usize>) {
        self.select(|to| (to.layer, to.unit) = (Some(layer), unit));
    }

    /// How far a job is.
    pub fn progress(&self, job: JobId) -> Option<Progress> {
        self.state.jobs.get(&job)?.progress
    }

    /// What stands in a panel while `job` goes on, with the button that ends it.
    pub fn loading_ui(&mut self, ui: &mut Ui, sentence: &str, job: JobId) {
        if states::loading(ui, sentence, self.progress(job)) {
            self.push(Action::Cancel(job));
        }
    }

    /// The thumbnail of a sample of the open dataset; `None` until it has come.
    pub fn thumbnail(&mut self, context: &Context, sample: usize) -> Option<TextureHandle> {
        let dataset = self.state.open_dataset()?.id;
        self.textures.thumbnail(context, dataset, sample)
    }
}

/// A panel's own view state and drawing.
pub trait Panel {
    /// Draws it.
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>);
}

/// All panels.
pub struct Panels(BTreeMap<PanelKind, Box<dyn Panel>>);

impl Default for Panels {
    fn default() -> Self {
        Self(
            PanelKind::ALL
                .into_iter()
                .map(|kind| (kind, new_panel(kind)))
                .collect(),
        )
    }
}

impl Panels {
    /// Draws one panel.
    pub fn ui(&mut self, kind: PanelKind, ui: &mut Ui, cx: &mut Cx<'_>) {
        if let Some(panel) = self.0.get_mut(&kind) {
            ui.push_id(kind, |ui| panel.ui(ui, cx));
        }
    }
}

fn new_panel(kind: PanelKind) -> Box<dyn Panel> {
    match kind {
        PanelKind::Datasets => Box::<datasets::Datasets>::default(),
        PanelKind::Image => Box::<image::Image>::default(),
        PanelKind::Split => Box::<split::Split>::default(),
        PanelKind::Doctor => Box::<doctor::Doctor>::default(),
        PanelKind::Augmentation => Box::<augmentation::Augmentation>::default(),
        PanelKind::Changes => Box::<changes::Changes>::default(),
        PanelKind::Model => Box::<model::Model>::default(),
        PanelKind::TrainSettings => Box::<train_settings::TrainSettings>::default(),
        PanelKind::Curves => Box::<curves::Curves>::default(),
        PanelKind::RateFinder => Box::<rate_finder::RateFinder>::default(),
        PanelKind::Confusion => Box::<confusion::Confusion>::default(),
        PanelKind::CrossTable => Box::<cross_table::CrossTablePanel>::default(),
        PanelKind::CellImages => Box::<cell_images::CellImages>::default(),
        PanelKind::Predictions => Box::<predictions::Predictions>::default(),
        PanelKind::Report => Box::<report::Report>::default(),
        PanelKind::Filters => Box::<filters::Filters>::default(),
        PanelKind::FeatureMaps => Box::<feature_maps::FeatureMaps>::default(),
        PanelKind::Activations => Box::<activations::Activations>::default(),
        PanelKind::Maximise => Box::<maximise::Maximise>::default(),
        PanelKind::Predict => Box::<predict::Predict>::default(),
        PanelKind::Runs => Box::<runs::Runs>::default(),
        PanelKind::RunCurves => Box::<runs::overlay::RunCurves>::default(),
        PanelKind::AboutRun => Box::<runs::about::AboutRun>::default(),
        PanelKind::RunDifference => Box::<runs::differs::RunDifference>::default(),
    }
}
