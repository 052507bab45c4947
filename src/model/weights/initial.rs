//! The weights that a network's backbones begin with.

use std::path::{Path, PathBuf};

use super::{WeightsError, catalogue, names, read};
use crate::{
    data::dataset::display_path,
    format,
    model::{
        snapshot::NamedArray,
        spec::{Backbone, InitialWeights, ModelSpec},
    },
};

/// Names that a sentence lists.
const MOST_NAMES: usize = 5;

/// Weights to begin with, and what to say about them.
#[derive(Debug, Default)]
pub struct Initial {
    /// Under the network's names.
    pub arrays: Vec<NamedArray>,
    /// A sentence for each backbone.
    pub notes: Vec<String>,
    /// A sentence for each file that holds more than its backbone knows.
    pub warnings: Vec<String>,
}

/// The backbones of `spec` that do not begin at random, each with its layer's position and the file of its
/// weights. ImageNet's are looked for in `folder`.
fn files(spec: &ModelSpec, folder: &Path) -> Result<Vec<(usize, Backbone, PathBuf)>, WeightsError> {
    let mut files = Vec::new();
    for (index, layer) in spec.layers.iter().enumerate() {
        if let Some((architecture, weights)) = layer.kind.published()
            && let Some(file) = file(architecture, weights, folder)?
        {
            files.push((index, architecture, file));
        }
    }
    Ok(files)
}

/// Arrays for the backbones of `spec` that do not begin at random. ImageNet's weights are looked for in
/// `folder`.
///
/// # Errors
/// When a file is not there, cannot be read, or lacks an array; random weights never stand in for it.
pub fn arrays(spec: &ModelSpec, folder: &Path) -> Result<Initial, WeightsError> {
    let mut initial = Initial::default();
    for (index, architecture, file) in files(spec, folder)? {
        let sorted = names::sort(spec, index, false, (&file, read(&file)?))?;
        if !sorted.missing.is_empty() {
            return Err(lacking(&file, architecture, &sorted.missing));
        }
        let name = file.file_name().map(|name| display_path(name.as_ref()));
        let (name, layer) = (name.unwrap_or_default(), &spec.layers[index].name);
        let top = if sorted.unused.is_empty() {
            ""
        } else {
            ", without its top"
        };
        let note = format!("{layer} begins with the weights of {name}{top}");
        initial.notes.push(note);
        if !sorted.unexpected.is_empty() {
            let names = shortened(&sorted.unexpected);
            let warning = format!("{name} also holds what {layer} has no place for: {names}");
            initial.warnings.push(warning);
        }
        initial.arrays.extend(sorted.arrays);
    }
    Ok(initial)
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

/// That `file` lacks arrays.
pub fn lacking(file: &Path, architecture: Backbone, missing: &[String]) -> WeightsError {
    let reason = format!("it lacks {}", shortened(missing));
    WeightsError::mismatch(file, architecture.word(), reason)
}

/// The first of `names`, and how many more there are.
fn shortened(names: &[String]) -> String {
    let shown = names.get(..MOST_NAMES).unwrap_or(names).join(", ");
    match names.len().saturating_sub(MOST_NAMES) {
        0 => shown,
        more => format!("{shown} and {} more", format::thousands(more)),
    }
}
