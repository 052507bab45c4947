//! What panels ask for. They push actions; the app carries them out after drawing.

use std::{path::PathBuf, sync::Arc};

use eframe::egui::ThemePreference;

use super::{
    design::DesignAction, dialogs::Purpose, slots::Wish, state::Selection, workspace::Step,
};
use crate::{
    data::{
        Edit, Picture, SplitConfig, SplitName, augment::AugmentationConfig, dataset::SourceKind,
    },
    engine::{ImageSource, JobId},
    inspect::maximise::MaximiseConfig,
    model::spec::Preprocessing,
    train::{
        EpochRecord, TrainingConfig,
        checkpoint::Weights,
        runs::{RunNotes, several::NamedHistory},
    },
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
    /// Open whatever this is, by what it holds ([`crate::engine::Thing`]).
    OpenPath(PathBuf),
    /// Do what was asked about, or leave it.
    Answer(bool),
    /// Open a folder as a dataset.
    OpenDataset(PathBuf),
    /// Open a dataset that ships with the program: its name in `datasets`.
    OpenBundled(&'static str),
    /// Open the dataset again as another kind of source.
    ReadAs(SourceKind),
    /// Change something about the dataset; the user's files stay as they are.
    Edit(Edit),
    /// Change the layers, or what is chosen among them.
    Design(DesignAction),
    /// Open a recipe that ships with the program: its name.
    OpenRecipe(String),
    /// Take the last change back that the shown step can make: see [`super::state::AppState::undo_redo`].
    Undo,
    /// Make it again.
    Redo,
    /// Take the last change to the dataset back.
    UndoEdits,
    /// Make it again.
    RedoEdits,
    /// Take the last change to the experiment back.
    UndoExperiment,
    /// Take every change to the dataset back.
    ClearEdits,
    /// Take the model of this file, or that of a run's folder with all that the run recorded.
    LoadModel(PathBuf),
    /// Make the layers of the model in hand, and how its data was divided, those of the experiment.
    TakeNetwork,
    /// Open the dataset that the model in hand was trained on.
    OpenDatasetOfModel,
    /// Write the current model here.
    SaveModel(PathBuf),
    /// Start a run with the settings as they are.
    Train,
    /// Look for a learning rate with the settings as they are.
    FindRate {
        /// Position of the phase, from 0.
        phase: usize,
    },
    /// Let the run wait, or go on.
    SetPaused(bool),
    /// End the run, keeping its best weights.
    Stop,
    /// Change the full learning rate of the run's phase.
    SetLearningRate(f64),
    /// Change the training settings.
    EditTraining(TrainingConfig),
    /// Change the split.
    EditSplit(SplitConfig),
    /// Change how training images vary.
    EditAugmentation(AugmentationConfig),
    /// Look for what is wrong with the dataset.
    Examine,
    /// Measure mean and standard deviation of the training images' channels.
    MeasureChannels,
    /// Change how pixel values are normalised.
    EditPreprocessing(Preprocessing),
    /// Change the shared selection.
    Select(Selection),
    /// The selection before this one.
    Back,
    /// The selection after this one.
    Forward,
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
    /// Decide the evaluation at this probability of the second class; `None` for the model's own.
    SetThreshold(Option<f64>),
    /// Look for an image that excites a unit.
    Maximise(MaximiseConfig),
    /// Write a picture to a PNG file.
    SavePicture(Arc<Picture>),
    /// End a job.
    Cancel(JobId),
    /// Show a step's workspace.
    GoTo(Step),
    /// Put every workspace back to its default.
    ResetLayout,
    /// Show or hide the list of shortcuts.
    ToggleShortcuts,
    /// Show or hide the event log.
    ToggleLog,
    /// Show or hide the field to type a path into.
    TogglePathField {
        /// What was typed before the field was there.
        typed: String,
    },
    /// Show or hide the public datasets and weights.
    ToggleCatalogue,
    /// Download a public dataset or weights, or go on with it.
    Download(String),
    /// Stop a download, keeping what has arrived.
    PauseDownload(String),
    /// Stop a download and throw away what has arrived.
    CancelDownload(String),
    /// Light, dark, or as the system says.
    SetTheme(ThemePreference),
    /// Take a notification away.
    Dismiss(u64),
    /// The browser shows these samples, in this order.
    Browsed(Arc<[usize]>),
    /// Show these images of the dataset, and only these, in the Data step: the first is selected, all are marked.
    ShowImages {
        /// The images.
        samples: Arc<[usize]>,
        /// What they are, for people.
        words: Arc<str>,
    },
    /// Look for images whose pixels are like those of this sample.
    FindSimilar(usize),
    /// List the runs again.
    ListRuns,
    /// Lay these runs over each other and compare them.
    ChooseRuns(Vec<PathBuf>),
    /// Begin the run that waits for an answer, although much of its data cannot be read.
    TrainAnyway,
    /// Forget the run that waits for an answer.
    LeaveTraining,
    /// Show the images that cannot be read.
    ShowUnreadable,
    /// Go on with a run.
    ContinueRun {
        /// Its folder.
        folder: PathBuf,
        /// Epochs beyond those it was begun for; 0 to end it as it was meant.
        more: usize,
    },
    /// Leave a run that was killed as it is, and do not ask again.
    LeaveRun(PathBuf),
    /// Take over a run's experiment, ready to be changed and trained.
    TrainAgain(PathBuf),
    /// Write about a run.
    DescribeRun {
        /// Its folder.
        folder: PathBuf,
        /// What is said about it.
        notes: RunNotes,
    },
    /// Move runs to the system's bin; the user was asked.
    DiscardRuns(Vec<PathBuf>),
    /// Open a file or folder with the system's program for it.
    ShowFile(PathBuf),
    /// Ask where to, then write epochs as a table, or as a picture of their curves.
    SaveHistory {
        /// The epochs.
        history: Arc<[EpochRecord]>,
        /// Whether a picture is wanted.
        picture: bool,
    },
    /// The same for the epochs of several runs.
    SaveHistories {
        /// The runs.
        runs: Arc<[NamedHistory]>,
        /// Whether a picture is wanted.
        picture: bool,
    },
    /// Close the window.
    Quit,
}

impl Action {
    /// Whether it takes in what was typed or set in a field. Such actions go first in a frame: a button above a field that
    /// is clicked while the field is being typed into means what stands in it.
    pub fn is_edit(&self) -> bool {
        matches!(
            self,
            Self::Edit(_)
                | Self::Design(_)
                | Self::EditTraining(_)
                | Self::EditSplit(_)
                | Self::EditAugmentation(_)
                | Self::EditPreprocessing(_)
                | Self::SetLearningRate(_)
                | Self::SetThreshold(_)
                | Self::DescribeRun { .. }
        )
    }
}
