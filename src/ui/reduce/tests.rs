//! Results of jobs that are not current, and jobs that come and go.

use std::path::Path;

use super::*;
use crate::{
    data::{Picture, SplitName},
    engine::{
        EndStage, EvaluateRequest, Evaluated, EvaluatedWeights, ImageSource, JobEvent, OpenRequest,
        RunEvent, Save, Task, TrainRequest, Trained,
    },
    export::{Bundle, FORMATS},
    inspect::feature_maps::FeatureMaps,
    model::Shape,
    train::{StepRecord, recipes, run_folder::RunResult},
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

fn run() -> TrainRequest {
    let dataset = OpenDataset {
        id: JobId(9),
        base: Arc::default(),
        edits: Arc::default(),
        dataset: Arc::default(),
        images: Arc::default(),
    };
    TrainRequest {
        experiment: state().experiment,
        dataset: Arc::new(dataset),
        run: "run".into(),
        resume: false,
        accept_losses: false,
    }
}

#[test]
fn results_of_jobs_that_are_not_current_change_nothing() {
    let (old, current) = (JobId(1), JobId(2));
    let mut state = state();
    let look = || {
        let picture = Arc::new(Picture::filled(1, 1, [0; 3]));
        Inspect::image(
            MapsOfLayer { layer: 0 },
            ImageSource::Picture("a".into(), picture),
        )
    };
    state.asked(old, look());
    state.asked(current, look());
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
    let steps = |job| Event::Run(job, RunEvent::Steps(vec![step]));
    let failed = |job| Event::Job(job, JobEvent::Failed("no".into()));
    let found = |job, epoch| Event::done::<Inspect<MapsOfLayer>>(job, maps(epoch));
    for event in [
        found(old, 1),
        steps(old),
        failed(old),
        Event::Run(old, RunEvent::Paused(true)),
    ] {
        state.apply(event);
    }
    let known = |state: &AppState| {
        let answer = state.slot::<Inspect<MapsOfLayer>>().answer();
        answer.map(|maps| maps.epoch)
    };
    assert!(known(&state).is_none() && state.training.steps.is_empty());
    assert!(state.training.is_running() && !state.training.is_paused());
    assert!(
        state.notices.is_empty(),
        "nobody waits for what the old job says"
    );

    state.apply(found(current, 2));
    state.apply(steps(current));
    assert_eq!(known(&state), Some(2));
    assert_eq!(state.training.steps.len(), 1);
    state.asked(current, run());
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
    state.asked(job, run());
    state.apply(Event::Job(job, JobEvent::Started(TrainRequest::KIND)));
    let progress = Progress { done: 9, total: 10 };
    state.apply(Event::Job(job, JobEvent::Progress(progress)));
    let stage = EndStage::Test;
    state.apply(Event::Run(old, RunEvent::Ending(stage)));
    assert_eq!(state.training.ending(), None);
    state.apply(Event::Run(job, RunEvent::Ending(stage)));
    assert_eq!(state.training.ending(), Some(EndStage::Test));
    assert_eq!(state.jobs[&job].progress, None, "those were steps");

    let outcome = TrainingOutcome {
        run: "run".into(),
        model: Some("model.safetensors".into()),
        result: RunResult {
            completed: true,
            best_epoch: 1,
            left_out: vec![EndStage::Test],
            seconds: 1.0,
            ..RunResult::default()
        },
    };
    state.apply(Event::done::<TrainRequest>(
        job,
        Trained::Ended(outcome.into()),
    ));
    assert_eq!(state.training.ending(), None);
    let words = &state.notices.last().unwrap().text;
    assert!(words.contains("the test part was not judged"), "{words}");
}

#[test]
fn a_part_that_the_model_was_trained_without_is_said() {
    let (mut state, job) = (state(), JobId(4));
    let request = EvaluateRequest {
        dataset: run().dataset,
        part: Some(SplitName::Test),
        weights: EvaluatedWeights::Current,
    };
    state.asked(job, request);
    let evaluated = Evaluated {
        evaluation: None,
        dataset: Arc::default(),
    };
    state.apply(Event::done::<EvaluateRequest>(job, evaluated));
    let failed = state.slot::<EvaluateRequest>().failed.clone();
    let words = "Could not evaluate the model: the model was trained without a test part: choose another part or all images";
    assert_eq!(failed.as_deref(), Some(words));
    assert_eq!(state.notices.last().unwrap().text, words);
    assert!(state.evaluation.is_none());
}

#[test]
fn jobs_come_and_go() {
    let mut state = state();
    let job = JobId(7);
    let progress = Progress { done: 1, total: 2 };
    let save = Save {
        what: "model",
        format: &FORMATS[0],
        bundle: Bundle::default(),
        path: "/m".into(),
    };
    state.asked(job, save);
    state.apply(Event::Job(job, JobEvent::Started(Save::KIND)));
    state.apply(Event::Job(job, JobEvent::Progress(progress)));
    assert_eq!(state.jobs[&job].progress, Some(progress));
    state.apply(Event::done::<Save>(job, ()));
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
    state.asked(job, OpenRequest::new("/notes.txt"));
    state.apply(Event::Job(job, JobEvent::Failed("no folder".into())));
    assert!(matches!(state.data, DataState::Failed { .. }));
}
