//! Writing files so that nothing is lost, and the folder of what can be made again.

mod writing;

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Serialize, de::DeserializeOwned};

use super::sources::unpack;
use crate::resources;
pub use writing::{
    age, folder_of, has_no_writer, is_unfinished, remove_if_there, set_aside, sweep, sync_folder,
    unfinished, unfinished_in, write_atomically, write_atomically_with,
};

/// Where in the cache is kept in which way networks compute fastest.
pub const CHOICES_FOLDER: &str = "choices";

/// Deletes what killed processes left unfinished in the folder of the cache.
pub fn sweep_cache(cache: &Path) {
    sweep(cache);
    unpack::sweep(cache);
    for folder in list(cache) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("files-") || name.starts_with("pixels-") || name == CHOICES_FOLDER {
            sweep(&folder);
            list(&folder).iter().for_each(|format| sweep(format));
        }
    }
}

/// The path that `bytes` are, as archives and lists hold them: they need not be UTF-8 where the system's paths need not.
pub fn path_of_bytes(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    return <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes).into();
    #[cfg(not(unix))]
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// Writes a note of ours as RON, atomically.
///
/// # Errors
/// What the system said.
pub fn write_note(path: &Path, note: &impl Serialize) -> io::Result<()> {
    let text = ron::ser::to_string_pretty(note, ron::ser::PrettyConfig::default());
    write_atomically(path, text.map_err(io::Error::other)?.as_bytes())
}

/// What [`write_note`] wrote; `None` when it is not there or damaged.
pub fn read_note<T: DeserializeOwned>(path: &Path) -> Option<T> {
    ron::from_str(&fs::read_to_string(path).ok()?).ok()
}

/// A path in bytes with `/` between folders where programs of Windows wrote `\\`.
pub fn slashed(path: &[u8]) -> Vec<u8> {
    let slash = |byte: &u8| if *byte == b'\\' { b'/' } else { *byte };
    path.iter().map(slash).collect()
}

/// Fills `buffer` with what `file` holds from `offset` on, without a memory map: when somebody cuts the file meanwhile
/// this is an error, and not the end of the process.
///
/// # Errors
/// What the system said, or that the file ends before.
pub fn read_exact_at(file: &fs::File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset);
    #[cfg(windows)]
    {
        let (mut buffer, mut offset) = (buffer, offset);
        while !buffer.is_empty() {
            match std::os::windows::fs::FileExt::seek_read(file, buffer, offset) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    buffer = &mut buffer[count..];
                    offset += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Where everything is kept that can be made again (decoded pixels, unpacked archives and arrays):
/// `CONVSCOPE_CACHE` or the user's cache folder.
pub fn default_cache_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("CONVSCOPE_CACHE") {
        return folder.into();
    }
    resources::system_folders().map_or_else(
        || std::env::temp_dir().join("convscope-cache"),
        |dirs| dirs.cache_dir().to_path_buf(),
    )
}

/// Most bytes that the cache keeps: `CONVSCOPE_CACHE_GIB` or 20 GiB.
pub fn cache_limit() -> u64 {
    const DEFAULT_GIB: f64 = 20.0;
    let wanted = std::env::var("CONVSCOPE_CACHE_GIB").ok();
    let gib = wanted
        .and_then(|text| text.parse::<f64>().ok())
        .filter(|gib| *gib >= 0.0)
        .unwrap_or(DEFAULT_GIB);
    (gib * f64::from(1 << 30)) as u64
}

/// Where archives and arrays are unpacked to, a folder for each.
pub const UNPACKED_FOLDER: &str = "unpacked";

/// Marks `in_use` as used just now, then deletes what was not used for longest until the cache is below
/// [`cache_limit`]. What is in use stays, however large it is.
pub fn evict(cache: &Path, in_use: &HashSet<PathBuf>) {
    evict_down_to(cache, cache_limit(), in_use);
}

fn evict_down_to(cache: &Path, limit: u64, in_use: &HashSet<PathBuf>) {
    // The user's own files may be in use too; only what lies in the cache is marked.
    for path in in_use.iter().filter(|path| path.starts_with(cache)) {
        // Without this its place in the order is older than it should be.
        let _ = fs::File::options()
            .append(true)
            .open(path)
            .and_then(|file| file.set_modified(SystemTime::now()));
    }
    let mut entries = entries(cache);
    let mut total: u64 = entries.iter().map(|entry| entry.bytes).sum();
    entries.sort_by_key(|entry| entry.used);
    for entry in entries {
        if total <= limit {
            break;
        }
        if in_use.iter().any(|path| path.starts_with(&entry.path)) {
            continue;
        }
        let removed = if entry.path.is_dir() {
            fs::remove_dir_all(&entry.path)
        } else {
            let _ = fs::remove_file(entry.path.with_extension("index"));
            fs::remove_file(&entry.path)
        };
        if removed.is_ok() {
            total -= entry.bytes;
        }
    }
}

/// Something that is deleted as a whole.
struct Entry {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

/// What is in `folder`; nothing when it cannot be listed.
fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.flatten().map(|entry| entry.path()).collect()
}

/// Segments of pixels (`pixels-*/FORMAT/NAME.rows`) and unpacked sources.
fn entries(cache: &Path) -> Vec<Entry> {
    let mut found = Vec::new();
    for folder in list(cache) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        if name == UNPACKED_FOLDER {
            // What is being unpacked is nobody's to delete.
            let is_whole = |path: &PathBuf| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                !unpack::is_unfinished(&name)
            };
            found.extend(list(&folder).into_iter().filter(is_whole));
        } else if name.starts_with("pixels-") {
            let segments = list(&folder).into_iter().flat_map(|format| list(&format));
            found.extend(segments.filter(|path| path.extension().is_some_and(|e| e == "rows")));
        }
    }
    let entry = |path: PathBuf| {
        let metadata = fs::metadata(&path).ok()?;
        let bytes = if metadata.is_dir() {
            folder_bytes(&path)
        } else {
            metadata.len()
        };
        let used = metadata.modified().ok()?;
        Some(Entry { path, bytes, used })
    };
    found.into_iter().filter_map(entry).collect()
}

fn folder_bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => folder_bytes(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_was_not_used_for_longest_goes_first_and_what_is_in_use_stays() {
        let cache = tempfile::tempdir().unwrap();
        let make = |path: &str, bytes: usize, age: u64| {
            let path = cache.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, vec![0; bytes]).unwrap();
            let used = SystemTime::now() - Duration::from_secs(age);
            fs::File::options()
                .append(true)
                .open(&path)
                .unwrap()
                .set_modified(used)
                .unwrap();
            path
        };
        let old = make("pixels-2/8x8-stretch/a.rows", 100, 500);
        make("pixels-2/8x8-stretch/a.index", 1, 500);
        let used = make("pixels-2/8x8-stretch/b.rows", 100, 400);
        let newer = make("pixels-2/9x9-fit/c.rows", 100, 100);
        let unpacked = make("unpacked/k/train.array", 100, 0);
        evict_down_to(cache.path(), 250, &HashSet::from([used.clone()]));
        assert!(!old.exists() && !old.with_extension("index").exists() && !newer.exists());
        assert!(used.exists() && unpacked.exists());
        evict_down_to(cache.path(), 0, &HashSet::from([unpacked.clone()]));
        assert!(!used.exists() && unpacked.exists());
    }
}
