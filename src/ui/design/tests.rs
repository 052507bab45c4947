//! Editing in the window's state: gestures, undo, boundaries, the choice.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::{
    model::{
        Padding,
        layers::{self, Layer as _},
        spec::Activation,
    },
    train::recipes,
};

fn state() -> AppState {
    AppState::new(recipes::find(Path::new("shapes")).unwrap())
}

fn filters(filters: usize) -> LayerEdit {
    let kind = crate::model::LayerKind::Conv2d(layers::Conv2d {
        filters,
        kernel: 3.into(),
        stride: 1.into(),
        padding: Padding::Same,
        dilation: 1.into(),
        activation: Activation::Linear,
    });
    LayerEdit::SetKind { at: 0, kind }
}

fn first_filters(state: &AppState) -> usize {
    state.design.shapes[0].output.dims()[0]
}

#[test]
fn a_gesture_is_undone_at_once_and_two_are_not() {
    let mut state = state();
    for (count, gesture) in [(13, 1), (14, 1), (20, 1), (30, 2)] {
        state.apply_design(DesignAction::Edit(filters(count), Some(gesture)));
    }
    assert_eq!(first_filters(&state), 30);
    assert!(state.undo_experiment());
    assert_eq!(first_filters(&state), 20);
    assert!(state.undo_experiment());
    assert_eq!(first_filters(&state), 12);
    assert!(!state.undo_experiment());
    assert!(state.redo_experiment() && state.redo_experiment() && !state.redo_experiment());
    assert_eq!(first_filters(&state), 30);
    // The same gesture after an undo is a new change.
    state.undo_experiment();
    state.apply_design(DesignAction::Edit(filters(40), Some(2)));
    state.undo_experiment();
    assert_eq!(first_filters(&state), 20);
}

#[test]
fn an_illegal_layer_is_named_and_those_before_it_keep_their_shapes() {
    let mut state = state();
    let kind = layers::Dense::fresh().into();
    state.apply_design(DesignAction::Edit(LayerEdit::Insert { at: 2, kind }, None));
    let problem = state.design.problem.clone().unwrap();
    assert_eq!((problem.index, problem.name.as_str()), (2, "dense1"));
    assert_eq!(state.design.shapes.len(), 2);
    assert!(!state.design.fits);
    state.undo_experiment();
    assert_eq!(state.design.problem, None);
    assert_eq!(state.design.shapes.len(), 12);
}

#[test]
fn another_experiment_can_be_taken_back() {
    let mut state = state();
    state.apply_design(DesignAction::Edit(filters(30), None));
    let mut other = state.experiment.clone();
    other.title = "other".into();
    other.model.layers.truncate(3);
    state.replace_experiment(other);
    assert_eq!(state.design.shapes.len(), 3);
    state.undo_experiment();
    assert_eq!(state.experiment.title, "Geometric shapes");
    assert_eq!(first_filters(&state), 30, "unsaved edits are back");
    state.redo_experiment();
    assert_eq!(state.experiment.title, "other");
}

#[test]
fn boundaries_follow_edits_and_undo() {
    let mut state = state();
    state.apply_design(DesignAction::TrainFrom(Some("conv2".into()), None));
    let rename = LayerEdit::Rename {
        at: 3,
        name: "second".into(),
    };
    state.apply_design(DesignAction::Edit(rename, None));
    assert_eq!(state.boundary(), Some("second"));
    state.undo_experiment();
    assert_eq!(state.boundary(), Some("conv2"));
    state.undo_experiment();
    assert_eq!(state.boundary(), None);
    state.apply_design(DesignAction::TrainFrom(Some("conv1".into()), None));
    assert_eq!(
        state.boundary(),
        None,
        "from the first layer on is everything"
    );
}

#[test]
fn the_choice_follows_a_layer_that_moves_and_comes_back() {
    let mut state = state();
    state.apply_design(DesignAction::Edit(LayerEdit::Move { from: 3, to: 0 }, None));
    assert_eq!(state.design.chosen, Some(Chosen::Layer(0)));
    state.undo_experiment();
    assert_eq!(state.design.chosen, Some(Chosen::Layer(3)));
}

fn any_edit() -> impl Strategy<Value = LayerEdit> {
    prop_oneof![
        (0..15usize, 0..12usize).prop_map(|(at, kind)| LayerEdit::Insert {
            at,
            kind: crate::model::LayerKind::all().swap_remove(kind)
        }),
        (0..15usize).prop_map(LayerEdit::Remove),
        (0..15usize).prop_map(LayerEdit::Duplicate),
        (0..15usize, 0..15usize).prop_map(|(from, to)| LayerEdit::Move { from, to }),
    ]
}

proptest! {
    #[test]
    fn undo_restores_every_step(edits in proptest::collection::vec(any_edit(), 1..30)) {
        let mut state = state();
        state.apply_design(DesignAction::TrainFrom(Some("relu2".into()), None));
        let mut versions = vec![(state.experiment.model.clone(), state.boundaries())];
        for edit in edits {
            state.apply_design(DesignAction::Edit(edit, None));
            let now = (state.experiment.model.clone(), state.boundaries());
            if versions.last() != Some(&now) {
                versions.push(now);
            }
        }
        for version in versions.iter().rev().skip(1) {
            prop_assert!(state.undo_experiment());
            prop_assert_eq!(&state.experiment.model, &version.0);
            prop_assert_eq!(&state.boundaries(), &version.1);
        }
    }
}
