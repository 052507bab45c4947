//! The whole window without a display: main flows by clicking and keys, every panel in every state,
//! a few pixel snapshots.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod dialogs;
mod train_step;
mod typing;
mod undo;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::desk::{Desk, Opening};
use convscope::{
    data::{Edit, generate},
    engine::{EstimateRequest, FindRateRequest, Inspect},
    inspect::maximise::MaximiseConfig,
    model::edit::LayerEdit,
    train::checkpoint::Weights,
    ui::{
        action::{
            Action, DataAction, EditAction, ExperimentAction, ModelAction, TrainingAction,
            WindowAction,
        },
        design::{Chosen, DesignAction},
        saving::Saving,
        state::{DataState, RunState},
        workspace::Step,
    },
};
use eframe::egui::{self, Key, Modifiers, accesskit::Role};
use egui_kittest::kittest::Queryable as _;

/// Six drawings of each of two classes.
fn cats_and_dogs(folder: &Path) {
    for class in ["cat", "dog"] {
        std::fs::create_dir_all(folder.join(class)).unwrap();
        for number in 0..6 {
            let picture = generate::draw_random_shape(number).1;
            let file = folder.join(class).join(format!("{number}.png"));
            picture.to_image().save(file).unwrap();
        }
    }
}

impl Desk {
    /// A window over twelve images of each shape; `open` is opened at the start.
    fn sized(size: [f32; 2], theme: egui::Theme, open: Option<PathBuf>) -> Self {
        let home = tempfile::tempdir().unwrap();
        generate::generate_shapes(&home.path().join("shapes"), 1, 12, &mut |_, _| {}).unwrap();
        Self::sized_at(home, size, theme, open)
    }

    fn sized_at(
        home: tempfile::TempDir,
        size: [f32; 2],
        theme: egui::Theme,
        open: Option<PathBuf>,
    ) -> Self {
        let open = open.unwrap_or_else(|| home.path().join("shapes"));
        let opening = Opening {
            size,
            theme,
            ..Opening::of(open)
        };
        Self::start(home, opening)
    }

    fn dark() -> Self {
        Self::sized([1280.0, 800.0], egui::Theme::Dark, None)
    }

    /// Few epochs of few images: seconds become milliseconds.
    fn quick_settings(&mut self, epochs: usize) {
        let mut training = self.harness.state().state().experiment.training.clone();
        training.phases[0].epochs = epochs;
        training.batch_size = 8;
        // Two threads wait for each other where other work keeps the cores busy.
        training.threads = Some(1);
        self.act(EditAction::Training(training));
    }

    fn train_by_hand(&mut self, epochs: usize) {
        self.opened();
        self.quick_settings(epochs);
        self.press(Modifiers::COMMAND, Key::Num3);
        self.click("Train");
        self.wait("the end of training", |app| {
            matches!(app.state().training.run, RunState::Finished(_))
        });
    }
}

#[test]
fn a_newcomer_trains_saves_restarts_loads_and_drops_an_image() {
    let mut desk = Desk::dark();
    desk.opened();
    assert!(desk.shows("36 images · 3 classes"));
    desk.train_by_hand(2);
    assert!(desk.shows("Training finished"));
    let model = desk.home.path().join("kept.safetensors");
    desk.answer(model.clone());
    desk.press(Modifiers::COMMAND, Key::S);
    desk.wait("the saved model", |app| {
        app.state()
            .notices
            .iter()
            .any(|n| n.text.contains("Saved the model"))
    });
    assert!(model.is_file());

    let settings = desk.home.path().join("settings.ron");
    desk.wait("the settings", |_| {
        let text = std::fs::read_to_string(&settings).unwrap_or_default();
        text.contains("model: Some")
    });
    let Desk { harness, home, .. } = desk;
    drop(harness);
    let mut desk = Desk::sized_at(home, [1280.0, 800.0], egui::Theme::Light, None);
    desk.opened();
    desk.wait("the model of last time", |app| app.state().model.is_some());
    desk.drop_files(std::slice::from_ref(&model));
    desk.wait("the loaded model", |app| {
        let model_in_hand = app.state().model.as_ref();
        model_in_hand.is_some_and(|in_hand| in_hand.source.path() == model)
    });
    let image = desk.home.path().join("shapes/square/square_003.png");
    desk.drop_files(&[image]);
    desk.wait("the answer", |app| !app.state().predict.answers.is_empty());
    assert!(
        desk.shows("square_003.png"),
        "the drop leads to the Predict step"
    );
    let answer = Arc::clone(&desk.harness.state().state().predict.answers[0]);
    assert_eq!(answer.probabilities.len(), 3);
    desk.click("Draw a random shape");
    desk.wait("the second answer", |app| {
        app.state().predict.answers.len() == 2
    });
}

#[test]
fn the_time_is_told_and_a_rate_is_found_and_taken() {
    let mut desk = Desk::dark();
    desk.opened();
    desk.quick_settings(1);
    desk.press(Modifiers::COMMAND, Key::Num3);
    desk.wait("the forecast", |app| {
        app.state().slot::<EstimateRequest>().answer().is_some()
    });
    assert!(desk.shows("about "));
    desk.click("Rate finder");
    desk.harness.step();
    desk.click("Find a learning rate");
    desk.wait("a rate", |app| {
        app.state().slot::<FindRateRequest>().answer().is_some()
    });
    let state = desk.harness.state().state();
    let suggestion = state.slot::<FindRateRequest>().answer().unwrap().suggestion;
    desk.click("Use it");
    desk.wait("the forecast of the new experiment", |app| {
        let state = app.state();
        state.forecast_is_current() && !state.waits_for::<EstimateRequest>()
    });
    let phase = &desk.harness.state().state().experiment.training.phases[0];
    assert_eq!(Some(phase.optimizer.learning_rate()), suggestion);
    if let Some(folder) = std::env::var_os("CONVSCOPE_SHOTS") {
        let picture = desk.harness.render().unwrap();
        picture.save(Path::new(&folder).join("train.png")).unwrap();
    }
}

#[test]
fn training_is_paused_by_space_and_stopped_by_its_button_and_never_runs_twice() {
    let mut desk = Desk::dark();
    desk.opened();
    desk.quick_settings(10_000);
    desk.press(Modifiers::COMMAND, Key::Num3);
    desk.click("Train");
    desk.wait("an epoch", |app| !app.state().training.epochs.is_empty());
    let job = desk.harness.state().state().training.job();
    desk.act(TrainingAction::Train);
    assert_eq!(
        desk.harness.state().state().training.job(),
        job,
        "a second run cannot start"
    );
    desk.press(Modifiers::NONE, Key::Space);
    desk.wait("the pause", |app| app.state().training.is_paused());
    assert!(desk.shows("Paused"));
    desk.press(Modifiers::NONE, Key::Space);
    desk.wait("the way on", |app| !app.state().training.is_paused());
    desk.act(TrainingAction::Stop);
    desk.wait("the end", |app| {
        // The runs are read again after a run, which the same line says meanwhile.
        let state = app.state();
        matches!(state.training.run, RunState::Finished(_)) && state.jobs.is_empty()
    });
    assert!(desk.shows("Training stopped"));
}

#[test]
fn every_step_in_every_state_and_size_has_something_to_say() {
    for (size, theme) in [
        ([960.0, 600.0], egui::Theme::Light),
        ([2560.0, 1440.0], egui::Theme::Dark),
    ] {
        let nowhere = PathBuf::from("/nowhere/at/all");
        let mut failed = Desk::sized(size, theme, Some(nowhere));
        failed.wait("the failure", |app| {
            matches!(app.state().data, DataState::Failed { .. })
        });
        assert!(failed.shows("/nowhere/at/all"));
        assert!(
            failed
                .harness
                .query_by_role_and_label(Role::Button, "Open dataset…")
                .is_some()
        );
        walk(&mut failed, "failed");

        let mut desk = Desk::sized(size, theme, None);
        walk(&mut desk, "opening");
        desk.opened();
        walk(&mut desk, "loaded");
        desk.quick_settings(10_000);
        desk.act(TrainingAction::Train);
        walk(&mut desk, "starting");
        desk.wait("an epoch", |app| !app.state().training.epochs.is_empty());
        walk(&mut desk, "training");
        desk.act(TrainingAction::Stop);
        desk.wait("the end", |app| {
            matches!(app.state().training.run, RunState::Finished(_))
        });
        let maximise = |steps| {
            ModelAction::Maximise(MaximiseConfig {
                steps,
                ..MaximiseConfig::new(convscope::inspect::maximise::Target::Class(1))
            })
        };
        desk.act(maximise(1_000_000));
        desk.wait("a picture before the end, and how far it is", |app| {
            let slot = app.state().slot::<Inspect<MaximiseConfig>>();
            let running = slot.job.and_then(|job| app.state().jobs.get(&job));
            slot.partial.is_some() && running.is_some_and(|job| job.progress.is_some())
        });
        let job = desk.state().slot::<Inspect<MaximiseConfig>>().job;
        desk.act(Action::Cancel(job.unwrap()));
        desk.wait("the end of it", |app| {
            app.state().slot::<Inspect<MaximiseConfig>>().job.is_none()
        });
        let so_far = &desk.state().slot::<Inspect<MaximiseConfig>>().partial;
        assert!(so_far.is_some(), "what was reached is kept");
        desk.act(maximise(10));
        desk.wait("the picture", |app| {
            let slot = app.state().slot::<Inspect<MaximiseConfig>>();
            slot.job.is_none() && slot.newest_answer().is_some()
        });
        walk(&mut desk, "done");
        desk.act(WindowAction::ToggleLog);
        desk.act(WindowAction::ToggleShortcuts);
        walk(&mut desk, "with windows open");
    }
}

/// Shows each step; each must offer its content or the way to it, not only the frame around it.
fn walk(desk: &mut Desk, state: &str) {
    for step in Step::ALL {
        desk.act(WindowAction::GoTo(step));
        desk.harness.step();
        let wanted: &[&str] = match step {
            Step::Data => &[".png · ", "Open bundled shapes", "Reading "],
            Step::Model => &["conv1"],
            Step::Train => &["Learning rate"],
            Step::Evaluate => &[
                "Go to Train",
                "Open dataset…",
                "Evaluate validation",
                "actual circle",
                "after the first epoch",
            ],
            Step::Inside => &["Go to Train", "Now · epoch"],
            Step::Predict => &["Go to Train", "Choose images…"],
            Step::Runs => &["Go to Train", "Looking for runs", "started"],
        };
        let shown = wanted.iter().any(|part| desk.shows(part));
        assert!(shown, "{step:?} when {state} shows none of {wanted:?}");
    }
}

#[test]
fn training_that_fails_says_why_and_can_be_tried_again() {
    let mut desk = Desk::dark();
    desk.opened();
    // A file stands where the folder of runs belongs.
    std::fs::write(desk.home.path().join("runs"), "").unwrap();
    desk.act(WindowAction::GoTo(Step::Train));
    desk.click("Train");
    desk.wait("the failure", |app| {
        matches!(app.state().training.run, RunState::Failed(_))
    });
    assert!(desk.shows("cannot write the run"));
    assert!(
        desk.harness
            .query_by_role_and_label(Role::Button, "Train")
            .is_some()
    );
}

#[test]
fn a_wrong_path_costs_nothing_that_is_open_and_own_classes_can_be_trained() {
    let mut desk = Desk::dark();
    desk.opened();
    desk.act(DataAction::Open("/nowhere".into()));
    desk.wait("the failure", |app| {
        app.state()
            .notices
            .iter()
            .any(|n| n.text.contains("/nowhere"))
    });
    assert_eq!(
        desk.harness
            .state()
            .state()
            .dataset()
            .map(|d| d.samples.len()),
        Some(36)
    );

    let own = desk.home.path().join("own");
    for class in ["cat", "dog", "bird", "fish"] {
        let folder = own.join(class);
        std::fs::create_dir_all(&folder).unwrap();
        for number in 0..4 {
            let picture = generate::draw_random_shape(number).1;
            picture
                .to_image()
                .save(folder.join(format!("{number}.png")))
                .unwrap();
        }
    }
    desk.act(WindowAction::OpenPath(own));
    desk.wait("the own dataset, divided", |app| {
        let state = app.state();
        state.dataset().is_some_and(|d| d.classes.len() == 4) && state.why_not_train().is_none()
    });
    desk.train_by_hand(1);
}

#[test]
fn the_last_weights_are_judged_on_all_images_and_the_answers_exported() {
    let mut desk = Desk::dark();
    desk.train_by_hand(2);
    desk.press(Modifiers::COMMAND, Key::Num4);
    desk.act(ModelAction::Evaluate {
        part: None,
        weights: Weights::Last,
    });
    desk.wait("the evaluation", |app| {
        let evaluation = app.state().evaluation.as_ref();
        evaluation.is_some_and(|evaluation| evaluation.split.is_none())
    });
    assert!(desk.shows("all images · epoch 2 · 36 images"));
    let file = desk.home.path().join("answers.csv");
    desk.answer(file.clone());
    desk.act(Saving::Predictions);
    desk.wait("the file", |_| file.is_file());
    let mut reader = csv::Reader::from_path(&file).unwrap();
    let headings = reader.headers().unwrap().iter().collect::<Vec<_>>();
    assert_eq!(
        headings[..4],
        ["file", "actual", "predicted", "probability_circle"]
    );
    let evaluation = desk.harness.state().state().evaluation.clone().unwrap();
    let probabilities: Vec<f32> = reader
        .records()
        .flat_map(|record| {
            let record = record.unwrap();
            (3..6)
                .map(|column| record[column].parse().unwrap())
                .collect::<Vec<f32>>()
        })
        .collect();
    assert_eq!(probabilities, evaluation.probabilities, "every digit");

    // A place that cannot be written is told, and so is an address where nobody answers.
    desk.answer("/nowhere/at/all/answers.csv".into());
    desk.act(Saving::Predictions);
    desk.wait("the sentence", |app| {
        let notices = &app.state().notices;
        notices
            .iter()
            .any(|notice| notice.text.contains("cannot be written to /nowhere"))
    });
    desk.act(WindowAction::OpenPath("http://127.0.0.1:1/cat.png".into()));
    desk.wait("the sentence", |app| {
        let failed = app.state().predict.failed.as_deref();
        failed.is_some_and(|reason| reason.contains("cannot reach 127.0.0.1"))
    });
    assert!(desk.shows("cannot reach 127.0.0.1"));
}

#[test]
fn selections_follow_clicks_and_the_way_back() {
    let mut desk = Desk::dark();
    desk.opened();
    desk.press(Modifiers::COMMAND, Key::Num2);
    desk.harness.get_by_label_contains("4 conv2, ").click();
    desk.harness.step();
    desk.harness.step();
    assert_eq!(desk.harness.state().state().selection.layer, Some(3));
    desk.press(Modifiers::ALT, Key::ArrowLeft);
    assert_eq!(desk.harness.state().state().selection.layer, None);
    desk.press(Modifiers::ALT, Key::ArrowRight);
    assert_eq!(desk.harness.state().state().selection.layer, Some(3));
    desk.press(Modifiers::NONE, Key::F1);
    assert!(desk.shows("Pause or resume training"));
    desk.press(Modifiers::NONE, Key::Escape);
    assert!(!desk.shows("Pause or resume training"));
}

/// Ctrl+P and the first characters within one frame, the others one a frame: a fast typist at a slow window.
fn type_without_waiting(desk: &mut Desk, path: &str) {
    let text = |text: &str| egui::Event::Text(text.to_owned());
    let (first, others) = path.split_at(3);
    let opened = egui::Event::Key {
        key: Key::P,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::COMMAND,
    };
    turn(desk, vec![text("earlier"), opened, text(first)]);
    for character in others.chars() {
        turn(desk, vec![text(&character.to_string())]);
    }
}

/// A frame that finds `events`, which the window takes as it does outside of tests: one turn of the hands at a time.
fn turn(desk: &mut Desk, events: Vec<egui::Event>) {
    let mut input = egui::RawInput {
        events,
        ..egui::RawInput::default()
    };
    let context = desk.harness.ctx.clone();
    eframe::App::raw_input_hook(desk.harness.state_mut(), &context, &mut input);
    desk.harness.input_mut().events.extend(input.events);
    desk.harness.step();
}

#[test]
fn a_typed_path_opens_and_damaged_settings_are_told_about() {
    let home = tempfile::tempdir().unwrap();
    generate::generate_shapes(&home.path().join("shapes"), 1, 12, &mut |_, _| {}).unwrap();
    generate::generate_shapes(&home.path().join("more shapes"), 2, 5, &mut |_, _| {}).unwrap();
    std::fs::write(home.path().join("settings.ron"), "(theme: Purple").unwrap();
    let mut desk = Desk::sized_at(home, [1280.0, 800.0], egui::Theme::Dark, None);
    desk.opened();
    assert!(desk.shows("is damaged"));
    let path = desk.home.path().join("more shapes");
    type_without_waiting(&mut desk, path.to_str().unwrap());
    desk.press(Modifiers::NONE, Key::Enter);
    desk.wait("the other dataset", |app| {
        app.state()
            .dataset()
            .is_some_and(|dataset| dataset.samples.len() == 15)
    });
}

#[test]
fn snapshots() {
    let mut desk = Desk::sized([960.0, 600.0], egui::Theme::Dark, Some("/nowhere".into()));
    desk.wait("the failure", |app| {
        matches!(app.state().data, DataState::Failed { .. })
    });
    desk.act(WindowAction::GoTo(Step::Model));
    let notices: Vec<u64> = desk
        .harness
        .state()
        .state()
        .notices
        .iter()
        .map(|notice| notice.id)
        .collect();
    for id in notices {
        desk.act(WindowAction::Dismiss(id));
    }
    desk.harness.run();
    desk.harness.snapshot("model-dark");
    desk.act(WindowAction::SetTheme(egui::ThemePreference::Light));
    desk.act(WindowAction::GoTo(Step::Inside));
    desk.harness.run();
    desk.harness.snapshot("inside-empty-light");
}

#[test]
fn layers_are_edited_taken_back_exported_imported_and_replaced_by_a_recipe() {
    let mut desk = Desk::dark();
    desk.opened();
    let layers = |desk: &Desk| {
        let state = desk.harness.state().state();
        state.experiment.model.layers.len()
    };
    // One change to the dataset and one to the layers: Ctrl+Z takes back that of the step shown.
    let exclude = Edit::Exclude {
        samples: vec!["circle/circle_000.png".into()],
        excluded: true,
    };
    desk.act(EditAction::Dataset(exclude));
    desk.act(WindowAction::GoTo(Step::Model));
    let remove = DesignAction::Edit(LayerEdit::Remove(2), None);
    desk.act(Action::Design(remove));
    assert_eq!(layers(&desk), 11);
    // While a name is typed, Ctrl+Z is the field's.
    desk.act(Action::Design(DesignAction::Choose(Some(Chosen::Layer(0)))));
    desk.harness
        .get_by_role_and_label(Role::TextInput, "Name")
        .focus();
    desk.harness.run_steps(2);
    desk.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(layers(&desk), 11);
    desk.press(Modifiers::NONE, Key::Escape);
    desk.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(layers(&desk), 12);
    assert!(
        desk.harness.state().state().can_undo_redo_edits().0,
        "the dataset's change stays"
    );
    desk.press(Modifiers::COMMAND, Key::Y);
    assert_eq!(layers(&desk), 11);
    desk.click("Edit");
    desk.wait("the menu", |_| true);
    assert!(desk.shows("Undo the change to the model"));
    desk.press(Modifiers::NONE, Key::Escape);
    // The layers go to a file and come back from it.
    let file = desk.home.path().join("layers.ron");
    desk.answer(file.clone());
    desk.click("Export…");
    desk.wait("the file", |_| file.is_file());
    desk.press(Modifiers::COMMAND, Key::Z);
    desk.answer(file);
    desk.click("Import…");
    desk.wait("the imported layers", |app| {
        app.state().experiment.model.layers.len() == 11
    });
    // A recipe replaces all of it, and that can be taken back too.
    desk.wait("the recipes", |app| app.state().recipes.is_some());
    desk.act(ExperimentAction::OpenRecipe("catdog-basic".into()));
    desk.wait("the recipe", |app| {
        app.state().experiment.name == "catdog-basic" && app.state().dataset().is_some()
    });
    // Its 4,791,809 parameters, with three units for the shapes that are open in place of one.
    assert!(desk.shows("4,792,323 parameters"));
    desk.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(layers(&desk), 11, "the unsaved layers are back");
}
