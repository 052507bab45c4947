//! The tables in a run's folder. Columns are found by their headings, so that a table of another version, with further
//! columns, can be read.

use std::path::Path;

use serde::Serialize;

use super::{
    run_folder::STEPS_FILE,
    runs::{self, RunsError},
};
use crate::data::files;

/// `rows` as comma-separated values, their fields' names above them.
pub fn csv(rows: impl IntoIterator<Item = impl Serialize>) -> Result<Vec<u8>, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(|error| error.to_string())?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}

/// The first `step` steps of the run in the folder `run`, as its `steps.csv` has them; none when there is no such file.
/// One that is damaged gets another name: the curves are poorer without it, and the run can go on.
pub fn steps_until(run: &Path, step: usize) -> Result<Vec<u8>, String> {
    let steps = match runs::read::steps(run) {
        Err(RunsError::Damaged { .. }) => {
            let aside = files::set_aside(&run.join(STEPS_FILE), "damaged");
            aside.map_err(|error| error.to_string())?;
            Vec::new()
        }
        steps => steps.map_err(|error| error.to_string())?,
    };
    let kept = (1..=step).zip(&steps);
    let kept = kept.take_while(|(number, record)| record.step == *number);
    csv(kept.map(|(_, record)| record))
}
