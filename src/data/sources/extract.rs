//! Writing the entries of an archive that nobody vouches for: nothing lands outside of one folder, no link
//! is made, and what would fill the disk is refused.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    Limits, Request, SourceError,
    unpack::{self, CopyError},
};
use crate::{cancel::CancelToken, data::files};

/// Names that are remembered of what was left out.
const MOST_NAMED: usize = 100;

/// What was not unpacked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LeftOut {
    /// Paths that lead out of the archive.
    pub outside: u64,
    /// Links.
    pub links: u64,
    /// Devices and pipes.
    pub devices: u64,
    /// Names that came before.
    pub repeated: u64,
    /// Names that cannot be file names here.
    pub unusable: u64,
    /// The first of them.
    pub names: Vec<String>,
}

impl LeftOut {
    fn add(&mut self, reason: Reason, name: &[u8]) {
        const MOST: usize = 200;
        let count = match reason {
            Reason::Outside => &mut self.outside,
            Reason::Link => &mut self.links,
            Reason::Device => &mut self.devices,
            Reason::Repeated => &mut self.repeated,
            Reason::Unusable => &mut self.unusable,
        };
        *count += 1;
        if self.names.len() < MOST_NAMED {
            let name = &name[..name.len().min(MOST)];
            self.names.push(name.escape_ascii().to_string());
        }
    }

    /// How many entries.
    pub fn total(&self) -> u64 {
        self.outside + self.links + self.devices + self.repeated + self.unusable
    }

    /// How many of what, for people.
    pub fn words(&self) -> String {
        let counts = [
            (self.outside, "with paths that lead out of the archive"),
            (self.links, "links"),
            (self.devices, "devices or pipes"),
            (self.repeated, "repeated"),
            (self.unusable, "with unusable names"),
        ];
        let words: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, words)| format!("{count} {words}"))
            .collect();
        words.join(", ")
    }
}

/// Why an entry is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Outside,
    Link,
    Device,
    Repeated,
    Unusable,
}

/// What an entry of an archive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    File,
    Folder,
    Link,
    Device,
}

/// Writes the entries of an archive below one folder.
pub(super) struct Extractor<'a> {
    root: PathBuf,
    archive: &'a Path,
    limits: &'a Limits,
    cancel: &'a CancelToken,
    entries: u64,
    bytes: u64,
    last_folder: PathBuf,
    left_out: LeftOut,
}

impl<'a> Extractor<'a> {
    /// Writes what comes from `request.path` below `root`.
    pub fn new(root: PathBuf, request: &Request<'a>, limits: &'a Limits) -> Self {
        Self {
            root,
            archive: request.path,
            limits,
            cancel: request.cancel,
            entries: 0,
            bytes: 0,
            last_folder: PathBuf::new(),
            left_out: LeftOut::default(),
        }
    }

    /// Writes one entry, or counts it as left out. `packed` says how many bytes of the archive made what
    /// was read so far: of this entry when `per_entry`, else of all.
    ///
    /// # Errors
    /// When a limit is passed, reading or writing fails, the entry is shorter than `size`, or somebody cancelled.
    pub fn add(
        &mut self,
        name: &[u8],
        kind: EntryKind,
        size: Option<u64>,
        from: &mut dyn Read,
        packed: &mut dyn FnMut() -> Packed,
    ) -> Result<(), SourceError> {
        self.cancel.check()?;
        self.entries += 1;
        if self.entries > self.limits.entries {
            let words = format!("holds more than {} files", self.limits.entries);
            return Err(SourceError::wrong(
                self.archive,
                words + ": unpack it yourself",
            ));
        }
        let left_out = match relative_path(name, self.limits.name) {
            Ok(path) => {
                let path = self.root.join(path);
                match kind {
                    EntryKind::File => self.file(name, &path, size, from, packed)?,
                    EntryKind::Folder => self.folder(&path)?,
                    EntryKind::Link => Some(Reason::Link),
                    EntryKind::Device => Some(Reason::Device),
                }
            }
            Err(reason) => Some(reason),
        };
        if let Some(reason) = left_out {
            self.left_out.add(reason, name);
        }
        Ok(())
    }

    /// What was not written so far.
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// Counts `bytes` that were read and thrown away: they too take time.
    ///
    /// # Errors
    /// When a limit is passed or somebody cancelled.
    pub fn pass(&mut self, bytes: u64, packed: u64) -> Result<(), SourceError> {
        self.cancel.check()?;
        self.bytes += bytes;
        match self.limits.refuses(packed, self.bytes) {
            Some(words) => Err(SourceError::wrong(self.archive, words)),
            None => Ok(()),
        }
    }

    /// Writes a file; why it is left out.
    fn file(
        &mut self,
        name: &[u8],
        path: &Path,
        size: Option<u64>,
        from: &mut dyn Read,
        packed: &mut dyn FnMut() -> Packed,
    ) -> Result<Option<Reason>, SourceError> {
        let folder = path.parent().unwrap_or(&self.root).to_path_buf();
        if let Some(reason) = self.folder(&folder)? {
            return Ok(Some(reason));
        }
        let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Ok(Some(Reason::Repeated));
            }
            Err(error) if is_about_the_name(&error) => return Ok(Some(Reason::Unusable)),
            Err(error) => return Err(SourceError::unpack(path)(error)),
        };
        let copied = self.copy(from, &mut file, packed);
        let copied = copied?.map_err(|error| error.about(self.archive, path))?;
        match size {
            Some(size) if copied != size => Err(unpack::damaged(
                self.archive,
                &format!("{} has {copied} of {size} bytes", name.escape_ascii()),
            )),
            _ => Ok(None),
        }
    }

    fn copy(
        &mut self,
        from: &mut dyn Read,
        file: &mut File,
        packed: &mut dyn FnMut() -> Packed,
    ) -> Result<Result<u64, CopyError>, SourceError> {
        let (limits, mut refused, mut of_this) = (self.limits, None, 0);
        let bytes = &mut self.bytes;
        // One byte more than allowed is enough to know.
        let limit = limits.bytes.saturating_sub(*bytes).saturating_add(1);
        let copied = unpack::copy(from, file, limit, self.cancel, &mut |count| {
            *bytes += count;
            of_this += count;
            refused = match packed() {
                Packed::Entry(packed) => limits.refuses(packed, of_this),
                Packed::All(packed) => limits.refuses(packed, *bytes),
            };
            refused = refused.take().or_else(|| limits.refuses(u64::MAX, *bytes));
            refused.is_none()
        });
        match refused {
            Some(words) => Err(SourceError::wrong(self.archive, words)),
            None => Ok(copied),
        }
    }

    /// Makes a folder; why it is left out, when a file of its name is in the way.
    fn folder(&mut self, folder: &Path) -> Result<Option<Reason>, SourceError> {
        if self.last_folder == folder {
            return Ok(None);
        }
        match fs::create_dir_all(folder) {
            Ok(()) => {
                self.last_folder = folder.to_path_buf();
                Ok(None)
            }
            Err(error) if is_about_the_name(&error) => Ok(Some(Reason::Unusable)),
            Err(error) => Err(SourceError::unpack(folder)(error)),
        }
    }
}

/// How much of the archive was read for what came out.
#[derive(Debug, Clone, Copy)]
pub(super) enum Packed {
    /// For this entry.
    Entry(u64),
    /// For all entries so far.
    All(u64),
}

fn is_about_the_name(error: &io::Error) -> bool {
    use io::ErrorKind::{
        AlreadyExists, InvalidFilename, InvalidInput, IsADirectory, NotADirectory,
    };
    matches!(
        error.kind(),
        AlreadyExists | InvalidFilename | InvalidInput | IsADirectory | NotADirectory
    )
}

/// The path that `name` means, made of plain names only. Names need not be UTF-8.
fn relative_path(name: &[u8], longest: usize) -> Result<PathBuf, Reason> {
    if name.len() > longest || name.contains(&0) {
        return Err(Reason::Unusable);
    }
    if name.starts_with(b"/") {
        return Err(Reason::Outside);
    }
    let mut path = PathBuf::new();
    for part in name.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => return Err(Reason::Outside),
            [letter, b':', ..] if letter.is_ascii_alphabetic() && path.as_os_str().is_empty() => {
                return Err(Reason::Outside);
            }
            part => path.push(files::path_of_bytes(part)),
        }
    }
    // On Windows a name may hide separators and drives of its own.
    let is_plain = |part| matches!(part, std::path::Component::Normal(_));
    if path.components().all(is_plain) {
        Ok(path)
    } else {
        Err(Reason::Outside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_the_archive() {
        let long = "a/".repeat(3_000);
        let rows: [(&[u8], Result<&str, Reason>, &str); 12] = [
            (b"a/b.png", Ok("a/b.png"), "the usual"),
            (b"./a//b.png", Ok("a/b.png"), "as tar writes it"),
            (b"a/", Ok("a"), "a folder"),
            (b"./", Ok(""), "the archive itself"),
            (b"...", Ok("..."), "three dots are a name"),
            (b"a:b/c", Err(Reason::Outside), "a drive"),
            (b"../x", Err(Reason::Outside), "up"),
            (b"a/../../x", Err(Reason::Outside), "up in the middle"),
            (b"a/../x", Err(Reason::Outside), "not worth the trust"),
            (b"/etc/passwd", Err(Reason::Outside), "absolute"),
            (b"a\0b", Err(Reason::Unusable), "a NUL ends names elsewhere"),
            (long.as_bytes(), Err(Reason::Unusable), "too long"),
        ];
        for (name, expected, reason) in rows {
            let expected = expected.map(PathBuf::from);
            assert_eq!(relative_path(name, 4_096), expected, "{reason}");
        }
    }
}
