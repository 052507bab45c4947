//! What is written where the user says, and how its dialog looks. The app makes of it what the file worker writes.

use std::sync::Arc;

use super::dialogs::Format;
use crate::{data::Picture, train::runs::several::NamedHistory};

/// Something that is written where the user says.
#[derive(Debug, Clone)]
pub enum Saving {
    /// The model in hand.
    Model,
    /// What is to be trained and how.
    Experiment,
    /// The layers alone.
    Layers,
    /// What was changed about the dataset.
    Edits,
    /// What was said about each image of the dataset.
    Predictions,
    /// What was said about dropped and chosen images.
    Answers,
    /// A picture.
    Picture(Arc<Picture>),
    /// Epochs as a table; of several runs one after the other.
    History(Arc<[NamedHistory]>),
    /// The curves of epochs as a picture; of several runs over each other.
    Curves(Arc<[NamedHistory]>),
}

/// Models that can be opened again.
pub(super) const MODELS: &[Format] = &[("models (.safetensors)", &["safetensors"])];
pub(super) const EXPERIMENTS: &[Format] = &[("experiments (.ron)", &["ron"])];
pub(super) const LAYERS: &[Format] = &[("layers (.ron)", &["ron"])];
const EDITS: &[Format] = &[("changes (.ron)", &["ron"])];
const PICTURES: &[Format] = &[("pictures (.png)", &["png"])];
const TABLES: &[Format] = &[("tables (.csv)", &["csv"])];

impl Saving {
    /// What it is called, the title of its dialog, what is kept in the same place, and the formats it can have: the
    /// first is proposed.
    pub(super) fn row(&self) -> (&'static str, &'static str, &'static str, &'static [Format]) {
        match self {
            Self::Model => ("model", "Save model", "models", MODELS),
            Self::Experiment => ("experiment", "Save experiment", "experiments", EXPERIMENTS),
            Self::Layers => ("layers", "Export layers", "experiments", LAYERS),
            Self::Edits => ("changes", "Export changes", "experiments", EDITS),
            Self::Predictions => ("predictions", "Export predictions", "figures", TABLES),
            Self::Answers => ("answers", "Export answers", "figures", TABLES),
            Self::Picture(_) => ("picture", "Save picture", "figures", PICTURES),
            Self::History(_) => ("history", "Save history", "figures", TABLES),
            Self::Curves(_) => ("curves", "Save curves", "figures", PICTURES),
        }
    }
}
