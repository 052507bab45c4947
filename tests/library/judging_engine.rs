//! Judging through the engine, as the window does: any part, best and last weights, a sigmoid head's class, and
//! images from the web that never come.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may stop at the first surprise, helpers included"
)]

use std::{
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, MutexGuard},
    time::{Duration, Instant},
};

use crate::{
    reference::take_turns,
    server::{Server, hang, send},
};
use convscope::{
    cancel::CancelToken,
    data::{
        SplitName,
        download::{self, ImageError, ImageLimits},
        generate,
    },
    engine::{
        EngineHandle, EvaluateRequest, EvaluatedWeights, Event, Folders, ImageSource, JobEvent,
        JobId, OpenDataset, OpenRequest, Predict, Prediction, RunEvent, Task, TrainRequest,
        Trained, TrainingOutcome,
    },
    inspect::Slow,
    model::{LayerKind, layers, spec::Head},
    train::{
        Evaluation, Experiment,
        early_stopping::{EarlyStopping, Monitor, MonitorMode},
        recipes,
    },
};

/// More than any step of these tests takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Two kinds of shapes, told apart by one unit, and a finished run of three epochs.
struct World {
    engine: EngineHandle,
    open: Arc<OpenDataset>,
    outcome: TrainingOutcome,
    shown: Arc<Evaluation>,
    /// Until the engine has ended.
    turn: MutexGuard<'static, ()>,
}

/// From this probability on an image is of the second class: nearly always.
const THRESHOLD: f64 = 0.05;

fn experiment() -> Experiment {
    let mut experiment = recipes::find(Path::new("shapes")).unwrap();
    (experiment.model.input.height, experiment.model.input.width) = (32, 32);
    experiment.model.head = Head::Sigmoid {
        threshold: THRESHOLD,
    };
    let last = experiment.model.layers.last_mut().unwrap();
    let LayerKind::Dense(layers::Dense { units, .. }) = &mut last.kind else {
        panic!("the recipe ends in a dense layer");
    };
    *units = 1;
    experiment.training.phases[0].epochs = 3;
    experiment.training.batch_size = 8;
    experiment.training.threads = Some(1);
    experiment.split.test = 0.2;
    experiment
}

fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("judging-engine");
        let _ = std::fs::remove_dir_all(&folder);
        generate::generate_shapes(&folder.join("data"), 1, 12, &mut |_, _| {}).unwrap();
        std::fs::remove_dir_all(folder.join("data/triangle")).unwrap();
        folder
    });
    &FOLDER
}

fn wait<T>(engine: &EngineHandle, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        while let Some(event) = engine.events().try_next() {
            if let Some(found) = wanted(event) {
                return found;
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("the event never came");
}

/// How a run ended, and the figures that were shown last.
fn finished(engine: &EngineHandle) -> (TrainingOutcome, Arc<Evaluation>) {
    let mut shown = None;
    let outcome = wait(engine, |event| match event {
        Event::Run(_, RunEvent::Evaluated(evaluation)) => {
            shown = Some(evaluation);
            None
        }
        event => match &*answer::<TrainRequest>(&event)?.1 {
            Trained::Ended(outcome) => Some(TrainingOutcome::clone(outcome)),
            Trained::DataLost(report) => panic!("{report:?}"),
        },
    });
    (outcome, shown.unwrap())
}

/// The job and its answer when this is the end of a `T`; nothing may fail.
fn answer<T: Task>(event: &Event) -> Option<(JobId, Arc<T::Answer>)> {
    let failure = event.failure();
    assert!(failure.is_none(), "{failure:?}");
    event.answer::<T>()
}

fn world(name: &str) -> World {
    world_of(name, experiment())
}

/// The same with a run of `experiment`.
fn world_of(name: &str, experiment: Experiment) -> World {
    let turn = take_turns();
    let folders = Folders::below(&folder().join("cache"));
    let engine = EngineHandle::start(Arc::new(|| {}), folders).unwrap();
    engine.ask(OpenRequest::new(folder().join("data")));
    let open = wait(&engine, |event| answer::<OpenRequest>(&event)).1;
    engine.ask(TrainRequest {
        experiment,
        dataset: Arc::clone(&open),
        run: folder().join(name),
        resume: false,
        accept_losses: false,
    });
    let (outcome, shown) = finished(&engine);
    World {
        turn,
        engine,
        open,
        outcome,
        shown,
    }
}

impl World {
    fn evaluate(&self, part: Option<SplitName>, weights: EvaluatedWeights) -> Arc<Evaluation> {
        let request = EvaluateRequest {
            dataset: Arc::clone(&self.open),
            part,
            weights,
        };
        let job = self.engine.ask(request);
        wait(&self.engine, |event| {
            let (of, evaluated) = answer::<EvaluateRequest>(&event)?;
            (of == job).then(|| evaluated.evaluation.clone().unwrap())
        })
    }

    fn predict(&self, image: ImageSource) -> Arc<Prediction> {
        let job = self.engine.ask(Predict::<Slow>::new(vec![image]));
        wait(&self.engine, |event| {
            let failure = event.failure();
            assert!(failure.is_none(), "{failure:?}");
            let (of, part) = event.part::<Predict>()?;
            (of == job).then(|| part.answer.clone().unwrap())
        })
    }

    fn cancelled(&self, job: JobId) {
        wait(&self.engine, |event| match event {
            Event::Job(of, JobEvent::Cancelled) if of == job => Some(()),
            Event::Job(_, JobEvent::Failed(message)) => panic!("{message}"),
            _ => None,
        });
    }
}

#[test]
fn every_part_and_both_weights_can_be_evaluated() {
    let world = world("run-parts");
    let parts = [
        Some(SplitName::Train),
        Some(SplitName::Validation),
        Some(SplitName::Test),
        None,
    ];
    let evaluations = parts.map(|part| world.evaluate(part, EvaluatedWeights::Current));
    let counts = evaluations
        .each_ref()
        .map(|evaluation| evaluation.samples.len());
    assert_eq!(counts[3], 24, "all images");
    assert_eq!(
        counts[..3].iter().sum::<usize>(),
        24,
        "parts do not overlap: {counts:?}"
    );
    let [_, validation, test, all] = &evaluations;
    assert_eq!(all.split, None);
    assert!(all.samples.is_sorted());
    assert_eq!(all.threshold(), Some(THRESHOLD));
    // The run evaluated the best weights on the validation part, and on the test part at its end.
    assert_eq!(validation.epoch, world.outcome.result.best_epoch);
    assert_eq!(validation.samples, world.shown.samples);
    for (now, then) in validation
        .probabilities
        .iter()
        .zip(&world.shown.probabilities)
    {
        assert!((now - then).abs() < 1e-5, "{now} {then}");
    }
    assert!((test.accuracy() - world.outcome.result.test_accuracy.unwrap()).abs() < 1e-9);

    let last = EvaluatedWeights::Last(world.outcome.run.clone());
    let last = world.evaluate(Some(SplitName::Validation), last);
    assert_eq!(last.epoch, 3, "the last epoch");
    let is_best = world.outcome.result.best_epoch == 3;
    assert_eq!(last.probabilities == validation.probabilities, is_best);
    // The model that everything else uses is still the best one.
    assert_eq!(
        world.engine.model().unwrap().snapshot.epoch,
        world.outcome.result.best_epoch
    );
}

#[test]
fn a_run_that_goes_on_and_gets_no_better_ends_with_the_figures_of_what_it_keeps() {
    let mut first = experiment();
    // No accuracy is better than the first by so much.
    first.training.early_stopping = Some(EarlyStopping {
        monitor: Monitor::ValAccuracy,
        mode: MonitorMode::default(),
        patience: 100,
        min_delta: 2.0,
        restore_best: false,
    });
    let World {
        engine,
        open,
        outcome,
        turn: _turn,
        ..
    } = world_of("run-no-better", first.clone());
    assert_eq!(outcome.result.best_epoch, 1);
    let mut longer = first;
    longer.training.phases[0].epochs = 5;
    engine.ask(TrainRequest {
        experiment: longer,
        dataset: open,
        run: outcome.run.clone(),
        resume: true,
        accept_losses: false,
    });
    let (again, shown) = finished(&engine);
    assert_eq!(again.result.best_epoch, 1);
    assert_eq!(shown.epoch, again.result.best_epoch);
    assert_eq!(shown.split, Some(SplitName::Validation));
}

#[test]
fn the_class_of_a_sigmoid_is_decided_by_its_threshold() {
    let world = world("run-threshold");
    let answers: Vec<Arc<Prediction>> = (0..24)
        .map(|sample| world.predict(ImageSource::Sample(Arc::clone(&world.open), sample)))
        .collect();
    for answer in &answers {
        assert_eq!((answer.probabilities.len(), answer.logits.len()), (2, 1));
        let second = f64::from(answer.probabilities[1]);
        assert_eq!(answer.class, usize::from(second >= THRESHOLD));
    }
    let unlikely = |answer: &&Arc<Prediction>| answer.class == 1 && answer.probabilities[1] < 0.5;
    assert!(
        answers.iter().any(|answer| unlikely(&answer)),
        "else this test shows nothing"
    );
}

#[test]
fn an_image_that_never_comes_can_be_given_up() {
    let world = world("run-web");
    let server = Server::start(|_, _| hang());
    let started = Instant::now();
    let job = world
        .engine
        .ask(Predict::<Slow>::new(vec![ImageSource::typed(
            &server.url("/never.png"),
        )]));
    while server.asked().is_empty() {
        assert!(started.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
    let asked = Instant::now();
    world.engine.cancel(job);
    world.cancelled(job);
    // The server is given up after ten seconds anyway.
    let limit = ImageLimits::default().stall;
    assert!(asked.elapsed() < limit, "{:?}", asked.elapsed());
    // The engine goes on with other things.
    world.predict(ImageSource::Sample(Arc::clone(&world.open), 0));
}

#[test]
fn a_server_that_drips_or_never_ends_is_given_up() {
    let drip = Server::start(|_, stream| {
        send(stream, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        // For longer than any test waits.
        for _ in 0..50_000 {
            send(stream, &[0; 100]);
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let limits = ImageLimits::default();
    let cases: [(ImageLimits, &str); 2] = [
        (
            ImageLimits {
                whole: Duration::from_millis(300),
                ..limits
            },
            "it takes longer than",
        ),
        (
            ImageLimits {
                bytes: 1_000,
                ..limits
            },
            "is larger than 1.0 kB",
        ),
    ];
    for (limits, part) in cases {
        let started = Instant::now();
        let error = download::image(&drip.url("/a.png"), &limits, &CancelToken::new()).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    }
    let cancel = CancelToken::new();
    cancel.cancel();
    let error = download::image(&drip.url("/a.png"), &limits, &cancel).unwrap_err();
    assert!(matches!(error, ImageError::Cancelled(_)), "{error}");
}
