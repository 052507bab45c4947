//! Numbers typed into every field of the window, a letter a frame and all at once, while the engine works and answers.

use convscope::{
    data::stats::ClassWeights,
    model::{LayerKind, edit::LayerEdit},
    train::{
        Experiment,
        early_stopping::{EarlyStopping, Monitor, MonitorMode},
        schedule::ScheduleKind,
    },
};
use egui_kittest::{Node, kittest::NodeT as _};

use super::*;

/// The numbers of the issue: both were cut to 4.
const TYPED: [&str; 2] = ["41", "4567"];
/// Frames until something that is said for a while is gone.
const WHILE: usize = 200;

fn experiment(desk: &Desk) -> Experiment {
    desk.harness.state().state().experiment.clone()
}

fn fields(desk: &Desk) -> Vec<Node<'_>> {
    desk.harness.get_all_by_role(Role::SpinButton).collect()
}

fn name(desk: &Desk, field: usize) -> String {
    let label = fields(desk)[field].accesskit_node().label();
    label.unwrap_or_default()
}

fn value(desk: &Desk, field: usize) -> String {
    fields(desk)[field].value().unwrap_or_default()
}

/// The position of the field called `name`.
fn find(desk: &Desk, name: &str) -> usize {
    let mut fields = fields(desk).into_iter();
    let field = fields.position(|field| field.accesskit_node().label().as_deref() == Some(name));
    assert!(field.is_some(), "no field {name}");
    field.unwrap()
}

/// The digits at the beginning of what a field shows.
fn number(shown: &str) -> String {
    let digits = shown.chars().filter(|letter| !"±,".contains(*letter));
    digits.take_while(char::is_ascii_digit).collect()
}

fn reach(desk: &mut Desk, field: usize) {
    fields(desk)[field].focus();
    desk.harness.run_steps(2);
    desk.press(Modifiers::COMMAND, Key::A);
}

/// Types into the field and presses Enter. It keeps the keyboard, and nothing counts before Enter.
fn enter(desk: &mut Desk, field: usize, text: &str) {
    let before = experiment(desk);
    let what = name(desk, field);
    reach(desk, field);
    for letter in text.chars() {
        desk.harness.event(egui::Event::Text(letter.to_string()));
        desk.harness.run_steps(2);
        assert!(
            fields(desk)[field].is_focused(),
            "{what} lost the keyboard after {letter}"
        );
        assert_eq!(experiment(desk), before, "{what} counted {letter}");
    }
    assert_eq!(value(desk, field), text, "{what} holds what is typed");
    desk.press(Modifiers::NONE, Key::Enter);
    desk.harness.step();
}

/// Types numbers into every field that is shown; returns how many took one.
fn type_into_all(desk: &mut Desk, place: &str) -> usize {
    let mut taken = 0;
    for field in 0..fields(desk).len() {
        if fields(desk)[field].accesskit_node().is_disabled() {
            continue;
        }
        let what = format!("{place}: {}", name(desk, field));
        assert!(!name(desk, field).is_empty(), "{what} has no name");
        for text in TYPED {
            let (before, shown) = (experiment(desk), value(desk, field));
            enter(desk, field, text);
            if value(desk, field) == shown && number(&shown) != text {
                assert!(desk.shows(" stays"), "{what} says why {text} is refused");
                assert_eq!(experiment(desk), before, "{what}");
                let frames = (0..WHILE).find(|_| {
                    desk.harness.step();
                    !desk.shows(" stays")
                });
                assert!(frames.is_some(), "{what} says it for ever");
                continue;
            }
            assert_eq!(number(&value(desk, field)), text, "{what} was cut");
            taken += 1;
            if experiment(desk) != before {
                desk.press(Modifiers::COMMAND, Key::Z);
                assert_eq!(
                    experiment(desk),
                    before,
                    "{what}: one number, one step back"
                );
            }
        }
    }
    taken
}

/// Everything that has a field of its own is switched on.
fn with_every_field(desk: &mut Desk) {
    let mut training = experiment(desk).training;
    training.early_stopping = Some(EarlyStopping {
        monitor: Monitor::ValLoss,
        mode: MonitorMode::Auto,
        patience: 5,
        min_delta: 0.0,
        restore_best: true,
    });
    training.clip_norm = Some(1.0);
    training.threads = Some(1);
    training.phases[0].schedule.kind = ScheduleKind::ReduceOnPlateau {
        factor: 0.1,
        patience: 10,
        min_delta: 1e-4,
        minimum: 0.0,
    };
    let classes = ["circle", "square", "triangle"].map(|class| (class.to_owned(), 1.0));
    training.class_weights = ClassWeights::Own(classes.into());
    desk.act(EditAction::Training(training));
    let mut split = experiment(desk).split;
    split.first_train = Some(20);
    desk.act(EditAction::Split(split));
}

#[test]
fn numbers_are_taken_whole_in_every_field_of_training_and_data() {
    let mut desk = Desk::dark();
    desk.opened();
    with_every_field(&mut desk);
    desk.act(WindowAction::GoTo(Step::Train));
    desk.harness.get_by_label("More").click();
    desk.harness.run_steps(20);
    assert!(fields(&desk).len() >= 15, "{} fields", fields(&desk).len());
    assert!(type_into_all(&mut desk, "Train") >= 10);
    desk.act(WindowAction::GoTo(Step::Data));
    let mut taken = 0;
    for panel in ["Split", "Augmentation"] {
        let tab = desk.harness.get_by_label(panel);
        tab.click();
        desk.harness.run_steps(4);
        taken += type_into_all(&mut desk, panel);
    }
    assert!(taken >= 10, "{taken}");
}

#[test]
fn numbers_are_taken_whole_in_every_field_of_layers_and_of_what_looks_inside() {
    let mut desk = Desk::dark();
    desk.train_by_hand(1);
    desk.act(WindowAction::GoTo(Step::Model));
    let mut taken = type_into_all(&mut desk, "Model");
    for kind in LayerKind::all() {
        let words = kind.about().words;
        if matches!(kind, LayerKind::Backbone(_)) {
            // Its only number is that of the first trained layer, of those that have one.
            continue;
        }
        let insert = LayerEdit::Insert { at: 1, kind };
        desk.act(Action::Design(DesignAction::Edit(insert, None)));
        desk.harness.run_steps(4);
        taken += type_into_all(&mut desk, words);
        desk.act(Action::Design(DesignAction::Edit(
            LayerEdit::Remove(1),
            None,
        )));
    }
    assert!(taken >= 20, "{taken}");
    desk.act(WindowAction::GoTo(Step::Inside));
    desk.click("Filter");
    desk.harness.run_steps(4);
    assert!(type_into_all(&mut desk, "Inside") >= 3);
}

#[test]
fn a_slow_frame_that_finds_everything_at_once_takes_it_whole() {
    let mut desk = Desk::dark();
    desk.opened();
    desk.act(WindowAction::GoTo(Step::Train));
    let epochs = find(&desk, "Epochs");
    reach(&mut desk, epochs);
    let key = |key, pressed| egui::Event::Key {
        key,
        physical_key: None,
        pressed,
        repeat: false,
        modifiers: Modifiers::NONE,
    };
    let found = ["4", "5", "6", "7"].map(|letter| egui::Event::Text(letter.to_owned()));
    let input = desk.harness.input_mut();
    input.events.extend(found);
    input
        .events
        .extend([key(Key::Enter, true), key(Key::Enter, false)]);
    desk.harness.run_steps(3);
    assert_eq!(experiment(&desk).training.phases[0].epochs, 4_567);
}

#[test]
fn what_is_no_number_changes_nothing_and_says_so() {
    let mut desk = Desk::dark();
    desk.opened();
    desk.act(WindowAction::GoTo(Step::Train));
    desk.harness.run_steps(4);
    let before = experiment(&desk);
    let places = |desk: &Desk| -> Vec<_> { fields(desk).iter().map(Node::rect).collect() };
    let stood = places(&desk);
    for (name, text, words) in [
        ("Epochs", "many", "“many” is no number"),
        ("Epochs", "2.5", "Only whole numbers"),
        ("Epochs", "0", "At least 1"),
        ("Batch size", "9999999", "At most 65,536"),
    ] {
        let field = find(&desk, name);
        enter(&mut desk, field, text);
        assert!(desk.shows(words), "{text}");
        assert_eq!(experiment(&desk), before, "{text}");
        assert_eq!(places(&desk), stood, "nothing moves when {text} is refused");
    }
    let field = find(&desk, "Epochs");
    reach(&mut desk, field);
    desk.harness.event(egui::Event::Text("41".into()));
    desk.harness.run_steps(2);
    desk.press(Modifiers::NONE, Key::Escape);
    desk.harness.run_steps(2);
    assert_eq!(experiment(&desk), before, "Esc leaves the old number");
}

#[test]
fn what_is_typed_counts_before_the_key_that_acts_on_it() {
    let mut desk = Desk::dark();
    desk.opened();
    desk.act(WindowAction::GoTo(Step::Train));
    desk.harness.run_steps(4);
    let field = find(&desk, "Epochs");
    reach(&mut desk, field);
    desk.harness.event(egui::Event::Text("3".into()));
    desk.harness.run_steps(2);
    let file = desk.home.path().join("typed.ron");
    desk.answer(file.clone());
    // Leaves the step, and with it the field.
    desk.press(Modifiers::COMMAND, Key::Num1);
    desk.harness.run_steps(2);
    desk.act(Saving::Experiment);
    desk.wait("the file", |_| file.is_file());
    assert_eq!(
        Experiment::load(&file).unwrap().training.phases[0].epochs,
        3
    );
}

#[test]
fn what_is_typed_counts_before_the_button_above_it() {
    let mut desk = Desk::dark();
    desk.opened();
    desk.act(WindowAction::GoTo(Step::Train));
    desk.wait("Train", |app| app.state().why_not_train().is_none());
    let epochs = find(&desk, "Epochs");
    reach(&mut desk, epochs);
    desk.harness.event(egui::Event::Text("2".into()));
    desk.harness.run_steps(2);
    // Only a real pointer takes the keyboard from the field.
    let train = desk.harness.get_by_role_and_label(Role::Button, "Train");
    let at = train.rect().center();
    desk.harness.event(egui::Event::PointerMoved(at));
    for pressed in [true, false] {
        desk.harness.event(egui::Event::PointerButton {
            pos: at,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        });
        desk.harness.step();
    }
    desk.wait("the run", |app| app.state().training.total_epochs > 0);
    let training = &desk.harness.state().state().training;
    assert_eq!(training.total_epochs, 2);
    desk.act(TrainingAction::Stop);
    desk.wait("its end", |app| !app.state().training.is_running());
}
