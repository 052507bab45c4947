//! The searcher lane: looks for similar images, a few at a time, and lets thumbnails go first.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use rayon::{ThreadPool, prelude::*};

use super::{
    answer::{JobId, Kind},
    job::{JobContext, JobError},
    open_dataset::OpenDataset,
    task::{LaneState, Task},
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

/// How long a search sleeps before it looks whether thumbnails still wait.
const LOOK: Duration = Duration::from_millis(5);

/// Looks for the images whose pixels are most like those of one.
#[derive(Debug, Clone)]
pub struct FindSimilar {
    /// The dataset.
    pub dataset: Arc<OpenDataset>,
    /// The image they are to be like.
    pub sample: usize,
}

/// What the searcher keeps.
pub struct Searcher {
    /// Thumbnails made so far of one dataset; `None` for what cannot be read.
    known: (JobId, HashMap<usize, Option<Thumbnail>>),
    pool: Arc<ThreadPool>,
    thumbnails_wait: Arc<AtomicBool>,
}

impl LaneState for Searcher {}

impl Searcher {
    /// Nothing is known; `thumbnails_wait` says that others should use the `pool`.
    pub fn new(pool: Arc<ThreadPool>, thumbnails_wait: Arc<AtomicBool>) -> Self {
        Self {
            known: (JobId(0), HashMap::new()),
            pool,
            thumbnails_wait,
        }
    }
}

impl Task for FindSimilar {
    type Answer = Similar;
    type Partial = Infallible;
    const KIND: Kind = Kind::new("find similar images")
        .heavy()
        .quiet()
        .newest_wins();
    type Lane = Searcher;

    fn run(&self, lane: &mut Searcher, context: &JobContext) -> Result<Similar, JobError> {
        let open = &*self.dataset;
        if lane.known.0 != open.id {
            lane.known = (open.id, HashMap::new());
        }
        let known = &mut lane.known.1;
        let count = open.dataset.samples.len();
        let usable: Vec<usize> = (0..count)
            .filter(|index| open.dataset.is_usable(*index))
            .collect();
        let step = usable.len().div_ceil(MOST_IMAGES).max(1);
        let candidates: Vec<usize> = usable.iter().copied().step_by(step).collect();
        // The image itself is looked at first.
        let all: Vec<usize> = [self.sample].iter().chain(&candidates).copied().collect();
        for (done, batch) in all.chunks(AT_ONCE).enumerate() {
            context.cancel.check()?;
            while lane.thumbnails_wait.load(Ordering::Relaxed) {
                context.cancel.check()?;
                thread::sleep(LOOK);
            }
            let unknown: Vec<usize> = batch
                .iter()
                .copied()
                .filter(|index| !known.contains_key(index))
                .collect();
            let describe = |index: usize| (index, thumbnail(open, index));
            let describe_all = || unknown.into_par_iter().map(describe).collect();
            let made: Vec<_> = lane.pool.install(describe_all);
            known.extend(made);
            context.progress((done * AT_ONCE + batch.len()).min(all.len()), all.len());
        }
        let of = |index: usize| known.get(&index)?.as_ref();
        let own = of(self.sample).ok_or_else(|| "the image cannot be read".to_owned())?;
        let others: Vec<(usize, &Thumbnail)> = candidates
            .iter()
            .filter(|index| **index != self.sample)
            .filter_map(|index| Some((*index, of(*index)?)))
            .collect();
        Ok(Similar {
            sample: self.sample,
            compared: others.len(),
            neighbours: similar::nearest(own, others.into_iter(), NEIGHBOURS),
            usable: usable.len(),
        })
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
        engine::{DataEvent, EngineHandle, Event, Folders, JobEvent, OpenRequest},
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
                None => thread::sleep(Duration::from_millis(1)),
            }
        }
        panic!("the event never came");
    }

    #[test]
    fn a_search_answers_and_a_newer_one_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        grey_folder(&folder.path().join("set"));
        let engine = EngineHandle::start(Arc::new(|| {}), Folders::below(folder.path())).unwrap();
        engine.ask(OpenRequest::new(folder.path().join("set")));
        let open = wait(&engine, |event| Some(event.answer::<OpenRequest>()?.1));
        // Images lie in natural order: a/0 … a/59, b/0 … b/59.
        let like = |sample| {
            let dataset = Arc::clone(&open);
            engine.ask(FindSimilar { dataset, sample })
        };
        let (first, second) = (like(3), like(10));
        engine.load_thumbnails(Arc::clone(&open), (0..8).collect());
        let mut cancelled = Vec::new();
        let mut thumbnails = false;
        let similar = wait(&engine, |event| {
            match &event {
                Event::Job(job, JobEvent::Cancelled) => cancelled.push(*job),
                Event::Data(_, DataEvent::Thumbnails(_)) => thumbnails = true,
                _ => {}
            }
            let (job, similar) = event.answer::<FindSimilar>()?;
            (job == second).then_some(similar)
        });
        assert_eq!(cancelled, [first]);
        assert!(thumbnails, "thumbnails do not wait for a search");
        assert_eq!(
            (similar.sample, similar.compared, similar.usable),
            (10, 119, 120)
        );
        assert_eq!(similar.neighbours.len(), NEIGHBOURS);
        assert_eq!(similar.neighbours[..3], [(70, 0.0), (9, 2.0), (11, 2.0)]);

        let third = like(0);
        engine.cancel(third);
        wait(&engine, |event| match event {
            Event::Job(job, JobEvent::Cancelled | JobEvent::Done(_)) => {
                (job == third).then_some(())
            }
            _ => None,
        });
    }
}
