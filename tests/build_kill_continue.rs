//! From an empty list of layers to a trained network, through a kill: recipe 6's network is built by clicking in the
//! whole window, trained for two epochs, its process killed, and the run continued in a new window.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};

use convscope::{
    engine::Folders,
    train::{recipes, runs::read},
    ui::{
        app::{App, Places},
        dialogs::{FilePicker, Purpose},
        state::{DataState, RunState},
    },
};
use eframe::egui::{self, Context, Event, Key, Modifiers, accesskit::Role};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};

const PATIENCE: Duration = Duration::from_secs(180);
/// Names the folder that the window of the child keeps everything in.
const HOME: &str = "CONVSCOPE_TEST_HOME";
/// More than are trained before the kill.
const EPOCHS: usize = 5;

struct NoPicker;

impl FilePicker for NoPicker {
    fn ask(&mut self, _purpose: Purpose) {}

    fn poll(&mut self, _context: &Context) -> Option<(Purpose, Vec<PathBuf>)> {
        None
    }
}

struct Desk(Harness<'static, App>);

impl Desk {
    /// The window over the bundled cells.
    fn open(home: &Path) -> Self {
        let places = Places {
            settings: home.join("settings.ron"),
            folders: Folders::below(home),
            runs: home.join("runs"),
            datasets: home.join("datasets"),
            catalogue: None,
            log: None,
        };
        let cells = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/cells.npz");
        let harness = Harness::builder()
            .with_size([1600.0, 1000.0])
            .with_theme(egui::Theme::Dark)
            .with_max_steps(16)
            .build_eframe(|context| {
                let (waker, picker) = (Arc::new(|| {}), Box::new(NoPicker));
                App::start_with(&context.egui_ctx, places, Some(cells), waker, picker).unwrap()
            });
        let mut desk = Self(harness);
        desk.wait("the dataset", |app| {
            matches!(app.state().data, DataState::Open(_)) && app.state().division.is_some()
        });
        desk
    }

    fn wait(&mut self, what: &str, mut done: impl FnMut(&App) -> bool) {
        let start = Instant::now();
        while !done(self.0.state()) {
            self.steps();
            let log = &self.0.state().state().notices;
            assert!(start.elapsed() < PATIENCE, "{what} never came: {log:#?}");
            sleep(Duration::from_millis(2));
        }
        self.steps();
    }

    /// Enough frames for what a click changes.
    fn steps(&mut self) {
        self.0.run_steps(3);
    }

    fn press(&mut self, modifiers: Modifiers, key: Key) {
        self.0.key_press_modifiers(modifiers, key);
        self.steps();
    }

    fn click(&mut self, words: &str) {
        let button = self.0.get_all_by_role(Role::Button).find(|node| {
            let label = node.accesskit_node().label();
            label.as_deref() == Some(words)
        });
        assert!(button.is_some(), "there is no button {words}");
        button.unwrap().click();
        self.steps();
    }

    /// Types a number into the field called `name`.
    fn enter(&mut self, name: &str, value: &str) {
        self.0.get_by_role_and_label(Role::SpinButton, name).focus();
        self.steps();
        self.press(Modifiers::COMMAND, Key::A);
        self.0.event(Event::Text(value.to_owned()));
        self.steps();
        self.press(Modifiers::NONE, Key::Enter);
    }

    /// Opens the list called `name` and chooses `words`.
    fn pick(&mut self, name: &str, words: &str) {
        self.0.get_by_role_and_label(Role::ComboBox, name).click();
        self.steps();
        self.click(words);
    }

    fn add(&mut self, kind: &str) {
        self.click("Add layer");
        self.click(kind);
    }

    fn clear_layers(&mut self) {
        let rows = |desk: &Self| desk.0.state().state().experiment.model.layers.len();
        let first = self.0.get_all_by_role(Role::ListBoxOption).next().unwrap();
        let place = first.rect().center();
        self.0.drag_at(place);
        self.steps();
        self.0.drop_at(place);
        self.steps();
        while rows(self) > 0 {
            let before = rows(self);
            self.press(Modifiers::NONE, Key::Delete);
            assert_eq!(rows(self), before - 1, "Delete removes the chosen layer");
        }
    }

    fn build_recipe_six(&mut self) {
        self.press(Modifiers::COMMAND, Key::Num2);
        self.clear_layers();
        self.enter("Height", "28");
        self.enter("Width", "28");
        self.add("Convolution");
        self.add("Max pooling");
        for _ in 0..2 {
            self.add("Convolution");
            self.enter("Filters", "64");
            self.pick("Padding", "valid");
            self.add("Max pooling");
        }
        self.add("Flatten");
        self.add("Dense");
        self.enter("Units", "256");
        self.add("Dense");
        self.enter("Units", "8");
        self.pick("Activation", "linear");
    }
}

/// The window that is killed: it trains on and on.
#[test]
#[ignore = "started and killed by the other test"]
fn the_window_that_is_killed() {
    let home = PathBuf::from(std::env::var_os(HOME).unwrap());
    let mut desk = Desk::open(&home);
    desk.build_recipe_six();
    let built = &desk.0.state().state().experiment.model;
    let wanted = recipes::find(Path::new("blood")).unwrap().model;
    assert_eq!(built.layers, wanted.layers);
    assert_eq!((built.input, built.head), (wanted.input, wanted.head));
    desk.press(Modifiers::COMMAND, Key::Num3);
    desk.enter("Epochs", &EPOCHS.to_string());
    assert_eq!(desk.0.state().state().why_not_train(), None);
    desk.click("Train");
    desk.wait("the end, which is a kill", |_| false);
}

#[test]
fn recipe_six_built_by_clicking_is_trained_killed_and_continued() {
    let home = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_window_that_is_killed", "--ignored"])
        .env(HOME, home.path())
        .spawn()
        .unwrap();
    let runs = home.path().join("runs");
    let run = || std::fs::read_dir(&runs).ok()?.next()?.ok();
    let start = Instant::now();
    let (run, before) = loop {
        assert!(start.elapsed() < PATIENCE, "two epochs were never done");
        assert!(child.try_wait().unwrap().is_none(), "the window closed");
        if let Some(run) = run()
            && let Ok(history) = read::history(&run.path())
            && history.len() >= 2
        {
            break (run.path(), history);
        }
        sleep(Duration::from_millis(5));
    };
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(before.len() < EPOCHS, "it was killed in the middle");

    let mut desk = Desk::open(home.path());
    desk.wait("the offer", |app| app.state().runs.offered.is_some());
    desk.click("Continue");
    desk.wait("the end of training", |app| {
        matches!(app.state().training.run, RunState::Finished(_))
    });
    let training = &desk.0.state().state().training;
    assert_eq!(training.folder.as_ref(), Some(&run), "the same folder");
    let after = read::history(&run).unwrap();
    assert_eq!(after.len(), EPOCHS);
    assert_eq!(after[..before.len()], before[..], "what was done is kept");
    assert!(run.join("model.safetensors").is_file());
}
