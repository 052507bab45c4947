//! The end of a run: what it may cost and what not, and that nobody has to wait for it.

use std::{path::PathBuf, thread};

use crossbeam_channel::{Receiver, Sender};

use super::*;
use crate::{
    data::SplitName,
    engine::{EndStage, EvaluateRequest, EvaluatedWeights},
    train::{
        run_folder::RunResult,
        runs::{Lister, RunState},
    },
};

/// An engine whose trainer waits after each event until it was looked at: what a test does then comes in time, however
/// busy the machine is.
struct InStep {
    engine: EngineHandle,
    asked: Receiver<()>,
    go_on: Sender<()>,
    _cache: tempfile::TempDir,
}

impl InStep {
    fn start() -> Self {
        let (ask, asked) = crossbeam_channel::bounded(0);
        let (go_on, told) = crossbeam_channel::bounded(0);
        let wake = move || {
            let is_trainer = thread::current().name() == Some("convscope-trainer");
            // Fails when the test is over.
            if is_trainer && ask.send(()).is_ok() {
                let _ = told.recv();
            }
        };
        let cache = tempfile::tempdir().unwrap();
        Self {
            engine: EngineHandle::start(Arc::new(wake), Folders::below(cache.path())).unwrap(),
            asked,
            go_on,
            _cache: cache,
        }
    }

    /// A run of one epoch, with images to test on.
    fn request(&self, run: &Path, resume: bool) -> TrainRequest {
        let mut experiment = small_experiment(1);
        experiment.split.test = 0.25;
        TrainRequest {
            experiment,
            dataset: open(&self.engine),
            run: run.to_path_buf(),
            resume,
            accept_losses: false,
        }
    }

    /// Trains and calls `at` with each event of the trainer.
    fn train(&self, run: &Path, resume: bool, mut at: impl FnMut(&Event)) -> Story {
        let job = self.engine.ask(self.request(run, resume));
        let mut story = Story::default();
        loop {
            self.asked.recv_timeout(PATIENCE).unwrap();
            let mut outcome = None;
            while let Some(event) = self.engine.events().try_next() {
                at(&event);
                outcome = outcome.or(ended(&event, job));
                match event {
                    Event::Run(_, RunEvent::Ending(stage)) => story.stages.push(stage),
                    Event::Note {
                        level: Level::Warning,
                        message,
                    } => story.warnings.push(message),
                    Event::Job(_, JobEvent::Failed(message)) => panic!("{message}"),
                    _ => {}
                }
            }
            self.go_on.send(()).unwrap();
            if let Some(outcome) = outcome {
                return Story {
                    outcome: Some(outcome),
                    ..story
                };
            }
        }
    }
}

/// What became of a run.
#[derive(Default)]
struct Story {
    stages: Vec<EndStage>,
    warnings: Vec<String>,
    outcome: Option<TrainingOutcome>,
}

fn result(run: &Path) -> RunResult {
    RunResult::load(run).unwrap().unwrap()
}

fn can_continue(runs: &Path, run: &Path) -> bool {
    let listing = Lister::default().list(runs, |_, _| Ok::<_, crate::train::runs::RunsError>(()));
    let listing = listing.unwrap();
    let listed = listing.find(run).unwrap();
    assert_eq!(listed.state, RunState::Finished);
    listed.can_continue()
}

#[test]
fn a_report_that_cannot_be_written_costs_the_run_nothing_else() {
    for blocked in ["report.html", "curves.png"] {
        let (step, runs) = (InStep::start(), tempfile::tempdir().unwrap());
        let run: PathBuf = runs.path().join("run");
        // A file cannot be put where a folder is.
        let story = step.train(&run, false, |event| {
            if matches!(event, Event::Run(_, RunEvent::Began(_))) {
                fs::create_dir(run.join(blocked)).unwrap();
            }
        });
        let outcome = story.outcome.unwrap();
        assert_eq!(story.stages, [EndStage::Test, EndStage::Report]);
        assert!(outcome.result.completed && outcome.model.unwrap().is_file());
        assert_eq!(outcome.result.left_out, [EndStage::Report]);
        assert_eq!(story.warnings.len(), 1, "{:?}", story.warnings);
        assert!(story.warnings[0].contains(blocked), "{:?}", story.warnings);
        let kept = result(&run);
        assert!(kept.completed && kept.failure.is_none());
        assert_eq!(kept.test_accuracy, outcome.result.test_accuracy);
        assert!(kept.test_accuracy.is_some());
        assert_eq!(kept.left_out, [EndStage::Report]);

        // Once that is mended the end can be done.
        fs::remove_dir(run.join(blocked)).unwrap();
        assert!(can_continue(runs.path(), &run));
        let story = step.train(&run, true, |_| {});
        let whole = story.outcome.unwrap();
        assert!(story.warnings.is_empty(), "{:?}", story.warnings);
        assert_eq!(
            (whole.result.left_out.len(), whole.result.completed),
            (0, true)
        );
        assert_eq!(
            whole.result.test_accuracy, outcome.result.test_accuracy,
            "the same weights"
        );
        assert!(run.join("report.html").is_file());
        assert!(result(&run).left_out.is_empty() && !can_continue(runs.path(), &run));
    }
}

#[test]
fn whoever_does_not_wait_for_the_end_keeps_model_and_result() {
    type When = fn(&Event) -> bool;
    let at_epoch: When = |event| matches!(event, Event::Run(_, RunEvent::Epoch(_)));
    let at_test: When =
        |event| matches!(event, Event::Run(_, RunEvent::Ending(stage)) if *stage == EndStage::Test);
    let at_report: When = |event| matches!(event, Event::Run(_, RunEvent::Ending(stage)) if *stage == EndStage::Report);
    let (test, report) = (EndStage::Test, EndStage::Report);
    type Ask = fn(&EngineHandle, JobId);
    let (stop, cancel): (Ask, Ask) = (|engine, _| engine.stop(), EngineHandle::cancel);
    for (why, when, ask, begun, left_out) in [
        // What is there is judged all the same.
        (
            "stopped while it trains",
            at_epoch,
            stop,
            &[test, report][..],
            &[][..],
        ),
        (
            "not waited for the test part",
            at_test,
            stop,
            &[test],
            &[test, report],
        ),
        (
            "nor for the report",
            at_report,
            stop,
            &[test, report],
            &[report],
        ),
        (
            "cancelled, as closing the window does",
            at_test,
            cancel,
            &[test],
            &[test, report],
        ),
    ] {
        let (step, runs) = (InStep::start(), tempfile::tempdir().unwrap());
        let run: PathBuf = runs.path().join("run");
        let mut job = None;
        let story = step.train(&run, false, |event| {
            if let Event::Job(begun, JobEvent::Started(TrainRequest::KIND)) = event {
                job = Some(*begun);
            }
            if let (true, Some(job)) = (when(event), job) {
                ask(&step.engine, job);
            }
        });
        let outcome = story.outcome.unwrap();
        assert_eq!(story.stages, begun, "{why}");
        assert_eq!(outcome.result.left_out, left_out, "{why}");
        assert!(story.warnings.is_empty(), "{why}: {:?}", story.warnings);
        assert!(run.join("model.safetensors").is_file(), "{why}");
        let kept = result(&run);
        assert_eq!(kept.left_out, left_out, "{why}");
        let is_judged = !left_out.contains(&test);
        assert_eq!(kept.test_accuracy.is_some(), is_judged, "{why}");
        let is_written = !left_out.contains(&report);
        assert_eq!(run.join("report.html").is_file(), is_written, "{why}");
    }
}

/// The very answers, not equal ones.
#[test]
fn what_a_run_judged_is_not_judged_again() {
    let (engine, runs) = (engine(), tempfile::tempdir().unwrap());
    let dataset = open(&engine);
    let mut experiment = small_experiment(1);
    experiment.split.test = 0.25;
    let run = runs.path().join("run");
    let job = engine.ask(TrainRequest {
        experiment,
        dataset: Arc::clone(&dataset),
        run: run.clone(),
        resume: false,
        accept_losses: false,
    });
    let mut validation = None;
    let outcome = wait(&engine, |event| match event {
        Event::Run(_, RunEvent::Evaluated(evaluation)) => {
            validation = Some(evaluation);
            None
        }
        event => ended(&event, job),
    });
    let ask = |part, weights| {
        let job = engine.ask(EvaluateRequest {
            dataset: Arc::clone(&dataset),
            part,
            weights,
        });
        answer::<EvaluateRequest>(&engine, job)
            .evaluation
            .clone()
            .unwrap()
    };
    let (current, last) = (EvaluatedWeights::Current, EvaluatedWeights::Last(run));
    let part = Some(SplitName::Validation);
    for weights in [&current, &last] {
        let again = ask(part, weights.clone());
        assert!(
            Arc::ptr_eq(&again, validation.as_ref().unwrap()),
            "the epoch's"
        );
    }
    let part = Some(SplitName::Test);
    let known = engine.model().unwrap();
    let model = Arc::clone(&known.answers);
    assert_eq!(model.count(), 2, "the end's");
    let test = ask(part, current.clone());
    assert_eq!(model.count(), 2, "the end's");
    assert_eq!(Some(test.accuracy()), outcome.result.test_accuracy);
    let all = ask(None, current);
    assert_eq!(model.count(), 3, "nobody had asked for all images");
    assert_eq!(all.samples.len(), 36);
}

#[test]
fn a_run_killed_at_its_end_is_taken_up_there() {
    let (step, runs) = (InStep::start(), tempfile::tempdir().unwrap());
    let run: PathBuf = runs.path().join("run");
    let whole = step.train(&run, false, |_| {}).outcome.unwrap();
    // As a kill leaves it while the test part is judged, and while the report is written.
    for removed in [&["result.ron", "report.html"][..], &["report.html"]] {
        for file in removed {
            fs::remove_file(run.join(file)).unwrap();
        }
        let mut epochs = 0;
        let story = step.train(&run, true, |event| {
            epochs += usize::from(matches!(event, Event::Run(_, RunEvent::Epoch(_))));
        });
        assert_eq!((epochs, &story.stages[0]), (0, &EndStage::Test));
        let again = story.outcome.unwrap();
        assert_eq!(again.result.test_accuracy, whole.result.test_accuracy);
        assert_eq!(again.result.best_epoch, whole.result.best_epoch);
        assert!(run.join("report.html").is_file() && result(&run).left_out.is_empty());
    }
}
