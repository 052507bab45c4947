//! How long work may take within one frame.

use std::time::{Duration, Instant};

/// Time that is left in this frame.
#[derive(Debug, Clone, Copy)]
pub struct Budget(Instant);

impl Budget {
    /// From now on.
    pub fn of(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// None is left.
    #[cfg(test)]
    pub fn spent() -> Self {
        Self(Instant::now())
    }

    /// Whether it is over.
    pub fn is_spent(&self) -> bool {
        Instant::now() >= self.0
    }
}
