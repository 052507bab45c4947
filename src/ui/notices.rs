//! What the window says about what happened: lines of the event log, and those of them that show as notifications.

use std::{path::PathBuf, time::Instant};

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
    pub fn saved(&mut self, what: &str, path: PathBuf) {
        let name = path.file_name().unwrap_or_default();
        let folder = path.parent().unwrap_or(&path);
        let words = format!(
            "Saved {what} as {} in {}",
            display_path(name.as_ref()),
            display_path(folder)
        );
        self.tell(words, Some(Offer::Show(path)));
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
            id: self.next_notice,
            level,
            text,
            shown,
            since: Instant::now(),
            offer,
        });
        self.next_notice += 1;
        if self.notices.len() > LOG_LENGTH {
            self.notices.remove(0);
        }
    }

    /// These threads of the program have ended by a fault; each is told once.
    pub fn threads_died<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        for name in names {
            if self.dead_threads.insert(name.to_owned()) {
                self.note(
                    Level::Error,
                    format!(
                        "The part of Convscope called {name} has ended by a fault, and what it does no longer works: \
                         save what you have and start Convscope again"
                    ),
                );
            }
        }
    }

    /// Takes a notification away; it stays in the log.
    pub fn dismiss(&mut self, id: u64) {
        if let Some(notice) = self.notices.iter_mut().find(|notice| notice.id == id) {
            notice.shown = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::train::recipes;

    #[test]
    fn a_thread_that_dies_is_told_once() {
        let mut state = AppState::new(recipes::find(Path::new("shapes")).unwrap());
        for _ in 0..3 {
            state.threads_died(["convscope-loader"]);
        }
        let told: Vec<_> = state.notices.iter().map(|notice| notice.level).collect();
        assert_eq!(told, [Level::Error]);
        assert!(state.notices[0].shown && state.notices[0].text.contains("convscope-loader"));
    }
}
