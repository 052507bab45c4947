//! What the trainer does before a run: looking for a learning rate, and estimating how long a run will take and
//! whether it fits into memory.

use std::{
    convert::Infallible,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::{
    answer::Kind,
    beginning::memory_fit,
    job::{JobContext, JobError, failed},
    open_dataset::{OpenDataset, pixels},
    task::Task,
    trainer::Trainer,
};
use crate::{
    data::Split,
    model::weights::initial,
    train::{
        Experiment,
        estimate::{self, Images, TimeEstimate},
        fit::Data,
        lr_finder::{self, RangeTest, RateCurve},
        memory::Fit,
    },
};

/// Asks for a learning rate for one phase of an experiment.
#[derive(Debug, Clone)]
pub struct FindRateRequest {
    /// What would be trained and how.
    pub experiment: Experiment,
    /// On what.
    pub dataset: Arc<OpenDataset>,
    /// Position of the phase, from 0.
    pub phase: usize,
}

/// Asks how long a run would take.
#[derive(Debug, Clone)]
pub struct EstimateRequest {
    /// What would be trained and how.
    pub experiment: Experiment,
    /// On how many images.
    pub images: Images,
}

/// What a run would take. Plain data.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Forecast {
    /// Time; `None` when it does not fit into memory.
    pub time: Option<TimeEstimate>,
    /// Why it does not fit into memory, or hardly, in a sentence.
    pub memory: Option<String>,
}

impl Task for FindRateRequest {
    /// Losses by rate, and a suggestion.
    type Answer = RateCurve;
    /// That of the steps so far.
    type Partial = RateCurve;
    const KIND: Kind = Kind::new("look for a learning rate").heavy().newest_wins();
    type Lane = Trainer;

    /// Tests rising rates on a network that is thrown away, after the run that goes on.
    fn run(&self, lane: &mut Trainer, context: &JobContext) -> Result<RateCurve, JobError> {
        let folders = &lane.folders;
        let Self {
            experiment,
            dataset: open,
            phase,
        } = self;
        if let Fit::Not(words) = memory_fit(experiment, Images::default())? {
            return Err(JobError::Failed(words));
        }
        let format = experiment.model.input.format();
        let (dataset, pixels) = pixels(context, &folders.cache, open, format)?;
        let split = Split::new(&dataset, &experiment.split).map_err(failed)?;
        let data = Data {
            dataset: &dataset,
            pixels: &pixels,
            split: &split,
            augmentation: &experiment.augmentation,
        };
        let (spec, config) = (&experiment.model, &experiment.training);
        let done = |test: &RangeTest| {
            if context.due() {
                context.tell_progress(test.steps(), lr_finder::STEPS);
                context.partial::<Self>(test.curve());
            }
        };
        let initial = initial::arrays(spec, &folders.weights).map_err(failed)?;
        let tested = (config, *phase);
        let curve = lr_finder::find_rate(
            spec,
            tested,
            &data,
            &initial.arrays,
            &folders.choices(),
            &context.cancel,
            done,
        );
        Ok(curve?)
    }
}

/// While settings are being changed every value asks again: only one that stays this long is worth an answer.
const SETTLED: Duration = Duration::from_millis(400);
/// How long it sleeps before it looks whether a newer request has come.
const LOOK: Duration = Duration::from_millis(20);

impl Task for EstimateRequest {
    type Answer = Forecast;
    type Partial = Infallible;
    // What is wrong is said when Train is pressed.
    const KIND: Kind = Kind::new("estimate the time").brief().quiet().newest_wins();
    type Lane = Trainer;

    /// Times a few steps on made-up images, after a moment in which a newer request may come.
    fn run(&self, lane: &mut Trainer, context: &JobContext) -> Result<Forecast, JobError> {
        let folders = &lane.folders;
        let asked = Instant::now();
        while asked.elapsed() < SETTLED {
            context.cancel.check()?;
            thread::sleep(LOOK);
        }
        let Self { experiment, images } = self;
        let fit = memory_fit(experiment, *images)?;
        let time = match fit {
            Fit::Not(_) => None,
            _ => {
                let estimate = estimate::estimate(
                    &experiment.model,
                    &experiment.training,
                    &experiment.augmentation,
                    *images,
                    (fit.feature_bytes(), &folders.choices()),
                    &context.cancel,
                );
                Some(estimate?)
            }
        };
        let memory = match fit {
            Fit::Not(words) | Fit::Nearly(words) | Fit::WithoutFeatures(words) => Some(words),
            Fit::Well => None,
        };
        Ok(Forecast { time, memory })
    }
}
