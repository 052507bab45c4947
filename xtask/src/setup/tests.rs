//! Installs from small wheels made here.

use std::io::Write;

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::pins::{Wheel, hex};

const FILE: &str = "torch-2.13.0-cp312-cp312-manylinux_2_28_x86_64.whl";

/// A folder with one wheel that holds `torch/lib/<library>`, and the pin that fits it.
fn wheel_and_pin(library: &str, text: &str) -> (TempDir, Pin) {
    let folder = tempfile::tempdir().unwrap();
    let mut zip = ZipWriter::new(File::create(folder.path().join(FILE)).unwrap());
    for (name, text) in [
        ("torch/include/torch/torch.h", "// header"),
        (library, text),
        ("torch/main.py", "no"),
    ] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    let sha256 = hex(&Sha256::digest(fs::read(folder.path().join(FILE)).unwrap()));
    let wheels = Box::leak(Box::new([Wheel {
        file: FILE,
        sha256: sha256.leak(),
    }]));
    (
        folder,
        Pin {
            wheels,
            libraries: Libraries::Only(&["libtorch_cpu.so"]),
            disk_bytes: 1,
        },
    )
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn installs_exactly_what_is_wanted_and_leaves_no_staging_folder() {
    let (wheels, pin) = wheel_and_pin("torch/lib/libtorch_cpu.so", "library");
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join(".staging-killed")).unwrap();
    assert!(!is_complete(root.path(), &pin));
    install(root.path(), &pin, &Source::Folder(wheels.path().into())).unwrap();
    assert!(is_complete(root.path(), &pin));
    assert_eq!(names(root.path()), ["libtorch"]);
    let libtorch = root.path().join("libtorch");
    assert_eq!(names(&libtorch), ["build-version", STAMP, "include", "lib"]);
    assert_eq!(
        names(&libtorch.join("lib")),
        ["libtorch.so", "libtorch_cpu.so"]
    );
    assert_eq!(
        fs::read_to_string(libtorch.join("build-version")).unwrap(),
        "2.13.0\n"
    );
    assert_eq!(
        fs::read_to_string(libtorch.join("lib/libtorch_cpu.so")).unwrap(),
        "library"
    );
    assert_eq!(names(wheels.path()), [FILE], "the user's own wheels stay");
}

#[test]
fn a_changed_pin_replaces_the_old_install() {
    let (old_wheels, old) = wheel_and_pin("torch/lib/libtorch_cpu.so", "old");
    let (new_wheels, new) = wheel_and_pin("torch/lib/libtorch_cpu.so", "new");
    let root = tempfile::tempdir().unwrap();
    install(root.path(), &old, &Source::Folder(old_wheels.path().into())).unwrap();
    assert!(!is_complete(root.path(), &new));
    install(root.path(), &new, &Source::Folder(new_wheels.path().into())).unwrap();
    assert!(is_complete(root.path(), &new));
    assert_eq!(names(root.path()), ["libtorch"]);
}

#[test]
fn a_failure_leaves_what_was_there() {
    let (wheels, pin) = wheel_and_pin("torch/lib/libtorch_cpu.so", "library");
    let (tampered, _) = wheel_and_pin("torch/lib/libtorch_cpu.so", "tampered");
    let (incomplete, incomplete_pin) = wheel_and_pin("torch/lib/other.so", "library");
    let huge = Pin {
        wheels: pin.wheels,
        libraries: Libraries::AllShared,
        disk_bytes: u64::MAX,
    };
    let empty = tempfile::tempdir().unwrap();
    let rows = [
        (&tampered, &pin, "SHA-256"),
        (&incomplete, &incomplete_pin, "no libtorch_cpu.so"),
        (&wheels, &huge, "Not enough disk space"),
        (&empty, &pin, "CONVSCOPE_WHEELS has no"),
    ];
    for installed in [false, true] {
        for (source, row_pin, expected) in rows {
            let root = tempfile::tempdir().unwrap();
            if installed {
                install(root.path(), &pin, &Source::Folder(wheels.path().into())).unwrap();
            }
            let error = install(root.path(), row_pin, &Source::Folder(source.path().into()))
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected) && !error.contains('\n'), "{error}");
            assert_eq!(is_complete(root.path(), &pin), installed, "{expected}");
            assert_eq!(
                names(root.path()).len(),
                usize::from(installed),
                "{expected}"
            );
        }
    }
}

#[test]
fn a_full_disk_is_told_with_the_remedy() {
    let error = Error::from(io::Error::from(io::ErrorKind::StorageFull)).context("Cannot write x");
    assert!(
        explain_full_disk(error)
            .to_string()
            .contains("free some space")
    );
}

#[test]
fn the_second_lock_waits_for_the_first() {
    let root = tempfile::tempdir().unwrap();
    let first = lock(root.path()).unwrap();
    let second = std::thread::spawn({
        let root = root.path().to_owned();
        move || lock(&root).map(|_| std::time::Instant::now()).unwrap()
    });
    std::thread::sleep(std::time::Duration::from_millis(50));
    let released = std::time::Instant::now();
    drop(first);
    assert!(second.join().unwrap() >= released);
}

#[test]
fn every_pin_names_real_wheels() {
    let platforms = [
        ("linux", "x86_64", false, "manylinux_2_28_x86_64"),
        ("linux", "aarch64", false, "manylinux_2_28_aarch64"),
        ("linux", "x86_64", true, "manylinux_2_28_x86_64"),
        ("linux", "aarch64", true, "manylinux_2_28_aarch64"),
        ("macos", "aarch64", false, "macosx_14_0_arm64"),
        ("windows", "x86_64", false, "win_amd64"),
    ];
    for (os, arch, cuda, platform) in platforms {
        let pin = pin_for(os, arch, cuda).unwrap();
        assert_eq!(pin.wheels[0].requirement().unwrap(), "torch==2.13.0");
        assert_eq!(pin.wheels[0].platform().unwrap(), platform);
        for wheel in pin.wheels {
            assert_eq!(wheel.sha256.len(), 64, "{}", wheel.file);
            // A row copied from another architecture would install, and fail to load.
            let machine = platform.rsplit_once("64").map(|_| arch).unwrap_or_default();
            let other = if machine == "x86_64" {
                "aarch64"
            } else {
                "x86_64"
            };
            assert!(!wheel.file.contains(other), "{}", wheel.file);
        }
    }
    for (os, arch, cuda) in [
        ("macos", "x86_64", false),
        ("macos", "aarch64", true),
        ("freebsd", "x86_64", false),
    ] {
        assert!(
            pin_for(os, arch, cuda)
                .unwrap_err()
                .to_string()
                .contains("LIBTORCH")
        );
    }
}
