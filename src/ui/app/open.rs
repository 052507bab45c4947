//! Opening things: by dialog, by path, by dropping them on the window.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use eframe::egui::Context;

use super::App;
use crate::{
    data::{Edits, dataset::SourceKind, download::looks_like_address},
    engine::{
        Found, ImageSource, Level, LoadExperiment, LoadModel, Look, OpenRequest, Prepare, Thing,
    },
    file_address, resources,
    train::experiment::DatasetReference,
    ui::{
        arrivals::{Hovering, Question, short},
        design::{Chosen, DesignAction},
        dialogs::Purpose,
        history::Part,
        state::{AppState, DataState},
        workspace::Step,
    },
};

impl App {
    /// Opens what was typed: an address on the web, or a path.
    pub(super) fn open_path(&mut self, path: PathBuf) {
        match path.to_str().filter(|text| looks_like_address(text)) {
            Some(text) => self.predict(vec![ImageSource::typed(text)]),
            None => self.open_paths(vec![file_address::to_path(path)]),
        }
    }

    /// Has `paths` looked at; what they are decides what becomes of them.
    pub(super) fn open_paths(&mut self, paths: Vec<PathBuf>) {
        let job = self.state.ask(&self.engine, Look(paths));
        self.state.arrivals.looking.insert(job);
    }

    /// What was handed over is known now.
    pub(super) fn take(&mut self, found: &[Found]) {
        let mut images = Vec::new();
        let mut unknown = Vec::new();
        // There is one dataset and one model: the first that comes.
        let (mut dataset, mut model): (Option<PathBuf>, Option<PathBuf>) = (None, None);
        for (path, thing) in found {
            let taken = match thing {
                Thing::Dataset => Some(&mut dataset),
                Thing::Model | Thing::Run => Some(&mut model),
                _ => None,
            };
            if let Some(taken) = taken {
                if let Some(first) = taken {
                    let (left, first) = (short(path), short(first));
                    unknown.push(format!("{left} was left out: {first} is opened already"));
                    continue;
                }
                *taken = Some(path.clone());
            }
            match thing {
                Thing::Image => images.push(ImageSource::File(path.clone())),
                Thing::Unknown(sentence) => unknown.push(sentence.clone()),
                thing => self.take_one(path, thing),
            }
        }
        // After a model that came with them: it is the one to ask.
        if !images.is_empty() {
            self.predict(images);
        }
        if let Some(words) = AppState::sentence_for_unknown(&unknown, found.len()) {
            self.state.note(Level::Warning, words);
        }
    }

    fn take_one(&mut self, path: &Path, thing: &Thing) {
        match thing {
            Thing::Dataset => {
                self.settings.step = Step::Data;
                self.ask_to_open(OpenRequest::new(path));
            }
            Thing::Model | Thing::Run => self.load_model(path.to_path_buf()),
            Thing::Weights => self.give_weights(path),
            Thing::Experiment => self.load_experiment(path.to_path_buf()),
            Thing::Layers => self.import_layers(path.to_path_buf()),
            Thing::Photos(photos) => {
                let question = Question::Photos(path.to_path_buf(), Arc::clone(photos));
                self.state.arrivals.question = Some(question);
            }
            Thing::Edits(edits) if self.state.dataset().is_some() => {
                self.replace_edits(Edits::clone(edits));
            }
            Thing::Edits(_) => {
                let words = self.state.promise_thing(path, thing);
                self.state.note(Level::Warning, words);
            }
            Thing::Image | Thing::Unknown(_) => {}
        }
    }

    /// Weights that others trained go to the backbone that can begin with them.
    fn give_weights(&mut self, path: &Path) {
        if self.is_training("weights") {
            return;
        }
        let Some((at, network)) = self.state.backbone_for_weights() else {
            self.state.note(Level::Warning, AppState::no_backbone(path));
            return;
        };
        let words = format!("{network} begins with the weights of {}", short(path));
        let chosen = DesignAction::Choose(Some(Chosen::Layer(at)));
        self.state.apply_design(chosen);
        self.choose_weights(path.to_path_buf());
        self.settings.step = Step::Model;
        self.state.note(Level::Info, words);
    }

    /// Opens a dataset; asks first when changes to the open one could then no longer be taken back.
    pub(super) fn ask_to_open(&mut self, request: OpenRequest) {
        let (has_changes, _) = self.state.can_undo_redo_edits();
        if has_changes && !self.state.training.is_running() {
            self.state.arrivals.question = Some(Question::Replace(request));
        } else {
            self.open_dataset(request);
        }
    }

    /// What was asked about is to be done, or not.
    pub(super) fn answer(&mut self, yes: bool) {
        match self.state.arrivals.question.take().filter(|_| yes) {
            Some(Question::Replace(request)) => self.open_dataset(request),
            Some(Question::Photos(_, photos)) => {
                let images = photos.iter().cloned().map(ImageSource::File);
                self.predict(images.collect());
            }
            None => {}
        }
    }

    /// Has what is dragged over the window looked at, once.
    pub(super) fn follow_hovering(&mut self, context: &Context) {
        let paths: Vec<PathBuf> = context.input(|input| {
            let files = input.raw.hovered_files.iter();
            files.filter_map(|file| file.path.clone()).collect()
        });
        let known = self.state.arrivals.hovering.as_ref();
        if known.map_or(&[][..], |known| &known.paths) == paths.as_slice() {
            return;
        }
        if let Some(known) = self.state.arrivals.hovering.take() {
            self.engine.cancel(known.job);
        }
        if !paths.is_empty() {
            let job = self.state.ask(&self.engine, Look(paths.clone()));
            let found = None;
            self.state.arrivals.hovering = Some(Hovering { paths, job, found });
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
        // Decoding the images of the dataset before would keep this one waiting.
        self.state.stop::<Prepare>(&self.engine);
        let path = request.path.clone();
        let job = self.state.ask(&self.engine, request);
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
            let remembered = false;
            let request = LoadModel { path, remembered };
            self.state.ask(&self.engine, request);
        }
    }

    /// The experiment gets the layers of the model in hand, and its division.
    pub(super) fn take_network(&mut self) {
        if self.is_training("other layers") {
            return;
        }
        if let Some(model) = self.state.model.clone() {
            self.change(Part::Model, |experiment| experiment.split = model.split);
            self.state.show_network_of((*model.snapshot.spec).clone());
        }
    }

    pub(super) fn open_dataset_of_model(&mut self) {
        let Some(experiment) = self.state.experiment_of_model().cloned() else {
            return;
        };
        self.ask_to_open(OpenRequest {
            kind: experiment.dataset.kind,
            ..OpenRequest::new(&experiment.dataset.path)
        });
    }

    pub(super) fn load_experiment(&mut self, path: PathBuf) {
        if !self.is_training("an experiment") {
            let open = self.own_dataset();
            self.state.ask(&self.engine, LoadExperiment { path, open });
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
            Some(path) => self.ask_to_open(OpenRequest::new(path)),
            None => self.state.note(
                Level::Error,
                format!("The bundled dataset datasets/{name} is missing: put it beside the program, or open another"),
            ),
        }
    }

    pub(super) fn take_drops(&mut self, context: &Context) {
        let paths: Vec<PathBuf> = context.input(|input| {
            let files = input.raw.dropped_files.iter();
            files.map(|file| file.path().to_path_buf()).collect()
        });
        if !paths.is_empty() {
            self.open_paths(paths);
        }
    }

    pub(super) fn take_picked(&mut self, context: &Context) {
        let Some((purpose, paths)) = self.picker.poll(context) else {
            return;
        };
        self.remember_folder(&purpose, &paths);
        let Some(path) = paths.first().cloned() else {
            return;
        };
        match purpose {
            Purpose::Save(saving) => self.save(saving, path),
            Purpose::OpenDataset
            | Purpose::OpenDatasetFile
            | Purpose::OpenModel
            | Purpose::OpenExperiment => self.open_paths(vec![path]),
            Purpose::ImportLayers => self.import_layers(path),
            Purpose::ChooseWeights => self.choose_weights(path),
            Purpose::ChooseImages => {
                self.predict(paths.into_iter().map(ImageSource::File).collect());
            }
        }
    }
}
