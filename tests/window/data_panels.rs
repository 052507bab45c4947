//! The tools of the Data step alone, in every state: they draw without panicking, name what they show, and
//! clicks become the right actions.
//!
//! `CONVSCOPE_SHOTS=folder` also writes a picture of every case.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise, helpers included"
)]

pub mod bench;

use std::sync::Arc;

use crate::panel::{Bench, shot};
use PanelKind::{Augmentation, Changes, Doctor, Split};
use bench::{
    EXAMINING, ask_augmented, augmented, closed, dataset, divide, divided, dividing, edited,
    examined, examining, found, harness, large, pushed,
};
use convscope::{
    data::{
        Edit, SplitConfig,
        stats::{ChannelStats, ClassWeights},
    },
    engine::{
        Divide, Event, ExamineRequest, Inspect, JobEvent, JobId, MeasureChannels, Slot, Task,
    },
    inspect::augmented::{Augment, Augmented},
    model::spec::Preprocessing,
    ui::{
        action::{Action, DataAction, EditAction},
        dialogs::Purpose,
        saving::Saving,
        state::{AppState, DataState},
        workspace::PanelKind,
    },
};
use eframe::egui::{self, Key, Modifiers, Theme, accesskit::Role, vec2};
use egui_kittest::{Harness, kittest::Queryable};

fn few() -> AppState {
    divided(dataset(3, 40, false))
}

fn many() -> AppState {
    divided(dataset(100, 6, false))
}

fn given() -> AppState {
    divided(dataset(3, 40, true))
}

fn failed(job: JobId, message: &str) -> Event {
    Event::Job(job, JobEvent::Failed(message.into()))
}

fn failed_examination() -> AppState {
    let mut state = few();
    state.asked(EXAMINING, state.to_examine().unwrap());
    state.apply(failed(EXAMINING, "the disk is gone"));
    state
}

fn stale(mut state: AppState) -> AppState {
    state.experiment.split.seed += 1;
    divide(&mut state);
    state
}

fn opening() -> AppState {
    let mut state = closed();
    state.data = DataState::Opening {
        job: JobId(3),
        path: "/somewhere".into(),
        previous: None,
    };
    state
}

fn undividable() -> AppState {
    let mut state = dividing(dataset(3, 40, false));
    state.forget::<Divide>();
    state.division_failed = Some("the split gives 0.9 to validation and 0.9 to test".into());
    state
}

fn without_validation() -> AppState {
    let mut state = few();
    state.experiment.split.validation = 0.0;
    divide(&mut state);
    state
}

fn unseen_augmentation() -> AppState {
    let mut state = few();
    state.selection.subject = None;
    state
}

fn failed_augmentation() -> AppState {
    let mut state = few();
    ask_augmented(&mut state, JobId(8));
    state.apply(failed(JobId(8), "circle/1.png cannot be opened"));
    state
}

fn weighted(mut state: AppState, weights: ClassWeights) -> AppState {
    state.experiment.training.class_weights = weights;
    state
}

/// Two for one class.
fn own_weights(class: &str) -> ClassWeights {
    ClassWeights::Own([(class.to_owned(), 2.0)].into())
}

fn measuring() -> AppState {
    let mut state = few();
    state.asked(JobId(5), state.to_measure().unwrap());
    state
}

fn measured(mut state: AppState) -> AppState {
    state.asked(JobId(5), state.to_measure().unwrap());
    let stats = ChannelStats {
        mean: [0.123_456, 0.5, 0.75],
        std: [0.043_21, 0.25, 0.0],
    };
    state.apply(Event::done::<MeasureChannels>(JobId(5), stats));
    state
}

/// Panel, name of the case, state, what has to be read.
type Case = (
    PanelKind,
    &'static str,
    fn() -> AppState,
    &'static [&'static str],
);

const CASES: &[Case] = &[
    (Split, "closed", closed, &["Open dataset…"]),
    (Split, "opening", opening, &["once the dataset is open"]),
    (
        Split,
        "dividing",
        || dividing(dataset(3, 40, false)),
        &["Dividing the images", "Stratified"],
    ),
    (
        Split,
        "undividable",
        undividable,
        &["0.9 to validation", "Stratified"],
    ),
    (
        Split,
        "few",
        few,
        &[
            "circle: 28 train, 12 validation, 0 test",
            "Always guessing circle would be right for 33.3\u{a0}% of validation",
            "Every usable image",
        ],
    ),
    (
        Split,
        "many",
        many,
        &[
            "a rather long class name, number 000: 4 train, 2 validation",
            "All: 400 train",
        ],
    ),
    (
        Split,
        "given",
        given,
        &[
            "The dataset gives train and test; validation is drawn from train",
            "from the dataset",
        ],
    ),
    (
        Split,
        "without-validation",
        without_validation,
        &["weights of the last epoch are kept"],
    ),
    (
        Split,
        "balanced",
        || weighted(few(), ClassWeights::Balanced),
        &["Class weights", "1.000"],
    ),
    (
        Split,
        "own",
        || weighted(few(), own_weights("square")),
        &["Class weights"],
    ),
    (
        Split,
        "own-many",
        || weighted(many(), ClassWeights::Own([].into())),
        &["Class weights"],
    ),
    (
        Split,
        "own-unknown",
        || weighted(few(), own_weights("zebra")),
        &["there is no class zebra"],
    ),
    (
        Split,
        "measuring",
        measuring,
        &["Mean and standard deviation", "Cancel"],
    ),
    (
        Split,
        "measured",
        || measured(few()),
        &["0.1235", "0.04321", "Use for normalisation"],
    ),
    (
        Split,
        "measured-before",
        || stale(measured(few())),
        &["measure again"],
    ),
    (Doctor, "closed", closed, &["Open dataset…"]),
    (
        Doctor,
        "dividing",
        || dividing(dataset(3, 40, false)),
        &["being divided"],
    ),
    (Doctor, "few", few, &["Examine", "nothing is changed"]),
    (
        Doctor,
        "examining",
        || examining(few()),
        &["Examining the images", "3 of 60", "Cancel"],
    ),
    (
        Doctor,
        "failed",
        failed_examination,
        &["the disk is gone", "Examine"],
    ),
    (
        Doctor,
        "done",
        || examined(few()),
        &[
            "2 problems, 20 warnings, 1 hint",
            "Up to date",
            "Problem: in two parts (2)",
        ],
    ),
    (
        Doctor,
        "done-many",
        || examined(many()),
        &[
            "2 problems, 20 warnings, 1 hint",
            "Drop all leaks from train (2)",
        ],
    ),
    (
        Doctor,
        "stale",
        || stale(examined(few())),
        &["The dataset has changed", "Examine again"],
    ),
    (
        Doctor,
        "again",
        || examining(stale(examined(few()))),
        &["Examining again", "Cancel"],
    ),
    (Augmentation, "closed", closed, &["Open dataset…"]),
    (
        Augmentation,
        "no-image",
        unseen_augmentation,
        &["Click an image", "Off: training images"],
    ),
    (
        Augmentation,
        "few",
        few,
        &[
            "Augmented version 9",
            "Off: training images stay as they are",
        ],
    ),
    (
        Augmentation,
        "done",
        || augmented(few()),
        &["Applied to training images only", "Draw again"],
    ),
    (
        Augmentation,
        "failed",
        failed_augmentation,
        &["cannot be opened"],
    ),
    (Changes, "closed", closed, &["Open dataset…"]),
    (Changes, "none", few, &["your files are never touched"]),
    (
        Changes,
        "edited",
        || edited(few()),
        &["4 changes", "class circle is called ring", "is excluded"],
    ),
    (Changes, "many", || edited(many()), &["4 changes"]),
];

#[test]
fn every_panel_draws_in_every_state() {
    let sizes = [vec2(360.0, 500.0), vec2(520.0, 760.0)];
    for (panel, name, state, words) in CASES {
        for (size, theme) in sizes
            .into_iter()
            .flat_map(|s| [(s, Theme::Light), (s, Theme::Dark)])
        {
            let mut harness = harness(*panel, state(), size, theme);
            for words in *words {
                let found = harness.query_all_by_label_contains(words).next().is_some();
                assert!(found, "{panel:?} {name} {size}: no {words:?}");
            }
            shot(
                &mut harness,
                &format!("{panel:?}-{name}-{}-{theme:?}", size.x),
            );
        }
    }
}

/// Clicks what is called `label` and returns what that pushed.
fn click(harness: &mut Harness<'_, Bench>, label: &str) -> Vec<Action> {
    pushed(harness);
    harness.get_by_label(label).click();
    harness.run();
    pushed(harness)
}

fn split_of(actions: &[Action]) -> SplitConfig {
    match actions {
        [Action::Edit(EditAction::Split(split))] => *split,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_split_is_edited_and_drawing_it_changes_nothing() {
    let mut state = given();
    // Neither a whole number of hundredths nor within what the field offers.
    state.experiment.split.validation = 1.0 / 3.0;
    state.experiment.split.test = 0.64;
    let before = state.experiment.split;
    let mut harness = large(Split, state);
    assert!(pushed(&mut harness).is_empty(), "looking changes nothing");
    let given = split_of(&click(&mut harness, "Keep the dataset's own parts"));
    assert_eq!(
        given,
        SplitConfig {
            given: false,
            ..before
        }
    );
    let stratified = split_of(&click(&mut harness, "Stratified"));
    assert_eq!(
        stratified,
        SplitConfig {
            stratified: false,
            ..before
        }
    );
    let last = split_of(&click(&mut harness, "Always test on the last images"));
    assert_eq!(
        last,
        SplitConfig {
            test_last: true,
            ..before
        }
    );
    pushed(&mut harness);
    let toggle = harness.get_by_role_and_label(Role::CheckBox, "Train on the first");
    toggle.click();
    harness.run();
    let train = harness
        .state()
        .state
        .division
        .as_ref()
        .unwrap()
        .split
        .train
        .len();
    let first = split_of(&pushed(&mut harness));
    assert_eq!(
        first,
        SplitConfig {
            first_train: Some(train),
            ..before
        }
    );
}

fn weights_of(actions: &[Action]) -> ClassWeights {
    match actions {
        [Action::Edit(EditAction::Training(training))] => training.class_weights.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn class_weights_are_chosen_and_typed() {
    let mut harness = large(Split, few());
    let chosen = weights_of(&click(&mut harness, "Balanced"));
    assert_eq!(chosen, ClassWeights::Balanced);
    // One's own begin with what balancing says: here every class has as many images.
    let chosen = weights_of(&click(&mut harness, "Own"));
    let ClassWeights::Own(own) = &chosen else {
        panic!("{chosen:?}")
    };
    assert_eq!(own.len(), 3);
    assert!(own.values().all(|weight| *weight == 1.0));

    let mut harness = large(Split, weighted(few(), own_weights("zebra")));
    assert!(pushed(&mut harness).is_empty(), "looking changes nothing");
    let weight = harness.get_by_label("Weight of square");
    weight.focus();
    harness.run();
    harness.get_by_label("Weight of square").click();
    harness.run();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.event(egui::Event::Text("3.5".to_owned()));
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    let actions = pushed(&mut harness);
    let typed = weights_of(&actions[actions.len() - 1..]);
    let wanted = ClassWeights::Own([("square".to_owned(), 3.5)].into());
    assert_eq!(typed, wanted, "what names no class is gone");
}

#[test]
fn channels_are_measured_and_used() {
    let mut harness = large(Split, few());
    assert!(matches!(
        click(&mut harness, "Measure")[..],
        [Action::Data(DataAction::MeasureChannels)]
    ));
    let mut harness = large(Split, measuring());
    assert!(matches!(
        click(&mut harness, "Cancel")[..],
        [Action::Cancel(JobId(5))]
    ));
    let mut harness = large(Split, measured(few()));
    let actions = click(&mut harness, "Use for normalisation");
    let wanted = Preprocessing {
        mean: [0.123_456, 0.5, 0.75],
        // A channel that never varies is not divided by nothing.
        std: [0.043_21, 0.25, 1.0],
    };
    assert!(
        matches!(&actions[..], [Action::Edit(EditAction::Preprocessing(used))] if *used == wanted)
    );
}

#[test]
fn the_examination_is_asked_for_and_cancelled() {
    let mut harness = large(Doctor, few());
    assert!(matches!(
        click(&mut harness, "Examine")[..],
        [Action::Data(DataAction::Examine)]
    ));
    let mut harness = large(Doctor, examining(few()));
    assert!(matches!(
        click(&mut harness, "Cancel")[..],
        [Action::Cancel(EXAMINING)]
    ));
    let mut harness = large(Doctor, stale(examined(few())));
    assert!(matches!(
        click(&mut harness, "Examine again")[..],
        [Action::Data(DataAction::Examine)]
    ));
}

fn excluded(actions: &[Action]) -> &[String] {
    match actions {
        [
            Action::Edit(EditAction::Dataset(Edit::Exclude {
                samples,
                excluded: true,
            })),
        ] => samples,
        other => panic!("{other:?}"),
    }
}

#[test]
fn twins_are_excluded_one_by_one_and_all_at_once() {
    let mut harness = harness(Doctor, examined(few()), vec2(376.0, 900.0), Theme::Light);
    let bulk = click(&mut harness, "Keep one of each (2)");
    assert_eq!(
        excluded(&bulk),
        ["circle/image_004.png", "circle/image_005.png"],
        "parts are drawn: of all copies one is kept, but for those under two labels"
    );
    let bulk = click(&mut harness, "Drop all leaks from train (2)");
    assert_eq!(
        excluded(&bulk),
        ["circle/image_001.png", "circle/image_002.png"]
    );

    click(&mut harness, "Pairs (4)");
    harness.get_by_label("same pixels · in train and test · under two labels");
    harness.get_by_label("nearly the same");
    shot(&mut harness, "Doctor-pairs");
    for (button, nth, name) in [
        ("Keep the first", 0, "circle/image_005.png"),
        ("Keep the second", 1, "circle/image_006.png"),
        ("Drop from train", 1, "circle/image_002.png"),
    ] {
        harness.query_all_by_label(button).nth(nth).unwrap().click();
        harness.run();
        let actions = pushed(&mut harness);
        assert_eq!(excluded(&actions), [name], "{button}");
    }

    // Carried out, it is said, cannot be done twice, and can be undone.
    let Action::Edit(EditAction::Dataset(edit)) = &bulk[0] else {
        panic!("{bulk:?}")
    };
    harness.state_mut().state.edit(edit).unwrap();
    harness.run();
    assert_eq!(
        harness.query_all_by_label("The first is excluded.").count(),
        2
    );
    harness.get_by_label("circle/image_002.png is excluded now.");
    assert!(matches!(
        click(&mut harness, "Undo")[..],
        [Action::Data(DataAction::Undo)]
    ));
}

#[test]
fn where_parts_are_given_copies_across_them_are_leaks() {
    let mut harness = large(Doctor, examined(given()));
    let bulk = click(&mut harness, "Keep one of each (1)");
    assert_eq!(excluded(&bulk), ["circle/image_004.png"]);
}

#[test]
fn findings_open_and_show_their_images() {
    let mut harness = large(Doctor, examined(few()));
    harness.query_all_by_label("Show").next().unwrap().click();
    harness.run();
    let actions = pushed(&mut harness);
    let [Action::Data(DataAction::ShowImages { samples, words })] = &actions[..] else {
        panic!("{actions:?}")
    };
    assert_eq!((&samples[..], &**words), (&[1, 5][..], "in two parts"));

    assert!(
        harness
            .query_by_label_contains("image 11 cannot be opened")
            .is_none()
    );
    click(&mut harness, "Warning: broken file (20)");
    harness
        .query_all_by_label_contains("image 11 cannot be opened")
        .next()
        .unwrap()
        .click();
    harness.run();
    let actions = click(&mut harness, "folder/file_011.png");
    assert!(
        matches!(&actions[..], [Action::Data(DataAction::ShowImages { samples, .. })] if samples[..] == [11])
    );
}

#[test]
fn augmentation_is_asked_for_once_and_its_switches_work() {
    let mut state = few();
    let mut asking = large(Augmentation, state.clone());
    let wished = std::mem::take(&mut asking.state_mut().actions);
    let seed = |action: &Action| match action {
        Action::Look(wish) => Some(wish.wanted::<Augment>()?.what.seed),
        _ => None,
    };
    assert!(wished.iter().all(|action| seed(action) == Some(0)));
    assert!(!wished.is_empty());

    ask_augmented(&mut state, JobId(8));
    let mut harness = large(Augmentation, state);
    assert!(
        harness.state().actions.is_empty(),
        "it was asked for already"
    );
    let actions = click(&mut harness, "Horizontal flip");
    assert!(
        matches!(&actions[..], [Action::Edit(EditAction::Augmentation(config))] if config.horizontal_flip)
    );
    harness.get_by_label("Draw again").click();
    harness.run();
    let wished = std::mem::take(&mut harness.state_mut().actions);
    assert_eq!(seed(&wished[0]), Some(1));

    let mut harness = large(Augmentation, augmented(few()));
    let actions = click(&mut harness, "Switch all off");
    assert!(
        matches!(&actions[..], [Action::Edit(EditAction::Augmentation(config))] if config.is_none())
    );
}

#[test]
fn settings_rest_while_a_run_goes_on() {
    for (panel, label) in [(Split, "Stratified"), (Augmentation, "Horizontal flip")] {
        let mut state = augmented(few());
        state.training.run = convscope::ui::state::RunState::Running {
            job: JobId(9),
            paused: false,
            stopping: false,
        };
        let mut harness = large(panel, state);
        assert!(click(&mut harness, label).is_empty());
        harness
            .query_all_by_label_contains("A run goes on")
            .next()
            .unwrap();
    }
}

#[test]
fn changes_are_taken_back_one_by_one_or_all() {
    let mut harness = large(Changes, edited(few()));
    let actions = click(&mut harness, "Take back: circle/image_000.png is excluded");
    let [
        Action::Edit(EditAction::Dataset(Edit::Exclude {
            samples,
            excluded: false,
        })),
    ] = &actions[..]
    else {
        panic!("{actions:?}")
    };
    assert_eq!(samples, &["circle/image_000.png"]);
    assert!(matches!(
        click(&mut harness, "Take all back")[..],
        [Action::Data(DataAction::ClearEdits)]
    ));
    assert!(matches!(
        click(&mut harness, "Undo")[..],
        [Action::Data(DataAction::Undo)]
    ));
    let actions = click(&mut harness, "Export…");
    assert!(matches!(
        actions[..],
        [Action::Ask(Purpose::Save(Saving::Edits))]
    ));
    let actions = click(&mut harness, "circle/image_002.png stands in test");
    assert!(matches!(&actions[..], [Action::Select(selection)] if selection.sample() == Some(2)));
}

#[test]
fn only_current_jobs_change_the_tools() {
    let drawn = |job| {
        let augmented = Augmented {
            original: Arc::new(convscope::data::Picture::filled(1, 1, [0; 3])),
            versions: Vec::new(),
        };
        Event::done::<Inspect<Augment>>(job, augmented)
    };
    let numbers = |job| {
        let (mean, std) = ([0.5; 3], [0.5; 3]);
        Event::done::<MeasureChannels>(job, ChannelStats { mean, std })
    };
    let old = [JobId(21), JobId(22), JobId(23)];
    let current = [EXAMINING, JobId(8), JobId(5)];
    let mut state = few();
    for [examination, augmentation, measurement] in [old, current] {
        state.asked(examination, state.to_examine().unwrap());
        ask_augmented(&mut state, augmentation);
        state.asked(measurement, state.to_measure().unwrap());
    }
    /// Whether each of the three is waited for, answered, failed.
    fn standing(state: &AppState) -> [[bool; 3]; 3] {
        fn of<T: Task>(slot: &Slot<T>) -> [bool; 3] {
            let is_answered = slot.answer().is_some();
            [slot.job.is_some(), is_answered, slot.failed.is_some()]
        }
        [
            of(state.slot::<ExamineRequest>()),
            of(state.slot::<Inspect<Augment>>()),
            of(state.slot::<MeasureChannels>()),
        ]
    }
    let mut unlucky = state.clone();
    for job in old {
        unlucky.apply(failed(job, "no"));
    }
    assert_eq!(standing(&unlucky), [[true, false, false]; 3]);
    for job in current {
        unlucky.apply(failed(job, "no"));
    }
    assert_eq!(standing(&unlucky), [[false, false, true]; 3]);

    state.apply(numbers(old[2]));
    state.apply(found(old[0]));
    state.apply(drawn(old[1]));
    assert_eq!(standing(&state), [[true, false, false]; 3]);
    assert!(!state.examination_is_stale());
    state.apply(found(EXAMINING));
    state.apply(drawn(JobId(8)));
    state.apply(numbers(JobId(5)));
    assert_eq!(standing(&state), [[false, true, false]; 3]);
    assert!(state.jobs.is_empty());
    assert!(!state.examination_is_stale());
    let state = stale(state);
    assert!(state.examination_is_stale());
}

#[test]
fn where_parts_are_given_another_split_leaves_an_examination_valid() {
    let state = stale(examined(given()));
    assert!(!state.examination_is_stale());
}
