//! What the Training panel says and does while a run goes on and when it has ended.

use convscope::{
    engine::{TrainRequest, Trained, TrainingOutcome},
    train::{
        early_stopping::{EarlyStopping, Monitor, MonitorMode},
        run_folder::RunResult,
        schedule::{RateNow, Schedule, ScheduleKind},
    },
};
use eframe::egui::{self, Key};

use super::*;

fn train(state: &AppState) -> TrainRequest {
    TrainRequest {
        experiment: state.experiment.clone(),
        dataset: Arc::clone(state.open_dataset().unwrap()),
        run: "/runs/one".into(),
        resume: false,
        accept_losses: false,
    }
}

/// A run of two phases, the second with a schedule; the rate of `phase` is `full`.
fn running(phase: usize, full: f64) -> AppState {
    let mut state = state();
    let phases = &mut state.experiment.training.phases;
    let mut second = phases[0].clone();
    second.name = "fine-tuning".into();
    second.epochs = 7;
    second.schedule = Schedule {
        kind: ScheduleKind::Cosine { minimum: 0.0 },
        warmup_epochs: 0.0,
    };
    phases.push(second);
    state.training.run = RunState::Running {
        job: JOB,
        paused: false,
        stopping: false,
    };
    state.training.experiment = Some(Arc::new(state.experiment.clone()));
    state.training.total_epochs = 8;
    let rate = RateNow {
        phase,
        full,
        effective: full / 4.0,
    };
    state.apply(Event::Run(JOB, RunEvent::Rate(rate)));
    state
}

fn rates(harness: &mut egui_kittest::Harness<'_, crate::panel::Bench>) -> Vec<f64> {
    let actions = std::mem::take(&mut harness.state_mut().actions);
    let rate = |action: &Action| match action {
        Action::Edit(EditAction::LearningRate(rate)) => Some(*rate),
        _ => None,
    };
    actions.iter().filter_map(rate).collect()
}

#[test]
fn the_rate_is_the_running_phases_and_only_a_change_is_pushed() {
    let mut harness = harness(
        PanelKind::TrainSettings,
        running(1, 0.001),
        LARGE,
        Theme::Light,
    );
    let field = |harness: &egui_kittest::Harness<'_, crate::panel::Bench>| {
        harness
            .get_by_role_and_label(Role::SpinButton, "Rate now")
            .value()
            .unwrap_or_default()
    };
    assert_eq!(field(&harness), "0.001");
    harness.state_mut().state.apply(Event::Run(
        JOB,
        RunEvent::Rate(RateNow {
            phase: 2,
            full: 0.000_333_333_333,
            effective: 0.000_25,
        }),
    ));
    harness.run();
    assert_eq!(field(&harness), "0.00033333", "what the trainer says");
    for part in ["phase 2 of 2 · fine-tuning", "By schedule", "0.0002500"] {
        assert!(
            harness.query_all_by_label_contains(part).next().is_some(),
            "{part}"
        );
    }
    let epochs = harness.get_by_role_and_label(Role::SpinButton, "Epochs");
    assert_eq!(epochs.value().as_deref(), Some("7"), "the phase that runs");
    shot(&mut harness, "rate-phase-2");

    let focus = |harness: &mut egui_kittest::Harness<'_, crate::panel::Bench>| {
        harness
            .get_by_role_and_label(Role::SpinButton, "Rate now")
            .click();
        harness.run();
    };
    focus(&mut harness);
    harness.key_press(Key::Enter);
    harness.run();
    assert!(rates(&mut harness).is_empty(), "it was only looked at");
    focus(&mut harness);
    harness.event(egui::Event::Text("0.0005".into()));
    harness.run();
    assert!(rates(&mut harness).is_empty(), "not while it is typed");
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(rates(&mut harness), [0.0005]);
}

/// A run of recipe 6's kind that early stopping ended, after it was continued.
fn stopped_early() -> AppState {
    let mut state = running(1, 0.001);
    let mut experiment = state.experiment.clone();
    experiment.training.phases.pop();
    experiment.training.early_stopping = Some(EarlyStopping {
        monitor: Monitor::ValLoss,
        mode: MonitorMode::Auto,
        patience: 2,
        min_delta: 0.0,
        restore_best: false,
    });
    state.experiment = experiment.clone();
    state.training.experiment = Some(Arc::new(experiment));
    let figures = [(0.70, 0.5), (0.6957, 0.475), (0.71, 0.5), (0.72, 0.5)];
    for (epoch, (loss, accuracy)) in (1..).zip(figures) {
        let record = EpochRecord {
            epoch,
            phase: 1,
            train_loss: 0.7,
            train_accuracy: 0.5,
            val_loss: Some(loss),
            val_accuracy: Some(accuracy),
            learning_rate: 0.001,
            images_per_sec: 100.0,
            seconds: 5.5,
            train_penalty: None,
            val_penalty: None,
        };
        state.apply(Event::Run(JOB, RunEvent::Epoch(record)));
    }
    let outcome = TrainingOutcome {
        run: "/runs/one".into(),
        model: None,
        result: RunResult {
            completed: true,
            best_epoch: 2,
            stopped_early: vec![1],
            computed: "f32".into(),
            seconds: 11.0,
            ..RunResult::default()
        },
    };
    state.asked(JOB, train(&state));
    state.apply(Event::done::<TrainRequest>(
        JOB,
        Trained::Ended(outcome.into()),
    ));
    state
}

#[test]
fn the_end_says_what_was_best_and_why_it_came() {
    let state = stopped_early();
    let best = "epoch 2, lowest validation loss 0.6957";
    let parts = [
        "Finished in 0:22",
        best,
        "Early stopping ended the run: val_loss had not fallen for 2 epochs.",
    ];
    shows(PanelKind::TrainSettings, "stopped-early", &state, &parts);
    let legend = format!("best: {best}");
    shows(PanelKind::Curves, "best-by-loss", &state, &[&legend]);
    let said = format!("Training finished after 4 epochs; best: {best}");
    assert!(state.notices.iter().any(|notice| notice.text == said));
}

#[test]
fn settings_of_early_stopping_are_whole_in_a_narrow_panel() {
    let size = vec2(270.0, 1_000.0);
    let mut state = stopped_early();
    state.training = Default::default();
    let mut harness = harness(PanelKind::TrainSettings, state, size, Theme::Light);
    shot(&mut harness, "early-stopping-narrow");
    let fields = [
        (Role::ComboBox, "Watches"),
        (Role::SpinButton, "Patience"),
        (Role::SpinButton, "Smallest gain"),
        (Role::CheckBox, "Restore best weights"),
    ];
    for (role, name) in fields {
        let rect = harness.get_by_role_and_label(role, name).rect();
        assert!(rect.right() <= size.x, "{name}: {rect:?}");
        assert!(rect.width() >= 80.0, "{name}: {rect:?}");
    }
}
