//! Looking for similar images on the reader thread, a few at a time, so that thumbnails never wait for it.

use std::{collections::HashMap, sync::Arc};

use rayon::prelude::*;

use super::{
    events::Event,
    job::{JobContext, JobId, Jobs},
    loader::OpenDataset,
};
use crate::data::similar::{self, Thumbnail};

/// Images looked at; of more, every n-th.
const MOST_IMAGES: usize = 20_000;
/// Images between two looks at what else is to be done.
const AT_ONCE: usize = 32;
/// Neighbours found.
const NEIGHBOURS: usize = 12;

/// The images most like one, by their pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Similar {
    /// The image they are like.
    pub sample: usize,
    /// Index and distance ([`Thumbnail::difference`]), nearest first.
    pub neighbours: Vec<(usize, f32)>,
    /// Images that were compared.
    pub compared: usize,
    /// Images that could have been.
    pub usable: usize,
}

/// Thumbnails made so far of one dataset.
struct Known {
    dataset: JobId,
    /// `None` for what cannot be read.
    thumbnails: HashMap<usize, Option<Thumbnail>>,
}

/// A search that goes on.
struct Search {
    context: JobContext,
    open: Arc<OpenDataset>,
    sample: usize,
    candidates: Vec<usize>,
    usable: usize,
    next: usize,
}

/// Searches of one reader.
#[derive(Default)]
pub struct Searches {
    known: Option<Known>,
    current: Option<Search>,
}

impl Searches {
    /// Whether a search goes on.
    pub fn is_busy(&self) -> bool {
        self.current.is_some()
    }

    /// Begins a search; one that goes on is cancelled.
    pub fn begin(
        &mut self,
        context: JobContext,
        open: Arc<OpenDataset>,
        sample: usize,
        jobs: &Jobs,
    ) {
        self.cancel(jobs);
        let (job, kind) = (context.id, context.kind);
        context.events.send(Event::Started { job, kind });
        if self
            .known
            .as_ref()
            .is_none_or(|known| known.dataset != open.id)
        {
            self.known = Some(Known {
                dataset: open.id,
                thumbnails: HashMap::new(),
            });
        }
        let count = open.dataset.samples.len();
        let usable: Vec<usize> = (0..count)
            .filter(|index| open.dataset.is_usable(*index))
            .collect();
        let step = usable.len().div_ceil(MOST_IMAGES).max(1);
        self.current = Some(Search {
            context,
            sample,
            candidates: usable.iter().copied().step_by(step).collect(),
            usable: usable.len(),
            open,
            next: 0,
        });
    }

    fn cancel(&mut self, jobs: &Jobs) {
        if let Some(search) = self.current.take() {
            let (job, kind) = (search.context.id, search.context.kind);
            search.context.finish(jobs);
            search.context.events.send(Event::Cancelled { job, kind });
        }
    }

    /// Looks at a few more images, and answers when there are no more.
    pub fn advance(&mut self, pool: &rayon::ThreadPool, jobs: &Jobs) {
        let (Some(search), Some(known)) = (&mut self.current, &mut self.known) else {
            return;
        };
        if search.context.cancel.is_cancelled() {
            return self.cancel(jobs);
        }
        let total = search.candidates.len();
        // The image itself is looked at first.
        let own = [search.sample];
        let end = (search.next + AT_ONCE).min(total);
        let batch = own.iter().chain(&search.candidates[search.next..end]);
        let unknown: Vec<usize> = batch
            .copied()
            .filter(|index| !known.thumbnails.contains_key(index))
            .collect();
        let open = &search.open;
        let made: Vec<_> = pool.install(|| {
            let describe = |index: usize| (index, thumbnail(open, index));
            unknown.into_par_iter().map(describe).collect()
        });
        known.thumbnails.extend(made);
        search.next = end;
        search.context.progress(end, total);
        if end == total {
            self.finish(jobs);
        }
    }

    fn finish(&mut self, jobs: &Jobs) {
        let (Some(search), Some(known)) = (self.current.take(), &self.known) else {
            return;
        };
        let (job, kind) = (search.context.id, search.context.kind);
        search.context.finish(jobs);
        let of = |index: usize| known.thumbnails.get(&index)?.as_ref();
        let Some(own) = of(search.sample) else {
            let message = "the image cannot be read".to_owned();
            search
                .context
                .events
                .send(Event::Failed { job, kind, message });
            return;
        };
        let others: Vec<(usize, &Thumbnail)> = search
            .candidates
            .iter()
            .filter(|index| **index != search.sample)
            .filter_map(|index| Some((*index, of(*index)?)))
            .collect();
        let compared = others.len();
        let similar = Arc::new(Similar {
            sample: search.sample,
            neighbours: similar::nearest(own, others.into_iter(), NEIGHBOURS),
            compared,
            usable: search.usable,
        });
        search
            .context
            .events
            .send(Event::SimilarFound { job, similar });
    }
}

fn thumbnail(open: &OpenDataset, index: usize) -> Option<Thumbnail> {
    let read = || {
        Some(Thumbnail::new(
            &open.images.read(&open.dataset, index).ok()?,
        ))
    };
    // A decoder's panic is one more image that cannot be read.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::{
        data::Picture,
        engine::{EngineHandle, Folders, JobKind, OpenRequest},
    };

    /// Two classes of 60 one-coloured images: image `i` of either has the grey level `2 i`.
    fn grey_folder(root: &std::path::Path) {
        for class in ["a", "b"] {
            std::fs::create_dir_all(root.join(class)).unwrap();
            for level in 0..60u8 {
                let picture = Picture::filled(10, 10, [2 * level; 3]).to_image();
                picture
                    .save(root.join(class).join(format!("{level}.png")))
                    .unwrap();
            }
        }
    }

    fn wait<T>(engine: &EngineHandle, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(300) {
            match engine.events().try_next() {
                Some(event) => {
                    if let Some(found) = wanted(event) {
                        return found;
                    }
                }
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        }
        panic!("the event never came");
    }

    #[test]
    fn a_search_answers_and_a_newer_one_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        grey_folder(&folder.path().join("set"));
        let engine = EngineHandle::start(Arc::new(|| {}), Folders::below(folder.path())).unwrap();
        engine.open_dataset(OpenRequest::new(folder.path().join("set")));
        let open = wait(&engine, |event| match event {
            Event::DatasetOpened { dataset, .. } => Some(dataset),
            _ => None,
        });
        // Images lie in natural order: a/0 … a/59, b/0 … b/59.
        let first = engine.find_similar(Arc::clone(&open), 3);
        let second = engine.find_similar(Arc::clone(&open), 10);
        engine.load_thumbnails(Arc::clone(&open), (0..8).collect());
        let mut cancelled = Vec::new();
        let mut thumbnails = false;
        let similar = wait(&engine, |event| {
            match event {
                Event::Cancelled {
                    job,
                    kind: JobKind::FindSimilar,
                } => cancelled.push(job),
                Event::Thumbnails { .. } => thumbnails = true,
                Event::SimilarFound { job, similar } if job == second => return Some(similar),
                _ => {}
            }
            None
        });
        assert_eq!(cancelled, [first]);
        assert!(thumbnails, "thumbnails do not wait for a search");
        assert_eq!(
            (similar.sample, similar.compared, similar.usable),
            (10, 119, 120)
        );
        assert_eq!(similar.neighbours.len(), NEIGHBOURS);
        assert_eq!(similar.neighbours[..3], [(70, 0.0), (9, 2.0), (11, 2.0)]);

        let third = engine.find_similar(open, 0);
        engine.cancel(third);
        wait(&engine, |event| match event {
            Event::Cancelled { job, .. } | Event::SimilarFound { job, .. } => {
                (job == third).then_some(())
            }
            _ => None,
        });
    }
}
