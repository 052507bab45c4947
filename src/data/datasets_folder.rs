//! The folder that downloaded datasets live in, and filling it.
//!
//! `DATASETS/NAME/` holds a dataset's files and `done.ron`, which says which of them are complete, so that
//! nothing is downloaded or hashed twice. Files that somebody put there by hand are taken over if their
//! size and hash are right.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    catalogue::{DONE_FILE, Entry, FileEntry},
    download::{self, DownloadError, Downloaded, Options, Request},
    files,
};
use crate::{cancel::CancelToken, resources};

/// A dataset that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// What to open: the archive or array file, or the folder of a dataset of several files.
    pub path: PathBuf,
    /// Bytes of all files.
    pub bytes: u64,
    /// Every file has the hash that the catalogue says.
    pub verified: bool,
}

/// How much of a dataset is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Nothing.
    Absent,
    /// An unfinished download.
    Partial {
        /// Bytes that are there.
        bytes: u64,
    },
    /// All of it.
    Ready(Fetched),
}

/// A file that is complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Done {
    name: String,
    bytes: u64,
    sha256: String,
}

/// Where datasets go: `CONVSCOPE_DATASETS` or a folder of the user's data.
pub fn default_folder() -> PathBuf {
    resources::user_folder("CONVSCOPE_DATASETS", "datasets")
}

/// Downloads what is missing of `entry` into `folder/NAME/`. `progress` hears bytes that are there and
/// bytes in all, often.
///
/// # Errors
/// A sentence that says what happened and what to do. Complete files and parts are kept.
pub fn fetch(
    entry: &Entry,
    folder: &Path,
    options: &Options,
    cancel: &CancelToken,
    progress: &dyn Fn(u64, Option<u64>),
) -> Result<Fetched, DownloadError> {
    let folder = folder.join(&entry.name);
    let mut done = read_done(&folder);
    let mut before = 0;
    for file in &entry.files {
        cancel.check()?;
        if find(&folder, &done, file).is_none() {
            let tell = |bytes: u64, of_file: Option<u64>| {
                let total = entry.bytes().or(of_file.filter(|_| entry.files.len() == 1));
                progress(before + bytes, total);
            };
            let complete = obtain(file, &folder, options, cancel, &tell)?;
            done.retain(|other| other.name != file.name);
            done.push(Done {
                name: file.name.clone(),
                bytes: complete.bytes,
                sha256: complete.sha256,
            });
            write_done(&folder, &done)?;
        }
        before += find(&folder, &done, file).map_or(0, |done| done.bytes);
    }
    ready(entry, &folder, &done).ok_or_else(|| {
        // Only if somebody deletes files meanwhile.
        DownloadError::write(&folder)(io::ErrorKind::NotFound.into())
    })
}

/// How much of `entry` is in `folder`; reads no more than a few lines.
pub fn status(entry: &Entry, folder: &Path) -> Status {
    let folder = folder.join(&entry.name);
    let done = read_done(&folder);
    if let Some(fetched) = ready(entry, &folder, &done) {
        return Status::Ready(fetched);
    }
    let there = |file: &FileEntry| match find(&folder, &done, file) {
        Some(done) => done.bytes,
        None => download::unfinished(&folder.join(&file.name)),
    };
    match entry.files.iter().map(there).sum() {
        0 => Status::Absent,
        bytes => Status::Partial { bytes },
    }
}

/// Deletes what no download of `entry` will go on with.
pub fn sweep(entry: &Entry, folder: &Path) {
    let folder = folder.join(&entry.name);
    files::sweep(&folder);
    let done = read_done(&folder);
    for file in &entry.files {
        let is_whole = find(&folder, &done, file).is_some();
        download::sweep(&folder.join(&file.name), is_whole);
    }
}

/// Throws away what unfinished downloads of `entry` have; complete files stay.
///
/// # Errors
/// When another process downloads it, or the system refuses.
pub fn discard_unfinished(entry: &Entry, folder: &Path) -> Result<(), DownloadError> {
    let folder = folder.join(&entry.name);
    let mut targets = entry.files.iter().map(|file| folder.join(&file.name));
    targets.try_for_each(|target| download::discard(&target))
}

/// Takes a file over that lies there already, or downloads it.
fn obtain(
    file: &FileEntry,
    folder: &Path,
    options: &Options,
    cancel: &CancelToken,
    progress: &dyn Fn(u64, Option<u64>),
) -> Result<Downloaded, DownloadError> {
    let target = folder.join(&file.name);
    if let (Some(bytes), Some(hash)) = (size_of(&target), &file.sha256)
        && file.bytes.is_none_or(|expected| expected == bytes)
    {
        let sha256 = download::sha256_of(&target, cancel)?;
        if hash.eq_ignore_ascii_case(&sha256) {
            return Ok(Downloaded { bytes, sha256 });
        }
    }
    let request = Request {
        urls: &file.urls,
        target: &target,
        bytes: file.bytes,
        sha256: file.sha256.as_deref(),
        cancel,
        progress,
    };
    download::download(&request, options)
}

fn ready(entry: &Entry, folder: &Path, done: &[Done]) -> Option<Fetched> {
    let mut fetched = Fetched {
        path: match entry.files.as_slice() {
            [only] => folder.join(&only.name),
            _ => folder.to_path_buf(),
        },
        bytes: 0,
        verified: true,
    };
    for file in &entry.files {
        fetched.bytes += find(folder, done, file)?.bytes;
        fetched.verified &= file.sha256.is_some();
    }
    Some(fetched)
}

/// The record of `file` if it still lies there and is the one that the catalogue means.
fn find<'a>(folder: &Path, done: &'a [Done], file: &FileEntry) -> Option<&'a Done> {
    let found = done.iter().find(|done| done.name == file.name)?;
    let hash = file.sha256.as_ref();
    let is_meant = hash.is_none_or(|hash| hash.eq_ignore_ascii_case(&found.sha256))
        && file.bytes.is_none_or(|bytes| bytes == found.bytes);
    let is_whole = size_of(&folder.join(&file.name)) == Some(found.bytes);
    (is_meant && is_whole).then_some(found)
}

fn size_of(path: &Path) -> Option<u64> {
    fs::metadata(path)
        .ok()
        .filter(fs::Metadata::is_file)
        .map(|data| data.len())
}

/// A lost or damaged record costs one more look at the files.
fn read_done(folder: &Path) -> Vec<Done> {
    files::read_note(&folder.join(DONE_FILE)).unwrap_or_default()
}

fn write_done(folder: &Path, done: &[Done]) -> Result<(), DownloadError> {
    let path = folder.join(DONE_FILE);
    files::write_note(&path, &done).map_err(DownloadError::write(&path))
}
