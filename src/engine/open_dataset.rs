//! A dataset that was opened, and its pixels.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use super::{
    answer::JobId,
    events::{DataEvent, Event, Level},
    job::{JobContext, JobError, failed},
};
use crate::{
    data::{
        Dataset, Edits, ImageStore, PixelCache, SplitConfig, SplitName, cache::PixelFormat,
        dataset::display_path,
    },
    train::kept_split,
};

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

    /// Sample `index` at its own size.
    ///
    /// # Errors
    /// One sentence with the file's name.
    pub fn read(&self, index: usize) -> Result<image::RgbImage, String> {
        self.images.read(&self.dataset, index).map_err(|reason| {
            let path = self.dataset.path(index).unwrap_or_default();
            format!("{} {reason}", display_path(&path))
        })
    }
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
        context.note(Level::Warning, words);
    }
    context.tell_refused_locks();
    let mut dataset = Dataset::clone(&open.dataset);
    dataset.broken.clone_from(pixels.broken());
    if pixels.broken() != &open.dataset.broken {
        let broken = Arc::new(pixels.broken().clone());
        let found = Event::Data(open.id, DataEvent::Broken(broken));
        context.events.send(found);
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

/// The samples of `part`, divided as `run` kept it or else as `config` says; all usable ones when there is no part. None when the
/// data was divided without it.
///
/// # Errors
/// One sentence.
pub fn samples(
    dataset: &Dataset,
    part: Option<SplitName>,
    config: &SplitConfig,
    run: Option<&Path>,
) -> Result<Vec<usize>, JobError> {
    let Some(part) = part else {
        let all = 0..dataset.samples.len();
        return Ok(all.filter(|&index| dataset.is_usable(index)).collect());
    };
    let split = kept_split::of(dataset, config, run).map_err(failed)?;
    Ok(split.part(part).to_vec())
}

/// That a model was trained without `part`, and what to do about it.
pub fn no_part(part: SplitName) -> String {
    let word = part.word();
    format!("the model was trained without a {word} part: choose another part or all images")
}
