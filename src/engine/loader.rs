//! The loader thread: opens datasets and decodes their images into the cache.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crossbeam_channel::Receiver;

use super::{
    events::{Event, Level},
    job::{self, JobContext, JobError, JobId, Jobs},
    queue::EventSender,
    threads,
};
use crate::{
    data::{
        Dataset, Edits, ImageStore, PixelCache, Split, SplitConfig,
        cache::PixelFormat,
        dataset::{SourceKind, display_path},
        doctor::{Examination, Readings},
        edits, files,
        sources::{self, SourceError},
        stats,
    },
    model::weights::catalogue as weights,
    resources,
    worker::Worker,
};

/// Folders that the engine works in.
#[derive(Debug, Clone)]
pub struct Folders {
    /// What can be made again: decoded images, unpacked archives.
    pub cache: PathBuf,
    /// What the user changed about datasets.
    pub edits: PathBuf,
    /// Downloaded weights of backbones.
    pub weights: PathBuf,
}

impl Default for Folders {
    /// The user's own folders.
    fn default() -> Self {
        Self {
            cache: files::default_cache_folder(),
            edits: edits::default_folder(),
            weights: weights::default_folder(),
        }
    }
}

impl Folders {
    /// Everything in one folder, for tests.
    pub fn below(folder: &Path) -> Self {
        Self {
            cache: folder.join("cache"),
            edits: folder.join("edits"),
            weights: folder.join("weights"),
        }
    }

    /// Where it is kept in which way each network computes on this machine.
    pub fn choices(&self) -> PathBuf {
        self.cache.join(files::CHOICES_FOLDER)
    }
}

/// A dataset that was opened. No image was decoded for it.
#[derive(Debug, Clone)]
pub struct OpenDataset {
    /// Identifies it in events: the job that opened it. Edits do not change it.
    pub id: JobId,
    /// As its source has it, with what was found broken.
    pub base: Arc<Dataset>,
    /// What the user changed.
    pub edits: Arc<Edits>,
    /// As the user wants it: [`Self::base`] with [`Self::edits`].
    pub dataset: Arc<Dataset>,
    /// Where the pixels are.
    pub images: Arc<ImageStore>,
}

impl OpenDataset {
    /// The same dataset with other edits.
    #[must_use]
    pub fn with_edits(&self, edits: Arc<Edits>) -> Self {
        Self {
            dataset: Arc::new(edits.apply(&self.base)),
            edits,
            ..self.clone()
        }
    }

    /// The same dataset with what is now known to be broken.
    #[must_use]
    pub fn with_broken(&self, broken: &BTreeMap<usize, String>) -> Self {
        let mark = |dataset: &Arc<Dataset>| {
            let mut dataset = Dataset::clone(dataset);
            dataset.broken.extend(broken.clone());
            Arc::new(dataset)
        };
        Self {
            base: mark(&self.base),
            dataset: mark(&self.dataset),
            ..self.clone()
        }
    }
}

/// What to open.
#[derive(Debug, Clone)]
pub struct OpenRequest {
    /// A folder or file.
    pub path: PathBuf,
    /// What to take it for; `None` finds out.
    pub kind: Option<SourceKind>,
    /// What the user changed; `None` reads what was kept of earlier times.
    pub edits: Option<Edits>,
}

impl OpenRequest {
    /// `path`, whatever it is, with the changes made to it earlier.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            kind: None,
            edits: None,
        }
    }
}

/// What to examine.
#[derive(Debug, Clone)]
pub struct ExamineRequest {
    /// The dataset.
    pub open: Arc<OpenDataset>,
    /// Which parts to look at.
    pub split: ExamineSplit,
    /// What an earlier examination of the same dataset read; its files are then not read again.
    pub readings: Option<Arc<Readings>>,
}

/// The parts in which an examination looks for pictures that stand in two of them.
#[derive(Debug, Clone)]
pub enum ExamineSplit {
    /// Those that the dataset gives and the user moved samples to.
    Given,
    /// Those that were drawn.
    Drawn(Arc<Split>),
}

impl ExamineSplit {
    fn of(&self, dataset: &Dataset) -> Result<Arc<Split>, String> {
        match self {
            Self::Drawn(split) => Ok(Arc::clone(split)),
            Self::Given => {
                // Nothing is drawn besides.
                let config = SplitConfig {
                    given: true,
                    validation: 0.0,
                    test: 0.0,
                    first_train: None,
                    ..SplitConfig::default()
                };
                let split = Split::new(dataset, &config).map_err(|error| error.to_string())?;
                Ok(Arc::new(split))
            }
        }
    }
}

pub enum Command {
    /// Find classes and samples.
    Open {
        context: JobContext,
        request: OpenRequest,
    },
    /// Look for what is wrong.
    Examine {
        context: JobContext,
        request: ExamineRequest,
    },
    /// Measure the channels of the training part.
    Measure {
        context: JobContext,
        open: Arc<OpenDataset>,
        split: Arc<Split>,
        format: PixelFormat,
    },
    /// Decode every image, so that a run can start at once.
    Prepare {
        context: JobContext,
        open: Arc<OpenDataset>,
        format: PixelFormat,
    },
}

pub fn spawn(jobs: Jobs, events: EventSender, folders: Folders) -> io::Result<Worker<Command>> {
    threads::start(("loader", "opens datasets"), events, move |commands| {
        serve(&commands, &jobs, &folders);
    })
}

fn serve(commands: &Receiver<Command>, jobs: &Jobs, folders: &Folders) {
    for command in commands {
        match command {
            Command::Open { context, request } => {
                job::run(&context, jobs, || open(&context, folders, &request));
            }
            Command::Examine { context, request } => {
                job::run(&context, jobs, || examine(&context, &request));
            }
            Command::Measure {
                context,
                open,
                split,
                format,
            } => {
                job::run(&context, jobs, || {
                    measure(&context, &folders.cache, &open, &split, format)
                });
            }
            Command::Prepare {
                context,
                open,
                format,
            } => {
                job::run(&context, jobs, || {
                    pixels(&context, &folders.cache, &open, format)?;
                    context.events.send(Event::Prepared { job: context.id });
                    Ok(())
                });
            }
        }
    }
}

fn open(context: &JobContext, folders: &Folders, request: &OpenRequest) -> Result<(), JobError> {
    let opened = sources::open(&sources::Request {
        path: &resources::resolve(&request.path),
        kind: request.kind,
        cache: &folders.cache,
        cancel: &context.cancel,
        progress: &|done, total| context.progress(done, total),
    })
    .map_err(|error| match error {
        SourceError::Cancelled(_) => JobError::Cancelled,
        error => JobError::Failed(error.to_string()),
    })?;
    if let Some(instead) = &opened.images.instead_of_cache {
        context.events.send(Event::Note {
            level: Level::Warning,
            message: instead.words.clone(),
        });
    }
    let edits = match &request.edits {
        Some(edits) => edits.clone(),
        None => {
            let sidecar = edits::sidecar(&folders.edits, &opened.dataset.opened);
            Edits::load(&sidecar).unwrap_or_else(|error| {
                context.events.send(Event::Note {
                    level: Level::Warning,
                    message: format!("{error}; the dataset is shown without changes"),
                });
                Edits::default()
            })
        }
    };
    let base = Arc::new(opened.dataset);
    let dataset = OpenDataset {
        id: context.id,
        dataset: Arc::new(edits.apply(&base)),
        edits: Arc::new(edits),
        base,
        images: Arc::new(opened.images),
    };
    context.events.send(Event::DatasetOpened {
        job: context.id,
        dataset: Arc::new(dataset),
    });
    Ok(())
}

fn examine(context: &JobContext, request: &ExamineRequest) -> Result<(), JobError> {
    let dataset = &request.open.dataset;
    let split = request.split.of(dataset)?;
    let readings = match &request.readings {
        Some(readings) => Arc::clone(readings),
        None => {
            let progress = |done, total| context.progress(done, total);
            let images = &request.open.images;
            Arc::new(Readings::read(dataset, images, &context.cancel, &progress)?)
        }
    };
    let examination = Arc::new(Examination::new(dataset, &split, &readings));
    context.events.send(Event::Examined {
        job: context.id,
        examination,
        readings,
    });
    Ok(())
}

fn measure(
    context: &JobContext,
    cache: &Path,
    open: &OpenDataset,
    split: &Split,
    format: PixelFormat,
) -> Result<(), JobError> {
    let (_, pixels) = pixels(context, cache, open, format)?;
    let progress = |done, total| context.progress(done, total);
    let stats = stats::channel_stats(&pixels, &split.train, &context.cancel, &progress)?;
    let stats = stats.ok_or_else(|| {
        JobError::Failed("the training part has no images: give less to the others".into())
    })?;
    context.events.send(Event::ChannelsMeasured {
        job: context.id,
        stats,
    });
    Ok(())
}

/// The pixels of all samples in `format`, decoding first what never was; tells what is broken, and gives the
/// dataset without it.
///
/// # Errors
/// One sentence, or that it was cancelled.
pub fn pixels(
    context: &JobContext,
    cache: &Path,
    open: &OpenDataset,
    format: PixelFormat,
) -> Result<(Dataset, PixelCache), JobError> {
    let pixels = PixelCache::open(
        cache,
        &open.dataset,
        &open.images,
        format,
        &context.cancel,
        &|done, total| context.progress(done, total),
    )?;
    if let Some(words) = pixels.damaged() {
        return Err(JobError::Failed(words));
    }
    if let Some(words) = pixels.unwritten() {
        context.events.send(Event::Note {
            level: Level::Warning,
            message: words.to_owned(),
        });
    }
    context.tell_refused_locks();
    let mut dataset = Dataset::clone(&open.dataset);
    dataset.broken.clone_from(pixels.broken());
    if pixels.broken() != &open.dataset.broken {
        context.events.send(Event::BrokenFound {
            dataset: open.id,
            broken: Arc::new(pixels.broken().clone()),
        });
    }
    if dataset.broken.len() == dataset.samples.len() {
        return Err(JobError::Failed(format!(
            "none of the {} images in {} can be opened: check that they are whole",
            dataset.samples.len(),
            display_path(&dataset.opened)
        )));
    }
    Ok((dataset, pixels))
}
