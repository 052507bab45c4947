//! Which array of a file is which of a network's.

use std::{collections::HashMap, path::Path};

use super::WeightsError;
use crate::{
    data::dataset::display_path,
    model::{
        backbones::top,
        graph::{self, Node},
        parameters,
        shapes::ShapeError,
        snapshot::{self, NamedArray},
        spec::{Backbone, ColorMode, ModelSpec},
    },
};

/// A count that PyTorch keeps in batch normalisation and that changes no output.
const COUNTER: &str = "num_batches_tracked";

/// Before every name in a file that was saved from `DataParallel`.
const WRAPPER: &str = "module.";

/// The arrays of a file, sorted into those that a network has and the rest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sorted {
    /// Under the network's names, in its order.
    pub arrays: Vec<NamedArray>,
    /// torchvision's names of arrays that the network needs and the file lacks.
    pub missing: Vec<String>,
    /// Names in the file that the network does not know.
    pub unexpected: Vec<String>,
    /// Names in the file that belong to a top which the network leaves out.
    pub unused: Vec<String>,
}

/// An array that is wanted.
struct Wanted {
    /// In the network.
    name: String,
    /// In torchvision.
    published: String,
    shape: Vec<usize>,
}

/// The network that the layer at `layer` of `spec` is.
///
/// # Errors
/// When it is none.
pub fn backbone_at(spec: &ModelSpec, layer: usize, file: &Path) -> Result<Backbone, WeightsError> {
    let published = spec
        .layers
        .get(layer)
        .and_then(|layer| layer.kind.published());
    match published {
        Some((architecture, _)) => Ok(architecture),
        None => Err(WeightsError::mismatch(
            file,
            "this layer",
            "it is no published network",
        )),
    }
}

/// Sorts the arrays of `file` for the backbone at `layer` of `spec` and, where `with_top`, for the layers of
/// its top that follow.
///
/// # Errors
/// When an array has another shape than the network's, or holds what is not finite.
pub fn sort(
    spec: &ModelSpec,
    layer: usize,
    with_top: bool,
    (file, arrays): (&Path, Vec<NamedArray>),
) -> Result<Sorted, WeightsError> {
    let architecture = backbone_at(spec, layer, file)?;
    let mismatch = |reason: String| WeightsError::mismatch(file, architecture.word(), reason);
    let wanted =
        wanted(spec, layer, architecture, with_top).map_err(|error| mismatch(error.to_string()))?;
    let mut named = published(architecture, arrays);
    let mut sorted = Sorted::default();
    for Wanted {
        name,
        published,
        shape,
    } in wanted
    {
        let Some((_, array)) = named.remove(&published) else {
            sorted.missing.push(published);
            continue;
        };
        if array.shape != shape {
            let found = &array.shape;
            let mut reason = format!("{published} is {found:?} there and {shape:?} here");
            if spec.input.color_mode == ColorMode::Grayscale {
                reason += ": published networks see colours, set the input to RGB";
            }
            return Err(mismatch(reason));
        }
        sorted.arrays.push(NamedArray { name, ..array });
    }
    if let Some(reason) = snapshot::not_finite(&sorted.arrays) {
        return Err(WeightsError::File(format!(
            "{} cannot be used: {reason}; choose another file, or save it again before the training that broke it",
            display_path(file)
        )));
    }
    let mut rest: Vec<(usize, String, String)> = named
        .into_iter()
        .filter(|(published, _)| !published.ends_with(COUNTER))
        .map(|(published, (at, array))| (at, published, array.name))
        .collect();
    rest.sort();
    for (_, published, name) in rest {
        let modules = top::modules(architecture).iter();
        let mut of_top = modules.filter_map(|(module, _)| published.strip_prefix(module));
        if !with_top && of_top.any(|array| array.starts_with('.')) {
            sorted.unused.push(name);
        } else {
            sorted.unexpected.push(name);
        }
    }
    Ok(sorted)
}

/// How many classes the top in a file tells apart; `None` when it has none.
pub fn classes(architecture: Backbone, arrays: &[NamedArray]) -> Option<usize> {
    let (module, _) = top::modules(architecture).last()?;
    let weight = format!("{module}.weight");
    let is_wrapped = is_wrapped(arrays);
    let mut arrays = arrays.iter();
    let found = arrays.find(|array| name_in(architecture, is_wrapped, &array.name) == weight)?;
    found.shape.first().copied()
}

fn wanted(
    spec: &ModelSpec,
    layer: usize,
    architecture: Backbone,
    with_top: bool,
) -> Result<Vec<Wanted>, ShapeError> {
    let nodes = graph::nodes(spec)?;
    let is_wanted = |node: &&Node| node.layer == layer || with_top && node.layer > layer;
    let of_node = |node: &Node| {
        let owner = spec.layers[node.layer].name.as_str();
        let mut modules = top::modules(architecture).iter();
        let module = modules.find(|(_, layer)| *layer == owner);
        let of_torchvision = |name: &str| match module {
            _ if node.layer == layer => name[owner.len() + 1..].to_owned(),
            Some((module, _)) => format!("{module}{}", &name[owner.len()..]),
            None => name.to_owned(),
        };
        let arrays = parameters::array_shapes(std::slice::from_ref(node)).into_iter();
        let wanted = arrays.map(|(name, shape)| Wanted {
            published: of_torchvision(&name),
            name,
            shape,
        });
        wanted.collect::<Vec<_>>()
    };
    Ok(nodes.iter().filter(is_wanted).flat_map(of_node).collect())
}

/// The arrays under torchvision's names, each with its position in the file.
fn published(
    architecture: Backbone,
    arrays: Vec<NamedArray>,
) -> HashMap<String, (usize, NamedArray)> {
    let is_wrapped = is_wrapped(&arrays);
    let named = arrays.into_iter().enumerate().map(|(at, array)| {
        let published = name_in(architecture, is_wrapped, &array.name);
        (published, (at, array))
    });
    named.collect()
}

/// Whether the file was saved from `DataParallel`.
fn is_wrapped(arrays: &[NamedArray]) -> bool {
    let mut arrays = arrays.iter();
    arrays.all(|array| array.name.starts_with(WRAPPER))
}

/// torchvision's name of an array of a file.
fn name_in(architecture: Backbone, is_wrapped: bool, name: &str) -> String {
    let bare = name.strip_prefix(WRAPPER).filter(|_| is_wrapped);
    let name = bare.unwrap_or(name);
    architecture
        .of_timm(name)
        .unwrap_or_else(|| name.to_owned())
}
