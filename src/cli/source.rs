//! What a command is given: a model file, a run folder, an experiment.

use std::path::Path;

use anyhow::{Result, bail};

use super::{Usage, output::say};
use crate::{
    cancel::CancelToken,
    data::{
        dataset::display_path,
        decode,
        download::{self, ImageLimits},
    },
    file_address,
    model::{ModelSpec, Node, bundle::Bundle, graph, spec::InputSpec},
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

/// `given` as an address on the web, when it is one.
pub fn address(given: &Path) -> Option<&str> {
    let text = given.to_str()?;
    download::looks_like_address(text).then_some(text)
}

/// The image `given`, a file or an address, as a network with this input gets it; row-major RGB.
///
/// # Errors
/// Why it cannot be had, to follow its name.
pub fn network_input(given: &Path, input: &InputSpec) -> Result<Vec<u8>, String> {
    let Some(url) = address(given) else {
        let given = file_address::to_path(given);
        return Ok(decode::decode_to(&given, &input.format())?.rgb);
    };
    let image = download::image(url, &ImageLimits::default(), &CancelToken::new());
    let image = image.map_err(|error| error.to_string())?;
    Ok(decode::resized(&image, (input.height, input.width), input.resize).into_raw())
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
    match graph::output_position(nodes, text).or_else(by_number) {
        Some(position) => Ok(position),
        None => {
            let names: Vec<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
            let is_inner = |node: &&Node| node.name != layers[node.layer].name;
            let inner = nodes.iter().find(is_inner);
            let inner = inner.map_or_else(String::new, |node| {
                format!("; steps within a layer are named like {}", node.name)
            });
            bail!(
                "the model has no layer {text}: its layers are {}{inner}",
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
