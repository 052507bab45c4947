//! Published weights, top included, as a model of ours.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use super::{
    WeightsError,
    initial::lacking,
    names::{self, Sorted},
    read,
};
use crate::{
    data::{Edits, Picture, SplitConfig},
    model::{
        backbones::top,
        bundle::Bundle,
        snapshot::WeightSnapshot,
        spec::{Backbone, ModelSpec},
    },
    resources,
};

/// torchvision's names of ImageNet's classes, a line each; comments begin with `#`.
const CLASSES: &str = "assets/imagenet_classes.txt";

/// What became of a file.
pub struct Imported {
    /// The model, or why there is none although the file could be read.
    pub bundle: Result<Bundle, WeightsError>,
    /// Arrays that the model got.
    pub tensors: usize,
    /// torchvision's names of arrays that the file lacks.
    pub missing: Vec<String>,
    /// Names in the file that the network does not know.
    pub unexpected: Vec<String>,
}

/// Makes a model of `architecture` with the weights of `file`, for images of 224 pixels that are normalised as
/// ImageNet's.
///
/// # Errors
/// When the file cannot be read or holds arrays of other shapes.
pub fn import(architecture: Backbone, file: &Path) -> Result<Imported, WeightsError> {
    let arrays = read(file)?;
    let classes = names::classes(architecture, &arrays);
    let names = class_names(classes.unwrap_or(1));
    let spec = top::imagenet(architecture, names.len());
    let sorted = names::sort(&spec, 0, true, (file, arrays))?;
    let Sorted {
        arrays,
        missing,
        unexpected,
        ..
    } = sorted;
    let tensors = arrays.len();
    let bundle = if missing.is_empty() {
        let snapshot = WeightSnapshot {
            spec: Arc::new(spec),
            classes: names.into(),
            epoch: 0,
            arrays,
        };
        bundle(snapshot)
            .map_err(|error| WeightsError::mismatch(file, architecture.word(), error.to_string()))
    } else {
        Err(lacking(file, architecture, &missing))
    };
    Ok(Imported {
        bundle,
        tensors,
        missing,
        unexpected,
    })
}

fn bundle(snapshot: WeightSnapshot) -> Result<Bundle, crate::model::network::NetworkError> {
    let picture = gradient(&snapshot.spec);
    Bundle::new(
        Arc::new(snapshot),
        BTreeMap::new(),
        (SplitConfig::default(), Arc::new(Edits::default())),
        &picture,
    )
}

/// An image for the self-test that no photo is needed for: every brightness of every channel.
fn gradient(spec: &ModelSpec) -> Picture {
    let (height, width) = (spec.input.height, spec.input.width);
    let mut picture = Picture::filled(width, height, [0; 3]);
    for (at, pixel) in picture.rgb.chunks_exact_mut(3).enumerate() {
        let (row, column) = (at / width, at % width);
        let bytes = [row, column, row + column].map(|value| (value % 256) as u8);
        pixel.copy_from_slice(&bytes);
    }
    picture
}

/// ImageNet's names where there are as many classes as it has, else numbers.
fn class_names(classes: usize) -> Vec<String> {
    let text = resources::find(CLASSES).and_then(|path| std::fs::read_to_string(path).ok());
    let text = text.unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let names: Vec<String> = lines.map(str::to_owned).collect();
    if names.len() == classes {
        return names;
    }
    (0..classes).map(|class| format!("class {class}")).collect()
}
