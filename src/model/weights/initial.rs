//! The weights that a network's backbones begin with.

use std::path::{Path, PathBuf};

use super::{WeightsError, catalogue, names, read};
use crate::{
    data::dataset::display_path,
    format,
    model::{
        snapshot::NamedArray,
        spec::{Backbone, InitialWeights, LayerKind, ModelSpec},
    },
};

/// Names that a sentence lists.
const MOST_NAMES: usize = 5;

/// Arrays for the backbones of `spec` that do not begin at random, under the network's names. ImageNet's
/// weights are looked for in `folder`.
///
/// # Errors
/// When a file is not there, cannot be read, or lacks an array; random weights never stand in for it.
pub fn arrays(spec: &ModelSpec, folder: &Path) -> Result<Vec<NamedArray>, WeightsError> {
    let mut arrays = Vec::new();
    for (index, layer) in spec.layers.iter().enumerate() {
        let LayerKind::Backbone {
            architecture,
            weights,
            ..
        } = &layer.kind
        else {
            continue;
        };
        if let Some(file) = file(*architecture, weights, folder)? {
            arrays.extend(of_file(spec, index, *architecture, &file)?);
        }
    }
    Ok(arrays)
}

/// The file that `weights` mean; `None` for random ones.
fn file(
    architecture: Backbone,
    weights: &InitialWeights,
    folder: &Path,
) -> Result<Option<PathBuf>, WeightsError> {
    match weights {
        InitialWeights::Random => Ok(None),
        InitialWeights::File(path) => Ok(Some(path.clone())),
        InitialWeights::ImageNet => catalogue::file_of(architecture, folder).map(Some),
    }
}

fn of_file(
    spec: &ModelSpec,
    layer: usize,
    architecture: Backbone,
    file: &Path,
) -> Result<Vec<NamedArray>, WeightsError> {
    let sorted = names::sort(spec, layer, false, (file, read(file)?))?;
    if sorted.missing.is_empty() {
        return Ok(sorted.arrays);
    }
    Err(lacking(file, architecture, &sorted.missing))
}

/// That `file` lacks arrays.
pub fn lacking(file: &Path, architecture: Backbone, missing: &[String]) -> WeightsError {
    let shown = missing.get(..MOST_NAMES).unwrap_or(missing).join(", ");
    let more = match missing.len().saturating_sub(MOST_NAMES) {
        0 => String::new(),
        more => format!(" and {} more", format::thousands(more)),
    };
    WeightsError::Mismatch {
        path: display_path(file),
        network: architecture.word(),
        reason: format!("it lacks {shown}{more}"),
    }
}
