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
    fn find(&self) -> Option<PathBuf> {
        let path = resources::resolve(&self.path);
        if path.exists() {
            return Some(path);
        }
        let catalogue = Catalogue::load().ok()?;
        let entry = catalogue.find(self.path.to_str()?).ok()?;
        match datasets_folder::status(entry, &datasets_folder::default_folder()) {
            Status::Ready(fetched) => Some(fetched.path),
            Status::Absent | Status::Partial { .. } => None,
        }
    }
}

/// Makes `experiment` name a dataset that is there: its own, wherever that was found, or else its stand-in.
/// Returns a sentence when it is the stand-in. When neither is there, nothing changes.
pub fn locate(experiment: &mut Experiment) -> Option<String> {
    let reference = &mut experiment.dataset;
    if let Some(path) = reference.find() {
        reference.path = path;
        return None;
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
