//! The file that a download grows in: `TARGET.part`, with a note beside it, `TARGET.part.ron`.
//!
//! The note says where the bytes came from, so that a later process can go on. The file is locked while
//! somebody writes it, and becomes `TARGET` by a rename, so that `TARGET` is never half a file.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::DownloadError;
use crate::{
    cancel::CancelToken,
    data::{
        dataset::display_path,
        files::{self, remove_if_there},
        locks::{self, Locked},
    },
};

/// Where the bytes of a part came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The address.
    pub url: String,
    /// What the server calls this version of the file (a strong `ETag`, else `Last-Modified`), for
    /// `If-Range`.
    pub version: Option<String>,
    /// Bytes of the whole file, as the server says.
    pub total: Option<u64>,
}

/// An unfinished download, locked by this process.
#[derive(Debug)]
pub struct Part {
    path: PathBuf,
    target: PathBuf,
    file: File,
    len: u64,
    note: Option<Note>,
}

/// `TARGET.part`.
pub fn part_path(target: &Path) -> PathBuf {
    target.with_added_extension("part")
}

fn note_path(target: &Path) -> PathBuf {
    target.with_added_extension("part.ron")
}

/// Bytes of `target` that an unfinished download has; 0 when there is none.
pub fn unfinished(target: &Path) -> u64 {
    fs::metadata(part_path(target)).map_or(0, |data| data.len())
}

/// Throws away what an unfinished download of `target` has.
pub fn discard(target: &Path) -> Result<(), DownloadError> {
    if part_path(target).exists() {
        Part::open(target)?.remove()?;
    }
    Ok(())
}

/// Throws away what no download of `target` will go on with: bytes of which nobody knows where they came from, a note
/// without bytes, and everything when `target` is whole.
pub fn sweep(target: &Path, is_whole: bool) {
    let (part, note) = (part_path(target), note_path(target));
    if !part.exists() {
        // A download makes the part first, and locks it.
        let _ = remove_if_there(&note);
    } else if is_whole || read_note(target).is_none() {
        // Another process may write it; then it has a use.
        let _ = discard(target);
    }
}

fn read_note(target: &Path) -> Option<Note> {
    files::read_note(&note_path(target))
}

impl Part {
    /// Opens or makes the part of `target`, and locks it; an error when another process has it.
    pub fn open(target: &Path) -> Result<Self, DownloadError> {
        let path = part_path(target);
        let failed = DownloadError::write(&path);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(DownloadError::write(folder))?;
        }
        let file = loop {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(&failed)?;
            if locks::try_lock(&file, &path) == Locked::Taken {
                return Err(DownloadError::Busy(display_path(&path)));
            }
            // Whoever had the lock may just have renamed the file: then this is the finished one.
            if is_still_at(&file, &path) {
                break file;
            }
        };
        let len = file.metadata().map_err(&failed)?.len();
        let note = read_note(target);
        let mut part = Self {
            path,
            target: target.to_path_buf(),
            file,
            len,
            note,
        };
        if part.note.is_none() && part.len > 0 {
            // Nobody knows what these bytes are.
            part.clear()?;
        }
        Ok(part)
    }

    /// Bytes that are there.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Where they came from.
    pub fn note(&self) -> Option<&Note> {
        self.note.as_ref()
    }

    /// Throws everything away, keeping the lock.
    pub fn clear(&mut self) -> Result<(), DownloadError> {
        let failed = DownloadError::write(&self.path);
        if self.len > 0 {
            self.file.set_len(0).map_err(&failed)?;
        }
        self.len = 0;
        self.note = None;
        remove_if_there(&note_path(&self.target)).map_err(&failed)
    }

    /// Begins anew with bytes from where `note` says.
    pub fn begin(&mut self, note: Note) -> Result<(), DownloadError> {
        self.clear()?;
        let path = note_path(&self.target);
        files::write_note(&path, &note).map_err(DownloadError::write(&path))?;
        self.note = Some(note);
        Ok(())
    }

    /// Appends bytes.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), DownloadError> {
        let failed = DownloadError::write(&self.path);
        self.file.seek(SeekFrom::Start(self.len)).map_err(&failed)?;
        self.file.write_all(bytes).map_err(&failed)?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// The SHA-256 of what lies on the disk, in lower-case hexadecimal.
    pub fn sha256(&mut self, cancel: &CancelToken) -> Result<String, DownloadError> {
        let failed = DownloadError::write(&self.path);
        self.file.seek(SeekFrom::Start(0)).map_err(&failed)?;
        hash(&mut self.file, cancel, &self.path)
    }

    /// Makes it the target, at once and for good.
    pub fn finish(self) -> Result<(), DownloadError> {
        let failed = DownloadError::write(&self.target);
        self.file.sync_all().map_err(&failed)?;
        fs::rename(&self.path, &self.target).map_err(&failed)?;
        if let Some(folder) = self.target.parent() {
            files::sync_folder(folder).map_err(&failed)?;
        }
        // A note without its part is harmless; it must not make a good download fail.
        let _ = remove_if_there(&note_path(&self.target));
        Ok(())
    }

    /// Deletes it.
    pub fn remove(mut self) -> Result<(), DownloadError> {
        self.clear()?;
        remove_if_there(&self.path).map_err(DownloadError::write(&self.path))
    }
}

/// The SHA-256 of the file `path`, in lower-case hexadecimal.
pub fn sha256_of(path: &Path, cancel: &CancelToken) -> Result<String, DownloadError> {
    let mut file = File::open(path).map_err(DownloadError::write(path))?;
    hash(&mut file, cancel, path)
}

fn hash(file: &mut File, cancel: &CancelToken, path: &Path) -> Result<String, DownloadError> {
    /// Takes about a millisecond, so that cancelling is noticed.
    const AT_ONCE: usize = 1 << 20;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; AT_ONCE];
    loop {
        cancel.check()?;
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(DownloadError::write(path)(error)),
        }
    }
    let digest = hasher.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(unix)]
fn is_still_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |data: fs::Metadata| (data.dev(), data.ino());
    let here = file.metadata().map(identity);
    matches!((here, fs::metadata(path).map(identity)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(not(unix))]
fn is_still_at(_file: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_download_goes_on_with_is_swept() {
        let note = ron::to_string(&Note::default()).unwrap();
        for (why, part, note, is_whole, part_stays, note_stays) in [
            ("unfinished", Some("bytes"), Some(&*note), false, true, true),
            (
                "bytes of unknown origin",
                Some("bytes"),
                None,
                false,
                false,
                false,
            ),
            (
                "a damaged note",
                Some("bytes"),
                Some("(((("),
                false,
                false,
                false,
            ),
            ("a note alone", None, Some(&*note), false, false, false),
            (
                "the file is there",
                Some("bytes"),
                Some(&*note),
                true,
                false,
                false,
            ),
            ("nothing", None, None, true, false, false),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let target = folder.path().join("set.zip");
            for (path, content) in [(part_path(&target), part), (note_path(&target), note)] {
                if let Some(content) = content {
                    fs::write(path, content).unwrap();
                }
            }
            let other = folder.path().join("film.part");
            fs::write(&other, "somebody's").unwrap();
            sweep(&target, is_whole);
            let left = (part_path(&target).exists(), note_path(&target).exists());
            assert_eq!(left, (part_stays, note_stays), "{why}");
            assert!(other.exists(), "{why}");
        }
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("set.zip");
        let mut living = Part::open(&target).unwrap();
        living.append(b"bytes").unwrap();
        sweep(&target, true);
        assert!(part_path(&target).exists(), "somebody writes it");
    }
}
