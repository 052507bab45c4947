//! The loop: epochs of shuffled batches, forward, backward, Adam, validation, best weights kept.

use std::{
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, Instant},
};

use tch::{Kind, Reduction, TchError, Tensor};

use super::{
    adam::Adam,
    evaluate::{Evaluation, evaluate, labels_tensor},
    experiment::{ExperimentError, MemoryFormat, TrainingConfig},
    history::{EpochRecord, StepRecord, is_better},
};
use crate::{
    cancel::Cancelled,
    data::{
        Dataset, PixelCache, Split, SplitName,
        augment::{self, AugmentationConfig},
        batches,
    },
    model::{
        ModelSpec, Network, ShapeError, WeightSnapshot,
        network::{Mode, NetworkError, Placement},
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
    #[error(
        "the loss became {loss} in epoch {epoch}, step {step}: a smaller learning rate usually helps; the epochs before it are kept"
    )]
    NotFinite {
        /// The loss.
        loss: f64,
        /// Epoch, from 1.
        epoch: usize,
        /// Step of the run, from 1.
        step: usize,
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
    /// While validating: images done.
    fn validating(&mut self, _done: usize) {}
    /// Before the first step (`epoch` 0) and after every epoch: the weights as they are now.
    fn weights(&mut self, snapshot: &Arc<WeightSnapshot>);
    /// After every epoch, following [`Self::weights`]; `optimizer` can be saved.
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
    /// The network, for its weights' names.
    pub network: &'a Network,
    /// The optimizer's state.
    pub optimizer: &'a Adam,
    /// The weights.
    pub snapshot: &'a Arc<WeightSnapshot>,
    /// Whether this epoch is the best so far.
    pub is_best: bool,
}

/// What a run leaves.
pub struct Outcome {
    /// Every epoch, in order.
    pub history: Vec<EpochRecord>,
    /// Weights and figures of the best epoch; `None` when no epoch was finished.
    pub best: Option<(Arc<WeightSnapshot>, EpochRecord)>,
    /// Whether all epochs were trained.
    pub completed: bool,
    /// What ended the run early, other than a request; the epochs before it count.
    pub failure: Option<FitError>,
}

/// Trains a new network.
///
/// # Errors
/// When settings, network and data do not fit, libtorch refuses or the loss is no longer finite.
pub fn fit(
    spec: &ModelSpec,
    config: &TrainingConfig,
    data: &Data<'_>,
    observer: &mut dyn Observer,
) -> Result<Outcome, FitError> {
    config.check()?;
    check_classifier(spec, data.dataset.classes.len())?;
    let placement = Placement {
        channels_last: config.memory_format == MemoryFormat::ChannelsLast,
        ..Placement::default()
    };
    let network = Network::new(Arc::new(spec.clone()), config.seed, placement)?;
    fit_network(network, config, data, observer)
}

/// Trains `network` from the weights it has.
///
/// # Errors
/// Like [`fit`].
pub fn fit_network(
    network: Network,
    config: &TrainingConfig,
    data: &Data<'_>,
    observer: &mut dyn Observer,
) -> Result<Outcome, FitError> {
    if data.split.train.is_empty() {
        return Err(FitError::NoTrainingImages);
    }
    data.augmentation
        .check()
        .map_err(ExperimentError::Setting)?;
    let _threads = config.threads.map(Threads::set);
    let optimizer = Adam::new(
        network.parameters().map(|(_, value)| value),
        config.optimizer,
    )?;
    let classes: Arc<[String]> = data.dataset.classes.clone().into();
    observer.weights(&Arc::new(network.snapshot(&classes, 0)?));
    let mut run = Run {
        network,
        optimizer,
        config,
        data,
        classes,
        step: 0,
    };
    let mut outcome = Outcome {
        history: Vec::new(),
        best: None,
        completed: false,
        failure: None,
    };
    for epoch in 1..=config.epochs {
        let (record, evaluation) = match run.epoch(epoch, observer) {
            Ok(finished) => finished,
            Err(FitError::Cancelled(_)) => return Ok(outcome),
            Err(error) if outcome.best.is_some() => {
                outcome.failure = Some(error);
                return Ok(outcome);
            }
            Err(error) => return Err(error),
        };
        let snapshot = Arc::new(run.network.snapshot(&run.classes, epoch)?);
        let is_best = outcome
            .best
            .as_ref()
            .is_none_or(|(_, best)| is_better(&record, best));
        if is_best {
            outcome.best = Some((Arc::clone(&snapshot), record));
        }
        outcome.history.push(record);
        observer.weights(&snapshot);
        let (network, optimizer) = (&run.network, &run.optimizer);
        observer.epoch(&EpochEnd {
            record: &record,
            evaluation,
            network,
            optimizer,
            snapshot: &snapshot,
            is_best,
        })?;
    }
    outcome.completed = true;
    Ok(outcome)
}

/// Another number of threads for libtorch, until dropped.
struct Threads {
    before: i32,
}

impl Threads {
    fn set(threads: usize) -> Self {
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
    optimizer: Adam,
    config: &'a TrainingConfig,
    data: &'a Data<'a>,
    classes: Arc<[String]>,
    step: usize,
}

impl Run<'_> {
    fn epoch(
        &mut self,
        epoch: usize,
        observer: &mut dyn Observer,
    ) -> Result<(EpochRecord, Option<Evaluation>), FitError> {
        let start = Instant::now();
        let order = batches::shuffled(&self.data.split.train, self.config.seed, epoch);
        let (mut loss_sum, mut right) = (0.0, 0.0);
        let mut waited = Duration::ZERO;
        for batch in order.chunks(self.config.batch_size) {
            waited += pulse(observer)?;
            let record = self.train_batch(epoch, batch)?;
            loss_sum += record.loss * batch.len() as f64;
            right += record.accuracy * batch.len() as f64;
            observer.step(&record)?;
        }
        let images = order.len() as f64;
        let images_per_sec = images / (start.elapsed() - waited).as_secs_f64().max(1e-9);
        let evaluation = self.validate(epoch, observer, &mut waited)?;
        let record = EpochRecord {
            epoch,
            phase: 1,
            train_loss: loss_sum / images,
            train_accuracy: right / images,
            val_loss: evaluation.as_ref().map(|e| e.loss),
            val_accuracy: evaluation.as_ref().map(Evaluation::accuracy),
            images_per_sec,
            seconds: (start.elapsed() - waited).as_secs_f64(),
        };
        Ok((record, evaluation))
    }

    fn train_batch(&mut self, epoch: usize, batch: &[usize]) -> Result<StepRecord, FitError> {
        self.step += 1;
        // Dropout draws from libtorch's generator. Seeding it by step makes a run independent of what
        // else used the generator, and lets it be taken up at any step. So does augmentation's seed.
        let seed = step_seed(self.config.seed, self.step);
        tch::manual_seed(seed);
        let labels: Vec<usize> = batch
            .iter()
            .map(|&i| self.data.dataset.samples[i].label)
            .collect();
        let input = self.training_input(batch, seed.cast_unsigned())?;
        let target = labels_tensor(&labels, self.network.placement().device)?;
        for (_, parameter) in self.network.parameters() {
            parameter.shallow_clone().zero_grad();
        }
        let logits = self.network.forward(&input, Mode::Train)?;
        let loss =
            logits.f_cross_entropy_loss::<Tensor>(&target, None, Reduction::Mean, -100, 0.0)?;
        loss.f_backward()?;
        let loss = loss.f_double_value(&[])?;
        if !loss.is_finite() {
            return Err(FitError::NotFinite {
                loss,
                epoch,
                step: self.step,
            });
        }
        let right = logits
            .f_argmax(-1, false)?
            .f_eq_tensor(&target)?
            .f_sum(Kind::Float)?;
        let accuracy = right.f_double_value(&[])? / batch.len() as f64;
        let _no_grad = tch::no_grad_guard();
        self.optimizer
            .step(self.network.parameters().map(|(_, value)| value))?;
        Ok(StepRecord {
            step: self.step,
            epoch,
            loss,
            accuracy,
        })
    }

    /// The images of a batch, augmented and normalised.
    fn training_input(&self, batch: &[usize], seed: u64) -> Result<Tensor, TchError> {
        let bytes = batches::gather(self.data.pixels, batch);
        let augmentation = self.data.augmentation;
        if augmentation.is_none() {
            // Normalises in one go, which is faster.
            return self.network.input(&bytes);
        }
        self.network
            .changed_input(&bytes, |images| augment::apply(images, augmentation, seed))
    }

    fn validate(
        &self,
        epoch: usize,
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
        let evaluation = evaluate(&self.network, dataset, pixels, &split.validation, |done| {
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
}

/// Asks the observer whether to go on; gives the time it waited (a pause is no training time).
fn pulse(observer: &mut dyn Observer) -> Result<Duration, Cancelled> {
    let start = Instant::now();
    match observer.pulse() {
        ControlFlow::Continue(()) => Ok(start.elapsed()),
        ControlFlow::Break(()) => Err(Cancelled),
    }
}

/// Mixes the run's seed with a step number (SplitMix64's finaliser), so that neighbouring steps share nothing.
fn step_seed(seed: u64, step: usize) -> i64 {
    let mut mixed = seed.wrapping_add((step as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)).cast_signed()
}
