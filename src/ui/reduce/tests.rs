//! Results of jobs that are not current, and jobs that come and go.

use std::path::Path;

use super::*;
use crate::{
    engine::Progress,
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
