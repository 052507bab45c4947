//! The loader lane: opens datasets, decodes their images into the cache and examines them.

use std::{convert::Infallible, path::PathBuf, sync::Arc};

use super::{
    answer::Kind,
    events::Level,
    folders::Folders,
    job::{JobContext, JobError, failed},
    open_dataset::{OpenDataset, pixels},
    task::{LaneState, Task},
};
use crate::{
    data::{
        Dataset, Division, Edits, Split, SplitConfig,
        cache::PixelFormat,
        dataset::SourceKind,
        doctor::{Examination, Readings},
        edits,
        sources::{self, SourceError},
        stats::{self, ChannelStats},
    },
    resources,
};

/// What the loader keeps.
#[derive(Debug)]
pub struct Loader {
    /// Where decoded images and edits are.
    pub folders: Folders,
}

impl LaneState for Loader {}

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
    /// The parts that were drawn, in which it looks for pictures that stand in two of them; `None` for those that the dataset gives.
    pub drawn: Option<Arc<Division>>,
    /// What an earlier examination of the same dataset read; its files are then not read again.
    pub readings: Option<Arc<Readings>>,
}

/// The parts that the dataset gives and the user moved samples to.
fn given_parts(dataset: &Dataset) -> Result<Arc<Split>, JobError> {
    // Nothing is drawn besides.
    let config = SplitConfig {
        given: true,
        validation: 0.0,
        test: 0.0,
        first_train: None,
        ..SplitConfig::default()
    };
    Split::new(dataset, &config).map(Arc::new).map_err(failed)
}

/// Measures mean and standard deviation of the channels of a division's training part.
#[derive(Debug, Clone)]
pub struct MeasureChannels {
    /// The dataset.
    pub open: Arc<OpenDataset>,
    /// What stands in which part.
    pub division: Arc<Division>,
    /// The size at which they are measured.
    pub format: PixelFormat,
}

/// Decodes every image of a dataset in the background, so that a run can start at once.
#[derive(Debug, Clone)]
pub struct Prepare {
    /// The dataset.
    pub open: Arc<OpenDataset>,
    /// What the images are decoded to.
    pub format: PixelFormat,
}

/// What an examination found.
#[derive(Debug, Clone)]
pub struct Examined {
    /// What is wrong.
    pub examination: Arc<Examination>,
    /// What was read, to judge again after an edit without reading again.
    pub readings: Arc<Readings>,
}

impl Task for OpenRequest {
    type Answer = OpenDataset;
    type Partial = Infallible;
    const KIND: Kind = Kind::new("open the dataset").heavy().newest_wins();
    type Lane = Loader;

    fn run(&self, lane: &mut Loader, context: &JobContext) -> Result<OpenDataset, JobError> {
        let opened = sources::open(&sources::Request {
            path: &resources::resolve(&self.path),
            kind: self.kind,
            cache: &lane.folders.cache,
            limits: sources::Limits::default(),
            cancel: &context.cancel,
            progress: &|done, total| context.progress(done, total),
        })
        .map_err(|error| match error {
            SourceError::Cancelled(_) => JobError::Cancelled,
            error => failed(error),
        })?;
        if let Some(instead) = &opened.images.instead_of_cache {
            context.note(Level::Warning, &instead.words);
        }
        let edits = match &self.edits {
            Some(edits) => edits.clone(),
            None => {
                let sidecar = edits::sidecar(&lane.folders.edits, &opened.dataset.opened);
                Edits::load(&sidecar).unwrap_or_else(|error| {
                    let words = format!("{error}; the dataset is shown without changes");
                    context.note(Level::Warning, words);
                    Edits::default()
                })
            }
        };
        let base = Arc::new(opened.dataset);
        Ok(OpenDataset {
            id: context.id,
            dataset: Arc::new(edits.apply(&base)),
            edits: Arc::new(edits),
            base,
            images: Arc::new(opened.images),
        })
    }
}

impl Task for ExamineRequest {
    type Answer = Examined;
    type Partial = Infallible;
    const KIND: Kind = Kind::new("examine the dataset").heavy().newest_wins();
    type Lane = Loader;

    fn run(&self, _: &mut Loader, context: &JobContext) -> Result<Examined, JobError> {
        let dataset = &self.open.dataset;
        let split = match &self.drawn {
            Some(division) => Arc::clone(&division.split),
            None => given_parts(dataset)?,
        };
        let readings = match &self.readings {
            Some(readings) => Arc::clone(readings),
            None => {
                let progress = |done, total| context.progress(done, total);
                let images = &self.open.images;
                Arc::new(Readings::read(dataset, images, &context.cancel, &progress)?)
            }
        };
        let examination = Arc::new(Examination::new(dataset, &split, &readings));
        Ok(Examined {
            examination,
            readings,
        })
    }
}

impl Task for MeasureChannels {
    type Answer = ChannelStats;
    type Partial = Infallible;
    const KIND: Kind = Kind::new("measure the channels").heavy().newest_wins();
    type Lane = Loader;

    fn run(&self, lane: &mut Loader, context: &JobContext) -> Result<ChannelStats, JobError> {
        let (_, pixels) = pixels(context, &lane.folders.cache, &self.open, self.format)?;
        let progress = |done, total| context.progress(done, total);
        let train = &self.division.split.train;
        let stats = stats::channel_stats(&pixels, train, &context.cancel, &progress)?;
        stats.ok_or_else(|| {
            JobError::Failed("the training part has no images: give less to the others".into())
        })
    }
}

impl Task for Prepare {
    type Answer = ();
    type Partial = Infallible;
    const KIND: Kind = Kind::new("read the images").heavy().newest_wins();
    type Lane = Loader;

    fn run(&self, lane: &mut Loader, context: &JobContext) -> Result<(), JobError> {
        pixels(context, &lane.folders.cache, &self.open, self.format)?;
        Ok(())
    }
}
