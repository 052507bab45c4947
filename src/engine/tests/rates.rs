//! The learning rate of a run that goes on: what is told of it, and what becomes of one that was changed by hand.

use super::*;
use crate::train::schedule::{RateNow, Schedule, ScheduleKind};

/// The first rate from now on that is `wanted`.
fn wait_for_rate(engine: &EngineHandle, wanted: impl Fn(RateNow) -> bool) -> RateNow {
    wait(engine, |event| match event {
        Event::Run(_, RunEvent::Rate(rate)) if wanted(rate) => Some(rate),
        _ => None,
    })
}

/// Two phases of `epochs` each with the rates 0.001 and 0.0002, the second with a warm-up.
fn two_phases(epochs: usize) -> Experiment {
    let mut experiment = small_experiment(epochs);
    let phases = &mut experiment.training.phases;
    let mut second = phases[0].clone();
    second.optimizer.set_learning_rate(0.0002);
    second.schedule = Schedule {
        kind: ScheduleKind::Constant,
        warmup_epochs: 1.0,
    };
    phases.push(second);
    experiment
}

#[test]
fn the_rate_of_every_phase_is_told_and_a_changed_one_outlives_a_stop() {
    let (engine, runs) = (engine(), tempfile::tempdir().unwrap());
    let request = TrainRequest {
        experiment: two_phases(100_000),
        dataset: open(&engine),
        run: runs.path().join("run"),
        resume: false,
        accept_losses: false,
    };
    let job = engine.ask(request.clone());
    let first = wait_for_rate(&engine, |_| true);
    assert_eq!((first.phase, first.full), (1, 0.001));
    engine.set_learning_rate(0.0005);
    let mut said = None;
    let changed = wait(&engine, |event| match event {
        Event::Note { message, .. } => {
            said = said
                .take()
                .or(message.starts_with("Learning rate").then_some(message));
            None
        }
        Event::Run(_, RunEvent::Rate(rate)) if rate.full != 0.001 => Some(rate),
        _ => None,
    });
    assert_eq!((changed.phase, changed.full), (1, 0.0005));
    let said = said.expect("it stands in the log");
    assert!(
        said.starts_with("Learning rate 0.0005 from step "),
        "{said}"
    );
    wait_for_epoch(&engine, 1);
    engine.stop();
    let run = finish(&engine, job).run;

    let resumed = TrainRequest {
        run,
        resume: true,
        accept_losses: false,
        ..request
    };
    engine.ask(resumed);
    let again = wait_for_rate(&engine, |_| true);
    assert_eq!((again.phase, again.full), (1, 0.0005));
}

#[test]
fn the_second_phase_has_its_own_rate_and_its_schedule_shows() {
    let (engine, runs) = (engine(), tempfile::tempdir().unwrap());
    engine.ask(TrainRequest {
        experiment: two_phases(1),
        dataset: open(&engine),
        run: runs.path().join("run"),
        resume: false,
        accept_losses: false,
    });
    let second = wait_for_rate(&engine, |rate| rate.phase == 2);
    assert_eq!(second.full, 0.0002);
    // Three steps of warm-up.
    assert!(second.effective <= second.full, "{second:?}");
}
