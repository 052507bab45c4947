//! What became of the newest request of one task, for whoever asked. Plain data.

use std::sync::Arc;

use super::{
    answer::{JobId, Progress},
    task::Task,
};

/// The newest request of a task, and what came of it. The last answer stays while the next is computed.
#[derive(Debug)]
pub struct Slot<T: Task> {
    /// The newest request.
    pub asked: Option<Arc<T>>,
    /// Its job, as long as it waits or runs.
    pub job: Option<JobId>,
    /// What it has told so far.
    pub partial: Option<Arc<T::Partial>>,
    /// Why it failed.
    pub failed: Option<String>,
    /// How far it was when it last ended without an answer.
    pub reached: Option<Progress>,
    /// The newest answer, and the request that it belongs to.
    pub answered: Option<(Arc<T>, Arc<T::Answer>)>,
}

impl<T: Task> Slot<T> {
    /// Nothing was asked for.
    pub const EMPTY: Self = Self {
        asked: None,
        job: None,
        partial: None,
        failed: None,
        reached: None,
        answered: None,
    };

    /// The slot of what was never asked for.
    pub const NONE: &'static Self = &Self::EMPTY;

    /// A newer request, which `job` answers.
    pub fn ask(&mut self, request: Arc<T>, job: JobId) {
        *self = Self {
            asked: Some(request),
            job: Some(job),
            reached: self.reached,
            answered: self.answered.take(),
            ..Self::EMPTY
        };
    }

    /// Whether `job` is the newest request's.
    pub fn is_current(&self, job: JobId) -> bool {
        self.job == Some(job)
    }

    /// The answer of the newest request.
    pub fn answer_with(&mut self, answer: Arc<T::Answer>) {
        let asked = self.asked.clone();
        *self = Self {
            answered: asked.clone().map(|request| (request, answer)),
            asked,
            ..Self::EMPTY
        };
    }

    /// The newest request ended without an answer, having `reached` so much: with a sentence when it failed. What it has told so far stays.
    pub fn end_with(&mut self, failed: Option<String>, reached: Option<Progress>) {
        self.job = None;
        self.failed = failed;
        self.reached = reached.or(self.reached);
    }

    /// The newest request as long as it is waited for, with its job.
    pub fn waiting(&self) -> Option<(JobId, &Arc<T>)> {
        Some((self.job?, self.asked.as_ref()?))
    }

    /// The newest answer.
    pub fn answer(&self) -> Option<&Arc<T::Answer>> {
        self.answered.as_ref().map(|(_, answer)| answer)
    }

    /// The answer of the newest request.
    pub fn newest_answer(&self) -> Option<&Arc<T::Answer>> {
        let (of, answer) = self.answered.as_ref()?;
        let asked = self.asked.as_ref()?;
        Arc::ptr_eq(of, asked).then_some(answer)
    }

    /// The request that the newest answer belongs to.
    pub fn answered_request(&self) -> Option<&Arc<T>> {
        self.answered.as_ref().map(|(request, _)| request)
    }
}

impl<T: Task> Default for Slot<T> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<T: Task> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self {
            asked: self.asked.clone(),
            job: self.job,
            partial: self.partial.clone(),
            failed: self.failed.clone(),
            reached: self.reached,
            answered: self.answered.clone(),
        }
    }
}
