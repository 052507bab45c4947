//! The loader thread: opens datasets, hands out thumbnails, reads single images.

use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crossbeam_channel::Receiver;

use super::{
    events::{Event, EventSender},
    job::{self, JobContext, JobError, JobId, Jobs},
};
use crate::data::{Dataset, Picture, PixelCache, cache, dataset::display_path, folder};
use crate::{resources, train::Experiment, worker::Worker};

/// A dataset whose images have been decoded.
#[derive(Debug)]
pub struct OpenDataset {
    /// Identifies it in events: the job that opened it.
    pub id: JobId,
    /// Classes and samples.
    pub dataset: Dataset,
    /// Decoded images, one per sample.
    pub pixels: PixelCache,
}

pub enum Command {
    /// Scan and decode a folder.
    Open {
        context: JobContext,
        path: PathBuf,
        size: (usize, usize),
    },
    /// Small pictures; newer requests are answered first.
    Thumbnails {
        events: EventSender,
        dataset: Arc<OpenDataset>,
        samples: Vec<usize>,
    },
    /// Read an experiment file.
    Experiment { context: JobContext, path: PathBuf },
    /// One image at its own size.
    Image {
        context: JobContext,
        dataset: Arc<OpenDataset>,
        sample: usize,
    },
}

/// Longest side of a thumbnail.
const THUMBNAIL_SIDE: usize = 128;
/// Longest side of a picture shown large.
const LARGE_SIDE: u32 = 1024;

pub fn spawn(jobs: Jobs, cache_folder: PathBuf) -> io::Result<Worker<Command>> {
    Worker::spawn("convscope-loader", move |commands| {
        serve(&commands, &jobs, &cache_folder);
    })
}

fn serve(commands: &Receiver<Command>, jobs: &Jobs, cache_folder: &Path) {
    let mut waiting = VecDeque::new();
    while let Some(command) = waiting.pop_front().or_else(|| commands.recv().ok()) {
        waiting.extend(commands.try_iter());
        match command {
            Command::Open {
                context,
                path,
                size,
            } => {
                job::run(&context, jobs, || open(&context, cache_folder, &path, size));
            }
            Command::Thumbnails {
                events,
                dataset,
                samples,
            } => {
                let small = |index: usize| {
                    let picture = dataset.pixels.picture(index)?;
                    Some((index, Arc::new(reduced(picture, THUMBNAIL_SIDE as u32))))
                };
                let pictures = samples.into_iter().filter_map(small).collect();
                events.send(Event::Thumbnails {
                    dataset: dataset.id,
                    pictures,
                });
            }
            Command::Experiment { context, path } => job::run(&context, jobs, || {
                let experiment = Experiment::load(&path).map_err(|error| error.to_string())?;
                let experiment = Box::new(experiment);
                context.events.send(Event::ExperimentLoaded {
                    job: context.id,
                    experiment,
                });
                Ok(())
            }),
            Command::Image {
                context,
                dataset,
                sample,
            } => {
                job::run(&context, jobs, || load_image(&context, &dataset, sample));
            }
        }
    }
}

/// Scans and decodes a folder.
///
/// # Errors
/// One sentence, or that it was cancelled.
fn open(
    context: &JobContext,
    cache_folder: &Path,
    path: &Path,
    size: (usize, usize),
) -> Result<(), JobError> {
    let path = &resources::resolve(path);
    let mut dataset = folder::scan(path, &context.cancel).map_err(|error| match error {
        folder::FolderError::Cancelled(_) => JobError::Cancelled,
        error => JobError::Failed(error.to_string()),
    })?;
    let pixels = PixelCache::open(
        cache_folder,
        &mut dataset,
        size,
        &context.cancel,
        &|done, total| {
            context.progress(done, total);
        },
    )
    .map_err(cache_error)?;
    if dataset.samples.is_empty() {
        let shown = display_path(path);
        return Err(JobError::Failed(format!(
            "none of the {} images in {shown} can be opened: check that they are whole",
            dataset.broken.len()
        )));
    }
    let dataset = Arc::new(OpenDataset {
        id: context.id,
        dataset,
        pixels,
    });
    context.events.send(Event::DatasetOpened {
        job: context.id,
        dataset,
    });
    Ok(())
}

pub fn cache_error(error: cache::CacheError) -> JobError {
    match error {
        cache::CacheError::Cancelled(_) => JobError::Cancelled,
        error => JobError::Failed(error.to_string()),
    }
}

fn load_image(context: &JobContext, dataset: &OpenDataset, sample: usize) -> Result<(), JobError> {
    let path = dataset
        .dataset
        .path(sample)
        .ok_or_else(|| format!("the dataset has no image number {sample}"))?;
    let image =
        cache::decode(&path).map_err(|reason| format!("{} {reason}", display_path(&path)))?;
    let size = (image.width() as usize, image.height() as usize);
    let picture = Arc::new(reduced(image.into(), LARGE_SIDE));
    context.events.send(Event::ImageLoaded {
        job: context.id,
        sample,
        picture,
        size,
    });
    Ok(())
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
    cache::resized(&picture.to_image(), (scaled(height), scaled(width))).into()
}
