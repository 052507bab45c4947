//! The model editor on a made-up state whose actions are carried out.

use std::{path::PathBuf, sync::Arc};

use convscope::{
    data::{Dataset, Division, Sample},
    engine::{JobId, OpenDataset},
    train::{Experiment, recipes},
    ui::{
        action::Action,
        panels::{Cx, Panels},
        settings::Settings,
        state::{AppState, DataState},
        textures::Textures,
        theme,
        workspace::{PanelKind, Step},
    },
};
use eframe::egui::{self, Theme, Vec2, accesskit::Role, vec2};
use egui_kittest::{Harness, kittest::Queryable as _};

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

pub struct Bench {
    panels: Panels,
    textures: Textures,
    settings: Settings,
    pub state: AppState,
    /// What was asked for and is not the editor's to do.
    pub asked: Vec<Action>,
}

impl Bench {
    fn ui(&mut self, ui: &mut egui::Ui) {
        let mut actions = Vec::new();
        let mut cx = Cx {
            state: &self.state,
            textures: &mut self.textures,
            settings: &mut self.settings,
            actions: &mut actions,
        };
        let panels = &mut self.panels;
        egui::CentralPanel::default().show(ui, |ui| panels.ui(PanelKind::Model, ui, &mut cx));
        if !actions.is_empty() {
            ui.ctx().request_repaint();
        }
        for action in actions {
            match action {
                Action::Design(action) => self.state.apply_design(action),
                Action::Undo => {
                    self.state.undo_layers();
                }
                Action::Redo => {
                    self.state.redo_layers();
                }
                Action::EditInput(input) => {
                    self.state.experiment.model.input = input;
                    self.state.network_changed();
                }
                action => self.asked.push(action),
            }
        }
    }
}

pub type Desk = Harness<'static, Bench>;

pub fn harness(state: AppState, size: Vec2, theme: Theme) -> Desk {
    let bench = Bench {
        panels: Panels::default(),
        textures: Textures::default(),
        settings: Settings {
            step: Step::Model,
            ..Settings::default()
        },
        state,
        asked: Vec::new(),
    };
    let mut harness = Harness::builder()
        .with_size(size)
        .with_theme(theme)
        .with_max_steps(16)
        .with_context_setup(theme::install)
        .build_ui_state(|ui, bench: &mut Bench| bench.ui(ui), bench);
    harness.run();
    harness
}

pub fn wide(state: AppState) -> Desk {
    harness(state, vec2(950.0, 940.0), Theme::Light)
}

/// Writes what is shown to the folder of `CONVSCOPE_SHOTS`, if there is one.
pub fn shot(harness: &mut Desk, name: &str) {
    if let Some(folder) = std::env::var_os("CONVSCOPE_SHOTS") {
        let path = PathBuf::from(folder).join(format!("{name}.png"));
        harness.render().unwrap().save(path).unwrap();
    }
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
