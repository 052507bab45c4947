//! An engine for one command: waiting for its events, for Ctrl+C and for whoever else asks the process to end.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context as _, Result, bail};
use crossbeam_channel::Receiver;

use super::{output::say, progress::Progress};
use crate::{
    data::{Dataset, LeftOut, dataset::display_path},
    engine::{
        Door, EngineHandle, Event, Folders, JobEvent, OpenDataset, OpenRequest, Progress as Told,
        Task,
    },
    signals,
};

/// What a waiting command hears.
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
        let listens = signals::when_asked_to_end(move || {
            flag.store(true, Ordering::SeqCst);
            let _ = interrupt_waker.try_send(());
            true
        });
        listens.context("cannot listen for Ctrl+C")?;
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
            if self.interrupted.swap(false, Ordering::SeqCst) {
                return Ok(Heard::Interrupted);
            }
            if let Some(event) = self.engine.events().try_next() {
                return Ok(Heard::Event(event));
            }
            self.woken.recv().context("the engine has stopped")?;
        }
    }

    /// Asks for `request` and waits for its answer, with `part` taking what is told before; Ctrl+C cancels it. `None` when it
    /// was cancelled.
    ///
    /// # Errors
    /// When it fails, `part` does, or the engine is gone.
    pub fn answer<T: Task>(
        &self,
        request: T,
        mut bar: Progress,
        mut part: impl FnMut(&T::Partial, &Progress) -> Result<()>,
    ) -> Result<Option<Arc<T::Answer>>>
    where
        EngineHandle: Door<T::Lane>,
    {
        let job = self.engine.ask(request);
        loop {
            match self.hear()? {
                Heard::Interrupted => self.engine.cancel(job),
                Heard::Event(Event::Job(of, event)) if of == job => match event {
                    JobEvent::Started(_) => {}
                    JobEvent::Progress(Told { done, total }) => bar.at(done, total),
                    JobEvent::Partial(told) => match told.part_of::<T>() {
                        Some(told) => part(&told, &bar)?,
                        None => bail!("the engine told something else"),
                    },
                    JobEvent::Done(answer) => return Ok(answer.of::<T>()),
                    JobEvent::Failed(message) => bail!(message),
                    JobEvent::Cancelled => return Ok(None),
                },
                Heard::Event(Event::Note { message, .. }) => bar.say(&message),
                Heard::Event(Event::Job(..) | Event::Run(..) | Event::Data(..)) => {}
            }
        }
    }

    /// Opens a dataset; says what was left out.
    ///
    /// # Errors
    /// When it cannot be opened or the user interrupts.
    pub fn open_dataset(&self, request: OpenRequest) -> Result<Arc<OpenDataset>> {
        let bar = Progress::new("opening the dataset");
        let dataset = self.answer(request, bar, |_, _| Ok(()))?;
        let dataset = dataset.context("stopped while opening the dataset")?;
        if let Some(words) = LeftOut::of(&dataset.dataset).passed_over_words() {
            say(&words);
        }
        if !dataset.edits.is_empty() {
            say(&format!("{} changes are applied", dataset.edits.len()));
        }
        Ok(dataset)
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
