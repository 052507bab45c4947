//! What a run needs to be taken up again: weights, the optimizer's state and where it stood.

use std::{collections::HashMap, path::Path};

use safetensors::{Dtype, tensor::TensorView};

use super::fit::{EpochEnd, FitError};
use crate::{data::files::write_atomically, model::NamedArray};

/// Writes `network` and `optimizer` as they stand after an epoch to `path`, atomically.
///
/// The step decides the random numbers, the epoch the order of images, so no generator state is needed.
///
/// # Errors
/// When the file cannot be written.
pub fn save(path: &Path, end: &EpochEnd<'_>) -> Result<(), FitError> {
    let (step, moments) = end.optimizer.state(end.network)?;
    let failed = |error: &dyn std::fmt::Display| FitError::Write(error.to_string());
    let data: Vec<(&NamedArray, Vec<u8>)> = end
        .snapshot
        .arrays
        .iter()
        .chain(&moments)
        .map(|array| {
            (
                array,
                array
                    .values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect(),
            )
        })
        .collect();
    let views = data
        .iter()
        .map(|(array, bytes)| {
            TensorView::new(Dtype::F32, array.shape.clone(), bytes).map(|view| (&array.name, view))
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| failed(&error))?;
    let metadata = HashMap::from([
        ("format".to_owned(), "convscope-checkpoint".to_owned()),
        ("epoch".to_owned(), end.record.epoch.to_string()),
        ("step".to_owned(), step.to_string()),
    ]);
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(|error| failed(&error))?;
    write_atomically(path, &bytes).map_err(|error| failed(&error))
}
