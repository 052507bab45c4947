//! Looking whether a file of weights fits a backbone, before a run needs it.

use std::path::{Path, PathBuf};

use super::{WeightsError, names, read};
use crate::model::{
    layers,
    spec::{Backbone, InitialWeights, ModelSpec},
};

/// What a file has of what a backbone needs. Plain data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// The file.
    pub path: PathBuf,
    /// The network that it was held against.
    pub architecture: Backbone,
    /// Tensors that are used.
    pub tensors: usize,
    /// torchvision's names of tensors that the network needs and the file lacks.
    pub missing: Vec<String>,
    /// Names in the file that the network does not know.
    pub unexpected: Vec<String>,
    /// Names in the file that belong to a top which the network leaves out.
    pub unused: Vec<String>,
    /// The network that the file fits when it does not fit this one.
    pub fits_instead: Option<Backbone>,
}

impl Examined {
    /// Why a run cannot begin with the file; `None` when it can.
    pub fn problem(&self) -> Option<String> {
        if self.missing.is_empty() {
            return None;
        }
        let (missing, all) = (self.missing.len(), self.missing.len() + self.tensors);
        let instead = self.fits_instead.map_or(String::new(), |network| {
            format!("; it holds the weights of {}", network.word())
        });
        Some(format!(
            "the file lacks {missing} of the {all} tensors of {}{instead}: choose another",
            self.architecture.word()
        ))
    }
}

/// Holds the file `path` against the backbone at `layer` of `spec`, without its top.
///
/// # Errors
/// When it cannot be read, or a tensor has another shape than the network's.
pub fn examine(spec: &ModelSpec, layer: usize, path: &Path) -> Result<Examined, WeightsError> {
    let architecture = names::backbone_at(spec, layer, path)?;
    let sorted = names::sort(spec, layer, false, (path, read(path)?));
    let fits_instead = match &sorted {
        Ok(sorted) if sorted.missing.is_empty() => None,
        Err(error) if !matches!(error, WeightsError::Mismatch { .. }) => None,
        _ => Backbone::ALL
            .into_iter()
            .find(|other| *other != architecture && fits(spec, *other, path)),
    };
    let sorted = sorted.map_err(|error| match fits_instead {
        Some(network) => {
            let reason = format!("it holds the weights of {}", network.word());
            WeightsError::mismatch(path, architecture.word(), reason)
        }
        None => error,
    })?;
    Ok(Examined {
        path: path.to_path_buf(),
        architecture,
        tensors: sorted.arrays.len(),
        missing: sorted.missing,
        unexpected: sorted.unexpected,
        unused: sorted.unused,
        fits_instead,
    })
}

/// Whether `path` has all that `architecture` needs.
fn fits(spec: &ModelSpec, architecture: Backbone, path: &Path) -> bool {
    let mut alone = spec.clone();
    alone.layers.truncate(1);
    if let Some(layer) = alone.layers.first_mut() {
        let base = layers::Backbone {
            architecture,
            weights: InitialWeights::Random,
            batch_norm_inference: true,
        };
        layer.kind = base.into();
    }
    let sorted = read(path).and_then(|arrays| names::sort(&alone, 0, false, (path, arrays)));
    sorted.is_ok_and(|sorted| sorted.missing.is_empty())
}
