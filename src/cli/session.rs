//! An engine for one command: waiting for its events, for Ctrl+C and for whoever else asks the process to end.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context as _, Result, anyhow, bail};
use crossbeam_channel::Receiver;

use super::{output::say, progress::Progress};
use crate::{
    cancel::{CancelToken, Cancelled},
    data::{Dataset, LeftOut, PixelCache, cache::PixelFormat, dataset::display_path, files, locks},
    engine::{EngineHandle, Event, Folders, OpenDataset, OpenRequest},
    signals,
};

/// What a waiting command hears.
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time, and it is looked at where it is made"
)]
pub enum Heard {
    /// Something happened in the engine.
    Event(Event),
    /// The user pressed Ctrl+C, closed the terminal or logged out, or the system asked; the second time ends the process
    /// at once.
    Interrupted,
}

/// A running engine. Dropping it cancels what runs and joins the threads.
pub struct Session {
    pub engine: EngineHandle,
    woken: Receiver<()>,
    /// Ctrl+C was pressed and nobody has looked yet.
    interrupted: Arc<AtomicBool>,
}

impl Session {
    /// Starts the engine and takes over what asks the process to end; call once.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn start() -> Result<Self> {
        // One token is enough: whoever is woken looks at everything that waits.
        let (waker, woken) = crossbeam_channel::bounded(1);
        let interrupted = Arc::new(AtomicBool::new(false));
        let (flag, interrupt_waker) = (Arc::clone(&interrupted), waker.clone());
        signals::when_asked_to_end(move || {
            flag.store(true, Ordering::SeqCst);
            let _ = interrupt_waker.try_send(());
            true
        })
        .context("cannot listen for Ctrl+C")?;
        let wake = Arc::new(move || {
            let _ = waker.try_send(());
        });
        let engine =
            EngineHandle::start(wake, Folders::default()).context("cannot start the engine")?;
        Ok(Self {
            engine,
            woken,
            interrupted,
        })
    }

    /// Waits for the next event or Ctrl+C.
    ///
    /// # Errors
    /// When the engine is gone.
    pub fn hear(&self) -> Result<Heard> {
        loop {
            if self.was_interrupted() {
                return Ok(Heard::Interrupted);
            }
            if let Some(event) = self.engine.events().try_next() {
                return Ok(Heard::Event(event));
            }
            self.woken.recv().context("the engine has stopped")?;
        }
    }

    /// Whether the user pressed Ctrl+C since the last look.
    pub fn was_interrupted(&self) -> bool {
        self.interrupted.swap(false, Ordering::SeqCst)
    }

    /// Opens a dataset; says what was left out.
    ///
    /// # Errors
    /// When it cannot be opened or the user interrupts.
    pub fn open_dataset(&self, request: OpenRequest) -> Result<Arc<OpenDataset>> {
        let wanted = self.engine.open_dataset(request);
        let mut bar = Progress::new("opening the dataset");
        loop {
            match self.hear()? {
                Heard::Interrupted => bail!("stopped while opening the dataset"),
                Heard::Event(Event::Progress { progress, .. }) => {
                    bar.at(progress.done, progress.total);
                }
                Heard::Event(Event::Failed { message, .. }) => bail!(message),
                Heard::Event(Event::Note { message, .. }) => bar.say(&message),
                Heard::Event(Event::DatasetOpened { job, dataset }) if job == wanted => {
                    drop(bar);
                    if let Some(words) = LeftOut::of(&dataset.dataset).passed_over_words() {
                        say(&words);
                    }
                    if !dataset.edits.is_empty() {
                        say(&format!("{} changes are applied", dataset.edits.len()));
                    }
                    return Ok(dataset);
                }
                Heard::Event(_) => {}
            }
        }
    }

    /// All images in `format`; says which are broken. The dataset that comes with them knows them too.
    ///
    /// # Errors
    /// When the cache cannot be used or the user interrupts.
    pub fn pixels(&self, open: &OpenDataset, format: PixelFormat) -> Result<(Dataset, PixelCache)> {
        let bar = Mutex::new(Progress::new("reading images"));
        let cancel = CancelToken::new();
        let progress = |done: usize, total: usize| {
            if self.was_interrupted() {
                cancel.cancel();
            }
            // Whoever finds the bar taken leaves the drawing to the other thread.
            if let Ok(mut bar) = bar.try_lock() {
                bar.at(done, total);
            }
        };
        let cache = files::default_cache_folder();
        let pixels = PixelCache::open(
            &cache,
            &open.dataset,
            &open.images,
            format,
            &cancel,
            &progress,
        )
        .map_err(|Cancelled| anyhow!("stopped while reading the images"))?;
        drop(bar);
        if let Some(words) = pixels.damaged() {
            bail!(words);
        }
        if let Some(words) = pixels.unwritten() {
            say(words);
        }
        locks::untold_refusals().iter().for_each(|words| say(words));
        let mut dataset = Dataset::clone(&open.dataset);
        dataset.broken.clone_from(pixels.broken());
        say_what_is_broken(&dataset);
        Ok((dataset, pixels))
    }
}

/// Broken files that are named; more are only counted.
const NAMED_BROKEN_FILES: usize = 5;

/// Names the first broken files and counts the rest.
pub fn say_what_is_broken(dataset: &Dataset) {
    for (&index, reason) in dataset.broken.iter().take(NAMED_BROKEN_FILES) {
        let path = display_path(&dataset.samples[index].path);
        say(&format!("left out {path}: it {reason}"));
    }
    if let Some(more @ 1..) = dataset.broken.len().checked_sub(NAMED_BROKEN_FILES) {
        say(&format!("left out {more} more broken images"));
    }
}
