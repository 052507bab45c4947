//! What is written where the user says, in which formats of the table, and how its dialog looks.

use std::{path::Path, sync::Arc};

use crate::{
    data::Picture,
    export::{FORMATS, Format, Need},
    train::runs::several::NamedHistory,
};

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

impl Saving {
    /// What it is called, the title of its dialog, and what is kept in the same place.
    pub(super) fn row(&self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Model => ("model", "Save model", "models"),
            Self::Experiment => ("experiment", "Save experiment", "experiments"),
            Self::Layers => ("layers", "Export layers", "experiments"),
            Self::Edits => ("changes", "Export changes", "experiments"),
            Self::Predictions => ("predictions", "Export predictions", "figures"),
            Self::Answers => ("answers", "Export answers", "figures"),
            Self::Picture(_) => ("picture", "Save picture", "figures"),
            Self::History(_) => ("history", "Save history", "figures"),
            Self::Curves(_) => ("curves", "Save curves", "figures"),
        }
    }

    /// The formats that it can have; the first is proposed. A model has all that need nothing else.
    pub(super) fn formats(&self) -> impl Iterator<Item = &'static Format> {
        let (what, ..) = self.row();
        let is_model = matches!(self, Self::Model);
        FORMATS.iter().filter(move |format| match is_model {
            true => format.needs == [Need::Model],
            false => format.name == what,
        })
    }

    /// The format that a file of this name has.
    pub(super) fn format_of(&self, name: &Path) -> Option<&'static Format> {
        let is_its = |format: &&Format| {
            let ending = name.extension();
            ending.is_some_and(|ending| ending.eq_ignore_ascii_case(format.ending))
        };
        self.formats().find(is_its).or(self.formats().next())
    }
}
