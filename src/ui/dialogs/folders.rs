//! Reading folders for the window's dialog, on a thread of its own: a folder of 100,000 images, or one on a slow network,
//! holds up no frame.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use crossbeam_channel::Receiver;

use crate::{
    data::{dataset::display_path, sources::natural},
    engine::Waker,
    plain,
    worker::Worker,
};

/// Something in a folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// As the system has it.
    pub name: OsString,
    /// For people.
    pub words: String,
    /// Whether it can be gone into.
    pub is_folder: bool,
    /// Size in bytes and when it was changed; in very large folders nobody waits for them.
    pub facts: Option<(u64, SystemTime)>,
}

/// What is in a folder: folders first, each kind in natural order.
pub type Entries = Arc<[Entry]>;

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A folder.
    Folder,
    /// A file.
    File,
    /// Nothing, in a folder that is there.
    Nothing,
    /// Nothing, and its folder is not there either.
    NoFolder,
}

/// What it answers.
#[derive(Debug)]
pub enum News {
    /// A folder was read.
    Listed(PathBuf, Result<Entries, String>),
    /// A path was looked at.
    Looked(PathBuf, Found),
    /// A folder was made.
    Made(PathBuf, Result<(), String>),
}

/// The thread.
pub struct Folders {
    worker: Worker<Wish>,
    news: Receiver<News>,
}

/// What finds out what is asked.
type Wish = Box<dyn FnOnce() -> News + Send>;

/// In larger folders sizes and times are not asked for.
const MOST_FACTS: usize = 10_000;

impl Folders {
    /// Starts the thread; `waker` is called when it has news.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    pub fn start(waker: Waker) -> io::Result<Self> {
        let (sender, news) = crossbeam_channel::unbounded();
        let worker = Worker::spawn("convscope-folders", move |wishes: Receiver<Wish>| {
            for wish in wishes {
                // The dialog is gone when nobody listens.
                let _ = sender.send(wish());
                waker();
            }
        })?;
        // A folder on a network that does not answer must not keep the program from ending.
        let worker = worker.abandoned();
        Ok(Self { worker, news })
    }

    /// Asks what is in a folder.
    pub fn list(&self, folder: PathBuf) {
        self.worker.send(Box::new(move || {
            let entries = list(&folder);
            News::Listed(folder, entries)
        }));
    }

    /// Asks what stands at a path.
    pub fn look(&self, path: PathBuf) {
        self.worker.send(Box::new(move || {
            let found = look(&path);
            News::Looked(path, found)
        }));
    }

    /// Asks for a new folder.
    pub fn make(&self, path: PathBuf) {
        self.worker.send(Box::new(move || {
            let made = fs::create_dir(&path);
            let made = made.map_err(|error| failed(&path, "made", &error));
            News::Made(path, made)
        }));
    }

    /// What has been answered.
    pub fn next(&self) -> Option<News> {
        self.news.try_recv().ok()
    }
}

fn failed(path: &Path, what: &str, error: &io::Error) -> String {
    let (path, reason) = (display_path(path), plain::io(error));
    format!("{path} cannot be {what}: {reason}")
}

fn look(path: &Path) -> Found {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Found::Folder,
        Ok(_) => Found::File,
        Err(_) if path.parent().is_some_and(Path::is_dir) => Found::Nothing,
        Err(_) => Found::NoFolder,
    }
}

fn list(folder: &Path) -> Result<Entries, String> {
    let found = fs::read_dir(folder).map_err(|error| failed(folder, "read", &error))?;
    let mut found: Vec<fs::DirEntry> = found.filter_map(Result::ok).collect();
    found.sort_by_cached_key(|entry| natural::key(&entry.file_name()));
    let wants_facts = found.len() <= MOST_FACTS;
    let entries = found.into_iter().map(|entry| {
        let name = entry.file_name();
        let kind = entry.file_type().ok();
        let is_link = kind.is_some_and(|kind| kind.is_symlink());
        // What a link leads to.
        let metadata = (is_link || wants_facts).then(|| fs::metadata(entry.path()).ok());
        let metadata = metadata.flatten();
        let is_folder = match &metadata {
            Some(metadata) => metadata.is_dir(),
            None => kind.is_some_and(|kind| kind.is_dir()),
        };
        let facts = metadata.and_then(|metadata| Some((metadata.len(), metadata.modified().ok()?)));
        Entry {
            words: display_path(name.as_ref()),
            name,
            is_folder,
            facts,
        }
    });
    let (folders, files): (Vec<Entry>, Vec<Entry>) = entries.partition(|entry| entry.is_folder);
    Ok(folders.into_iter().chain(files).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_come_first_and_numbers_count() {
        let home = tempfile::tempdir().unwrap();
        for name in ["b10", "b9"] {
            fs::create_dir(home.path().join(name)).unwrap();
        }
        for name in ["a10.png", "a9.png"] {
            fs::write(home.path().join(name), "xy").unwrap();
        }
        let entries = list(home.path()).unwrap();
        let names: Vec<_> = entries.iter().map(|entry| entry.words.as_str()).collect();
        assert_eq!(names, ["b9", "b10", "a9.png", "a10.png"]);
        assert_eq!(entries[2].facts.map(|(bytes, _)| bytes), Some(2));
        assert!(list(&home.path().join("nowhere")).is_err());
    }

    #[test]
    fn what_stands_at_a_path_is_told() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        fs::write(at("file"), "").unwrap();
        for (name, found) in [
            ("", Found::Folder),
            ("file", Found::File),
            ("new", Found::Nothing),
            ("no/new", Found::NoFolder),
        ] {
            assert_eq!(look(&at(name)), found, "{name}");
        }
    }
}
