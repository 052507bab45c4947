//! The loop: phases of epochs of shuffled batches, validation, early stopping, best weights kept.

use std::{
    collections::VecDeque,
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, Instant},
};

use tch::{TchError, Tensor};

use super::{
    checkpoint::Checkpoint,
    config::{Phase, Precision, TrainingConfig},
    dead_units::{self, Activity},
    early_stopping::Stopper,
    evaluate::{Evaluation, evaluate},
    experiment::ExperimentError,
    features::FrozenFeatures,
    health::{self, Circumstances, DeadUnits},
    history::{EpochRecord, StepRecord},
    loss::{Loss, class_weights},
    optimizers::OptimizerState,
    placement::Chosen,
    schedule::{Moment, RateState},
    step::{self, Batch},
};
use crate::{
    cancel::Cancelled,
    data::{Dataset, PixelCache, Split, SplitName, augment::AugmentationConfig, batches},
    model::{
        ModelSpec, NamedArray, Network, ShapeError, WeightSnapshot, graph,
        network::{NetworkError, Placement},
        shapes::check_classifier,
    },
};

/// Why a run could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// A setting is out of range.
    #[error(transparent)]
    Setting(#[from] ExperimentError),
    /// The network does not fit the data.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The network cannot be built.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Nothing to learn from.
    #[error("the training part is empty: give less to validation and test, or add images")]
    NoTrainingImages,
    /// The loss became infinite or not a number.
    #[error("the loss became {loss} in epoch {epoch}, step {step}: {cause}")]
    NotFinite {
        /// The loss.
        loss: f64,
        /// Epoch, from 1.
        epoch: usize,
        /// Step of the run, from 1.
        step: usize,
        /// The likely cause, and what to do.
        cause: String,
    },
    /// libtorch refused.
    #[error("libtorch: {0}")]
    Torch(#[from] TchError),
    /// The run's files cannot be written.
    #[error("cannot write the run: {0}")]
    Write(String),
    /// Somebody asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
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

/// Follows a run, on the run's own thread.
pub trait Observer {
    /// Asked before every step and every validation batch; may wait (pause). Break ends the run, keeping
    /// what it has.
    fn pulse(&mut self) -> ControlFlow<()>;
    /// After every step.
    ///
    /// # Errors
    /// When the step cannot be recorded, which ends the run.
    fn step(&mut self, record: &StepRecord) -> Result<(), FitError>;
    /// Asked before every step: the learning rate that the user wants from now on in this phase.
    fn learning_rate(&mut self) -> Option<f64> {
        None
    }
    /// While validating: images done.
    fn validating(&mut self, _done: usize) {}
    /// Before the first step: how the network computes, and what was measured to choose it.
    fn placed(&mut self, _chosen: &Chosen) {}
    /// Something worth telling the user, in a sentence.
    fn note(&mut self, _words: String) {}
    /// Before the first step (`epoch` 0) and after every epoch: the weights as they are now.
    fn weights(&mut self, snapshot: &Arc<WeightSnapshot>);
    /// After every epoch, following [`Self::weights`]; what is needed to go on from here can be saved.
    ///
    /// # Errors
    /// When the epoch cannot be recorded, which ends the run.
    fn epoch(&mut self, end: &EpochEnd<'_>) -> Result<(), FitError>;
}

/// Everything known at the end of an epoch.
pub struct EpochEnd<'a> {
    /// Its figures.
    pub record: &'a EpochRecord,
    /// Answers for the validation part; `None` when it is empty.
    pub evaluation: Option<Evaluation>,
    /// What the run needs to be taken up again here.
    pub checkpoint: &'a Checkpoint,
    /// The weights.
    pub snapshot: &'a Arc<WeightSnapshot>,
    /// Whether this epoch is the best so far.
    pub is_best: bool,
    /// All epochs so far, this one included.
    pub history: &'a [EpochRecord],
    /// Units of trained layers that are 0 for all validation images that were looked at.
    pub dead_units: &'a [DeadUnits],
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
    observer: &mut dyn Observer,
) -> Result<Outcome, FitError> {
    config.check()?;
    check_classifier(spec, data.dataset.classes.len())?;
    let _threads = Threads::set(config.threads.unwrap_or_else(default_threads));
    let spec = Arc::new(spec.clone());
    let chosen = match &start {
        // Measured once: another way of computing would give other numbers.
        Start::Resume(checkpoint) => Chosen::again(Placement {
            channels_last: checkpoint.standing.channels_last,
            bf16: checkpoint.standing.bf16,
            ..Placement::default()
        }),
        Start::New | Start::From(_) => match Chosen::measure(&spec, config, observer) {
            Err(FitError::Cancelled(_)) => return Ok(Outcome::default()),
            chosen => chosen?,
        },
    };
    let mut network = Network::new(spec, config.seed, chosen.placement)?;
    observer.placed(&chosen);
    match start {
        Start::New => fit_network(network, config, data, None, observer),
        Start::From(arrays) => {
            network.assign(&arrays)?;
            fit_network(network, config, data, None, observer)
        }
        Start::Resume(checkpoint) => {
            network.assign(&checkpoint.arrays)?;
            fit_network(network, config, data, Some(*checkpoint), observer)
        }
    }
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
    observer: &mut dyn Observer,
) -> Result<Outcome, FitError> {
    if config.images_per_epoch(data.split.train.len()) == 0 {
        return Err(FitError::NoTrainingImages);
    }
    data.augmentation
        .check()
        .map_err(ExperimentError::Setting)?;
    let boundaries = boundaries(&network, config)?;
    let class_weights = class_weights(config, data, network.placement().device)?;
    let classes: Arc<[String]> = data.dataset.classes.clone().into();
    let loss = Loss::new(&network, class_weights, config.label_smoothing);
    let _threads = config.threads.map(Threads::set);
    let mut run = Run {
        network,
        config,
        data,
        classes,
        loss,
        boundaries,
        outcome: Outcome::default(),
        step: 0,
        losses: VecDeque::new(),
    };
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

/// Position of each phase's first trained node.
pub(super) fn boundaries(
    network: &Network,
    config: &TrainingConfig,
) -> Result<Vec<usize>, FitError> {
    let position = |phase: &Phase| {
        let Some(name) = &phase.trainable_from else {
            return Ok(0);
        };
        let position = graph::position(network.nodes(), name);
        position.ok_or_else(|| {
            let words = format!(
                "phase {} shall train from {name}, but there is no such layer: choose one of the model's layers",
                phase.name
            );
            FitError::Setting(ExperimentError::Setting(words))
        })
    };
    config.phases.iter().map(position).collect()
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

struct Run<'a> {
    network: Network,
    config: &'a TrainingConfig,
    data: &'a Data<'a>,
    classes: Arc<[String]>,
    loss: Loss,
    /// First trained node of each phase.
    boundaries: Vec<usize>,
    outcome: Outcome,
    /// Steps taken.
    step: usize,
    /// The newest losses, oldest first.
    losses: VecDeque<f64>,
}

/// What a phase carries from epoch to epoch.
struct PhaseState<'a> {
    /// Position in the configuration.
    index: usize,
    phase: &'a Phase,
    /// Epochs done.
    epochs: usize,
    /// Steps done.
    steps: usize,
    optimizer: OptimizerState,
    rate: RateState,
    stopper: Stopper,
    /// Weights of the phase's best epoch, when they are to be restored.
    best: Option<Arc<WeightSnapshot>>,
    features: Option<FrozenFeatures>,
}

impl<'a> Run<'a> {
    /// Puts the run where `checkpoint` was made; returns the phase and its epochs done.
    fn take_up(
        &mut self,
        checkpoint: Option<&Checkpoint>,
        observer: &mut dyn Observer,
    ) -> Result<usize, FitError> {
        let Some(checkpoint) = checkpoint else {
            observer.weights(&Arc::new(self.network.snapshot(&self.classes, 0)?));
            return Ok(0);
        };
        self.step = checkpoint.standing.step;
        self.outcome.history.clone_from(&checkpoint.history);
        self.outcome.best.clone_from(&checkpoint.best);
        self.outcome
            .stopped_early
            .clone_from(&checkpoint.standing.stopped_early);
        let epoch = checkpoint.standing.epoch;
        observer.weights(&Arc::new(self.network.snapshot(&self.classes, epoch)?));
        Ok(checkpoint.standing.phase)
    }

    fn phases(
        &mut self,
        first: usize,
        mut checkpoint: Option<Checkpoint>,
        observer: &mut dyn Observer,
    ) -> Result<(), FitError> {
        let config = self.config;
        for (index, phase) in config.phases.iter().enumerate().skip(first) {
            let boundary = self.boundaries.get(index).copied().unwrap_or(0);
            self.network.set_trainable_from(boundary)?;
            if self.network.trainable().next().is_none() {
                let words = format!("phase {} trains nothing: every layer is frozen", phase.name);
                return Err(ExperimentError::Setting(words).into());
            }
            let mut state = self.begin_phase(index, phase, checkpoint.take(), observer)?;
            let ended = self.epochs(&mut state, observer);
            // Restored however training ends.
            if let Some(best) = state.best.take() {
                self.network.assign(&best.arrays)?;
                let newest = self.outcome.history.last().map_or(0, |record| record.epoch);
                if best.epoch != newest {
                    observer.note(format!("The weights of epoch {} are restored", best.epoch));
                }
            }
            ended?;
        }
        Ok(())
    }

    fn begin_phase(
        &mut self,
        index: usize,
        phase: &'a Phase,
        checkpoint: Option<Checkpoint>,
        observer: &mut dyn Observer,
    ) -> Result<PhaseState<'a>, FitError> {
        let trainable = || self.network.trainable().map(|(_, value)| value);
        let mut state = PhaseState {
            index,
            phase,
            epochs: 0,
            steps: 0,
            optimizer: OptimizerState::new(trainable(), phase.optimizer)?,
            rate: RateState::default(),
            stopper: Stopper::new(self.config.early_stopping),
            best: None,
            features: None,
        };
        if let Some(checkpoint) = checkpoint {
            let Checkpoint {
                standing,
                optimizer,
                phase_best,
                ..
            } = checkpoint;
            if standing.phase_epochs > 0 {
                let names = self.network.trainable().map(|(name, _)| name);
                let restored = state
                    .optimizer
                    .restore(names, standing.optimizer_step, &optimizer);
                restored.map_err(|reason| {
                    ExperimentError::Setting(format!("the checkpoint does not fit: {reason}"))
                })?;
                state.epochs = standing.phase_epochs;
                state.steps = standing.phase_steps;
                state.rate = standing.rate;
                state.stopper = standing.stopper;
                state.best = phase_best;
            }
        }
        state.features = FrozenFeatures::compute(&self.network, self.data, observer)?;
        Ok(state)
    }

    fn epochs(
        &mut self,
        state: &mut PhaseState<'_>,
        observer: &mut dyn Observer,
    ) -> Result<(), FitError> {
        while state.epochs < state.phase.epochs && !state.stopper.stops() {
            let epoch = self.outcome.history.len() + 1;
            let mut activity = Activity::default();
            let (record, evaluation) = self.epoch(epoch, state, &mut activity, observer)?;
            state.epochs += 1;
            state.rate.epoch_done(&state.phase.schedule, &record);
            let snapshot = Arc::new(self.network.snapshot(&self.classes, epoch)?);
            let improved = state.stopper.epoch_done(&record);
            if improved && state.stopper.restores() {
                state.best = Some(Arc::clone(&snapshot));
            }
            let is_best = self.outcome.best.as_ref().is_none_or(|(_, best)| {
                super::history::is_better(&record, best, self.config.early_stopping.as_ref())
            });
            if is_best {
                self.outcome.best = Some((Arc::clone(&snapshot), record));
            }
            self.outcome.history.push(record);
            if state.stopper.stops() && state.epochs < state.phase.epochs {
                self.outcome.stopped_early.push(state.index + 1);
                let words = state.stopper.words(&state.phase.name, epoch);
                observer.note(words);
            }
            let checkpoint = self.checkpoint(epoch, state, &snapshot)?;
            observer.weights(&snapshot);
            observer.epoch(&EpochEnd {
                record: &record,
                evaluation,
                checkpoint: &checkpoint,
                snapshot: &snapshot,
                is_best,
                history: &self.outcome.history,
                dead_units: &activity.dead_units(&self.network)?,
            })?;
        }
        Ok(())
    }

    fn epoch(
        &mut self,
        epoch: usize,
        state: &mut PhaseState<'_>,
        activity: &mut Activity,
        observer: &mut dyn Observer,
    ) -> Result<(EpochRecord, Option<Evaluation>), FitError> {
        let start = Instant::now();
        let config = self.config;
        let mut order = batches::shuffled(&self.data.split.train, config.seed, epoch);
        order.truncate(config.images_per_epoch(order.len()));
        let (mut loss_sum, mut right) = (0.0, 0.0);
        let mut waited = Duration::ZERO;
        for batch in order.chunks(config.batch_size) {
            waited += pulse(observer)?;
            if let Some(rate) = observer.learning_rate() {
                state.rate.set_full(rate);
            }
            let record = self.train_batch(epoch, batch, state)?;
            loss_sum += record.loss * batch.len() as f64;
            right += record.accuracy * batch.len() as f64;
            observer.step(&record)?;
        }
        let images = order.len() as f64;
        let images_per_sec = images / (start.elapsed() - waited).as_secs_f64().max(1e-9);
        let evaluation = self.validate(epoch, state, activity, observer, &mut waited)?;
        if let Some(loss) = evaluation.as_ref().map(|found| found.loss)
            && loss.is_nan()
        {
            // The last step broke the weights and no training batch has seen it.
            return Err(self.not_finite(loss, epoch, state));
        }
        let record = EpochRecord {
            epoch,
            phase: state.index + 1,
            train_loss: loss_sum / images,
            train_accuracy: right / images,
            val_loss: evaluation.as_ref().map(|e| e.loss),
            val_accuracy: evaluation.as_ref().map(Evaluation::accuracy),
            learning_rate: self.learning_rate(state),
            images_per_sec,
            seconds: (start.elapsed() - waited).as_secs_f64(),
        };
        Ok((record, evaluation))
    }

    /// The learning rate of the phase's last step.
    fn learning_rate(&self, state: &PhaseState<'_>) -> f64 {
        let images = self.data.split.train.len();
        let moment = Moment {
            step: state.steps.saturating_sub(1),
            steps_per_epoch: self.config.steps_per_epoch(images),
            epochs: state.phase.epochs,
        };
        let full = state.phase.optimizer.learning_rate();
        state
            .rate
            .learning_rate(&state.phase.schedule, full, &moment)
    }

    fn train_batch(
        &mut self,
        epoch: usize,
        samples: &[usize],
        state: &mut PhaseState<'_>,
    ) -> Result<StepRecord, FitError> {
        self.step += 1;
        state.steps += 1;
        let batch = Batch {
            data: self.data,
            samples,
            features: state.features.as_ref(),
            seed: step::seed(self.config.seed, self.step),
        };
        let figures = batch.backward(&self.network, &self.loss)?;
        if !figures.loss.is_finite() {
            return Err(self.not_finite(figures.loss, epoch, state));
        }
        if self.losses.len() == health::LOSSES_KEPT {
            self.losses.pop_front();
        }
        self.losses.push_back(figures.loss);
        let _no_grad = tch::no_grad_guard();
        if let Some(norm) = self.config.clip_norm {
            step::clip(&self.network, norm)?;
        }
        let rate = self.learning_rate(state);
        let trainable = self.network.trainable().map(|(_, value)| value);
        state.optimizer.step(trainable, rate)?;
        Ok(StepRecord {
            step: self.step,
            epoch,
            loss: figures.loss,
            accuracy: figures.accuracy,
        })
    }

    fn not_finite(&mut self, loss: f64, epoch: usize, state: &PhaseState<'_>) -> FitError {
        let learning_rate = self.learning_rate(state);
        let circumstances = Circumstances {
            losses: self.losses.make_contiguous(),
            learning_rate,
            precision: if self.network.placement().bf16 {
                Precision::Bf16
            } else {
                Precision::F32
            },
            is_clipped: self.config.clip_norm.is_some(),
        };
        let mut cause = health::why_not_finite(&circumstances);
        if let Some((_, best)) = &self.outcome.best {
            cause.push_str(&format!(". The weights of epoch {} are kept", best.epoch));
        }
        FitError::NotFinite {
            loss,
            epoch,
            step: self.step,
            cause,
        }
    }

    fn validate(
        &self,
        epoch: usize,
        state: &PhaseState<'_>,
        activity: &mut Activity,
        observer: &mut dyn Observer,
        waited: &mut Duration,
    ) -> Result<Option<Evaluation>, FitError> {
        let Data {
            dataset,
            pixels,
            split,
            ..
        } = self.data;
        if split.validation.is_empty() {
            return Ok(None);
        }
        let network = &self.network;
        let features = state.features.as_ref();
        let mut looked_at = 0;
        let logits = |samples: &[usize]| -> Result<Tensor, TchError> {
            if looked_at > 0 {
                return step::logits(network, pixels, features, samples);
            }
            looked_at = samples.len().min(dead_units::IMAGES);
            let mut seen = Ok(());
            let tap = |node: usize, output: &Tensor| {
                let few = output.f_narrow(0, 0, looked_at as i64);
                let saw = few.and_then(|few| activity.saw(network, node, &few));
                if seen.is_ok() {
                    seen = saw;
                }
            };
            let logits = step::tapped_logits(network, pixels, features, samples, tap)?;
            seen.map(|()| logits)
        };
        let evaluation = evaluate(network, dataset, &split.validation, logits, |done| {
            observer.validating(done);
            *waited += pulse(observer)?;
            Ok(())
        })?;
        Ok(Some(Evaluation {
            split: Some(SplitName::Validation),
            epoch,
            ..evaluation
        }))
    }

    fn checkpoint(
        &self,
        epoch: usize,
        state: &PhaseState<'_>,
        snapshot: &WeightSnapshot,
    ) -> Result<Checkpoint, FitError> {
        let names = self.network.trainable().map(|(name, _)| name);
        let (optimizer_step, optimizer) = state.optimizer.state(names)?;
        Ok(Checkpoint {
            standing: super::checkpoint::Standing {
                epoch,
                phase: state.index,
                phase_epochs: state.epochs,
                phase_steps: state.steps,
                step: self.step,
                channels_last: self.network.placement().channels_last,
                bf16: self.network.placement().bf16,
                optimizer_step,
                rate: state.rate,
                stopper: state.stopper,
                stopped_early: self.outcome.stopped_early.clone(),
            },
            arrays: snapshot.arrays.clone(),
            optimizer,
            history: self.outcome.history.clone(),
            best: self.outcome.best.clone(),
            phase_best: state.best.clone(),
        })
    }
}

/// Asks the observer whether to go on; gives the time it waited (a pause is no training time).
pub fn pulse(observer: &mut dyn Observer) -> Result<Duration, Cancelled> {
    let start = Instant::now();
    match observer.pulse() {
        ControlFlow::Continue(()) => Ok(start.elapsed()),
        ControlFlow::Break(()) => Err(Cancelled),
    }
}
