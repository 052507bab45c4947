//! A model as one `.safetensors` file: weights under readable names, everything else in its metadata.
//!
//! Metadata keys: `format`, `version`, `spec` (RON), `classes`, `preprocessing`, `metrics`, `split`, `edits`,
//! `epoch` (JSON), `weights_blake3`, `self_test`: a PNG in base64 with the logits it must give, and
//! `metadata_blake3` of all others.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};

use safetensors::SafeTensors;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    array_file,
    network::{Mode, Network, NetworkError, Placement},
    old_specs, parameters,
    self_test::{self, SelfTest},
    shapes::check_classifier,
    snapshot::{self, NamedArray, WeightSnapshot},
    spec::ModelSpec,
};
use crate::{
    data::{Edits, Picture, SplitConfig, dataset::display_path},
    kept::Kind,
};

const FORMAT: &str = "convscope-model";
/// Model files, as their metadata.
const FILES: Kind<HashMap<String, String>> = Kind {
    oldest: 1,
    steps: &[relu_is_an_activation],
};
const METADATA_HASH: &str = "metadata_blake3";

fn relu_is_an_activation(
    mut metadata: HashMap<String, String>,
) -> Result<HashMap<String, String>, String> {
    if let Some(spec) = metadata.remove("spec") {
        let spec = old_specs::relu_is_an_activation(&spec)?;
        metadata.insert("spec".to_owned(), spec);
    }
    Ok(metadata)
}

/// A trained model with what is known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Bundle {
    /// Weights, specification and classes.
    pub snapshot: Arc<WeightSnapshot>,
    /// Named figures of the kept epoch (`val_accuracy` …).
    pub metrics: BTreeMap<String, f64>,
    /// How the data was divided, so that the same parts can be evaluated again.
    pub split: SplitConfig,
    /// What the user had changed about the data.
    pub edits: Arc<Edits>,
    /// One input and its logits.
    pub self_test: SelfTest,
}

/// Whether the file `path` says that it is a model of ours. No weights are read; false for files of other formats.
///
/// # Errors
/// What is wrong with its header, when it begins like safetensors.
pub fn is_model(path: &Path) -> Result<bool, String> {
    let entries = array_file::entries(path)?;
    Ok(entries.is_some_and(|entries| entries.get("format").map(String::as_str) == Some(FORMAT)))
}

/// Why a model file cannot be used or written: one sentence with the file's name.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BundleError(String);

impl From<NetworkError> for BundleError {
    fn from(error: NetworkError) -> Self {
        Self(error.to_string())
    }
}

fn inaccessible(path: &Path, error: &std::io::Error) -> BundleError {
    BundleError(format!("cannot access {}: {error}", display_path(path)))
}

/// That the file `path` is not what was saved.
fn tampered(path: &str, reason: impl std::fmt::Display) -> BundleError {
    BundleError(format!(
        "{path} was changed or damaged after it was saved: {reason}"
    ))
}

impl Bundle {
    /// Puts a model together and records what it says about `input`, its self-test.
    ///
    /// # Errors
    /// When the network cannot be built from the snapshot, weights are not finite, or `input` has another size.
    pub fn new(
        snapshot: Arc<WeightSnapshot>,
        metrics: BTreeMap<String, f64>,
        (split, edits): (SplitConfig, Arc<Edits>),
        input: &Picture,
    ) -> Result<Self, NetworkError> {
        if let Some(reason) = snapshot::not_finite(&snapshot.arrays) {
            return Err(NetworkError::NotFinite(reason));
        }
        let logits = logits_of(&snapshot, &input.rgb)?;
        let self_test = SelfTest::new(input, logits)
            .map_err(|error| NetworkError::Weights(format!("the self-test image: {error}")))?;
        Ok(Self {
            snapshot,
            metrics,
            split,
            edits,
            self_test,
        })
    }

    /// Writes the model to `path`, atomically.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), BundleError> {
        self.write(path)
            .map_err(|error| BundleError(format!("cannot write {}: {error}", display_path(path))))
    }

    /// The same, with what the system said.
    pub(crate) fn write(&self, path: &Path) -> std::io::Result<()> {
        let arrays = self.snapshot.arrays.iter();
        let named: Vec<_> = arrays.map(|array| (array.name.clone(), array)).collect();
        let metadata = self.metadata().map_err(std::io::Error::other);
        array_file::write(path, metadata?, &named)
    }

    fn metadata(&self) -> Result<HashMap<String, String>, String> {
        let spec = &*self.snapshot.spec;
        let entries = [
            ("format", FORMAT.to_owned()),
            ("version", FILES.format().to_string()),
            (
                "spec",
                ron::to_string(spec).map_err(|error| error.to_string())?,
            ),
            ("classes", json(&*self.snapshot.classes)?),
            ("preprocessing", json(&spec.preprocessing)?),
            ("metrics", json(&self.metrics)?),
            ("split", json(&self.split)?),
            ("edits", json(&self.edits)?),
            ("epoch", json(&self.snapshot.epoch)?),
            ("weights_blake3", weights_hash(&self.snapshot.arrays)),
            ("self_test", json(&self.self_test)?),
        ];
        let entries = entries.into_iter();
        let mut metadata: HashMap<String, String> = entries
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        metadata.insert(METADATA_HASH.to_owned(), metadata_hash(&metadata));
        Ok(metadata)
    }

    /// Reads a model and runs its self-test. What is doubtful about a model whose weights are those that were saved
    /// comes back as a sentence with the file's name.
    ///
    /// # Errors
    /// One sentence for a file that is truncated, foreign, of a newer version, whose weights were changed or are not
    /// finite, or that was changed so that it answers otherwise.
    pub fn load(path: &Path) -> Result<(Self, Option<String>), BundleError> {
        let shown = display_path(path);
        let bytes = std::fs::read(path).map_err(|error| inaccessible(path, &error))?;
        let (bundle, is_as_saved) = Self::parse(&bytes, &shown)?;
        let difference = bundle.run_self_test(&shown)?;
        let doubt = match (difference, is_as_saved) {
            (None, true) => None,
            (None, false) => Some(
                "was changed or damaged after it was saved, beside its weights: look at its classes, division and figures"
                    .to_owned(),
            ),
            (Some(words), true) => Some(words),
            (Some(_), false) => return Err(tampered(&shown, "its self-test gives other logits")),
        };
        Ok((bundle, doubt.map(|words| format!("{shown} {words}"))))
    }

    /// The model, and whether its metadata have the hash they were saved with.
    fn parse(bytes: &[u8], path: &str) -> Result<(Self, bool), BundleError> {
        let whole = |error: safetensors::SafeTensorError| {
            BundleError(format!(
                "{path} is not a whole safetensors file ({error}): copy or save it again"
            ))
        };
        let tensors = SafeTensors::deserialize(bytes).map_err(whole)?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(whole)?;
        let metadata = header.metadata().clone().unwrap_or_default();
        if metadata.get("format").map(String::as_str) != Some(FORMAT) {
            return Err(BundleError(format!(
                "{path} holds weights but is not a Convscope model: open a file that Convscope saved"
            )));
        }
        let tampered = |reason: String| tampered(path, reason);
        let version = metadata.get("version").and_then(|text| text.parse().ok());
        let version = version.ok_or_else(|| tampered("it does not say its version".into()))?;
        let is_as_saved = metadata
            .get(METADATA_HASH)
            .is_none_or(|hash| *hash == metadata_hash(&metadata));
        let metadata = FILES.bring_up(version, metadata);
        let metadata =
            metadata.map_err(|reason| BundleError(format!("the model {path} {reason}")))?;
        let entry = |key: &str| {
            metadata
                .get(key)
                .ok_or_else(|| tampered(format!("it has no {key}")))
        };
        let spec: ModelSpec = ron::from_str(entry("spec")?)
            .map_err(|error| tampered(format!("its spec: {error}")))?;
        let classes: Vec<String> = from_json(entry("classes")?).map_err(tampered)?;
        check_classifier(&spec, classes.len()).map_err(|error| tampered(error.to_string()))?;
        let arrays = read_arrays(&tensors, &spec).map_err(tampered)?;
        if weights_hash(&arrays) != *entry("weights_blake3")? {
            return Err(tampered(
                "its weights do not have the hash it was saved with".into(),
            ));
        }
        if let Some(reason) = snapshot::not_finite(&arrays) {
            return Err(BundleError(format!(
                "the model {path} cannot be used: {reason}"
            )));
        }
        let snapshot = WeightSnapshot {
            spec: Arc::new(spec),
            classes: classes.into(),
            epoch: from_json(entry("epoch")?).map_err(tampered)?,
            arrays,
        };
        let bundle = Self {
            snapshot: Arc::new(snapshot),
            metrics: from_json(entry("metrics")?).map_err(tampered)?,
            split: from_json(entry("split")?).map_err(tampered)?,
            // Models saved before there were edits have none.
            edits: match entry("edits") {
                Ok(text) => from_json(text).map_err(tampered)?,
                Err(_) => Arc::default(),
            },
            self_test: from_json(entry("self_test")?).map_err(tampered)?,
        };
        Ok((bundle, is_as_saved))
    }

    /// What is doubtful about the model's answer to the image it was saved with.
    fn run_self_test(&self, path: &str) -> Result<Option<String>, BundleError> {
        let picture = self.self_test.picture();
        let picture = picture.map_err(|reason| tampered(path, reason))?;
        let input = self.snapshot.spec.input;
        if (picture.width, picture.height) != (input.width, input.height) {
            let reason = "its self-test image does not have the input size";
            return Err(tampered(path, reason));
        }
        let logits = logits_of(&self.snapshot, &picture.rgb)?;
        Ok(self_test::difference(&logits, &self.self_test.logits))
    }
}

fn logits_of(snapshot: &WeightSnapshot, rgb: &[u8]) -> Result<Vec<f32>, NetworkError> {
    let _no_grad = tch::no_grad_guard();
    let network = Network::from_snapshot(snapshot, Placement::default())?;
    let logits = network.forward(&network.input(rgb)?, Mode::Evaluate)?;
    Ok(Vec::<f32>::try_from(logits.f_flatten(0, -1)?)?)
}

/// The tensors in the order of the network's nodes; names and shapes are checked when it is built.
fn read_arrays(tensors: &SafeTensors<'_>, spec: &ModelSpec) -> Result<Vec<NamedArray>, String> {
    let mut arrays = tensors
        .iter()
        .map(|(name, view)| NamedArray::from_view(name, &view))
        .collect::<Result<Vec<_>, _>>()?;
    parameters::sort_arrays(&mut arrays, spec).map_err(|error| error.to_string())?;
    Ok(arrays)
}

fn weights_hash(arrays: &[NamedArray]) -> String {
    let mut hasher = blake3::Hasher::new();
    for array in arrays {
        hasher.update(array.name.as_bytes());
        hasher.update(&array.bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Of all entries but itself, in the order of their names.
fn metadata_hash(metadata: &HashMap<String, String>) -> String {
    let sorted: BTreeMap<&String, &String> = metadata.iter().collect();
    let mut hasher = blake3::Hasher::new();
    for (key, value) in sorted.into_iter().filter(|(key, _)| *key != METADATA_HASH) {
        for text in [key, value] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}

fn json(value: &(impl Serialize + ?Sized)) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}
