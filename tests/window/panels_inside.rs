//! Every panel about the model's inside and its answers, alone, in every state: it draws without
//! panicking, names what it shows, and its clicks become the right actions.
//!
//! `CONVSCOPE_SHOTS=folder` also writes a picture of every case.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise, helpers included"
)]

pub mod bench;
pub mod world;

use std::sync::Arc;

use crate::panel::{Bench, shot};
use bench::{STAGES, Stage, follow, harness, small, state};
use convscope::{
    data::SplitName,
    engine::{Inspect, LoadedModel},
    inspect::maximise::MaximiseConfig,
    inspect::maximise::Target,
    train::{Evaluation, checkpoint::Weights},
    ui::{
        action::{Action, ModelAction},
        dialogs::Purpose,
        saving::Saving,
        workspace::PanelKind,
    },
};
use eframe::egui::{Key, Theme, accesskit::Role, vec2};
use egui_kittest::kittest::Queryable;
use world::{FEW, MANY};

const PANELS: [PanelKind; 9] = [
    PanelKind::Filters,
    PanelKind::FeatureMaps,
    PanelKind::Maximise,
    PanelKind::Confusion,
    PanelKind::CrossTable,
    PanelKind::CellImages,
    PanelKind::Predictions,
    PanelKind::Report,
    PanelKind::Predict,
];

/// A label that has to be there.
fn expected(panel: PanelKind, stage: Stage) -> &'static str {
    use PanelKind as P;
    use Stage as S;
    match (panel, stage) {
        (P::Predict, S::NoModel) => "Open model…",
        (_, S::NoModel) => "Go to Train",
        (P::Filters, _) => "Before training",
        (P::FeatureMaps, S::Loading) => "Computing feature maps",
        (P::FeatureMaps, S::Done) => "relu1 · epoch 3 · ",
        (P::Maximise, S::Loading) => "starting",
        (P::Maximise, S::Done) => "step 40 of 200 · score 3.214",
        (P::Confusion | P::CrossTable | P::CellImages | P::Predictions | P::Report, S::Loading) => {
            "Evaluating"
        }
        (P::Confusion, S::Done) => "% accuracy",
        (P::CellImages, S::Done) => "taken for",
        (P::CrossTable, S::Done) => "Copy CSV",
        (P::Predictions, S::Done) => "sureness",
        (P::Report, S::Done) => "precision",
        (P::Predict, S::Done) => "3 answers",
        (P::Predict, S::Loading) => "Looking at the image",
        (_, S::Failed) => "the file is damaged",
        (panel, stage) => panic!("say what {panel:?} shows when {stage:?}"),
    }
}

#[test]
fn every_panel_draws_in_every_state() {
    let sizes = [vec2(300.0, 260.0), vec2(500.0, 600.0), vec2(1200.0, 800.0)];
    let cases = sizes
        .into_iter()
        .flat_map(|size| [(size, Theme::Light), (size, Theme::Dark)]);
    let cases: Vec<_> = cases.collect();
    for (many, world) in [("few", &*FEW), ("many", &*MANY)] {
        for panel in PANELS {
            for stage in STAGES {
                for (size, theme) in cases.iter().copied() {
                    let mut harness = harness(panel, state(world, stage), size, theme);
                    let label = expected(panel, stage);
                    let found = harness.query_all_by_label_contains(label).next().is_some();
                    assert!(found, "{panel:?} {stage:?} {many} {size}: no {label:?}");
                    let name =
                        format!("{panel:?}-{many}-{stage:?}-{}x{}-{theme:?}", size.x, size.y);
                    shot(&mut harness, &name);
                }
            }
        }
    }
}

#[test]
fn a_model_from_a_file_has_no_weights_before_training() {
    let mut state = state(&FEW, Stage::Done);
    state.model = Some(Arc::new(LoadedModel {
        initial: None,
        ..(*FEW.model).clone()
    }));
    let harness = small(PanelKind::Filters, state);
    assert!(harness.query_by_label("Before training").is_none());
    harness.get_by_label("Now · epoch 3");
    harness.get_by_label_contains("not kept in a model file");
}

#[test]
fn clicking_a_filter_selects_it() {
    let mut harness = small(PanelKind::Filters, state(&FEW, Stage::Done));
    let corner = harness
        .get_by_label("Filters of conv1, Now · epoch 3")
        .rect()
        .min;
    // A few points into the first kernel.
    let place = corner + vec2(20.0, 20.0);
    harness.drag_at(place);
    harness.drop_at(place);
    harness.run();
    let actions = follow(&mut harness);
    let Some(Action::Select(selection)) = actions.first() else {
        panic!("{actions:?}")
    };
    assert_eq!(selection.layer, Some(0));
    assert_eq!(selection.unit, Some(0));
    harness.hover_at(place + vec2(1.0, 0.0));
    harness.run_steps(40);
    shot(&mut harness, "filter-tooltip");
    harness.get_by_label("conv1 · filter 0 · input 0");
}

#[test]
fn feature_maps_enlarge_and_come_back_and_ask_for_more() {
    let mut harness = small(PanelKind::FeatureMaps, state(&FEW, Stage::Done));
    harness.get_by_label("Enlarge").click();
    harness.run();
    harness.get_by_label("All maps").click();
    harness.run();
    harness.get_by_label("Feature maps of relu1").hover();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    harness.get_by_label("All maps");
    shot(&mut harness, "enlarged");
    harness.key_press(Key::Escape);
    harness.run();
    harness.key_press(Key::ArrowRight);
    harness.run();
    let actions = follow(&mut harness);
    assert_eq!(harness.state().state.selection.unit, Some(4), "{actions:?}");
    harness
        .get_by_label("Feature maps of relu1")
        .click_secondary();
    harness.run();
    let offered = harness.get_all_by_label("Save picture…").count();
    assert_eq!(offered, 2, "as a button and in the menu");
    shot(&mut harness, "context-menu");
    harness.key_press(Key::Escape);
    harness.run();
    follow(&mut harness);
    let (layer, unit) = (2, harness.state().state.selection.unit.unwrap());
    harness.get_by_label("Maximise this filter").click();
    harness.run();
    let actions = follow(&mut harness);
    let is_wanted = |action: &Action| matches!(action, Action::Model(ModelAction::Maximise(config)) if config.target == Target::Unit { layer, unit });
    assert!(actions.iter().any(is_wanted), "{actions:?}");
    harness.get_by_label("Save picture…").click();
    harness.run();
    assert!(matches!(
        follow(&mut harness)[..],
        [Action::Ask(Purpose::Save(Saving::Picture(_)))]
    ));
    harness.get_by_label("Grey").click();
    harness.run();
    assert_eq!(
        harness.state().settings.map_scale,
        convscope::inspect::colours::ColourScale::Grey
    );
}

#[test]
fn the_last_layer_is_shown_as_bars_of_the_classes() {
    let mut state = state(&FEW, Stage::Done);
    bench::show_maps(&mut state, &FEW, &FEW.logits);
    state.selection.layer = Some(FEW.logits.layer);
    let mut harness = small(PanelKind::FeatureMaps, state);
    harness.get_by_role(Role::ComboBox);
    let square = harness.get_all_by_role(Role::ListItem).nth(1).unwrap();
    square.click();
    harness.run();
    follow(&mut harness);
    assert_eq!(harness.state().state.selection.class, Some(1));
    shot(&mut harness, "logits");
}

#[test]
fn maximising_takes_what_the_fields_say() {
    let mut harness = small(PanelKind::Maximise, state(&FEW, Stage::Failed));
    harness
        .get_by_role_and_label(Role::Button, "Maximise")
        .click();
    harness.run();
    let actions = follow(&mut harness);
    let [Action::Model(ModelAction::Maximise(config))] = actions[..] else {
        panic!("{actions:?}")
    };
    assert_eq!((config.target, config.steps), (Target::Class(0), 200));
    harness.get_by_label("Filter").click();
    harness.run();
    harness
        .get_by_role_and_label(Role::Button, "Maximise")
        .click();
    harness.run();
    let actions = follow(&mut harness);
    let [Action::Model(ModelAction::Maximise(config))] = actions[..] else {
        panic!("{actions:?}")
    };
    assert_eq!(config.target, Target::Unit { layer: 0, unit: 0 });
}

#[test]
fn cells_of_the_matrix_are_named_clicked_and_moved_among() {
    let mut harness = small(PanelKind::Confusion, state(&FEW, Stage::Done));
    let confusion = &FEW.evaluation.confusion;
    let name = format!("actual circle, predicted square: {}", confusion.count(0, 1));
    harness.get_by_label(&name);
    let name = format!(
        "actual triangle, predicted triangle: {}",
        confusion.count(2, 2)
    );
    harness.get_by_label(&name).click();
    harness.run();
    follow(&mut harness);
    assert_eq!(harness.state().state.selection.cell, Some((2, 2)));
    harness.key_press(Key::ArrowUp);
    harness.run();
    harness.key_press(Key::ArrowRight);
    harness.run();
    follow(&mut harness);
    assert_eq!(
        harness.state().state.selection.cell,
        Some((1, 2)),
        "up, and right is the edge"
    );
    harness.get_by_label("Percent of row").click();
    harness.run();
    harness.hover_at(
        harness
            .get_by_label_contains("actual circle, predicted square")
            .rect()
            .center(),
    );
    harness.run_steps(40);
    shot(&mut harness, "confusion-tooltip");
    harness.get_by_label_contains("circle taken for square: ");
    harness.get_by_label("Evaluate").click();
    harness.run();
    assert!(matches!(
        follow(&mut harness)[..],
        [Action::Model(ModelAction::Evaluate {
            part: Some(SplitName::Validation),
            weights: Weights::Best
        })]
    ));
}

#[test]
fn a_model_that_was_not_evaluated_can_be() {
    for panel in [
        PanelKind::Confusion,
        PanelKind::CellImages,
        PanelKind::Report,
    ] {
        let mut harness = small(panel, state(&FEW, Stage::Failed));
        harness.get_by_label("Evaluate validation").click();
        harness.run();
        assert!(matches!(
            follow(&mut harness)[..],
            [Action::Model(ModelAction::Evaluate {
                part: Some(SplitName::Validation),
                weights: Weights::Best
            })]
        ));
    }
}

#[test]
fn images_of_a_cell_and_all_wrong_ones() {
    let mut harness = small(PanelKind::CellImages, state(&FEW, Stage::Done));
    let count = FEW.evaluation.confusion.count(0, 1);
    harness.get_by_label(&format!("circle taken for square · {count} images"));
    harness
        .get_all_by_label_contains("· says square")
        .next()
        .unwrap()
        .click();
    harness.run();
    follow(&mut harness);
    assert_ne!(harness.state().state.selection.sample(), Some(0));
    harness.get_by_label("All wrong images").click();
    harness.run();
    follow(&mut harness);
    harness.get_by_label_contains("Wrong · ");
    let right = Evaluation {
        predicted: FEW.evaluation.actual.clone(),
        ..(*FEW.evaluation).clone()
    };
    harness.state_mut().state.evaluation = Some(Arc::new(right));
    harness.run();
    harness.get_by_label("Every image was classified correctly.");
}

#[test]
fn predicting_by_path_button_and_history() {
    let mut harness = small(PanelKind::Predict, state(&FEW, Stage::Done));
    harness.get_by_label("Choose images…").click();
    harness.run();
    assert!(matches!(
        follow(&mut harness)[..],
        [Action::Ask(Purpose::ChooseImages)]
    ));
    harness.get_by_label("Draw a random shape").click();
    harness.run();
    assert!(matches!(
        follow(&mut harness)[..],
        [Action::Model(ModelAction::DrawShape)]
    ));
    let field = || Role::TextInput;
    harness
        .get_by_role_and_label(field(), "Path or web address of an image")
        .focus();
    harness.run();
    harness
        .get_by_role_and_label(field(), "Path or web address of an image")
        .type_text("/tmp/a.png");
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert!(
        matches!(&follow(&mut harness)[..], [Action::Model(ModelAction::Predict(images))] if images[0].name() == "/tmp/a.png")
    );
    harness.get_by_label("Clear").scroll_to_me();
    harness.run();
    harness.get_by_label("Clear").click();
    harness.run();
    assert!(matches!(
        follow(&mut harness)[..],
        [Action::Model(ModelAction::ClearPredictions)]
    ));
}

/// A model whose first layer is a published network of random weights.
fn with_backbone(layer: usize) -> convscope::ui::state::AppState {
    use convscope::model::{
        Network,
        backbones::top,
        network::Placement,
        spec::{Backbone, InputSpec},
    };
    let mut spec = top::imagenet(Backbone::MobileNetV2, 3);
    spec.input = InputSpec {
        height: 64,
        width: 64,
        ..spec.input
    };
    let network = Network::new(Arc::new(spec), 1, Placement::default()).unwrap();
    let snapshot = network.snapshot(&FEW.model.snapshot.classes, 3).unwrap();
    let mut state = state(&FEW, Stage::Loading);
    state.model = Some(Arc::new(LoadedModel {
        initial: None,
        snapshot: Arc::new(snapshot),
        ..(*FEW.model).clone()
    }));
    state.remember_nodes();
    state.forget::<Inspect<MaximiseConfig>>();
    state.selection.layer = Some(layer);
    state
}

#[test]
fn a_list_of_a_backbone_shows_blocks_and_finds_any_step() {
    for theme in [Theme::Light, Theme::Dark] {
        let size = vec2(500.0, 600.0);
        let mut harness = harness(PanelKind::FeatureMaps, with_backbone(0), size, theme);
        harness
            .get_by_role_and_label(Role::ComboBox, "Layer")
            .click();
        harness.run();
        shot(&mut harness, &format!("nodes-blocks-{theme:?}"));
        let listed = |harness: &egui_kittest::Harness<'_, Bench>, name: &str| {
            let mut found = harness.query_all_by_role_and_label(Role::Button, name);
            found.next().is_some()
        };
        assert!(listed(&harness, "base.features.3.add · 16 × 16 × 24"));
        assert!(!listed(
            &harness,
            "base.features.3.conv.1.0 · 16 × 16 × 144"
        ));
        harness.get_by_label_contains("steps within blocks");
        let field = harness.get_by_role_and_label(Role::TextInput, "Search");
        field.focus();
        harness.run();
        let field = harness.get_by_role_and_label(Role::TextInput, "Search");
        field.type_text("3.conv.1");
        harness.run();
        shot(&mut harness, &format!("nodes-search-{theme:?}"));
        assert!(!listed(&harness, "base.features.3.add · 16 × 16 × 24"));
        harness
            .get_by_label("base.features.3.conv.1.0 · 16 × 16 × 144")
            .click();
        harness.run();
        let actions = follow(&mut harness);
        let Some(Action::Select(selection)) = actions.first() else {
            panic!("{actions:?}")
        };
        let nodes = harness.state().state.nodes();
        assert_eq!(
            nodes[selection.layer.unwrap()].name,
            "base.features.3.conv.1.0"
        );
        // Choosing closes the list.
        assert!(harness.query_by_label("Search").is_none());
    }
}

#[test]
fn filters_and_maximisation_reach_into_a_backbone() {
    let mut harness = small(PanelKind::Filters, with_backbone(0));
    harness.get_by_label_contains("32 filters × 3 inputs, 3 × 3 weights each");
    shot(&mut harness, "filters-of-a-backbone");
    // Two pixels for each of 1,280 filters are more than the 2,048 of a picture.
    let nodes = with_backbone(0).nodes();
    let last = nodes
        .iter()
        .position(|node| node.name == "base.features.18.0");
    let mut harness = small(PanelKind::Filters, with_backbone(last.unwrap()));
    harness.get_by_label_contains(
        "1,280 filters × 320 inputs, 1 × 1 weights each; the first 1,023 × 320 are shown",
    );
    shot(&mut harness, "filters-too-many");
    let mut harness = small(PanelKind::Maximise, with_backbone(10));
    harness.get_by_label("Filter").click();
    harness.run();
    harness
        .get_by_role_and_label(Role::ComboBox, "Layer")
        .click();
    harness.run();
    shot(&mut harness, "maximise-in-a-backbone");
    let field = harness.get_by_role_and_label(Role::TextInput, "Search");
    field.focus();
    harness.run();
    let field = harness.get_by_role_and_label(Role::TextInput, "Search");
    field.type_text("12.add");
    harness.run();
    harness.get_by_label("base.features.12.add").click();
    harness.run();
    harness.get_by_label("Maximise").click();
    harness.run();
    let actions = follow(&mut harness);
    let config = actions.iter().find_map(|action| match action {
        Action::Model(ModelAction::Maximise(config)) => Some(*config),
        _ => None,
    });
    let Target::Unit { layer, .. } = config.unwrap().target else {
        panic!("{config:?}")
    };
    let nodes = harness.state().state.nodes();
    assert_eq!(nodes[layer].name, "base.features.12.add");
}
