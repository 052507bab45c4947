//! The question of the window before a run of which much of the data cannot be read, and what the Train step says about
//! data beforehand: the same as the command line.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;

use crate::desk::{Desk, Opening};
use convscope::{
    data::generate,
    train::DataReport,
    ui::{
        action::{EditAction, WindowAction},
        state::RunState,
        workspace::Step,
    },
};
use eframe::egui::{Key, Modifiers};

/// A window over shapes of which no square can be read, in the Train step.
fn desk() -> Desk {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("shapes");
    generate::generate_shapes(&data, 1, 12, &mut |_, _| {}).unwrap();
    for file in fs::read_dir(data.join("square")).unwrap() {
        fs::write(file.unwrap().path(), b"not an image").unwrap();
    }
    let mut desk = Desk::start(home, Opening::of(data));
    desk.opened();
    let mut training = desk.harness.state().state().experiment.training.clone();
    training.set_epochs(1);
    (training.batch_size, training.threads) = (8, Some(1));
    desk.act(EditAction::Training(training));
    desk.press(Modifiers::COMMAND, Key::Num3);
    desk
}

fn ask(desk: &mut Desk) {
    desk.click("Train");
    desk.wait("the question", |app| {
        let asked = app.state().asked_run.as_ref();
        asked.is_some_and(|asked| asked.lost.is_some())
    });
    desk.harness.run_steps(2);
    assert!(desk.shows("Much of the data cannot be read"));
    assert!(desk.shows("12 images of 36 (33.3 %)"));
    assert!(desk.shows("every image of class square"));
    assert!(!desk.harness.state().state().training.is_running());
}

#[test]
fn a_run_that_loses_a_class_asks_and_each_answer_does_what_it_says() {
    let mut desk = desk();
    ask(&mut desk);
    desk.click("Cancel");
    assert!(!desk.shows("Much of the data"));
    assert!(!desk.home.path().join("runs").exists(), "nothing began");

    ask(&mut desk);
    desk.click("Show them");
    desk.wait("the unreadable images", |app| {
        app.state().browsed.len() == 12
    });
    let class =
        |index: &usize| desk.harness.state().state().dataset().unwrap().samples[*index].label;
    assert!(
        desk.harness
            .state()
            .state()
            .browsed
            .iter()
            .all(|index| class(index) == 1)
    );

    desk.act(WindowAction::GoTo(Step::Train));
    desk.harness.run_steps(2);
    // By now the window knows what the run would say, and says it before.
    assert!(desk.shows("12 images of 36 (33.3 %)"));
    assert!(desk.shows("no image to train on of square"));
    ask(&mut desk);
    desk.click("Train anyway");
    desk.wait("the end", |app| {
        matches!(app.state().training.run, RunState::Finished(_))
    });
    let state = desk.harness.state().state();
    let RunState::Finished(outcome) = &state.training.run else {
        unreachable!()
    };
    let kept = DataReport::load(&outcome.run);
    assert_eq!(kept.left_out.unreadable, 12);
    assert_eq!(state.training.data.as_deref(), Some(&kept));

    // An answer that is no brings back what was there before.
    let epochs = state.training.epochs.clone();
    ask(&mut desk);
    desk.press(Modifiers::NONE, Key::Escape);
    let state = desk.harness.state().state();
    assert!(state.asked_run.is_none());
    assert_eq!(state.training.epochs, epochs);
    assert!(state.evaluation.is_some());
}
