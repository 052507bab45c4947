//! Reading what a run recorded: its epochs and its steps.

use std::{fs, io, path::Path};

use super::RunsError;
use crate::train::{
    history::{EpochRecord, StepRecord},
    run_folder::{HISTORY_FILE, STEPS_FILE},
};

/// Bytes of `file` of the run in `folder`; none when there is no such file yet.
fn bytes(folder: &Path, file: &str) -> Result<Vec<u8>, RunsError> {
    let path = folder.join(file);
    match fs::read(&path) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(RunsError::read(&path)(error)),
    }
}

/// Every epoch of the run in `folder`; none before the first was finished.
///
/// # Errors
/// When `history.csv` cannot be read or is damaged.
pub fn history(folder: &Path) -> Result<Vec<EpochRecord>, RunsError> {
    let bytes = bytes(folder, HISTORY_FILE)?;
    let records = csv::Reader::from_reader(bytes.as_slice()).into_deserialize();
    let records: Result<Vec<EpochRecord>, csv::Error> = records.collect();
    records.map_err(|error| RunsError::damaged(&folder.join(HISTORY_FILE), error.to_string()))
}

/// Every step of the run in `folder` that is on the disk. A last line that is still being written, or was cut
/// off by a kill, and what follows a line that is no step are left out.
///
/// # Errors
/// When `steps.csv` cannot be read or has other columns.
pub fn steps(folder: &Path) -> Result<Vec<StepRecord>, RunsError> {
    let mut bytes = bytes(folder, STEPS_FILE)?;
    let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1);
    bytes.truncate(whole);
    let damaged = |reason| RunsError::damaged(&folder.join(STEPS_FILE), reason);
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let headings = reader
        .byte_headers()
        .map_err(|error| damaged(error.to_string()))?;
    // A newer program may have put further columns beside these.
    let wanted = ["step", "epoch", "loss", "accuracy"];
    let is_there = |name: &&str| headings.iter().any(|heading| heading == name.as_bytes());
    if !headings.is_empty() && !wanted.iter().all(is_there) {
        let wanted = wanted.join(",");
        return Err(damaged(format!("its first line does not have {wanted}")));
    }
    Ok(reader.into_deserialize().map_while(Result::ok).collect())
}
