//! What a command is given: a model file, a run folder, an experiment.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::Usage;
use crate::{
    data::dataset::display_path,
    model::{WeightSnapshot, bundle::Bundle},
    train::run_folder,
};

/// The model file that `path` means: itself, or the one in a run folder.
///
/// # Errors
/// When a folder holds no model.
pub fn model_path(path: &Path) -> Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_path_buf());
    }
    let model = path.join(run_folder::MODEL_FILE);
    if !model.is_file() {
        bail!(
            "{} is a folder without a {}: give a model file or a finished run",
            display_path(path),
            run_folder::MODEL_FILE
        );
    }
    Ok(model)
}

/// Reads a model file or the model of a run folder, self-test included.
///
/// # Errors
/// One sentence with the file's name.
pub fn load_model(path: &Path) -> Result<Bundle> {
    Ok(Bundle::load(&model_path(path)?)?)
}

/// Whether `path` is meant as a model rather than as an experiment.
pub fn looks_like_model(path: &Path) -> bool {
    path.is_dir()
        || path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors"))
}

/// Position of the layer that `text` names, or numbers from 1 as `summary` does.
///
/// # Errors
/// When there is none, with the names there are.
pub fn layer(snapshot: &WeightSnapshot, text: &str) -> Result<usize> {
    let layers = &snapshot.spec.layers;
    let by_number = || {
        let number: usize = text.parse().ok()?;
        (1..=layers.len()).contains(&number).then(|| number - 1)
    };
    match snapshot.spec.layer_index(text).or_else(by_number) {
        Some(index) => Ok(index),
        None => {
            let names: Vec<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
            bail!(
                "the model has no layer {text}: its layers are {}",
                names.join(", ")
            )
        }
    }
}

/// What a file's ending asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArrayFormat {
    /// A picture.
    Png,
    /// The raw numbers.
    Npy,
}

impl ArrayFormat {
    /// The format that the ending of `path` asks for.
    ///
    /// # Errors
    /// Wrong usage, when it is another ending.
    pub fn of(path: &Path) -> Result<Self> {
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .map(str::to_ascii_lowercase);
        match ending.as_deref() {
            Some("png") => Ok(Self::Png),
            Some("npy") => Ok(Self::Npy),
            _ => Err(Usage::error(format!(
                "--out {} must end in .png for a picture or .npy for the array",
                display_path(path)
            ))),
        }
    }
}
