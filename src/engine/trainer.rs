//! The trainer thread: owns network, optimizer and loop; publishes weights, figures and the run's folder.

use std::{convert::Infallible, path::PathBuf, sync::Arc, time::Instant};

use super::{
    answer::Kind,
    beginning::{Beginning, memory_fit, untrained},
    control::TrainControl,
    ending::Ended,
    events::{Level, RunBegan, RunEvent, TrainingOutcome},
    folders::Folders,
    job::{JobContext, JobError, Jobs, failed},
    latest::Latest,
    loaded_model::LoadedModel,
    open_dataset::{OpenDataset, pixels},
    task::{LaneState, Task},
    watchers::{Health, Publisher, Steering, Window},
};
use crate::{
    data::{Dataset, Division, Edits, Picture, Split, copies::Copies},
    model::shapes::check_classifier,
    plain, sys,
    train::{
        DataReport, Experiment,
        checkpoint::Checkpoint,
        estimate::Images,
        fit::{self, Data, Start, Watchers},
        health::{self, Advice, Ailment},
        memory::Fit,
        run_folder::RunFolder,
        single_values,
    },
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
    /// Trains although much of the data cannot be read ([`crate::data::LeftOut::is_grave`]).
    pub accept_losses: bool,
}

/// What became of a run.
#[derive(Debug, Clone)]
pub enum Trained {
    /// It was trained to its end, or until the user stopped it.
    Ended(Arc<TrainingOutcome>),
    /// It did not begin, since more of its data is lost than anybody should pass over in silence. It can be asked for
    /// again with [`TrainRequest::accept_losses`].
    DataLost(Arc<DataReport>),
}

/// What the trainer keeps.
pub struct Trainer {
    pub jobs: Jobs,
    pub control: TrainControl,
    pub model: Latest<LoadedModel>,
    pub folders: Folders,
}

impl LaneState for Trainer {
    fn rest(&mut self) {
        sys::release_memory();
    }
}

impl Task for TrainRequest {
    type Answer = Trained;
    type Partial = Infallible;
    const KIND: Kind = Kind::new("train").heavy();
    type Lane = Trainer;

    /// A run that goes on is stopped first.
    fn asked(&self, context: &JobContext, control: &TrainControl) {
        control.begin(context.cancel.clone());
    }

    fn run(&self, lane: &mut Trainer, context: &JobContext) -> Result<Trained, JobError> {
        let start = Instant::now();
        let (Trainer { control, model, .. }, folders) = (&*lane, &lane.folders);
        let (experiment, open, run, resume) =
            (&self.experiment, &self.dataset, &self.run, self.resume);
        let input = experiment.model.input;
        let (dataset, pixels) = pixels(context, &folders.cache, open, input.format())?;
        let (dataset, pixels) = (&Arc::new(dataset), &pixels);
        let division = Division::new(dataset, &experiment.split).map_err(failed)?;
        let split = &*division.split;
        if resume {
            RunFolder::check_split(run, split, dataset)?;
        }
        let experiment = &Arc::new(Experiment {
            edits: Edits::clone(&open.edits),
            ..experiment.clone()
        });
        let config = &experiment.training;
        config.check()?;
        let copies = Copies::find(dataset, split, |index| pixels.content_key(index));
        let report = DataReport::new(&division, &dataset.classes, config, Some(&copies));
        let report = Arc::new(report);
        // A run that is taken up was begun with the same losses: its division says so.
        if report.left_out.is_grave() && !self.accept_losses && !resume {
            return Ok(Trained::DataLost(report));
        }
        check_classifier(&experiment.model, dataset.classes.len()).map_err(failed)?;
        single_values::check(&experiment.model, config, split.train.len())?;
        let images = Images {
            train: split.train.len(),
            validation: split.validation.len(),
        };
        let fit = memory_fit(experiment, images)?;
        let feature_bytes = fit.feature_bytes();
        let near = match fit {
            Fit::Not(words) => return Err(JobError::Failed(words)),
            Fit::Nearly(words) | Fit::WithoutFeatures(words) => Some(words),
            Fit::Well => None,
        };
        let beginning = Beginning {
            context,
            folders,
            run,
            experiment,
            split,
            dataset,
        };
        let (mut folder, start_at) = if resume {
            beginning.take_up()?
        } else {
            beginning.anew()?
        };
        context.tell_refused_locks();
        if let Err(error) = report.save(folder.path()) {
            // It is said all the same, and no reason not to train.
            let words = plain::io(&error);
            let message = format!("What is known of the data cannot be written down: {words}");
            context.note(Level::Warning, message);
        }
        let checkpoint = match &start_at {
            Start::Resume(checkpoint) => Some(&**checkpoint),
            Start::New | Start::From(_) => None,
        };
        let steps_per_epoch = config.steps_per_epoch(split.train.len());
        let began = RunBegan {
            run: folder.path().to_path_buf(),
            experiment: Arc::clone(experiment),
            history: checkpoint.map_or_else(Vec::new, |checkpoint| checkpoint.history.clone()),
            train_images: config.images_per_epoch(split.train.len()),
            validation_images: split.validation.len(),
            steps_per_epoch,
            epochs: config.epochs(),
            data: Arc::clone(&report),
        };
        context.tell_run(RunEvent::Began(Box::new(began)));
        let sample = Arc::new(
            (0..pixels.len())
                .find_map(|index| pixels.picture(index))
                .unwrap_or_else(|| Picture::filled(input.width, input.height, [255; 3])),
        );
        let mut steering = Steering {
            context,
            control,
            stopping: false,
        };
        let mut window = Window::new(context, steps_per_epoch * config.epochs());
        let mut health = Health {
            context,
            watch: watch(context, experiment, (dataset, split), checkpoint, near),
        };
        let mut publisher = Publisher {
            context,
            model,
            initial: checkpoint.and_then(|_| untrained(folders, experiment, &dataset.classes)),
            split: experiment.split,
            edits: Arc::clone(&open.edits),
            sample,
            run: folder.path().to_path_buf(),
        };
        let wanted_rate = || control.take_learning_rate();
        // Nobody hears of an epoch before it is on the disk.
        let mut watchers = Watchers::new(vec![
            &mut steering,
            &mut folder,
            &mut window,
            &mut health,
            &mut publisher,
        ]);
        watchers.choices = Some(folders.choices());
        watchers.feature_bytes = feature_bytes;
        watchers.wanted_rate = &wanted_rate;
        let data = Data {
            dataset,
            pixels,
            split,
            augmentation: &experiment.augmentation,
        };
        let before = model.get();
        let fitted = fit::fit(&experiment.model, config, &data, start_at, &mut watchers);
        let fitted = watchers.settle().and(fitted);
        window.flush_steps();
        let kept = matches!(&fitted, Ok(outcome) if outcome.best.is_some());
        if !kept && let Some(before) = before {
            // Random weights must not stand where the user's model was.
            publisher.show(before);
        }
        let cancel = control.begin_end(&context.cancel);
        lane.jobs.replace(context.id, &cancel);
        let ended = Ended {
            cancel,
            experiment: Arc::clone(experiment),
            dataset: Arc::clone(dataset),
            data: &data,
            split_hash: division.hash.clone(),
            report,
            start,
            context,
            folder: &folder,
            publisher: &publisher,
            computed: window.computed,
            best_evaluation: window.best_evaluation,
        };
        match fitted {
            Ok(outcome) => {
                health.say_of_end(&outcome);
                Ok(Trained::Ended(ended.well(outcome)?.into()))
            }
            Err(error) => Err(ended.badly(error)),
        }
    }
}

/// What looks after the run; `memory` is said at once.
fn watch(
    context: &JobContext,
    experiment: &Experiment,
    (dataset, split): (&Dataset, &Split),
    checkpoint: Option<&Checkpoint>,
    memory: Option<String>,
) -> health::Watch {
    let labels = split.train.iter();
    let labels = labels.map(|&index| dataset.samples[index].label);
    let mut watch = health::Watch::new(labels, experiment.model.has_penalties());
    if let Some(checkpoint) = checkpoint {
        watch.catch_up(&checkpoint.history);
    }
    if let Some(words) = memory {
        let advice = Advice {
            ailment: Ailment::Memory,
            epoch: 0,
            words,
        };
        context.tell_run(RunEvent::Advice(advice));
    }
    watch
}
