//! The reader thread: quick answers while the loader is busy. Thumbnails, single images, experiment files,
//! edits and splits.

use std::{
    collections::{HashSet, VecDeque},
    io,
    path::PathBuf,
    sync::Arc,
};

use crossbeam_channel::Receiver;
use rayon::prelude::*;

use super::{
    events::{Event, Level},
    image_source::ImageSource,
    job::{self, JobContext, JobError, Jobs},
    loader::OpenDataset,
    look,
    queue::EventSender,
    similar::Searches,
    threads,
};
use crate::{
    data::{Division, Edits, Picture, SplitConfig, dataset::display_path, decode},
    model::{
        ModelSpec,
        spec_file::{self, SpecFileError},
        weights::examine::examine,
    },
    train::{Experiment, dataset_reference, experiment::DatasetReference, recipes},
    worker::Worker,
};

pub enum Command {
    /// Apply edits and divide; superseded by a newer one that waits.
    Divide {
        context: JobContext,
        open: Arc<OpenDataset>,
        edits: Arc<Edits>,
        config: SplitConfig,
    },
    /// Small pictures; newer requests are answered first.
    Thumbnails {
        events: EventSender,
        dataset: Arc<OpenDataset>,
        samples: Vec<usize>,
    },
    /// Look what files and folders hold.
    Look {
        context: JobContext,
        paths: Vec<PathBuf>,
    },
    /// Read an experiment file.
    Experiment {
        context: JobContext,
        path: PathBuf,
        /// What is used when its dataset is not here; else its stand-in.
        open: Option<DatasetReference>,
    },
    /// Read a file of layers.
    Spec { context: JobContext, path: PathBuf },
    /// Hold a file of weights against the backbone at a layer.
    Weights {
        context: JobContext,
        spec: Box<ModelSpec>,
        layer: usize,
        path: PathBuf,
    },
    /// Read the recipes.
    Recipes { context: JobContext },
    /// One image at its own size.
    Image {
        context: JobContext,
        image: ImageSource,
    },
    /// Look for similar images while nothing else waits.
    Similar {
        context: JobContext,
        dataset: Arc<OpenDataset>,
        sample: usize,
    },
}

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

pub fn spawn(jobs: Jobs, events: EventSender) -> io::Result<Worker<Command>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(cores.min(MOST_THREADS))
        .thread_name(|number| format!("convscope-thumbnails-{number}"))
        .build()
        .map_err(io::Error::other)?;
    threads::start(("reader", "reads single images"), events, move |commands| {
        serve(&commands, &jobs, &pool);
    })
}

/// Thumbnails that were asked for and not made yet.
struct Waiting {
    events: EventSender,
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

    fn take(&mut self) -> Vec<usize> {
        let rest = self.samples.len().saturating_sub(AT_ONCE);
        self.samples.split_off(rest).into_iter().rev().collect()
    }
}

fn serve(commands: &Receiver<Command>, jobs: &Jobs, pool: &rayon::ThreadPool) {
    let mut waiting: Option<Waiting> = None;
    let mut searches = Searches::default();
    loop {
        let no_thumbnails = waiting.as_ref().is_none_or(|w| w.samples.is_empty());
        let idle = no_thumbnails && !searches.is_busy();
        let command = if idle {
            match commands.recv() {
                Ok(command) => Some(command),
                Err(_) => return,
            }
        } else {
            match commands.try_recv() {
                Ok(command) => Some(command),
                Err(crossbeam_channel::TryRecvError::Empty) => None,
                Err(crossbeam_channel::TryRecvError::Disconnected) => return,
            }
        };
        match command {
            Some(Command::Thumbnails {
                events,
                dataset,
                samples,
            }) => wait_for_thumbnails(&mut waiting, events, dataset, &samples),
            Some(Command::Experiment {
                context,
                path,
                open,
            }) => {
                job::run(&context, jobs, || load_experiment(&context, &path, open));
            }
            Some(Command::Spec { context, path }) => {
                job::run(&context, jobs, || load_spec(&context, &path));
            }
            Some(Command::Look { context, paths }) => {
                job::run(&context, jobs, || look::run(&context, paths));
            }
            Some(Command::Weights {
                context,
                spec,
                layer,
                path,
            }) => job::run(&context, jobs, || {
                let examined = examine(&spec, layer, &path).map_err(|error| error.to_string())?;
                context.events.send(Event::WeightsExamined {
                    job: context.id,
                    examined: Arc::new(examined),
                });
                Ok(())
            }),
            Some(Command::Recipes { context }) => {
                job::run(&context, jobs, || list_recipes(&context));
            }
            Some(Command::Image { context, image }) => {
                job::run(&context, jobs, || load_image(&context, &image));
            }
            Some(Command::Divide {
                context,
                open,
                edits,
                config,
            }) => job::run(&context, jobs, || {
                divide(&context, &open, edits, &config);
                Ok(())
            }),
            Some(Command::Similar {
                context,
                dataset,
                sample,
            }) => searches.begin(context, dataset, sample, jobs),
            None if no_thumbnails => searches.advance(pool, jobs),
            None => {
                if let Some(waiting) = &mut waiting {
                    make_thumbnails(waiting, pool);
                }
            }
        }
    }
}

fn wait_for_thumbnails(
    waiting: &mut Option<Waiting>,
    events: EventSender,
    dataset: Arc<OpenDataset>,
    samples: &[usize],
) {
    let same = waiting.as_ref().is_some_and(|w| w.dataset.id == dataset.id);
    if !same {
        *waiting = None;
    }
    let waiting = waiting.get_or_insert_with(|| Waiting {
        events,
        dataset: Arc::clone(&dataset),
        samples: VecDeque::new(),
    });
    waiting.dataset = dataset;
    let forgotten = waiting.add(samples);
    if !forgotten.is_empty() {
        waiting.events.send(Event::ThumbnailsForgotten {
            dataset: waiting.dataset.id,
            samples: forgotten,
        });
    }
}

fn make_thumbnails(waiting: &mut Waiting, pool: &rayon::ThreadPool) {
    let mut seen = HashSet::new();
    let mut samples = waiting.take();
    samples.retain(|sample| seen.insert(*sample));
    let open = &waiting.dataset;
    let small = |index: usize| {
        let read = || open.images.read(&open.dataset, index);
        let image = std::panic::catch_unwind(std::panic::AssertUnwindSafe(read));
        let image = image.unwrap_or_else(|_| Err("makes the decoder fail".into()));
        (
            index,
            image.map(|image| Arc::new(reduced(image.into(), THUMBNAIL_SIDE))),
        )
    };
    let pictures = pool.install(|| samples.into_par_iter().map(small).collect());
    waiting.events.send(Event::Thumbnails {
        dataset: open.id,
        pictures,
    });
}

fn divide(context: &JobContext, open: &Arc<OpenDataset>, edits: Arc<Edits>, config: &SplitConfig) {
    let dataset = if Arc::ptr_eq(&open.edits, &edits) {
        Arc::clone(open)
    } else {
        Arc::new(open.with_edits(edits))
    };
    let division = Division::new(&dataset.dataset, config)
        .map(Arc::new)
        .map_err(|error| error.to_string());
    context.events.send(Event::Divided {
        job: context.id,
        dataset,
        division,
    });
}

fn load_experiment(
    context: &JobContext,
    path: &std::path::Path,
    open: Option<DatasetReference>,
) -> Result<(), JobError> {
    let mut experiment = recipes::find(path).map_err(|error| error.to_string())?;
    if let Some(message) = dataset_reference::locate(&mut experiment, open) {
        context.events.send(Event::Note {
            level: Level::Warning,
            message,
        });
    }
    context.events.send(Event::ExperimentLoaded {
        job: context.id,
        experiment: Box::new(experiment),
    });
    Ok(())
}

fn load_spec(context: &JobContext, path: &std::path::Path) -> Result<(), JobError> {
    let spec = spec_file::load(path).or_else(|error| match Experiment::load(path) {
        Ok(experiment) => Ok(experiment.model),
        // Its format is none of a list of layers.
        Err(words) if matches!(error, SpecFileError::Version { .. }) => Err(words.to_string()),
        Err(_) => Err(error.to_string()),
    })?;
    context.events.send(Event::SpecLoaded {
        job: context.id,
        spec: Box::new(spec),
    });
    Ok(())
}

fn list_recipes(context: &JobContext) -> Result<(), JobError> {
    let recipes = recipes::all().map_err(|error| error.to_string())?;
    context.events.send(Event::RecipesListed {
        job: context.id,
        recipes: recipes.into(),
    });
    Ok(())
}

fn load_image(context: &JobContext, source: &ImageSource) -> Result<(), JobError> {
    let image = source.read(&context.cancel)?;
    let size = (image.width() as usize, image.height() as usize);
    let picture = Arc::new(reduced(image.into(), LARGE_SIDE));
    context.events.send(Event::ImageLoaded {
        job: context.id,
        picture,
        size,
    });
    Ok(())
}

/// Sample `index` at its own size.
///
/// # Errors
/// One sentence with the file's name.
pub fn read_sample(open: &OpenDataset, index: usize) -> Result<image::RgbImage, String> {
    open.images.read(&open.dataset, index).map_err(|reason| {
        let path = open.dataset.path(index).unwrap_or_default();
        format!("{} {reason}", display_path(&path))
    })
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
