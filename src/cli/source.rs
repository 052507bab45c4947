//! What a command is given: a model file, a run folder, an experiment.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result};

use super::{Usage, output::say, session::Session};
use crate::{
    data::{dataset::display_path, download},
    engine::{ImageSource, LoadedModel, ModelSource},
    file_address,
    model::{ModelSpec, Node, bundle::Bundle, graph},
    train::run_folder,
};

/// Reads a model file or the model of a run folder, self-test included; says what is doubtful about it.
///
/// # Errors
/// One sentence with the file's name.
pub fn load_model(path: &Path) -> Result<Bundle> {
    let file = run_folder::model_file(path).map_err(anyhow::Error::msg)?;
    let (bundle, doubt) = Bundle::load(&file)?;
    if let Some(words) = doubt {
        say(&words);
    }
    Ok(bundle)
}

/// Starts the engine with the model `path` in hand.
///
/// # Errors
/// One sentence with the file's name.
pub fn session_with(path: &Path) -> Result<(Session, Arc<LoadedModel>)> {
    let model = LoadedModel::of_bundle(load_model(path)?, ModelSource::File(path.to_path_buf()));
    let model = Arc::new(model.map_err(anyhow::Error::msg)?);
    let session = Session::start()?;
    session.engine.take_in_hand(Arc::clone(&model));
    Ok((session, model))
}

/// The image `given`: an address on the web, or a file.
pub fn image(given: &Path) -> ImageSource {
    match given
        .to_str()
        .filter(|text| download::looks_like_address(text))
    {
        Some(address) => ImageSource::Url(address.to_owned()),
        None => ImageSource::File(file_address::to_path(given)),
    }
}

/// Whether `path` is meant as a model rather than as an experiment.
pub fn looks_like_model(path: &Path) -> bool {
    path.is_dir()
        || path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors"))
}

/// Position of the node that `text` means: of the layer, block or node of this name, or of the layer that
/// `summary` gives this number, the last one.
///
/// # Errors
/// When there is none, with the names there are.
pub fn node(spec: &ModelSpec, nodes: &[Node], text: &str) -> Result<usize> {
    let layers = &spec.layers;
    let by_number = || {
        let number: usize = text.parse().ok()?;
        graph::output_position(nodes, &layers.get(number.checked_sub(1)?)?.name)
    };
    let found = graph::output_position(nodes, text).or_else(by_number);
    found.with_context(|| {
        let names: Vec<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
        let is_inner = |node: &&Node| node.name != layers[node.layer].name;
        let inner = nodes.iter().find(is_inner);
        let inner =
            inner.map(|node| format!("; steps within a layer are named like {}", node.name));
        let (names, inner) = (names.join(", "), inner.unwrap_or_default());
        format!("the model has no layer {text}: its layers are {names}{inner}")
    })
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
        let ending = path.extension().unwrap_or_default();
        match ending.to_ascii_lowercase().to_str() {
            Some("png") => Ok(Self::Png),
            Some("npy") => Ok(Self::Npy),
            _ => Err(Usage::error(format!(
                "--out {} must end in .png for a picture or .npy for the array",
                display_path(path)
            ))),
        }
    }
}
