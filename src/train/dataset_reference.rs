//! Finding the dataset that an experiment names.

use std::path::PathBuf;

use super::experiment::{DatasetReference, Experiment};
use crate::{
    data::{
        catalogue::Catalogue,
        dataset::display_path,
        datasets_folder::{self, Status},
    },
    resources,
};

impl DatasetReference {
    /// Where the dataset is: the path itself, beside the program, or among the downloaded public ones.
    pub fn find(&self) -> Option<PathBuf> {
        let path = resources::resolve(&self.path);
        if path.exists() {
            return Some(path);
        }
        let catalogue = Catalogue::load(None).ok()?;
        let entry = catalogue.find(self.path.to_str()?).ok()?;
        match datasets_folder::status(entry, &datasets_folder::default_folder()) {
            Status::Ready(fetched) => Some(fetched.path),
            Status::Absent | Status::Partial { .. } => None,
        }
    }
}

/// Makes `experiment` name a dataset that is there: its own, wherever that was found, or else `open`, the one that the
/// user has open, or else its stand-in. Returns a sentence when it is not its own. When none is there, nothing changes.
pub fn locate(experiment: &mut Experiment, open: Option<DatasetReference>) -> Option<String> {
    let reference = &mut experiment.dataset;
    if let Some(path) = reference.find() {
        reference.path = path;
        return None;
    }
    if let Some(open) = open {
        let words = format!(
            "The dataset {} is not here: {}, which is open, is used. Download it, or open another",
            display_path(&reference.path),
            display_path(&open.path)
        );
        (reference.path, reference.kind) = (open.path, open.kind);
        return Some(words);
    }
    let stand_in = resources::resolve(reference.stand_in.as_ref()?);
    if !stand_in.exists() {
        return None;
    }
    let words = format!(
        "The dataset {} is not here: {} stands in for it. Download it, or open your own",
        display_path(&reference.path),
        display_path(&stand_in)
    );
    reference.path = stand_in;
    reference.kind = None;
    Some(words)
}
