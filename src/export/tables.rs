//! Comma-separated values: epochs, answers for each image, and how often what was taken for what.

use super::{Bundle, ExportError, Format, Make, Need};
use crate::train::{
    CrossTable, predictions,
    run_folder::{HISTORY_FILE, csv},
    runs::several::histories_csv,
};

pub const HISTORY: Format = Format {
    name: "history",
    title: "History",
    about: "The figures of every epoch; of several runs, one after the other",
    ending: "csv",
    needs: &[Need::Epochs],
    in_run: Some(HISTORY_FILE),
    make: Make::Bytes(history),
    parity: None,
};

pub const PREDICTIONS: Format = Format {
    name: "predictions",
    title: "Predictions",
    about: "Every image's label, prediction and probabilities",
    ending: "csv",
    needs: &[Need::Evaluation, Need::Dataset],
    in_run: None,
    make: Make::Bytes(|bundle| {
        let (evaluation, dataset) = bundle.judged()?;
        predictions::csv(evaluation, dataset).map_err(ExportError::Failed)
    }),
    parity: None,
};

pub const ANSWERS: Format = Format {
    name: "answers",
    title: "Answers",
    about: "What was said about images that stand in no dataset",
    ending: "csv",
    needs: &[Need::Answers],
    in_run: None,
    make: Make::Bytes(|bundle| predictions::said_csv(&bundle.answers).map_err(ExportError::Failed)),
    parity: None,
};

pub const CROSS_TABLE: Format = Format {
    name: "cross-table",
    title: "Cross-table",
    about: "True against predicted classes, with sums",
    ending: "csv",
    needs: &[Need::Evaluation, Need::Dataset],
    in_run: None,
    make: Make::Bytes(|bundle| {
        let (evaluation, dataset) = bundle.judged()?;
        let table = CrossTable::new(&evaluation.confusion);
        table.csv(&dataset.classes).map_err(ExportError::Failed)
    }),
    parity: None,
};

fn history(bundle: &Bundle) -> Result<Vec<u8>, ExportError> {
    let table = match &*bundle.histories {
        [run] => csv(&run.epochs),
        runs => histories_csv(runs),
    };
    table.map_err(ExportError::Failed)
}
