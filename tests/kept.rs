//! Files of every version that was ever written are opened, and say what they said. `tests/kept/` has a folder for
//! each version; `write.rs` there says how they are made.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

use std::{ffi::OsStr, path::Path, process::Command};

#[path = "kept/write.rs"]
mod write;

/// Makes the folder of today's version.
#[test]
#[ignore = "it writes into tests/kept, once for each version"]
fn write_a_version() {
    write::write();
}

/// Images for the runs: as many as 16 pixels a side and three epochs need.
fn shapes(work: &Path) {
    let folder = work.join("shapes");
    convscope::data::generate::generate_shapes(&folder, 1, 12, &mut |_, _| {}).unwrap();
}

/// Runs the program in `work`, where it also keeps everything; what it said on its standard output.
fn convscope(work: &Path, arguments: &[&OsStr]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_convscope"))
        .args(arguments)
        .current_dir(work)
        .env("CONVSCOPE_CACHE", work.join("cache"))
        .env("CONVSCOPE_EDITS", work.join("edits"))
        .env("CONVSCOPE_RUNS", work.join("runs"))
        .env("OMP_NUM_THREADS", "1")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}
