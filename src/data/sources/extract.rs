//! Writing the entries of an archive that nobody vouches for: nothing lands outside of one folder, no link
//! is made, and what would fill the disk is refused.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{Request, SourceError, unpack};
use crate::data::files;

/// Names that are remembered of what was left out.
const MOST_NAMED: usize = 100;

/// Why an entry is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Reason {
    Outside,
    Link,
    Device,
    Repeated,
    Unusable,
}

/// What was not unpacked.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct LeftOut {
    counts: BTreeMap<Reason, u64>,
    /// The first of them.
    pub names: Vec<String>,
}

impl LeftOut {
    fn add(&mut self, reason: Reason, name: &[u8]) {
        const MOST: usize = 200;
        *self.counts.entry(reason).or_default() += 1;
        if self.names.len() < MOST_NAMED {
            let name = &name[..name.len().min(MOST)];
            self.names.push(name.escape_ascii().to_string());
        }
    }

    /// How many entries.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many of what, for people.
    pub fn words(&self) -> String {
        let words = self.counts.iter().map(|(reason, count)| {
            let what = match reason {
                Reason::Outside => "with paths that lead out of the archive",
                Reason::Link => "links",
                Reason::Device => "devices or pipes",
                Reason::Repeated => "repeated",
                Reason::Unusable => "with unusable names",
            };
            format!("{count} {what}")
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

/// What an entry of an archive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    File,
    Folder,
    Link,
    Device,
}

/// Writes the entries of the archive `request.path` below `root`.
pub(super) struct Extractor<'a> {
    root: PathBuf,
    request: &'a Request<'a>,
    entries: u64,
    bytes: u64,
    last_folder: PathBuf,
    left_out: LeftOut,
}

impl<'a> Extractor<'a> {
    pub fn new(root: PathBuf, request: &'a Request<'a>) -> Self {
        Self {
            root,
            request,
            entries: 0,
            bytes: 0,
            last_folder: PathBuf::new(),
            left_out: LeftOut::default(),
        }
    }

    /// Writes one entry, or counts it as left out. `packed` says how many bytes of the archive made what
    /// was read so far: of this entry when `per_entry`, else of all.
    pub fn add(
        &mut self,
        name: &[u8],
        kind: EntryKind,
        size: Option<u64>,
        from: &mut dyn Read,
        packed: &mut dyn FnMut() -> Packed,
    ) -> Result<(), SourceError> {
        let limits = &self.request.limits;
        self.request.cancel.check()?;
        self.entries += 1;
        if self.entries > limits.entries {
            let most = limits.entries;
            let words = format!("holds more than {most} files: unpack it yourself");
            return Err(SourceError::wrong(self.request.path, words));
        }
        let left_out = match relative_path(name, limits.name) {
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
    pub fn pass(&mut self, bytes: u64, packed: u64) -> Result<(), SourceError> {
        self.request.cancel.check()?;
        self.bytes += bytes;
        let limits = &self.request.limits;
        limits.check(self.request.path, packed, self.bytes)
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
        let mut file = match File::create_new(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Ok(Some(Reason::Repeated));
            }
            Err(error) if is_about_the_name(&error) => return Ok(Some(Reason::Unusable)),
            Err(error) => return Err(SourceError::unpack(path)(error)),
        };
        let (archive, limits) = (self.request.path, &self.request.limits);
        let cancel = self.request.cancel;
        let (bytes, mut of_this) = (&mut self.bytes, 0);
        // One byte more than allowed is enough to know.
        let limit = limits.bytes.saturating_sub(*bytes).saturating_add(1);
        let from = (archive, from);
        let copied = unpack::copy(from, (path, &mut file), limit, cancel, &mut |count| {
            *bytes += count;
            of_this += count;
            match packed() {
                Packed::Entry(packed) => limits.check(archive, packed, of_this)?,
                Packed::All(packed) => limits.check(archive, packed, *bytes)?,
            }
            limits.check(archive, u64::MAX, *bytes)
        })?;
        match size {
            Some(size) if copied != size => {
                let words = format!("{} has {copied} of {size} bytes", name.escape_ascii());
                Err(unpack::damaged(archive, &words))
            }
            _ => Ok(None),
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
