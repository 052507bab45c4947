//! A named thread that takes commands one after the other and is joined when dropped.

use std::{
    io,
    panic::{self, AssertUnwindSafe},
    thread::{self, JoinHandle},
};

use crossbeam_channel::{Receiver, Sender, TryRecvError};

/// Owns the thread; dropping it closes the channel and joins.
#[derive(Debug)]
pub struct Worker<C> {
    sender: Sender<C>,
    thread: Option<JoinHandle<()>>,
}

impl<C: Send + 'static> Worker<C> {
    /// Starts a thread called `name`; `run` must return when the channel closes.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    pub fn spawn(name: &str, run: impl FnOnce(Receiver<C>) + Send + 'static) -> io::Result<Self> {
        Self::watched(name, run, || {})
    }

    /// Like [`Self::spawn`]; `died` is called on the thread when it ends although its channel is still open. Commands
    /// that wait then, and those that come later, are dropped.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    pub fn watched(
        name: &str,
        run: impl FnOnce(Receiver<C>) + Send + 'static,
        died: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, receiver) = crossbeam_channel::unbounded();
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let commands = receiver.clone();
                // The panic hook has told of a panic.
                let _ = panic::catch_unwind(AssertUnwindSafe(|| run(receiver)));
                // What waits is dropped, which its job notices.
                let end = loop {
                    if let Err(end) = commands.try_recv() {
                        break end;
                    }
                };
                if end == TryRecvError::Empty {
                    died();
                }
            })?;
        Ok(Self {
            sender,
            thread: Some(thread),
        })
    }

    /// Lets the thread end by itself: for one in a call of the system that nothing interrupts and that
    /// soon returns, such as looking up a server's name. It must not hold anything that others wait for.
    #[must_use]
    pub fn abandoned(mut self) -> Self {
        drop(self.thread.take());
        self
    }

    /// Queues a command; returns at once.
    pub fn send(&self, command: C) {
        // Fails only when the thread is gone; then the command is dropped, which its job notices.
        let _ = self.sender.send(command);
    }

    /// For other threads to queue commands with; the thread does not end while one of these is kept.
    pub fn sender(&self) -> Sender<C> {
        self.sender.clone()
    }
}

impl<C> Drop for Worker<C> {
    fn drop(&mut self) {
        // Without a sender the channel is closed.
        self.sender = crossbeam_channel::bounded(0).0;
        if let Some(thread) = self.thread.take() {
            // That the thread died was told when it did.
            let _ = thread.join();
        }
    }
}
