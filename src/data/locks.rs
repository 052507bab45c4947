//! Locks on files, which tell other processes that somebody writes them. Some network drives and FUSE mounts have none:
//! then work goes on, and the user is told once that nobody is kept away.

use std::{
    collections::BTreeMap,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::dataset::display_path;

/// What became of asking for a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locked {
    /// It is held until the file is closed.
    Held,
    /// Another process holds it.
    Taken,
    /// The file system has no locks.
    Refused,
}

/// Folders without locks: what the system said, and whether that was told.
type Refusals = BTreeMap<PathBuf, (String, bool)>;

static REFUSED: Mutex<Refusals> = Mutex::new(BTreeMap::new());

/// Single insertions, so a poisoned lock still guards a whole map.
fn refused() -> MutexGuard<'static, Refusals> {
    REFUSED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks for the lock of `file`, which is at `path`; never waits.
pub fn try_lock(file: &File, path: &Path) -> Locked {
    read(&mut refused(), file.try_lock(), path)
}

/// What `result` means for the file at `path`.
fn read(refusals: &mut Refusals, result: Result<(), TryLockError>, path: &Path) -> Locked {
    match result {
        Ok(()) => Locked::Held,
        Err(TryLockError::WouldBlock) => Locked::Taken,
        Err(TryLockError::Error(error)) => {
            let folder = path.parent().unwrap_or(path).to_path_buf();
            refusals.entry(folder).or_insert((error.to_string(), false));
            Locked::Refused
        }
    }
}

/// A sentence for each folder whose file system has refused a lock; each is told once.
pub fn untold_refusals() -> Vec<String> {
    untold(&mut refused())
}

fn untold(refusals: &mut Refusals) -> Vec<String> {
    let untold = refusals.iter_mut().filter(|(_, (_, is_told))| !is_told);
    let tell = |(folder, (reason, is_told)): (&PathBuf, &mut (String, bool))| {
        *is_told = true;
        format!(
            "The file system of {} has no locks ({reason}). Convscope goes on, but do not let two programs write there at once",
            display_path(folder)
        )
    };
    untold.map(tell).collect()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_file_system_without_locks_is_told_once_and_refuses_nothing() {
        let mut refusals = Refusals::default();
        let refused = |kind: io::ErrorKind| Err(TryLockError::Error(kind.into()));
        for (why, result, expected) in [
            ("free", Ok(()), Locked::Held),
            (
                "somebody has it",
                Err(TryLockError::WouldBlock),
                Locked::Taken,
            ),
            (
                "EOPNOTSUPP",
                refused(io::ErrorKind::Unsupported),
                Locked::Refused,
            ),
            (
                "ENOLCK and others",
                refused(io::ErrorKind::Other),
                Locked::Refused,
            ),
        ] {
            assert_eq!(
                read(&mut refusals, result, Path::new("/share/run/running.lock")),
                expected,
                "{why}"
            );
        }
        let told = untold(&mut refusals);
        assert_eq!(told.len(), 1);
        assert!(
            told[0].contains("/share/run") && told[0].contains("no locks"),
            "{told:?}"
        );
        assert!(untold(&mut refusals).is_empty(), "once");
        read(
            &mut refusals,
            refused(io::ErrorKind::Other),
            Path::new("/share/run/other.lock"),
        );
        assert!(untold(&mut refusals).is_empty(), "the same folder again");
        read(
            &mut refusals,
            refused(io::ErrorKind::Other),
            Path::new("/share/cache/a.index"),
        );
        assert_eq!(untold(&mut refusals).len(), 1, "another folder");
    }

    #[test]
    fn a_lock_is_held_until_its_file_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = File::create(&path).unwrap();
        let second = File::open(&path).unwrap();
        assert_eq!(try_lock(&first, &path), Locked::Held);
        assert_eq!(try_lock(&second, &path), Locked::Taken);
        drop(first);
        assert_eq!(try_lock(&second, &path), Locked::Held);
    }
}
