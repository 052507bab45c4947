//! The reader lane: quick answers while the loader is busy. Thumbnails, single images, experiment files,
//! edits and splits.

use std::{
    collections::{HashSet, VecDeque},
    convert::Infallible,
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rayon::{ThreadPool, prelude::*};

use super::{
    answer::Kind,
    events::{DataEvent, Event, Level},
    image_source::ImageSource,
    job::{JobContext, JobError, failed},
    open_dataset::OpenDataset,
    queue::EventSender,
    task::{LaneState, Task},
};
use crate::{
    data::{Division, Edits, Picture, SplitConfig, decode},
    model::{
        ModelSpec,
        spec_file::{self, SpecFileError},
        weights::examine::{self, Examined},
    },
    train::{Experiment, dataset_reference, experiment::DatasetReference, recipes},
};

/// Longest side of a thumbnail.
const THUMBNAIL_SIDE: u32 = 128;
/// Longest side of a picture shown large.
const LARGE_SIDE: u32 = 1024;
/// Thumbnails that wait; what was asked for longest ago is forgotten first, it has been scrolled past.
const MOST_WAITING: usize = 1_024;
/// Thumbnails made before commands are looked at again.
const AT_ONCE: usize = 8;
/// Threads of its own: those of a long job would let thumbnails wait until it ends.
const MOST_THREADS: usize = 4;

/// Threads for pictures that are looked through.
///
/// # Errors
/// When the system cannot start a thread.
pub fn few_threads() -> io::Result<ThreadPool> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    rayon::ThreadPoolBuilder::new()
        .num_threads(cores.min(MOST_THREADS))
        .thread_name(|number| format!("convscope-thumbnails-{number}"))
        .build()
        .map_err(io::Error::other)
}

/// What the reader keeps: thumbnails that wait, and threads to make them.
pub struct Reader {
    events: EventSender,
    pool: Arc<ThreadPool>,
    waiting: Option<Waiting>,
    /// Whether thumbnails wait, for those who let them go first.
    is_busy: Arc<AtomicBool>,
}

impl Reader {
    /// Nothing waits.
    pub fn new(events: EventSender, pool: Arc<ThreadPool>, is_busy: Arc<AtomicBool>) -> Self {
        Self {
            events,
            pool,
            waiting: None,
            is_busy,
        }
    }

    /// Small pictures are wanted; newer requests are answered first.
    pub fn want_thumbnails(&mut self, dataset: Arc<OpenDataset>, samples: &[usize]) {
        let same = self.waiting.take().filter(|w| w.dataset.id == dataset.id);
        let waiting = self.waiting.insert(Waiting {
            dataset,
            samples: same.map(|same| same.samples).unwrap_or_default(),
        });
        let forgotten = waiting.add(samples);
        if !forgotten.is_empty() {
            let forgotten = DataEvent::ThumbnailsForgotten(forgotten);
            self.events.send(Event::Data(waiting.dataset.id, forgotten));
        }
    }
}

impl LaneState for Reader {
    fn spare_time(&mut self) -> bool {
        let waiting = self.waiting.as_mut().filter(|w| !w.samples.is_empty());
        let is_busy = waiting.is_some();
        if let Some(waiting) = waiting {
            let made = waiting.make(&self.pool);
            self.events.send(Event::Data(waiting.dataset.id, made));
        }
        self.is_busy.store(is_busy, Ordering::Relaxed);
        is_busy
    }
}

/// Thumbnails that were asked for and not made yet.
struct Waiting {
    dataset: Arc<OpenDataset>,
    /// Newest last.
    samples: VecDeque<usize>,
}

impl Waiting {
    fn add(&mut self, samples: &[usize]) -> Vec<usize> {
        // The first of a request is the topmost on the screen: it is taken first.
        self.samples.extend(samples.iter().rev());
        let excess = self.samples.len().saturating_sub(MOST_WAITING);
        self.samples.drain(..excess).collect()
    }

    /// The next few.
    fn make(&mut self, pool: &ThreadPool) -> DataEvent {
        let mut seen = HashSet::new();
        let rest = self.samples.len().saturating_sub(AT_ONCE);
        let mut samples: Vec<usize> = self.samples.split_off(rest).into_iter().rev().collect();
        samples.retain(|sample| seen.insert(*sample));
        let open = &self.dataset;
        let small = |index: usize| {
            let read = || open.images.read(&open.dataset, index);
            let image = std::panic::catch_unwind(std::panic::AssertUnwindSafe(read));
            let image = image.unwrap_or_else(|_| Err("makes the decoder fail".into()));
            let reduced = |image: image::RgbImage| Arc::new(reduced(image.into(), THUMBNAIL_SIDE));
            (index, image.map(reduced))
        };
        DataEvent::Thumbnails(pool.install(|| samples.into_par_iter().map(small).collect()))
    }
}

/// Applies edits and divides a dataset.
#[derive(Debug, Clone)]
pub struct Divide {
    /// The dataset.
    pub open: Arc<OpenDataset>,
    /// What the user changed about it.
    pub edits: Arc<Edits>,
    /// How it is divided.
    pub config: SplitConfig,
}

/// A dataset with its edits, and its division.
#[derive(Debug, Clone)]
pub struct Divided {
    /// The dataset with the edits.
    pub dataset: Arc<OpenDataset>,
    /// The division, or why there is none.
    pub division: Result<Arc<Division>, String>,
}

impl Task for Divide {
    type Answer = Divided;
    type Partial = Infallible;
    const KIND: Kind = Kind::new("divide the dataset").newest_wins();
    type Lane = Reader;

    fn run(&self, _: &mut Reader, _: &JobContext) -> Result<Divided, JobError> {
        let dataset = if Arc::ptr_eq(&self.open.edits, &self.edits) {
            Arc::clone(&self.open)
        } else {
            Arc::new(self.open.with_edits(Arc::clone(&self.edits)))
        };
        let division = Division::new(&dataset.dataset, &self.config);
        Ok(Divided {
            division: division.map(Arc::new).map_err(|error| error.to_string()),
            dataset,
        })
    }
}

/// Reads an experiment: a file, or a recipe by its name.
#[derive(Debug, Clone)]
pub struct LoadExperiment {
    /// The file or name.
    pub path: PathBuf,
    /// What is used when its dataset is not here; `None` uses its stand-in.
    pub open: Option<DatasetReference>,
}

impl Task for LoadExperiment {
    type Answer = Experiment;
    type Partial = Infallible;
    const KIND: Kind = Kind::new("open the experiment");
    type Lane = Reader;

    fn run(&self, _: &mut Reader, context: &JobContext) -> Result<Experiment, JobError> {
        let mut experiment = recipes::find(&self.path).map_err(failed)?;
        if let Some(message) = dataset_reference::locate(&mut experiment, self.open.clone()) {
            context.note(Level::Warning, message);
        }
        Ok(experiment)
    }
}

/// Reads a file of layers; of an experiment's file, its network.
#[derive(Debug, Clone)]
pub struct LoadSpec(pub PathBuf);

impl Task for LoadSpec {
    type Answer = ModelSpec;
    type Partial = Infallible;
    const KIND: Kind = Kind::new("import the layers");
    type Lane = Reader;

    fn run(&self, _: &mut Reader, _: &JobContext) -> Result<ModelSpec, JobError> {
        let spec = spec_file::load(&self.0).or_else(|error| match Experiment::load(&self.0) {
            Ok(experiment) => Ok(experiment.model),
            // Its format is none of a list of layers.
            Err(words) if matches!(error, SpecFileError::Version(_)) => Err(words.to_string()),
            Err(_) => Err(error.to_string()),
        })?;
        Ok(spec)
    }
}

/// Holds a file of weights against a backbone.
#[derive(Debug, Clone)]
pub struct ExamineWeights {
    /// The network.
    pub spec: ModelSpec,
    /// Position of the backbone.
    pub layer: usize,
    /// The file.
    pub path: PathBuf,
}

impl Task for ExamineWeights {
    type Answer = Examined;
    type Partial = Infallible;
    // It is said where Train is.
    const KIND: Kind = Kind::new("use the weights").heavy().quiet().newest_wins();
    type Lane = Reader;

    fn run(&self, _: &mut Reader, _: &JobContext) -> Result<Examined, JobError> {
        examine::examine(&self.spec, self.layer, &self.path).map_err(failed)
    }
}

/// Reads the recipes that ship with the program.
#[derive(Debug, Clone, Copy)]
pub struct ListRecipes;

impl Task for ListRecipes {
    /// Sorted by file name.
    type Answer = Arc<[Experiment]>;
    type Partial = Infallible;
    const KIND: Kind = Kind::new("list the recipes");
    type Lane = Reader;

    fn run(&self, _: &mut Reader, _: &JobContext) -> Result<Arc<[Experiment]>, JobError> {
        Ok(recipes::all().map_err(failed)?.into())
    }
}

/// Reads one image at its own size (reduced to 1,024 px).
#[derive(Debug, Clone)]
pub struct LoadImage(pub ImageSource);

/// An image as it is shown large.
#[derive(Debug, Clone)]
pub struct LargeImage {
    /// Its pixels.
    pub picture: Arc<Picture>,
    /// Width and height of the file.
    pub size: (usize, usize),
}

impl Task for LoadImage {
    type Answer = LargeImage;
    type Partial = Infallible;
    const KIND: Kind = Kind::new("open the image").brief().quiet().newest_wins();
    type Lane = Reader;

    fn run(&self, _: &mut Reader, context: &JobContext) -> Result<LargeImage, JobError> {
        let image = self.0.read(&context.cancel)?;
        Ok(LargeImage {
            size: (image.width() as usize, image.height() as usize),
            picture: Arc::new(reduced(image.into(), LARGE_SIDE)),
        })
    }
}

/// `picture` with its longest side at most `side` pixels, proportions kept.
pub fn reduced(picture: Picture, side: u32) -> Picture {
    let (width, height) = (picture.width as u32, picture.height as u32);
    let longest = width.max(height);
    if longest <= side {
        return picture;
    }
    let scaled =
        |length: u32| (u64::from(length) * u64::from(side) / u64::from(longest)).max(1) as usize;
    let size = (scaled(height), scaled(width));
    decode::resized(&picture.to_image(), size, decode::ResizeMode::Stretch).into()
}
