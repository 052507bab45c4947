//! A named thread that takes commands one after the other and is joined when dropped.

use std::{
    io,
    thread::{self, JoinHandle},
};

use crossbeam_channel::{Receiver, Sender};

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
        let (sender, receiver) = crossbeam_channel::unbounded();
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || run(receiver))?;
        Ok(Self {
            sender,
            thread: Some(thread),
        })
    }

    /// Lets the thread end by itself: for one in a call of the system that nothing interrupts and that
    /// soon returns, such as looking up a server's name. It must not hold anything that others wait for.
    pub fn abandon(mut self) {
        drop(self.thread.take());
    }

    /// Queues a command; returns at once.
    pub fn send(&self, command: C) {
        // Fails only when the thread is gone, which happens at shutdown alone.
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
            // Jobs contain their panics; nothing is left to report if the thread itself died.
            let _ = thread.join();
        }
    }
}
