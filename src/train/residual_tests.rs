//! A residual block in a whole run: the line between frozen and trained layers before, within and behind it, and going on
//! after a stop.

use std::sync::Arc;

use super::{
    Optimizer,
    checkpoint::Checkpoint,
    fit::{self, Data, EpochEnd, FitError, Start, Watcher, Watchers},
    known_tests::{World, world},
};
use crate::model::{
    LayerKind, LayerSpec, NamedArray, WeightSnapshot, graph,
    layers::{Layer as _, Residual},
};

/// Where training starts in each of three phases: behind the block, within it, before it.
const LINES: [&str; 3] = ["conv3", "block.conv2", "block"];

/// A block that changes nothing of the size stands where the normalisation stood; the optimizer remembers its steps.
fn with_block() -> World {
    let mut world = world();
    let block = LayerSpec::new("block", Residual::fresh());
    let layers = &mut world.experiment.model.layers;
    layers[1] = block;
    // Other tests draw from the same generator meanwhile.
    layers.retain(|layer| !matches!(layer.kind, LayerKind::Dropout(_) | LayerKind::Dropout2d(_)));
    for (phase, line) in world.experiment.training.phases.iter_mut().zip(LINES) {
        phase.epochs = 2;
        phase.trainable_from = Some(line.into());
        phase.optimizer = Optimizer::Sgd {
            learning_rate: 0.01,
            momentum: 0.9,
            nesterov: false,
        };
    }
    world
}

/// Keeps every checkpoint.
#[derive(Default)]
struct Watch {
    first: Option<Arc<WeightSnapshot>>,
    epochs: Vec<Arc<Checkpoint>>,
}

impl Watcher for Watch {
    fn begins(&mut self, weights: &Arc<WeightSnapshot>) {
        self.first = Some(Arc::clone(weights));
    }

    fn epoch(&mut self, end: &EpochEnd) -> Result<(), FitError> {
        self.epochs.push(Arc::clone(&end.checkpoint));
        Ok(())
    }
}

fn run(world: &World, start: Start) -> Watch {
    let data = Data {
        dataset: &world.dataset,
        pixels: &world.pixels,
        split: &world.split,
        augmentation: &world.experiment.augmentation,
    };
    let (model, training) = (&world.experiment.model, &world.experiment.training);
    let mut watch = Watch::default();
    let mut watchers = Watchers::new(vec![&mut watch]);
    fit::fit(model, training, &data, start, &mut watchers).unwrap();
    watch
}

fn differs(a: &NamedArray, b: &NamedArray, tolerance: f32) -> bool {
    let mut values = a.values.iter().zip(&b.values);
    values.any(|(a, b)| (a - b).abs() > tolerance * (1.0 + b.abs()))
}

#[test]
fn a_stop_changes_nothing_and_what_is_frozen_stays() {
    let world = with_block();
    let whole = run(&world, Start::New);
    for (stop, next) in whole.epochs.iter().zip(&whole.epochs[1..]) {
        let epoch = stop.snapshot.epoch;
        let rest = run(&world, Start::Resume(Box::new(Checkpoint::clone(stop))));
        assert_eq!(rest.epochs.len(), 6 - epoch);
        let again = &rest.epochs[0].snapshot;
        for (a, b) in again.arrays.iter().zip(&next.snapshot.arrays) {
            // Other tests change libtorch's number of threads meanwhile, and with it the rounding, which later epochs
            // amplify.
            assert!(!differs(a, b, 1e-3), "{} after a stop at {epoch}", a.name);
        }
    }
    let nodes = graph::nodes(&world.experiment.model).unwrap();
    let mut before = whole.first.unwrap();
    for (phase, line) in LINES.into_iter().enumerate() {
        let after = &whole.epochs[2 * phase + 1].snapshot;
        let boundary = graph::position(&nodes, line).unwrap();
        for (a, b) in before.arrays.iter().zip(&after.arrays) {
            let of_array = |node: &graph::Node| graph::belongs(&a.name, &node.name);
            let is_trained = nodes[boundary..].iter().any(of_array);
            assert_eq!(differs(a, b, 0.0), is_trained, "{} from {line} on", a.name);
        }
        before = Arc::clone(after);
    }
}

#[test]
fn blocks_are_told_by_structure_and_not_by_names() {
    let mut world = with_block();
    let block = world.experiment.model.layers[1].kind.inner_mut().unwrap();
    for (number, layer) in block.iter_mut().enumerate() {
        layer.name = number.to_string();
    }
    let nodes = graph::nodes(&world.experiment.model).unwrap();
    let ends = graph::block_ends(&nodes);
    assert_eq!(ends.len(), nodes.len(), "each can be looked into");
}
