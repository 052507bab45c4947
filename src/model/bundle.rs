//! A model as one `.safetensors` file: weights under readable names, everything else in its metadata.
//!
//! Metadata keys: `format`, `version`, `spec` (RON), `classes`, `preprocessing`, `metrics`, `split`, `edits`,
//! `epoch` (JSON), `weights_blake3`, and `self_test`: a PNG in base64 with the logits it must give.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::Read as _,
    path::Path,
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    network::{Mode, Network, NetworkError, Placement},
    parameters,
    shapes::check_classifier,
    snapshot::{NamedArray, WeightSnapshot},
    spec::ModelSpec,
};
use crate::data::{Edits, Picture, SplitConfig, dataset::display_path, files::write_atomically};

const FORMAT: &str = "convscope-model";
const VERSION: &str = "2";
/// Largest difference between the logits of the self-test here and where the model was saved.
pub const SELF_TEST_TOLERANCE: f32 = 1e-3;

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
    /// Longer headers are no header.
    const LONGEST: u64 = 100_000_000;
    #[derive(Deserialize)]
    struct Header {
        #[serde(rename = "__metadata__", default)]
        metadata: HashMap<String, String>,
    }
    let words = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
        _ => error.to_string(),
    };
    let mut file = File::open(path).map_err(words)?;
    let mut start = [0; 9];
    file.read_exact(&mut start).map_err(words)?;
    let [length @ .., first] = start;
    let length = u64::from_le_bytes(length);
    if first != b'{' {
        return Ok(false);
    }
    if length > LONGEST {
        return Err("its header is too long".into());
    }
    let mut header = vec![first];
    let rest = length.saturating_sub(1);
    file.take(rest).read_to_end(&mut header).map_err(words)?;
    if (header.len() as u64) < length {
        return Err("it ends too early".into());
    }
    let header: Header = serde_json::from_slice(&header).map_err(|error| error.to_string())?;
    Ok(header.metadata.get("format").map(String::as_str) == Some(FORMAT))
}

/// One input and the logits it must give.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SelfTest {
    /// PNG file in base64, of the model's input size.
    input_png: String,
    /// One per class.
    pub logits: Vec<f32>,
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
    #[error(
        "{path} has model format {version}, this program reads {VERSION}: use the Convscope that wrote it"
    )]
    Version {
        /// Which file.
        path: String,
        /// The version found.
        version: String,
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
    /// When the network cannot be built from the snapshot or `input` has another size.
    pub fn new(
        snapshot: Arc<WeightSnapshot>,
        metrics: BTreeMap<String, f64>,
        (split, edits): (SplitConfig, Arc<Edits>),
        input: &Picture,
    ) -> Result<Self, NetworkError> {
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
            ("version", VERSION.to_owned()),
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
        Ok(entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect())
    }

    /// Reads a model and runs its self-test.
    ///
    /// # Errors
    /// One sentence for a file that is truncated, foreign, tampered with, or of a newer version.
    pub fn load(path: &Path) -> Result<Self, BundleError> {
        let shown = display_path(path);
        let bytes = std::fs::read(path).map_err(|error| BundleError::File {
            path: shown.clone(),
            reason: error.to_string(),
        })?;
        let bundle = Self::parse(&bytes, &shown)?;
        bundle.run_self_test(&shown)?;
        Ok(bundle)
    }

    fn parse(bytes: &[u8], path: &str) -> Result<Self, BundleError> {
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
        let version = metadata.get("version").cloned().unwrap_or_default();
        if version != VERSION {
            return Err(BundleError::Version {
                path: path.to_owned(),
                version,
            });
        }
        let tampered = |reason: String| BundleError::Tampered {
            path: path.to_owned(),
            reason,
        };
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
        let snapshot = WeightSnapshot {
            spec: Arc::new(spec),
            classes: classes.into(),
            epoch: from_json(entry("epoch")?).map_err(tampered)?,
            arrays,
        };
        Ok(Self {
            snapshot: Arc::new(snapshot),
            metrics: from_json(entry("metrics")?).map_err(tampered)?,
            split: from_json(entry("split")?).map_err(tampered)?,
            // Models saved before there were edits have none.
            edits: match entry("edits") {
                Ok(text) => from_json(text).map_err(tampered)?,
                Err(_) => Arc::default(),
            },
            self_test: from_json(entry("self_test")?).map_err(tampered)?,
        })
    }

    fn run_self_test(&self, path: &str) -> Result<(), BundleError> {
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
        let agrees = logits.len() == self.self_test.logits.len()
            && logits
                .iter()
                .zip(&self.self_test.logits)
                .all(|(a, b)| (a - b).abs() <= SELF_TEST_TOLERANCE);
        if agrees {
            Ok(())
        } else {
            Err(tampered("its self-test gives other logits"))
        }
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
        hasher.update(&array.little_endian());
    }
    hasher.finalize().to_hex().to_string()
}

fn json(value: &(impl Serialize + ?Sized)) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| error.to_string())
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}
