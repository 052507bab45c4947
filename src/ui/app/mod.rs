//! The app: drains events, draws, carries out actions.

mod act;
mod act_on_data;
mod act_on_design;
mod asking;
mod catalogue;
mod open;
mod rehearse;
mod runs;
mod saving;

use std::{
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use eframe::egui::{self, Context, Ui};

use super::{
    chrome::Chrome,
    dialogs::{FilePicker, SystemPicker},
    follow,
    frame_times::FrameTimes,
    history::Gesture,
    panels::{Cx, Panels},
    settings::{self, Settings},
    shortcuts,
    state::AppState,
    textures::Textures,
    theme,
    turns::Turns,
    workspace::Workspaces,
};
use crate::{
    data::{dataset::display_path, datasets_folder},
    engine::{
        DataEvent, EngineHandle, Event, Folders, Found, Level, ListRecipes, LoadExperiment,
        LoadModel, Look, OpenRequest, Thing, Waker,
    },
    train::{Experiment, recipes, run_folder},
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
    /// The folder of downloaded datasets.
    pub datasets: PathBuf,
    /// Another catalogue of public datasets than the shipped one.
    pub catalogue: Option<PathBuf>,
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
            datasets: datasets_folder::default_folder(),
            catalogue: None,
            log: std::env::var_os("CONVSCOPE_LOG").map(PathBuf::from),
        }
    }
}

/// Most time for events in one frame; what is left waits for the next.
const EVENT_BUDGET: Duration = Duration::from_millis(4);
/// The dataset that is open when none was opened before.
const BUNDLED: &str = "shapes";
/// Settings are written this long after they changed.
const SETTINGS_DELAY: Duration = Duration::from_secs(2);

/// The window's content.
pub struct App {
    engine: EngineHandle,
    state: AppState,
    settings: Settings,
    saved_settings: Settings,
    settings_changed: Option<Instant>,
    places: Places,
    workspaces: Workspaces,
    panels: Panels,
    textures: Textures,
    chrome: Chrome,
    picker: Box<dyn FilePicker>,
    /// The run whose steps were read from the disk last, and whether it went on then.
    steps_asked: Option<(PathBuf, bool)>,
    /// What is looked at was given when the program was started.
    at_start: bool,
    /// A run that was opened again and whose judgement is made once somebody looks at it.
    to_judge: Option<PathBuf>,
    shapes_drawn: u64,
    gesture: Gesture,
    turns: Turns,
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
        context.set_theme(settings.theme);
        let engine = EngineHandle::start(waker, places.folders.clone())?;
        let experiment = match &settings.experiment {
            Some(experiment) => Experiment::clone(experiment),
            None => recipes::find(Path::new("shapes"))?,
        };
        let mut app = Self {
            engine,
            state: AppState::new(experiment),
            saved_settings: settings.clone(),
            settings_changed: None,
            workspaces: Workspaces::from_saved(&settings.layouts),
            settings,
            places,
            panels: Panels::default(),
            textures: Textures::default(),
            chrome: Chrome::default(),
            picker,
            steps_asked: None,
            at_start: false,
            to_judge: None,
            shapes_drawn: 0,
            gesture: Gesture::default(),
            turns: Turns::default(),
            logged: 0,
            frame_times: FrameTimes::from_environment(),
        };
        if let Some(notice) = notice {
            app.state.note(Level::Warning, notice);
        }
        app.state.forget_unknown_boundaries();
        app.state.ask(&app.engine, ListRecipes);
        if let Some(path) = app.settings.model.clone() {
            let remembered = true;
            app.state.ask(&app.engine, LoadModel { path, remembered });
        }
        // A path that was given is looked at first: what it is decides whether the dataset of last time is opened too.
        app.at_start = open.is_some();
        match open {
            Some(path) => app.open_paths(vec![path]),
            None => app.open_last_dataset(),
        }
        Ok(app)
    }

    fn open_last_dataset(&mut self) {
        match self.settings.dataset.clone() {
            Some(path) => self.open_dataset(OpenRequest {
                kind: self.settings.dataset_kind,
                ..OpenRequest::new(path)
            }),
            None => self.open_bundled(BUNDLED),
        }
    }

    /// The path that was given at the start is known now.
    fn take_at_start(&mut self, found: &[Found]) {
        match found {
            [(path, Thing::Dataset | Thing::Unknown(_))] => {
                // What is none is told where datasets are.
                self.open_dataset(OpenRequest::new(path));
            }
            found => {
                self.open_last_dataset();
                self.take(found);
            }
        }
    }

    /// Everything the window shows.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// Takes what the engine says, for at most this long. Whether something is left.
    fn drain_events(&mut self, budget: Duration) -> bool {
        let (mut is_left, start) = (false, Instant::now());
        while let Some(event) = self.engine.events().try_next() {
            match event {
                Event::Data(dataset, DataEvent::Thumbnails(pictures)) => {
                    self.textures.arrived(dataset, pictures);
                }
                Event::Data(dataset, DataEvent::ThumbnailsForgotten(samples)) => {
                    self.textures.forgotten(dataset, &samples);
                }
                Event::Note { message, .. } if message.starts_with(LOG_FAILED) => {
                    // Writing that the log cannot be written would go on for ever.
                    self.places.log = None;
                    self.state.note(Level::Error, message);
                }
                event => self.apply(event),
            }
            if start.elapsed() >= budget {
                is_left = self.engine.events().pending() > 0;
                break;
            }
        }
        self.state.adopt_model(self.engine.model());
        self.remember_model();
        self.write_log();
        is_left
    }

    /// Changes the state, and does what answers ask for beyond that.
    fn apply(&mut self, event: Event) {
        let opened = event.answer::<OpenRequest>();
        if let Some((_, read)) = event.answer::<LoadModel>() {
            self.to_judge = read.run.as_ref().map(|run| run.folder.clone());
        }
        let looking = &self.state.arrivals.looking;
        let found = event
            .answer::<Look>()
            .filter(|(job, _)| looking.contains(job));
        let has_experiment = event.answer::<LoadExperiment>().is_some();
        self.state.apply(event);
        if let Some((_, found)) = found {
            match std::mem::take(&mut self.at_start) {
                true => self.take_at_start(&found),
                false => self.take(&found),
            }
        }
        if let Some((job, _)) = opened {
            self.go_on_with(job);
            let dataset = self.state.dataset();
            self.settings.dataset = dataset.map(|dataset| dataset.opened.clone());
            self.settings.dataset_kind = dataset.map(|dataset| dataset.kind);
        }
        if has_experiment {
            self.forget_rates();
            self.open_experiments_dataset();
        }
    }

    /// The model in hand is there again after a restart. One that is being trained is not kept yet.
    fn remember_model(&mut self) {
        if let (Some(model), false) = (&self.state.model, self.state.training.is_running())
            && let path = model.source.path()
            && self.settings.model.as_deref() != Some(path)
        {
            self.settings.model = Some(path.to_path_buf());
        }
    }

    fn write_log(&mut self) {
        let Some(log) = &self.places.log else { return };
        let notices = self.state.notices.iter();
        for notice in notices.filter(|notice| notice.id >= self.logged) {
            let (line, log) = (notice.text.clone(), log.clone());
            self.engine.with_files(move || append_line(&line, &log));
        }
        self.logged = self.state.notices.last().map_or(0, |notice| notice.id + 1);
    }

    fn keep_settings(&mut self, context: &Context) {
        if self.settings.experiment.as_deref() != Some(&self.state.experiment) {
            self.settings.experiment = Some(Box::new(self.state.experiment.clone()));
        }
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
        let (settings, path) = (self.settings.clone(), self.places.settings.clone());
        self.engine.with_files(move || settings.save(&path));
    }
}

impl eframe::App for App {
    fn raw_input_hook(&mut self, _context: &Context, input: &mut egui::RawInput) {
        self.turns.take(&mut input.events);
    }

    fn logic(&mut self, context: &Context, frame: &mut eframe::Frame) {
        self.frame_times.begin(frame);
        if self.drain_events(EVENT_BUDGET) {
            // Nobody wakes the window again for what is left.
            context.request_repaint();
        }
        self.follow_hovering(context);
        self.take_drops(context);
        follow::update(&self.engine, &mut self.state, self.settings.step);
        self.look_for_weights();
        self.follow_runs();
        self.judge_kept_run();
        self.keep_settings(context);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let context = ui.ctx().clone();
        self.textures.begin_frame();
        let pressed = match self.picker.is_open() {
            true => Vec::new(),
            false => shortcuts::take(&context, &self.state),
        };
        self.take_picked(&context);
        let mut actions = Vec::new();
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
        // What was typed counts before what was clicked or pressed.
        actions.sort_by_key(|action| !action.is_edit());
        actions.extend(pressed);
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
        self.gesture.end(&context);
        if self.turns.wait() {
            context.request_repaint();
        }
        self.frame_times.end(self.state.training.is_running());
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.write_settings();
        self.frame_times.write();
    }
}

/// Begins what is said when the log cannot be written.
const LOG_FAILED: &str = "The log cannot be written";

fn append_line(line: &str, path: &Path) -> Result<(), String> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut file| writeln!(file, "{line}"))
        .map_err(|error| format!("{LOG_FAILED} to {}: {error}", display_path(path)))
}

fn waker(context: &Context) -> Waker {
    let context = context.clone();
    Arc::new(move || context.request_repaint())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::dialogs::SystemPicker;

    #[test]
    fn what_one_frame_has_no_time_for_is_left_and_said_to_be() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        let places = Places {
            settings: at("settings.ron"),
            folders: Folders::below(home.path()),
            runs: at("runs"),
            datasets: at("datasets"),
            catalogue: None,
            log: None,
        };
        let waker: Waker = Arc::new(|| {});
        let picker = Box::new(SystemPicker::in_window(Arc::clone(&waker)).unwrap());
        let context = Context::default();
        let open = Some(at("nowhere"));
        let mut app = App::start_with(&context, places, open, waker, picker).unwrap();
        // Each of the jobs that a start begins says that it begins and how it ends.
        while app.engine.events().pending() < 3 {
            std::thread::yield_now();
        }
        let before = app.engine.events().pending();
        assert!(app.drain_events(Duration::ZERO), "one was taken");
        assert!(app.engine.events().pending() >= before - 1);
        while app.drain_events(Duration::ZERO) {}
        assert!(!app.drain_events(Duration::from_secs(60)));
    }
}
