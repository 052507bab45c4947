//! What comes before a run (rates, forecasts) and what is said about one.

use std::path::PathBuf;

use super::*;
use crate::{
    engine::{EstimateRequest, FindRateRequest, Forecast},
    model::{LayerKind, layers},
    train::{
        config::MemoryFormat,
        estimate::Images,
        health::{Advice, Ailment},
        lr_finder,
    },
};

/// Without dropout, so that figures hold still.
fn calm_experiment(epochs: usize, learning_rate: f64) -> Experiment {
    let mut experiment = small_experiment(epochs);
    let drops = |kind: &LayerKind| matches!(kind, LayerKind::Dropout(_) | LayerKind::Dropout2d(_));
    experiment.model.layers.retain(|layer| !drops(&layer.kind));
    experiment.training.phases[0].optimizer = Optimizer::Sgd {
        learning_rate,
        momentum: 0.0,
        nesterov: false,
    };
    experiment
}

#[test]
fn a_rate_is_found_without_touching_the_model() {
    let engine = engine();
    let mut experiment = small_experiment(1);
    let phases = &mut experiment.training.phases;
    let mut head_only = phases[0].clone();
    head_only.trainable_from = Some("fc".into());
    phases.insert(0, head_only);
    let request = FindRateRequest {
        experiment,
        dataset: open(&engine),
        phase: 1,
    };
    let job = engine.ask(request);
    let (mut furthest, mut drawn) = (0, 0);
    let curve = wait(&engine, |event| {
        if let Event::Job(_, JobEvent::Progress(progress)) = &event {
            furthest = furthest.max(progress.done);
        }
        if let Some((_, curve)) = event.part::<FindRateRequest>() {
            assert!(curve.points.len() >= drawn, "the curve grows");
            drawn = curve.points.len();
        }
        let (done, curve) = event.answer::<FindRateRequest>()?;
        (done == job).then_some(curve)
    });
    assert!(furthest > 0 && drawn > 0);
    assert!(curve.points.len() > 50 && curve.points.len() <= lr_finder::STEPS);
    assert!(curve.points.is_sorted_by_key(|point| point.learning_rate));
    // Adam on a small network: far from both ends.
    let suggestion = curve.suggestion.unwrap();
    assert!((1e-5..0.5).contains(&suggestion), "{suggestion:e}");
    assert!(engine.model().is_none());
}

#[test]
fn looking_for_a_rate_can_be_cancelled() {
    let engine = engine();
    let request = FindRateRequest {
        experiment: small_experiment(1),
        dataset: open(&engine),
        phase: 0,
    };
    let job = engine.ask(request);
    wait(&engine, |event| match event {
        Event::Job(_, JobEvent::Progress(progress)) if progress.total == lr_finder::STEPS => {
            Some(())
        }
        _ => None,
    });
    engine.cancel(job);
    wait(&engine, |event| match event {
        Event::Job(done, JobEvent::Cancelled) => {
            assert_eq!(done, job);
            Some(())
        }
        Event::Job(_, JobEvent::Done(_)) => panic!("it went on to the end"),
        _ => None,
    });
}

fn forecast(engine: &EngineHandle, experiment: Experiment) -> Forecast {
    let images = Images {
        train: 240,
        validation: 60,
    };
    let request = EstimateRequest { experiment, images };
    let earlier = engine.ask(request.clone());
    engine.cancel(earlier);
    let newest = engine.ask(request);
    wait(engine, |event| {
        let (job, forecast) = event.answer::<EstimateRequest>()?;
        assert_eq!(job, newest, "the older request was cancelled");
        Some(Forecast::clone(&forecast))
    })
}

#[test]
fn the_newest_forecast_tells_the_time_of_every_phase() {
    let engine = engine();
    let mut experiment = small_experiment(2);
    let phases = &mut experiment.training.phases;
    let mut longer = phases[0].clone();
    longer.epochs = 40;
    phases.push(longer);
    let found = forecast(&engine, experiment);
    assert_eq!(found.memory, None);
    let time = found.time.unwrap();
    let [short, long] = time.phases[..] else {
        panic!("two phases: {time:?}")
    };
    // Twenty times as many epochs; the rest is what else the machine does.
    assert!(short > 0.0 && long > short, "{time:?}");
    assert_eq!(time.seconds(), short + long);
}

#[test]
fn a_forecast_and_its_run_compute_in_the_same_way_which_is_chosen_once() {
    let (home, runs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folders = Folders::below(home.path());
    let engine = EngineHandle::start(Arc::new(|| {}), folders.clone()).unwrap();
    let mut experiment = small_experiment(1);
    // Two ways on every processor.
    experiment.training.memory_format = MemoryFormat::Auto;
    let kept = || -> Vec<(PathBuf, String)> {
        let entries = fs::read_dir(folders.choices()).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
            .collect()
    };
    forecast(&engine, experiment.clone());
    let chosen = kept();
    assert_eq!(chosen.len(), 1);
    forecast(&engine, experiment.clone());
    let mut computed = Vec::new();
    for number in 0..2 {
        let job = engine.ask(TrainRequest {
            experiment: experiment.clone(),
            dataset: open(&engine),
            run: runs.path().join(number.to_string()),
            resume: false,
            accept_losses: false,
        });
        computed.push(finish(&engine, job).result.computed);
    }
    assert_eq!(kept(), chosen, "nothing was measured again");
    assert_eq!(computed[0], computed[1]);
    assert!(computed[0].contains("measured"), "{computed:?}");
}

#[test]
fn what_does_not_fit_into_memory_is_refused_with_a_sentence() {
    let (engine, runs) = (engine(), tempfile::tempdir().unwrap());
    let mut experiment = small_experiment(1);
    // More than any machine has, however few the images.
    for layer in &mut experiment.model.layers {
        if let LayerKind::Conv2d(layers::Conv2d { filters, .. }) = &mut layer.kind {
            *filters = 1 << 18;
        }
    }
    let found = forecast(&engine, experiment.clone());
    assert_eq!(found.time, None);
    let words = found.memory.unwrap();
    assert!(words.contains("or a smaller network"), "{words}");

    let job = engine.ask(TrainRequest {
        experiment,
        dataset: open(&engine),
        run: runs.path().join("run"),
        resume: false,
        accept_losses: false,
    });
    let message = failure(&engine, job);
    assert!(message.contains("or a smaller network"), "{message}");
    assert!(!runs.path().join("run").exists(), "nothing was begun");
}

#[test]
fn a_run_that_does_not_learn_says_so_once() {
    let (engine, runs) = (engine(), tempfile::tempdir().unwrap());
    let job = engine.ask(TrainRequest {
        experiment: calm_experiment(5, 1e-12),
        dataset: open(&engine),
        run: runs.path().join("run"),
        resume: false,
        accept_losses: false,
    });
    let mut said: Vec<Advice> = Vec::new();
    wait(&engine, |event| match event {
        Event::Run(_, RunEvent::Advice(advice)) => {
            said.push(advice);
            None
        }
        event => ended(&event, job).map(drop),
    });
    let not_learning: Vec<&Advice> = said
        .iter()
        .filter(|advice| advice.ailment == Ailment::NotLearning)
        .collect();
    assert_eq!(not_learning.len(), 1, "{said:?}");
    assert_eq!(not_learning[0].epoch, 3);
    assert!(not_learning[0].words.contains("(33.3 %)"), "{said:?}");
}

#[test]
fn a_loss_that_explodes_names_the_learning_rate() {
    let (engine, runs) = (engine(), tempfile::tempdir().unwrap());
    let job = engine.ask(TrainRequest {
        experiment: calm_experiment(5, 1e9),
        dataset: open(&engine),
        run: runs.path().join("run"),
        resume: false,
        accept_losses: false,
    });
    let message = failure(&engine, job);
    assert!(message.contains("1.0e9"), "{message}");
}
