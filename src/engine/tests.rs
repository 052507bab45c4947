//! The engine without a window: training, pausing, stopping, panics, silent readers, stale requests.

use std::{
    convert::Infallible,
    fs,
    path::Path,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};

use super::{
    At, EngineHandle, EvaluateRequest, EvaluatedWeights, Event, Folders, ImageSource, Inspect,
    JobEvent, JobId, Kind, Level, LoadModel, OpenDataset, OpenRequest, Predict, RunEvent, Task,
    TrainRequest, Trained, TrainingOutcome, inspector, job,
};
use crate::{
    data::{SplitName, generate},
    inspect::{InspectError, Inspection, Looking, Quick, Slow, feature_maps::MapsOfLayer},
    model::{LayerKind, LayerSpec, bundle::Bundle, layers},
    train::{Experiment, Optimizer, recipes},
};

mod beginning;
mod ending;
mod rates;
mod rehearsal;

/// More than any step of these tests takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

fn engine() -> EngineHandle {
    static CACHE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let cache = CACHE.get_or_init(|| tempfile::tempdir().unwrap());
    EngineHandle::start(Arc::new(|| {}), Folders::below(cache.path())).unwrap()
}

/// Twelve shapes of each kind.
fn shapes_folder() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        generate::generate_shapes(folder.path(), 1, 12, &mut |_, _| {}).unwrap();
        folder
    });
    folder.path()
}

/// Recipe 1 at 32 pixels, so that a step takes a millisecond.
fn small_experiment(epochs: usize) -> Experiment {
    let mut experiment = recipes::find(Path::new("shapes")).unwrap();
    (experiment.model.input.height, experiment.model.input.width) = (32, 32);
    experiment.training.phases[0].epochs = epochs;
    experiment.training.batch_size = 8;
    experiment.training.threads = Some(1);
    experiment
}

fn wait<T>(engine: &EngineHandle, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        while let Some(event) = engine.events().try_next() {
            if let Some((job, message)) = event.failure() {
                eprintln!("{job:?} failed: {message}");
            }
            if let Some(found) = wanted(event) {
                return found;
            }
        }
        assert!(start.elapsed() < PATIENCE, "the event never came");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The answer of `job`.
fn answer<T: Task>(engine: &EngineHandle, job: JobId) -> Arc<T::Answer> {
    wait(engine, |event| {
        let (done, answer) = event.answer::<T>()?;
        (done == job).then_some(answer)
    })
}

/// Why `job` failed.
fn failure(engine: &EngineHandle, job: JobId) -> String {
    wait(engine, |event| {
        let (failed, message) = event.failure()?;
        (failed == job).then(|| message.to_owned())
    })
}

/// How the run of `job` ended, if this is its end.
fn ended(event: &Event, job: JobId) -> Option<TrainingOutcome> {
    match event
        .answer::<TrainRequest>()
        .map(|(done, trained)| (done, Trained::clone(&trained)))
    {
        Some((done, Trained::Ended(outcome))) if done == job => {
            Some(TrainingOutcome::clone(&outcome))
        }
        _ => None,
    }
}

fn open(engine: &EngineHandle) -> Arc<OpenDataset> {
    let job = engine.ask(OpenRequest::new(shapes_folder()));
    answer::<OpenRequest>(engine, job)
}

fn start(engine: &EngineHandle, runs: &Path, epochs: usize) -> JobId {
    let request = TrainRequest {
        experiment: small_experiment(epochs),
        dataset: open(engine),
        run: runs.join("run"),
        resume: false,
        accept_losses: false,
    };
    engine.ask(request)
}

fn finish(engine: &EngineHandle, job: JobId) -> TrainingOutcome {
    wait(engine, |event| ended(&event, job))
}

fn wait_for_epoch(engine: &EngineHandle, number: usize) {
    wait(engine, |event| match event {
        Event::Run(_, RunEvent::Epoch(record)) if record.epoch >= number => Some(()),
        _ => None,
    });
}

#[test]
fn a_run_tells_its_story_and_leaves_its_folder() {
    let (engine, runs) = (engine(), tempfile::tempdir().unwrap());
    let job = start(&engine, runs.path(), 3);
    let (mut steps, mut epochs, mut evaluations) = (0, Vec::new(), 0);
    let outcome = wait(&engine, |event| match event {
        Event::Run(_, RunEvent::Steps(new)) => {
            steps += new.len();
            None
        }
        Event::Run(_, RunEvent::Epoch(record)) => {
            epochs.push(record.epoch);
            None
        }
        Event::Run(_, RunEvent::Evaluated(evaluation)) => {
            assert_eq!(evaluation.samples.len(), 12);
            evaluations += 1;
            None
        }
        event => ended(&event, job),
    });
    assert!(outcome.result.completed);
    assert_eq!(
        (steps, epochs),
        (9, vec![1, 2, 3]),
        "24 images in batches of 8, three times"
    );
    assert!(evaluations >= 1);
    for file in [
        "experiment.ron",
        "history.csv",
        "steps.csv",
        "model.safetensors",
        "report.html",
        "curves.png",
        "confusion_matrix.png",
        "feature_maps_conv1.png",
        "checkpoints/last.safetensors",
        "checkpoints/best.safetensors",
    ] {
        assert!(outcome.run.join(file).is_file(), "{file}");
    }
    assert_eq!(
        fs::read_to_string(outcome.run.join("steps.csv"))
            .unwrap()
            .lines()
            .count(),
        10
    );
    let (bundle, doubt) = Bundle::load(&outcome.run.join("model.safetensors")).unwrap();
    assert_eq!(doubt, None);
    assert_eq!(bundle.snapshot.epoch, outcome.result.best_epoch);
    assert_eq!(
        engine.model().unwrap().snapshot.arrays,
        bundle.snapshot.arrays,
        "the best weights are shown"
    );
    assert!(engine.model().unwrap().initial.is_some());

    let again = start(&engine, runs.path(), 1);
    assert_ne!(
        finish(&engine, again).run,
        outcome.run,
        "an older run is never touched"
    );
}

#[test]
fn a_paused_run_waits_lets_others_work_and_goes_on() {
    let (engine, runs) = (engine(), tempfile::tempdir().unwrap());
    let job = start(&engine, runs.path(), 100_000);
    wait_for_epoch(&engine, 1);
    engine.pause();
    wait(&engine, |event| {
        matches!(event, Event::Run(_, RunEvent::Paused(true))).then_some(())
    });
    while engine.events().try_next().is_some() {}
    std::thread::sleep(Duration::from_millis(200));
    let progressed = std::iter::from_fn(|| engine.events().try_next()).any(|event| {
        matches!(
            event,
            Event::Run(_, RunEvent::Steps(_) | RunEvent::Epoch(_))
        )
    });
    assert!(!progressed, "a paused run takes no step");

    let picture = Arc::new(generate::draw_random_shape(3).1);
    let drawn = vec![ImageSource::Picture("drawn".into(), picture)];
    let predict = engine.ask(Predict::<Quick>::new(drawn));
    let answer = wait(&engine, |event| {
        let (job, part) = event.part::<Predict<Quick>>()?;
        (job == predict).then(|| part.answer.clone().unwrap())
    });
    assert!((answer.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);

    engine.resume();
    wait(&engine, |event| {
        matches!(event, Event::Run(_, RunEvent::Steps(_))).then_some(())
    });
    engine.stop();
    wait(&engine, |event| {
        matches!(event, Event::Run(_, RunEvent::Stopping)).then_some(())
    });
    let outcome = finish(&engine, job);
    assert!(!outcome.result.completed && outcome.result.best_epoch >= 1 && outcome.model.is_some());
}

#[test]
fn a_run_can_be_stopped_while_paused_or_before_its_first_epoch() {
    let (engine, runs) = (engine(), tempfile::tempdir().unwrap());
    let job = start(&engine, runs.path(), 100_000);
    engine.pause();
    wait(&engine, |event| {
        matches!(event, Event::Run(_, RunEvent::Paused(true))).then_some(())
    });
    engine.stop();
    let outcome = finish(&engine, job);
    assert!(!outcome.result.completed);
    assert_eq!(outcome.model.is_some(), outcome.result.best_epoch > 0);
}

#[test]
fn dropping_the_handle_while_training_joins_every_thread() {
    let runs = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let engine = engine();
        start(&engine, runs.path(), 100_000);
        wait(&engine, |event| {
            matches!(event, Event::Run(_, RunEvent::Steps(_))).then_some(())
        });
        drop(engine);
    }
}

#[derive(Debug)]
struct Panics;

impl Task for Panics {
    type Answer = ();
    type Partial = Infallible;
    const KIND: Kind = Kind::new("panic");
    type Lane = inspector::Inspector<Slow>;

    fn run(&self, _: &mut Self::Lane, _: &job::JobContext) -> Result<(), job::JobError> {
        panic!("on purpose")
    }
}

fn nowhere() -> LoadModel {
    LoadModel {
        path: "/nowhere.safetensors".into(),
        remembered: false,
    }
}

#[test]
fn a_panic_in_a_job_is_a_failure_and_the_thread_survives() {
    let engine = engine();
    let job = engine.ask(Panics);
    let message = failure(&engine, job);
    assert!(message.contains("on purpose"), "{message}");
    let next = engine.ask(nowhere());
    let message = failure(&engine, next);
    assert!(message.contains("/nowhere.safetensors"), "{message}");
}

#[test]
fn a_thread_that_dies_is_told_and_no_job_waits_for_it() {
    let engine = engine();
    // One that waits behind it, one that comes afterwards, and one that another thread hands on.
    let dying = engine.die_for_test::<Panics>();
    let waiting = engine.ask(nowhere());
    let mut failed = Vec::new();
    let mut told = Vec::new();
    let mut collect = |engine: &EngineHandle, number: usize, told: &mut Vec<String>| {
        wait(engine, |event| {
            match event {
                Event::Job(job, JobEvent::Failed(message)) => {
                    assert!(message.contains("start it again"), "{message}");
                    failed.push(job);
                }
                Event::Note {
                    level: Level::Error,
                    message,
                } => told.push(message),
                _ => {}
            }
            (failed.len() == number && told.len() == 1).then_some(())
        });
        failed.clone()
    };
    assert_eq!(collect(&engine, 2, &mut told), [dying, waiting]);
    let later = engine.ask(nowhere());
    assert_eq!(collect(&engine, 3, &mut told)[2], later);
    // An address that needs no network to be refused.
    let address = ImageSource::Url("http://127.0.0.1:1/a.png".into());
    let handed_on = engine.ask(Predict::<Slow>::new(vec![address]));
    assert_eq!(collect(&engine, 4, &mut told)[3], handed_on);
    assert!(told[0].contains("Save your work"), "{told:?}");

    // Other threads go on.
    open(&engine);
    drop(engine);
}

#[test]
fn a_reader_that_never_reads_costs_little_and_misses_no_epoch() {
    let (engine, runs) = (engine(), tempfile::tempdir().unwrap());
    let request = TrainRequest {
        experiment: small_experiment(60),
        dataset: open(&engine),
        run: runs.path().join("run"),
        resume: false,
        accept_losses: false,
    };
    engine.ask(request);
    let start = Instant::now();
    // The end of the run is its last event; reading one of them all would make room for others.
    let is_over = || {
        engine
            .events()
            .peek_last(|event| event.answer::<TrainRequest>().is_some())
    };
    while !is_over() {
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(
        engine.events().pending() < 60 + 20,
        "epochs, and one of everything else"
    );
    let epochs = std::iter::from_fn(|| engine.events().try_next())
        .filter(|event| matches!(event, Event::Run(_, RunEvent::Epoch(_))))
        .count();
    assert_eq!(epochs, 60);
}

#[test]
fn of_waiting_requests_only_the_newest_is_answered() {
    let (engine, runs) = (engine(), tempfile::tempdir().unwrap());
    let dataset = open(&engine);
    let job = start(&engine, runs.path(), 1);
    finish(&engine, job);
    let look = |index: usize| {
        let image = ImageSource::Sample(Arc::clone(&dataset), index % 36);
        engine.ask(Inspect::image(MapsOfLayer { layer: 0 }, image))
    };
    let requests: Vec<JobId> = (0..200).map(look).collect();
    let newest = requests[199];
    let (mut cancelled, mut answered) = (0, 0);
    wait(&engine, |event| {
        cancelled += usize::from(matches!(event, Event::Job(_, JobEvent::Cancelled)));
        let (job, maps) = event.answer::<Inspect<MapsOfLayer>>()?;
        assert_eq!(maps.count(), 12);
        answered += 1;
        (job == newest).then_some(())
    });
    assert_eq!(cancelled + answered, requests.len(), "each has one end");
    assert!(cancelled >= 100, "{cancelled}");
}

/// A slow look that says when it has begun and then waits for whoever asked.
#[derive(Debug, Clone)]
struct Held {
    begun: Sender<()>,
    go_on: Receiver<()>,
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.begun.same_channel(&other.begun)
    }
}

impl Inspection for Held {
    type Answer = ();
    type Partial = Infallible;
    type Speed = Slow;
    const WORDS: &'static str = "wait";

    fn run(&self, _: &Looking<'_, Infallible>) -> Result<(), InspectError> {
        self.begun.send(()).unwrap();
        self.go_on.recv().unwrap();
        Ok(())
    }
}

#[test]
fn a_quick_look_is_answered_while_a_slow_one_is_held_open() {
    let (engine, runs) = (engine(), tempfile::tempdir().unwrap());
    let dataset = open(&engine);
    finish(&engine, start(&engine, runs.path(), 1));
    let (begun, has_begun) = crossbeam_channel::unbounded();
    let (let_go, go_on) = crossbeam_channel::unbounded();
    let slow = engine.ask(Inspect::weights(Held { begun, go_on }));
    has_begun.recv_timeout(PATIENCE).unwrap();
    let image = ImageSource::Sample(dataset, 0);
    let quick = engine.ask(Inspect::image(MapsOfLayer { layer: 0 }, image));
    assert_eq!(answer::<Inspect<MapsOfLayer>>(&engine, quick).count(), 12);
    assert!(engine.jobs.is_running(slow));
    let_go.send(()).unwrap();
    answer::<Inspect<Held>>(&engine, slow);
}

/// Which images of a part the network takes for which class.
#[derive(Debug, Clone, PartialEq)]
struct Decisions;

impl Inspection for Decisions {
    type Answer = Vec<(usize, i64)>;
    type Partial = Infallible;
    type Speed = Slow;
    const WORDS: &'static str = "classify the part";

    fn run(&self, look: &Looking<'_, Infallible>) -> Result<Self::Answer, InspectError> {
        let last = look.network()?.nodes().len() - 1;
        let mut decisions = Vec::new();
        look.over_part(|samples, images| {
            let logits = &look.outputs(images, &[last])?[0];
            let classes = Vec::<i64>::try_from(logits.argmax(1, false))?;
            decisions.extend(samples.iter().copied().zip(classes));
            Ok(())
        })?;
        Ok(decisions)
    }
}

#[test]
fn an_inspection_sees_a_whole_part_as_the_run_divided_it() {
    let (engine, runs) = (engine(), tempfile::tempdir().unwrap());
    let dataset = open(&engine);
    finish(&engine, start(&engine, runs.path(), 1));
    let evaluated = engine.ask(EvaluateRequest {
        dataset: Arc::clone(&dataset),
        part: Some(SplitName::Validation),
        weights: EvaluatedWeights::Current,
    });
    let evaluated = answer::<EvaluateRequest>(&engine, evaluated);
    let evaluation = evaluated.evaluation.clone().unwrap();
    let look = |part| {
        let (what, at) = (Decisions, At::Part(Arc::clone(&dataset), Some(part)));
        engine.ask(Inspect { what, at })
    };
    let decided = answer::<Inspect<Decisions>>(&engine, look(SplitName::Validation));
    let predicted = evaluation.predicted.iter().map(|&class| class as i64);
    let wanted: Vec<_> = evaluation.samples.iter().copied().zip(predicted).collect();
    assert_eq!(*decided, wanted);
    assert!(wanted.len() > 1);
    let message = failure(&engine, look(SplitName::Test));
    assert!(message.contains("without a test part"), "{message}");
}

#[test]
fn what_cannot_be_trained_fails_with_a_sentence() {
    let (engine, runs) = (engine(), tempfile::tempdir().unwrap());
    let dataset = open(&engine);
    let mut too_few_classes = small_experiment(1);
    too_few_classes.model.layers.pop();
    let mut no_images = small_experiment(1);
    no_images.split.validation = 0.99;
    let mut single_values = small_experiment(1);
    single_values.training.batch_size = 1;
    let before_flatten = single_values.model.layer_index("flatten").unwrap();
    let size = single_values.model.input.height / 4;
    for (name, kind) in [
        (
            "norm",
            LayerKind::BatchNorm2d(layers::BatchNorm2d {
                momentum: 0.1,
                epsilon: 1e-5,
            }),
        ),
        (
            "all",
            LayerKind::AvgPool2d(layers::AvgPool2d { size, stride: size }),
        ),
    ] {
        let layer = LayerSpec::new(name, kind);
        single_values.model.layers.insert(before_flatten, layer);
    }
    let mut diverging = small_experiment(50);
    diverging.training.phases[0].optimizer = Optimizer::adam(1e30);
    for (experiment, part) in [
        (too_few_classes, "3 classes"),
        (no_images, "training part is empty"),
        (single_values, "norm cannot be trained on one value"),
        (diverging, "learning rate"),
    ] {
        let run = runs.path().join("run");
        let job = engine.ask(TrainRequest {
            experiment,
            dataset: Arc::clone(&dataset),
            run,
            resume: false,
            accept_losses: false,
        });
        let message = failure(&engine, job);
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_run_stopped_before_its_first_epoch_leaves_the_model_that_was_there() {
    let (engine, runs) = (engine(), tempfile::tempdir().unwrap());
    let first = start(&engine, runs.path(), 1);
    finish(&engine, first);
    let kept = engine.model().unwrap();
    let dataset = open(&engine);
    // An epoch of many steps, so that the stop comes before its end.
    let mut experiment = small_experiment(1);
    (experiment.model.input.height, experiment.model.input.width) = (128, 128);
    experiment.training.batch_size = 1;
    let run = runs.path().join("run");
    let job = engine.ask(TrainRequest {
        experiment,
        dataset,
        run,
        resume: false,
        accept_losses: false,
    });
    engine.pause();
    wait(&engine, |event| {
        matches!(event, Event::Run(_, RunEvent::Paused(true))).then_some(())
    });
    engine.stop();
    let outcome = finish(&engine, job);
    assert_eq!((outcome.result.best_epoch, outcome.model), (0, None));
    let now = engine.model().unwrap();
    assert!(Arc::ptr_eq(&now.snapshot, &kept.snapshot));
}

#[test]
fn a_run_that_diverges_keeps_its_good_epochs() {
    let (engine, runs) = (engine(), tempfile::tempdir().unwrap());
    let dataset = open(&engine);
    let mut experiment = small_experiment(200);
    // One step an epoch: the first is finite, the weights it leaves overflow in the second.
    experiment.training.batch_size = 1_000;
    experiment.training.phases[0].optimizer = Optimizer::adam(1e8);
    let run = runs.path().join("run");
    let job = engine.ask(TrainRequest {
        experiment,
        dataset,
        run: run.clone(),
        resume: false,
        accept_losses: false,
    });
    let mut epochs = 0;
    let message = wait(&engine, |event| match event {
        Event::Run(_, RunEvent::Epoch(_)) => {
            epochs += 1;
            None
        }
        Event::Job(failed, JobEvent::Failed(message)) if failed == job => Some(Some(message)),
        event => event.answer::<TrainRequest>().map(|_| None),
    });
    let message = message.expect("it diverges");
    assert!(message.contains("learning rate of"), "{message}");
    assert!(epochs > 0, "some epochs were good");
    assert!(run.join("model.safetensors").is_file());
    assert!(run.join("report.html").is_file());
}
