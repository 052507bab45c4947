//! A watcher for work beside a run, such as estimates: it can be cancelled and says nothing.

use std::ops::ControlFlow;

use super::fit::Watcher;
use crate::cancel::CancelToken;

/// Goes on until its token is cancelled.
pub struct Quiet<'a>(pub &'a CancelToken);

impl Watcher for Quiet<'_> {
    fn pulse(&mut self) -> ControlFlow<()> {
        if self.0.is_cancelled() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}
