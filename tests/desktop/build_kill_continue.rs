//! From an empty list of layers to a trained network, through a kill: recipe 6's network is built by clicking in the real
//! window, trained for two epochs, its process killed, and the run continued by a click in a new window.
//!
//! Where to click is read off a second window, drawn without a screen in this process, in which everything is clicked
//! too. Needs what `common` says; without it the test says that it was not run, unless `CONVSCOPE_E2E=1`.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::common::{Desktop, PATIENCE, Window};
use crate::desk::{Desk, Opening};
use convscope::train::{Experiment, recipes, runs::read};
use eframe::egui::{Event, Key, Modifiers, Pos2, accesskit::Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

/// Everything that is clicked is on the screen.
const SIZE: (u32, u32) = (1600, 1200);
/// More than are trained before the kill.
const EPOCHS: usize = 5;
/// Enough frames for what a click changes.
const FRAMES: usize = 4;

fn cells() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/cells.npz")
}

/// A window without a screen like the real one, over the bundled cells.
fn map_of(home: tempfile::TempDir) -> Desk {
    let opening = Opening {
        size: [SIZE.0 as f32, SIZE.1 as f32],
        ..Opening::of(cells())
    };
    let mut map = Desk::start(home, opening);
    map.opened();
    map.harness.run_steps(FRAMES);
    map
}

/// The middle of the button `words`.
fn button(map: &Desk, words: &str) -> Pos2 {
    let mut buttons = map.harness.get_all_by_role(Role::Button);
    let button = buttons.find(|node| {
        let label = node.accesskit_node().label();
        label.as_deref() == Some(words)
    });
    assert!(button.is_some(), "there is no button {words}");
    button.unwrap().rect().center()
}

fn click(window: &Window<'_>, place: Pos2) {
    window.click(place.x as u32, place.y as u32);
}

/// The real window and its map.
struct Both<'a> {
    map: Desk,
    window: &'a Window<'a>,
}

impl Both<'_> {
    fn layers(&self) -> usize {
        self.map
            .harness
            .state()
            .state()
            .experiment
            .model
            .layers
            .len()
    }

    /// Presses a key in both windows; xdotool has names of its own.
    fn press(&mut self, (modifiers, key): (Modifiers, Key), name: &str) {
        self.window.press(name);
        self.map.harness.key_press_modifiers(modifiers, key);
        self.map.harness.run_steps(FRAMES);
    }

    fn click_at(&mut self, place: Pos2) {
        click(self.window, place);
        let map = &mut self.map.harness;
        map.drag_at(place);
        // A frame counts as a quarter of a second, and longer than three of them is no click.
        map.run_steps(1);
        map.drop_at(place);
        map.run_steps(FRAMES);
    }

    fn click(&mut self, words: &str) {
        self.click_at(button(&self.map, words));
    }

    /// Types a number into the field called `name`.
    fn enter(&mut self, name: &str, value: &str) {
        let field = self
            .map
            .harness
            .get_by_role_and_label(Role::SpinButton, name);
        self.click_at(field.rect().center());
        self.press((Modifiers::COMMAND, Key::A), "ctrl+a");
        self.window.write(value);
        self.map.harness.event(Event::Text(value.to_owned()));
        self.map.harness.run_steps(FRAMES);
        self.press((Modifiers::NONE, Key::Enter), "Return");
    }

    /// Opens the list called `name` and chooses `words`.
    fn pick(&mut self, name: &str, words: &str) {
        let list = self.map.harness.get_by_role_and_label(Role::ComboBox, name);
        self.click_at(list.rect().center());
        self.click(words);
    }

    fn add(&mut self, kind: &str) {
        self.click("Add layer");
        self.click(kind);
    }

    fn clear_layers(&mut self) {
        let first = self.map.harness.get_all_by_role(Role::ListBoxOption).next();
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

#[test]
fn recipe_six_built_by_clicking_is_trained_killed_and_continued() {
    if !crate::common::is_possible() {
        return;
    }
    let desktop = Desktop::start(SIZE.0, SIZE.1);
    let home = desktop.home.path();
    let window = desktop.open(&[cells().to_str().unwrap()]);
    window.resize(SIZE.0, SIZE.1);
    window.wait_for_line("Opened cells", 0);
    let mut both = Both {
        map: map_of(tempfile::tempdir().unwrap()),
        window: &window,
    };
    both.build_recipe_six();
    window.keep("7-built");
    let wanted = recipes::find(Path::new("blood")).unwrap().model;
    let built = &both.map.harness.state().state().experiment.model;
    assert_eq!(built.layers, wanted.layers, "what was clicked");
    both.press((Modifiers::COMMAND, Key::Num3), "ctrl+3");
    both.enter("Epochs", &EPOCHS.to_string());
    click(&window, button(&both.map, "Train"));

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
    let again = tempfile::tempdir().unwrap();
    let (from, to) = (home.join("."), again.path());
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.unwrap().success());
    let mut map = map_of(again);
    map.wait("the offer", |app| app.state().runs.offered.is_some());
    map.harness.run_steps(FRAMES);
    window.keep("8-offered");
    click(&window, button(&map, "Continue"));
    window.wait_for_line("Training finished", 0);
    window.keep("9-continued");
    let after = read::history(&run).unwrap();
    assert_eq!(after.len(), EPOCHS);
    assert_eq!(after[..before.len()], before[..], "what was done is kept");
    assert!(run.join("model.safetensors").is_file());
    window.close();
}
