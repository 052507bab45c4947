//! A slot that holds only the newest value: weights go from the trainer to whoever looks.

use std::sync::{Arc, Mutex, PoisonError};

/// Shared by writer and readers; clones are the same slot. The lock is held for a pointer swap only.
#[derive(Debug)]
pub struct Latest<T>(Arc<Mutex<Option<Arc<T>>>>);

impl<T> Clone for Latest<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Latest<T> {
    /// Replaces the value.
    pub fn set(&self, value: Arc<T>) {
        // A pointer swap cannot leave the slot half-written, so a poisoned lock is still good.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
    }

    /// The newest value.
    pub fn get(&self) -> Option<Arc<T>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
