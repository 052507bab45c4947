//! Pausing, stopping and steering a run, from whoever holds the handle to the trainer.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::cancel::CancelToken;

/// Pausing and stopping, from the handle to the trainer.
#[derive(Clone, Default)]
pub struct TrainControl(Arc<(Mutex<Control>, Condvar)>);

#[derive(Default)]
struct Control {
    paused: bool,
    /// The learning rate that the user asked for and the trainer has not taken yet.
    learning_rate: Option<f64>,
    current: Option<CancelToken>,
}

/// How long a paused run sleeps before it looks whether its job was cancelled.
const PAUSE_LOOK: Duration = Duration::from_millis(50);

impl TrainControl {
    fn lock(&self) -> MutexGuard<'_, Control> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes `token` the run that pausing and stopping mean; an older run ends.
    pub fn begin(&self, token: CancelToken) {
        let mut control = self.lock();
        if let Some(older) = control.current.replace(token) {
            older.cancel();
        }
        control.paused = false;
        control.learning_rate = None;
        self.0.1.notify_all();
    }

    /// Makes a new token the one that stopping means, now that the run `running` has taken its last step: whoever
    /// stopped it wants the rest, unless they stop it again. It is cancelled already when a newer run waits.
    pub fn begin_end(&self, running: &CancelToken) -> CancelToken {
        let mut control = self.lock();
        let token = CancelToken::new();
        match &mut control.current {
            Some(current) if current.is_same(running) => *current = token.clone(),
            _ => token.cancel(),
        }
        token
    }

    pub fn set_learning_rate(&self, rate: f64) {
        self.lock().learning_rate = Some(rate);
    }

    pub fn take_learning_rate(&self) -> Option<f64> {
        self.lock().learning_rate.take()
    }

    pub fn set_paused(&self, paused: bool) {
        self.lock().paused = paused;
        self.0.1.notify_all();
    }

    pub fn is_paused(&self) -> bool {
        self.lock().paused
    }

    pub fn stop(&self) {
        if let Some(token) = &self.lock().current {
            token.cancel();
        }
        self.0.1.notify_all();
    }

    /// Waits while paused; `on_change` hears of beginning and end of the wait.
    pub fn wait_while_paused(&self, cancel: &CancelToken, mut on_change: impl FnMut(bool)) {
        let mut control = self.lock();
        if !control.paused || cancel.is_cancelled() {
            return;
        }
        on_change(true);
        while control.paused && !cancel.is_cancelled() {
            let waited = self.0.1.wait_timeout(control, PAUSE_LOOK);
            control = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(control);
        on_change(false);
    }
}
