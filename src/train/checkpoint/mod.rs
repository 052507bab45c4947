//! What a run needs to be taken up again: weights, the optimizer's state and where it stood.
//!
//! `last.safetensors` is written after every epoch, then `best.safetensors` and `phase-best.safetensors` when the
//! epoch is the best of the run or of its phase; the arrays of frozen layers, which do not change within a phase,
//! lie in a file of their own, written before those that need it. A kill between the files loses nothing: when the
//! last epoch is the best one, its weights are taken from `last`. Every file carries a hash over all of it, checked at
//! every reading: what is damaged is never used, and what that costs is said.

mod file;
#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{early_stopping::Stopper, history::EpochRecord, schedule::RateState};
use crate::model::{ModelSpec, NamedArray, WeightSnapshot};
use file::{Draft, File, sweep_frozen};

/// A run after an epoch. Random numbers depend on the seed, the epoch and the step alone, so no generator
/// state is needed.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// How far the run is.
    pub standing: Standing,
    /// Every array of the network.
    pub snapshot: Arc<WeightSnapshot>,
    /// How many of the arrays, from the first on, the phase leaves as they are.
    pub frozen: usize,
    /// What the optimizer remembers.
    pub optimizer: Vec<NamedArray>,
    /// Every epoch so far.
    pub history: Vec<EpochRecord>,
    /// Weights and figures of the best epoch.
    pub best: Option<(Arc<WeightSnapshot>, EpochRecord)>,
    /// Weights of the phase's best epoch, when early stopping restores them.
    pub phase_best: Option<Arc<WeightSnapshot>>,
}

/// How far a run is. Plain data; what an older run does not say is as in a new one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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
    /// The epoch whose weights are kept as the best; `None` when an older program wrote this.
    pub best_epoch: Option<usize>,
    /// No epoch before this one can be the best any more: their weights are lost.
    pub kept_from: usize,
    /// What frozen layers make of the images is not kept in memory.
    pub is_without_features: bool,
    /// What was lost on the way, in sentences.
    pub lost: Vec<String>,
}

const STANDING: &str = "standing";
const HISTORY: &str = "history";
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

/// Writes checkpoints into one folder, frozen arrays once per phase.
#[derive(Debug)]
pub struct Writer<'a> {
    folder: &'a Path,
    /// The phase whose frozen arrays are written, and their hash.
    frozen: Option<(usize, String)>,
}

impl<'a> Writer<'a> {
    /// Writes into `folder`.
    pub fn new(folder: &'a Path) -> Self {
        Self {
            folder,
            frozen: None,
        }
    }

    /// Writes `checkpoint`, each file atomically.
    ///
    /// # Errors
    /// What the system said, with the file.
    pub fn save(&mut self, checkpoint: &Checkpoint) -> Result<(), String> {
        let epoch = checkpoint.standing.epoch;
        let frozen = self.frozen(checkpoint)?;
        let mut last = Draft::of_epoch(epoch);
        last.entry(STANDING, &checkpoint.standing)?;
        last.entry(HISTORY, &checkpoint.history)?;
        last.arrays(OPTIMIZER, &checkpoint.optimizer);
        self.put(last, LAST, &checkpoint.snapshot, frozen.as_ref())?;
        let snapshots = [
            (BEST, checkpoint.best.as_ref().map(|(snapshot, _)| snapshot)),
            (PHASE_BEST, checkpoint.phase_best.as_ref()),
        ];
        for (name, snapshot) in snapshots {
            if let Some(snapshot) = snapshot.filter(|snapshot| snapshot.epoch == epoch) {
                self.put(Draft::of_epoch(epoch), name, snapshot, frozen.as_ref())?;
            }
        }
        sweep_frozen(self.folder, &[LAST, BEST, PHASE_BEST]);
        Ok(())
    }

    /// How many arrays are frozen and the hash of their file, which is there when this returns; `None` without any.
    fn frozen(&mut self, checkpoint: &Checkpoint) -> Result<Option<(usize, String)>, String> {
        let (count, phase) = (checkpoint.frozen, checkpoint.standing.phase);
        if count == 0 {
            return Ok(None);
        }
        let hash = match &self.frozen {
            Some((written, hash)) if *written == phase => hash.clone(),
            _ => {
                let mut draft = Draft::default();
                draft.arrays("", &checkpoint.snapshot.arrays[..count]);
                draft.write_frozen(self.folder)?
            }
        };
        self.frozen = Some((phase, hash.clone()));
        Ok(Some((count, hash)))
    }

    fn put<'b>(
        &self,
        mut draft: Draft<'b>,
        name: &str,
        snapshot: &'b WeightSnapshot,
        frozen: Option<&(usize, String)>,
    ) -> Result<(), String> {
        if let Some((_, hash)) = frozen {
            draft.frozen(hash);
        }
        let count = frozen.map_or(0, |(count, _)| *count);
        draft.arrays("", &snapshot.arrays[count..]);
        draft.write(&self.folder.join(name))
    }
}

/// What a run is taken up from.
#[derive(Debug)]
pub struct Loaded {
    /// Where it stood.
    pub checkpoint: Checkpoint,
    /// What is found to be lost now, in sentences.
    pub lost: Vec<String>,
}

impl Checkpoint {
    /// Reads the checkpoint in the folder `checkpoints` of a run of `spec`; `None` when it has none yet.
    /// `best_epoch` says which epoch of a history is the best one. Weights of a best epoch that are damaged or
    /// missing do not keep the run from going on.
    ///
    /// # Errors
    /// When the last epoch cannot be read; says what can be done.
    pub fn load(
        checkpoints: &Path,
        spec: &Arc<ModelSpec>,
        classes: &Arc<[String]>,
        best_epoch: impl FnOnce(&[EpochRecord]) -> Option<EpochRecord>,
    ) -> Result<Option<Loaded>, String> {
        if !checkpoints.join(LAST).exists() {
            return Ok(None);
        }
        let (mut last, standing, history) =
            read_last(checkpoints, spec).map_err(|why| without_last(checkpoints, spec, &why))?;
        let optimizer = last.arrays.extract_if(.., is_of_optimizer);
        let optimizer = optimizer.map(|array| NamedArray {
            name: array.name[OPTIMIZER.len()..].to_owned(),
            ..array
        });
        let optimizer = optimizer.collect();
        let snapshot = |epoch, arrays| {
            Arc::new(WeightSnapshot {
                spec: Arc::clone(spec),
                classes: Arc::clone(classes),
                epoch,
                arrays,
            })
        };
        let mut loaded = Loaded {
            checkpoint: Self {
                snapshot: snapshot(standing.epoch, last.arrays),
                frozen: last.frozen,
                optimizer,
                best: None,
                phase_best: None,
                standing,
                history,
            },
            lost: Vec::new(),
        };
        let newest = Arc::clone(&loaded.checkpoint.snapshot);
        loaded.find_snapshots(best_epoch, |names, epoch| {
            if epoch == newest.epoch {
                return Ok(Arc::clone(&newest));
            }
            let mut found = names.map(|name| arrays_of(&checkpoints.join(name), spec, epoch));
            // An epoch that is the best of both the run and the phase is there twice.
            found.sort_by_key(Result::is_err);
            let [first, _] = found;
            first.map(|arrays| snapshot(epoch, arrays))
        });
        Ok(Some(loaded))
    }
}

impl Loaded {
    /// Fills in the weights of the best epochs; `find` looks for those of an epoch in two files. What cannot be
    /// found is said, and replaced as well as can be.
    fn find_snapshots(
        &mut self,
        best_epoch: impl FnOnce(&[EpochRecord]) -> Option<EpochRecord>,
        find: impl Fn([&str; 2], usize) -> Result<Arc<WeightSnapshot>, String>,
    ) {
        let standing = &mut self.checkpoint.standing;
        let history = &self.checkpoint.history;
        let kept = history.partition_point(|record| record.epoch < standing.kept_from);
        let best = best_epoch(&history[kept..]);
        self.checkpoint.best = best.and_then(|record| match find([BEST, PHASE_BEST], record.epoch) {
            Ok(snapshot) => Some((snapshot, record)),
            Err(why) => {
                let (lost, epoch) = (record.epoch, standing.epoch);
                self.lost.push(format!(
                    "{why}. The best weights so far, of epoch {lost}, are lost. The run goes on, and those of epoch {epoch} are kept until an epoch is better than that one"
                ));
                standing.kept_from = epoch;
                let newest = find([BEST, PHASE_BEST], epoch).ok();
                newest.zip(history.last().copied())
            }
        });
        let best = self.checkpoint.best.as_ref();
        standing.best_epoch = best.map(|(_, record)| record.epoch);
        if let Some(epoch) = standing.stopper.best_epoch()
            && standing.stopper.restores()
        {
            match find([PHASE_BEST, BEST], epoch) {
                Ok(snapshot) => self.checkpoint.phase_best = Some(snapshot),
                Err(why) => self.lost.push(format!(
                    "{why}. The weights of epoch {epoch}, which early stopping would restore, are lost. The phase keeps the weights that it ends with unless an epoch is better than {epoch}"
                )),
            }
        }
        // What was lost at an earlier time is still missing, and was said then.
        self.lost.retain(|words| !standing.lost.contains(words));
        standing.lost.extend(self.lost.iter().cloned());
    }
}

fn is_of_optimizer(array: &mut NamedArray) -> bool {
    array.name.starts_with(OPTIMIZER)
}

fn read_last(
    checkpoints: &Path,
    spec: &ModelSpec,
) -> Result<(File, Standing, Vec<EpochRecord>), String> {
    let last = File::read(&checkpoints.join(LAST), spec)?;
    let standing: Standing = last.entry(STANDING)?;
    let history: Vec<EpochRecord> = last.entry(HISTORY)?;
    let epochs = [
        last.epoch()?,
        history.last().map_or(0, |record| record.epoch),
    ];
    if epochs != [standing.epoch; 2] {
        return Err(format!("{} is damaged (its epochs differ)", last.path));
    }
    Ok((last, standing, history))
}

/// What can be done without `last`, which cannot be used because of `why`.
fn without_last(checkpoints: &Path, spec: &ModelSpec, why: &str) -> String {
    let best = File::read(&checkpoints.join(BEST), spec).and_then(|best| best.epoch());
    match best {
        Ok(epoch) => format!(
            "{why}: the run cannot go on. The weights of its best epoch, {epoch}, are whole: `convscope evaluate` judges them when it is given the run's folder; to train on, start the run again"
        ),
        Err(_) => format!("{why}: start the run again"),
    }
}

/// The weights in the file `path`, which must be of `epoch`.
fn arrays_of(path: &Path, spec: &ModelSpec, epoch: usize) -> Result<Vec<NamedArray>, String> {
    let file = File::read(path, spec)?;
    let found = file.epoch()?;
    if found != epoch {
        let path = &file.path;
        return Err(format!("{path} holds epoch {found} instead of {epoch}"));
    }
    Ok(file.arrays)
}

/// Weights of a run of `spec` from its folder `checkpoints`, in node order, with the epoch they are of.
///
/// # Errors
/// When there are none or they are damaged; says what can be had instead.
pub fn weights(
    checkpoints: &Path,
    which: Weights,
    spec: &ModelSpec,
) -> Result<(usize, Vec<NamedArray>), String> {
    let last = read_last(checkpoints, spec);
    let best = || {
        let file = File::read(&checkpoints.join(BEST), spec)?;
        Ok((file.epoch()?, file.arrays))
    };
    let last = last.map(|(mut file, standing, _)| {
        file.arrays.retain_mut(|array| !is_of_optimizer(array));
        (standing, file.arrays)
    });
    match (which, last) {
        (Weights::Last, Ok((standing, arrays))) => Ok((standing.epoch, arrays)),
        (Weights::Last, Err(why)) => Err(match best() {
            Ok((epoch, _)) => {
                format!(
                    "{why}. The weights of the best epoch, {epoch}, are whole: choose those (--weights best)"
                )
            }
            Err(_) => why,
        }),
        (Weights::Best, Ok((standing, arrays))) => {
            let (newest, wanted) = (standing.epoch, standing.best_epoch);
            let is_there = checkpoints.join(BEST).exists();
            if wanted == Some(newest) || wanted.is_none() && !is_there {
                return Ok((newest, arrays));
            }
            let found = match wanted {
                Some(epoch) => arrays_of(&checkpoints.join(BEST), spec, epoch).map(|a| (epoch, a)),
                None => best(),
            };
            found.map_err(|why| {
                format!("{why}. The weights of the last epoch, {newest}, are whole: choose those (--weights last)")
            })
        }
        // Which epoch is the best is not known then; the file was the best that was written.
        (Weights::Best, Err(why)) => best().map_err(|_| why),
    }
}
