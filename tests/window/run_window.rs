//! The notebook of runs in the whole window: trained, found, described, cut off, continued, trained again.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::PathBuf;

use crate::desk::Desk;
use convscope::{
    engine::ListRuns,
    train::{
        run_folder::RESULT_FILE,
        runs::{RunNotes, RunState, read, several::NamedHistory},
    },
    ui::{
        action::{EditAction, RunsAction, TrainingAction, WindowAction},
        saving::Saving,
        state::RunState as Stands,
        workspace::Step,
    },
};
use eframe::egui::{Key, Modifiers};

impl Desk {
    fn listed(&mut self, count: usize) {
        self.act(WindowAction::GoTo(Step::Runs));
        self.wait("the list of runs", |app| {
            let book = &app.state().runs;
            let listing = book.listing.as_ref();
            !book.stale
                && !app.state().waits_for::<ListRuns>()
                && listing.is_some_and(|l| l.runs.len() == count)
        });
    }

    /// Writes what is shown to the folder of `CONVSCOPE_SHOTS`, if there is one.
    fn shot(&mut self, name: &str) {
        if let Some(folder) = std::env::var_os("CONVSCOPE_SHOTS") {
            let path = PathBuf::from(folder).join(format!("{name}.png"));
            self.harness.render().unwrap().save(path).unwrap();
        }
    }
}

#[test]
fn runs_are_kept_compared_and_described() {
    let mut desk = Desk::new();
    desk.harness
        .key_press_modifiers(Modifiers::COMMAND, Key::Num7);
    desk.wait("the empty list", |app| app.state().runs.listing.is_some());
    assert!(desk.shows("Every training run is kept here"));
    let first = desk.train(2);
    let mut training = desk.harness.state().state().experiment.training.clone();
    training.seed += 1;
    desk.act(EditAction::Training(training));
    let second = desk.train(3);
    assert_ne!(first, second);
    desk.listed(2);
    desk.act(RunsAction::Choose(vec![first.clone(), second.clone()]));
    desk.wait("both curves", |app| {
        let runs = [&first, &second];
        runs.iter().all(|run| app.state().figures(run).is_some())
    });
    assert!(desk.shows("seed") && desk.shows("epochs"));
    desk.shot("window-runs");

    let notes = RunNotes {
        name: "the better one".into(),
        tags: vec!["good".into()],
        ..RunNotes::default()
    };
    let folder = second.clone();
    desk.act(EditAction::Notes { folder, notes });
    desk.wait("the name", |app| {
        let run = app.state().runs.find(&second);
        run.is_some_and(|run| run.name() == "the better one")
    });
    let mut desk = desk.restarted();
    desk.listed(2);
    assert!(desk.shows("the better one") && desk.shows("#good"));
    assert!(desk.harness.state().state().runs.offered.is_none());
    desk.act(RunsAction::Choose(vec![second.clone()]));
    desk.wait("its curve", |app| app.state().figures(&second).is_some());
    let figures = desk.harness.state().state().figures(&second).unwrap();
    let name = String::new();
    let epochs = figures.history.clone();
    let saved = desk.home.path().join("saved.csv");
    desk.answer(saved.clone());
    desk.act(Saving::History([NamedHistory { name, epochs }].into()));
    desk.wait("the saved history", |_| saved.is_file());
    let same = std::fs::read(second.join("history.csv")).unwrap();
    assert_eq!(std::fs::read(saved).unwrap(), same);
}

#[test]
fn a_run_that_was_cut_off_is_offered_and_goes_on() {
    let mut desk = Desk::new();
    let run = desk.train(3);
    let whole = read::history(&run).unwrap();
    let mut desk = desk.restarted();
    // As a kill leaves it: nothing says how it ended. More epochs were asked for than were done.
    std::fs::remove_file(run.join(RESULT_FILE)).unwrap();
    let file = run.join("experiment.ron");
    let text = std::fs::read_to_string(&file).unwrap();
    let longer = text.replacen("epochs: 3", "epochs: 5", 1);
    assert_ne!(text, longer);
    std::fs::write(&file, longer).unwrap();
    desk = desk.restarted();
    desk.wait("the offer", |app| app.state().runs.offered.is_some());
    assert!(desk.shows("after epoch 3 of 5"));
    desk.shot("window-offer");

    desk.click("Leave it");
    desk.wait("the decision on the disk", |_| {
        RunNotes::load(&run).is_ok_and(|notes| notes.left)
    });
    let mut desk = desk.restarted();
    desk.listed(1);
    assert!(
        desk.harness.state().state().runs.offered.is_none(),
        "it was left"
    );
    let state = desk.harness.state().state().runs.find(&run).unwrap().state;
    assert_eq!(state, RunState::Unfinished);

    desk.act(RunsAction::Choose(vec![run.clone()]));
    desk.click("Continue");
    desk.wait("the run", |app| app.state().training.is_running());
    desk.ended();
    let state = desk.harness.state().state();
    assert_eq!(
        state.training.folder.as_ref(),
        Some(&run),
        "the same folder"
    );
    assert_eq!(state.training.epochs.len(), 5);
    let history = read::history(&run).unwrap();
    let loss = |records: &[convscope::train::EpochRecord]| -> Vec<f64> {
        records.iter().map(|record| record.train_loss).collect()
    };
    assert_eq!(loss(&history[..3]), loss(&whole), "what was done is kept");
    assert!(!RunNotes::load(&run).unwrap().left);
    // Steps taken before the restart are drawn too.
    let per_epoch = desk.harness.state().state().training.steps_per_epoch;
    desk.wait("all steps", |app| {
        !app.state().training.lacks_steps() && app.state().training.steps.len() == 5 * per_epoch
    });

    desk.act(RunsAction::Continue {
        folder: run.clone(),
        more: 1,
    });
    assert!(
        !desk.harness.state().state().training.is_running(),
        "the list does not know yet that it has finished"
    );
    desk.listed(1);
    desk.wait("the end in the list", |app| {
        let run = app.state().runs.find(&run);
        run.is_some_and(|run| run.state == RunState::Finished)
    });
    desk.act(RunsAction::Continue {
        folder: run.clone(),
        more: 1,
    });
    desk.wait("the run", |app| app.state().training.is_running());
    desk.ended();
    assert_eq!(read::history(&run).unwrap().len(), 6);
}

#[test]
fn a_run_is_trained_again_with_its_own_settings() {
    let mut desk = Desk::new();
    let run = desk.train(2);
    let mut training = desk.harness.state().state().experiment.training.clone();
    training.batch_size = 99;
    desk.act(EditAction::Training(training));
    desk.listed(1);
    desk.act(RunsAction::TrainAgain(run));
    desk.opened();
    let state = desk.harness.state().state();
    assert_eq!(state.experiment.training.batch_size, 8);
    assert!(!state.training.is_running(), "the user may change it first");
    assert!(desk.shows("Train"));
}

#[test]
fn what_cannot_be_continued_says_why() {
    let mut desk = Desk::new();
    let run = desk.train(1);
    let mut desk = {
        std::fs::remove_file(run.join(RESULT_FILE)).unwrap();
        std::fs::remove_file(desk.home.path().join("shapes/circle/circle_003.png")).unwrap();
        desk.listed(1);
        desk.act(RunsAction::List);
        desk.wait("the state", |app| {
            let run = app.state().runs.find(&run);
            run.is_some_and(|run| run.state == RunState::Unfinished)
        });
        desk
    };
    desk.act(RunsAction::Continue {
        folder: run,
        more: 0,
    });
    desk.wait("the reason", |app| {
        matches!(&app.state().training.run, Stands::Failed(words) if words.contains("changed since it began"))
    });
}

#[test]
fn a_run_goes_to_the_bin_and_one_that_is_trained_does_not() {
    let mut desk = Desk::new();
    let run = desk.train(1);
    desk.listed(1);
    desk.act(RunsAction::Choose(vec![run.clone()]));
    desk.act(RunsAction::Discard(vec![run.clone()]));
    // A machine without a home has no bin and says so.
    desk.wait("the end of the run", |app| {
        let book = &app.state().runs;
        let is_gone = book.listing.as_ref().is_some_and(|l| l.runs.is_empty());
        let says = |notice: &convscope::ui::state::Notice| notice.text.contains("bin");
        is_gone && book.chosen.is_empty() || app.state().notices.iter().any(says)
    });
    #[cfg(target_os = "linux")]
    {
        let thrown = trash::os_limited::list().unwrap_or_default();
        let ours = thrown
            .into_iter()
            .filter(|item| item.original_path() == run);
        let _ = trash::os_limited::purge_all(ours);
    }

    let mut training = desk.harness.state().state().experiment.training.clone();
    training.phases[0].epochs = 10_000;
    desk.act(EditAction::Training(training));
    desk.act(TrainingAction::Train);
    desk.wait("its folder", |app| {
        app.state()
            .training
            .folder
            .as_ref()
            .is_some_and(|f| *f != run)
    });
    let running = desk
        .harness
        .state()
        .state()
        .training
        .folder
        .clone()
        .unwrap();
    desk.act(RunsAction::Discard(vec![running.clone()]));
    desk.wait("the refusal", |app| {
        let says = |notice: &convscope::ui::state::Notice| notice.text.contains("stop it first");
        app.state().notices.iter().any(says)
    });
    assert!(running.is_dir() && desk.harness.state().state().training.is_running());
    desk.act(TrainingAction::Stop);
    desk.ended();
}
