//! Writing files so that nothing is lost, and clearing up what killed processes left of it.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

/// Begins and ends the names of files that are being written, so that nobody else's is ever taken for one.
const UNFINISHED: (&str, &str) = (".convscope-", ".tmp");
/// Younger than this, an empty unfinished file may belong to a process that is just about to lock it.
const JUST_MADE: Duration = Duration::from_secs(60);
/// Where nothing can be locked, only age says that nobody writes a file any more.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// Links that lead to links; more are a circle.
const MOST_LINKS: usize = 40;

/// Writes a file so that a power cut leaves either the old or the new content: a temporary file
/// beside it, flushed to the disk, then renamed, and the folder flushed too.
///
/// A new file gets the permissions that the user's umask says, one that is replaced keeps its own. A link stays what
/// it is: the file that it leads to is replaced. What is no file (`/dev/null`, a pipe) is written to.
///
/// # Errors
/// What the system said.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_atomically_with(path, |file| file.write_all(bytes))
}

/// Like [`write_atomically`], with content that `write` puts into the file.
///
/// # Errors
/// What the system or `write` said.
pub fn write_atomically_with(
    path: &Path,
    write: impl FnOnce(&mut fs::File) -> io::Result<()>,
) -> io::Result<()> {
    // Before links are followed: those of `/dev/stdout` lead to what is no path.
    if fs::metadata(path).is_ok_and(|data| !data.is_file() && !data.is_dir()) {
        return write(&mut fs::File::options().write(true).open(path)?);
    }
    let path = &behind_links(path)?;
    let before = fs::metadata(path).ok();
    let folder = folder_of(path);
    sweep(folder);
    let mut file = unfinished_in(folder)?;
    if let Some(before) = before {
        // Another user's file cannot be imitated; then it is as a new one.
        let _ = file.as_file().set_permissions(before.permissions());
    }
    write(file.as_file_mut())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// An unfinished file in `folder`, which [`sweep`] knows when its writer is gone.
///
/// # Errors
/// What the system said.
pub fn unfinished_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let made = unfinished(UNFINISHED.0, UNFINISHED.1).tempfile_in(folder);
    // Its own words name the temporary file, which nobody knows.
    let file = made.map_err(|error| match error.kind() {
        io::ErrorKind::Other => error,
        kind => kind.into(),
    })?;
    // It tells `sweep` that its writer lives; where nothing can be locked, its age does. Nobody else holds the lock for
    // longer than a look at it takes.
    let _ = file.as_file().lock();
    Ok(file)
}

/// A maker of temporary files with the permissions of ordinary ones, which are 0600 otherwise.
pub fn unfinished<'a>(prefix: &'a str, suffix: &'a str) -> tempfile::Builder<'a, 'a> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix).suffix(suffix).rand_bytes(16);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // What the umask takes away is taken away when the file is made.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder
}

/// The file that `path` means when it is a link, also one that leads nowhere yet.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&path) {
            // Joining an absolute path gives that path.
            Ok(to) => path = path.parent().unwrap_or(Path::new("")).join(to),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("its links lead in a circle"))
}

/// The folder that the file `path` is in.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Deletes the file `path`, which need not be there.
///
/// # Errors
/// What the system said.
pub fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes a new name in `folder` outlast a power cut, which other systems than Unix do by themselves.
///
/// # Errors
/// What the system said.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    if !cfg!(unix) {
        return Ok(());
    }
    match fs::File::open(folder).and_then(|folder| folder.sync_all()) {
        // A folder that may not be read, a file system that knows no such thing: the file itself is on the disk.
        Err(error) if ![InvalidInput, PermissionDenied, Unsupported].contains(&error.kind()) => {
            Err(error)
        }
        _ => Ok(()),
    }
}

/// Deletes what killed processes left of [`write_atomically`] in `folder`. Whatever a process still writes stays.
pub fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_ours = is_unfinished(&entry.file_name().to_string_lossy());
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_ours && is_file && has_no_writer(&entry.path()) {
            // The next sweep tries again.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether nobody writes the unfinished file `path`: its writer locks it before the first byte, and the system lets
/// the lock go when the writer dies.
pub fn has_no_writer(path: &Path) -> bool {
    let Ok(file) = fs::File::open(path) else {
        return false;
    };
    match file.try_lock() {
        Ok(()) => file.metadata().is_ok_and(|data| data.len() > 0) || age(path) > JUST_MADE,
        Err(fs::TryLockError::WouldBlock) => false,
        Err(fs::TryLockError::Error(_)) => age(path) > ABANDONED_AFTER,
    }
}

/// Time since `path` was changed; none when that cannot be told.
pub fn age(path: &Path) -> Duration {
    let changed = fs::metadata(path).and_then(|data| data.modified());
    let age = changed.ok().and_then(|changed| changed.elapsed().ok());
    age.unwrap_or_default()
}

/// Whether `name` is of a file that [`write_atomically`] had not finished.
pub fn is_unfinished(name: &str) -> bool {
    name.starts_with(UNFINISHED.0) && name.ends_with(UNFINISHED.1)
}

/// Gives a file that cannot be used another name, so that it is not overwritten: `x.ron` becomes `x.ron.damaged`, or
/// `x.ron.damaged-2` when there is one. Returns the new path.
///
/// # Errors
/// What the system said.
pub fn set_aside(path: &Path, ending: &str) -> io::Result<PathBuf> {
    let named = |number: usize| match number {
        1 => path.with_added_extension(ending),
        _ => path.with_added_extension(format!("{ending}-{number}")),
    };
    let free = (1..).map(named).find(|path| !path.exists());
    let aside = free.unwrap_or_else(|| named(1));
    fs::rename(path, &aside)?;
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[cfg(unix)]
    #[test]
    fn files_have_the_permissions_of_ordinary_ones() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let mode = |name: &str| fs::metadata(at(name)).unwrap().permissions().mode() & 0o7777;
        // Whatever the umask of this process is, an ordinary file follows it.
        fs::write(at("ordinary"), "").unwrap();
        write_atomically(&at("new"), b"1").unwrap();
        assert_eq!(mode("new"), mode("ordinary"));
        for kept in [0o600, 0o640, 0o664, 0o755] {
            fs::set_permissions(at("new"), fs::Permissions::from_mode(kept)).unwrap();
            write_atomically(&at("new"), b"2").unwrap();
            assert_eq!(mode("new"), kept, "a file that is replaced keeps its own");
        }
        let (_, path) = unfinished("", ".rows")
            .tempfile_in(folder.path())
            .unwrap()
            .keep()
            .unwrap();
        let rows = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(mode(rows), mode("ordinary"));
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_links_and_what_is_no_file_is_written_to() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("deep")).unwrap();
        fs::write(at("deep/file"), "old").unwrap();
        symlink("deep/file", at("link")).unwrap();
        symlink("link", at("link to link")).unwrap();
        symlink("deep/none yet", at("link to nothing")).unwrap();
        symlink("circle", at("circle")).unwrap();
        for (link, file) in [
            ("link", "deep/file"),
            ("link to link", "deep/file"),
            ("link to nothing", "deep/none yet"),
        ] {
            write_atomically(&at(link), link.as_bytes()).unwrap();
            assert!(
                fs::symlink_metadata(at(link)).unwrap().is_symlink(),
                "{link}"
            );
            assert_eq!(fs::read_to_string(at(file)).unwrap(), link);
            assert!(!fs::symlink_metadata(at(file)).unwrap().is_symlink());
        }
        assert!(write_atomically(&at("circle"), b"").is_err());
        assert!(write_atomically(&at("deep"), b"").is_err(), "a folder");
        write_atomically(Path::new("/dev/null"), b"nothing").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        let left = ["circle", "deep", "link", "link to link", "link to nothing"];
        assert_eq!(names(folder.path()), left, "nothing unfinished is left");
    }

    #[test]
    fn only_what_dead_processes_left_of_ours_is_swept() {
        let long_ago = SystemTime::now() - 2 * ABANDONED_AFTER;
        let ours = ".convscope-0123456789abcdef.tmp";
        let rows = [
            ("a dead writer's", ours, "x", false, false),
            ("an empty one, just made", ours, "", false, true),
            ("an empty one of long ago", ours, "", true, false),
            ("somebody's", ".tmp-of-mine", "x", true, true),
            (
                "somebody's like ours",
                ".convscope-notes.txt",
                "x",
                true,
                true,
            ),
            ("a file", "model.safetensors", "x", true, true),
        ];
        for (why, name, content, is_old, stays) in rows {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            if is_old {
                let file = fs::File::options().append(true).open(&path).unwrap();
                file.set_modified(long_ago).unwrap();
            }
            sweep(folder.path());
            assert_eq!(path.exists(), stays, "{why}");
        }
    }

    #[test]
    fn what_is_being_written_stays_and_the_next_writer_clears_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".convscope-0123456789abcdef.tmp");
        let mut writer = fs::File::create(&path).unwrap();
        writer.lock().unwrap();
        writer.write_all(b"half").unwrap();
        write_atomically(&folder.path().join("a"), b"1").unwrap();
        assert!(path.exists(), "its writer lives");
        drop(writer);
        write_atomically(&folder.path().join("a"), b"2").unwrap();
        assert_eq!(names(folder.path()), ["a"], "its writer has died");
    }

    #[test]
    fn what_cannot_be_read_is_set_aside_beside_earlier_ones() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.ron");
        for (content, name) in [("1", "x.ron.damaged"), ("2", "x.ron.damaged-2")] {
            fs::write(&path, content).unwrap();
            let aside = set_aside(&path, "damaged").unwrap();
            assert_eq!(aside, folder.path().join(name));
            assert_eq!(fs::read_to_string(aside).unwrap(), content);
        }
    }
}
