//! The downloader thread: the catalogues of public datasets and weights, and one download after the other.

use std::{
    io,
    path::{Path, PathBuf},
};

use crossbeam_channel::Receiver;

use super::{
    events::{Event, Level},
    job::{self, JobContext, JobError, Jobs},
    queue::EventSender,
    threads,
};
use crate::{
    data::{
        catalogue::{Catalogue, Entry},
        datasets_folder::{self, Status},
        download::{DownloadError, Options},
    },
    model::{spec::Backbone, weights::catalogue::Weights},
    worker::Worker,
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

pub enum Command {
    /// Read the catalogue (the shipped one unless a file is named) and look what is in `folder`.
    List {
        context: JobContext,
        catalogue: Option<PathBuf>,
        folder: PathBuf,
    },
    /// Download what is missing of a dataset.
    Fetch {
        context: JobContext,
        entry: Box<Entry>,
        folder: PathBuf,
    },
    /// Throw an unfinished download away.
    Discard {
        events: EventSender,
        entry: Box<Entry>,
        folder: PathBuf,
    },
}

pub fn spawn(jobs: Jobs, events: EventSender, weights: PathBuf) -> io::Result<Worker<Command>> {
    threads::start(("downloader", "downloads"), events, move |commands| {
        serve(&commands, &jobs, &weights);
    })
}

fn serve(commands: &Receiver<Command>, jobs: &Jobs, weights: &Path) {
    for command in commands {
        match command {
            Command::List {
                context,
                catalogue,
                folder,
            } => job::run(&context, jobs, || {
                list(&context, catalogue.as_deref(), &folder, weights)
            }),
            Command::Fetch {
                context,
                entry,
                folder,
            } => job::run(&context, jobs, || fetch(&context, &entry, &folder)),
            Command::Discard {
                events,
                entry,
                folder,
            } => {
                if let Err(error) = datasets_folder::discard_unfinished(&entry, &folder) {
                    let message = format!("Could not delete the unfinished download: {error}");
                    let level = Level::Warning;
                    events.send(Event::Note { level, message });
                }
            }
        }
    }
}

fn list(
    context: &JobContext,
    catalogue: Option<&Path>,
    folder: &Path,
    weights: &Path,
) -> Result<(), JobError> {
    let catalogue = Catalogue::load_from(catalogue).map_err(|error| error.to_string())?;
    let published = Weights::load_from(None).map_err(|error| error.to_string())?;
    let datasets = catalogue.datasets.iter().map(|entry| (entry, folder));
    let published_entries = published.weights.iter().map(|weights| &weights.entry);
    for (entry, folder) in datasets.chain(published_entries.map(|entry| (entry, weights))) {
        datasets_folder::sweep(entry, folder);
    }
    let datasets = catalogue.datasets.into_iter().map(|entry| Listed {
        status: datasets_folder::status(&entry, folder),
        weights_of: None,
        entry,
    });
    let weights = published.weights.into_iter().map(|published| Listed {
        status: datasets_folder::status(&published.entry, weights),
        weights_of: Some(published.architecture),
        entry: published.entry,
    });
    context.events.send(Event::DatasetsListed {
        job: context.id,
        datasets: datasets.chain(weights).collect(),
    });
    Ok(())
}

fn fetch(context: &JobContext, entry: &Entry, folder: &Path) -> Result<(), JobError> {
    // 0 of 0 says that nobody knows how much it will be.
    let tell = |done: u64, total: Option<u64>| {
        context.progress(done as usize, total.unwrap_or(0) as usize);
    };
    let options = Options::default();
    let fetched = datasets_folder::fetch(entry, folder, &options, &context.cancel, &tell);
    let fetched = fetched.map_err(|error| match error {
        DownloadError::Cancelled(_) => JobError::Cancelled,
        error => JobError::Failed(error.to_string()),
    })?;
    context.tell_refused_locks();
    context.events.send(Event::Downloaded {
        job: context.id,
        name: entry.name.clone(),
        fetched,
    });
    Ok(())
}
