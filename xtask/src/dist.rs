//! Packs a folder that runs on another machine of the same kind: program, libtorch, assets, licences.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::commands::{cargo, step};
use crate::setup::library_folder;

/// Cargo's name for how it is built, and for the folder where that lies: the program looks for libtorch beside itself, so it
/// is of no use where it was built.
const PROFILE: &str = "dist";

/// A text file for the linker rather than a library is smaller than this.
const SMALLEST_LIBRARY_BYTES: u64 = 4096;

/// Builds `dist/convscope-<version>-<target>/` and an archive of it.
pub fn dist(root: &Path) -> Result<()> {
    let libraries = library_folder(root)?;
    let mut build = cargo(
        root,
        &[
            "build",
            "--profile",
            PROFILE,
            "--package",
            "convscope",
            "--bin",
            "convscope",
        ],
    );
    let rpath = if cfg!(target_os = "macos") {
        "@executable_path/lib"
    } else {
        "$ORIGIN/lib"
    };
    step(build.env("CONVSCOPE_RPATH", rpath).current_dir(root))?;

    let name = format!("convscope-{}-{}", env!("CARGO_PKG_VERSION"), host()?);
    let folder = root.join("dist").join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let program = format!("convscope{}", env::consts::EXE_SUFFIX);
    // This program lies in `<target folder>/debug`, wherever the user keeps that.
    let own_path = env::current_exe()?;
    let target_folder = own_path
        .ancestors()
        .nth(2)
        .context("Cannot find cargo's target folder")?;
    copy(
        &target_folder.join(PROFILE).join(&program),
        &folder.join(&program),
    )?;
    copy_libraries(&libraries, &folder)?;
    for item in [
        "assets",
        "datasets",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
    ] {
        if root.join(item).exists() {
            copy(&root.join(item), &folder.join(item))?;
        }
    }
    if let Some(licences) = libraries
        .parent()
        .map(|libtorch| libtorch.join("licenses"))
        .filter(|path| path.is_dir())
    {
        copy(&licences, &folder.join("licenses"))?;
    }
    fs::write(folder.join("RUST-CRATES.txt"), crate_list(root)?)?;
    pack(&root.join("dist"), &name)
}

/// Windows looks for libraries beside the program, the others in `lib`.
fn copy_libraries(from: &Path, folder: &Path) -> Result<()> {
    let to = if cfg!(windows) {
        folder.to_owned()
    } else {
        folder.join("lib")
    };
    fs::create_dir_all(&to)?;
    for entry in fs::read_dir(from).with_context(|| format!("Cannot read {}", from.display()))? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let library = name.contains(".so") || name.ends_with(".dylib") || name.ends_with(".dll");
        if library && path.metadata()?.len() >= SMALLEST_LIBRARY_BYTES {
            copy(&path, &to.join(name))?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let cannot_copy = || format!("Cannot copy {} to {}", from.display(), to.display());
    if from.is_dir() {
        fs::create_dir_all(to).with_context(cannot_copy)?;
        for entry in fs::read_dir(from).with_context(cannot_copy)? {
            let entry = entry.with_context(cannot_copy)?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else {
        fs::copy(from, to).with_context(cannot_copy)?;
    }
    Ok(())
}

/// Every crate that is linked in, with its licence expression.
fn crate_list(root: &Path) -> Result<String> {
    let mut tree = cargo(
        root,
        &[
            "tree",
            "--package",
            "convscope",
            "--edges",
            "normal",
            "--prefix",
            "none",
        ],
    );
    let text = output(tree.args(["--format", "{p}  {l}"]).current_dir(root))?;
    let mut lines: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with("convscope "))
        .map(|line| line.trim_end_matches(" (*)"))
        .collect();
    lines.sort_unstable();
    lines.dedup();
    Ok(lines.join("\n") + "\n")
}

fn host() -> Result<String> {
    let text = output(Command::new("rustc").arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say its host")?.to_owned())
}

/// `tar` is part of every supported system; on Windows it makes the zip file too.
fn pack(dist: &Path, name: &str) -> Result<()> {
    let (option, ending) = if cfg!(windows) {
        ("-acf", "zip")
    } else {
        ("-czf", "tar.gz")
    };
    let archive = format!("{name}.{ending}");
    output(
        Command::new("tar")
            .args([option, &archive, name])
            .current_dir(dist),
    )?;
    eprintln!("Made {}", dist.join(archive).display());
    Ok(())
}

fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("Cannot start {name}"))?;
    if !output.status.success() {
        bail!(
            "{name} failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
