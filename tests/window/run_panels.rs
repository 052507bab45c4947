//! The panels of the Runs step and the curves alone, in every state: they draw without panicking, name what they
//! show, clicks become the right actions, and a million steps stay fluid.
//!
//! `CONVSCOPE_SHOTS=folder` also writes a picture of every case.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, helpers included"
)]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::data_panels::bench::{closed, harness, pushed};
use crate::panel::{Bench, shot};
use PanelKind::{AboutRun, Curves, RunCurves, RunDifference, Runs};
use convscope::{
    engine::{Event, JobEvent, JobId, ReadRun, RunFigures},
    sys,
    train::{
        DataReport, EpochRecord, Experiment, StepRecord, recipes,
        run_folder::RunResult,
        runs::{Listing, RunNotes, RunRecord, RunState, Skipped},
    },
    ui::{
        action::{Action, EditAction, ModelAction, RunsAction, WindowAction},
        dialogs::Purpose,
        saving::Saving,
        state::{AppState, RunState as Stands},
        workspace::PanelKind,
    },
};
use eframe::egui::{self, Key, Modifiers, Theme, accesskit::Role, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

fn experiment() -> Experiment {
    recipes::find(Path::new("shapes")).unwrap()
}

/// Curves as they often are: better and better, validation behind.
fn history(epochs: usize, quality: f64) -> Vec<EpochRecord> {
    let record = |epoch: usize| {
        let x = epoch as f64;
        let wiggle = (x * 2.7).sin() * 0.02;
        EpochRecord {
            epoch,
            phase: 1 + usize::from(epoch > epochs / 2),
            train_loss: 1.1 / (1.0 + 0.4 * x * quality),
            train_accuracy: 1.0 - 0.7 / (1.0 + 0.5 * x * quality),
            val_loss: Some(1.1 / (1.0 + 0.3 * x * quality) + wiggle.abs()),
            val_accuracy: Some(1.0 - 0.7 / (1.0 + 0.4 * x * quality) + wiggle),
            learning_rate: 0.001,
            images_per_sec: 1_234.0,
            seconds: 2.5,
            train_penalty: None,
            val_penalty: None,
        }
    };
    (1..=epochs).map(record).collect()
}

fn folder(number: usize) -> PathBuf {
    format!("/runs/shapes-{number:03}").into()
}

fn record(number: usize) -> RunRecord {
    const STATES: [RunState; 5] = [
        RunState::Finished,
        RunState::Unfinished,
        RunState::Stopped,
        RunState::Failed,
        RunState::Running,
    ];
    let state = STATES[number % STATES.len()];
    let epochs = history(12, 1.0 + number as f64 / 10.0);
    let mut experiment = experiment();
    experiment.training.phases[0].epochs = 12;
    experiment.training.batch_size = 32 << (number % 3);
    experiment.training.seed = number as u64;
    let result = RunResult {
        completed: state == RunState::Finished,
        failure: (state == RunState::Failed).then(|| "the disk is full".to_owned()),
        best_epoch: 12,
        test_accuracy: Some(0.9 - number as f64 / 1_000.0),
        left_out: Vec::new(),
        stopped_early: Vec::new(),
        lost: Vec::new(),
        split_hash: String::new(),
        computed: "f32".into(),
        seconds: 30.0,
    };
    let has_result = !matches!(state, RunState::Unfinished | RunState::Running);
    let long = "a run with a rather long name that says everything about it";
    RunRecord {
        folder: folder(number),
        notes: RunNotes {
            name: if number == 2 {
                long.into()
            } else {
                String::new()
            },
            text: "Twice the filters.".into(),
            tags: vec!["baseline".into(), format!("t{}", number % 4)],
            left: false,
        },
        experiment: Arc::new(experiment),
        state,
        result: has_result.then_some(result),
        data: DataReport::default(),
        started: SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000 - 600 * number as u64),
        ended: None,
        epochs: epochs.len(),
        best: epochs.last().copied(),
        seconds: 30.0,
        parameters: Some(77_991),
        diverged: None,
        has_model: has_result,
        has_report: has_result,
    }
}

fn reading(number: usize) -> ReadRun {
    ReadRun {
        folder: folder(number),
        with_steps: false,
    }
}

/// `count` runs, the newest first, of which `chosen` are chosen.
fn listed(count: usize, chosen: &[usize]) -> AppState {
    let mut state = closed();
    state.runs.listing = Some(Arc::new(Listing {
        runs: (0..count).map(|number| Arc::new(record(number))).collect(),
        skipped: vec![Skipped {
            folder: "/runs/holiday".into(),
            reason: "it holds no experiment.ron, so it is no run".into(),
        }],
    }));
    state
        .runs
        .choose(chosen.iter().map(|number| folder(*number)).collect());
    for number in chosen {
        let figures = RunFigures {
            history: history(12, 1.0 + *number as f64 / 2.0),
            steps: Vec::new(),
        };
        let job = JobId(*number as u64);
        state.asked(job, reading(*number));
        state.apply(Event::done::<ReadRun>(job, figures));
    }
    state
}

/// A run of `epochs` epochs of `per_epoch` steps that has ended.
fn trained(epochs: usize, per_epoch: usize) -> AppState {
    let mut state = closed();
    let mut experiment = experiment();
    let mut second = experiment.training.phases[0].clone();
    experiment.training.phases[0].name = "feature extraction".into();
    second.name = "fine-tuning of the last block with a small rate".into();
    experiment.training.phases.push(second);
    let step = |step: usize| {
        let x = step as f64 / per_epoch as f64;
        let noise = ((step * 7_919) % 1_000) as f64 / 5_000.0;
        StepRecord {
            step,
            epoch: 1 + (step - 1) / per_epoch,
            loss: 1.1 / (1.0 + 0.4 * x) + noise,
            accuracy: 1.0 - 0.7 / (1.0 + 0.5 * x) - noise,
        }
    };
    let training = &mut state.training;
    training.steps = (1..=epochs * per_epoch).map(step).collect();
    training.epochs = history(epochs, 1.0);
    training.steps_per_epoch = per_epoch;
    training.total_epochs = epochs;
    training.experiment = Some(Arc::new(experiment));
    state
}

fn starting() -> AppState {
    let mut state = trained(4, 10);
    state.training.steps.clear();
    state.training.epochs.clear();
    state.training.run = Stands::Running {
        job: JobId(3),
        paused: false,
        stopping: false,
    };
    state
}

fn diverged() -> AppState {
    let mut state = trained(6, 20);
    for record in &mut state.training.epochs[3..] {
        record.train_loss = f64::NAN;
        record.val_loss = Some(f64::INFINITY);
    }
    for record in &mut state.training.steps[60..] {
        record.loss = f64::INFINITY;
    }
    state
}

/// In its first epoch; one batch is far off.
fn first_epoch() -> AppState {
    let mut state = starting();
    state.training.steps = trained(4, 10).training.steps[..8].to_vec();
    state.training.steps[5].loss = 3.9e17;
    state
}

/// Two epochs in, of which one batch was far off.
fn one_wild_batch() -> AppState {
    let mut state = trained(4, 10);
    state.training.steps[12].loss = 19.0;
    state
}

/// The losses themselves are far off.
fn enormous() -> AppState {
    let mut state = trained(6, 20);
    for record in &mut state.training.epochs {
        record.train_loss *= 3.9e17;
        record.val_loss = record.val_loss.map(|loss| loss * 3.9e17);
    }
    state
}

fn beside_earlier_runs() -> AppState {
    let mut state = listed(5, &[1, 3]);
    state.training = trained(8, 20).training;
    state.selection.epoch = Some(3);
    state
}

/// A run that came to its end with a loss beyond all bounds.
fn listed_diverged() -> AppState {
    let mut state = listed(2, &[0]);
    let diverged = RunRecord {
        diverged: Some("It diverges: the training loss has grown to 3.900e17.".into()),
        ..record(0)
    };
    state.runs.listing = Some(Arc::new(Listing {
        runs: vec![Arc::new(diverged), Arc::new(record(1))],
        skipped: Vec::new(),
    }));
    state
}

fn failed_listing() -> AppState {
    let mut state = closed();
    state.runs.failed = Some("Could not list the runs: permission denied".into());
    state
}

fn unreadable() -> AppState {
    let mut state = listed(3, &[0]);
    state.runs.choose(vec![folder(0), folder(1)]);
    state.asked(JobId(9), reading(1));
    let failed = JobEvent::Failed("history.csv is damaged".into());
    state.apply(Event::Job(JobId(9), failed));
    state
}

#[test]
fn every_panel_has_something_to_say_in_every_state() {
    let cases: Vec<(&str, PanelKind, AppState, &[&str])> = vec![
        ("nothing-yet", Runs, closed(), &["Looking for runs"]),
        (
            "failed",
            Runs,
            failed_listing(),
            &["permission denied", "Try again"],
        ),
        (
            "none",
            Runs,
            listed(0, &[]),
            &["Every training run is kept", "Go to Train"],
        ),
        (
            "one",
            Runs,
            listed(1, &[0]),
            &["shapes-000", "finished", "1 run · 1 chosen"],
        ),
        (
            "hundred",
            Runs,
            listed(100, &[0, 2, 3]),
            &["100 runs · 3 chosen", "1 folder not listed"],
        ),
        (
            "diverged",
            Runs,
            listed_diverged(),
            &["finished", "diverged"],
        ),
        (
            "diverged",
            AboutRun,
            listed_diverged(),
            &["It diverges: the training loss has grown"],
        ),
        (
            "none-chosen",
            RunCurves,
            listed(3, &[]),
            &["Choose runs in the table"],
        ),
        (
            "one",
            RunCurves,
            listed(3, &[0]),
            &["1 shapes-000", "validation accuracy"],
        ),
        (
            "seven",
            RunCurves,
            listed(9, &[0, 1, 2, 3, 4, 5, 6]),
            &["7 shapes-006"],
        ),
        (
            "unreadable",
            RunCurves,
            unreadable(),
            &["history.csv is damaged"],
        ),
        ("none-chosen", AboutRun, listed(3, &[]), &["Choose a run"]),
        (
            "finished",
            AboutRun,
            listed(3, &[0]),
            &["Train again with…", "Load model", "Train 5 more epochs"],
        ),
        (
            "killed",
            AboutRun,
            listed(3, &[1]),
            &["Continue", "unfinished"],
        ),
        ("long", AboutRun, listed(3, &[2]), &["Continue", "stopped"]),
        (
            "failed",
            AboutRun,
            listed(4, &[3]),
            &["the disk is full", "Continue"],
        ),
        (
            "several",
            AboutRun,
            listed(4, &[0, 1, 2]),
            &["3 runs are chosen.", "Move to bin…"],
        ),
        ("one", RunDifference, listed(3, &[0]), &["Choose two runs"]),
        (
            "three",
            RunDifference,
            listed(3, &[0, 1, 2]),
            &["batch size", "128"],
        ),
        (
            "same",
            RunDifference,
            {
                let mut s = listed(3, &[0]);
                s.runs.chosen.push(folder(0));
                s
            },
            &["the same settings"],
        ),
        ("nothing-yet", Curves, closed(), &["Curves appear here"]),
        (
            "starting",
            Curves,
            starting(),
            &["Figures of an epoch stand here"],
        ),
        (
            "trained",
            Curves,
            trained(8, 20),
            &["best: epoch 8", "epoch 8 · training"],
        ),
        (
            "many-epochs",
            Curves,
            trained(400, 5),
            &["epoch 400 · training"],
        ),
        ("diverged", Curves, diverged(), &["epoch 6"]),
        (
            "first-epoch",
            Curves,
            first_epoch(),
            &["Figures of an epoch"],
        ),
        (
            "wild-batch",
            Curves,
            one_wild_batch(),
            &["epoch 4 · training"],
        ),
        ("enormous", Curves, enormous(), &["e17"]),
        (
            "earlier",
            Curves,
            beside_earlier_runs(),
            &["epoch 3 · training", "earlier runs"],
        ),
    ];
    for (name, panel, state, wanted) in cases {
        let sizes = [
            ("narrow-light", vec2(320.0, 300.0), Theme::Light),
            ("wide-dark", vec2(760.0, 480.0), Theme::Dark),
        ];
        for (look, size, theme) in sizes {
            let mut harness = harness(panel, state.clone(), size, theme);
            shot(&mut harness, &format!("{panel:?}-{name}-{look}"));
            for part in wanted {
                let shown = harness.query_all_by_label_contains(part).next().is_some();
                let is_typed = harness.query_all_by_value(part).next().is_some();
                assert!(shown || is_typed, "{panel:?} {name} {look} lacks {part}");
            }
            assert_eq!(
                pushed(&mut harness).len(),
                0,
                "{panel:?} {name}: nobody clicked"
            );
        }
    }
}

fn chosen(actions: &[Action]) -> Vec<PathBuf> {
    match actions {
        [Action::Runs(RunsAction::Choose(folders))] => folders.clone(),
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn only_runs_of_the_same_dataset_and_classes_are_drawn_behind() {
    type Change = fn(&mut Experiment);
    let cases: [(&str, Change, bool); 3] = [
        (
            "another seed",
            |experiment| experiment.training.seed += 1,
            true,
        ),
        (
            "another dataset",
            |experiment| experiment.dataset.path = "/flowers".into(),
            false,
        ),
        (
            "other classes",
            |experiment| {
                experiment.model.fit_classes(17);
            },
            false,
        ),
    ];
    for (why, change, is_drawn) in cases {
        let mut state = beside_earlier_runs();
        let mut drawn = Experiment::clone(state.training.experiment.as_ref().unwrap());
        change(&mut drawn);
        state.training.experiment = Some(Arc::new(drawn));
        let harness = harness(Curves, state, vec2(760.0, 480.0), Theme::Light);
        let named = harness.query_by_label("— earlier runs").is_some();
        assert_eq!(named, is_drawn, "{why}");
    }
}

#[test]
fn clicks_choose_runs_alone_together_and_in_ranges() {
    let mut harness = harness(Runs, listed(6, &[4]), vec2(900.0, 400.0), Theme::Light);
    let click = |harness: &mut egui_kittest::Harness<'_, Bench>, modifiers, number: usize| {
        let name = format!("run shapes-{number:03}");
        harness
            .get_by_role_and_label(Role::Row, &name)
            .click_modifiers(modifiers);
        harness.run();
        let folders = chosen(&pushed(harness));
        harness.state_mut().state.runs.choose(folders.clone());
        harness.run();
        folders
    };
    assert_eq!(click(&mut harness, Modifiers::NONE, 1), [folder(1)]);
    assert_eq!(
        click(&mut harness, Modifiers::COMMAND, 3),
        [folder(1), folder(3)]
    );
    let range: Vec<PathBuf> = (3..=5).map(folder).collect();
    assert_eq!(click(&mut harness, Modifiers::SHIFT, 5), range);
    let without: Vec<PathBuf> = vec![folder(3), folder(5)];
    assert_eq!(click(&mut harness, Modifiers::COMMAND, 4), without);
    // The same without a key held.
    harness
        .get_by_role_and_label(Role::CheckBox, "choose shapes-000")
        .click();
    harness.run();
    assert_eq!(
        chosen(&pushed(&mut harness)),
        [folder(3), folder(5), folder(0)]
    );
    harness.get_by_label("Choose none").click();
    harness.run();
    assert!(chosen(&pushed(&mut harness)).is_empty());
}

/// Names of the lines, from top to bottom.
fn lines(harness: &egui_kittest::Harness<'_, Bench>) -> Vec<String> {
    let mut rows: Vec<(f32, String)> = harness
        .query_all_by_role(Role::Row)
        .filter_map(|row| Some((row.rect().top(), row.accesskit_node().label()?)))
        .filter_map(|(top, name)| Some((top, name.strip_prefix("run ")?.to_owned())))
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    rows.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn the_table_is_sorted_and_filtered() {
    let mut harness = harness(Runs, listed(5, &[]), vec2(1_000.0, 400.0), Theme::Light);
    let names = |numbers: &[usize]| -> Vec<String> {
        let long = "a run with a rather long name that says everything about it";
        let name = |number: &usize| match number {
            2 => long.to_owned(),
            number => format!("shapes-{number:03}"),
        };
        numbers.iter().map(name).collect()
    };
    assert_eq!(lines(&harness), names(&[0, 1, 2, 3, 4]), "newest first");
    // Runs 1 and 4 have no test accuracy; run 0 has the highest.
    let orders: [(&str, &[usize]); 3] = [
        ("test acc", &[0, 2, 3, 1, 4]),
        ("test acc", &[3, 2, 0, 1, 4]),
        ("name", &[2, 0, 1, 3, 4]),
    ];
    for (heading, expected) in orders {
        harness.get_by_label(heading).click();
        harness.run();
        assert_eq!(lines(&harness), names(expected), "{heading}");
    }
    harness.get_by_role(Role::TextInput).focus();
    harness.run();
    harness
        .get_by_role(Role::TextInput)
        .type_text("#t1 stopped");
    harness.run();
    assert!(harness.query_by_label("No run is like that.").is_some());
    harness.get_by_label("Show all runs").click();
    harness.run();
    assert_eq!(lines(&harness).len(), 5);
    harness.get_by_role(Role::TextInput).focus();
    harness.run();
    harness.get_by_role(Role::TextInput).type_text("val_acx>40");
    harness.run();
    harness.get_by_label_contains("There is no figure val_acx; there are val_accuracy");
    harness.get_by_label("Show all runs").click();
    harness.run();
    harness.get_by_role(Role::TextInput).focus();
    harness.run();
    harness
        .get_by_role(Role::TextInput)
        .type_text("test_accuracy>89.9%");
    harness.run();
    assert_eq!(lines(&harness), names(&[0]));
}

#[test]
fn buttons_of_a_run_wish_for_the_right_things() {
    let size = vec2(420.0, 600.0);
    let mut ended = harness(AboutRun, listed(3, &[0]), size, Theme::Light);
    let press = |harness: &mut egui_kittest::Harness<'_, Bench>, label: &str| {
        harness.get_by_role_and_label(Role::Button, label).click();
        harness.run();
        pushed(harness)
    };
    let pressed = press(&mut ended, "Train 5 more epochs");
    assert!(
        matches!(&pressed[..], [Action::Runs(RunsAction::Continue { folder: f, more: 5 })] if *f == folder(0))
    );
    let pressed = press(&mut ended, "Train again with…");
    assert!(matches!(&pressed[..], [Action::Runs(RunsAction::TrainAgain(f))] if *f == folder(0)));
    let pressed = press(&mut ended, "Load model");
    let model = folder(0).join("model.safetensors");
    assert!(matches!(&pressed[..], [Action::Model(ModelAction::Load(path))] if *path == model));
    let pressed = press(&mut ended, "Open report");
    assert!(
        matches!(&pressed[..], [Action::Window(WindowAction::ShowFile(path))] if path.ends_with("report.html"))
    );
    assert!(
        press(&mut ended, "Move to bin…").is_empty(),
        "it asks first"
    );
    shot(&mut ended, "AboutRun-question");
    assert!(press(&mut ended, "Keep").is_empty());
    press(&mut ended, "Move to bin…");
    let pressed = press(&mut ended, "Move to bin");
    assert!(matches!(&pressed[..], [Action::Runs(RunsAction::Discard(f))] if *f == [folder(0)]));

    let mut killed = harness(AboutRun, listed(3, &[1]), size, Theme::Light);
    let pressed = press(&mut killed, "Continue");
    assert!(matches!(
        &pressed[..],
        [Action::Runs(RunsAction::Continue { more: 0, .. })]
    ));
    assert!(press(&mut killed, "Load model").is_empty(), "it has none");
    assert!(press(&mut killed, "Train 5 more epochs").is_empty());
    assert!(press(&mut ended, "Continue").is_empty(), "it has finished");
    let places = |harness: &egui_kittest::Harness<'_, Bench>| {
        let labels = [
            "Continue",
            "Train again with…",
            "Load model",
            "Move to bin…",
        ];
        labels.map(|label| harness.get_by_role_and_label(Role::Button, label).rect())
    };
    assert_eq!(places(&ended), places(&killed), "whatever the run");
}

#[test]
fn what_is_written_is_kept_when_the_field_is_left() {
    let mut harness = harness(AboutRun, listed(3, &[1]), vec2(420.0, 600.0), Theme::Light);
    harness
        .get_by_role_and_label(Role::TextInput, "Name")
        .focus();
    harness.run();
    harness
        .get_by_role_and_label(Role::TextInput, "Name")
        .type_text("Wider");
    harness.run();
    assert!(pushed(&mut harness).is_empty(), "not at every letter");
    harness.key_press(Key::Enter);
    harness.run();
    let actions = pushed(&mut harness);
    let [
        Action::Edit(EditAction::Notes {
            folder: described,
            notes,
        }),
    ] = &actions[..]
    else {
        unreachable!("{actions:?}");
    };
    assert_eq!((described, notes.name.as_str()), (&folder(1), "Wider"));
    assert_eq!(notes.tags, ["baseline", "t1"]);
    harness
        .get_by_role_and_label(Role::TextInput, "Tags")
        .focus();
    harness.run();
    harness
        .get_by_role_and_label(Role::TextInput, "Tags")
        .type_text(" best");
    harness.run();
    // Another run is chosen before the field was left.
    harness.state_mut().state.runs.choose(vec![folder(0)]);
    harness.run();
    let actions = pushed(&mut harness);
    let kept = actions.iter().any(|action| {
        matches!(action, Action::Edit(EditAction::Notes { folder: f, notes }) if *f == folder(1) && notes.tags.contains(&"best".to_owned()))
    });
    assert!(kept, "{actions:?}");
}

#[test]
fn curves_of_one_run_and_of_several_are_exported() {
    let export = |chosen: &[usize], words: &str| {
        let size = vec2(760.0, 480.0);
        let mut harness = harness(RunCurves, listed(4, chosen), size, Theme::Light);
        harness.get_by_label("Export").click();
        harness.run();
        harness.get_by_label(words).click();
        harness.run();
        pushed(&mut harness)
    };
    let one = export(&[1], "History as CSV…");
    assert!(
        matches!(&one[..], [Action::Ask(Purpose::Save(Saving::History(runs)))] if runs[0].epochs.len() == 12)
    );
    let several = export(&[3, 0], "Curves as PNG…");
    let [Action::Ask(Purpose::Save(Saving::Curves(runs)))] = &several[..] else {
        unreachable!("{several:?}");
    };
    let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
    assert_eq!(names, ["shapes-003", "shapes-000"]);
}

#[test]
fn a_click_on_a_curve_chooses_its_epoch() {
    let mut harness = harness(Curves, trained(8, 20), vec2(600.0, 500.0), Theme::Dark);
    let plot = harness.get_by_label("Accuracy curve").rect();
    let click = |harness: &mut egui_kittest::Harness<'_, Bench>, share: f32| {
        let at = egui::pos2(egui::lerp(plot.x_range(), share), plot.center().y);
        harness.hover_at(at);
        harness.run();
        for pressed in [true, false] {
            harness.event(egui::Event::PointerButton {
                pos: at,
                button: egui::PointerButton::Primary,
                pressed,
                modifiers: Modifiers::NONE,
            });
            harness.run();
        }
        let actions = pushed(harness);
        let [Action::Select(selection)] = &actions[..] else {
            unreachable!("{actions:?}");
        };
        harness.state_mut().state.selection = selection.clone();
        harness.run();
        selection.epoch
    };
    let first = click(&mut harness, 0.6).unwrap();
    assert!((4..=6).contains(&first), "{first}");
    shot(&mut harness, "Curves-clicked");
    let line = format!("epoch {first} · training");
    assert!(harness.query_all_by_label_contains(&line).next().is_some());
    assert_eq!(click(&mut harness, 0.6), None, "again lets it go");
}

#[test]
fn smoothing_and_logarithm_are_switches_of_the_panel() {
    let mut harness = harness(Curves, trained(8, 20), vec2(760.0, 560.0), Theme::Light);
    harness.get_by_label("log loss").click();
    harness.run();
    harness.get_by_role(Role::Slider).focus();
    harness.run();
    for _ in 0..40 {
        harness.key_press(Key::ArrowRight);
        harness.run();
    }
    shot(&mut harness, "Curves-smooth-log");
    harness.get_by_label("Export").click();
    harness.run();
    harness.get_by_label("History as CSV…").click();
    harness.run();
    let actions = pushed(&mut harness);
    assert!(
        matches!(&actions[..], [Action::Ask(Purpose::Save(Saving::History(runs)))] if runs[0].epochs.len() == 8),
        "{actions:?}"
    );
}

/// Processor time of a frame with its triangles in seconds, the smallest of several.
fn frame(harness: &mut egui_kittest::Harness<'_, Bench>) -> f64 {
    let once = |harness: &mut egui_kittest::Harness<'_, Bench>| {
        let start = sys::thread_cpu_secs();
        harness.step();
        let output = harness.output();
        let (shapes, scale) = (output.shapes.clone(), output.pixels_per_point);
        let triangles = harness.ctx.tessellate(shapes, scale);
        assert!(!triangles.is_empty());
        sys::thread_cpu_secs() - start
    };
    let times = (0..10).map(|_| once(harness));
    times.fold(f64::INFINITY, f64::min)
}

#[test]
fn a_million_steps_stay_fluid() {
    // Seconds; measured: 1 to 2 ms.
    const FRAME: f64 = 0.016;
    let mut harness = harness(
        Curves,
        trained(100, 10_000),
        vec2(1_000.0, 800.0),
        Theme::Dark,
    );
    let still = frame(&mut harness);
    harness.get_by_role(Role::Slider).focus();
    harness.run();
    for _ in 0..3 {
        harness.key_press(Key::ArrowRight);
        harness.run();
    }
    let smooth = frame(&mut harness);
    shot(&mut harness, "Curves-million");
    // Steps go on coming while it is drawn.
    let last = *harness.state().state.training.steps.last().unwrap();
    let more = (1..=2_000).map(|i| StepRecord {
        step: last.step + i,
        ..last
    });
    harness.state_mut().state.training.steps.extend(more);
    let growing = frame(&mut harness);
    eprintln!(
        "a frame of 1,000,000 steps: {still:.4} s, smoothed {smooth:.4}, growing {growing:.4}"
    );
    for (time, what) in [(still, "still"), (smooth, "smoothed"), (growing, "growing")] {
        assert!(time <= FRAME, "{what}: {time} s");
    }
}
