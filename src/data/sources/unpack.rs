//! Folders of the cache for what was unpacked: written beside, renamed when whole, found again by the
//! source's place, length and time of change. Half of one is never seen; one that was cut off is redone.

use std::{
    fs::{self, File},
    io::{self, Read, Write as _},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use tempfile::NamedTempFile;

use super::{Request, SourceError};
use crate::{
    cancel::CancelToken,
    data::files::{self, UNPACKED_FOLDER},
};

/// Changes when what is unpacked changes its form.
const VERSION: &str = "convscope unpacked 3";
/// Begins the names of folders that are being written.
const UNFINISHED: &str = "unfinished-";
/// Ends the names of their locks.
const LOCK_ENDING: &str = ".lock";
const CHUNK_BYTES: usize = 256 << 10;

/// The folder that holds what `fill` makes of `sources`. `fill` gets an empty folder; it is not called when
/// the folder of an earlier time is there and `is_whole`.
pub(super) fn folder(
    request: &Request<'_>,
    sources: &[&Path],
    is_whole: impl Fn(&Path) -> bool,
    fill: impl FnOnce(&Path) -> Result<(), SourceError>,
) -> Result<PathBuf, SourceError> {
    let all = request.cache.join(UNPACKED_FOLDER);
    let failed = SourceError::unpack(&all);
    let wanted = all.join(key(sources)?);
    if wanted.is_dir() {
        if is_whole(&wanted) {
            touch(&wanted);
            return Ok(wanted);
        }
        fs::remove_dir_all(&wanted).map_err(&failed)?;
    }
    fs::create_dir_all(&all).map_err(&failed)?;
    sweep(request.cache);
    let unfinished = Unfinished::new(&all).map_err(&failed)?;
    fill(&unfinished.folder)?;
    match fs::rename(&unfinished.folder, &wanted) {
        Ok(()) => {}
        // Another process was faster.
        Err(_) if wanted.is_dir() && is_whole(&wanted) => {}
        Err(error) => return Err(failed(error)),
    }
    Ok(wanted)
}

/// A folder that is being filled. What has not moved elsewhere goes with this value.
struct Unfinished {
    folder: PathBuf,
    /// Beside the folder; locked, to tell others that somebody fills it.
    _lock: NamedTempFile,
}

impl Unfinished {
    fn new(all: &Path) -> io::Result<Self> {
        // The lock is there before the folder, so that nobody sees one without the other.
        let mut lock = files::unfinished(UNFINISHED, LOCK_ENDING).tempfile_in(all)?;
        // Where nothing can be locked, the age of the folder says that nobody fills it.
        let _ = lock.as_file().lock();
        lock.write_all(b"locked while the folder of this name is filled")?;
        let folder = lock.path().with_extension("");
        fs::create_dir(&folder)?;
        Ok(Self {
            folder,
            _lock: lock,
        })
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Identifies `sources` as they are now: 32 hexadecimal digits.
fn key(sources: &[&Path]) -> Result<String, SourceError> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(VERSION.as_bytes());
    for path in sources {
        let read = SourceError::read(path);
        let whole = fs::canonicalize(path).map_err(&read)?;
        let metadata = fs::metadata(path).map_err(&read)?;
        let changed = metadata.modified().map_err(&read)?;
        let since = changed.duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = whole.as_os_str().as_encoded_bytes();
        for field in [
            name,
            &metadata.len().to_le_bytes(),
            &since.as_nanos().to_le_bytes(),
        ] {
            hasher.update(&field.len().to_le_bytes());
            hasher.update(field);
        }
    }
    Ok(hasher.finalize().to_hex()[..32].to_owned())
}

/// Marks a folder as used now, so that it is the last to be evicted.
fn touch(folder: &Path) {
    // Where folders cannot be opened it counts as old; it can be made again.
    let _ = File::open(folder).and_then(|folder| folder.set_modified(SystemTime::now()));
}

/// Whether `name` is of a folder that is being filled, or of its lock.
pub fn is_unfinished(name: &str) -> bool {
    name.starts_with(UNFINISHED)
}

/// Deletes the folders of `cache` that killed processes left half filled.
pub fn sweep(cache: &Path) {
    let all = cache.join(UNPACKED_FOLDER);
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        let path = entry.path();
        if !is_unfinished(&entry.file_name().to_string_lossy()) {
            continue;
        }
        let lock = path.with_extension(&LOCK_ENDING[1..]);
        if !lock.exists() || files::has_no_writer(&lock) {
            // The next opening tries again.
            let _ = fs::remove_dir_all(path.with_extension(""));
            let _ = fs::remove_file(lock);
        }
    }
}

/// How far unpacking is, in bytes.
pub(super) struct Progress<'a> {
    done: u64,
    total: u64,
    report: &'a (dyn Fn(usize, usize) + Sync),
}

impl<'a> Progress<'a> {
    /// Nothing done of `total` bytes.
    pub fn new(request: &Request<'a>, total: u64) -> Self {
        Self {
            done: 0,
            total,
            report: request.progress,
        }
    }

    /// So many bytes more.
    pub fn add(&mut self, bytes: u64) {
        self.reach(self.done + bytes);
    }

    /// So many bytes altogether.
    pub fn reach(&mut self, bytes: u64) {
        self.done = bytes.min(self.total);
        (self.report)(self.done as usize, self.total as usize);
    }
}

/// `path` breaks off or does not hold what was promised.
pub(super) fn damaged(path: &Path, why: &dyn std::fmt::Display) -> SourceError {
    let words = format!("is cut short or damaged ({why}): download or copy it again");
    SourceError::wrong(path, words)
}

/// Writes the `bytes` of pixels that `from` still has to the new file `to`; `name` is what `path` holds them as.
pub(super) fn copy_pixels(
    from: &mut dyn Read,
    name: &str,
    bytes: u64,
    (path, to): (&Path, &Path),
    request: &Request<'_>,
    progress: &mut Progress<'_>,
) -> Result<(), SourceError> {
    let mut file = File::create_new(to).map_err(SourceError::unpack(to))?;
    // One byte more than promised would be noticed, and reading to the end checks a packed file's checksum.
    let limit = bytes.saturating_add(1);
    let to = (to, &mut file);
    let copied = copy((path, from), to, limit, request.cancel, &mut |count| {
        progress.add(count);
        Ok(())
    })?;
    if copied != bytes {
        let words = format!("{name} has {copied} of {bytes} bytes of pixels");
        return Err(damaged(path, &words));
    }
    Ok(())
}

/// Copies what the file `source` still has to the one at `path`, at most `limit` bytes, chunk by chunk; `each` hears of
/// every chunk's bytes and may end the copying. Returns how many bytes were copied.
pub(super) fn copy(
    (source, from): (&Path, &mut dyn Read),
    (path, to): (&Path, &mut File),
    limit: u64,
    cancel: &CancelToken,
    each: &mut dyn FnMut(u64) -> Result<(), SourceError>,
) -> Result<u64, SourceError> {
    let mut chunk = vec![0; CHUNK_BYTES.min(limit as usize + 1)];
    let mut copied = 0;
    while copied < limit {
        cancel.check()?;
        let room = chunk.len().min((limit - copied) as usize);
        let count = match from.read(&mut chunk[..room]) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(damaged(source, &error)),
        };
        to.write_all(&chunk[..count])
            .map_err(SourceError::unpack(path))?;
        copied += count as u64;
        each(count as u64)?;
    }
    Ok(copied)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Limits, fixtures::put},
        *,
    };
    use crate::cancel::Cancelled;
    use std::cell::Cell;

    #[test]
    fn what_was_unpacked_is_found_until_its_source_changes() {
        let (data, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        put(data.path(), "a.zip", b"one");
        let source = data.path().join("a.zip");
        let (token, fills) = (CancelToken::new(), Cell::new(0));
        let request = Request {
            path: &source,
            kind: None,
            cache: cache.path(),
            limits: Limits::default(),
            cancel: &token,
            progress: &|_, _| {},
        };
        let get = |whole: bool, fail: bool| {
            folder(
                &request,
                &[&source],
                |_| whole,
                |folder| {
                    fills.set(fills.get() + 1);
                    put(folder, "x", b"x");
                    if fail { Err(Cancelled.into()) } else { Ok(()) }
                },
            )
        };
        let leftovers = || {
            fs::read_dir(cache.path().join(UNPACKED_FOLDER))
                .unwrap()
                .count()
        };
        assert!(get(true, true).is_err());
        assert_eq!(
            (fills.get(), leftovers()),
            (1, 0),
            "a failure leaves nothing"
        );
        let first = get(true, false).unwrap();
        File::open(&first)
            .unwrap()
            .set_modified(UNIX_EPOCH)
            .unwrap();
        assert_eq!(get(true, false).unwrap(), first);
        assert_eq!(
            (fills.get(), leftovers()),
            (2, 1),
            "the second time nothing is done"
        );
        let used = fs::metadata(&first).unwrap().modified().unwrap();
        assert!(
            used.elapsed().unwrap() < std::time::Duration::from_secs(60),
            "used now"
        );
        assert_eq!(get(false, false).unwrap(), first);
        assert_eq!(fills.get(), 3, "damage is repaired");
        put(data.path(), "a.zip", b"three");
        assert_ne!(get(true, false).unwrap(), first);
        assert_eq!(fills.get(), 4, "another content is unpacked anew");
        let old = cache.path().join(UNPACKED_FOLDER).join("unfinished-1");
        fs::create_dir(&old).unwrap();
        File::open(&old).unwrap().set_modified(UNIX_EPOCH).unwrap();
        put(data.path(), "a.zip", b"fourth");
        get(true, false).unwrap();
        assert!(!old.exists(), "what was abandoned is deleted");
    }

    #[test]
    fn a_folder_that_is_filled_stays_and_one_whose_process_died_goes_at_once() {
        let cache = tempfile::tempdir().unwrap();
        let all = cache.path().join(UNPACKED_FOLDER);
        fs::create_dir(&all).unwrap();
        let filled = Unfinished::new(&all).unwrap();
        put(&filled.folder, "deep/x", b"x");
        let dead = all.join("unfinished-dead");
        put(&dead, "deep/x", b"x");
        put(&all, "unfinished-dead.lock", b"locked");
        put(&all, "whole/x", b"x");
        sweep(cache.path());
        assert!(filled.folder.join("deep/x").exists());
        assert!(!dead.exists() && !dead.with_extension("lock").exists());
        assert!(all.join("whole/x").exists());
        drop(filled);
        assert_eq!(
            fs::read_dir(&all).unwrap().count(),
            1,
            "nothing is left of it"
        );
    }
}
