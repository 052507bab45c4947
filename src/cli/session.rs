//! An engine for one command: waiting for its events and for Ctrl+C.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context as _, Result, bail};
use crossbeam_channel::Receiver;

use super::{output::say, progress::Progress};
use crate::{
    data::cache,
    engine::{EngineHandle, Event, OpenDataset},
    sys,
};

/// What a waiting command hears.
pub enum Heard {
    /// Something happened in the engine.
    Event(Event),
    /// The user pressed Ctrl+C for the first time; the second time ends the process at once.
    Interrupted,
}

/// A running engine. Dropping it cancels what runs and joins the threads.
pub struct Session {
    pub engine: EngineHandle,
    woken: Receiver<()>,
    /// Ctrl+C was pressed and nobody has looked yet.
    interrupted: Arc<AtomicBool>,
}

/// What shells use for a process that Ctrl+C ended: 128 + SIGINT.
const INTERRUPTED_STATUS: i32 = 130;

impl Session {
    /// Starts the engine and takes over Ctrl+C; call once.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn start() -> Result<Self> {
        // One token is enough: whoever is woken looks at everything that waits.
        let (waker, woken) = crossbeam_channel::bounded(1);
        let interrupted = Arc::new(AtomicBool::new(false));
        let (flag, interrupt_waker) = (Arc::clone(&interrupted), waker.clone());
        let mut is_first = true;
        ctrlc::set_handler(move || {
            if !std::mem::take(&mut is_first) {
                sys::exit_now(INTERRUPTED_STATUS);
            }
            flag.store(true, Ordering::SeqCst);
            let _ = interrupt_waker.try_send(());
        })
        .context("cannot listen for Ctrl+C")?;
        let wake = Arc::new(move || {
            let _ = waker.try_send(());
        });
        let engine = EngineHandle::start(wake, cache::default_folder())
            .context("cannot start the engine")?;
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

    /// Opens a dataset for a network that sees `(height, width)` pixels; says what was left out.
    ///
    /// # Errors
    /// When it cannot be opened or the user interrupts.
    pub fn open_dataset(&self, path: PathBuf, size: (usize, usize)) -> Result<Arc<OpenDataset>> {
        let wanted = self.engine.open_dataset(path, size);
        let mut bar = Progress::new("reading images");
        loop {
            match self.hear()? {
                Heard::Interrupted => bail!("stopped while reading the images"),
                Heard::Event(Event::Progress { progress, .. }) => {
                    bar.at(progress.done, progress.total);
                }
                Heard::Event(Event::Failed { message, .. }) => bail!(message),
                Heard::Event(Event::DatasetOpened { job, dataset }) if job == wanted => {
                    drop(bar);
                    say_what_was_left_out(&dataset);
                    return Ok(dataset);
                }
                Heard::Event(_) => {}
            }
        }
    }
}

/// Broken files that are named; more are only counted.
const NAMED_BROKEN_FILES: usize = 5;

fn say_what_was_left_out(open: &OpenDataset) {
    let dataset = &open.dataset;
    for broken in dataset.broken.iter().take(NAMED_BROKEN_FILES) {
        let path = crate::data::dataset::display_path(&broken.path);
        say(&format!("left out {path}: it {}", broken.reason));
    }
    if let Some(more @ 1..) = dataset.broken.len().checked_sub(NAMED_BROKEN_FILES) {
        say(&format!("left out {more} more broken images"));
    }
    if dataset.skipped.total() > 0 {
        say(&format!(
            "passed over {} files that are hidden, no images or misplaced",
            dataset.skipped.total()
        ));
    }
}
