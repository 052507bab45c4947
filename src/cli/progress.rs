//! How far the work is, on standard error: a bar on a terminal, now and then a line elsewhere.

use std::{
    io::{self, IsTerminal as _},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::output::say;
use crate::{format, plain};

/// Elsewhere than on a terminal, lines come at most this often.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// One task's progress; the bar disappears when it is dropped.
pub struct Progress {
    label: String,
    /// Units are bytes.
    is_bytes: bool,
    /// `None` when standard error is no terminal.
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl Progress {
    /// `label` says what is done, such as "reading images".
    pub fn new(label: &str) -> Self {
        let style = "{msg}  {wide_bar} {pos}/{len}  {eta_precise} left";
        Self::with_style(label, false, style)
    }

    /// Like [`Self::new`], with bytes for units.
    pub fn of_bytes(label: &str) -> Self {
        let style = "{msg}  {wide_bar} {decimal_bytes}/{decimal_total_bytes}  \
                     {decimal_bytes_per_sec}  {eta_precise} left";
        Self::with_style(label, true, style)
    }

    fn with_style(label: &str, is_bytes: bool, style: &str) -> Self {
        let label = plain::visible(label).into_owned();
        let bar = io::stderr().is_terminal().then(|| {
            // The template is constant; were it wrong, indicatif's own look is as good.
            let style = ProgressStyle::with_template(style);
            let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::new(0).with_style(style);
            bar.with_message(label.clone())
        });
        Self {
            label,
            is_bytes,
            bar,
            last_line: Instant::now(),
        }
    }

    /// `done` of `total` is finished.
    pub fn at(&mut self, done: usize, total: usize) {
        if let Some(bar) = &self.bar {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        } else if self.last_line.elapsed() >= LINE_INTERVAL {
            self.last_line = Instant::now();
            let [done, total] = [done, total].map(|count| match self.is_bytes {
                true => format::bytes(count as u64),
                false => count.to_string(),
            });
            say(&format!("{}: {done} of {total}", self.label));
        }
    }

    /// Writes a line, above the bar if there is one.
    pub fn say(&self, message: &str) {
        self.suspend(|| say(message));
    }

    /// Runs `write` with the bar out of the way.
    pub fn suspend<R>(&self, write: impl FnOnce() -> R) -> R {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
