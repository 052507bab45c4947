//! Results of jobs that are not current, and jobs that come and go.

use std::path::Path;

use super::*;
use crate::{
    engine::{EndStage, Progress},
    inspect::feature_maps::FeatureMaps,
    model::Shape,
    train::{StepRecord, recipes},
};

fn state() -> AppState {
    AppState::new(recipes::find(Path::new("shapes")).unwrap())
}

fn maps(epoch: usize) -> Arc<FeatureMaps> {
    Arc::new(FeatureMaps {
        layer: 0,
        name: "conv1".into(),
        shape: Shape::Flat(1),
        epoch,
        values: vec![0.0],
        range: (0.0, 1.0),
    })
}

#[test]
fn results_of_jobs_that_are_not_current_change_nothing() {
    let (old, current) = (JobId(1), JobId(2));
    let mut state = state();
    state.maps.job = Some(current);
    state.training.run = RunState::Running {
        job: current,
        paused: false,
        stopping: false,
    };
    let step = StepRecord {
        step: 1,
        epoch: 1,
        loss: 1.0,
        accuracy: 0.5,
    };
    let steps = |job| Event::Steps {
        job,
        steps: vec![step],
    };
    let failed = |job| Event::Failed {
        job,
        kind: JobKind::Train,
        message: "no".into(),
    };
    for event in [
        Event::FeatureMapsReady {
            job: old,
            maps: maps(1),
        },
        steps(old),
        failed(old),
        Event::Paused {
            job: old,
            paused: true,
        },
    ] {
        state.apply(event);
    }
    assert!(state.maps.maps.is_none() && state.training.steps.is_empty());
    assert!(state.training.is_running() && !state.training.is_paused());
    assert!(
        state.notices.is_empty(),
        "nobody waits for what the old job says"
    );

    state.apply(Event::FeatureMapsReady {
        job: current,
        maps: maps(2),
    });
    state.apply(steps(current));
    assert_eq!(state.maps.maps.as_ref().map(|maps| maps.epoch), Some(2));
    assert_eq!(state.training.steps.len(), 1);
    state.apply(failed(current));
    assert!(matches!(&state.training.run, RunState::Failed(message) if message.contains("no")));
    assert!(state.notices[0].shown);
}

#[test]
fn the_end_of_a_run_shows_what_it_does_and_what_it_left_out() {
    let mut state = state();
    let (old, job) = (JobId(1), JobId(2));
    state.training.run = RunState::Running {
        job,
        paused: false,
        stopping: true,
    };
    let kind = JobKind::Train;
    state.apply(Event::Started { job, kind });
    let progress = Progress { done: 9, total: 10 };
    state.apply(Event::Progress { job, progress });
    let stage = EndStage::Test;
    state.apply(Event::Ending { job: old, stage });
    assert_eq!(state.training.ending(), None);
    state.apply(Event::Ending { job, stage });
    assert_eq!(state.training.ending(), Some(EndStage::Test));
    assert_eq!(state.jobs[&job].progress, None, "those were steps");

    let outcome = TrainingOutcome {
        completed: true,
        best_epoch: 1,
        run: "run".into(),
        model: Some("model.safetensors".into()),
        test_accuracy: None,
        left_out: vec![EndStage::Test],
        split_hash: String::new(),
        stopped_early: Vec::new(),
        lost: Vec::new(),
        computed: String::new(),
        seconds: 1.0,
    };
    state.apply(Event::TrainingFinished { job, outcome });
    assert_eq!(state.training.ending(), None);
    let words = &state.notices.last().unwrap().text;
    assert!(words.contains("the test part was not judged"), "{words}");
}

#[test]
fn jobs_come_and_go() {
    let mut state = state();
    let job = JobId(7);
    let progress = Progress { done: 1, total: 2 };
    state.apply(Event::Started {
        job,
        kind: JobKind::SaveModel,
    });
    state.apply(Event::Progress { job, progress });
    assert_eq!(state.jobs[&job].progress, Some(progress));
    state.apply(Event::ModelSaved {
        job,
        path: "/m".into(),
    });
    assert!(state.jobs.is_empty());
}

#[test]
fn a_folder_that_does_not_open_says_so() {
    let mut state = state();
    let job = JobId(3);
    state.data = DataState::Opening {
        job,
        path: "/notes.txt".into(),
        previous: None,
    };
    state.apply(Event::Failed {
        job,
        kind: JobKind::OpenDataset,
        message: "no folder".into(),
    });
    assert!(matches!(state.data, DataState::Failed { .. }));
}
