//! Opening things: by dialog, by path, by dropping them on the window.

use std::path::{Path, PathBuf};

use eframe::egui::Context;

use super::App;
use crate::{
    data::{dataset::SourceKind, download::looks_like_address, sources},
    engine::{ImageSource, Level, OpenRequest},
    resources,
    train::experiment::DatasetReference,
    ui::{dialogs::Purpose, files::FileTask, state::DataState},
};

impl App {
    pub(super) fn is_dataset(&self, path: &Path) -> bool {
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        !matches!(ending, "safetensors" | "ron") && !sources::folder::looks_like_image(path)
    }

    /// The kind is told from the name alone: the UI thread reads no files.
    pub(super) fn open_path(&mut self, path: PathBuf) {
        if let Some(text) = path.to_str().filter(|text| looks_like_address(text)) {
            self.predict(vec![ImageSource::typed(text)]);
        } else if self.is_dataset(&path) {
            self.open_dataset(OpenRequest::new(path));
        } else if path
            .extension()
            .is_some_and(|ending| ending == "safetensors")
        {
            self.load_model(path);
        } else if path.extension().is_some_and(|ending| ending == "ron") {
            self.load_experiment(path);
        } else {
            self.predict(vec![ImageSource::File(path)]);
        }
    }

    pub(super) fn open_dataset(&mut self, request: OpenRequest) {
        if self.is_training("another dataset") {
            return;
        }
        let previous = match std::mem::take(&mut self.state.data) {
            DataState::Opening { job, previous, .. } => {
                self.engine.cancel(job);
                previous
            }
            DataState::Open(open) => Some(open),
            DataState::Empty | DataState::Failed { .. } => None,
        };
        let path = request.path.clone();
        let job = self.engine.open_dataset(request);
        self.state.data = DataState::Opening {
            job,
            path,
            previous,
        };
    }

    /// Opens the dataset again as another kind of source.
    pub(super) fn read_as(&mut self, kind: SourceKind) {
        if let Some(open) = self.state.open_dataset() {
            self.open_dataset(OpenRequest {
                kind: Some(kind),
                ..OpenRequest::new(&open.dataset.opened)
            });
        }
    }

    /// Whether a run goes on, which must not have its data or model exchanged; says so.
    pub(super) fn is_training(&mut self, what: &str) -> bool {
        let running = self.state.training.is_running();
        if running {
            let words = format!("Stop the training before you open {what}");
            self.state.note(Level::Warning, words);
        }
        running
    }

    pub(super) fn load_model(&mut self, path: PathBuf) {
        if !self.is_training("a model") {
            self.engine.load_model(path);
        }
    }

    /// The experiment gets the layers of the model in hand, and its division.
    pub(super) fn take_network(&mut self) {
        if self.is_training("other layers") {
            return;
        }
        if let Some(model) = self.state.model.clone() {
            self.state.show_network_of((*model.snapshot.spec).clone());
            self.state.experiment.split = model.split;
        }
    }

    pub(super) fn open_dataset_of_model(&mut self) {
        let Some(experiment) = self.state.experiment_of_model().cloned() else {
            return;
        };
        self.open_dataset(OpenRequest {
            kind: experiment.dataset.kind,
            ..OpenRequest::new(&experiment.dataset.path)
        });
    }

    pub(super) fn load_experiment(&mut self, path: PathBuf) {
        if !self.is_training("an experiment") {
            let open = self.own_dataset();
            self.engine.load_experiment(path, open);
        }
    }

    /// The dataset that is open, unless it ships with the program: then nobody chose it, or it is soon found again.
    fn own_dataset(&self) -> Option<DatasetReference> {
        let dataset = self.state.dataset()?;
        (!resources::is_bundled(&dataset.opened)).then(|| DatasetReference {
            path: dataset.opened.clone(),
            kind: Some(dataset.kind),
            stand_in: None,
        })
    }

    pub(super) fn open_bundled(&mut self, name: &str) {
        match resources::find(format!("datasets/{name}")) {
            Some(path) => self.open_dataset(OpenRequest::new(path)),
            None => self.state.note(
                Level::Error,
                format!("The bundled dataset datasets/{name} is missing: put it beside the program, or open another"),
            ),
        }
    }

    pub(super) fn take_drops(&mut self, context: &Context) {
        let paths: Vec<PathBuf> = context.input(|input| {
            input
                .raw
                .dropped_files
                .iter()
                .map(|file| file.path().to_path_buf())
                .collect()
        });
        let (images, others): (Vec<_>, Vec<_>) = paths
            .into_iter()
            .partition(|path| sources::folder::looks_like_image(path));
        if !images.is_empty() {
            self.predict(images.into_iter().map(ImageSource::File).collect());
        }
        for path in others {
            self.open_path(path);
        }
    }

    pub(super) fn take_picked(&mut self, context: &Context) {
        let Some((purpose, paths)) = self.picker.poll(context) else {
            return;
        };
        if purpose == Purpose::ChooseImages && !paths.is_empty() {
            self.predict(paths.into_iter().map(ImageSource::File).collect());
            return;
        }
        let Some(path) = paths.into_iter().next() else {
            return;
        };
        match purpose {
            Purpose::SaveModel => {
                self.engine.save_model(path);
            }
            Purpose::SavePicture => {
                if let Some(picture) = self.picture_to_save.take() {
                    self.files.send(FileTask::Picture(picture, path));
                }
            }
            Purpose::OpenDataset | Purpose::OpenDatasetFile => {
                self.open_dataset(OpenRequest::new(path));
            }
            Purpose::ExportEdits => {
                if let Some(edits) = self.state.wanted_edits() {
                    self.files.send(FileTask::Edits(edits.clone(), path));
                }
            }
            Purpose::ExportPredictions => {
                let open = self.state.open_dataset();
                if let (Some(evaluation), Some(open)) = (&self.state.evaluation, open) {
                    self.files.send(FileTask::Predictions(
                        evaluation.clone(),
                        open.dataset.clone(),
                        path,
                    ));
                }
            }
            Purpose::ImportLayers => self.import_layers(path),
            Purpose::ExportLayers => {
                let spec = Box::new(self.state.experiment.model.clone());
                self.files.send(FileTask::Layers(spec, path));
            }
            Purpose::SaveExperiment => {
                let experiment = Box::new(self.state.experiment.clone());
                self.files.send(FileTask::Experiment(experiment, path));
            }
            Purpose::ChooseWeights => self.choose_weights(path),
            Purpose::SaveHistory => self.save_history(path, false),
            Purpose::SaveCurves => self.save_history(path, true),
            Purpose::OpenModel => self.load_model(path),
            Purpose::OpenExperiment => self.load_experiment(path),
            Purpose::ChooseImages => {}
        }
    }
}
