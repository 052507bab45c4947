//! The tables in a run's folder. Columns are found by their headings, so that a table of another version, with further
//! columns, can be read.

use std::path::Path;

use super::{
    history::EpochRecord,
    run_folder::STEPS_FILE,
    runs::{self, RunsError},
};
use crate::data::{Dataset, Split, SplitName, edits::sample_name, files};

/// In place of a part in `split.csv`: the image is in none.
pub const NO_PART: &str = "none";

/// `split.csv`: every sample's part and label, in the dataset's order.
pub fn split_csv(split: &Split, dataset: &Dataset) -> Result<Vec<u8>, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let words = |error: csv::Error| error.to_string();
    writer
        .write_record(["file", "part", "label"])
        .map_err(words)?;
    for (index, sample) in dataset.samples.iter().enumerate() {
        let part = split.of(index).map_or(NO_PART, SplitName::word);
        let class = dataset.class_name(sample.label);
        let record = [&sample_name(&sample.path), part, class];
        writer.write_record(record).map_err(words)?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}

/// Whether two `split.csv` put the same images into the same parts.
pub fn is_same_division(one: &[u8], other: &[u8]) -> bool {
    one == other || divisions(one).is_some_and(|rows| Some(rows) == divisions(other))
}

/// File, part and label of every row of a `split.csv`, whatever other columns it has; `None` when it is none.
fn divisions(bytes: &[u8]) -> Option<Vec<[String; 3]>> {
    let mut reader = csv::Reader::from_reader(bytes);
    let headings = reader.headers().ok()?.clone();
    let column = |name: &str| headings.iter().position(|heading| heading == name);
    let columns = [column("file")?, column("part")?, column("label")?];
    let rows = reader.records().map(|row| {
        let row = row.ok()?;
        let [file, part, label] = columns.map(|column| row.get(column).map(str::to_owned));
        Some([file?, part?, label?])
    });
    rows.collect()
}

/// The first `step` steps of the run in the folder `run`, as its `steps.csv` has them; none when there is no such file.
/// One that is damaged gets another name: the curves are poorer without it, and the run can go on.
///
/// # Errors
/// What the system or the csv library said.
pub fn steps_until(run: &Path, step: usize) -> Result<Vec<u8>, String> {
    let steps = match runs::read::steps(run) {
        Err(RunsError::Damaged { .. }) => {
            let aside = files::set_aside(&run.join(STEPS_FILE), "damaged");
            aside.map_err(|error| error.to_string())?;
            Vec::new()
        }
        steps => steps.map_err(|error| error.to_string())?,
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let kept = (1..=step).zip(&steps);
    for (_, record) in kept.take_while(|(number, record)| record.step == *number) {
        writer
            .serialize(record)
            .map_err(|error| error.to_string())?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}

/// `history.csv`: one line per epoch with a heading.
///
/// # Errors
/// What the csv library said.
pub fn history_csv(history: &[EpochRecord]) -> Result<Vec<u8>, String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for record in history {
        writer
            .serialize(record)
            .map_err(|error| error.to_string())?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}
