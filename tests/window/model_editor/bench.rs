//! The model editor on a made-up state whose actions are carried out.

use std::sync::Arc;

use convscope::{
    data::{Dataset, Division, Sample},
    engine::{JobId, OpenDataset},
    train::{Experiment, recipes},
    ui::{
        action::{Action, WindowAction},
        state::{AppState, DataState},
        workspace::{PanelKind, Step},
    },
};
use eframe::egui::{self, Theme, Vec2, accesskit::Role, vec2};
use egui_kittest::{Harness, kittest::Queryable as _};

use crate::panel::Bench;

pub type Desk = Harness<'static, Bench>;

/// A state with an open dataset of `classes` classes; none when there are 0.
pub fn state(experiment: Experiment, classes: usize) -> AppState {
    let mut state = AppState::new(experiment);
    if classes > 0 {
        let name = |class: usize| format!("a rather long class name, number {class:03}");
        let sample = |number: usize| Sample::file(format!("{number}.png"), number % classes);
        let dataset = Arc::new(Dataset {
            name: "made up".into(),
            classes: (0..classes).map(name).collect(),
            samples: (0..10 * classes).map(sample).collect(),
            ..Dataset::default()
        });
        let division = Division::new(&dataset, &state.experiment.split).unwrap();
        state.data = DataState::Open(Arc::new(OpenDataset {
            id: JobId(1),
            base: Arc::clone(&dataset),
            edits: Arc::default(),
            dataset,
            images: Arc::default(),
        }));
        state.division = Some(Arc::new(division));
        state.experiment_changed();
    }
    state
}

/// Recipe 1.
pub fn shapes() -> Experiment {
    recipes::find(std::path::Path::new("shapes")).unwrap()
}

fn carry_out(state: &mut AppState, action: &Action) -> bool {
    match action {
        Action::Design(action) => state.apply_design(action.clone()),
        Action::Window(WindowAction::Undo) => {
            state.undo_experiment();
        }
        Action::Window(WindowAction::Redo) => {
            state.redo_experiment();
        }
        _ => return false,
    }
    true
}

/// What was asked for and is not the editor's to do.
pub fn asked(desk: &Desk) -> Vec<Action> {
    let is_own = |action: &&Action| {
        matches!(
            action,
            Action::Design(_)
                | Action::Window(WindowAction::Undo)
                | Action::Window(WindowAction::Redo)
        )
    };
    let actions = desk.state().actions.iter();
    actions.filter(|action| !is_own(action)).cloned().collect()
}

pub fn harness(state: AppState, size: Vec2, theme: Theme) -> Desk {
    let bench = Bench {
        carry_out,
        ..Bench::new(&[PanelKind::Model], state).in_step(Step::Model)
    };
    bench.drawn(size, theme)
}

pub fn wide(state: AppState) -> Desk {
    harness(state, vec2(950.0, 940.0), Theme::Light)
}

/// Presses the button or menu entry called `words`.
pub fn click(desk: &mut Desk, words: &str) {
    let button = desk.get_all_by_role(Role::Button).find(|node| {
        use egui_kittest::kittest::NodeT as _;
        node.accesskit_node().label().as_deref() == Some(words)
    });
    button
        .unwrap_or_else(|| panic!("no button {words}"))
        .click();
    desk.run();
}

/// The middle of the row of the layer called `name`.
pub fn row(desk: &Desk, name: &str) -> egui::Pos2 {
    let rows = desk.get_all_by_role(Role::ListBoxOption);
    let mut rows = rows.filter(|node| {
        use egui_kittest::kittest::NodeT as _;
        let label = node.accesskit_node().label().unwrap_or_default();
        label.split([' ', ',']).nth(1) == Some(name)
    });
    rows.next()
        .unwrap_or_else(|| panic!("no row {name}"))
        .rect()
        .center()
}

pub fn choose(desk: &mut Desk, name: &str) {
    let place = row(desk, name);
    press(desk, place, place);
}

/// Presses at one place and lets go at another.
pub fn press(desk: &mut Desk, from: egui::Pos2, to: egui::Pos2) {
    desk.drag_at(from);
    desk.run();
    if to != from {
        desk.hover_at(from + (to - from) * 0.5);
        desk.run();
        desk.hover_at(to);
        desk.run();
    }
    desk.drop_at(to);
    desk.run();
}

/// Types a number into the field called `name`.
pub fn enter(desk: &mut Desk, name: &str, value: &str) {
    let field = desk.get_by_role_and_label(Role::SpinButton, name);
    field.focus();
    desk.run();
    desk.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    desk.event(egui::Event::Text(value.to_owned()));
    desk.run();
    desk.key_press(egui::Key::Enter);
    desk.run();
}

/// Opens the list called `name` and chooses `words`.
pub fn pick(desk: &mut Desk, name: &str, words: &str) {
    desk.get_by_role_and_label(Role::ComboBox, name).click();
    desk.run();
    click(desk, words);
}

/// Names of the layers.
pub fn names(desk: &Desk) -> Vec<String> {
    let layers = desk.state().state.experiment.model.layers.iter();
    layers.map(|layer| layer.name.clone()).collect()
}
