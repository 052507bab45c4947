//! The inspector thread: rebuilds the newest model and looks inside it, without touching the trainer's.

use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crossbeam_channel::Receiver;

use super::{
    evaluation::{self, EvaluateRequest, EvaluatedWeights},
    events::{Event, Level},
    image_source::ImageSource,
    job::{self, JobContext, JobError, JobId, Jobs},
    kept_run::{self, Remembered},
    latest::Latest,
    loaded_model::{LoadedModel, ModelSource},
    loader::{Folders, OpenDataset},
    prediction::predict_one,
    queue::EventSender,
    reader::read_sample,
    threads,
};
use crate::{
    data::{augment::AugmentationConfig, decode},
    format::counted,
    inspect::{
        InspectError, augmented, feature_maps::feature_maps, maximise, maximise::MaximiseConfig,
    },
    model::{Network, WeightSnapshot, network::Placement, spec::InputSpec},
    train::{checkpoint::Weights, run_folder},
    worker::Worker,
};

pub use maximise::Preview as MaximisePreview;

/// Asks for one layer's output.
#[derive(Debug, Clone)]
pub struct FeatureMapsRequest {
    /// The image.
    pub image: ImageSource,
    /// Position of the layer.
    pub layer: usize,
}

/// Asks for augmented versions of an image.
#[derive(Debug, Clone)]
pub struct AugmentRequest {
    /// The dataset.
    pub dataset: Arc<OpenDataset>,
    /// Index of the sample.
    pub sample: usize,
    /// The size and colours that the network gets.
    pub input: InputSpec,
    /// How it varies.
    pub config: AugmentationConfig,
    /// Decides what is drawn.
    pub seed: u64,
}

/// Asks for an image that excites a unit.
#[derive(Debug, Clone, Copy)]
pub struct MaximiseRequest {
    /// What and how.
    pub config: MaximiseConfig,
}

pub enum Command {
    /// One layer's output; superseded by a newer one that waits.
    FeatureMaps {
        context: JobContext,
        request: FeatureMapsRequest,
    },
    /// Augmented versions of an image; superseded by a newer one that waits.
    Augment {
        context: JobContext,
        request: AugmentRequest,
    },
    /// An image that excites a unit.
    Maximise {
        context: JobContext,
        request: MaximiseRequest,
    },
    /// Classify images in order; those on the web were fetched before.
    Predict {
        context: JobContext,
        /// An image that could not be fetched has the reason instead.
        images: Vec<Result<ImageSource, String>>,
    },
    /// Classify one part of a dataset.
    Evaluate {
        context: JobContext,
        request: EvaluateRequest,
    },
    /// Read a model file, or a run.
    Load {
        context: JobContext,
        path: PathBuf,
        remembered: Remembered,
    },
    /// Write the current model.
    Save { context: JobContext, path: PathBuf },
    /// Panics, to test that a panic is contained.
    #[cfg(test)]
    Panic { context: JobContext },
    /// Panics where nothing contains it, to test that a dead thread is told.
    #[cfg(test)]
    Die { context: JobContext },
}

impl Command {
    /// Whether nobody waits for this one any more once `newer` has come.
    fn is_superseded_by(&self, newer: &Self) -> bool {
        match self {
            Self::FeatureMaps { .. } => matches!(newer, Self::FeatureMaps { .. }),
            Self::Augment { .. } => matches!(newer, Self::Augment { .. }),
            _ => false,
        }
    }
}

pub fn spawn(
    jobs: Jobs,
    events: EventSender,
    model: Latest<LoadedModel>,
    folders: Folders,
) -> io::Result<Worker<Command>> {
    threads::start(
        ("inspector", "looks inside the model"),
        events,
        move |commands| {
            Inspector {
                jobs,
                model,
                folders,
                network: None,
                augmented: None,
            }
            .serve(&commands);
        },
    )
}

struct Inspector {
    jobs: Jobs,
    model: Latest<LoadedModel>,
    /// Where decoded images are kept, and weights to begin with.
    folders: Folders,
    /// The network built last and the model it is of.
    network: Option<(Arc<LoadedModel>, Network)>,
    /// The image augmented last, as the network gets it: sliders ask for the same one many times.
    augmented: Option<(AugmentedKey, Vec<u8>)>,
}

/// Dataset, sample, size.
type AugmentedKey = (JobId, usize, InputSpec);

impl Inspector {
    fn serve(&mut self, commands: &Receiver<Command>) {
        let mut waiting = VecDeque::new();
        while let Some(command) = waiting.pop_front().or_else(|| commands.recv().ok()) {
            waiting.extend(commands.try_iter());
            let newer = waiting.iter().any(|newer| command.is_superseded_by(newer));
            if newer
                && let Command::FeatureMaps { context, .. } | Command::Augment { context, .. } =
                    &command
            {
                context.cancel.cancel();
            }
            self.take_up(command);
        }
    }

    fn take_up(&mut self, command: Command) {
        let jobs = self.jobs.clone();
        match command {
            Command::FeatureMaps { context, request } => {
                job::run(&context, &jobs, || self.feature_maps(&context, &request));
            }
            Command::Augment { context, request } => {
                job::run(&context, &jobs, || self.augment(&context, &request));
            }
            Command::Maximise { context, request } => {
                job::run(&context, &jobs, || self.maximise(&context, request));
            }
            Command::Predict { context, images } => {
                job::run(&context, &jobs, || self.predict(&context, &images));
            }
            Command::Evaluate { context, request } => {
                job::run(&context, &jobs, || self.evaluate(&context, &request));
            }
            Command::Load {
                context,
                path,
                remembered,
            } => {
                job::run(&context, &jobs, || self.load(&context, &path, remembered));
            }
            Command::Save { context, path } => {
                job::run(&context, &jobs, || self.save(&context, path));
            }
            #[cfg(test)]
            Command::Panic { context } => {
                job::run(&context, &jobs, || panic!("on purpose"));
            }
            #[cfg(test)]
            Command::Die { context } => panic!("job {:?} kills its thread on purpose", context.id),
        }
    }

    fn current(&self) -> Result<Arc<LoadedModel>, JobError> {
        let model = self.model.get();
        model.ok_or_else(|| {
            JobError::Failed("there is no model yet: train one or open a model file".into())
        })
    }

    /// The network of the newest weights, built when they changed.
    fn network(&mut self) -> Result<(&Arc<LoadedModel>, &Network), JobError> {
        let model = self.current()?;
        if self
            .network
            .as_ref()
            .is_none_or(|(built, _)| !Arc::ptr_eq(built, &model))
        {
            let mut network = Network::from_snapshot(&model.snapshot, Placement::default())
                .map_err(|error| error.to_string())?;
            network.freeze();
            self.network = Some((model, network));
        }
        match &self.network {
            Some((model, network)) => Ok((model, network)),
            None => Err(JobError::Failed("the network could not be kept".into())),
        }
    }

    fn feature_maps(
        &mut self,
        context: &JobContext,
        request: &FeatureMapsRequest,
    ) -> Result<(), JobError> {
        let (model, network) = self.network()?;
        let rgb = network_input(&request.image.read(&context.cancel)?, network);
        let maps = feature_maps(network, model.snapshot.epoch, &rgb, request.layer)
            .map_err(inspect_error)?;
        context.events.send(Event::FeatureMapsReady {
            job: context.id,
            maps: Arc::new(maps),
        });
        Ok(())
    }

    fn augment(&mut self, context: &JobContext, request: &AugmentRequest) -> Result<(), JobError> {
        let AugmentRequest {
            dataset,
            sample,
            input,
            ..
        } = request;
        let key = (dataset.id, *sample, *input);
        let image = match self.augmented.take().filter(|(known, _)| *known == key) {
            Some((_, image)) => image,
            None => {
                let image = read_sample(dataset, *sample)?;
                decode::resized(&image, (input.height, input.width), input.resize).into_raw()
            }
        };
        let drawn = augmented::augmented(&image, input, &request.config, request.seed);
        self.augmented = Some((key, image));
        context.events.send(Event::AugmentationReady {
            job: context.id,
            augmented: Arc::new(drawn.map_err(inspect_error)?),
        });
        Ok(())
    }

    fn maximise(&mut self, context: &JobContext, request: MaximiseRequest) -> Result<(), JobError> {
        let (_, network) = self.network()?;
        let job = context.id;
        let preview = maximise::maximise(network, &request.config, |preview| {
            context.cancel.check()?;
            if context.due() {
                context.events.send(Event::MaximisePreview {
                    job,
                    preview: preview.clone(),
                });
            }
            Ok(())
        })
        .map_err(inspect_error)?;
        context.events.send(Event::Maximised { job, preview });
        Ok(())
    }

    fn predict(
        &mut self,
        context: &JobContext,
        images: &[Result<ImageSource, String>],
    ) -> Result<(), JobError> {
        let (model, network) = self.network()?;
        /// Failures that are told one by one.
        const MOST_TOLD: usize = 5;
        let mut failures = Vec::new();
        let mut failed = 0;
        for (index, source) in images.iter().enumerate() {
            context.cancel.check()?;
            let answer = match source {
                Ok(source) => predict_one(model, network, source, &context.cancel),
                Err(reason) => Err(JobError::Failed(reason.clone())),
            };
            match answer {
                Ok(prediction) => {
                    let prediction = Arc::new(prediction);
                    context.events.send(Event::Predicted {
                        job: context.id,
                        prediction,
                    });
                }
                Err(JobError::Cancelled) => return Err(JobError::Cancelled),
                Err(JobError::Failed(message)) => {
                    failed += 1;
                    if failures.len() < MOST_TOLD {
                        failures.push(message);
                    }
                }
            }
            context.progress(index + 1, images.len());
        }
        if failed == images.len()
            && let Some(first) = failures.first()
        {
            return Err(JobError::Failed(first.clone()));
        }
        if let Some(more) = failed.checked_sub(MOST_TOLD).filter(|more| *more > 0) {
            failures.push(format!(
                "{} more cannot be classified",
                counted(more, "image")
            ));
        }
        for message in failures {
            context.events.send(Event::Note {
                level: Level::Error,
                message,
            });
        }
        context
            .events
            .send(Event::PredictFinished { job: context.id });
        Ok(())
    }

    fn evaluate(
        &mut self,
        context: &JobContext,
        request: &EvaluateRequest,
    ) -> Result<(), JobError> {
        let cache = self.folders.cache.clone();
        let model = self.current()?;
        let (snapshot, run) = match &request.weights {
            EvaluatedWeights::Current => {
                let run = match &model.source {
                    ModelSource::File(path) => path.parent(),
                    ModelSource::Run(folder) => Some(folder.as_path()),
                };
                (Arc::clone(&model.snapshot), run)
            }
            EvaluatedWeights::Last(run) => {
                let WeightSnapshot { spec, classes, .. } = &*model.snapshot;
                let snapshot = run_folder::snapshot(run, Weights::Last, spec, classes)?;
                (Arc::new(snapshot), Some(run.as_path()))
            }
        };
        let weights = (&snapshot, &*model.answers);
        let division = (&model.split, run);
        let evaluation = evaluation::evaluate(context, &cache, request, division, weights)?;
        context.events.send(Event::EvaluationReady {
            job: context.id,
            evaluation,
        });
        Ok(())
    }

    fn load(
        &mut self,
        context: &JobContext,
        path: &Path,
        remembered: Remembered,
    ) -> Result<(), JobError> {
        let (model, run) = kept_run::load(context, &self.folders, path, remembered)?;
        self.model.set(Arc::clone(&model));
        context.events.send(Event::ModelLoaded {
            job: context.id,
            model,
            run,
        });
        Ok(())
    }

    fn save(&mut self, context: &JobContext, path: PathBuf) -> Result<(), JobError> {
        self.current()?.save(&path)?;
        context.events.send(Event::ModelSaved {
            job: context.id,
            path,
        });
        Ok(())
    }
}

pub fn network_input(image: &image::RgbImage, network: &Network) -> Vec<u8> {
    let input = network.spec().input;
    decode::resized(image, (input.height, input.width), input.resize).into_raw()
}

fn inspect_error(error: InspectError) -> JobError {
    match error {
        InspectError::Cancelled(_) => JobError::Cancelled,
        error => JobError::Failed(error.to_string()),
    }
}
