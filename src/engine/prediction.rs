//! What the network says about images.

use std::{marker::PhantomData, sync::Arc};

use super::{
    answer::Kind,
    events::Level,
    image_source::ImageSource,
    inspector::Inspector,
    job::{JobContext, JobError},
    loaded_model::{LoadedModel, ModelSource},
    reader::reduced,
    task::Task,
};
use crate::{
    cancel::CancelToken,
    data::{Picture, decode},
    format::counted,
    inspect::{Slow, Speed, predict},
    model::{Network, spec::Head},
};

/// What the network says about an image.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// Path or name of the image.
    pub name: String,
    /// The image, to be looked at again.
    pub source: ImageSource,
    /// The model that says it.
    pub model: ModelSource,
    /// The image, at most 512 pixels a side.
    pub picture: Arc<Picture>,
    /// Names in the order of the values below.
    pub classes: Arc<[String]>,
    /// Class that the model's head takes.
    pub class: usize,
    /// 0..1, one per class.
    pub probabilities: Vec<f32>,
    /// One per class, or the one of a sigmoid.
    pub logits: Vec<f32>,
    /// How the model goes from probabilities to a class.
    pub head: Head,
    /// Epochs the weights had been trained for.
    pub epoch: usize,
}

/// Longest side of the picture that comes with a prediction.
const PREDICTION_SIDE: u32 = 512;

/// Classifies images, in order; those of one or two should not wait for those of thousands ([`crate::inspect::Quick`]).
#[derive(Debug, Clone)]
pub struct Predict<S = Slow> {
    /// The images.
    pub images: Vec<ImageSource>,
    /// Somebody looks at the images beside the answers.
    with_pictures: bool,
    speed: PhantomData<S>,
}

impl<S> Predict<S> {
    /// Asks about `images`.
    pub fn new(images: Vec<ImageSource>) -> Self {
        Self {
            images,
            with_pictures: true,
            speed: PhantomData,
        }
    }

    /// The same, of which nobody looks at pictures and every failure is told with its image.
    pub fn in_words(images: Vec<ImageSource>) -> Self {
        Self {
            with_pictures: false,
            ..Self::new(images)
        }
    }
}

/// What became of one of many images.
#[derive(Debug, Clone)]
pub struct Predicted {
    /// Its position among them.
    pub index: usize,
    /// What the network says, or why the image cannot be read.
    pub answer: Result<Arc<Prediction>, String>,
}

/// Failures that are told one by one.
const MOST_TOLD: usize = 5;

impl<S: Speed> Task for Predict<S> {
    type Answer = ();
    type Partial = Predicted;
    const EACH_COUNTS: bool = true;
    const KIND: Kind = Kind::new("classify the image").brief();
    type Lane = Inspector<S>;

    fn run(&self, lane: &mut Self::Lane, context: &JobContext) -> Result<(), JobError> {
        let (model, network) = lane.network()?;
        let mut failures = Vec::new();
        let mut failed = 0;
        for (index, source) in self.images.iter().enumerate() {
            context.cancel.check()?;
            let answer = match self.predict_one((model, network), source, &context.cancel) {
                Err(JobError::Cancelled) => return Err(JobError::Cancelled),
                Err(JobError::Failed(reason)) => {
                    failed += 1;
                    if failures.len() < MOST_TOLD {
                        failures.push(source.named(&reason));
                    }
                    Err(reason)
                }
                Ok(prediction) => Ok(Arc::new(prediction)),
            };
            context.partial::<Self>(Predicted { index, answer });
            context.progress(index + 1, self.images.len());
        }
        if failed == self.images.len()
            && let Some(first) = failures.first()
        {
            return Err(JobError::Failed(first.clone()));
        }
        if let Some(more) = failed.checked_sub(MOST_TOLD).filter(|more| *more > 0) {
            let more = counted(more, "image");
            failures.push(format!("{more} more cannot be classified"));
        }
        for message in failures.into_iter().filter(|_| self.with_pictures) {
            context.note(Level::Error, message);
        }
        Ok(())
    }

    fn lighter(part: &Predicted) -> Option<Predicted> {
        let answer = part.answer.as_ref().ok();
        let answer = answer.filter(|answer| !answer.picture.rgb.is_empty())?;
        let picture = Arc::new(Picture::filled(0, 0, [0; 3]));
        Some(Predicted {
            index: part.index,
            answer: Ok(Arc::new(Prediction {
                picture,
                ..Prediction::clone(answer)
            })),
        })
    }

    fn is_on_the_web(&self) -> bool {
        self.images.iter().any(ImageSource::is_on_the_web)
    }

    fn fetched(&self, cancel: &CancelToken) -> Result<Self, JobError> {
        let images = self.images.iter().map(|image| image.fetched(cancel));
        Ok(Self {
            images: images.collect::<Result<_, _>>()?,
            ..*self
        })
    }
}

impl<S> Predict<S> {
    /// What the network says about one image; why it cannot be read, without its name.
    fn predict_one(
        &self,
        (model, network): (&LoadedModel, &Network),
        source: &ImageSource,
        cancel: &CancelToken,
    ) -> Result<Prediction, JobError> {
        let image = source.read_unnamed(cancel)?;
        let input = network.spec().input;
        let rgb = decode::resized(&image, (input.height, input.width), input.resize).into_raw();
        let answer = predict::predict(network, &rgb)?;
        let snapshot = &model.snapshot;
        Ok(Prediction {
            name: source.name(),
            source: source.clone(),
            model: model.source.clone(),
            picture: Arc::new(if self.with_pictures {
                reduced(image.into(), PREDICTION_SIDE)
            } else {
                Picture::filled(0, 0, [0; 3])
            }),
            classes: Arc::clone(&snapshot.classes),
            class: answer.class,
            probabilities: answer.probabilities,
            logits: answer.logits,
            head: network.spec().head,
            epoch: snapshot.epoch,
        })
    }
}
