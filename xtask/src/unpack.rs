//! Checks a wheel's SHA-256 and takes the headers, libraries and licences out of it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::pins::{Libraries, Wheel, hex};

const BUFFER_BYTES: usize = 1 << 20;

/// Fails unless the file is exactly the pinned one.
pub fn verify(path: &Path, wheel: &Wheel) -> Result<()> {
    let mut file = File::open(path).with_context(|| format!("Cannot read {}", path.display()))?;
    let bar = progress_bar("Checking", wheel, file.metadata()?.len());
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let length = file
            .read(&mut buffer)
            .with_context(|| format!("Cannot read {}", path.display()))?;
        if length == 0 {
            break;
        }
        hasher.update(&buffer[..length]);
        bar.inc(length as u64);
    }
    bar.finish_and_clear();
    if hex(&hasher.finalize()) != wheel.sha256 {
        bail!(
            "{} does not have the pinned SHA-256, so it is damaged or not the original: run `cargo xtask setup` again, \
             and if that does not help check the package index or CONVSCOPE_WHEELS folder that it came from.",
            wheel.file
        );
    }
    Ok(())
}

/// Unpacks what is wanted into `target` (`include/`, `lib/`, `licenses/`).
pub fn unpack(path: &Path, wheel: &Wheel, libraries: &Libraries, target: &Path) -> Result<()> {
    let unreadable = || format!("{} is not a readable wheel", wheel.file);
    let mut archive = ZipArchive::new(File::open(path)?).with_context(unreadable)?;
    let mut members = Vec::new();
    let mut total_bytes = 0;
    for index in 0..archive.len() {
        let member = archive.by_index(index).with_context(unreadable)?;
        if let Some(name) = member.enclosed_name().filter(|_| member.is_file())
            && let Some(destination) = destination(&name, libraries)
        {
            total_bytes += member.size();
            members.push((index, destination));
        }
    }
    let bar = progress_bar("Unpacking", wheel, total_bytes);
    let mut buffer = vec![0; BUFFER_BYTES];
    for (index, destination) in members {
        let destination = target.join(destination);
        let cannot_write = || format!("Cannot write {}", destination.display());
        if let Some(folder) = destination.parent() {
            fs::create_dir_all(folder).with_context(cannot_write)?;
        }
        let mut file = File::create(&destination).with_context(cannot_write)?;
        let mut member = archive.by_index(index).with_context(unreadable)?;
        loop {
            let length = match member.read(&mut buffer) {
                Ok(0) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read.with_context(unreadable)?,
            };
            file.write_all(&buffer[..length])
                .with_context(cannot_write)?;
            bar.inc(length as u64);
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// Where a member of a wheel goes below the target, if it is wanted at all.
fn destination(name: &Path, libraries: &Libraries) -> Option<PathBuf> {
    if let Ok(header) = name.strip_prefix("torch/include") {
        return Some(Path::new("include").join(header));
    }
    let mut parts = name.iter();
    if let Some(project) = parts.next()?.to_str()?.strip_suffix(".dist-info") {
        let licence = parts.as_path().strip_prefix("licenses").ok()?;
        return Some(Path::new("licenses").join(project).join(licence));
    }
    let file = name.file_name()?.to_str()?;
    let wanted = match libraries {
        Libraries::Only(names) => names.contains(&file),
        Libraries::AllShared => {
            file.contains(".so")
                && !matches!(
                    file,
                    "libtorch_python.so" | "libshm.so" | "libtorch_global_deps.so"
                )
        }
    };
    (wanted && name.parent()?.ends_with("lib")).then(|| Path::new("lib").join(file))
}

/// A bar on a terminal, nothing elsewhere.
fn progress_bar(verb: &'static str, wheel: &Wheel, total_bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(total_bytes);
    if let Ok(style) =
        ProgressStyle::with_template("{prefix:>9} {wide_bar} {bytes:>10} / {total_bytes} {msg}")
    {
        bar.set_style(style);
    }
    bar.set_prefix(verb);
    bar.set_message(wheel.file.split('-').next().unwrap_or_default());
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_go_where_torch_sys_looks() {
        let cpu = Libraries::Only(&["libc10.so"]);
        let rows = [
            // (member, with the CPU list, with every shared library)
            (
                "torch/include/ATen/ATen.h",
                Some("include/ATen/ATen.h"),
                Some("include/ATen/ATen.h"),
            ),
            (
                "torch/lib/libc10.so",
                Some("lib/libc10.so"),
                Some("lib/libc10.so"),
            ),
            // Another wheel's folder, flattened so that one rpath finds all.
            (
                "nvidia/cudnn/lib/libcudnn.so.9",
                None,
                Some("lib/libcudnn.so.9"),
            ),
            // Not in a `lib` folder, only for Python, static, or no library.
            ("torch/test/libc10.so", None, None),
            ("torch/lib/libtorch_python.so", None, None),
            ("nvidia/cu13/lib/libcudart_static.a", None, None),
            ("torch/_C.cpython-312-x86_64-linux-gnu.so", None, None),
            (
                "torch-2.13.0.dist-info/licenses/LICENSE",
                Some("licenses/torch-2.13.0/LICENSE"),
                Some("licenses/torch-2.13.0/LICENSE"),
            ),
            ("torch-2.13.0.dist-info/METADATA", None, None),
        ];
        for (member, with_list, with_all) in rows {
            assert_eq!(
                destination(Path::new(member), &cpu).as_deref(),
                with_list.map(Path::new),
                "{member}"
            );
            assert_eq!(
                destination(Path::new(member), &Libraries::AllShared).as_deref(),
                with_all.map(Path::new),
                "{member}"
            );
        }
    }
}
