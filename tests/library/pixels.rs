//! Images as Pillow opens them: files of every kind, odd and hostile ones, and other sizes; and that no
//! bytes, however broken, make opening crash or hang.
//!
//! Reference values are in `tests/reference/{made_images,odd_images,resize}.json`, each made by the script
//! beside it. `CONVSCOPE_REAL_DATA` names the folder of real data; what needs it says when it did not run.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise and say what it did not run, helpers included"
)]

mod broken;
mod made;
mod odd;
mod scaling;

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// Reads the reference values `name`.
fn reference<T: DeserializeOwned>(name: &str) -> T {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The folder of real data, when there is one.
fn real_data() -> Option<PathBuf> {
    let folder = std::env::var_os("CONVSCOPE_REAL_DATA").map(PathBuf::from);
    if folder.is_none() {
        println!("not run: CONVSCOPE_REAL_DATA is not set");
    }
    folder
}
