//! What events of the inspector change.

use super::*;

impl AppState {
    /// Events of the inspector.
    pub(super) fn apply_inspection(&mut self, event: Event) {
        match event {
            Event::FeatureMapsReady { job, maps } => {
                self.jobs.remove(&job);
                if self.maps.job == Some(job) {
                    self.maps = MapsState {
                        job: None,
                        maps: Some(maps),
                        failed: None,
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
                    self.show_evaluation(evaluation);
                }
            }
            Event::ModelLoaded { job, model } => {
                self.jobs.remove(&job);
                self.model_loaded(&model);
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

    fn model_loaded(&mut self, model: &LoadedModel) {
        self.show_network_of((*model.snapshot.spec).clone());
        self.experiment.split = model.split;
        self.evaluation = None;
        self.threshold = None;
        self.maps = MapsState::default();
        let classes = listed(&model.snapshot.classes);
        self.note(
            Level::Info,
            format!("Loaded a model of {classes}; its layers are in the Model step"),
        );
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
            self.predict.answers.insert(0, prediction);
            self.predict.answers.truncate(MOST_ANSWERS);
            self.predict.failed = None;
        }
    }
}
