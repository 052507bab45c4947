//! Jobs as everybody knows them: what identifies one, what kind it is, how far it is, and what came of it. Answers travel without
//! their type, so that events and slots need not know the tasks.

use std::{
    any::{Any, TypeId},
    fmt::{self, Debug},
    sync::Arc,
};

/// Identifies one job of one engine; later jobs have larger numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Finished units (images, steps).
    pub done: usize,
    /// All units.
    pub total: usize,
}

/// What there is to know about all jobs of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// What it is called in messages: "could not … : reason".
    pub words: &'static str,
    /// Keeps processors busy for long enough to spoil what is timed meanwhile.
    pub is_heavy: bool,
    /// So short that saying that it goes on would only flicker.
    pub is_brief: bool,
    /// Its failure becomes a notification; that of others shows where the answer would stand.
    pub is_told: bool,
    /// Asking anew cancels what was asked before.
    pub newest_wins: bool,
    /// Leaving the program does not cancel it.
    pub outlives: bool,
}

impl Kind {
    /// A kind whose failure is told, and of which every job is done.
    pub const fn new(words: &'static str) -> Self {
        Self {
            words,
            is_heavy: false,
            is_brief: false,
            is_told: true,
            newest_wins: false,
            outlives: false,
        }
    }

    /// The same, keeping processors busy.
    #[must_use]
    pub const fn heavy(self) -> Self {
        Self {
            is_heavy: true,
            ..self
        }
    }

    /// The same, over in a moment.
    #[must_use]
    pub const fn brief(self) -> Self {
        Self {
            is_brief: true,
            ..self
        }
    }

    /// The same, failing without a notification.
    #[must_use]
    pub const fn quiet(self) -> Self {
        Self {
            is_told: false,
            ..self
        }
    }

    /// The same, the newest request making older ones superfluous.
    #[must_use]
    pub const fn newest_wins(self) -> Self {
        Self {
            newest_wins: true,
            ..self
        }
    }

    /// The same, done also when the program is left.
    #[must_use]
    pub const fn outlives(self) -> Self {
        Self {
            outlives: true,
            ..self
        }
    }
}

/// What is asked for: plain data that names what comes of it.
pub trait Request: Debug + Send + Sync + Sized + 'static {
    /// What comes of it. Plain data.
    type Answer: Debug + Send + Sync + 'static;
    /// What is told before the end. Plain data.
    type Partial: Partial;
    /// What there is to know about all of them.
    const KIND: Kind;
}

/// A partial answer.
pub trait Partial: Debug + Send + Sync + Sized + 'static {
    /// Each one counts; otherwise only the newest of a job does.
    const EACH_COUNTS: bool = false;

    /// What to keep of one while hundreds of newer ones wait unread; `None` when it is light already.
    fn lighter(&self) -> Option<Self> {
        None
    }
}

/// Nothing is told before the end.
#[derive(Debug, Clone, Copy)]
pub enum Nothing {}

impl Partial for Nothing {}

/// What came of a request, for whoever knows the request.
#[derive(Clone)]
pub struct Answer {
    request: TypeId,
    value: Arc<dyn Any + Send + Sync>,
    /// What to keep of it while many wait; `None` when only the newest of a job counts.
    lighter: Option<fn(&Self) -> Option<Self>>,
}

impl Answer {
    /// The answer of a `T`.
    pub fn last<T: Request>(answer: impl Into<Arc<T::Answer>>) -> Self {
        Self {
            request: TypeId::of::<T>(),
            value: answer.into(),
            lighter: None,
        }
    }

    /// A partial answer of a `T`.
    pub fn partial<T: Request>(partial: impl Into<Arc<T::Partial>>) -> Self {
        let lighter: fn(&Self) -> Option<Self> =
            |answer| Some(Self::partial::<T>(answer.part_of::<T>()?.lighter()?));
        Self {
            request: TypeId::of::<T>(),
            value: partial.into(),
            lighter: <T::Partial as Partial>::EACH_COUNTS.then_some(lighter),
        }
    }

    /// The answer, if a `T` gave it.
    pub fn of<T: Request>(&self) -> Option<Arc<T::Answer>> {
        let value = Arc::clone(&self.value);
        let is_its = self.request == TypeId::of::<T>();
        value.downcast().ok().filter(|_| is_its)
    }

    /// The partial answer, if a `T` gave it.
    pub fn part_of<T: Request>(&self) -> Option<Arc<T::Partial>> {
        let value = Arc::clone(&self.value);
        let is_its = self.request == TypeId::of::<T>();
        value.downcast().ok().filter(|_| is_its)
    }

    /// Whether of these only the newest of a job counts.
    pub(super) fn replaces_older(&self) -> bool {
        self.lighter.is_none()
    }

    /// What to keep of it while many wait; `None` when it is light already.
    pub(super) fn lighter(&self) -> Option<Self> {
        self.lighter.and_then(|lighter| lighter(self))
    }
}

impl Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}
