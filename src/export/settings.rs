//! What was asked for, as files that Convscope opens again: the experiment, its layers, the changes to its data.

use super::{Bundle, ExportError, Format, Make, Need};
use crate::model::spec_file;

/// A row of the table.
pub const EXPERIMENT: Format = Format {
    name: "experiment",
    title: "Experiment",
    about: "What is trained and how, to open or train again",
    ending: "ron",
    needs: &[Need::Experiment],
    in_run: None,
    make: Make::Bytes(experiment),
    parity: None,
};

/// A row of the table.
pub const LAYERS: Format = Format {
    name: "layers",
    title: "Layers",
    about: "The layers of the network, without weights",
    ending: "ron",
    needs: &[Need::Experiment],
    in_run: None,
    make: Make::Bytes(layers),
    parity: None,
};

/// A row of the table.
pub const CHANGES: Format = Format {
    name: "changes",
    title: "Changes",
    about: "What was changed about the dataset",
    ending: "ron",
    needs: &[Need::Edits],
    in_run: None,
    make: Make::Bytes(changes),
    parity: None,
};

fn failed(error: impl std::fmt::Display) -> ExportError {
    ExportError::Failed(error.to_string())
}

fn experiment(bundle: &Bundle) -> Result<Vec<u8>, ExportError> {
    let experiment = Need::Experiment.of(bundle.experiment.as_deref())?;
    experiment.to_ron().map(String::into_bytes).map_err(failed)
}

fn layers(bundle: &Bundle) -> Result<Vec<u8>, ExportError> {
    let experiment = Need::Experiment.of(bundle.experiment.as_deref())?;
    let text = spec_file::text(&experiment.model);
    text.map(String::into_bytes).map_err(failed)
}

fn changes(bundle: &Bundle) -> Result<Vec<u8>, ExportError> {
    let edits = Need::Edits.of(bundle.edits.as_deref())?;
    edits.text().map(String::into_bytes).map_err(failed)
}
