//! The two lanes that look inside the model, without touching the trainer's: each rebuilds the network of the newest weights.
//! Quick looks never wait for slow ones.

use std::{cell::OnceCell, convert::Infallible, marker::PhantomData, path::PathBuf, sync::Arc};

use super::{
    answer::Kind,
    folders::Folders,
    image_source::ImageSource,
    job::{JobContext, JobError, failed},
    kept_run::{self, KeptRun},
    latest::Latest,
    loaded_model::LoadedModel,
    open_dataset::{OpenDataset, no_part, pixels, samples},
    task::{LaneState, Task},
};
use crate::{
    cancel::CancelToken,
    data::{SplitConfig, SplitName},
    inspect::{self, InspectError, Inspection, Looking, NO_MODEL, Part, Slow, Speed},
    model::Network,
};

/// What such a lane keeps.
pub struct Inspector<S> {
    /// The model that is looked into: the newest.
    pub model: Latest<LoadedModel>,
    /// Where decoded images are kept, and weights to begin with.
    pub folders: Folders,
    /// The model that was looked into last, and its network once somebody wanted it.
    built: Option<(Arc<LoadedModel>, OnceCell<Network>)>,
    /// The image that was looked at last: of one that is looked at there are many requests.
    image: Option<(ImageSource, image::RgbImage)>,
    speed: PhantomData<S>,
}

impl<S: Speed> LaneState for Inspector<S> {}

impl<S: Speed> Inspector<S> {
    /// Nothing was looked at.
    pub fn new(model: Latest<LoadedModel>, folders: Folders) -> Self {
        Self {
            model,
            folders,
            built: None,
            image: None,
            speed: PhantomData,
        }
    }

    /// The newest model.
    pub fn current(&self) -> Result<Arc<LoadedModel>, JobError> {
        self.model.get().ok_or_else(|| failed(NO_MODEL))
    }

    /// Makes the newest model the one that is looked into.
    fn renew(&mut self) {
        let newest = self.model.get();
        let built = self.built.as_ref().map(|(model, _)| Arc::as_ptr(model));
        if built != newest.as_ref().map(Arc::as_ptr) {
            self.built = newest.map(|model| (model, OnceCell::new()));
        }
    }

    /// The newest model and its network.
    pub fn network(&mut self) -> Result<(&LoadedModel, &Network), JobError> {
        self.renew();
        let built = self.built.as_ref();
        let (model, network) = built.ok_or_else(|| failed(NO_MODEL))?;
        Ok((model, inspect::built(&model.snapshot, network)?))
    }

    /// Lets `look` see the newest model and what it is `at`.
    fn look<R>(
        &mut self,
        at: &At,
        context: &JobContext,
        look: impl FnOnce(&Looking<'_, ()>) -> Result<R, JobError>,
    ) -> Result<R, JobError> {
        self.renew();
        let nothing = OnceCell::new();
        let (model, network) = match &self.built {
            Some((model, network)) => (Some(&**model), network),
            None => (None, &nothing),
        };
        let progress = |done, total| context.progress(done, total);
        let is_due = || context.due();
        let mut looking = Looking {
            snapshot: model.map(|model| &*model.snapshot),
            network,
            image: None,
            part: None,
            cancel: &context.cancel,
            progress: &progress,
            is_due: &is_due,
            tell: &|()| {},
        };
        match at {
            At::Nothing => look(&looking),
            At::Image(source) => {
                let known = self.image.take();
                let known =
                    known.filter(|(known, _)| known.is_unchanging() && known.is_same(source));
                let known = match known {
                    Some(known) => known,
                    None => (source.clone(), source.read(&context.cancel)?),
                };
                let (_, image) = self.image.insert(known);
                looking.image = Some(image);
                look(&looking)
            }
            At::Part(open, part) => {
                let format = looking.snapshot()?.spec.input.format();
                let cache = &self.folders.cache;
                let split = model.map_or_else(SplitConfig::default, |model| model.split);
                let run = model.and_then(|model| model.source.run());
                let (dataset, pixels) = pixels(context, cache, open, format)?;
                let samples = samples(&dataset, *part, &split, run)?;
                if let Some(part) = part.filter(|_| samples.is_empty()) {
                    return Err(JobError::Failed(no_part(part)));
                }
                looking.part = Some(Part {
                    dataset: &dataset,
                    pixels: &pixels,
                    samples: &samples,
                });
                look(&looking)
            }
        }
    }
}

/// What an inspection looks at.
#[derive(Debug, Clone)]
pub enum At {
    /// The weights alone.
    Nothing,
    /// One image.
    Image(ImageSource),
    /// A part of a dataset, or all of it, divided as the model's run divided it.
    Part(Arc<OpenDataset>, Option<SplitName>),
}

/// Asks for an inspection.
#[derive(Debug, Clone)]
pub struct Inspect<I> {
    /// What to find out.
    pub what: I,
    /// What to look at.
    pub at: At,
}

impl<I> Inspect<I> {
    /// `what` of one image.
    pub fn image(what: I, image: ImageSource) -> Self {
        let at = At::Image(image);
        Self { what, at }
    }

    /// `what` of the weights alone.
    pub fn weights(what: I) -> Self {
        let at = At::Nothing;
        Self { what, at }
    }

    /// The image that is looked at.
    pub fn image_source(&self) -> Option<&ImageSource> {
        match &self.at {
            At::Image(image) => Some(image),
            At::Nothing | At::Part(..) => None,
        }
    }
}

impl<I: Inspection> Task for Inspect<I> {
    type Answer = I::Answer;
    type Partial = I::Partial;
    const KIND: Kind = if I::Speed::IS_SLOW {
        Kind::new(I::WORDS).newest_wins().heavy()
    } else {
        Kind::new(I::WORDS).newest_wins().brief().quiet()
    };
    type Lane = Inspector<I::Speed>;

    fn run(&self, lane: &mut Self::Lane, context: &JobContext) -> Result<I::Answer, JobError> {
        let tell = |partial| context.partial::<Self>(partial);
        lane.look(&self.at, context, |looking| {
            Ok(self.what.run(&looking.telling(&tell))?)
        })
    }

    fn is_on_the_web(&self) -> bool {
        self.image_source().is_some_and(ImageSource::is_on_the_web)
    }

    fn fetched(&self, cancel: &CancelToken) -> Result<Self, JobError> {
        let at = match &self.at {
            At::Image(image) => At::Image(image.fetched(cancel)?),
            at => at.clone(),
        };
        let what = self.what.clone();
        Ok(Self { what, at })
    }
}

impl From<InspectError> for JobError {
    fn from(error: InspectError) -> Self {
        match error {
            InspectError::Cancelled(cancelled) => cancelled.into(),
            error => failed(error),
        }
    }
}

/// Reads a model file, or the model of a run's folder with all that the run recorded, checks it with its self-test and makes
/// it the current model.
#[derive(Debug, Clone)]
pub struct LoadModel {
    /// The file or folder.
    pub path: PathBuf,
    /// Whether it is the one that was in hand last time: that it is gone is then only said.
    pub remembered: bool,
}

/// A model that was read.
#[derive(Debug, Clone)]
pub struct ReadModel {
    /// The model and where it came from.
    pub model: Arc<LoadedModel>,
    /// What the run that it came from recorded; `None` for a file that lies in no run.
    pub run: Option<Arc<KeptRun>>,
}

impl Task for LoadModel {
    type Answer = ReadModel;
    type Partial = Infallible;
    const KIND: Kind = Kind::new("load the model");
    type Lane = Inspector<Slow>;

    fn run(&self, lane: &mut Self::Lane, context: &JobContext) -> Result<ReadModel, JobError> {
        let (model, run) = kept_run::load(context, &lane.folders, &self.path, self.remembered)?;
        lane.model.set(Arc::clone(&model));
        Ok(ReadModel { model, run })
    }
}
