//! Training a network: what it needs, who follows it, what it leaves. The loop stands in `run`.

mod phase;
mod run;
mod watch;

use std::sync::Arc;

use tch::{Device, TchError};

use super::{
    checkpoint::Checkpoint,
    config::{Phase, TrainingConfig},
    evaluate::Evaluation,
    health::DeadUnits,
    history::EpochRecord,
    loss::{Loss, class_weights},
    placement::Chosen,
    single_values,
};
use crate::{
    cancel::Cancelled,
    data::{Dataset, PixelCache, Split, augment::AugmentationConfig, cache::PixelError},
    model::{
        ModelSpec, NamedArray, Network, Node, ShapeError, WeightSnapshot, graph,
        network::{NetworkError, Placement},
        shapes::check_classifier,
    },
    plain,
};
use run::Run;
pub use watch::{Quiet, Watcher, Watchers};

/// Why a run could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// A setting is out of range.
    #[error("{0}")]
    Setting(String),
    /// The network does not fit the data.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The network cannot be built.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The loss became infinite or not a number.
    #[error("{0}")]
    NotFinite(String),
    /// libtorch refused.
    #[error("{}", plain::torch(.0))]
    Torch(#[from] TchError),
    /// The run's files cannot be written.
    #[error("cannot write the run: {0}")]
    Write(String),
    /// Pixels are gone, or there is no memory for them.
    #[error(transparent)]
    Pixels(PixelError),
    /// Somebody asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<String> for FitError {
    /// What a check of settings says.
    fn from(words: String) -> Self {
        Self::Setting(words)
    }
}

impl From<PixelError> for FitError {
    fn from(error: PixelError) -> Self {
        match error {
            PixelError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            error => Self::Pixels(error),
        }
    }
}

/// What a run works on.
pub struct Data<'a> {
    /// Classes and labels.
    pub dataset: &'a Dataset,
    /// Decoded images of the model's input size.
    pub pixels: &'a PixelCache,
    /// Which sample is in which part.
    pub split: &'a Split,
    /// How training images vary. Validation images never do.
    pub augmentation: &'a AugmentationConfig,
}

/// Where a run begins.
#[derive(Debug, Default)]
pub enum Start {
    /// At its first step, with random weights.
    #[default]
    New,
    /// At its first step, with these weights of backbones in place of random ones.
    From(Vec<NamedArray>),
    /// After the last epoch that a checkpoint has.
    Resume(Box<Checkpoint>),
}

/// Everything known at the end of an epoch.
pub struct EpochEnd {
    /// Its figures.
    pub record: EpochRecord,
    /// Answers for the validation part; `None` when it is empty.
    pub evaluation: Option<Arc<Evaluation>>,
    /// What the run needs to be taken up again here; its history has all epochs so far, this one included.
    pub checkpoint: Arc<Checkpoint>,
    /// The weights.
    pub snapshot: Arc<WeightSnapshot>,
    /// Whether this epoch is the best so far.
    pub is_best: bool,
    /// Units of trained layers that are 0 for all validation images that were looked at.
    pub dead_units: Vec<DeadUnits>,
}

/// What a run leaves.
#[derive(Default)]
pub struct Outcome {
    /// Every epoch, in order.
    pub history: Vec<EpochRecord>,
    /// Weights and figures of the best epoch; `None` when no epoch was finished.
    pub best: Option<(Arc<WeightSnapshot>, EpochRecord)>,
    /// Whether nobody stopped it: all epochs were trained, or early stopping ended the last phase.
    pub completed: bool,
    /// Phases, from 1, that early stopping ended.
    pub stopped_early: Vec<usize>,
    /// What damaged files cost it, in sentences.
    pub lost: Vec<String>,
    /// What ended the run early, other than a request; the epochs before it count.
    pub failure: Option<FitError>,
}

/// Trains a network from `start`.
///
/// # Errors
/// When settings, network and data do not fit, libtorch refuses or the loss is no longer finite.
pub fn fit(
    spec: &ModelSpec,
    config: &TrainingConfig,
    data: &Data<'_>,
    start: Start,
    observer: &mut Watchers<'_>,
) -> Result<Outcome, FitError> {
    config.check()?;
    check_classifier(spec, data.dataset.classes.len())?;
    check(spec, config, data)?;
    let _threads = Threads::set(config.threads.unwrap_or_else(default_threads));
    let spec = Arc::new(spec.clone());
    let chosen = match &start {
        // Decided once: another way of computing would give other numbers.
        Start::Resume(checkpoint) => Chosen::again(Placement {
            channels_last: checkpoint.standing.channels_last,
            bf16: checkpoint.standing.bf16,
            ..Placement::default()
        }),
        Start::New | Start::From(_) => {
            let (run, kept) = ((config, data.augmentation), observer.choices.clone());
            match Chosen::decide(&spec, run, kept.as_deref(), observer) {
                Err(FitError::Cancelled(_)) => return Ok(Outcome::default()),
                chosen => chosen?,
            }
        }
    };
    let mut network = Network::new(spec, config.seed, chosen.placement)?;
    observer.each(|watcher| watcher.placed(&chosen));
    let checkpoint = match start {
        Start::New => None,
        Start::From(arrays) => {
            network.assign(&arrays)?;
            None
        }
        Start::Resume(checkpoint) => {
            network.assign(&checkpoint.snapshot.arrays)?;
            Some(*checkpoint)
        }
    };
    fit_network(network, config, data, checkpoint, observer)
}

/// Trains `network` from the weights it has; with `checkpoint` they are its weights.
///
/// # Errors
/// Like [`fit`].
pub fn fit_network(
    network: Network,
    config: &TrainingConfig,
    data: &Data<'_>,
    checkpoint: Option<Checkpoint>,
    observer: &mut Watchers<'_>,
) -> Result<Outcome, FitError> {
    check(network.spec(), config, data)?;
    let boundaries = boundaries(network.nodes(), config)?;
    let class_weights = class_weights(config, data, network.placement().device)?;
    let loss = Loss::new(&network, class_weights, config.label_smoothing);
    let _threads = config.threads.map(Threads::set);
    let mut run = Run::new(network, config, data, loss, boundaries);
    let first = run.take_up(checkpoint.as_ref(), observer)?;
    match run.phases(first, checkpoint, observer) {
        Ok(()) => run.outcome.completed = true,
        Err(FitError::Cancelled(_)) => {}
        Err(error @ FitError::Write(_)) => return Err(error),
        Err(error) if run.outcome.best.is_some() => run.outcome.failure = Some(error),
        Err(error) => return Err(error),
    }
    Ok(run.outcome)
}

/// What would end a run later, before anything is computed.
pub(super) fn check(
    spec: &ModelSpec,
    config: &TrainingConfig,
    data: &Data<'_>,
) -> Result<(), FitError> {
    if config.images_per_epoch(data.split.train.len()) == 0 {
        let words = "the training part is empty: give less to validation and test, or add images";
        return Err(words.to_owned().into());
    }
    data.augmentation.check()?;
    single_values::check(spec, config, data.split.train.len())?;
    class_weights(config, data, Device::Cpu).map(|_| ())
}

/// Position of each phase's first trained node.
pub(super) fn boundaries(nodes: &[Node], config: &TrainingConfig) -> Result<Vec<usize>, FitError> {
    let position = |phase: &Phase| {
        let Some(name) = &phase.trainable_from else {
            return Ok(0);
        };
        let position = graph::position(nodes, name);
        position.ok_or_else(|| {
            let words = format!(
                "phase {} shall train from {name}, but there is no such layer: choose one of the model's layers",
                phase.name
            );
            FitError::Setting(words)
        })
    };
    config.phases.iter().map(position).collect()
}

/// Leaves the nodes before `boundary` as they are in `phase`.
///
/// # Errors
/// When it would train nothing, or libtorch refuses.
pub(super) fn unfreeze(
    network: &mut Network,
    phase: &Phase,
    boundary: usize,
) -> Result<(), FitError> {
    network.set_trainable_from(boundary)?;
    if network.trainable().next().is_none() {
        let words = format!("phase {} trains nothing: every layer is frozen", phase.name);
        return Err(words.into());
    }
    Ok(())
}

/// All cores less one for the window where there are more than two.
pub fn default_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if cores > 2 { cores - 1 } else { cores }
}

/// Another number of threads for libtorch, until dropped.
pub(super) struct Threads {
    before: i32,
}

impl Threads {
    pub(super) fn set(threads: usize) -> Self {
        let before = tch::get_num_threads();
        tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
        Self { before }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        tch::set_num_threads(self.before);
    }
}
