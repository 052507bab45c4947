//! What was asked for, as files that Convscope opens again: the experiment, its layers, the changes to its data.

use super::{ExportError, Format, Make, Need};
use crate::model::spec_file;

pub const EXPERIMENT: Format = Format {
    name: "experiment",
    title: "Experiment",
    about: "What is trained and how, to open or train again",
    ending: "ron",
    needs: &[Need::Experiment],
    in_run: None,
    make: Make::Bytes(|bundle| bytes(Need::Experiment.of(bundle.experiment.as_deref())?.to_ron())),
    parity: None,
};

pub const LAYERS: Format = Format {
    name: "layers",
    title: "Layers",
    about: "The layers of the network, without weights",
    ending: "ron",
    needs: &[Need::Experiment],
    in_run: None,
    make: Make::Bytes(|bundle| {
        let experiment = Need::Experiment.of(bundle.experiment.as_deref())?;
        bytes(spec_file::text(&experiment.model))
    }),
    parity: None,
};

pub const CHANGES: Format = Format {
    name: "changes",
    title: "Changes",
    about: "What was changed about the dataset",
    ending: "ron",
    needs: &[Need::Edits],
    in_run: None,
    make: Make::Bytes(|bundle| bytes(Need::Edits.of(bundle.edits.as_deref())?.text())),
    parity: None,
};

fn bytes<E: std::fmt::Display>(text: Result<String, E>) -> Result<Vec<u8>, ExportError> {
    text.map(String::into_bytes)
        .map_err(|error| ExportError::Failed(error.to_string()))
}
