//! Epochs of several runs beside each other, to write to a file.

use crate::train::{history::EpochRecord, run_tables::csv};

/// What a run is called and its epochs. Plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedHistory {
    /// What people call it.
    pub name: String,
    /// Its epochs.
    pub epochs: Vec<EpochRecord>,
}

/// The columns of `history.csv` behind one with the run's name, `run`: the runs one after the other.
///
/// # Errors
/// What the csv library said.
pub fn histories_csv(runs: &[NamedHistory]) -> Result<Vec<u8>, String> {
    let mut all: Vec<Vec<String>> = Vec::new();
    for run in runs {
        let table = csv(&run.epochs)?;
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(table.as_slice());
        for (number, row) in reader.records().enumerate() {
            let row = row.map_err(|error| error.to_string())?;
            let name = if number == 0 { "run" } else { &run.name };
            if number > 0 || all.is_empty() {
                let named = std::iter::once(name).chain(&row);
                all.push(named.map(str::to_owned).collect());
            }
        }
    }
    csv(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_says_of_which_run_it_is() {
        let epoch = |epoch: usize| EpochRecord {
            epoch,
            phase: 1,
            train_loss: 0.5,
            train_accuracy: 0.75,
            val_loss: None,
            val_accuracy: None,
            learning_rate: 0.001,
            images_per_sec: 10.0,
            seconds: 2.0,
            train_penalty: None,
            val_penalty: None,
        };
        let run = |name: &str, epochs: &[usize]| NamedHistory {
            name: name.into(),
            epochs: epochs.iter().map(|number| epoch(*number)).collect(),
        };
        let runs = [run("not begun", &[]), run("a, b", &[1, 2]), run("c", &[1])];
        let text = String::from_utf8(histories_csv(&runs).unwrap()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("run,epoch,phase,train_loss"), "{text}");
        let starts = ["\"a, b\",1,1,0.5", "\"a, b\",2,1,0.5", "c,1,1,0.5"];
        assert_eq!(lines.len(), 1 + starts.len());
        for (line, start) in lines[1..].iter().zip(starts) {
            assert!(line.starts_with(start), "{line}");
        }
    }
}
