//! The loop: phases of epochs of shuffled batches, validation, early stopping, best weights kept.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use tch::Tensor;

use super::{Data, EpochEnd, FitError, Outcome, Watchers, phase::PhaseState, unfreeze};
use crate::{
    data::{SplitName, batches},
    model::{Network, WeightSnapshot},
    train::{
        checkpoint::{Checkpoint, Standing},
        config::{Phase, TrainingConfig},
        dead_units::{self, Activity},
        evaluate::{EVALUATION_BATCH, Evaluation, evaluate},
        features::FrozenFeatures,
        health::{self, Circumstances},
        history::{self, EpochRecord, StepRecord},
        loss::Loss,
        single_values,
        step::{self, Batch, Figures},
    },
};

/// What the steps of an epoch, or batches of validation, add up to.
#[derive(Default)]
struct Sums {
    /// Data terms by what they count.
    data: f64,
    /// How much the images counted.
    weight: f64,
    /// Penalties by images.
    penalty: f64,
    has_penalty: bool,
    images: usize,
    right: f64,
}

impl Sums {
    fn add(&mut self, figures: &Figures, images: usize) {
        let penalty = figures.penalty.unwrap_or(0.0);
        self.data += (figures.loss - penalty) * figures.weight;
        self.weight += figures.weight;
        self.penalty += penalty * images as f64;
        self.has_penalty |= figures.penalty.is_some();
        self.images += images;
        self.right += figures.accuracy * images as f64;
    }

    fn penalty(&self) -> Option<f64> {
        self.has_penalty.then(|| self.penalty / self.images as f64)
    }

    fn loss(&self) -> f64 {
        // Where no image counts there is no data term.
        self.data / self.weight.max(f64::MIN_POSITIVE) + self.penalty().unwrap_or(0.0)
    }
}

/// What an epoch leaves for validation.
struct Validated {
    evaluation: Evaluation,
    /// What training makes small, on the validation part; `None` when none of its images counts.
    loss: Option<f64>,
    /// The penalty in it.
    penalty: Option<f64>,
}

/// A run under way.
pub struct Run<'a> {
    network: Network,
    config: &'a TrainingConfig,
    data: &'a Data<'a>,
    classes: Arc<[String]>,
    loss: Loss,
    /// First trained node of each phase.
    boundaries: Vec<usize>,
    pub outcome: Outcome,
    /// How far it is; what a phase knows better is filled in for a checkpoint.
    standing: Standing,
    /// The newest losses, oldest first.
    losses: VecDeque<f64>,
    /// What they make of images, as far as it is known.
    features: Option<FrozenFeatures>,
}

impl<'a> Run<'a> {
    pub fn new(
        network: Network,
        config: &'a TrainingConfig,
        data: &'a Data<'a>,
        loss: Loss,
        boundaries: Vec<usize>,
    ) -> Self {
        Self {
            network,
            config,
            data,
            classes: data.dataset.classes.clone().into(),
            loss,
            boundaries,
            outcome: Outcome::default(),
            standing: Standing::default(),
            losses: VecDeque::new(),
            features: None,
        }
    }

    /// Puts the run where `checkpoint` was made; returns the phase and its epochs done.
    pub fn take_up(
        &mut self,
        checkpoint: Option<&Checkpoint>,
        observer: &mut Watchers<'_>,
    ) -> Result<usize, FitError> {
        let Some(checkpoint) = checkpoint else {
            let weights = Arc::new(self.network.snapshot(&self.classes, 0)?);
            observer.each(|watcher| watcher.begins(&weights));
            return Ok(0);
        };
        self.standing = checkpoint.standing.clone();
        self.outcome.history.clone_from(&checkpoint.history);
        self.outcome.best.clone_from(&checkpoint.best);
        self.outcome
            .stopped_early
            .clone_from(&checkpoint.standing.stopped_early);
        self.outcome.lost.clone_from(&checkpoint.standing.lost);
        observer.each(|watcher| watcher.begins(&checkpoint.snapshot));
        Ok(checkpoint.standing.phase)
    }

    pub fn phases(
        &mut self,
        first: usize,
        mut checkpoint: Option<Checkpoint>,
        observer: &mut Watchers<'_>,
    ) -> Result<(), FitError> {
        let config = self.config;
        for (index, phase) in config.phases.iter().enumerate().skip(first) {
            let boundary = self.boundaries.get(index).copied().unwrap_or(0);
            unfreeze(&mut self.network, phase, boundary)?;
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
        observer: &mut Watchers<'_>,
    ) -> Result<PhaseState<'a>, FitError> {
        let steps = self.config.steps_per_epoch(self.data.split.train.len());
        let config = (self.config, steps);
        let mut state = PhaseState::new(index, phase, config, &self.network)?;
        if let Some(checkpoint) = checkpoint {
            state.take_up(checkpoint, &self.network)?;
        }
        observer.each(|watcher| watcher.rate(state.rate_now()));
        let most = observer.feature_bytes;
        // In batches of another size the last digits may be others: what was begun with is kept to.
        self.standing.is_without_features |= most == 0;
        let most = if self.standing.is_without_features {
            0
        } else {
            most
        };
        let known = self.features.take();
        self.features = FrozenFeatures::compute(known, &self.network, self.data, most, observer)?;
        Ok(state)
    }

    fn epochs(
        &mut self,
        state: &mut PhaseState<'_>,
        observer: &mut Watchers<'_>,
    ) -> Result<(), FitError> {
        while state.epochs < state.phase.epochs && !state.stopper.stops() {
            let epoch = self.outcome.history.len() + 1;
            let mut activity = Activity::default();
            let (record, evaluation) = self.epoch(epoch, state, &mut activity, observer)?;
            state.epochs += 1;
            state.rate.epoch_done(&state.phase.schedule, &record);
            observer.settle()?;
            let snapshot = Arc::new(self.network.snapshot(&self.classes, epoch)?);
            let improved = state.stopper.epoch_done(&record);
            if improved && state.stopper.restores() {
                state.best = Some(Arc::clone(&snapshot));
            }
            let is_best = self.outcome.best.as_ref().is_none_or(|(_, best)| {
                history::is_better(&record, best, self.config.early_stopping.as_ref())
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
            observer.epoch(EpochEnd {
                record,
                evaluation: evaluation.map(Arc::new),
                checkpoint: Arc::new(self.checkpoint(epoch, state, &snapshot)?),
                snapshot,
                is_best,
                dead_units: activity.dead_units(&self.network)?,
            })?;
        }
        Ok(())
    }

    fn epoch(
        &mut self,
        epoch: usize,
        state: &mut PhaseState<'_>,
        activity: &mut Activity,
        observer: &mut Watchers<'_>,
    ) -> Result<(EpochRecord, Option<Evaluation>), FitError> {
        let start = Instant::now();
        let config = self.config;
        let mut order = batches::shuffled(&self.data.split.train, config.seed, epoch);
        order.truncate(config.images_per_epoch(order.len()));
        let least = single_values::least_batch(self.network.nodes(), self.network.trainable_from());
        let mut sums = Sums::default();
        let mut waited = Duration::ZERO;
        for batch in single_values::batches(&order, config.batch_size, least) {
            waited += observer.pulse()?;
            if let Some(rate) = (observer.wanted_rate)() {
                let words = state.change_rate(rate, self.standing.step + 1);
                words.into_iter().for_each(|words| observer.note(words));
            }
            observer.each(|watcher| watcher.rate(state.rate_now()));
            let figures = self.train_batch(epoch, batch, state)?;
            sums.add(&figures, batch.len());
            observer.step(&StepRecord {
                step: self.standing.step,
                epoch,
                loss: figures.loss,
                accuracy: figures.accuracy,
            })?;
        }
        let images = order.len() as f64;
        let images_per_sec = images / (start.elapsed() - waited).as_secs_f64().max(1e-9);
        let validated = self.validate(epoch, activity, observer, &mut waited)?;
        let val_loss = validated.as_ref().and_then(|found| found.loss);
        if let Some(loss) = val_loss.filter(|loss| loss.is_nan()) {
            // The last step broke the weights and no training batch has seen it.
            return Err(self.not_finite(loss, epoch, state));
        }
        let record = EpochRecord {
            epoch,
            phase: state.index + 1,
            train_loss: sums.loss(),
            train_accuracy: sums.right / images,
            val_loss,
            val_accuracy: validated.as_ref().map(|v| v.evaluation.accuracy()),
            learning_rate: state.learning_rate(),
            images_per_sec,
            seconds: (start.elapsed() - waited).as_secs_f64(),
            train_penalty: sums.penalty(),
            val_penalty: validated.as_ref().and_then(|found| found.penalty),
        };
        Ok((record, validated.map(|found| found.evaluation)))
    }

    fn train_batch(
        &mut self,
        epoch: usize,
        samples: &[usize],
        state: &mut PhaseState<'_>,
    ) -> Result<Figures, FitError> {
        self.standing.step += 1;
        state.steps += 1;
        let batch = Batch {
            data: self.data,
            samples,
            features: self.features.as_ref(),
            folded: state.folded.as_ref(),
            seed: step::seed(self.config.seed, self.standing.step),
        };
        let figures = batch.backward(&self.network, &self.loss)?;
        if !figures.loss.is_finite() {
            return Err(self.not_finite(figures.loss, epoch, state));
        }
        if figures.weight > 0.0 {
            if self.losses.len() == health::LOSSES_KEPT {
                self.losses.pop_front();
            }
            self.losses.push_back(figures.loss);
        }
        let _no_grad = tch::no_grad_guard();
        if let Some(norm) = self.config.clip_norm {
            step::clip(&self.network, norm)?;
        }
        let rate = state.learning_rate();
        let trainable = self.network.trainable().map(|(_, value)| value);
        state.optimizer.step(trainable, rate)?;
        Ok(figures)
    }

    fn not_finite(&mut self, loss: f64, epoch: usize, state: &PhaseState<'_>) -> FitError {
        let learning_rate = state.learning_rate();
        let circumstances = Circumstances {
            losses: self.losses.make_contiguous(),
            learning_rate,
            is_clipped: self.config.clip_norm.is_some(),
        };
        let mut cause = health::why_not_finite(&circumstances);
        if let Some((_, best)) = &self.outcome.best {
            cause.push_str(&format!(". The weights of epoch {} are kept", best.epoch));
        }
        FitError::NotFinite(format!(
            "the loss became {loss} in epoch {epoch}, step {}: {cause}",
            self.standing.step
        ))
    }

    fn validate(
        &self,
        epoch: usize,
        activity: &mut Activity,
        observer: &mut Watchers<'_>,
        waited: &mut Duration,
    ) -> Result<Option<Validated>, FitError> {
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
        let features = self.features.as_ref();
        let folded = step::folded_for_judging(network, features)?;
        let mut looked_at = 0;
        let mut sums = Sums::default();
        let mut logits = |samples: &[usize]| -> Result<Tensor, FitError> {
            if looked_at > 0 {
                let network = folded.as_ref().unwrap_or(network);
                return step::logits(network, pixels, features, samples, None);
            }
            looked_at = samples.len().min(dead_units::IMAGES);
            let mut seen = Ok(());
            let mut tap = |node: usize, output: &Tensor| {
                let few = output.f_narrow(0, 0, looked_at as i64);
                let saw = few.and_then(|few| activity.saw(network, node, &few));
                if seen.is_ok() {
                    seen = saw;
                }
            };
            let logits = step::logits(network, pixels, features, samples, Some(&mut tap))?;
            seen?;
            Ok(logits)
        };
        let counted = |samples: &[usize]| -> Result<Tensor, FitError> {
            let logits = logits(samples)?;
            if !self.loss.is_plain() {
                self.count(&mut sums, samples, &logits)?;
            }
            Ok(logits)
        };
        let part = (&split.validation[..], EVALUATION_BATCH);
        let evaluation = evaluate(network, dataset, part, counted, |_| {
            *waited += observer.pulse()?;
            Ok(())
        })?;
        let penalty = tch::no_grad(|| self.loss.penalty(network))?;
        let penalty = penalty.map(|penalty| penalty.f_double_value(&[]));
        let penalty = penalty.transpose()?;
        let data = if self.loss.is_plain() {
            Some(evaluation.loss)
        } else {
            (sums.weight > 0.0).then(|| sums.loss())
        };
        Ok(Some(Validated {
            evaluation: Evaluation {
                split: Some(SplitName::Validation),
                epoch,
                ..evaluation
            },
            loss: data.map(|data| data + penalty.unwrap_or(0.0)),
            penalty,
        }))
    }

    /// Adds the data term of `samples` with these `logits`.
    fn count(&self, sums: &mut Sums, samples: &[usize], logits: &Tensor) -> Result<(), FitError> {
        let all = &self.data.dataset.samples;
        let labels: Vec<usize> = samples.iter().map(|&index| all[index].label).collect();
        let target = step::labels_tensor(&labels, &self.network)?;
        let weight = self.loss.weight(&target)?;
        if weight > 0.0 {
            sums.data += self.loss.data(logits, &target)?.f_double_value(&[])? * weight;
            sums.weight += weight;
        }
        Ok(())
    }

    fn checkpoint(
        &self,
        epoch: usize,
        state: &PhaseState<'_>,
        snapshot: &Arc<WeightSnapshot>,
    ) -> Result<Checkpoint, FitError> {
        let names = self.network.trainable().map(|(name, _)| name);
        let (optimizer_step, optimizer) = state.optimizer.state(names)?;
        Ok(Checkpoint {
            standing: Standing {
                epoch,
                phase: state.index,
                phase_epochs: state.epochs,
                phase_steps: state.steps,
                channels_last: self.network.placement().channels_last,
                bf16: self.network.placement().bf16,
                optimizer_step,
                rate: state.rate,
                stopper: state.stopper,
                stopped_early: self.outcome.stopped_early.clone(),
                best_epoch: self.outcome.best.as_ref().map(|(_, best)| best.epoch),
                ..self.standing.clone()
            },
            snapshot: Arc::clone(snapshot),
            frozen: self.network.frozen_arrays(),
            optimizer,
            history: self.outcome.history.clone(),
            best: self.outcome.best.clone(),
            phase_best: state.best.clone(),
        })
    }
}
