//! The panels that judge a model, with two classes and a threshold, eight, and a hundred with long names, and
//! with nothing to judge.
//!
//! `CONVSCOPE_SHOTS=folder` also writes a picture of every case.

use std::sync::{Arc, LazyLock};

use crate::panel::{Bench, shot};
use crate::panels_inside::bench::{STAGES, Stage, follow, harness, small, state};
use crate::panels_inside::world::{FEW, MANY, World, class_folders, world};
use convscope::{
    data::SplitName,
    engine::{JobId, TrainingOutcome},
    model::spec::Head,
    train::{ConfusionMatrix, Evaluation, checkpoint::Weights, run_folder::RunResult},
    ui::{
        action::{Action, EditAction, ModelAction},
        dialogs::Purpose,
        saving::Saving,
        state::{AppState, RunState},
        workspace::PanelKind,
    },
};
use eframe::egui::{self, Key, Theme, Vec2, accesskit::Role, vec2};
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
};

/// Cats and dogs, told apart by one sigmoid unit.
static TWO: LazyLock<World> = LazyLock::new(|| {
    let names = ["cat", "dog"].map(String::from);
    let folder = class_folders("two-classes", names.into_iter());
    let mut made = world(&folder, "two", Head::Sigmoid { threshold: 0.5 });
    // Ten images whose probabilities of a dog rise from .05 to .95; the first five are cats but for one.
    let dogs: Vec<f32> = (0..10).map(|at| 0.05 + 0.1 * at as f32).collect();
    let actual = vec![0, 0, 1, 0, 0, 1, 0, 1, 1, 1];
    let samples: Vec<usize> = (0..made.open.dataset.samples.len()).collect();
    let evaluation = Evaluation {
        split: Some(SplitName::Validation),
        epoch: 3,
        head: Head::Sigmoid { threshold: 0.5 },
        samples: (0..10).map(|at| samples[at % samples.len()]).collect(),
        confusion: ConfusionMatrix::new(2, []),
        predicted: Vec::new(),
        probabilities: dogs.iter().flat_map(|dog| [1.0 - dog, *dog]).collect(),
        actual,
        loss: 0.5,
    };
    made.evaluation = Arc::new(evaluation_of(&evaluation));
    made
});

fn evaluation_of(evaluation: &Evaluation) -> Evaluation {
    let wide = Evaluation {
        confusion: ConfusionMatrix::new(2, [(0, 0)]),
        ..evaluation.clone()
    };
    wide.at_threshold(0.5)
}

static EIGHT: LazyLock<World> = LazyLock::new(|| {
    let names = [
        "basophil",
        "eosinophil",
        "erythroblast",
        "immature granulocytes",
        "lymphocyte",
        "monocyte",
        "neutrophil",
        "platelet",
    ];
    let folder = class_folders("eight-classes", names.map(String::from).into_iter());
    world(&folder, "eight", Head::Softmax)
});

const PANELS: [PanelKind; 4] = [
    PanelKind::Confusion,
    PanelKind::CrossTable,
    PanelKind::Predictions,
    PanelKind::Report,
];

fn worlds() -> [(&'static str, &'static World); 4] {
    [
        ("two", &TWO),
        ("few", &FEW),
        ("eight", &EIGHT),
        ("many", &MANY),
    ]
}

fn empty(world: &World) -> AppState {
    let mut state = state(world, Stage::Done);
    let classes = world.evaluation.confusion.classes();
    state.evaluation = Some(Arc::new(Evaluation {
        samples: Vec::new(),
        actual: Vec::new(),
        predicted: Vec::new(),
        probabilities: Vec::new(),
        confusion: ConfusionMatrix::new(classes, []),
        loss: 0.0,
        ..(*world.evaluation).clone()
    }));
    state
}

#[test]
fn every_panel_draws_whatever_there_is_to_judge() {
    let sizes = [vec2(300.0, 260.0), vec2(560.0, 420.0), vec2(900.0, 700.0)];
    for (name, world) in worlds() {
        for panel in PANELS {
            for size in sizes {
                for theme in [Theme::Light, Theme::Dark] {
                    for (what, state) in
                        [("full", state(world, Stage::Done)), ("empty", empty(world))]
                    {
                        let mut harness = harness(panel, state, size, theme);
                        let name = format!("{panel:?}-{name}-{what}-{}-{theme:?}", size.x);
                        shot(&mut harness, &name);
                    }
                }
            }
        }
    }
    for stage in STAGES {
        for panel in PANELS {
            small(panel, state(&TWO, stage));
        }
    }
}

fn copied(harness: &Harness<'_, Bench>) -> Option<String> {
    let commands = &harness.output().platform_output.commands;
    commands.iter().find_map(|command| match command {
        egui::OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    })
}

#[test]
fn report_and_cross_table_are_copied_as_text_and_csv() {
    let cases = [
        (PanelKind::Report, "Copy text", "weighted avg"),
        (
            PanelKind::Report,
            "Copy CSV",
            ",precision,recall,f1-score,support",
        ),
        (
            PanelKind::CrossTable,
            "Copy text",
            "Pred  cat  dog  All\nTrue\ncat     4    1    5\n",
        ),
        (
            PanelKind::CrossTable,
            "Copy CSV",
            "True,cat,dog,All\ncat,4,1,5\n",
        ),
    ];
    for (panel, button, part) in cases {
        let mut harness = small(panel, state(&TWO, Stage::Done));
        harness.get_by_label(button).click();
        let text = (0..4).find_map(|_| {
            harness.step();
            copied(&harness)
        });
        assert!(
            text.as_ref().is_some_and(|text| text.contains(part)),
            "{panel:?} {button}: {text:?}"
        );
    }
}

#[test]
fn the_threshold_decides_again_and_can_be_taken_back() {
    let mut harness = small(PanelKind::Confusion, state(&TWO, Stage::Done));
    harness.get_by_label("80.0 % accuracy");
    let slider = harness.get_by_role_and_label(Role::SpinButton, "Threshold");
    slider.focus();
    harness.run();
    harness.key_press(Key::ArrowUp);
    harness.run();
    let actions = follow(&mut harness);
    let Some(Action::Edit(EditAction::Threshold(Some(threshold)))) = actions.first() else {
        panic!("{actions:?}")
    };
    assert!((threshold - 0.5).abs() > 1e-6, "{threshold}");

    // All from .2 on are dogs: two cats are left.
    let mut moved = state(&TWO, Stage::Done);
    moved.set_threshold(Some(0.2));
    let evaluation = moved.evaluation.clone().unwrap();
    assert_eq!(evaluation.threshold(), Some(0.2));
    assert_eq!(evaluation.confusion.rows(), [[2, 3], [0, 5]]);
    let mut harness = small(PanelKind::Confusion, moved.clone());
    harness.get_by_label("70.0 % accuracy");
    shot(&mut harness, "threshold");
    harness.get_by_label("Reset").click();
    harness.run();
    assert!(matches!(
        follow(&mut harness)[..],
        [Action::Edit(EditAction::Threshold(None))]
    ));
    for panel in PANELS {
        let harness = small(panel, moved.clone());
        harness.get_by_label_contains("10 images · threshold 0.2");
    }
    let harness = small(PanelKind::CrossTable, moved.clone());
    harness.get_by_label("True cat, Pred dog: 3");
    harness.get_by_label("True All, Pred dog: 8");
    moved.set_threshold(None);
    assert_eq!(moved.evaluation.as_deref(), Some(&*TWO.evaluation));
    let harness = small(PanelKind::Confusion, state(&FEW, Stage::Done));
    assert!(
        harness.query_by_label("Threshold").is_none(),
        "softmax has none"
    );
}

#[test]
fn a_new_evaluation_keeps_the_threshold_that_was_set() {
    use convscope::engine::{EvaluateRequest, Evaluated, EvaluatedWeights, Event};
    let mut state = state(&TWO, Stage::Done);
    state.set_threshold(Some(0.2));
    let dataset = Arc::clone(&TWO.open);
    let evaluated = Evaluated {
        evaluation: Some(Arc::clone(&TWO.evaluation)),
        dataset: Arc::clone(&dataset.dataset),
    };
    let request = EvaluateRequest {
        dataset,
        part: None,
        weights: EvaluatedWeights::Current,
    };
    state.asked(JobId(9), request);
    state.apply(Event::done::<EvaluateRequest>(JobId(9), evaluated));
    assert_eq!(state.evaluation.unwrap().threshold(), Some(0.2));
}

#[test]
fn part_and_weights_are_chosen() {
    let mut finished = state(&FEW, Stage::Done);
    finished.training.run = RunState::Finished(Arc::new(TrainingOutcome {
        run: "/runs/a".into(),
        model: Some("/runs/a/model.safetensors".into()),
        result: RunResult {
            completed: true,
            best_epoch: 3,
            seconds: 1.0,
            ..RunResult::default()
        },
    }));
    let mut harness = small(PanelKind::Confusion, finished);
    choose(&mut harness, "Part", "all images");
    choose(&mut harness, "Weights", "last epoch");
    harness.get_by_label("Evaluate").click();
    harness.run();
    assert!(matches!(
        follow(&mut harness)[..],
        [Action::Model(ModelAction::Evaluate {
            part: None,
            weights: Weights::Last
        })]
    ));

    // A model that no finished run has trained has one set of weights, and says so.
    let mut harness = small(PanelKind::Confusion, state(&FEW, Stage::Done));
    open(&mut harness, "Weights");
    assert!(harness.query_by_label("last epoch").is_none());
    harness.key_press(Key::Escape);
    harness.run();
    harness
        .get_by_role_and_label(Role::ComboBox, "Weights")
        .hover();
    harness.run_steps(40);
    harness.get_by_label_contains("a model file holds no others");
}

#[test]
fn figures_of_something_else_than_what_is_chosen_say_so() {
    let notice = "press Evaluate to see";
    let mut same = state(&FEW, Stage::Done);
    let mut shown = (*FEW.evaluation).clone();
    shown.split = Some(SplitName::Validation);
    shown.epoch = same.model.as_ref().unwrap().snapshot.epoch;
    same.evaluation = Some(Arc::new(shown.clone()));
    let mut harness = small(PanelKind::Confusion, same.clone());
    assert!(harness.query_by_label_contains(notice).is_none());
    choose(&mut harness, "Part", "all images");
    harness.get_by_label_contains("press Evaluate to see all images · best epoch");
    shot(&mut harness, "figures-of-something-else");

    let mut other_epoch = same;
    shown.epoch += 1;
    other_epoch.evaluation = Some(Arc::new(shown));
    let harness = small(PanelKind::Confusion, other_epoch);
    harness.get_by_label_contains("press Evaluate to see validation · best epoch");
}

fn open(harness: &mut Harness<'_, Bench>, name: &str) {
    harness.get_by_role_and_label(Role::ComboBox, name).click();
    harness.run();
}

fn choose(harness: &mut Harness<'_, Bench>, name: &str, words: &str) {
    open(harness, name);
    harness.get_by_label(words).click();
    harness.run();
}

fn words(node: &egui_kittest::Node<'_>) -> String {
    let node = node.accesskit_node();
    node.value().or_else(|| node.label()).unwrap_or_default()
}

/// The files in the order of the rows.
fn rows(harness: &Harness<'_, Bench>) -> Vec<String> {
    let images = harness.get_all_by_label_contains("image_");
    images.map(|node| words(&node)).collect()
}

#[test]
fn predictions_are_sorted_filtered_selected_and_exported() {
    let size = vec2(900.0, 700.0);
    let mut harness = harness(
        PanelKind::Predictions,
        state(&EIGHT, Stage::Done),
        size,
        Theme::Light,
    );
    let in_order = rows(&harness);
    assert!(in_order.is_sorted(), "the order of the files: {in_order:?}");
    // The made-up answers are the less sure the later they come.
    for (heading, turned_round) in [
        ("image", true),
        ("predicted", false),
        ("sureness", false),
        ("sureness", true),
    ] {
        harness.get_by_label(heading).click();
        harness.run();
        let now = rows(&harness);
        assert_eq!(now.len(), in_order.len());
        match (heading, turned_round) {
            (_, true) => assert!(now.iter().rev().eq(&in_order), "{heading}: {now:?}"),
            ("sureness", false) => assert_eq!(now, in_order, "the surest first"),
            _ => assert_ne!(now, in_order, "{heading}"),
        }
    }
    shot(&mut harness, "predictions-by-sureness");
    harness.get_by_label("Only wrong ones").click();
    harness.run();
    let evaluation = &EIGHT.evaluation;
    let wrong = evaluation.samples.len() as u64
        - (0..8)
            .map(|class| evaluation.confusion.count(class, class))
            .sum::<u64>();
    assert_eq!(rows(&harness).len() as u64, wrong);
    harness.get_by_label_contains(&format!("{wrong} wrong of "));

    let row = harness.get_all_by_label_contains("image_").next().unwrap();
    let place = row.rect().center();
    let name = words(&row);
    harness.drag_at(place);
    harness.drop_at(place);
    harness.run();
    let actions = follow(&mut harness);
    let Some(Action::Select(selection)) = actions.first() else {
        panic!("{actions:?}")
    };
    let sample = &EIGHT.open.dataset.samples[selection.sample().unwrap()];
    assert!(sample.path.ends_with(&name), "{name}");
    harness.hover_at(place);
    harness.key_press(Key::ArrowDown);
    harness.run();
    let before = selection.sample();
    assert!(
        matches!(&follow(&mut harness)[..], [Action::Select(next)] if next.sample() != before),
        "arrows move"
    );
    harness.get_by_label("Export CSV…").click();
    harness.run();
    assert!(matches!(
        follow(&mut harness)[..],
        [Action::Ask(Purpose::Save(Saving::Predictions))]
    ));
}

#[test]
fn long_names_of_classes_can_be_read_in_the_predictions() {
    let (size, state) = (vec2(900.0, 500.0), state(&EIGHT, Stage::Done));
    let harness = harness(PanelKind::Predictions, state, size, Theme::Light);
    let heading = |name: &str| harness.get_by_label(name).rect().left();
    let width = heading("predicted") - heading("actual");
    assert!(width > 180.0, "room for immature granulocytes: {width}");
}

#[test]
fn the_cross_table_says_which_classes_are_never_predicted() {
    let mut one_sided = state(&TWO, Stage::Done);
    let harness = small(PanelKind::CrossTable, one_sided.clone());
    assert!(harness.query_by_label_contains("never predicted").is_none());
    one_sided.set_threshold(Some(1.0));
    let harness = small(PanelKind::CrossTable, one_sided);
    harness.get_by_label("classes never predicted: dog");
}

#[test]
fn a_cell_of_the_cross_table_is_one_of_the_matrix() {
    let (size, state) = (vec2(1200.0, 500.0), state(&EIGHT, Stage::Done));
    let mut harness = harness(PanelKind::CrossTable, state, size, Theme::Light);
    let total = EIGHT.evaluation.samples.len();
    harness.get_by_label(&format!("True All, Pred All: {total}"));
    harness
        .get_by_label_contains("True lymphocyte, Pred lymphocyte: ")
        .click();
    harness.run();
    let actions = follow(&mut harness);
    assert!(
        matches!(&actions[..], [Action::Select(selection)] if selection.cell == Some((4, 4))),
        "{actions:?}"
    );
}

#[test]
fn long_names_keep_both_ends() {
    let size: Vec2 = vec2(500.0, 600.0);
    let mut harness = harness(
        PanelKind::Report,
        state(&MANY, Stage::Done),
        size,
        Theme::Light,
    );
    shot(&mut harness, "long-names");
    let name = "a rather long class name, number 001";
    let label = harness.get_by_label(name);
    assert!(label.rect().width() < 260.0);
    label.hover();
    harness.run_steps(40);
    assert!(
        harness.get_all_by_label(name).count() > 1,
        "the tooltip has it all"
    );
}

#[test]
fn a_sigmoid_answer_has_both_probabilities_one_logit_and_its_threshold() {
    let mut with_answer = state(&TWO, Stage::Done);
    let answer = convscope::engine::Prediction {
        class: 1,
        probabilities: vec![0.6, 0.4],
        logits: vec![-0.405_465],
        head: Head::Sigmoid { threshold: 0.3 },
        classes: Arc::clone(&TWO.model.snapshot.classes),
        ..(**with_answer.predict.answers.first().unwrap()).clone()
    };
    with_answer.predict.answers.insert(0, Arc::new(answer));
    let mut harness = small(PanelKind::Predict, with_answer);
    harness.get_by_label("logit -0.4055 · dog from 30.0 % on");
    harness.get_by_label("cat 60.0 %");
    harness.get_all_by_label("dog 40.0 %").next().unwrap();
    shot(&mut harness, "sigmoid-answer");
    let field = || Role::TextInput;
    let name = "Path or web address of an image";
    harness.get_by_role_and_label(field(), name).focus();
    harness.run();
    harness
        .get_by_role_and_label(field(), name)
        .type_text(" https://example.org/cat.jpg");
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    let actions = follow(&mut harness);
    assert!(
        matches!(&actions[..], [Action::Model(ModelAction::Predict(images))]
            if matches!(&images[0], convscope::engine::ImageSource::Url(url) if url == "https://example.org/cat.jpg")),
        "{actions:?}"
    );
}
