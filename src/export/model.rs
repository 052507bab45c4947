//! The model file of ours; and whether what another file holds are the same weights.

use std::path::Path;

use super::{Bundle, ExportError, Format, Make, Need, Parity, Pulse, write_error};
use crate::{
    data::dataset::display_path,
    model::{NamedArray, bundle::Bundle as Model},
    train::run_folder::MODEL_FILE,
};

pub const FORMAT: Format = Format {
    name: "safetensors",
    title: "Model",
    about: "Weights, and with them everything that Convscope has to know of the model",
    ending: "safetensors",
    needs: &[Need::Model],
    in_run: Some(MODEL_FILE),
    make: Make::Path(write),
    parity: Some(Parity {
        max_difference,
        most: 0.0,
    }),
};

fn write(bundle: &Bundle, path: &Path, _pulse: Pulse<'_>) -> Result<(), ExportError> {
    let model = Need::Model.of(bundle.model.as_deref())?;
    model.write(path).map_err(|error| write_error(path, &error))
}

fn max_difference(bundle: &Bundle, path: &Path) -> Result<f64, ExportError> {
    let read = Model::load(path).map_err(|error| error.to_string());
    largest_difference(
        bundle,
        path,
        read.map(|(model, _)| model.snapshot.arrays.clone()),
    )
}

/// The largest difference between the weights of the bundle's model and those that were `read` from `path`, in any order.
///
/// # Errors
/// When they were not read, or have other names or shapes.
pub fn largest_difference(
    bundle: &Bundle,
    path: &Path,
    read: Result<Vec<NamedArray>, String>,
) -> Result<f64, ExportError> {
    let ours = &Need::Model.of(bundle.model.as_deref())?.snapshot;
    let compared = read.and_then(|read| {
        if read.len() != ours.arrays.len() {
            let (read, ours) = (read.len(), ours.arrays.len());
            return Err(format!("it holds {read} arrays instead of {ours}"));
        }
        read.iter().try_fold(0.0_f64, |largest, read| {
            let ours = ours.array(&read.name);
            let ours = ours.filter(|ours| ours.shape == read.shape);
            let ours = ours.ok_or_else(|| format!("{} {:?} is not ours", read.name, read.shape))?;
            let pairs = ours.values.iter().zip(&read.values);
            let differences = pairs.map(|(ours, read)| f64::from((ours - read).abs()));
            // `max` passes over what is not a number.
            let differences = differences.map(|d| if d.is_nan() { f64::INFINITY } else { d });
            Ok(differences.fold(largest, f64::max))
        })
    });
    compared.map_err(|reason| ExportError::Unreadable {
        path: display_path(path),
        reason,
    })
}
