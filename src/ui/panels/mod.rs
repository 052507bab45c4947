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

use serde::{Deserialize, Serialize};

use super::{
    action::Action,
    settings::Settings,
    slots::Wish,
    state::{AppState, Selection},
    textures::Textures,
    widgets::states,
    workspace::Step,
};
use crate::{
    engine::{Door, EngineHandle, ImageSource, Inspect, JobId, Progress, Task},
    inspect::Inspection,
};

/// The panels, in the order of their tabs: what draws each, its title, and where it stands at first (step, column, and
/// group of tabs from above).
macro_rules! panels {
    ($($(#[$about:meta])* $kind:ident = $panel:ty, $title:literal, $places:expr;)*) => {
        /// A panel.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub enum PanelKind {
            $($(#[$about])* $kind,)*
        }

        impl PanelKind {
            /// All of them, in their order.
            pub const ALL: [Self; [$($title),*].len()] = [$(Self::$kind),*];

            /// What people call it.
            pub fn title(self) -> &'static str {
                match self {
                    $(Self::$kind => $title,)*
                }
            }

            /// Where it stands at first: step, column, and group of tabs from above.
            pub fn places(self) -> &'static [(Step, usize, usize)] {
                match self {
                    $(Self::$kind => &$places,)*
                }
            }

            fn panel(self) -> Box<dyn Panel> {
                match self {
                    $(Self::$kind => Box::<$panel>::default(),)*
                }
            }
        }
    };
}

panels! {
    /// Classes with counts, thumbnails.
    Datasets = datasets::Datasets, "Dataset", [(Step::Data, 0, 0)];
    /// The selected image, large.
    Image = image::Image, "Image", [(Step::Data, 1, 0)];
    /// Which images stand in which part.
    Split = split::Split, "Split", [(Step::Data, 1, 0)];
    /// Duplicates, leaks and other findings.
    Doctor = doctor::Doctor, "Doctor", [(Step::Data, 1, 0)];
    /// Random variations of training images.
    Augmentation = augmentation::Augmentation, "Augmentation", [(Step::Data, 1, 0)];
    /// What the user changed about the dataset.
    Changes = changes::Changes, "Changes", [(Step::Data, 1, 0)];
    /// The layer table.
    Model = model::Model, "Layers", [(Step::Model, 0, 0)];
    /// Epochs, batch size …, and the buttons.
    TrainSettings = train_settings::TrainSettings, "Training", [(Step::Train, 0, 0)];
    /// Accuracy and loss.
    Curves = curves::Curves, "Curves", [(Step::Train, 1, 0)];
    /// Loss by learning rate, and a suggestion.
    RateFinder = rate_finder::RateFinder, "Rate finder", [(Step::Train, 1, 0)];
    /// Counts of actual against predicted.
    Confusion = confusion::Confusion, "Confusion matrix", [(Step::Evaluate, 0, 0)];
    /// True against predicted with sums.
    CrossTable = cross_table::CrossTablePanel, "Cross-table", [(Step::Evaluate, 0, 0)];
    /// The images of the chosen cell.
    CellImages = cell_images::CellImages, "Images of a cell", [(Step::Evaluate, 1, 0)];
    /// What was said about each image.
    Predictions = predictions::Predictions, "Predictions", [(Step::Evaluate, 1, 0)];
    /// Precision, recall, F1.
    Report = report::Report, "Classification report", [(Step::Evaluate, 1, 1)];
    /// Kernels of a convolution.
    Filters = filters::Filters, "Filters", [(Step::Inside, 0, 0)];
    /// Outputs of a layer.
    FeatureMaps = feature_maps::FeatureMaps, "Feature maps", [(Step::Train, 2, 0), (Step::Inside, 1, 0)];
    /// Figures of what every step makes of an image.
    Activations = activations::Activations, "Activations", [(Step::Inside, 1, 0)];
    /// What excites a class or filter.
    Maximise = maximise::Maximise, "Activation maximisation", [(Step::Inside, 2, 0)];
    /// Drop an image.
    Predict = predict::Predict, "Predict", [(Step::Predict, 0, 0)];
    /// The table of runs.
    Runs = runs::Runs, "Runs", [(Step::Runs, 0, 0)];
    /// Curves of several runs over each other.
    RunCurves = runs::overlay::RunCurves, "Curves of runs", [(Step::Runs, 0, 1)];
    /// Name, notes and tags of a run, and what can be done with it.
    AboutRun = runs::about::AboutRun, "Run", [(Step::Runs, 1, 0)];
    /// What differs between several runs.
    RunDifference = runs::differs::RunDifference, "What differs", [(Step::Runs, 1, 1)];
}

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
                .map(|kind| (kind, kind.panel()))
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
