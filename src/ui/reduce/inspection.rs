//! What is said about images and models changes.

use super::{
    super::{ownership::Judged, training::Training},
    *,
};
use crate::{
    engine::{EvaluateRequest, LoadModel, Predict, Predicted, Save, Slot, no_part},
    inspect::Speed,
};

impl<S: Speed> Asked for Predict<S> {
    const EACH: bool = true;

    fn partial(state: &mut AppState, job: JobId, asked: &Self, part: &Arc<Predicted>) {
        if let Ok(prediction) = &part.answer {
            state.predicted(job, asked.images.len(), Arc::clone(prediction));
        }
    }

    fn done(state: &mut AppState, _: JobId, asked: &Self, _: &Arc<()>) {
        let images = asked.images.len();
        if images > MOST_TOLD {
            let words = format!("Looked at {}", counted(images, "image"));
            state.note(Level::Info, words);
        }
        state.predict.failed = None;
    }

    fn ended(state: &mut AppState, _: JobId, _: &Self, reason: Option<&str>) {
        state.predict.failed = reason.map(could_not::<Self>);
    }
}

impl Asked for EvaluateRequest {
    fn done(state: &mut AppState, _: JobId, request: &Self, evaluated: &Arc<Self::Answer>) {
        match (&evaluated.evaluation, request.part) {
            (Some(evaluation), _) => {
                state.forget::<Self>();
                state.judged = state.judged_in_hand();
                state.show_evaluation(Arc::clone(evaluation));
            }
            (None, part) => {
                let message = part.map(|part| could_not::<Self>(&no_part(part)));
                state.note(Level::Error, message.clone().unwrap_or_default());
                state.with_slot(|slot: &mut Slot<Self>| slot.end_with(message, None));
            }
        }
    }
}

impl Asked for LoadModel {
    const EACH: bool = true;

    fn done(state: &mut AppState, _: JobId, _: &Self, read: &Arc<Self::Answer>) {
        state.forget::<Self>();
        state.model_loaded(&read.model, read.run.as_deref());
    }
}

impl Asked for Save {
    const EACH: bool = true;

    fn done(state: &mut AppState, _: JobId, Self { what, path, .. }: &Self, _: &Arc<()>) {
        // What was saved is large and of no use any more.
        state.forget::<Self>();
        state.saved(what, path);
    }

    fn ended(state: &mut AppState, _: JobId, request: &Self, reason: Option<&str>) {
        state.forget::<Self>();
        if let Some(reason) = reason {
            let (what, path) = (request.what, display_path(&request.path));
            let words = format!("The {what} cannot be written to {path}: {reason}");
            state.note(Level::Error, words);
        }
    }
}

impl AppState {
    /// A model is in hand now, and of a run everything that it recorded. The experiment stays as it is.
    fn model_loaded(&mut self, model: &Arc<LoadedModel>, run: Option<&KeptRun>) {
        // The same file may hold another model now.
        self.forget_evaluation();
        self.forget_looks();
        self.adopt_model(Some(Arc::clone(model)));
        if let Some(run) = run.filter(|_| !self.training.is_running()) {
            self.training = Training::of_kept(run);
        }
        let classes = listed(&model.snapshot.classes);
        let name = self.model_name(&model.source);
        self.note(Level::Info, format!("Loaded a model of {classes}: {name}"));
    }

    /// The model in hand has judged images of the open dataset.
    fn judged_in_hand(&self) -> Option<Judged> {
        let (model, dataset) = (self.model.as_ref()?, self.dataset()?);
        Some(Judged {
            model: model.source.clone(),
            classes: Arc::clone(&model.snapshot.classes),
            dataset: dataset.name.clone(),
        })
    }

    fn predicted(&mut self, job: JobId, images: usize, prediction: Arc<Prediction>) {
        let probability = prediction
            .probabilities
            .get(prediction.class)
            .copied()
            .unwrap_or_default();
        let class = prediction
            .classes
            .get(prediction.class)
            .map_or("", String::as_str);
        let said = Said {
            name: prediction.name.clone(),
            class: class.to_owned(),
            probability,
        };
        if images <= MOST_TOLD {
            let share = percent(f64::from(probability));
            self.note(Level::Info, format!("{}: {class} {share}", said.name));
        }
        if self.predict.said.len() < MOST_SAID {
            self.predict.said.push(said);
        }
        if self.predict.to_select.take_if(|its| *its == job).is_some() {
            self.select(self.selection.with_image(prediction.source.clone()));
        }
        self.predict.answers.insert(0, prediction);
        self.predict.answers.truncate(MOST_ANSWERS);
        self.predict.failed = None;
    }
}
