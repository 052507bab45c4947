//! The downloader lane: the catalogues of public datasets and weights, and one download after the other.

use std::{convert::Infallible, path::PathBuf};

use super::{
    answer::Kind,
    job::{JobContext, JobError, failed},
    task::{LaneState, Task},
};
use crate::{
    data::{
        catalogue::{Catalogue, Entry},
        datasets_folder::{self, Fetched, Status},
        download::{DownloadError, Options},
    },
    model::{spec::Backbone, weights::catalogue::Weights},
};

/// A dataset or a file of weights and how much of it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The network that it holds the weights of; `None` for a dataset.
    pub weights_of: Option<Backbone>,
    /// What the catalogue says.
    pub entry: Entry,
    /// What is there.
    pub status: Status,
}

/// What the downloader keeps.
pub struct Downloader {
    /// The folder of downloaded weights.
    pub weights: PathBuf,
}

impl LaneState for Downloader {}

/// Lists the public datasets and how much of each is there, and the weights of backbones.
#[derive(Debug, Clone)]
pub struct ListDatasets {
    /// Another list of datasets than the shipped one.
    pub catalogue: Option<PathBuf>,
    /// Where datasets are downloaded to.
    pub folder: PathBuf,
}

impl Task for ListDatasets {
    /// In the catalogue's order, weights last.
    type Answer = Vec<Listed>;
    type Partial = Infallible;
    const KIND: Kind = Kind::new("list the public datasets");
    type Lane = Downloader;

    fn run(&self, lane: &mut Downloader, _: &JobContext) -> Result<Vec<Listed>, JobError> {
        let catalogue = Catalogue::load(self.catalogue.as_deref()).map_err(failed)?;
        let published = Weights::load_from(None).map_err(failed)?;
        let datasets = catalogue.datasets.into_iter();
        let datasets = datasets.map(|entry| (entry, None, &self.folder));
        let weights = published.weights.into_iter();
        let weights =
            weights.map(|weights| (weights.entry, Some(weights.architecture), &lane.weights));
        let listed = datasets.chain(weights).map(|(entry, weights_of, folder)| {
            datasets_folder::sweep(&entry, folder);
            Listed {
                status: datasets_folder::status(&entry, folder),
                weights_of,
                entry,
            }
        });
        Ok(listed.collect())
    }
}

/// Downloads what is missing of a public dataset or of weights into `folder/NAME`, after those asked for earlier.
/// Cancelling keeps what has arrived; the next download goes on from there.
#[derive(Debug, Clone)]
pub struct Download {
    /// What the catalogue says.
    pub entry: Entry,
    /// Where it goes.
    pub folder: PathBuf,
}

impl Task for Download {
    /// What to open: all of the dataset or weights is there.
    type Answer = Fetched;
    type Partial = Infallible;
    const KIND: Kind = Kind::new("download the dataset");
    type Lane = Downloader;

    fn run(&self, _: &mut Downloader, context: &JobContext) -> Result<Fetched, JobError> {
        // 0 of 0 says that nobody knows how much it will be.
        let tell = |done: u64, total: Option<u64>| {
            context.progress(done as usize, total.unwrap_or(0) as usize);
        };
        let options = Options::default();
        let cancel = &context.cancel;
        let fetched = datasets_folder::fetch(&self.entry, &self.folder, &options, cancel, &tell);
        let fetched = fetched.map_err(|error| match error {
            DownloadError::Cancelled(_) => JobError::Cancelled,
            error => failed(error),
        })?;
        context.tell_refused_locks();
        Ok(fetched)
    }
}
