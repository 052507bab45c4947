//! What the window says about what happened: lines of the event log, and those of them that show as notifications.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use super::state::AppState;
use crate::{data::dataset::display_path, engine::Level, plain};

/// A line of the event log; warnings and errors are shown as notifications until dismissed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Identifies it.
    pub id: u64,
    /// How much it matters.
    pub level: Level,
    /// One sentence.
    pub text: String,
    /// Whether it still shows as a notification.
    pub shown: bool,
    /// When it came.
    pub since: Instant,
    /// What can be done about it.
    pub offer: Option<Offer>,
}

/// A button of a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// Show the folder that this file was written to.
    Show(PathBuf),
    /// Take the change of the experiment of this number back, as long as it is the last.
    Undo(u64),
}

/// Lines the event log keeps.
const LOG_LENGTH: usize = 1_000;

impl AppState {
    /// Adds a line to the event log; warnings and errors also show as notifications.
    pub fn note(&mut self, level: Level, text: impl Into<String>) {
        let shown = level != Level::Info;
        self.add_notice(level, &text.into(), shown, None);
    }

    /// Says that something was done, where it is seen.
    pub fn tell(&mut self, text: impl Into<String>, offer: Option<Offer>) {
        self.add_notice(Level::Info, &text.into(), true, offer);
    }

    /// Something was written to `path`: said where it is seen, with the way there.
    pub fn saved(&mut self, what: &str, path: &Path) {
        let name = display_path(path.file_name().unwrap_or_default().as_ref());
        let folder = display_path(path.parent().unwrap_or(path));
        let words = format!("Saved the {what} as {name} in {folder}");
        self.tell(words, Some(Offer::Show(path.to_path_buf())));
    }

    fn add_notice(&mut self, level: Level, text: &str, shown: bool, offer: Option<Offer>) {
        let text = plain::text(text);
        // The same sentence shows once.
        for earlier in self
            .notices
            .iter_mut()
            .filter(|earlier| earlier.text == text)
        {
            earlier.shown = false;
        }
        self.notices.push(Notice {
            id: self.notices.last().map_or(0, |last| last.id + 1),
            level,
            text,
            shown,
            since: Instant::now(),
            offer,
        });
        if self.notices.len() > LOG_LENGTH {
            self.notices.remove(0);
        }
    }

    /// Takes a notification away; it stays in the log.
    pub fn dismiss(&mut self, id: u64) {
        if let Some(notice) = self.notices.iter_mut().find(|notice| notice.id == id) {
            notice.shown = false;
        }
    }
}
