//! The typed door to the engine: it is asked for tasks, and events tell what became of them.

use std::{
    any::TypeId,
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::{
    answer::JobId,
    control::TrainControl,
    downloader::Downloader,
    events::{Event, Level},
    files::Files,
    folders::Folders,
    inspector::Inspector,
    job::{self, JobContext, Jobs},
    latest::Latest,
    loaded_model::LoadedModel,
    loader::Loader,
    open_dataset::OpenDataset,
    queue::{self, EventReceiver, EventSender, Waker},
    reader::Reader,
    runs::Runs,
    similar::Searcher,
    task::{self, Door, Lane, Task},
    trainer::Trainer,
};
use crate::{
    cancel::CancelToken,
    data::{catalogue::Entry, datasets_folder},
    inspect::{Quick, Slow, Speed},
};

/// Starts the threads; dropping it cancels every job and joins them.
pub struct EngineHandle {
    next_job: AtomicU64,
    pub(super) jobs: Jobs,
    /// The newest job of each kind of which only the newest counts.
    newest: Mutex<HashMap<TypeId, CancelToken>>,
    events: EventReceiver,
    sender: EventSender,
    control: TrainControl,
    model: Latest<LoadedModel>,
    thumbnails_wait: Arc<AtomicBool>,
    // Dropped after `Drop::drop` has cancelled all jobs; each joins its thread.
    /// Hands on to the lanes that look into the model, so it goes first.
    web: Lane<()>,
    loader: Lane<Loader>,
    reader: Lane<Reader>,
    searcher: Lane<Searcher>,
    downloader: Lane<Downloader>,
    trainer: Lane<Trainer>,
    quick: Lane<Inspector<Quick>>,
    slow: Lane<Inspector<Slow>>,
    runs: Lane<Runs>,
    files: Lane<Files>,
}

/// Says which lane has which state.
macro_rules! doors {
    ($($state:ty => $lane:ident),* $(,)?) => {
        $(impl Door<$state> for EngineHandle {
            fn lane(&self) -> &Lane<$state> {
                &self.$lane
            }
        })*
    };
}

doors! {
    Loader => loader,
    Reader => reader,
    Searcher => searcher,
    Downloader => downloader,
    Trainer => trainer,
    Inspector<Quick> => quick,
    Inspector<Slow> => slow,
    Runs => runs,
    Files => files,
}

impl EngineHandle {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    pub fn start(waker: Waker, folders: Folders) -> io::Result<Self> {
        let (sender, events) = queue::channel(waker);
        let told = || sender.clone();
        let (jobs, control, model) = (Jobs::default(), TrainControl::default(), Latest::default());
        let thumbnails_wait = Arc::<AtomicBool>::default();
        let pool = Arc::new(super::reader::few_threads()?);
        Ok(Self {
            web: task::start(("web", "fetches images"), told(), || ())?,
            loader: {
                let folders = folders.clone();
                task::start(("loader", "opens datasets"), told(), || Loader { folders })?
            },
            reader: {
                let (events, waits) = (told(), Arc::clone(&thumbnails_wait));
                let pool = Arc::clone(&pool);
                let reader = || Reader::new(events, pool, waits);
                task::start(("reader", "reads single images"), told(), reader)?
            },
            searcher: {
                let waits = Arc::clone(&thumbnails_wait);
                let searcher = || Searcher::new(pool, waits);
                task::start(("searcher", "looks for similar images"), told(), searcher)?
            },
            downloader: {
                let weights = folders.weights.clone();
                task::start(("downloader", "downloads"), told(), || Downloader {
                    weights,
                })?
            },
            trainer: {
                let trainer = Trainer {
                    jobs: jobs.clone(),
                    control: control.clone(),
                    model: model.clone(),
                    folders: folders.clone(),
                };
                task::start(("trainer", "trains"), told(), || trainer)?
            },
            quick: inspector::<Quick>(&model, &folders, told())?,
            slow: inspector::<Slow>(&model, &folders, told())?,
            runs: task::start(("runs", "lists runs"), told(), move || Runs::new(&folders))?,
            files: {
                let files = Files {
                    model: model.clone(),
                };
                task::start(("files", "writes files"), told(), || files)?
            },
            next_job: AtomicU64::new(1),
            newest: Mutex::default(),
            thumbnails_wait,
            jobs,
            events,
            sender,
            control,
            model,
        })
    }

    /// Events that wait to be read.
    pub fn events(&self) -> &EventReceiver {
        &self.events
    }

    /// The model that inspections and predictions use: the newest weights of the run, or what was loaded.
    pub fn model(&self) -> Option<Arc<LoadedModel>> {
        self.model.get()
    }

    /// Makes `model` the one that inspections and predictions use.
    pub fn take_in_hand(&self, model: Arc<LoadedModel>) {
        self.model.set(model);
    }

    /// Asks for a task; [`Event::Job`] tells what becomes of it.
    pub fn ask<T: Task>(&self, request: impl Into<Arc<T>>) -> JobId
    where
        Self: Door<T::Lane>,
    {
        let (request, context) = (request.into(), self.context::<T>());
        let (id, jobs) = (context.id, self.jobs.clone());
        request.asked(&context, &self.control);
        let lane: &Lane<T::Lane> = self.lane();
        if request.is_on_the_web() {
            let next = lane.sender();
            self.web.send(Box::new(move |()| {
                let fetched = job::stage(&context, &jobs, || request.fetched(&context.cancel));
                if let Some(fetched) = fetched {
                    // Fails only when the lane is gone; then the job ends with the work.
                    let _ = next.send(task::work(Arc::new(fetched), context, jobs));
                }
            }));
        } else {
            lane.send(task::work(request, context, jobs));
        }
        id
    }

    fn context<T: Task>(&self) -> JobContext {
        let id = JobId(self.next_job.fetch_add(1, Ordering::Relaxed));
        let cancel = if T::KIND.outlives {
            // Not among the jobs that leaving the program cancels.
            CancelToken::new()
        } else {
            self.jobs.register(id)
        };
        if T::KIND.newest_wins {
            let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(older) = newest.insert(TypeId::of::<T>(), cancel.clone()) {
                older.cancel();
            }
        }
        JobContext::new(id, T::KIND, cancel, self.sender.clone())
    }

    /// Asks for small pictures of `samples`; newer requests are answered first, as
    /// [`super::DataEvent::Thumbnails`].
    pub fn load_thumbnails(&self, dataset: Arc<OpenDataset>, samples: Vec<usize>) {
        self.thumbnails_wait.store(true, Ordering::Relaxed);
        let want = move |reader: &mut Reader| reader.want_thumbnails(dataset, &samples);
        self.reader.send(Box::new(want));
    }

    /// Throws an unfinished download away; cancel it first.
    pub fn discard_download(&self, entry: Entry, folder: PathBuf) {
        let events = self.sender.clone();
        self.downloader.send(Box::new(move |_| {
            if let Err(error) = datasets_folder::discard_unfinished(&entry, &folder) {
                let message = format!("Could not delete the unfinished download: {error}");
                let level = Level::Warning;
                events.send(Event::Note { level, message });
            }
        }));
    }

    /// Does something with files after what was asked for earlier, also when the program is left; a sentence says what failed.
    pub fn with_files(&self, work: impl FnOnce() -> Result<(), String> + Send + 'static) {
        let events = self.sender.clone();
        self.files.send(Box::new(move |_| {
            if let Err(message) = work() {
                let level = Level::Error;
                events.send(Event::Note { level, message });
            }
        }));
    }

    /// Makes the run wait before its next step.
    pub fn pause(&self) {
        self.control.set_paused(true);
    }

    /// Lets a waiting run go on.
    pub fn resume(&self) {
        self.control.set_paused(false);
    }

    /// Sets the full learning rate of the run's phase from the next step on.
    pub fn set_learning_rate(&self, rate: f64) {
        self.control.set_learning_rate(rate);
    }

    /// Ends the run after its current step; the best weights so far are kept.
    pub fn stop(&self) {
        self.control.stop();
    }

    /// Makes the thread of slow looks die, to test that this is told.
    #[cfg(test)]
    pub fn die_for_test<T: Task>(&self) -> JobId {
        let context = self.context::<T>();
        let id = context.id;
        self.slow.send(Box::new(move |_| {
            panic!("job {:?} kills its thread on purpose", context.id);
        }));
        id
    }

    /// Asks a job to end; unknown and finished ones are ignored.
    pub fn cancel(&self, job: JobId) {
        self.jobs.cancel(job);
    }
}

fn inspector<S: Speed>(
    model: &Latest<LoadedModel>,
    folders: &Folders,
    events: EventSender,
) -> io::Result<Lane<Inspector<S>>> {
    let (model, folders) = (model.clone(), folders.clone());
    let state = || Inspector::new(model, folders);
    task::start((S::NAME, "looks inside the model"), events, state)
}

impl Drop for EngineHandle {
    fn drop(&mut self) {
        self.jobs.close();
        self.control.stop();
    }
}
