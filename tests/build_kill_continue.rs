//! From an empty list of layers to a trained network, through a kill: recipe 6's network is built by clicking in the real
//! window, trained for two epochs, its process killed, and the run continued by a click in a new window.
//!
//! Where to click is read off a second window, drawn without a screen in this process, in which everything is clicked
//! too. Needs what `common` says; without it the test says that it was not run, unless `CONVSCOPE_E2E=1`.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};

use common::{Desktop, PATIENCE, Window};
use convscope::{
    engine::Folders,
    train::{Experiment, recipes, runs::read},
    ui::{
        app::{App, Places},
        dialogs::{FilePicker, Purpose},
        state::DataState,
    },
};
use eframe::egui::{self, Context, Event, Key, Modifiers, Pos2, accesskit::Role};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};

/// Everything that is clicked is on the screen.
const SIZE: (u32, u32) = (1600, 1200);
/// More than are trained before the kill.
const EPOCHS: usize = 5;

struct NoPicker;

impl FilePicker for NoPicker {
    fn ask(&mut self, _purpose: Purpose) {}

    fn poll(&mut self, _context: &Context) -> Option<(Purpose, Vec<PathBuf>)> {
        None
    }
}

fn cells() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/cells.npz")
}

/// A window without a screen, to read places off.
struct Map(Harness<'static, App>);

impl Map {
    /// The window over the bundled cells that keeps everything in `home`.
    fn open(home: &Path) -> Self {
        let places = Places {
            settings: home.join("settings.ron"),
            folders: Folders::below(home),
            runs: home.join("runs"),
            datasets: home.join("datasets"),
            catalogue: None,
            log: None,
        };
        let harness = Harness::builder()
            .with_size([SIZE.0 as f32, SIZE.1 as f32])
            .with_max_steps(16)
            .build_eframe(|context| {
                let (waker, picker) = (Arc::new(|| {}), Box::new(NoPicker));
                App::start_with(&context.egui_ctx, places, Some(cells()), waker, picker).unwrap()
            });
        let mut map = Self(harness);
        map.wait("the dataset", |app| {
            matches!(app.state().data, DataState::Open(_)) && app.state().division.is_some()
        });
        map
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
        self.0.run_steps(4);
    }

    /// The middle of the button `words`.
    fn button(&self, words: &str) -> Pos2 {
        let mut buttons = self.0.get_all_by_role(Role::Button);
        let button = buttons.find(|node| {
            let label = node.accesskit_node().label();
            label.as_deref() == Some(words)
        });
        assert!(button.is_some(), "there is no button {words}");
        button.unwrap().rect().center()
    }

    fn click(&mut self, place: Pos2) {
        self.0.drag_at(place);
        self.steps();
        self.0.drop_at(place);
        self.steps();
    }
}

fn click(window: &Window<'_>, place: Pos2) {
    window.click(place.x as u32, place.y as u32);
}

/// The real window and its map.
struct Desk<'a> {
    map: Map,
    window: &'a Window<'a>,
}

impl Desk<'_> {
    fn layers(&self) -> usize {
        self.map.0.state().state().experiment.model.layers.len()
    }

    /// Presses a key in both windows; xdotool has names of its own.
    fn press(&mut self, (modifiers, key): (Modifiers, Key), name: &str) {
        self.window.press(name);
        self.map.0.key_press_modifiers(modifiers, key);
        self.map.steps();
    }

    fn click_at(&mut self, place: Pos2) {
        click(self.window, place);
        self.map.click(place);
    }

    fn click(&mut self, words: &str) {
        self.click_at(self.map.button(words));
    }

    /// Types a number into the field called `name`.
    fn enter(&mut self, name: &str, value: &str) {
        let field = self.map.0.get_by_role_and_label(Role::SpinButton, name);
        self.click_at(field.rect().center());
        self.press((Modifiers::COMMAND, Key::A), "ctrl+a");
        self.window.write(value);
        self.map.0.event(Event::Text(value.to_owned()));
        self.map.steps();
        self.press((Modifiers::NONE, Key::Enter), "Return");
    }

    /// Opens the list called `name` and chooses `words`.
    fn pick(&mut self, name: &str, words: &str) {
        let list = self.map.0.get_by_role_and_label(Role::ComboBox, name);
        self.click_at(list.rect().center());
        self.click(words);
    }

    fn add(&mut self, kind: &str) {
        self.click("Add layer");
        self.click(kind);
    }

    fn clear_layers(&mut self) {
        let first = self.map.0.get_all_by_role(Role::ListBoxOption).next();
        self.click_at(first.unwrap().rect().center());
        while self.layers() > 0 {
            let before = self.layers();
            self.press((Modifiers::NONE, Key::Delete), "Delete");
            assert_eq!(self.layers(), before - 1, "Delete removes the chosen layer");
        }
    }

    fn build_recipe_six(&mut self) {
        self.press((Modifiers::COMMAND, Key::Num2), "ctrl+2");
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

fn shots() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/end-to-end");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn recipe_six_built_by_clicking_is_trained_killed_and_continued() {
    if let Some(program) = common::missing_programs() {
        assert!(
            env::var_os("CONVSCOPE_E2E").is_none(),
            "{program} is missing"
        );
        eprintln!("not run: {program} is missing");
        return;
    }
    let desktop = Desktop::start(SIZE.0, SIZE.1);
    let home = desktop.home.path();
    let drawn = tempfile::tempdir().unwrap();
    let window = desktop.open(&[cells().to_str().unwrap()]);
    window.resize(SIZE.0, SIZE.1);
    window.wait_for_line("Opened cells", 0);
    let mut desk = Desk {
        map: Map::open(drawn.path()),
        window: &window,
    };
    desk.build_recipe_six();
    window
        .screenshot()
        .save(shots().join("7-built.png"))
        .unwrap();
    let wanted = recipes::find(Path::new("blood")).unwrap().model;
    let built = &desk.map.0.state().state().experiment.model;
    assert_eq!(built.layers, wanted.layers, "what was clicked");
    desk.press((Modifiers::COMMAND, Key::Num3), "ctrl+3");
    desk.enter("Epochs", &EPOCHS.to_string());
    click(&window, desk.map.button("Train"));

    let runs = home.join("runs");
    let run = || std::fs::read_dir(&runs).ok()?.next()?.ok();
    let start = Instant::now();
    let (run, before) = loop {
        assert!(
            start.elapsed() < PATIENCE,
            "two epochs were never done: {:#?}",
            window.log()
        );
        if let Some(run) = run()
            && let Ok(history) = read::history(&run.path())
            && history.len() >= 2
        {
            break (run.path(), history);
        }
        sleep(Duration::from_millis(5));
    };
    let lines = window.log().len();
    // Without a chance to write anything more.
    drop(window);
    assert!(before.len() < EPOCHS, "it was killed in the middle");
    let experiment = Experiment::load(&run.join("experiment.ron")).unwrap();
    assert_eq!(
        experiment.model.layers, wanted.layers,
        "what arrived in the real window"
    );
    let (model, epochs) = (&experiment.model, experiment.training.epochs());
    assert_eq!(
        (model.input, model.head, epochs),
        (wanted.input, wanted.head, EPOCHS)
    );

    let window = desktop.open(&[cells().to_str().unwrap()]);
    window.resize(SIZE.0, SIZE.1);
    window.wait_for_line("Opened cells", lines);
    let copy = Command::new("cp")
        .arg("-a")
        .arg(home)
        .arg(drawn.path().join("again"))
        .status();
    assert!(copy.unwrap().success());
    let mut map = Map::open(&drawn.path().join("again"));
    map.wait("the offer", |app| app.state().runs.offered.is_some());
    window
        .screenshot()
        .save(shots().join("8-offered.png"))
        .unwrap();
    click(&window, map.button("Continue"));
    window.wait_for_line("Training finished", 0);
    window
        .screenshot()
        .save(shots().join("9-continued.png"))
        .unwrap();
    let after = read::history(&run).unwrap();
    assert_eq!(after.len(), EPOCHS);
    assert_eq!(after[..before.len()], before[..], "what was done is kept");
    assert!(run.join("model.safetensors").is_file());
    window.close();
}
