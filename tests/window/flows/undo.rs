//! Every change of the experiment can be taken back in the step where it was made.

use std::collections::BTreeMap;

use convscope::{
    data::{augment::AugmentationConfig, stats::ClassWeights},
    model::spec::Preprocessing,
    train::Experiment,
};

use super::*;

fn experiment(desk: &Desk) -> &Experiment {
    &desk.harness.state().state().experiment
}

#[test]
fn a_phase_that_was_removed_comes_back() {
    let mut desk = Desk::dark();
    desk.opened();
    desk.act(WindowAction::GoTo(Step::Train));
    desk.click("Add phase");
    desk.harness.run_steps(2);
    let mut training = experiment(&desk).training.clone();
    training.phases[1].optimizer.set_learning_rate(0.000_37);
    desk.act(EditAction::Training(training));
    let before = experiment(&desk).clone();
    desk.click("Remove phase");
    desk.harness.run_steps(2);
    assert_eq!(experiment(&desk).training.phases.len(), 1);
    desk.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(experiment(&desk), &before);
    desk.press(Modifiers::COMMAND, Key::Y);
    assert_eq!(experiment(&desk).training.phases.len(), 1, "and again");
}

#[test]
fn every_kind_of_change_is_taken_back_and_made_again() {
    let mut desk = Desk::dark();
    desk.opened();
    let start = experiment(&desk).clone();
    let mut training = start.training.clone();
    training.batch_size = 7;
    let split = convscope::data::SplitConfig {
        validation: 0.4,
        ..start.split
    };
    let augmentation = AugmentationConfig {
        rotation_degrees: 12.0,
        ..AugmentationConfig::default()
    };
    let mut input = start.model.input;
    input.height += 4;
    let preprocessing = Preprocessing {
        mean: [0.3; 3],
        std: [0.2; 3],
    };
    let changes = [
        (
            Step::Train,
            Action::Edit(EditAction::Training(training)),
            "training settings",
        ),
        (Step::Data, Action::Edit(EditAction::Split(split)), "split"),
        (
            Step::Data,
            Action::Edit(EditAction::Augmentation(augmentation)),
            "augmentation",
        ),
        (
            Step::Data,
            Action::Edit(EditAction::Preprocessing(preprocessing)),
            "normalisation",
        ),
        (
            Step::Model,
            Action::Design(DesignAction::SetInput(input)),
            "model",
        ),
    ];
    let mut versions = vec![start];
    for (step, change, _) in &changes {
        desk.act(WindowAction::GoTo(*step));
        desk.act(change.clone());
        assert_ne!(experiment(&desk), versions.last().unwrap());
        versions.push(experiment(&desk).clone());
    }
    for (at, (step, _, words)) in changes.iter().enumerate().rev() {
        desk.act(WindowAction::GoTo(*step));
        desk.click("Edit");
        desk.harness.run_steps(2);
        assert!(
            desk.shows(&format!("Undo the change to the {words}")),
            "{words}"
        );
        desk.press(Modifiers::NONE, Key::Escape);
        desk.press(Modifiers::COMMAND, Key::Z);
        assert_eq!(experiment(&desk), &versions[at], "{words}");
    }
    for version in &versions[1..] {
        desk.press(Modifiers::COMMAND, Key::Y);
        assert_eq!(experiment(&desk), version);
    }
}

#[test]
fn data_and_experiment_are_taken_back_in_their_order_in_the_data_step() {
    let mut desk = Desk::dark();
    desk.opened();
    let split = experiment(&desk).split;
    desk.act(EditAction::Split(convscope::data::SplitConfig {
        seed: 7,
        ..split
    }));
    desk.act(EditAction::Dataset(Edit::Exclude {
        samples: vec!["circle/circle_000.png".into()],
        excluded: true,
    }));
    let edits = |desk: &Desk| {
        let state = desk.harness.state().state();
        state.wanted_edits().unwrap().excluded.len()
    };
    desk.press(Modifiers::COMMAND, Key::Z);
    assert_eq!((edits(&desk), experiment(&desk).split.seed), (0, 7));
    desk.press(Modifiers::COMMAND, Key::Z);
    assert_eq!((edits(&desk), experiment(&desk).split), (0, split));
    desk.press(Modifiers::COMMAND, Key::Y);
    desk.press(Modifiers::COMMAND, Key::Y);
    assert_eq!((edits(&desk), experiment(&desk).split.seed), (1, 7));
}

#[test]
fn settings_of_another_dataset_do_not_travel_in_silence() {
    let mut desk = Desk::dark();
    desk.opened();
    let weights: BTreeMap<String, f64> = ["circle", "square", "triangle"]
        .map(|class| (class.to_owned(), 3.0))
        .into();
    let mut training = experiment(&desk).training.clone();
    training.class_weights = ClassWeights::Own(weights.clone());
    desk.act(EditAction::Training(training));
    let other = desk.home.path().join("pets");
    cats_and_dogs(&other);
    desk.act(WindowAction::OpenPath(other.clone()));
    desk.wait("the other dataset", |app| {
        app.state()
            .dataset()
            .is_some_and(|dataset| dataset.opened == other)
    });
    assert_eq!(experiment(&desk).training.class_weights, ClassWeights::Off);
    assert!(desk.shows("class weights, chosen for shapes, back to default"));
    // The notification's, below the one of the dataset's changes.
    let buttons = desk.harness.get_all_by_role_and_label(Role::Button, "Undo");
    let lowest = buttons.max_by(|a, b| a.rect().top().total_cmp(&b.rect().top()));
    lowest.unwrap().click();
    desk.harness.run_steps(2);
    let now = &experiment(&desk).training.class_weights;
    assert_eq!(now, &ClassWeights::Own(weights));
}

#[test]
fn what_is_taken_back_over_another_dataset_fits_it() {
    let mut desk = Desk::dark();
    desk.opened();
    let mut training = experiment(&desk).training.clone();
    training.batch_size = 7;
    desk.act(EditAction::Training(training));
    let other = desk.home.path().join("pets");
    cats_and_dogs(&other);
    desk.act(WindowAction::OpenPath(other.clone()));
    desk.wait("the other dataset", |app| {
        app.state()
            .dataset()
            .is_some_and(|dataset| dataset.opened == other)
    });
    while desk.harness.state().state().can_undo_redo_experiment().0 {
        desk.act(ExperimentAction::Undo);
    }
    assert_ne!(experiment(&desk).training.batch_size, 7);
    desk.wait("the division", |app| app.state().division.is_some());
    assert_eq!(desk.harness.state().state().why_not_train(), None);
}
