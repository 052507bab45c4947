//! What panels ask for. They push actions; the app carries them out after drawing.
//!
//! Actions are grouped by what they are about, and each group is carried out by one function that matches all of it: an
//! action that nobody carries out does not compile.

use std::{path::PathBuf, sync::Arc};

use eframe::egui::ThemePreference;

use super::{
    design::DesignAction, dialogs::Purpose, saving::Saving, slots::Wish, state::Selection,
    workspace::Step,
};
use crate::{
    data::{Edit, SplitConfig, SplitName, augment::AugmentationConfig, dataset::SourceKind},
    engine::{ImageSource, JobId},
    inspect::maximise::MaximiseConfig,
    model::spec::Preprocessing,
    train::{TrainingConfig, checkpoint::Weights, runs::RunNotes},
};

/// Datasets that ship with the program: what a button says and the name in `datasets`.
pub const BUNDLED: [(&str, &str); 3] = [
    ("Open bundled shapes", "shapes"),
    ("Open bundled cells", "cells.npz"),
    ("Open bundled pets", "pets"),
];

/// One wish of the user.
#[derive(Debug, Clone)]
pub enum Action {
    /// Look into the network; inspections need no action of their own.
    Look(Wish),
    /// Ask for a path, then open or save it.
    Ask(Purpose),
    /// Change the shared selection.
    Select(Selection),
    /// End a job.
    Cancel(JobId),
    /// About the dataset.
    Data(DataAction),
    /// What was done to the layers, or is chosen among them.
    Design(DesignAction),
    /// What was typed or set elsewhere.
    Edit(EditAction),
    /// About what is to be trained and how.
    Experiment(ExperimentAction),
    /// About the run that is wanted or goes on.
    Training(TrainingAction),
    /// About the runs that were kept.
    Runs(RunsAction),
    /// About the model in hand and what it says.
    Model(ModelAction),
    /// About public datasets and weights.
    Downloads(DownloadsAction),
    /// About the window.
    Window(WindowAction),
}

/// Wishes about the dataset.
#[derive(Debug, Clone)]
pub enum DataAction {
    /// Open a folder or a file as a dataset.
    Open(PathBuf),
    /// Open a dataset that ships with the program: its name in `datasets`.
    OpenBundled(&'static str),
    /// Open the dataset that the model in hand was trained on.
    OpenOfModel,
    /// Open the dataset again as another kind of source.
    ReadAs(SourceKind),
    /// Take the last change to the dataset back.
    Undo,
    /// Make it again.
    Redo,
    /// Take every change to the dataset back.
    ClearEdits,
    /// Look for what is wrong with the dataset.
    Examine,
    /// Measure mean and standard deviation of the training images' channels.
    MeasureChannels,
    /// Look for images whose pixels are like those of this sample.
    FindSimilar(usize),
    /// The browser shows these samples, in this order.
    Browsed(Arc<[usize]>),
    /// Show these images of the dataset, and only these, in the Data step: the first is selected, all are marked.
    ShowImages {
        /// The images.
        samples: Arc<[usize]>,
        /// What they are, for people.
        words: Arc<str>,
    },
    /// Show the images that cannot be read.
    ShowUnreadable,
}

/// What was typed or set in a field.
#[derive(Debug, Clone)]
pub enum EditAction {
    /// Change something about the dataset; the user's files stay as they are.
    Dataset(Edit),
    /// Change the training settings.
    Training(TrainingConfig),
    /// Change the split.
    Split(SplitConfig),
    /// Change how training images vary.
    Augmentation(AugmentationConfig),
    /// Change how pixel values are normalised.
    Preprocessing(Preprocessing),
    /// Change the full learning rate of the phase of the run that goes on.
    LearningRate(f64),
    /// Decide the evaluation at this probability of the second class; `None` for the model's own.
    Threshold(Option<f64>),
    /// Write about a run.
    Notes {
        /// Its folder.
        folder: PathBuf,
        /// What is said about it.
        notes: RunNotes,
    },
}

/// Wishes about what is to be trained and how.
#[derive(Debug, Clone)]
pub enum ExperimentAction {
    /// Open a recipe that ships with the program: its name.
    OpenRecipe(String),
    /// Make the layers of the model in hand, and how its data was divided, those of the experiment.
    TakeNetwork,
    /// Take the last change to the experiment back.
    Undo,
}

/// Wishes about the run that is wanted or goes on.
#[derive(Debug, Clone, Copy)]
pub enum TrainingAction {
    /// Start a run with the settings as they are.
    Train,
    /// Begin the run that waits for an answer, although much of its data cannot be read.
    TrainAnyway,
    /// Forget the run that waits for an answer.
    Leave,
    /// Look for a learning rate with the settings as they are.
    FindRate {
        /// Position of the phase, from 0.
        phase: usize,
    },
    /// Let the run wait, or go on.
    SetPaused(bool),
    /// End the run, keeping its best weights.
    Stop,
}

/// Wishes about the runs that were kept.
#[derive(Debug, Clone)]
pub enum RunsAction {
    /// List the runs again.
    List,
    /// Lay these runs over each other and compare them.
    Choose(Vec<PathBuf>),
    /// Go on with a run.
    Continue {
        /// Its folder.
        folder: PathBuf,
        /// Epochs beyond those it was begun for; 0 to end it as it was meant.
        more: usize,
    },
    /// Leave a run that was killed as it is, and do not ask again.
    Leave(PathBuf),
    /// Take over a run's experiment, ready to be changed and trained.
    TrainAgain(PathBuf),
    /// Move runs to the system's bin; the user was asked.
    Discard(Vec<PathBuf>),
}

/// Wishes about the model in hand.
#[derive(Debug, Clone)]
pub enum ModelAction {
    /// Take the model of this file, or that of a run's folder with all that the run recorded.
    Load(PathBuf),
    /// Classify images.
    Predict(Vec<ImageSource>),
    /// Draw a random shape and classify it.
    DrawShape,
    /// Forget earlier answers.
    ClearPredictions,
    /// Evaluate the current model on a part of the dataset.
    Evaluate {
        /// Which part; `None` for every image.
        part: Option<SplitName>,
        /// With which weights of its run.
        weights: Weights,
    },
    /// Look for an image that excites a unit.
    Maximise(MaximiseConfig),
}

/// Wishes of the window "Datasets and weights".
#[derive(Debug, Clone)]
pub enum DownloadsAction {
    /// Show or hide it.
    Toggle,
    /// Download a public dataset or weights, or go on with it.
    Begin(String),
    /// Stop a download, keeping what has arrived.
    Pause(String),
    /// Stop a download and throw away what has arrived.
    Cancel(String),
}

/// Wishes about the window and what it looks at.
#[derive(Debug, Clone)]
pub enum WindowAction {
    /// Open whatever this is, by what it holds ([`crate::engine::Thing`]).
    OpenPath(PathBuf),
    /// Do what was asked about, or leave it.
    Answer(bool),
    /// Open a file or folder with the system's program for it.
    ShowFile(PathBuf),
    /// Open an address on the web in the system's browser.
    ShowAddress(String),
    /// Take the last change back that the shown step can make: see [`super::state::AppState::undo_redo`].
    Undo,
    /// Make it again.
    Redo,
    /// The selection before this one.
    Back,
    /// The selection after this one.
    Forward,
    /// Show a step's workspace.
    GoTo(Step),
    /// Put every workspace back to its default.
    ResetLayout,
    /// Show or hide the list of shortcuts.
    ToggleShortcuts,
    /// Show or hide the event log.
    ToggleLog,
    /// Show or hide the field to type a path into.
    TogglePathField,
    /// Light, dark, or as the system says.
    SetTheme(ThemePreference),
    /// Take a notification away.
    Dismiss(u64),
    /// Close the window.
    Quit,
}

macro_rules! from_groups {
    ($($variant:ident($group:ty)),* $(,)?) => {
        $(impl From<$group> for Action {
            fn from(action: $group) -> Self {
                Self::$variant(action)
            }
        })*
    };
}

from_groups!(
    Ask(Purpose),
    Data(DataAction),
    Design(DesignAction),
    Edit(EditAction),
    Experiment(ExperimentAction),
    Training(TrainingAction),
    Runs(RunsAction),
    Model(ModelAction),
    Downloads(DownloadsAction),
    Window(WindowAction),
);

impl From<Saving> for Action {
    fn from(saving: Saving) -> Self {
        Self::Ask(Purpose::Save(saving))
    }
}

impl Action {
    /// Whether it takes in what was typed or set in a field. Such actions go first in a frame: a button above a field that
    /// is clicked while the field is being typed into means what stands in it.
    pub fn is_edit(&self) -> bool {
        matches!(self, Self::Design(_) | Self::Edit(_))
    }
}
