//! What events of the inspector change.

use super::{
    super::{ownership::Judged, training::Training},
    *,
};

impl AppState {
    /// Events of the inspector.
    pub(super) fn apply_inspection(&mut self, event: Event) {
        match event {
            Event::FeatureMapsReady { job, maps } => {
                self.jobs.remove(&job);
                if self.maps.job == Some(job) {
                    self.maps = MapsState {
                        maps: Some(maps),
                        of: self.maps.asked.take(),
                        ..MapsState::default()
                    };
                }
            }
            Event::MaximisePreview { job, preview } if self.maximise.job == Some(job) => {
                self.maximise.preview = Some(Arc::new(preview));
            }
            Event::Maximised { job, preview } => {
                self.jobs.remove(&job);
                if self.maximise.job == Some(job) {
                    self.maximise = MaximiseState {
                        job: None,
                        preview: Some(Arc::new(preview)),
                        failed: None,
                        ..self.maximise
                    };
                }
            }
            Event::Predicted { job, prediction } => self.predicted(job, prediction),
            Event::PredictFinished { job } => {
                let images = self.predict.jobs.get(&job).copied().unwrap_or_default();
                if images > MOST_TOLD {
                    let words = format!("Looked at {}", counted(images, "image"));
                    self.note(Level::Info, words);
                }
                self.end(job, JobKind::Predict, None);
            }
            Event::EvaluationReady { job, evaluation } => {
                self.jobs.remove(&job);
                if self.evaluation_job == Some(job) {
                    self.evaluation_job = None;
                    self.evaluation_failed = None;
                    self.judged = self.judged_in_hand();
                    self.show_evaluation(evaluation);
                }
            }
            Event::ModelLoaded { job, model, run } => {
                self.jobs.remove(&job);
                self.model_loaded(&model, run.as_deref());
            }
            Event::ModelSaved { job, path } => {
                self.jobs.remove(&job);
                self.saved("the model", path);
            }
            Event::Examined { job, .. }
            | Event::AugmentationReady { job, .. }
            | Event::ChannelsMeasured { job, .. } => {
                self.jobs.remove(&job);
                self.tools.apply(event);
            }
            // What is left belongs to jobs that are no longer current.
            _ => {}
        }
    }

    /// A model is in hand now, and of a run everything that it recorded. The experiment stays as it is.
    fn model_loaded(&mut self, model: &Arc<LoadedModel>, run: Option<&KeptRun>) {
        // The same file may hold another model now.
        self.forget_evaluation();
        self.forget_pictures();
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

    fn predicted(&mut self, job: JobId, prediction: Arc<Prediction>) {
        if self.says.job == Some(job) {
            self.says = SaysState {
                job: None,
                answer: Some(prediction),
            };
        } else if let Some(images) = self.predict.jobs.get(&job).copied() {
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
                self.select(self.selection.with_image(&prediction));
            }
            self.predict.answers.insert(0, prediction);
            self.predict.answers.truncate(MOST_ANSWERS);
            self.predict.failed = None;
        }
    }
}
