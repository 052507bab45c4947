//! The whole window without a display, with folders of its own that are gone afterwards.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![allow(dead_code, reason = "no test uses everything in here")]

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread::sleep,
    time::{Duration, Instant},
};

use convscope::{
    data::generate,
    engine::Folders,
    ui::{
        action::{Action, EditAction, TrainingAction},
        app::{App, Places},
        dialogs::{FilePicker, Purpose, Question, SystemPicker},
        state::{AppState, DataState, RunState},
    },
};
use eframe::egui::{self, Context, Key, Modifiers, accesskit::Role};
use egui_kittest::{Harness, kittest::Queryable as _};

/// More than anything takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// Files that the next questions are answered with; no answer is a cancelled dialog.
pub type Answers = Arc<Mutex<VecDeque<PathBuf>>>;

struct PreparedPicker {
    answers: Answers,
    asked: Option<Purpose>,
}

impl FilePicker for PreparedPicker {
    fn ask(&mut self, question: Question) {
        self.asked = Some(question.purpose);
    }

    fn poll(&mut self, _context: &Context) -> Option<(Purpose, Vec<PathBuf>)> {
        let purpose = self.asked.take()?;
        let answer = self.answers.lock().unwrap().pop_front();
        Some((purpose, answer.into_iter().collect()))
    }
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

/// How a window is opened.
pub struct Opening {
    pub size: [f32; 2],
    pub theme: egui::Theme,
    /// The dataset.
    pub open: PathBuf,
    /// Public datasets; those that ship when `None`.
    pub catalogue: Option<PathBuf>,
    /// The window's own dialogs instead of prepared answers.
    pub own_dialogs: bool,
}

impl Opening {
    /// A dark window of usual size over `open`.
    pub fn of(open: PathBuf) -> Self {
        Self {
            size: [1280.0, 800.0],
            theme: egui::Theme::Dark,
            open,
            catalogue: None,
            own_dialogs: false,
        }
    }
}

pub struct Desk {
    pub harness: Harness<'static, App>,
    pub home: tempfile::TempDir,
    pub answers: Answers,
}

impl Desk {
    /// A window that keeps everything in `home`.
    pub fn start(home: tempfile::TempDir, opening: Opening) -> Self {
        let places = Places {
            settings: home.path().join("settings.ron"),
            folders: Folders::below(home.path()),
            runs: home.path().join("runs"),
            datasets: home.path().join("datasets"),
            catalogue: opening.catalogue,
            log: None,
        };
        let answers = Answers::default();
        let picker: Box<dyn FilePicker> = if opening.own_dialogs {
            Box::new(SystemPicker::in_window(Arc::new(|| {})).unwrap())
        } else {
            Box::new(PreparedPicker {
                answers: Arc::clone(&answers),
                asked: None,
            })
        };
        let open = Some(opening.open);
        let harness = Harness::builder()
            .with_size(opening.size)
            .with_theme(opening.theme)
            .with_max_steps(8)
            .build_eframe(|context| {
                let waker = Arc::new(|| {});
                App::start_with(&context.egui_ctx, places, open, waker, picker).unwrap()
            });
        Self {
            harness,
            home,
            answers,
        }
    }

    /// A dark window over the set `shapes`, eight images a class; `others` lies beside it.
    pub fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        for name in ["shapes", "others"] {
            generate::generate_shapes(&home.path().join(name), 1, 8, &mut |_, _| {}).unwrap();
        }
        Self::over_shapes(home)
    }

    fn over_shapes(home: tempfile::TempDir) -> Self {
        let open = home.path().join("shapes");
        let mut desk = Self::start(home, Opening::of(open));
        desk.opened();
        desk
    }

    /// Closed and opened again, in the same home.
    pub fn restarted(mut self) -> Self {
        // What is in hand is written within seconds, so that a kill loses nothing.
        let settings = self.home.path().join("settings.ron");
        self.wait("the settings", |app| {
            let text = std::fs::read_to_string(&settings).unwrap_or_default();
            let wanted = app.state().model.as_ref().map(|model| model.source.name());
            wanted.is_none_or(|name| text.contains(&format!("{name}\")")))
        });
        let Self { harness, home, .. } = self;
        drop(harness);
        Self::over_shapes(home)
    }

    pub fn state(&self) -> &AppState {
        self.harness.state().state()
    }

    /// A path in the home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Begins a run of a few steps an epoch.
    pub fn begin(&mut self, epochs: usize) {
        let mut training = self.state().experiment.training.clone();
        training.phases[0].epochs = epochs;
        training.batch_size = 8;
        training.threads = Some(1);
        self.act(EditAction::Training(training));
        self.act(TrainingAction::Train);
    }

    /// Waits for the end of the run; its folder.
    pub fn ended(&mut self) -> PathBuf {
        self.wait("the end of training", |app| {
            matches!(app.state().training.run, RunState::Finished(_))
        });
        self.state().training.folder.clone().unwrap()
    }

    pub fn train(&mut self, epochs: usize) -> PathBuf {
        self.begin(epochs);
        self.ended()
    }

    /// The next question is answered with `path`.
    pub fn answer(&self, path: PathBuf) {
        self.answers.lock().unwrap().push_back(path);
    }

    pub fn wait(&mut self, what: &str, mut done: impl FnMut(&App) -> bool) {
        let start = Instant::now();
        loop {
            self.harness.step();
            if done(self.harness.state()) {
                // One more frame draws what has come.
                self.harness.step();
                return;
            }
            let log = &self.harness.state().state().notices;
            assert!(start.elapsed() < PATIENCE, "{what} never came: {log:#?}");
            sleep(Duration::from_millis(2));
        }
    }

    pub fn opened(&mut self) {
        self.wait("the dataset", |app| {
            matches!(app.state().data, DataState::Open(_)) && app.state().division.is_some()
        });
    }

    pub fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.run_steps(2);
    }

    pub fn act(&mut self, action: impl Into<Action>) {
        let context = self.harness.ctx.clone();
        self.harness.state_mut().act(&context, action);
        self.harness.step();
    }

    pub fn click(&mut self, label: &str) {
        self.harness
            .get_by_role_and_label(Role::Button, label)
            .click();
        self.harness.run_steps(2);
    }

    /// Lets go of files over the window.
    pub fn drop_files(&mut self, paths: &[PathBuf]) {
        for path in paths {
            let dropped = Arc::new(Dropped(path.clone()));
            self.harness.input_mut().dropped_files.push(dropped);
        }
        self.harness.step();
    }

    pub fn shows(&self, part: &str) -> bool {
        let mut found = self.harness.query_all_by_label_contains(part);
        found.next().is_some()
    }
}
