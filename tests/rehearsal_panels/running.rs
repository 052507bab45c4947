//! What the Training panel says and does while a run goes on and when it has ended.

use convscope::train::schedule::{RateNow, Schedule, ScheduleKind};
use eframe::egui::{self, Key};

use super::*;

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
    state.apply(Event::RateNow { job: JOB, rate });
    state
}

fn rates(harness: &mut egui_kittest::Harness<'_, panel::Bench>) -> Vec<f64> {
    let actions = std::mem::take(&mut harness.state_mut().actions);
    let rate = |action: &Action| match action {
        Action::SetLearningRate(rate) => Some(*rate),
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
    let field = |harness: &egui_kittest::Harness<'_, panel::Bench>| {
        harness
            .get_by_role_and_label(Role::SpinButton, "Rate now")
            .value()
            .unwrap_or_default()
    };
    assert_eq!(field(&harness), "0.001");
    harness.state_mut().state.apply(Event::RateNow {
        job: JOB,
        rate: RateNow {
            phase: 2,
            full: 0.000_333_333_333,
            effective: 0.000_25,
        },
    });
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

    let focus = |harness: &mut egui_kittest::Harness<'_, panel::Bench>| {
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
