//! Runs that cannot begin.

use super::*;
use crate::{
    model::{
        LayerKind, LayerSpec, layers,
        spec::{Backbone, InitialWeights, InputSpec},
    },
    train::run_folder::{RunFolder, RunResult},
};

#[test]
fn what_cannot_begin_leaves_no_run_and_a_run_that_cannot_go_on_says_why() {
    let (engine, runs) = (engine(), tempfile::tempdir().unwrap());
    let (dataset, run) = (open(&engine), runs.path().join("run"));
    let mut experiment = small_experiment(1);
    let weights = InitialWeights::File(runs.path().join("weights.pth"));
    experiment.model.layers.insert(
        0,
        LayerSpec::new(
            "base",
            LayerKind::Backbone(layers::Backbone {
                architecture: Backbone::ResNet18,
                weights,
                batch_norm_inference: true,
            }),
        ),
    );
    experiment.model.input = InputSpec {
        height: 64,
        width: 64,
        ..experiment.model.input
    };
    experiment.model.layers.retain(|layer| {
        matches!(
            layer.kind,
            LayerKind::Backbone(_) | LayerKind::Flatten(layers::Flatten) | LayerKind::Dense(_)
        )
    });
    let failed = |resume: bool| {
        engine.ask(TrainRequest {
            experiment: experiment.clone(),
            dataset: Arc::clone(&dataset),
            run: run.clone(),
            resume,
            accept_losses: false,
        });
        wait(&engine, |event| match event {
            Event::Job(_, JobEvent::Failed(message)) => Some(message),
            _ => None,
        })
    };
    let message = failed(false);
    assert!(message.contains("weights.pth"), "{message}");
    assert!(!run.exists(), "nothing was begun");

    // As a kill leaves it that came before the first epoch ended.
    drop(RunFolder::create(&run, &experiment).unwrap());
    let message = failed(true);
    let result = RunResult::load(&run).unwrap().unwrap();
    assert_eq!(result.failure, Some(message));
}
