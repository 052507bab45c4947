//! The experiment in the whole window: what another recipe and a restart keep of it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;

use crate::desk::{Desk, Opening};
use convscope::{
    data::generate,
    model::edit::LayerEdit,
    train::{Experiment, recipes},
    ui::{
        action::{Action, ExperimentAction, WindowAction},
        design::DesignAction,
        saving::Saving,
        settings::Settings,
        state::{AppState, DataState},
        workspace::Step,
    },
};
use eframe::egui::{Event, Key, Modifiers, accesskit::Role};
use egui_kittest::kittest::Queryable as _;

fn desk() -> Desk {
    let home = tempfile::tempdir().unwrap();
    generate::generate_shapes(&home.path().join("shapes"), 1, 12, &mut |_, _| {}).unwrap();
    at(home)
}

fn at(home: tempfile::TempDir) -> Desk {
    let open = home.path().join("shapes");
    let mut desk = Desk::start(home, Opening::of(open));
    desk.opened();
    desk
}

fn state(desk: &Desk) -> &AppState {
    desk.harness.state().state()
}

fn open_recipe(desk: &mut Desk, name: &str) {
    desk.act(ExperimentAction::OpenRecipe(name.into()));
    desk.wait("the recipe and a dataset", |app| {
        let state = app.state();
        state.experiment.name == name && matches!(state.data, DataState::Open(_))
    });
}

#[test]
fn a_recipe_whose_dataset_is_not_here_keeps_the_one_that_the_user_has_open() {
    let mut desk = desk();
    desk.act(WindowAction::GoTo(Step::Model));
    open_recipe(&mut desk, "catdog-basic");
    let own = desk.home.path().join("shapes");
    assert_eq!(state(&desk).dataset().unwrap().opened, own);
    assert_eq!(state(&desk).experiment.dataset.path, own);
    assert!(desk.shows("shapes, which is open, is used"));

    // Over what ships with the program the recipe's stand-in comes.
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/shapes");
    desk.act(WindowAction::OpenPath(bundled));
    desk.wait("the bundled shapes", |app| {
        let dataset = app.state().dataset();
        dataset.is_some_and(|dataset| dataset.samples.len() == 1_200)
    });
    open_recipe(&mut desk, "blood");
    let opened = &state(&desk).dataset().unwrap().opened;
    assert!(opened.ends_with("datasets/cells.npz"), "{opened:?}");
}

#[test]
fn the_input_shows_what_holds_and_its_changes_can_be_undone() {
    let mut desk = desk();
    desk.act(WindowAction::GoTo(Step::Model));
    let size = |desk: &Desk| {
        let input = state(desk).experiment.model.input;
        (input.height, input.width)
    };
    let side = |desk: &mut Desk, name: &str| {
        let field = desk.harness.get_by_role_and_label(Role::SpinButton, name);
        field.focus();
        desk.harness.run_steps(2);
    };
    side(&mut desk, "Height");
    open_recipe(&mut desk, "catdog-basic");
    desk.press(Modifiers::NONE, Key::Escape);
    assert_eq!(size(&desk), (150, 150), "the field holds nothing back");

    side(&mut desk, "Width");
    desk.press(Modifiers::COMMAND, Key::A);
    desk.harness.event(Event::Text("96".into()));
    desk.harness.run_steps(2);
    assert_eq!(size(&desk), (150, 150), "not while it is typed");
    desk.press(Modifiers::NONE, Key::Enter);
    assert_eq!(size(&desk), (150, 96));
    desk.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(size(&desk), (150, 150));
    assert_eq!(
        state(&desk).experiment.name,
        "catdog-basic",
        "one change at a time"
    );
}

#[test]
fn a_restart_keeps_the_experiment_and_a_file_holds_it() {
    let mut desk = desk();
    open_recipe(&mut desk, "catdog-basic");
    desk.act(WindowAction::GoTo(Step::Model));
    let remove = DesignAction::Edit(LayerEdit::Remove(2), None);
    desk.act(Action::Design(remove));
    let before = state(&desk).experiment.clone();
    let file = desk.home.path().join("mine.ron");
    desk.answer(file.clone());
    desk.act(Saving::Experiment);
    desk.wait("the file", |_| file.is_file());
    assert_eq!(Experiment::load(&file).unwrap(), before);

    let settings = desk.home.path().join("settings.ron");
    desk.wait("the settings on the disk", |_| {
        Settings::load(&settings).0.experiment.as_deref() == Some(&before)
    });
    let Desk { harness, home, .. } = desk;
    drop(harness);
    let desk = at(home);
    assert_eq!(state(&desk).experiment, before);
    let recipe = recipes::find(Path::new("catdog-basic")).unwrap();
    assert_ne!(before.model.layers, recipe.model.layers, "it was changed");
}
