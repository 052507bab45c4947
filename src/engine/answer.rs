//! Jobs as everybody knows them: what identifies one, what kind it is, how far it is, and what came of it. Answers travel without
//! their type, so that events and slots need not know the tasks.

use std::{
    any::{Any, TypeId},
    fmt,
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
    pub const fn heavy(mut self) -> Self {
        self.is_heavy = true;
        self
    }

    /// The same, over in a moment.
    #[must_use]
    pub const fn brief(mut self) -> Self {
        self.is_brief = true;
        self
    }

    /// The same, failing without a notification.
    #[must_use]
    pub const fn quiet(mut self) -> Self {
        self.is_told = false;
        self
    }

    /// The same, the newest request making older ones superfluous.
    #[must_use]
    pub const fn newest_wins(mut self) -> Self {
        self.newest_wins = true;
        self
    }

    /// The same, done also when the program is left.
    #[must_use]
    pub const fn outlives(mut self) -> Self {
        self.outlives = true;
        self
    }
}

/// What came of a request, or what it has found so far, for whoever knows the task: [`Answer::of`], [`Answer::part_of`].
#[derive(Clone)]
pub struct Answer {
    /// The type of the request, since several have answers of one type.
    request: TypeId,
    value: Arc<dyn Any + Send + Sync>,
    /// What to keep of it while many wait; `None` when only the newest of a job counts.
    lighter: Option<Lighter>,
}

type Lighter = fn(&Answer) -> Option<Answer>;

impl Answer {
    /// What came of a `T`.
    pub(super) fn new<T: 'static>(
        value: Arc<dyn Any + Send + Sync>,
        lighter: Option<Lighter>,
    ) -> Self {
        Self {
            request: TypeId::of::<T>(),
            value,
            lighter,
        }
    }

    /// The value, if it is a `V` that came of a `T`.
    pub(super) fn value<T: 'static, V: Send + Sync + 'static>(&self) -> Option<Arc<V>> {
        let is_its = self.request == TypeId::of::<T>();
        let value = is_its.then(|| Arc::clone(&self.value))?;
        value.downcast().ok()
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

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}
