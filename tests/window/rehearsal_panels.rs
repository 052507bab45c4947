//! What is shown before a run and said about one: the rate finder, the forecast beside Train, the list of advice.
//!
//! `CONVSCOPE_SHOTS=folder` also writes a picture of every case.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first surprise, helpers included"
)]

mod running;

use std::sync::Arc;

use crate::panel::shot;
use crate::panels_inside::bench::{self, Stage, harness};
use crate::panels_inside::world::FEW;
use convscope::{
    engine::{
        EstimateRequest, Event, ExamineRequest, FindRateRequest, Forecast, Inspect, JobEvent,
        JobId, Prepare, Progress, RunEvent, Task,
    },
    inspect::feature_maps::MapsOfLayer,
    model::{LayerKind, LayerSpec, ModelSpec, layers, shapes},
    train::{
        EpochRecord,
        estimate::{Images, TimeEstimate},
        health::{Advice, Ailment},
        lr_finder::{RateCurve, RatePoint, rate_at},
    },
    ui::{
        action::{Action, EditAction, TrainingAction},
        state::{AppState, RunState},
        workspace::PanelKind,
    },
};
use eframe::egui::{Theme, Vec2, accesskit::Role, vec2};
use egui_kittest::kittest::Queryable;

const JOB: JobId = JobId(11);
const SMALL: Vec2 = vec2(270.0, 420.0);
const LARGE: Vec2 = vec2(640.0, 560.0);

fn state() -> AppState {
    bench::state(&FEW, Stage::NoModel)
}

/// Falls fastest at about 2e-3 and explodes at the end.
fn curve(suggestion: Option<f64>) -> Arc<RateCurve> {
    let loss = |x: f64| 1.1 - 0.9 / (1.0 + (-3.0 * (x + 2.7)).exp()) + 60.0 * (x + 0.5).max(0.0);
    let point = |step: usize| {
        let rate = rate_at(step);
        let smoothed = loss(rate.log10());
        let noise = 0.05 * (7.0 * step as f64).sin();
        RatePoint {
            learning_rate: rate,
            loss: smoothed + noise,
            smoothed,
        }
    };
    Arc::new(RateCurve {
        points: (0..85).map(point).collect(),
        suggestion,
        diverged: true,
    })
}

fn find_rate(state: &AppState, phase: usize) -> FindRateRequest {
    FindRateRequest {
        experiment: state.experiment.clone(),
        dataset: Arc::clone(state.open_dataset().unwrap()),
        phase,
    }
}

fn finding(state: &mut AppState) {
    state.asked(JOB, find_rate(state, 0));
    state.apply(Event::Job(JOB, JobEvent::Started(FindRateRequest::KIND)));
}

fn found(suggestion: Option<f64>) -> AppState {
    let mut state = state();
    finding(&mut state);
    let curve = curve(suggestion);
    state.apply(Event::done::<FindRateRequest>(JOB, curve));
    state
}

/// Draws a panel in both sizes and themes; it has to show every one of `parts`.
fn shows(panel: PanelKind, name: &str, state: &AppState, parts: &[&str]) {
    for (size, size_name) in [(SMALL, "small"), (LARGE, "large")] {
        for (theme, theme_name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
            let mut harness = harness(panel, state.clone(), size, theme);
            shot(&mut harness, &format!("{name}-{size_name}-{theme_name}"));
            for part in parts {
                assert!(
                    harness.query_all_by_label_contains(part).next().is_some(),
                    "{name}, {size_name}: {part}"
                );
            }
        }
    }
}

#[test]
fn the_rate_finder_speaks_in_every_state() {
    let panel = PanelKind::RateFinder;
    shows(panel, "rates-idle", &state(), &["Find a learning rate"]);

    let mut searching = state();
    finding(&mut searching);
    let progress = Progress {
        done: 40,
        total: 100,
    };
    searching.apply(Event::Job(JOB, JobEvent::Progress(progress)));
    let parts = ["Trying learning rates", "40 of 100", "Cancel"];
    shows(panel, "rates-searching", &searching, &parts);

    let curve = curve(None);
    searching.apply(Event::partial::<FindRateRequest>(JOB, curve));
    let parts = ["Cancel", "Loss by learning rate"];
    shows(panel, "rates-growing", &searching, &parts);

    let parts = ["Suggestion: 0.0022", "Use it", "Loss by learning rate"];
    shows(panel, "rates-found", &found(Some(2.2e-3)), &parts);
    let parts = ["does not fall at any rate", "Find again"];
    shows(panel, "rates-none", &found(None), &parts);

    let mut failed = state();
    finding(&mut failed);
    failed.apply(Event::Job(JOB, JobEvent::Failed("it does not fit".into())));
    let parts = ["Could not look for a learning rate: it does not fit"];
    shows(panel, "rates-failed", &failed, &parts);

    let mut running = found(Some(2.2e-3));
    running.training.run = RunState::Running {
        job: JobId(1),
        paused: false,
        stopping: false,
    };
    shows(panel, "rates-running", &running, &["A run goes on"]);
}

#[test]
fn its_buttons_look_and_take_and_cancel() {
    let press = |state: AppState, label: &str| {
        let mut harness = harness(PanelKind::RateFinder, state, LARGE, Theme::Light);
        harness.get_by_label(label).click();
        harness.run();
        std::mem::take(&mut harness.state_mut().actions)
    };
    let actions = press(state(), "Find a learning rate");
    assert!(
        matches!(
            actions[..],
            [Action::Training(TrainingAction::FindRate { phase: 0 })]
        ),
        "{actions:?}"
    );

    let mut searching = state();
    finding(&mut searching);
    let actions = press(searching, "Cancel");
    assert!(matches!(actions[..], [Action::Cancel(JOB)]), "{actions:?}");

    let actions = press(found(Some(2e-3)), "Use it");
    let [Action::Edit(EditAction::Training(training))] = &actions[..] else {
        panic!("{actions:?}")
    };
    assert_eq!(training.phases[0].optimizer.learning_rate(), 2e-3);
    let mut expected = FEW.experiment.training.clone();
    expected.phases[0].optimizer.set_learning_rate(2e-3);
    assert_eq!(*training, expected, "nothing else changes");

    let mut taken = found(Some(2e-3));
    taken.experiment.training = expected;
    assert!(press(taken, "Use it").is_empty(), "it is taken already");
}

#[test]
fn every_phase_has_a_rate_of_its_own() {
    let mut two = state();
    let phases = &mut two.experiment.training.phases;
    phases.push(phases[0].clone());
    phases[1].name = "fine-tuning".into();
    two.asked(JOB, find_rate(&two, 1));
    two.apply(Event::done::<FindRateRequest>(JOB, curve(Some(2e-3))));
    let mut harness = harness(PanelKind::RateFinder, two, LARGE, Theme::Light);
    harness.run();
    assert!(
        harness.query_by_label("Use it").is_none(),
        "it is the other phase's"
    );
    harness
        .get_by_role_and_label(Role::ComboBox, "Phase")
        .click();
    harness.run();
    harness.get_by_label("2 · fine-tuning").click();
    harness.run();
    harness.get_by_label("Use it").click();
    harness.get_by_label("Find again").click();
    harness.run();
    let actions = std::mem::take(&mut harness.state_mut().actions);
    let [
        Action::Edit(EditAction::Training(training)),
        Action::Training(TrainingAction::FindRate { phase: 1 }),
    ] = &actions[..]
    else {
        panic!("{actions:?}")
    };
    let rates = training
        .phases
        .iter()
        .map(|phase| phase.optimizer.learning_rate());
    assert_eq!(rates.collect::<Vec<_>>(), [0.001, 2e-3]);
}

#[test]
fn only_the_newest_answers_count() {
    let mut state = state();
    finding(&mut state);
    let (forecasting, other) = (JobId(12), JobId(5));
    for job in [other, forecasting] {
        state.asked(job, state.to_forecast().unwrap());
    }
    let time = Some(TimeEstimate { phases: vec![9.0] });
    let forecast = Forecast { time, memory: None };
    state.apply(Event::done::<FindRateRequest>(other, curve(None)));
    state.apply(Event::done::<EstimateRequest>(other, forecast.clone()));
    state.apply(Event::Job(other, JobEvent::Cancelled));
    assert!(state.slot::<FindRateRequest>().answer().is_none());
    assert!(state.slot::<EstimateRequest>().answer().is_none());
    assert_eq!(state.slot::<EstimateRequest>().job, Some(forecasting));
    state.apply(Event::done::<EstimateRequest>(forecasting, forecast));
    assert!(state.slot::<EstimateRequest>().answer().is_some());
    assert!(!state.waits_for::<EstimateRequest>());
}

#[test]
fn a_forecast_is_about_the_experiment_as_it_was_asked() {
    let mut state = state();
    assert!(!state.forecast_is_current());
    state.asked(JOB, state.to_forecast().unwrap());
    assert!(state.forecast_is_current());
    let split = &state.division.as_ref().unwrap().split;
    let images = Images {
        train: split.train.len(),
        validation: split.validation.len(),
    };
    assert_eq!(state.to_forecast().unwrap().images, images);
    type Change = fn(&mut AppState);
    let changes: [(&str, Change); 4] = [
        ("epochs", |state| {
            state.experiment.training.phases[0].epochs += 1;
        }),
        ("size", |state| state.experiment.model.input.width += 8),
        ("augmentation", |state| {
            state.experiment.augmentation.horizontal_flip = true;
        }),
        ("division", |state| state.division = None),
    ];
    for (why, change) in changes {
        let mut changed = state.clone();
        change(&mut changed);
        assert!(!changed.forecast_is_current(), "{why}");
    }
    state.experiment.title = "another title".into();
    assert!(state.forecast_is_current(), "a title costs no time");
}

#[test]
fn nothing_is_timed_while_the_program_is_busy() {
    let mut state = state();
    assert!(!state.is_too_busy_to_time());
    for (kind, is_busy) in [
        (ExamineRequest::KIND, true),
        (FindRateRequest::KIND, true),
        (Inspect::<MapsOfLayer>::KIND, false),
        (EstimateRequest::KIND, false),
    ] {
        state.apply(Event::Job(JOB, JobEvent::Started(kind)));
        assert_eq!(state.is_too_busy_to_time(), is_busy, "{kind:?}");
    }
    let open = Arc::clone(state.open_dataset().unwrap());
    let format = state.experiment.model.input.format();
    state.asked(JobId(5), Prepare { open, format });
    assert!(state.is_too_busy_to_time(), "images are about to be read");
}

#[test]
fn the_time_stands_beside_train() {
    let panel = PanelKind::TrainSettings;
    let mut state = state();
    state.asked(JOB, state.to_forecast().unwrap());
    shows(panel, "forecast-waiting", &state, &["estimating the time"]);
    let time = TimeEstimate {
        phases: vec![70.0, 30.4],
    };
    let forecast = Forecast {
        time: Some(time.clone()),
        memory: None,
    };
    state.apply(Event::done::<EstimateRequest>(JOB, forecast));
    shows(panel, "forecast", &state, &["about 1:40"]);
    let mut edited = state.clone();
    edited.experiment.training.phases[0].epochs += 1;
    shows(panel, "forecast-old", &edited, &["estimating the time"]);
    let near = "Training needs about 7.9 GB of the 8.1 GB of memory that are free: if it becomes slow, use a batch size of \
                at most 40, smaller images or close other programs";
    state.asked(JOB, state.to_forecast().unwrap());
    let forecast = Forecast {
        time: Some(time),
        memory: Some(near.into()),
    };
    state.apply(Event::done::<EstimateRequest>(JOB, forecast));
    let parts = ["about 1:40", "7.9 GB of the 8.1 GB"];
    shows(panel, "forecast-memory", &state, &parts);
}

/// Maps of one pixel, normalised over the batch, before the layers that classify.
fn normalise_single_pixels(model: &mut ModelSpec) {
    let at = model.layer_index("flatten").unwrap();
    let shapes = shapes::layer_shapes(model).unwrap();
    let size = shapes[at].input.dims()[1];
    let pool = LayerKind::AvgPool2d(layers::AvgPool2d { size, stride: size });
    let norm = LayerKind::BatchNorm2d(layers::BatchNorm2d {
        momentum: 0.1,
        epsilon: 1e-5,
    });
    model.layers.insert(at, LayerSpec::new("norm", norm));
    model.layers.insert(at, LayerSpec::new("all", pool));
}

#[test]
fn batch_normalisation_of_single_values_is_refused_before_the_run() {
    let mut state = state();
    normalise_single_pixels(&mut state.experiment.model);
    state.experiment_changed();
    assert_eq!(state.why_not_train(), None);
    state.experiment.training.batch_size = 1;
    let reason = state.why_not_train().unwrap();
    assert!(
        reason.contains("norm cannot be trained on one value"),
        "{reason}"
    );
}

#[test]
fn advice_stands_with_the_curves_newest_first() {
    let mut state = state();
    state.training.run = RunState::Running {
        job: JOB,
        paused: false,
        stopping: false,
    };
    state.training.total_epochs = 8;
    state.training.steps_per_epoch = 10;
    for epoch in 1..=5 {
        let record = EpochRecord {
            epoch,
            phase: 1,
            train_loss: 1.0 / epoch as f64,
            train_accuracy: 0.5 + 0.1 * epoch as f64,
            val_loss: Some(0.5 + 0.1 * epoch as f64),
            val_accuracy: Some(0.6),
            learning_rate: 0.001,
            images_per_sec: 100.0,
            seconds: 1.0,
            train_penalty: None,
            val_penalty: None,
        };
        state.apply(Event::Run(JOB, RunEvent::Epoch(record)));
    }
    let advice = [
        (
            Ailment::DeadUnits,
            2,
            "8 of the 24 units of conv3 are dead: they give 0 for every image and can hardly learn any more. A smaller \
             learning rate or batch normalisation prevents it.",
        ),
        (
            Ailment::Overfitting,
            5,
            "It overfits since epoch 1: the training loss fell from 1.000 to 0.2000 while the validation loss rose from \
             0.6000 to 1.000.",
        ),
    ];
    for (ailment, epoch, words) in advice {
        for job in [JOB, JobId(3)] {
            let advice = Advice {
                ailment,
                epoch,
                words: words.into(),
            };
            state.apply(Event::Run(job, RunEvent::Advice(advice)));
        }
    }
    assert_eq!(state.training.advice.len(), 2, "other runs say nothing");
    assert!(
        state
            .notices
            .iter()
            .any(|notice| notice.text == advice[0].2)
    );
    let parts = ["It overfits since epoch 1", "1 more", "Accuracy"];
    shows(PanelKind::Curves, "advice", &state, &parts);

    let mut calm = state.clone();
    calm.training.advice.clear();
    let top = |state: &AppState| {
        let harness = harness(PanelKind::Curves, state.clone(), LARGE, Theme::Light);
        harness.get_by_label("Accuracy curve").rect().top()
    };
    assert_eq!(top(&calm), top(&state), "the curves stay where they are");
    let mut open = harness(PanelKind::Curves, state, LARGE, Theme::Light);
    open.get_by_label("1 more").click();
    open.run();
    shot(&mut open, "advice-open");
    for part in [
        "It overfits since epoch 1",
        "after epoch 5",
        "after epoch 2",
    ] {
        assert!(
            open.query_all_by_label_contains(part).next().is_some(),
            "{part}"
        );
    }
}
