//! What the window asked the engine for. One way to ask, one place where jobs end: who takes an answer in is registered when it is
//! asked for, so that a task that nobody handles ([`Asked`]) cannot be asked for.

use std::{
    any::{Any, TypeId},
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::state::AppState;
use crate::{
    engine::{
        Answer, Door, EngineHandle, ImageSource, Inspect, JobEvent, JobId, Level, Slot, Task,
    },
    inspect::Inspection,
    model::WeightSnapshot,
};

/// A request of the window: what its answer changes besides its slot.
pub trait Asked: Task {
    /// Every job is answered, not only that of the newest request.
    const EACH: bool = false;

    /// What it finds out is about the model in hand.
    const OF_MODEL: bool = false;

    /// Requests of different keys stand beside each other, each with a slot of its own.
    fn key(&self) -> PathBuf {
        PathBuf::new()
    }

    /// It was answered.
    fn done(_state: &mut AppState, _job: JobId, _request: &Self, _answer: &Arc<Self::Answer>) {}

    /// It has found something so far.
    fn partial(_state: &mut AppState, _job: JobId, _request: &Self, _part: &Arc<Self::Partial>) {}

    /// It ended without an answer: for a reason when it failed.
    fn ended(_state: &mut AppState, _job: JobId, _request: &Self, _reason: Option<&str>) {}
}

/// How a failure is told: `Could not open the image: …`.
pub fn could_not<T: Task>(reason: &str) -> String {
    format!("Could not {}: {reason}", T::KIND.words)
}

/// Slots by type, and who takes in what becomes of each job.
#[derive(Clone, Default)]
pub struct Slots {
    of: HashMap<(TypeId, PathBuf), Arc<dyn Any + Send + Sync>>,
    takers: BTreeMap<JobId, Taker>,
    /// Which slots are about the model in hand.
    looks: HashSet<TypeId>,
    /// The weights that an inspection was asked about last.
    weights: HashMap<TypeId, Arc<WeightSnapshot>>,
}

impl fmt::Debug for Slots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.takers.keys()).finish()
    }
}

/// Takes in what becomes of a job.
#[derive(Clone)]
struct Taker {
    request: Arc<dyn Any + Send + Sync>,
    take: fn(&mut AppState, JobId, &dyn Any, News),
}

/// What becomes of a job that was asked for.
enum News {
    Partial(Answer),
    Done(Answer),
    /// A reason when it failed.
    Ended(Option<String>),
}

impl AppState {
    /// Asks the engine for `request`. What is no longer of use is cancelled.
    pub fn ask<T: Asked>(&mut self, engine: &EngineHandle, request: T) -> JobId
    where
        EngineHandle: Door<T::Lane>,
    {
        let request = Arc::new(request);
        let job = engine.ask::<T>(Arc::clone(&request));
        self.asked::<T>(job, request);
        job
    }

    /// `job` was asked for `request`.
    pub fn asked<T: Asked>(&mut self, job: JobId, request: impl Into<Arc<T>>) {
        let request: Arc<T> = request.into();
        self.with_slot_of(request.key(), |slot: &mut Slot<T>| {
            slot.ask(Arc::clone(&request), job);
        });
        let take = take::<T>;
        if T::OF_MODEL {
            self.slots.looks.insert(TypeId::of::<T>());
        }
        self.slots.takers.insert(job, Taker { request, take });
    }

    /// What became of the newest `T` that was asked for.
    pub fn slot<T: Task>(&self) -> &Slot<T> {
        self.slot_of("")
    }

    /// What became of the newest `T` of this key.
    pub fn slot_of<T: Task>(&self, key: impl AsRef<Path>) -> &Slot<T> {
        let key = (TypeId::of::<T>(), key.as_ref().to_path_buf());
        let slot = self.slots.of.get(&key);
        slot.and_then(|slot| slot.downcast_ref())
            .unwrap_or(Slot::NONE)
    }

    /// The jobs of all `T` that wait or run.
    pub fn waiting<T: Task>(&self) -> impl Iterator<Item = (JobId, &T)> {
        let takers = self.slots.takers.iter();
        takers.filter_map(|(job, taker)| Some((*job, taker.request.downcast_ref()?)))
    }

    /// Changes the slot of `T`.
    pub fn with_slot<T: Task>(&mut self, change: impl FnOnce(&mut Slot<T>)) {
        self.with_slot_of("", change);
    }

    /// Changes the slot of `T` of this key.
    pub fn with_slot_of<T: Task>(
        &mut self,
        key: impl AsRef<Path>,
        change: impl FnOnce(&mut Slot<T>),
    ) {
        let mut slot = self.slot_of::<T>(&key).clone();
        change(&mut slot);
        let key = (TypeId::of::<T>(), key.as_ref().to_path_buf());
        self.slots.of.insert(key, Arc::new(slot));
    }

    /// Nobody waits for a `T` any more, and the answer that there is was about something else.
    pub fn forget<T: Task>(&mut self) {
        self.forget_unless(|_: &Slot<T>| false);
        self.slots.weights.remove(&TypeId::of::<T>());
    }

    /// The same for those that are not to be kept.
    pub fn forget_unless<T: Task>(&mut self, keeps: impl Fn(&Slot<T>) -> bool) {
        let slots = &mut self.slots.of;
        slots.retain(|_, slot| slot.downcast_ref().is_none_or(&keeps));
    }

    /// Has the engine end the newest `T`; what was answered before stays.
    pub fn stop<T: Task>(&mut self, engine: &EngineHandle) {
        if let Some(job) = self.slot::<T>().job {
            engine.cancel(job);
            self.with_slot(|slot: &mut Slot<T>| slot.job = None);
        }
    }

    /// Puts away what was found out about the model in hand, and about images with it.
    pub(super) fn forget_looks(&mut self) {
        let Slots {
            of, weights, looks, ..
        } = &mut self.slots;
        of.retain(|(task, _), _| !looks.contains(task));
        weights.clear();
    }

    /// Whether the newest `T` is still waited for.
    pub fn waits_for<T: Task>(&self) -> bool {
        self.slot::<T>().job.is_some()
    }

    /// Asks for `what` of `image`, unless that was asked for with the same weights.
    pub fn look<I: Inspection>(&mut self, engine: &EngineHandle, what: I, image: &ImageSource)
    where
        EngineHandle: Door<<Inspect<I> as Task>::Lane>,
    {
        if self.is_looked_at(&what, image) {
            return;
        }
        self.ask(engine, Inspect::image(what, image.clone()));
        if let Some(model) = &self.model {
            let weights = Arc::clone(&model.snapshot);
            self.slots
                .weights
                .insert(TypeId::of::<Inspect<I>>(), weights);
        }
    }

    /// Whether `what` of `image` was asked for last, with the weights as they are.
    pub(super) fn is_looked_at<I: Inspection>(&self, what: &I, image: &ImageSource) -> bool {
        let asked = self.slot::<Inspect<I>>().asked.as_ref();
        let is_same = asked.is_some_and(|asked| {
            let of = asked.image_source();
            asked.what == *what && of.is_some_and(|of| of.is_same(image))
        });
        let with = self.slots.weights.get(&TypeId::of::<Inspect<I>>());
        let now = self.model.as_ref().map(|model| &model.snapshot);
        is_same && (!I::NEEDS_MODEL || with.map(Arc::as_ptr) == now.map(Arc::as_ptr))
    }

    /// What becomes of a job: the one place in which jobs end.
    pub(super) fn take_in(&mut self, job: JobId, event: JobEvent) {
        let news = match event {
            JobEvent::Started(kind) => return self.job_started(job, kind),
            JobEvent::Progress(progress) => return self.job_progressed(job, progress),
            JobEvent::Partial(partial) => News::Partial(partial),
            JobEvent::Done(answer) => News::Done(answer),
            JobEvent::Failed(reason) => News::Ended(Some(reason)),
            JobEvent::Cancelled => News::Ended(None),
        };
        let is_end = !matches!(news, News::Partial(_));
        if let Some(Taker { request, take }) = self.slots.takers.get(&job).cloned() {
            take(self, job, &*request, news);
        }
        if is_end {
            self.slots.takers.remove(&job);
            self.jobs.remove(&job);
        }
    }
}

/// Takes in what became of a job of `T`. Those that are no longer current change nothing.
fn take<T: Asked>(state: &mut AppState, job: JobId, request: &dyn Any, news: News) {
    let Some(request) = request.downcast_ref::<T>() else {
        return;
    };
    let key = request.key();
    let is_current = state.slot_of::<T>(&key).is_current(job);
    if !T::EACH && !is_current {
        return;
    }
    match news {
        News::Partial(partial) => {
            if let Some(part) = partial.part_of::<T>() {
                if is_current {
                    let part = Some(Arc::clone(&part));
                    state.with_slot_of(&key, |slot: &mut Slot<T>| slot.partial = part);
                }
                T::partial(state, job, request, &part);
            }
        }
        News::Done(answer) => {
            if let Some(answer) = answer.of::<T>() {
                if is_current {
                    let answer = Arc::clone(&answer);
                    state.with_slot_of(&key, |slot: &mut Slot<T>| slot.answer_with(answer));
                }
                T::done(state, job, request, &answer);
            }
        }
        News::Ended(reason) => {
            let message = reason.as_deref().map(could_not::<T>);
            if is_current {
                let reached = state.jobs.get(&job).and_then(|running| running.progress);
                let failed = message.clone();
                state.with_slot_of(&key, |slot: &mut Slot<T>| slot.end_with(failed, reached));
            }
            T::ended(state, job, request, reason.as_deref());
            if let Some(message) = message.filter(|_| T::KIND.is_told) {
                state.note(Level::Error, message);
            }
        }
    }
}

/// A wish to look at something, whatever it is: inspections need no action of their own.
#[derive(Clone)]
pub struct Wish {
    request: Arc<dyn Any + Send + Sync>,
    ask: fn(&mut AppState, &EngineHandle, &dyn Any),
}

impl Wish {
    /// For `what` of `image`.
    pub fn look<I: Inspection>(what: I, image: ImageSource) -> Self
    where
        EngineHandle: Door<<Inspect<I> as Task>::Lane>,
    {
        Self {
            request: Arc::new(Inspect::image(what, image)),
            ask: |state, engine, request| {
                let request = request.downcast_ref::<Inspect<I>>();
                if let Some((request, image)) = request.and_then(|r| Some((r, r.image_source()?))) {
                    state.look(engine, request.what.clone(), image);
                }
            },
        }
    }

    /// What is wished for, if it is an `I`.
    pub fn wanted<I: Inspection>(&self) -> Option<&Inspect<I>> {
        self.request.downcast_ref()
    }

    /// Asks the engine for it.
    pub(super) fn ask(&self, state: &mut AppState, engine: &EngineHandle) {
        (self.ask)(state, engine, &*self.request);
    }
}

impl fmt::Debug for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wish")
    }
}

/// What an inspection finds stands in its slot; that is all.
impl<I: Inspection> Asked for Inspect<I> {
    const OF_MODEL: bool = I::NEEDS_MODEL;
}
