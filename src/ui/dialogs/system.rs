//! The system's file dialog, on a thread of its own.
//!
//! Whether there is one is found out when the program starts, and only a sure yes counts: rfd answers "nothing chosen" both
//! when somebody cancels and when there is no dialog at all. What still answers so although the window never lost the
//! keyboard to it was none.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crossbeam_channel::{Receiver, Sender, TryRecvError};
use eframe::egui::Context;

use super::{Kind, Look, Question, in_words};
use crate::{engine::Waker, worker::Worker};

type Asked = (Question, Sender<Chosen>);

/// What the system's dialog gave.
struct Chosen {
    paths: Vec<PathBuf>,
    /// The ending was added here, and a file of that name is there: nobody was asked whether to replace it.
    replaces: bool,
}

/// The thread that waits for the system's dialogs.
pub struct System {
    worker: Option<Worker<Asked>>,
    is_there: Arc<AtomicBool>,
}

/// A question that the system's dialog was asked.
pub struct Waiting {
    pub question: Question,
    answer: Receiver<Chosen>,
    /// Something took the keyboard from the window meanwhile.
    was_covered: bool,
}

/// How the system's dialog ended.
pub enum SystemAnswer {
    /// With paths.
    Chosen(Vec<PathBuf>),
    /// With a path whose file has to be asked about.
    MustReplace(PathBuf),
    /// Somebody cancelled it.
    Cancelled,
    /// There was none.
    NoDialog,
}

impl System {
    /// Starts the thread, which first finds out whether there are dialogs; `waker` is called when one closes.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    pub fn start(waker: Waker) -> io::Result<Self> {
        let is_there = Arc::new(AtomicBool::new(false));
        let found = Arc::clone(&is_there);
        let worker = Worker::spawn("convscope-dialogs", move |questions: Receiver<Asked>| {
            found.store(has_dialogs(), Ordering::Relaxed);
            for (question, answer) in questions {
                // Nobody waits for the answer once the window is closed or the user has chosen otherwise.
                let _ = answer.send(show(&question));
                waker();
            }
        })?;
        Ok(Self {
            // A dialog that is still open must not keep the program from ending.
            worker: Some(worker.abandoned()),
            is_there,
        })
    }

    /// No dialogs.
    pub fn none() -> Self {
        Self {
            worker: None,
            is_there: Arc::default(),
        }
    }

    /// There are none after all.
    pub fn forget(&self) {
        self.is_there.store(false, Ordering::Relaxed);
    }

    /// Asks; the question comes back when there is no dialog, or it is not known yet.
    pub fn ask(&self, question: Question) -> Result<Waiting, Question> {
        let is_there = self.is_there.load(Ordering::Relaxed);
        let Some(worker) = self.worker.as_ref().filter(|_| is_there) else {
            return Err(question);
        };
        let (sender, answer) = crossbeam_channel::bounded(1);
        worker.send((question.clone(), sender));
        Ok(Waiting {
            question,
            answer,
            was_covered: false,
        })
    }
}

impl Waiting {
    /// Call in every frame.
    pub fn look(&mut self, context: &Context) {
        self.was_covered |= !context.input(|input| input.focused);
    }

    /// How the dialog ended; `None` while it is open.
    pub fn answer(&self) -> Option<SystemAnswer> {
        let chosen = match self.answer.try_recv() {
            Ok(chosen) => chosen,
            Err(TryRecvError::Empty) => return None,
            // The thread has gone.
            Err(TryRecvError::Disconnected) => return Some(SystemAnswer::NoDialog),
        };
        Some(match (chosen.paths, chosen.replaces) {
            (mut paths, true) if paths.len() == 1 => SystemAnswer::MustReplace(paths.remove(0)),
            (paths, _) if !paths.is_empty() => SystemAnswer::Chosen(paths),
            _ if self.was_covered => SystemAnswer::Cancelled,
            _ => SystemAnswer::NoDialog,
        })
    }
}

fn show(question: &Question) -> Chosen {
    let look = question.purpose.look();
    let mut dialog = rfd::FileDialog::new().set_title(look.title);
    if let Some(folder) = &question.folder {
        dialog = dialog.set_directory(folder);
    }
    if look.kind != Kind::Folder {
        for (words, endings) in &look.filters {
            dialog = dialog.add_filter(in_words(words, endings), endings);
        }
        if look.kind != Kind::Save {
            dialog = dialog.add_filter("all files", &["*"]);
        }
    }
    let one = |path: Option<PathBuf>| path.into_iter().collect();
    let paths: Vec<PathBuf> = match look.kind {
        Kind::Folder => one(dialog.pick_folder()),
        Kind::Save => one(dialog.set_file_name(question.file_name()).save_file()),
        Kind::Files => dialog.pick_files().unwrap_or_default(),
        Kind::File => one(dialog.pick_file()),
    };
    complete(&look, &paths)
}

fn complete(look: &Look, paths: &[PathBuf]) -> Chosen {
    let complete = paths.iter().map(|path| look.with_ending(path.clone()));
    let complete: Vec<PathBuf> = complete.collect();
    Chosen {
        replaces: complete != paths && complete.iter().any(|path| path.exists()),
        paths: complete,
    }
}

#[cfg(not(target_os = "linux"))]
fn has_dialogs() -> bool {
    true
}

/// Whether a desktop portal answers that it shows file dialogs. The programs that rfd falls back to (zenity) fail in ways
/// that cannot be told from a cancelled dialog; the window's own is better.
#[cfg(target_os = "linux")]
fn has_dialogs() -> bool {
    use std::time::Duration;
    /// A portal that takes longer is no use; the window has its own dialog.
    const PATIENCE: Duration = Duration::from_secs(3);
    const PORTAL: &str = "org.freedesktop.portal.Desktop";
    const PATH: &str = "/org/freedesktop/portal/desktop";
    const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
    let asked = async {
        let bus = zbus::Connection::session().await.ok()?;
        let body = ("org.freedesktop.portal.FileChooser", "version");
        let reply = bus.call_method(Some(PORTAL), PATH, Some(PROPERTIES), "Get", &body);
        reply.await.ok()
    };
    let late = async {
        async_io::Timer::after(PATIENCE).await;
        None
    };
    async_io::block_on(futures_lite::future::or(asked, late)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::{dialogs::Purpose, saving::Saving};

    fn waiting(paths: &[&str], replaces: bool, was_covered: bool) -> Waiting {
        let (sender, answer) = crossbeam_channel::bounded(1);
        let paths = paths.iter().map(PathBuf::from).collect();
        sender.send(Chosen { paths, replaces }).unwrap();
        Waiting {
            question: Question {
                purpose: Saving::Model.into(),
                folder: None,
                name: String::new(),
                places: Vec::new(),
            },
            answer,
            was_covered,
        }
    }

    #[test]
    fn nothing_chosen_is_no_cancelling_unless_a_dialog_was_there() {
        let said = |waiting: Waiting| match waiting.answer() {
            Some(SystemAnswer::Chosen(paths)) => format!("chosen {paths:?}"),
            Some(SystemAnswer::MustReplace(path)) => format!("replace {path:?}"),
            Some(SystemAnswer::Cancelled) => "cancelled".into(),
            Some(SystemAnswer::NoDialog) => "no dialog".into(),
            None => "open".into(),
        };
        assert_eq!(said(waiting(&[], false, false)), "no dialog");
        assert_eq!(said(waiting(&[], false, true)), "cancelled");
        assert_eq!(said(waiting(&["/a"], false, false)), r#"chosen ["/a"]"#);
        assert_eq!(said(waiting(&["/a"], true, true)), r#"replace "/a""#);
    }

    #[test]
    fn a_file_whose_ending_was_added_here_is_asked_about() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("m.safetensors"), "").unwrap();
        for (typed, replaces) in [("m", true), ("m.safetensors", false), ("n", false)] {
            let chosen = complete(
                &Purpose::Save(Saving::Model).look(),
                &[folder.path().join(typed)],
            );
            assert_eq!(chosen.replaces, replaces, "{typed}");
        }
    }
}
