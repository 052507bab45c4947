//! What a run needs to be taken up again: weights, the optimizer's state and where it stood.
//!
//! `last.safetensors` is written after every epoch, then `best.safetensors` and `phase-best.safetensors` when the
//! epoch is the best of the run or of its phase. A kill between the two loses nothing: when the last epoch is
//! the best one, its weights are taken from `last`.

use std::{collections::HashMap, path::Path, sync::Arc};

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{early_stopping::Stopper, history::EpochRecord, schedule::RateState};
use crate::{
    data::{dataset::display_path, files::write_atomically},
    model::{ModelSpec, NamedArray, WeightSnapshot, parameters},
};

/// A run after an epoch. Random numbers depend on the seed, the epoch and the step alone, so no generator
/// state is needed.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// How far the run is.
    pub standing: Standing,
    /// Every array of the network.
    pub arrays: Vec<NamedArray>,
    /// What the optimizer remembers.
    pub optimizer: Vec<NamedArray>,
    /// Every epoch so far.
    pub history: Vec<EpochRecord>,
    /// Weights and figures of the best epoch.
    pub best: Option<(Arc<WeightSnapshot>, EpochRecord)>,
    /// Weights of the phase's best epoch, when early stopping restores them.
    pub phase_best: Option<Arc<WeightSnapshot>>,
}

/// How far a run is. Plain data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Epochs finished.
    pub epoch: usize,
    /// Position of the phase.
    pub phase: usize,
    /// Epochs of the phase finished.
    pub phase_epochs: usize,
    /// Steps of the phase.
    pub phase_steps: usize,
    /// Steps of the run.
    pub step: usize,
    /// Channels beside each other in memory.
    pub channels_last: bool,
    /// Products in bfloat16.
    pub bf16: bool,
    /// Steps that the optimizer counts.
    pub optimizer_step: i32,
    /// What the learning rate depends on.
    pub rate: RateState,
    /// What early stopping has seen.
    pub stopper: Stopper,
    /// Phases, from 1, that early stopping ended.
    pub stopped_early: Vec<usize>,
}

const FORMAT: &str = "convscope-checkpoint-2";
const LAST: &str = "last.safetensors";
const BEST: &str = "best.safetensors";
const PHASE_BEST: &str = "phase-best.safetensors";
/// Precedes the names of what the optimizer remembers, which may look like weights' names.
const OPTIMIZER: &str = "optimizer/";

/// Which weights of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Weights {
    /// Those of the best epoch.
    #[default]
    Best,
    /// Those of the last epoch.
    Last,
}

impl Checkpoint {
    /// Writes the checkpoint into the folder `checkpoints`, each file atomically.
    ///
    /// # Errors
    /// What the system said, with the file.
    pub fn save(&self, checkpoints: &Path) -> Result<(), String> {
        let epoch = self.standing.epoch;
        let optimizer = self.optimizer.iter().map(|array| NamedArray {
            name: format!("{OPTIMIZER}{}", array.name),
            ..array.clone()
        });
        let arrays: Vec<NamedArray> = self.arrays.iter().cloned().chain(optimizer).collect();
        let metadata = [
            ("standing", to_ron(&self.standing)?),
            ("history", to_ron(&self.history)?),
        ];
        write(&checkpoints.join(LAST), &arrays, epoch, &metadata)?;
        let snapshots = [
            (BEST, self.best.as_ref().map(|(snapshot, _)| snapshot)),
            (PHASE_BEST, self.phase_best.as_ref()),
        ];
        for (file, snapshot) in snapshots {
            if let Some(snapshot) = snapshot.filter(|snapshot| snapshot.epoch == epoch) {
                write(&checkpoints.join(file), &snapshot.arrays, epoch, &[])?;
            }
        }
        Ok(())
    }

    /// Reads the checkpoint in the folder `checkpoints` of a run of `spec`; `None` when it has none yet.
    /// `best_epoch` says which epoch of a history is the best one.
    ///
    /// # Errors
    /// When a file is damaged or missing.
    pub fn load(
        checkpoints: &Path,
        spec: &Arc<ModelSpec>,
        classes: &Arc<[String]>,
        best_epoch: impl FnOnce(&[EpochRecord]) -> Option<EpochRecord>,
    ) -> Result<Option<Self>, String> {
        if !checkpoints.join(LAST).exists() {
            return Ok(None);
        }
        let last = File::read(&checkpoints.join(LAST), spec)?;
        let standing: Standing = last.entry("standing")?;
        let history: Vec<EpochRecord> = last.entry("history")?;
        let (optimizer, arrays): (Vec<_>, Vec<_>) = last
            .arrays
            .into_iter()
            .partition(|array| array.name.starts_with(OPTIMIZER));
        let optimizer = optimizer.into_iter().map(|array| NamedArray {
            name: array.name[OPTIMIZER.len()..].to_owned(),
            ..array
        });
        let weights_of = |file: &str, epoch: usize| -> Result<Arc<WeightSnapshot>, String> {
            let arrays = if epoch == standing.epoch {
                arrays.clone()
            } else {
                let file = File::read(&checkpoints.join(file), spec)?;
                if file.epoch != epoch {
                    let (path, found) = (&file.path, file.epoch);
                    return Err(format!(
                        "{path} holds epoch {found} instead of {epoch}: start the run again"
                    ));
                }
                file.arrays
            };
            Ok(Arc::new(WeightSnapshot {
                spec: Arc::clone(spec),
                classes: Arc::clone(classes),
                epoch,
                arrays,
            }))
        };
        let best = match best_epoch(&history) {
            Some(record) => Some((weights_of(BEST, record.epoch)?, record)),
            None => None,
        };
        let phase_best = match standing.stopper.best_epoch() {
            Some(epoch) if standing.stopper.restores() => Some(weights_of(PHASE_BEST, epoch)?),
            _ => None,
        };
        Ok(Some(Self {
            optimizer: optimizer.collect(),
            arrays,
            history,
            best,
            phase_best,
            standing,
        }))
    }
}

fn to_ron(value: &impl Serialize) -> Result<String, String> {
    ron::to_string(value).map_err(|error| error.to_string())
}

fn write(
    path: &Path,
    arrays: &[NamedArray],
    epoch: usize,
    entries: &[(&str, String)],
) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", display_path(path));
    let bytes: Vec<Vec<u8>> = arrays.iter().map(NamedArray::little_endian).collect();
    let views = arrays
        .iter()
        .zip(&bytes)
        .map(|(array, bytes)| {
            let view = TensorView::new(Dtype::F32, array.shape.clone(), bytes);
            view.map(|view| (&array.name, view))
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| failed(&error))?;
    let mut metadata = HashMap::from([
        ("format".to_owned(), FORMAT.to_owned()),
        ("epoch".to_owned(), epoch.to_string()),
    ]);
    metadata.extend(
        entries
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone())),
    );
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(|error| failed(&error))?;
    write_atomically(path, &bytes).map_err(|error| failed(&error))
}

/// A checkpoint file as it was read.
struct File {
    path: String,
    epoch: usize,
    metadata: HashMap<String, String>,
    arrays: Vec<NamedArray>,
}

impl File {
    /// Reads a file of a network of `spec`; arrays come in node order.
    fn read(path: &Path, spec: &ModelSpec) -> Result<Self, String> {
        let shown = display_path(path);
        let bytes = std::fs::read(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
        let damaged = |reason: &dyn std::fmt::Display| {
            format!("{shown} is damaged ({reason}): start the run again")
        };
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| damaged(&error))?;
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| damaged(&error))?;
        let metadata = header.metadata().clone().unwrap_or_default();
        if metadata.get("format").map(String::as_str) != Some(FORMAT) {
            return Err(damaged(&"it is of another version"));
        }
        let epoch = metadata.get("epoch").and_then(|epoch| epoch.parse().ok());
        let epoch = epoch.ok_or_else(|| damaged(&"it does not say its epoch"))?;
        let arrays = tensors
            .iter()
            .map(|(name, view)| NamedArray::from_view(name, &view));
        let mut arrays = arrays
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| damaged(&error))?;
        parameters::sort_arrays(&mut arrays, spec).map_err(|error| damaged(&error))?;
        Ok(Self {
            path: shown.clone(),
            epoch,
            metadata,
            arrays,
        })
    }

    fn entry<T: DeserializeOwned>(&self, key: &str) -> Result<T, String> {
        let text = self.metadata.get(key).map_or("", String::as_str);
        ron::from_str(text).map_err(|error| {
            format!(
                "{} is damaged ({key}: {error}): start the run again",
                self.path
            )
        })
    }
}

/// Weights of a run of `spec` from its folder `checkpoints`, in node order, with the epoch they are of.
///
/// # Errors
/// When there are none or they are damaged.
pub fn weights(
    checkpoints: &Path,
    which: Weights,
    spec: &ModelSpec,
) -> Result<(usize, Vec<NamedArray>), String> {
    let last = File::read(&checkpoints.join(LAST), spec)?;
    let best = checkpoints.join(BEST);
    let mut file = match which {
        Weights::Best if best.exists() => File::read(&best, spec)?,
        _ => last,
    };
    file.arrays
        .retain(|array| !array.name.starts_with(OPTIMIZER));
    Ok((file.epoch, file.arrays))
}
