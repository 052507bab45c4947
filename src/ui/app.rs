//! The app: drains events, draws, carries out actions.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use eframe::egui::{self, Context, Ui};

use super::{
    action::Action,
    chrome::Chrome,
    dialogs::{FilePicker, Purpose, SystemPicker},
    files::{FileTask, file_worker},
    follow::Follow,
    frame_times::FrameTimes,
    panels::{Cx, Panels},
    settings::{self, Settings},
    shortcuts,
    state::{AppState, DataState, MaximiseState, RunState, Training},
    textures::Textures,
    theme,
    workspace::{Step, Workspaces},
};
use crate::{
    data::{Picture, generate, sources},
    engine::{
        EngineHandle, Event, Folders, ImageSource, Level, MaximiseRequest, OpenRequest,
        TrainRequest, Waker,
    },
    resources,
    train::{recipes, run_folder},
    worker::Worker,
};

/// Where the app keeps things.
#[derive(Debug, Clone)]
pub struct Places {
    /// The settings file.
    pub settings: PathBuf,
    /// Where the engine keeps decoded images and what the user changed about datasets.
    pub folders: Folders,
    /// The folder that holds a folder for each run.
    pub runs: PathBuf,
    /// The file that the event log is also written to (`CONVSCOPE_LOG`).
    pub log: Option<PathBuf>,
}

impl Default for Places {
    /// The user's own folders.
    fn default() -> Self {
        Self {
            settings: settings::default_path(),
            folders: Folders::default(),
            runs: run_folder::default_runs_folder(),
            log: std::env::var_os("CONVSCOPE_LOG").map(PathBuf::from),
        }
    }
}

/// Most time for events in one frame; what is left waits for the next.
const EVENT_BUDGET: Duration = Duration::from_millis(4);
/// Settings are written this long after they changed.
const SETTINGS_DELAY: Duration = Duration::from_secs(2);

/// The window's content.
pub struct App {
    engine: EngineHandle,
    state: AppState,
    settings: Settings,
    saved_settings: Settings,
    settings_changed: Option<Instant>,
    files: Worker<FileTask>,
    file_errors: crossbeam_channel::Receiver<String>,
    places: Places,
    workspaces: Workspaces,
    panels: Panels,
    textures: Textures,
    chrome: Chrome,
    picker: Box<dyn FilePicker>,
    picture_to_save: Option<Arc<Picture>>,
    follow: Follow,
    shapes_drawn: u64,
    /// Notices with smaller numbers have been written to the log file.
    logged: u64,
    frame_times: FrameTimes,
}

impl App {
    /// Starts engine and app; opens `open`, or else the dataset of last time, or else the bundled one.
    ///
    /// # Errors
    /// When a thread cannot be started or the recipes are missing.
    pub fn start(
        context: &Context,
        places: Places,
        open: Option<PathBuf>,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let waker = waker(context);
        let picker = Box::new(SystemPicker::start(Arc::clone(&waker))?);
        Self::start_with(context, places, open, waker, picker)
    }

    /// Like [`Self::start`], with another way to ask for files.
    ///
    /// # Errors
    /// Like [`Self::start`].
    pub fn start_with(
        context: &Context,
        places: Places,
        open: Option<PathBuf>,
        waker: Waker,
        picker: Box<dyn FilePicker>,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        theme::install(context);
        let (settings, notice) = Settings::load(&places.settings);
        context.set_theme(egui::ThemePreference::from(settings.theme));
        let engine = EngineHandle::start(waker, places.folders.clone())?;
        let mut experiment = recipes::find(Path::new("shapes"))?;
        if let Some(training) = &settings.training {
            experiment.training = training.clone();
        }
        if let Some(split) = settings.split {
            experiment.split = split;
        }
        let (files, file_errors) = file_worker()?;
        let mut app = Self {
            engine,
            state: AppState::new(experiment),
            saved_settings: settings.clone(),
            settings_changed: None,
            workspaces: Workspaces::from_saved(&settings.layouts),
            settings,
            files,
            file_errors,
            places,
            panels: Panels::default(),
            textures: Textures::default(),
            chrome: Chrome::default(),
            picker,
            picture_to_save: None,
            follow: Follow::default(),
            shapes_drawn: 0,
            logged: 0,
            frame_times: FrameTimes::from_environment(),
        };
        if let Some(notice) = notice {
            app.state.note(Level::Warning, notice);
        }
        app.open_at_start(open);
        Ok(app)
    }

    fn open_at_start(&mut self, open: Option<PathBuf>) {
        let last = self.settings.dataset.clone();
        match open {
            Some(path) => {
                let is_dataset = self.is_dataset(&path);
                self.open_path(path);
                if !is_dataset {
                    self.open_bundled();
                }
            }
            None => match last {
                Some(path) => self.open_dataset(path),
                None => self.open_bundled(),
            },
        }
    }

    /// Everything the window shows.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Carries out an action as if a panel had pushed it.
    pub fn act(&mut self, context: &Context, action: Action) {
        match action {
            Action::Ask(purpose) => self.picker.ask(purpose),
            Action::OpenPath(path) => self.open_path(path),
            Action::OpenDataset(path) => self.open_dataset(path),
            Action::OpenBundledDataset => self.open_bundled(),
            Action::SaveModel(path) => {
                self.engine.save_model(path);
            }
            Action::Train => self.train(),
            Action::SetPaused(true) => self.engine.pause(),
            Action::SetPaused(false) => self.engine.resume(),
            Action::Stop => self.engine.stop(),
            Action::EditTraining(training) => {
                self.state.experiment.training = training.clone();
                self.settings.training = Some(training);
            }
            Action::EditSplit(split) => {
                self.state.experiment.split = split;
                self.settings.split = Some(split);
                self.state.experiment_changed();
            }
            Action::Select(selection) => self.state.select(selection),
            Action::Back => self.state.go_back(),
            Action::Forward => self.state.go_forward(),
            Action::GoTo(step) => self.settings.step = step,
            Action::ResetLayout => self.workspaces = Workspaces::default(),
            Action::ToggleShortcuts => self.chrome.shortcuts = !self.chrome.shortcuts,
            Action::ToggleLog => self.chrome.log = !self.chrome.log,
            Action::TogglePathField => {
                self.chrome.path_field = self.chrome.path_field.is_none().then(String::new);
            }
            Action::SetTheme(theme) => {
                self.settings.theme = theme.into();
                context.set_theme(theme);
            }
            Action::Dismiss(id) => self.state.dismiss(id),
            Action::Cancel(job) => self.engine.cancel(job),
            Action::Quit => context.send_viewport_cmd(egui::ViewportCommand::Close),
            action => self.act_on_model(action),
        }
    }

    /// Actions that need a model.
    fn act_on_model(&mut self, action: Action) {
        match action {
            Action::Predict(images) => self.predict(images),
            Action::DrawShape => {
                // A different shape each time, the same sequence after every start.
                let (kind, picture) = generate::draw_random_shape(self.shapes_drawn);
                self.shapes_drawn += 1;
                let name = format!("a new {}", kind.word());
                self.predict(vec![ImageSource::Picture(name, Arc::new(picture))]);
            }
            Action::ClearPredictions => self.state.predict.answers.clear(),
            Action::Evaluate(split) => {
                if let Some(dataset) = self.state.open_dataset().cloned() {
                    self.state.evaluation_job = Some(self.engine.evaluate(dataset, split));
                }
            }
            Action::Maximise(config) => {
                if let Some(earlier) = self.state.maximise.job {
                    self.engine.cancel(earlier);
                }
                let job = Some(self.engine.maximise(MaximiseRequest { config }));
                self.state.maximise = MaximiseState {
                    job,
                    config: Some(config),
                    ..MaximiseState::default()
                };
            }
            Action::SavePicture(picture) => {
                self.picture_to_save = Some(picture);
                self.picker.ask(Purpose::SavePicture);
            }
            _ => {}
        }
    }

    fn is_dataset(&self, path: &Path) -> bool {
        let ending = path
            .extension()
            .and_then(|ending| ending.to_str())
            .unwrap_or_default();
        !matches!(ending, "safetensors" | "ron") && !sources::folder::looks_like_image(path)
    }

    /// The kind is told from the name alone: the UI thread reads no files.
    fn open_path(&mut self, path: PathBuf) {
        if self.is_dataset(&path) {
            self.open_dataset(path);
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

    fn open_dataset(&mut self, path: PathBuf) {
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
        let job = self.engine.open_dataset(OpenRequest::new(&path));
        self.state.data = DataState::Opening {
            job,
            path,
            previous,
        };
    }

    /// Whether a run goes on, which must not have its data or model exchanged; says so.
    fn is_training(&mut self, what: &str) -> bool {
        let running = self.state.training.is_running();
        if running {
            let words = format!("Stop the training before you open {what}");
            self.state.note(Level::Warning, words);
        }
        running
    }

    fn load_model(&mut self, path: PathBuf) {
        if !self.is_training("a model") {
            self.engine.load_model(path);
        }
    }

    fn load_experiment(&mut self, path: PathBuf) {
        if !self.is_training("an experiment") {
            self.engine.load_experiment(path);
        }
    }

    fn open_bundled(&mut self) {
        match resources::find("datasets/shapes") {
            Some(path) => self.open_dataset(path),
            None => self.state.note(
                Level::Error,
                "The bundled dataset datasets/shapes is missing: put it beside the program, or open another",
            ),
        }
    }

    fn train(&mut self) {
        let Some(dataset) = self.state.open_dataset().cloned() else {
            return;
        };
        if let Some(reason) = self.state.why_not_train() {
            self.state.note(Level::Warning, reason);
            return;
        }
        let mut experiment = self.state.experiment.clone();
        experiment.dataset.path.clone_from(&dataset.dataset.opened);
        if let Some(job) = self.state.maximise.job {
            self.engine.cancel(job);
        }
        let run = self
            .places
            .runs
            .join(format!("{}-{}", experiment.name, timestamp()));
        let job = self.engine.train(TrainRequest {
            experiment,
            dataset,
            run,
        });
        self.state.training = Training {
            run: RunState::Running {
                job,
                paused: false,
                stopping: false,
            },
            ..Training::default()
        };
        self.state.evaluation = None;
        self.state.maximise = MaximiseState::default();
    }

    fn predict(&mut self, images: Vec<ImageSource>) {
        self.settings.step = Step::Predict;
        self.state.predict.failed = None;
        let job = self.engine.predict(images);
        self.state.predict.jobs.insert(job);
    }

    fn drain_events(&mut self) {
        let start = Instant::now();
        while let Some(event) = self.engine.events().try_next() {
            match event {
                Event::Thumbnails { dataset, pictures } => self.textures.arrived(dataset, pictures),
                Event::ThumbnailsForgotten { dataset, samples } => {
                    self.textures.forgotten(dataset, &samples);
                }
                event => {
                    let opened = matches!(event, Event::DatasetOpened { .. });
                    let experiment = matches!(event, Event::ExperimentLoaded { .. });
                    self.state.apply(event);
                    if opened {
                        self.settings.dataset =
                            self.state.dataset().map(|dataset| dataset.opened.clone());
                    }
                    if experiment {
                        self.open_dataset(self.state.experiment.dataset.path.clone());
                    }
                }
            }
            if start.elapsed() > EVENT_BUDGET {
                break;
            }
        }
        self.state.model = self.engine.model();
        self.write_log();
        while let Ok(message) = self.file_errors.try_recv() {
            self.state.note(Level::Error, message);
            // Writing that the log cannot be written would go on for ever.
            self.places.log = None;
        }
    }

    fn write_log(&mut self) {
        let Some(log) = &self.places.log else { return };
        for notice in self
            .state
            .notices
            .iter()
            .filter(|notice| notice.id >= self.logged)
        {
            self.files
                .send(FileTask::Log(notice.text.clone(), log.clone()));
        }
        self.logged = self.state.notices.last().map_or(0, |notice| notice.id + 1);
    }

    fn take_drops(&mut self, context: &Context) {
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

    fn take_picked(&mut self, context: &Context) {
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
            Purpose::OpenDataset => self.open_dataset(path),
            Purpose::OpenModel => self.load_model(path),
            Purpose::OpenExperiment => self.load_experiment(path),
            Purpose::ChooseImages => {}
        }
    }

    fn keep_settings(&mut self, context: &Context) {
        if self.settings == self.saved_settings {
            return;
        }
        let changed = *self.settings_changed.get_or_insert_with(Instant::now);
        if let Some(wait) = SETTINGS_DELAY.checked_sub(changed.elapsed()) {
            context.request_repaint_after(wait);
            return;
        }
        self.write_settings();
    }

    fn write_settings(&mut self) {
        self.settings.layouts = self.workspaces.to_saved();
        self.settings_changed = None;
        self.saved_settings = self.settings.clone();
        let settings = Box::new(self.settings.clone());
        self.files
            .send(FileTask::Settings(settings, self.places.settings.clone()));
    }
}

impl eframe::App for App {
    fn logic(&mut self, context: &Context, frame: &mut eframe::Frame) {
        self.frame_times.begin(frame);
        self.drain_events();
        self.take_drops(context);
        self.follow
            .update(&self.engine, &mut self.state, self.settings.step);
        self.keep_settings(context);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let context = ui.ctx().clone();
        self.textures.begin_frame();
        let mut actions = Vec::new();
        shortcuts::take(&context, &self.state, &mut actions);
        self.take_picked(&context);
        let mut settings = std::mem::take(&mut self.settings);
        let step = settings.step;
        let mut cx = Cx {
            state: &self.state,
            textures: &mut self.textures,
            settings: &mut settings,
            actions: &mut actions,
        };
        self.chrome.ui(ui, &mut cx, |ui, cx| {
            let panels = &mut self.panels;
            self.workspaces
                .ui(step, ui, &mut |ui, kind| panels.ui(kind, ui, cx));
        });
        self.settings = settings;
        let wanted = self.textures.take_wanted();
        if let (false, Some(dataset)) = (wanted.is_empty(), self.state.open_dataset()) {
            self.engine.load_thumbnails(Arc::clone(dataset), wanted);
        }
        if !actions.is_empty() {
            // What changed is drawn at once rather than at the next movement of the pointer.
            context.request_repaint();
        }
        for action in actions {
            self.act(&context, action);
        }
        self.frame_times.end(self.state.training.is_running());
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.write_settings();
        self.frame_times.write();
    }
}

fn waker(context: &Context) -> Waker {
    let context = context.clone();
    Arc::new(move || context.request_repaint())
}

/// Seconds since 1970, to tell runs apart.
fn timestamp() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |time| time.as_secs())
}
