//! The trainer thread: owns network, optimizer and loop; publishes weights, figures and the run's folder.

use std::{
    collections::BTreeMap,
    io,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crossbeam_channel::Receiver;

use super::{
    events::{Event, Level, TrainingOutcome},
    inspector::{LoadedModel, ModelSource},
    job::{self, JobContext, JobError, Jobs},
    latest::Latest,
    loader::{self, Folders, OpenDataset},
    rehearsal::{self, EstimateRequest, FindRateRequest},
};
use crate::{
    cancel::CancelToken,
    data::{Dataset, Edits, Picture, Split, SplitConfig, SplitName},
    export::run_report::{self, RunSummary},
    model::{
        Network, WeightSnapshot, network::Placement, shapes::check_classifier, weights::initial,
    },
    sys,
    train::{
        EpochRecord, Evaluation, Experiment, StepRecord,
        checkpoint::Checkpoint,
        evaluate::evaluate_images,
        fit::{self, Data, EpochEnd, FitError, Observer, Start},
        health::{self, Advice, Ailment},
        history,
        memory::Fit,
        placement::Chosen,
        run_folder::{RunFolder, RunResult},
    },
    worker::Worker,
};

/// Asks for a run.
#[derive(Debug, Clone)]
pub struct TrainRequest {
    /// What to train and how.
    pub experiment: Experiment,
    /// On what.
    pub dataset: Arc<OpenDataset>,
    /// The run's folder; another name is taken when it holds a run already.
    pub run: PathBuf,
    /// Goes on with the run in that folder, which this is the experiment of; it begins anew when no epoch of
    /// it was finished.
    pub resume: bool,
}

pub enum Command {
    /// Fit a network.
    Train {
        context: JobContext,
        request: Box<TrainRequest>,
    },
    /// Look for a learning rate.
    FindRate {
        context: JobContext,
        request: Box<FindRateRequest>,
    },
    /// Estimate what a run would take.
    Forecast {
        context: JobContext,
        request: Box<EstimateRequest>,
    },
}

pub fn spawn(
    jobs: Jobs,
    control: TrainControl,
    model: Latest<LoadedModel>,
    folders: Folders,
) -> io::Result<Worker<Command>> {
    Worker::spawn("convscope-trainer", move |commands| {
        serve(&commands, &jobs, &control, &model, &folders);
    })
}

fn serve(
    commands: &Receiver<Command>,
    jobs: &Jobs,
    control: &TrainControl,
    model: &Latest<LoadedModel>,
    folders: &Folders,
) {
    for command in commands {
        match command {
            Command::Train { context, request } => job::run(&context, jobs, || {
                train(&context, control, model, folders, &request)
            }),
            Command::FindRate { context, request } => job::run(&context, jobs, || {
                rehearsal::find_rate(&context, folders, &request)
            }),
            Command::Forecast { context, request } => {
                job::run(&context, jobs, || rehearsal::forecast(&context, &request));
            }
        }
        sys::release_memory();
    }
}

/// Pausing and stopping, from the handle to the trainer.
#[derive(Clone, Default)]
pub struct TrainControl(Arc<(Mutex<Control>, Condvar)>);

#[derive(Default)]
struct Control {
    paused: bool,
    /// The learning rate that the user asked for and the trainer has not taken yet.
    learning_rate: Option<f64>,
    current: Option<CancelToken>,
}

/// How long a paused run sleeps before it looks whether its job was cancelled.
const PAUSE_LOOK: Duration = Duration::from_millis(50);

impl TrainControl {
    fn lock(&self) -> MutexGuard<'_, Control> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes `token` the run that pausing and stopping mean; an older run ends.
    pub fn begin(&self, token: CancelToken) {
        let mut control = self.lock();
        if let Some(older) = control.current.replace(token) {
            older.cancel();
        }
        control.paused = false;
        control.learning_rate = None;
        self.0.1.notify_all();
    }

    pub fn set_learning_rate(&self, rate: f64) {
        self.lock().learning_rate = Some(rate);
    }

    fn take_learning_rate(&self) -> Option<f64> {
        self.lock().learning_rate.take()
    }

    pub fn set_paused(&self, paused: bool) {
        self.lock().paused = paused;
        self.0.1.notify_all();
    }

    pub fn stop(&self) {
        if let Some(token) = &self.lock().current {
            token.cancel();
        }
        self.0.1.notify_all();
    }

    /// Waits while paused; `on_change` hears of beginning and end of the wait.
    fn wait_while_paused(&self, cancel: &CancelToken, mut on_change: impl FnMut(bool)) {
        let mut control = self.lock();
        if !control.paused || cancel.is_cancelled() {
            return;
        }
        on_change(true);
        while control.paused && !cancel.is_cancelled() {
            let waited = self.0.1.wait_timeout(control, PAUSE_LOOK);
            control = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(control);
        on_change(false);
    }
}

pub fn fit_error(error: FitError) -> JobError {
    match error {
        FitError::Cancelled(_) => JobError::Cancelled,
        error => JobError::Failed(error.to_string()),
    }
}

fn train(
    context: &JobContext,
    control: &TrainControl,
    model: &Latest<LoadedModel>,
    folders: &Folders,
    request: &TrainRequest,
) -> Result<(), JobError> {
    let start = Instant::now();
    let TrainRequest {
        experiment,
        dataset: open,
        run,
        resume,
    } = request;
    let input = experiment.model.input;
    let (dataset, pixels) = loader::pixels(context, &folders.cache, open, input.format())?;
    let (dataset, pixels) = (&dataset, &pixels);
    let split = Split::new(dataset, &experiment.split).map_err(|error| error.to_string())?;
    let experiment = &Experiment {
        edits: Edits::clone(&open.edits),
        ..experiment.clone()
    };
    let config = &experiment.training;
    config.check().map_err(|error| error.to_string())?;
    let shapes = check_classifier(&experiment.model, dataset.classes.len())
        .map_err(|error| error.to_string())?;
    let near = match rehearsal::memory_fit(experiment)? {
        Some(Fit::Not(words)) => return Err(JobError::Failed(words)),
        Some(Fit::Nearly(words)) => Some(words),
        Some(Fit::Well) | None => None,
    };
    let initial = || initial::arrays(&experiment.model, &folders.weights);
    let (folder, checkpoint) = if *resume {
        take_up(run, experiment, &split, dataset)?
    } else {
        // Weights that are not there are told of before there is a folder of a run.
        initial::check(&experiment.model, &folders.weights).map_err(|error| error.to_string())?;
        let folder = RunFolder::create(run, experiment).map_err(fit_error)?;
        folder.write_split(&split, dataset).map_err(fit_error)?;
        (folder, None)
    };
    let steps_per_epoch = config.steps_per_epoch(split.train.len());
    context.events.send(Event::TrainingStarted {
        job: context.id,
        run: folder.path().to_path_buf(),
        experiment: Arc::new(experiment.clone()),
        history: checkpoint
            .as_ref()
            .map_or_else(Vec::new, |checkpoint| checkpoint.history.clone()),
        shapes: shapes.into(),
        train_images: config.images_per_epoch(split.train.len()),
        validation_images: split.validation.len(),
        steps_per_epoch,
        epochs: config.epochs(),
    });
    let labels = split.train.iter();
    let labels = labels.map(|&index| dataset.samples[index].label);
    let mut health = health::Watch::new(labels);
    if let Some(checkpoint) = &checkpoint {
        health.catch_up(&checkpoint.history);
    }
    if let Some(words) = near {
        let advice = Advice {
            ailment: Ailment::Memory,
            epoch: 0,
            words,
        };
        let job = context.id;
        context.events.send(Event::Advice { job, advice });
    }
    let sample = Arc::new(
        (0..pixels.len())
            .find_map(|index| pixels.picture(index))
            .unwrap_or_else(|| Picture::filled(input.width, input.height, [255; 3])),
    );
    let mut reporter = Reporter {
        context,
        control,
        model,
        folder,
        split: experiment.split,
        edits: Arc::clone(&open.edits),
        sample,
        total_steps: steps_per_epoch * config.epochs(),
        computed: String::new(),
        initial: None,
        health,
        pending: Vec::new(),
        best_evaluation: None,
        stopping: false,
    };
    let data = Data {
        dataset,
        pixels,
        split: &split,
        augmentation: &experiment.augmentation,
    };
    let before = model.get();
    let start_at = match checkpoint {
        Some(checkpoint) => Start::Resume(Box::new(checkpoint)),
        None => {
            let initial = initial().map_err(|error| error.to_string())?;
            for words in initial.notes {
                reporter.note(words);
            }
            for message in initial.warnings {
                let level = Level::Warning;
                context.events.send(Event::Note { level, message });
            }
            Start::From(initial.arrays)
        }
    };
    let fitted = fit::fit(&experiment.model, config, &data, start_at, &mut reporter);
    reporter.flush_steps();
    let kept = matches!(&fitted, Ok(outcome) if outcome.best.is_some());
    if !kept && let Some(before) = before {
        // Random weights must not stand where the user's model was.
        reporter.show(before);
    }
    let split_hash = split.hash(dataset);
    let mut result = RunResult {
        completed: false,
        failure: None,
        best_epoch: 0,
        test_accuracy: None,
        stopped_early: Vec::new(),
        split_hash: split_hash.clone(),
        computed: reporter.computed.clone(),
        seconds: start.elapsed().as_secs_f64(),
    };
    let outcome = match fitted {
        Ok(outcome) => outcome,
        Err(error) => {
            result.failure = Some(error.to_string());
            // What went wrong says more than that it could not be written down.
            let _ = reporter.folder.finish(&result);
            return Err(fit_error(error));
        }
    };

    let best_weights = outcome.best.as_ref().map(|(snapshot, _)| &**snapshot);
    let test_accuracy = test_accuracy(&data, best_weights)?;
    let model_path = match &outcome.best {
        Some((snapshot, record)) => {
            let model = reporter.publish(snapshot, Some(record));
            let path = reporter.folder.model_path();
            model.save(&path)?;
            if let Some(evaluation) = reporter.best_evaluation.clone() {
                let job = context.id;
                context.events.send(Event::Evaluated { job, evaluation });
            }
            Some(path)
        }
        None => None,
    };
    let summary = RunSummary {
        experiment,
        dataset,
        split_hash: &split_hash,
        history: &outcome.history,
        best: outcome.best.as_ref().map(|(_, record)| record),
        evaluation: reporter.best_evaluation.as_deref(),
        snapshot: best_weights,
        sample: &reporter.sample,
        seconds: start.elapsed().as_secs_f64(),
    };
    run_report::write(reporter.folder.path(), &summary).map_err(|error| error.to_string())?;
    result = RunResult {
        completed: outcome.completed,
        failure: outcome.failure.as_ref().map(ToString::to_string),
        best_epoch: outcome.best.as_ref().map_or(0, |(_, record)| record.epoch),
        test_accuracy,
        stopped_early: outcome.stopped_early.clone(),
        seconds: start.elapsed().as_secs_f64(),
        ..result
    };
    reporter.folder.finish(&result).map_err(fit_error)?;
    if let Some(failure) = outcome.failure {
        return Err(fit_error(failure));
    }
    context.events.send(Event::TrainingFinished {
        job: context.id,
        outcome: TrainingOutcome {
            completed: outcome.completed,
            best_epoch: outcome.best.map_or(0, |(_, record)| record.epoch),
            run: reporter.folder.path().to_path_buf(),
            model: model_path,
            test_accuracy,
            split_hash,
            stopped_early: outcome.stopped_early,
            computed: result.computed,
            seconds: start.elapsed().as_secs_f64(),
        },
    });
    Ok(())
}

/// Opens the folder of a run to go on with it, at its last checkpoint.
fn take_up(
    run: &Path,
    experiment: &Experiment,
    split: &Split,
    dataset: &Dataset,
) -> Result<(RunFolder, Option<Checkpoint>), JobError> {
    RunFolder::check_split(run, split, dataset).map_err(fit_error)?;
    let (spec, classes) = (
        Arc::new(experiment.model.clone()),
        Arc::from(dataset.classes.clone()),
    );
    let early_stopping = experiment.training.early_stopping;
    let best =
        |history: &[EpochRecord]| history::best_epoch(history, early_stopping.as_ref()).copied();
    let checkpoints = run.join(crate::train::run_folder::CHECKPOINTS);
    let checkpoint = Checkpoint::load(&checkpoints, &spec, &classes, best)?;
    let step = checkpoint
        .as_ref()
        .map_or(0, |checkpoint| checkpoint.standing.step);
    let folder = RunFolder::resume(run, step).map_err(fit_error)?;
    // It may go on for more epochs than it was begun with.
    folder.write_experiment(experiment).map_err(fit_error)?;
    if let Some(checkpoint) = &checkpoint {
        // A kill may have come between the files of the last epoch.
        checkpoint.save(&folder.checkpoints())?;
        folder
            .write_history(&checkpoint.history)
            .map_err(fit_error)?;
    }
    Ok((folder, checkpoint))
}

/// Accuracy of the kept weights on the test part; `None` when it is empty or nothing was trained.
fn test_accuracy(data: &Data<'_>, best: Option<&WeightSnapshot>) -> Result<Option<f64>, JobError> {
    let test = data.split.part(SplitName::Test);
    let Some(best) = best.filter(|_| !test.is_empty()) else {
        return Ok(None);
    };
    let network =
        Network::from_snapshot(best, Placement::default()).map_err(|error| error.to_string())?;
    let evaluation = evaluate_images(&network, data.dataset, data.pixels, test, |_| Ok(()))
        .map_err(fit_error)?;
    Ok(Some(evaluation.accuracy()))
}

/// Turns what happens in the loop into events and files.
struct Reporter<'a> {
    context: &'a JobContext,
    control: &'a TrainControl,
    model: &'a Latest<LoadedModel>,
    folder: RunFolder,
    split: SplitConfig,
    edits: Arc<Edits>,
    sample: Arc<Picture>,
    total_steps: usize,
    /// How the run computes, in words.
    computed: String,
    initial: Option<Arc<WeightSnapshot>>,
    /// Says what is wrong with the run.
    health: health::Watch,
    pending: Vec<StepRecord>,
    best_evaluation: Option<Arc<Evaluation>>,
    /// The request to stop was answered.
    stopping: bool,
}

impl Reporter<'_> {
    fn flush_steps(&mut self) {
        if !self.pending.is_empty() {
            let steps = std::mem::take(&mut self.pending);
            self.context.events.send(Event::Steps {
                job: self.context.id,
                steps,
            });
        }
    }

    /// Puts weights into the slot that inspections read.
    fn publish(
        &self,
        snapshot: &Arc<WeightSnapshot>,
        record: Option<&EpochRecord>,
    ) -> Arc<LoadedModel> {
        let loaded = Arc::new(LoadedModel {
            snapshot: Arc::clone(snapshot),
            initial: self.initial.clone(),
            metrics: record.map(metrics).unwrap_or_default(),
            split: self.split,
            edits: Arc::clone(&self.edits),
            sample: Arc::clone(&self.sample),
            source: ModelSource::Run(self.context.id),
        });
        self.show(Arc::clone(&loaded));
        loaded
    }

    /// Makes `model` the one that inspections use.
    fn show(&self, model: Arc<LoadedModel>) {
        let (job, epoch) = (self.context.id, model.snapshot.epoch);
        self.model.set(model);
        self.context
            .events
            .send(Event::WeightsPublished { job, epoch });
    }
}

fn metrics(record: &EpochRecord) -> BTreeMap<String, f64> {
    let always = [
        ("epoch", Some(record.epoch as f64)),
        ("train_loss", Some(record.train_loss)),
        ("train_accuracy", Some(record.train_accuracy)),
        ("val_loss", record.val_loss),
        ("val_accuracy", record.val_accuracy),
    ];
    always
        .into_iter()
        // JSON has no infinities, and a model file must be readable again.
        .filter_map(|(name, value)| Some((name.to_owned(), value.filter(|v| v.is_finite())?)))
        .collect()
}

impl Observer for Reporter<'_> {
    fn pulse(&mut self) -> ControlFlow<()> {
        let (context, job) = (self.context, self.context.id);
        self.control.wait_while_paused(&context.cancel, |paused| {
            context.events.send(Event::Paused { job, paused });
        });
        if context.cancel.is_cancelled() {
            if !self.stopping {
                self.stopping = true;
                context.events.send(Event::Stopping { job });
            }
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn step(&mut self, record: &StepRecord) -> Result<(), FitError> {
        self.pending.push(*record);
        self.folder.write_step(record)?;
        if self.context.due() {
            self.flush_steps();
            let progress = super::events::Progress {
                done: record.step,
                total: self.total_steps,
            };
            self.context.events.send(Event::Progress {
                job: self.context.id,
                progress,
            });
        }
        Ok(())
    }

    fn placed(&mut self, chosen: &Chosen) {
        self.computed = chosen.words();
        self.note(format!("Computes in {}", self.computed));
    }

    fn note(&mut self, message: String) {
        self.context.events.send(Event::Note {
            level: Level::Info,
            message,
        });
    }

    fn learning_rate(&mut self) -> Option<f64> {
        self.control.take_learning_rate()
    }

    fn weights(&mut self, snapshot: &Arc<WeightSnapshot>) {
        if self.initial.is_none() {
            self.initial = Some(Arc::clone(snapshot));
            self.publish(snapshot, None);
        }
    }

    fn epoch(&mut self, end: &EpochEnd<'_>) -> Result<(), FitError> {
        self.flush_steps();
        self.folder.write_epoch(end)?;
        let job = self.context.id;
        self.context.events.send(Event::Epoch {
            job,
            record: *end.record,
        });
        for advice in self.health.epoch_done(end.history, end.dead_units) {
            self.context.events.send(Event::Advice { job, advice });
        }
        if let Some(evaluation) = &end.evaluation {
            let evaluation = Arc::new(evaluation.clone());
            if end.is_best {
                self.best_evaluation = Some(Arc::clone(&evaluation));
            }
            self.context
                .events
                .send(Event::Evaluated { job, evaluation });
        }
        self.publish(end.snapshot, Some(end.record));
        Ok(())
    }
}
