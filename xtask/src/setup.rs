//! Installs the pinned libtorch into `third_party/libtorch`, once.
//!
//! Everything is built in a staging folder beside the target and renamed at the end, so a kill at any
//! time leaves either the old state or the new one. A lock file keeps two set-ups apart.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Error, Result, bail};

use crate::fetch::Source;
use crate::pins::{Libraries, Pin, VERSION, pin_for};
use crate::unpack::{unpack, verify};

/// Holds the id of the installed pin; written last inside the staging folder.
const STAMP: &str = "convscope-pin";
const STAGING_PREFIX: &str = ".staging-";

/// What the user asked for.
#[derive(Clone, Copy, Default, clap::Args)]
pub struct Options {
    /// Install the CUDA build (Linux; several GB)
    #[arg(long)]
    pub cuda: bool,
    /// Install again even if it is complete
    #[arg(long)]
    pub force: bool,
}

/// Makes sure that there is a libtorch to build against.
pub fn setup(root: &Path, options: Options) -> Result<()> {
    check_compiler()?;
    let third_party = root.join("third_party");
    if let Some(own) = own_libtorch(&third_party) {
        eprintln!("Using your own libtorch ({own}); nothing to set up.");
        return Ok(());
    }
    let pin = pin_for(env::consts::OS, env::consts::ARCH, options.cuda)?;
    let complete = || {
        let has = |pin: &Pin| is_complete(&third_party, pin);
        // The CUDA build does all that the CPU build does.
        let cuda = pin_for(env::consts::OS, env::consts::ARCH, true);
        !options.force && (has(pin) || cuda.is_ok_and(has))
    };
    if complete() {
        return Ok(());
    }
    let cannot_write = || {
        format!(
            "Cannot write to {}: check its permissions",
            third_party.display()
        )
    };
    fs::create_dir_all(&third_party).with_context(cannot_write)?;
    let _lock = lock(&third_party).with_context(cannot_write)?;
    if complete() {
        return Ok(()); // Another set-up did it while this one waited.
    }
    let source = Source::find()?;
    install(&third_party, pin, &source).map_err(explain_full_disk)?;
    eprintln!(
        "libtorch {VERSION} is ready in {}",
        third_party.join("libtorch").display()
    );
    Ok(())
}

/// The user's own choice, which wins. torch-sys asks `LIBTORCH_USE_PYTORCH` before `LIBTORCH`, so the
/// value that `.cargo/config.toml` gives to the latter does no harm then, in plain cargo too.
fn own_libtorch(third_party: &Path) -> Option<String> {
    if env::var_os("LIBTORCH_USE_PYTORCH").is_some() {
        return Some("LIBTORCH_USE_PYTORCH".to_owned());
    }
    let own =
        env::var_os("LIBTORCH").filter(|path| Path::new(path) != third_party.join("libtorch"))?;
    Some(format!("LIBTORCH={}", own.display()))
}

/// torch-sys compiles C++ with what the `cc` crate finds: `$CXX`, else `c++`; MSVC is found otherwise.
fn check_compiler() -> Result<()> {
    if cfg!(windows) {
        return Ok(());
    }
    let compiler = env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let mut words = compiler.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("c++"));
    command
        .args(words)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if command.status().is_ok_and(|status| status.success()) {
        return Ok(());
    }
    bail!(
        "No C++ compiler was found (tried `{compiler}`): install one (Debian and Ubuntu: `apt-get install g++`; \
         Fedora: `dnf install gcc-c++`; macOS: `xcode-select --install`) or set CXX, and run the command again."
    )
}

fn is_complete(third_party: &Path, pin: &Pin) -> bool {
    fs::read_to_string(third_party.join("libtorch").join(STAMP))
        .is_ok_and(|stamp| stamp == pin.id())
}

/// Held until dropped; the system frees it when the process dies.
fn lock(third_party: &Path) -> io::Result<File> {
    let file = File::create(third_party.join(".lock"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!("Another set-up is running; waiting for it.");
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => return Err(error),
    }
    Ok(file)
}

/// Fetches, checks and unpacks into a staging folder and puts that in place. Needs the lock.
fn install(third_party: &Path, pin: &Pin, source: &Source) -> Result<()> {
    remove_stale(third_party);
    check_space(third_party, pin)?;
    let staging = tempfile::Builder::new()
        .prefix(STAGING_PREFIX)
        .tempdir_in(third_party)?;
    let built = staging.path().join("libtorch");
    for wheel in pin.wheels {
        let path = source.fetch(wheel, staging.path())?;
        verify(&path, wheel)?;
        unpack(&path, wheel, &pin.libraries, &built)?;
        if path.starts_with(staging.path()) {
            fs::remove_file(path)?;
        }
    }
    if let Libraries::Only(names) = pin.libraries {
        if let Some(name) = names
            .iter()
            .find(|name| !built.join("lib").join(name).is_file())
        {
            bail!(
                "The wheels have no {name}: this is a mistake in Convscope's table of wheels, please report it."
            );
        }
        if names.contains(&"libtorch_cpu.so") {
            // The wheel's own libtorch.so needs CUDA; torch-sys only asks the linker for `-ltorch`.
            fs::write(built.join("lib/libtorch.so"), "INPUT(-ltorch_cpu)\n")?;
        }
    }
    fs::write(built.join("build-version"), format!("{VERSION}\n"))?;
    fs::write(built.join(STAMP), pin.id())?;
    replace(
        &third_party.join("libtorch"),
        &built,
        &staging.path().join("old"),
    )
}

/// Puts `new` where `target` was; what was there moves to `old`.
fn replace(target: &Path, new: &Path, old: &Path) -> Result<()> {
    let in_the_way = || {
        format!(
            "Cannot replace {}: close what uses it and run the command again",
            target.display()
        )
    };
    let existed = target.symlink_metadata().is_ok();
    if existed {
        fs::rename(target, old).with_context(in_the_way)?;
    }
    fs::rename(new, target)
        .with_context(in_the_way)
        .inspect_err(|_| {
            if existed && let Err(error) = fs::rename(old, target) {
                eprintln!("Cannot put {} back: {error}", target.display());
            }
        })
}

/// Removes what killed set-ups left. An orphaned pip may still write there: then the next start tries again.
fn remove_stale(third_party: &Path) {
    let entries = fs::read_dir(third_party).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| {
        entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(STAGING_PREFIX.as_bytes())
    }) {
        if let Err(error) = fs::remove_dir_all(entry.path()) {
            eprintln!("Left {} for later: {error}", entry.path().display());
        }
    }
}

fn check_space(folder: &Path, pin: &Pin) -> Result<()> {
    let available = fs4::available_space(folder).context("Cannot read the free disk space")?;
    if available < pin.disk_bytes {
        bail!(
            "Not enough disk space: {} MB are free below {} and {} MB are needed; free some and run the command again.",
            available / 1_000_000,
            folder.display(),
            pin.disk_bytes / 1_000_000
        );
    }
    Ok(())
}

fn explain_full_disk(error: Error) -> Error {
    let full = |cause: &io::Error| cause.kind() == io::ErrorKind::StorageFull;
    if error
        .chain()
        .filter_map(|cause| cause.downcast_ref())
        .any(full)
    {
        return error.context("The disk is full: free some space and run the command again");
    }
    error
}

/// The folder with the libraries that the program runs with, for `dist`.
pub fn library_folder(root: &Path) -> Result<PathBuf> {
    if env::var_os("LIBTORCH_USE_PYTORCH").is_some() {
        bail!("A distribution cannot be made from Python's own torch: unset LIBTORCH_USE_PYTORCH.");
    }
    let libtorch =
        env::var_os("LIBTORCH").unwrap_or_else(|| root.join("third_party/libtorch").into());
    Ok(Path::new(&libtorch).join("lib"))
}

/// Whether `LIBTORCH` is merely what `.cargo/config.toml` says, which an inner cargo sets again by itself.
pub fn libtorch_is_ours(root: &Path) -> bool {
    env::var_os("LIBTORCH").as_deref()
        == Some(OsStr::new(&root.join("third_party").join("libtorch")))
}

#[cfg(test)]
mod tests;
