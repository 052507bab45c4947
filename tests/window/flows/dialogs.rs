//! The dialog that the window draws itself: it comes at once, and everything is done with the keyboard.

use convscope::train::Experiment;

use super::*;

/// A window whose dialogs are its own.
fn desk(size: [f32; 2], theme: egui::Theme) -> Desk {
    let home = tempfile::tempdir().unwrap();
    generate::generate_shapes(&home.path().join("shapes"), 1, 12, &mut |_, _| {}).unwrap();
    let opening = Opening {
        size,
        theme,
        own_dialogs: true,
        ..Opening::of(home.path().join("shapes"))
    };
    let mut desk = Desk::start(home, opening);
    desk.opened();
    desk
}

fn shot(desk: &mut Desk, name: &str) {
    if let Some(folder) = std::env::var_os("CONVSCOPE_SHOTS") {
        let picture = desk.harness.render().unwrap();
        let name = format!("{name}.png");
        picture.save(Path::new(&folder).join(name)).unwrap();
    }
}

fn type_in(desk: &mut Desk, text: &str) {
    desk.press(Modifiers::COMMAND, Key::A);
    desk.harness.event(egui::Event::Text(text.to_owned()));
    desk.harness.run_steps(2);
}

#[test]
fn an_experiment_is_saved_found_again_and_not_replaced_unasked() {
    let mut desk = desk([1280.0, 800.0], egui::Theme::Dark);
    let folder = desk.home.path().join("kept");
    std::fs::create_dir(&folder).unwrap();
    desk.act(Saving::Experiment);
    desk.harness.step();
    let name = |desk: &Desk| {
        // The browser of images has a field of this name too.
        let mut fields = desk
            .harness
            .get_all_by_role_and_label(Role::TextInput, "Name");
        let field = fields.find(egui_kittest::Node::is_focused);
        field.and_then(|field| field.value())
    };
    let expected = Some("shapes.ron".to_owned());
    assert_eq!(
        name(&desk),
        expected,
        "it is there in the next frame, and named"
    );
    type_in(&mut desk, &format!("{}/", folder.display()));
    wait_for(&mut desk, "kept");
    type_in(&mut desk, folder.join("mine").to_str().unwrap());
    desk.press(Modifiers::NONE, Key::Enter);
    let file = folder.join("mine.ron");
    desk.wait("the file", |_| file.is_file());
    desk.wait("the word that it is there", |app| {
        let mut notices = app.state().notices.iter();
        notices.any(|notice| {
            notice
                .text
                .starts_with("Saved the experiment as mine.ron in ")
        })
    });
    assert!(
        desk.shows("Saved the experiment as mine.ron in "),
        "it is told where one looks"
    );
    desk.harness.get_by_role_and_label(Role::Button, "Show");
    let kept = Experiment::load(&file).unwrap();

    // The next dialog of its kind is where this one was, and asks before it replaces.
    let mut training = kept.training.clone();
    training.phases[0].epochs = 9;
    desk.act(EditAction::Training(training));
    desk.act(Saving::Experiment);
    wait_for(&mut desk, "mine.ron");
    shot(&mut desk, "dialog-save-dark");
    type_in(&mut desk, "mine");
    desk.press(Modifiers::NONE, Key::Enter);
    wait_for(&mut desk, "mine.ron is there already. Replace it?");
    shot(&mut desk, "dialog-replace-dark");
    desk.press(Modifiers::NONE, Key::Escape);
    assert!(!desk.shows("Replace it?"));
    desk.press(Modifiers::NONE, Key::Escape);
    assert!(
        !desk.shows("New folder"),
        "Esc closes one thing after the other"
    );
    assert_eq!(
        Experiment::load(&file).unwrap(),
        kept,
        "nothing was replaced"
    );
    desk.act(Saving::Experiment);
    wait_for(&mut desk, "mine.ron");
    type_in(&mut desk, "mine");
    desk.press(Modifiers::NONE, Key::Enter);
    wait_for(&mut desk, "Replace it?");
    desk.click("Replace");
    desk.wait("the new file", |_| {
        Experiment::load(&file).is_ok_and(|now| now.training.phases[0].epochs == 9)
    });
}

fn wait_for(desk: &mut Desk, words: &str) {
    let start = std::time::Instant::now();
    while !desk.shows(words) {
        assert!(
            start.elapsed() < crate::desk::PATIENCE,
            "{words} never came"
        );
        desk.harness.step();
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

#[test]
fn a_dataset_is_found_by_arrows_and_by_its_path() {
    for (size, theme, word) in [
        ([960.0, 600.0], egui::Theme::Light, "light"),
        ([1280.0, 800.0], egui::Theme::Dark, "dark"),
    ] {
        let mut desk = desk(size, theme);
        let other = desk.home.path().join("sets/two");
        cats_and_dogs(&other);
        desk.press(Modifiers::COMMAND, Key::O);
        // Beside the dataset that is open.
        wait_for(&mut desk, "sets");
        shot(&mut desk, &format!("dialog-open-{word}"));
        type_in(&mut desk, "sets/");
        wait_for(&mut desk, "two");
        desk.press(Modifiers::NONE, Key::ArrowDown);
        desk.press(Modifiers::NONE, Key::Enter);
        desk.wait("the other dataset", |app| {
            app.state()
                .dataset()
                .is_some_and(|dataset| dataset.opened == other)
        });
        desk.press(Modifiers::COMMAND, Key::O);
        wait_for(&mut desk, "two");
        type_in(&mut desk, "/nowhere/at/all");
        desk.press(Modifiers::NONE, Key::Enter);
        wait_for(&mut desk, "There is no /nowhere/at/all");
    }
}
