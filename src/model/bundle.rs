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

use base64::{Engine as _, prelude::BASE64_STANDARD};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

use super::{
    network::{Mode, Network, NetworkError, Placement},
    old_specs, parameters,
    shapes::check_classifier,
    snapshot::{self, NamedArray, WeightSnapshot},
    spec::ModelSpec,
};
use crate::{
    data::{Edits, Picture, SplitConfig, dataset::display_path, files::write_atomically},
    format::significant,
    kept::{FormatError, Kind},
};

const FORMAT: &str = "convscope-model";
/// Model files, as their metadata.
const FILES: Kind<HashMap<String, String>> = Kind {
    oldest: 1,
    steps: &[relu_is_an_activation],
};
const METADATA_HASH: &str = "metadata_blake3";
/// Largest difference between the logits of the self-test here and where the model was saved, as a share of the
/// largest logit, or of 1 where all are smaller: rounding grows with the numbers.
pub const SELF_TEST_TOLERANCE: f32 = 1e-3;

fn relu_is_an_activation(
    mut metadata: HashMap<String, String>,
) -> Result<HashMap<String, String>, String> {
    if let Some(spec) = metadata.remove("spec") {
        let spec = old_specs::relu_is_an_activation(spec)?;
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

/// One input and the logits it must give.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelfTest {
    /// PNG file in base64, of the model's input size.
    input_png: String,
    /// One per class. JSON has no infinities and says `null`, which is read as NaN.
    #[serde(deserialize_with = "with_nulls")]
    pub logits: Vec<f32>,
}

fn with_nulls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f32>, D::Error> {
    let logits = Vec::<Option<f32>>::deserialize(deserializer)?;
    Ok(logits.into_iter().map(|v| v.unwrap_or(f32::NAN)).collect())
}

impl SelfTest {
    /// The input.
    ///
    /// # Errors
    /// When it is not a PNG in base64.
    pub fn picture(&self) -> Result<Picture, String> {
        let png = BASE64_STANDARD
            .decode(&self.input_png)
            .map_err(|_| "its self-test image is not base64".to_owned())?;
        let image = image::load_from_memory_with_format(&png, image::ImageFormat::Png)
            .map_err(|_| "its self-test image is not a PNG".to_owned())?;
        Ok(image.into_rgb8().into())
    }
}

/// Why a model file cannot be used or written; each is one sentence with the file's name.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The system refused.
    #[error("cannot access {path}: {reason}")]
    File {
        /// Which file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// Not safetensors, or cut off.
    #[error("{path} is not a whole safetensors file ({reason}): copy or save it again")]
    NotSafetensors {
        /// Which file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Somebody else's safetensors.
    #[error("{0} holds weights but is not a Convscope model: open a file that Convscope saved")]
    Foreign(String),
    /// Written by another version of the program.
    #[error("the model {path} {reason}")]
    Version {
        /// Which file.
        path: String,
        /// How the versions stand.
        reason: FormatError,
    },
    /// It cannot answer anything.
    #[error("the model {path} cannot be used: {reason}")]
    NotFinite {
        /// Which file.
        path: String,
        /// Which of its weights.
        reason: String,
    },
    /// Changed after it was saved, or damaged.
    #[error("{path} was changed or damaged after it was saved: {reason}")]
    Tampered {
        /// Which file.
        path: String,
        /// What does not agree.
        reason: String,
    },
    /// The network cannot be built or run.
    #[error(transparent)]
    Network(#[from] NetworkError),
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
        let mut png = std::io::Cursor::new(Vec::new());
        input
            .to_image()
            .write_to(&mut png, image::ImageFormat::Png)
            .map_err(|error| NetworkError::Weights(format!("the self-test image: {error}")))?;
        let input_png = BASE64_STANDARD.encode(png.into_inner());
        Ok(Self {
            snapshot,
            metrics,
            split,
            edits,
            self_test: SelfTest { input_png, logits },
        })
    }

    /// Writes the model to `path`, atomically.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), BundleError> {
        let failed = |reason: String| BundleError::File {
            path: display_path(path),
            reason,
        };
        let metadata = self.metadata().map_err(failed)?;
        let data: Vec<(&NamedArray, Vec<u8>)> = self
            .snapshot
            .arrays
            .iter()
            .map(|array| (array, array.little_endian()))
            .collect();
        let views = data
            .iter()
            .map(|(array, bytes)| {
                let view = TensorView::new(Dtype::F32, array.shape.clone(), bytes);
                view.map(|view| (array.name.clone(), view))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| failed(error.to_string()))?;
        let bytes = safetensors::serialize(views, Some(metadata))
            .map_err(|error| failed(error.to_string()))?;
        write_atomically(path, &bytes).map_err(|error| failed(error.to_string()))
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
    /// comes back as sentences with the file's name.
    ///
    /// # Errors
    /// One sentence for a file that is truncated, foreign, of a newer version, or whose weights were changed or are
    /// not finite.
    pub fn load(path: &Path) -> Result<(Self, Vec<String>), BundleError> {
        let shown = display_path(path);
        let bytes = std::fs::read(path).map_err(|error| BundleError::File {
            path: shown.clone(),
            reason: error.to_string(),
        })?;
        let (bundle, is_as_saved) = Self::parse(&bytes, &shown)?;
        let mut doubts = Vec::new();
        if !is_as_saved {
            doubts.push(format!(
                "{shown}: what it says beside its weights (classes, division, figures) was changed or damaged after it was saved"
            ));
        }
        if let Some(doubt) = bundle.run_self_test(&shown)? {
            doubts.push(format!("{shown} {doubt}"));
        }
        Ok((bundle, doubts))
    }

    /// The model, and whether its metadata have the hash they were saved with.
    fn parse(bytes: &[u8], path: &str) -> Result<(Self, bool), BundleError> {
        let whole = |error: safetensors::SafeTensorError| BundleError::NotSafetensors {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let tensors = SafeTensors::deserialize(bytes).map_err(whole)?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(whole)?;
        let metadata = header.metadata().clone().unwrap_or_default();
        if metadata.get("format").map(String::as_str) != Some(FORMAT) {
            return Err(BundleError::Foreign(path.to_owned()));
        }
        let tampered = |reason: String| BundleError::Tampered {
            path: path.to_owned(),
            reason,
        };
        let version = metadata.get("version").and_then(|text| text.parse().ok());
        let version = version.ok_or_else(|| tampered("it does not say its version".into()))?;
        let is_as_saved = metadata
            .get(METADATA_HASH)
            .is_none_or(|hash| *hash == metadata_hash(&metadata));
        let metadata = FILES.bring_up(version, metadata);
        let metadata = metadata.map_err(|reason| BundleError::Version {
            path: path.to_owned(),
            reason,
        })?;
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
            let path = path.to_owned();
            return Err(BundleError::NotFinite { path, reason });
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
        let tampered = |reason: &str| BundleError::Tampered {
            path: path.to_owned(),
            reason: reason.into(),
        };
        let picture = self
            .self_test
            .picture()
            .map_err(|reason| tampered(&reason))?;
        let input = self.snapshot.spec.input;
        if (picture.width, picture.height) != (input.width, input.height) {
            return Err(tampered("its self-test image does not have the input size"));
        }
        let logits = logits_of(&self.snapshot, &picture.rgb)?;
        Ok(difference(&logits, &self.self_test.logits))
    }
}

/// What differs between the logits of a self-test here and those that were saved; `None` when nothing that matters.
fn difference(here: &[f32], saved: &[f32]) -> Option<String> {
    let size = saved.iter().filter(|logit| logit.is_finite());
    let size = size.fold(1.0f32, |size, logit| size.max(logit.abs()));
    let mut largest = 0.0f32;
    for (here, saved) in here.iter().zip(saved) {
        largest = match (here.is_finite(), saved.is_finite()) {
            (true, true) => largest.max((here - saved).abs()),
            (false, false) => largest,
            _ => f32::INFINITY,
        };
    }
    let agrees = here.len() == saved.len() && largest <= SELF_TEST_TOLERANCE * size;
    (!agrees).then(|| {
        format!(
            "gives other answers on this computer than where it was saved: its logits differ by up to {} where they reach {}. \
             Its weights are whole; another processor or version computes differently",
            significant(largest.into()),
            significant(size.into())
        )
    })
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
        hasher.update(&array.little_endian());
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
