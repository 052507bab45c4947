//! Several nodes in one pass, gradients, whole parts.

use std::sync::Arc;

use super::*;
use crate::{
    data::{generate, sources},
    model::ModelSpec,
    train::Experiment,
};

/// Recipe 1's network at 32 pixels and an image.
pub struct Bench {
    snapshot: WeightSnapshot,
    network: OnceCell<Network>,
    image: image::RgbImage,
    pub cancel: CancelToken,
}

impl Bench {
    pub fn new() -> Self {
        let path = crate::resources::find("assets/recipes/shapes.ron").unwrap();
        let mut spec: ModelSpec = Experiment::load(&path).unwrap().model;
        (spec.input.height, spec.input.width) = (32, 32);
        let network = Network::new(Arc::new(spec), 5, Placement::default()).unwrap();
        let classes: Arc<[String]> = ["a", "b", "c"].map(String::from).into();
        Self {
            snapshot: network.snapshot(&classes, 0).unwrap(),
            network: OnceCell::new(),
            image: generate::draw_random_shape(3).1.to_image(),
            cancel: CancelToken::new(),
        }
    }

    pub fn looking<P>(&self) -> Looking<'_, P> {
        Looking {
            snapshot: Some(&self.snapshot),
            network: &self.network,
            image: Some(&self.image),
            part: None,
            cancel: &self.cancel,
            progress: &|_, _| {},
            is_due: &|| true,
            tell: &|_| {},
        }
    }
}

fn values(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.contiguous().flatten(0, -1)).unwrap()
}

#[test]
fn one_pass_sees_the_nodes_that_are_asked_for_in_their_order() {
    let bench = Bench::new();
    let looking = bench.looking::<()>();
    let (network, input) = (looking.network().unwrap(), looking.input().unwrap());
    let last = network.nodes().len() - 1;
    let asked = [last, 0, 3, 0];
    let outputs = looking.outputs(&input, &asked).unwrap();
    for (node, output) in asked.iter().zip(&outputs) {
        let _no_grad = tch::no_grad_guard();
        let alone = network.forward_between(&input, Mode::Evaluate, (0, node + 1), None);
        assert_eq!(values(output), values(&alone.unwrap()), "{node}");
    }
    let missing = looking.outputs(&input, &[0, last + 1]).unwrap_err();
    assert!(
        missing.to_string().contains("there is no layer"),
        "{missing}"
    );
}

#[test]
fn gradients_are_the_slopes_of_the_score() {
    let bench = Bench::new();
    let looking = bench.looking::<()>();
    let (network, input) = (looking.network().unwrap(), looking.input().unwrap());
    let last = network.nodes().len() - 1;
    let score = |logits: &Tensor| logits.f_select(1, 1)?.f_sum(tch::Kind::Float);
    // Behind the poolings: where equal values compete (a plain background has many), a step has no one slope.
    let pooled = network
        .nodes()
        .iter()
        .rposition(|node| node.name == "conv3")
        .unwrap();
    let found = looking.gradients(&input, &[last, pooled], score).unwrap();
    assert_eq!(
        values(&found[0].1),
        [0.0, 1.0, 0.0],
        "of the logits themselves"
    );
    // A small step along the gradient of an inner node's output raises the score by the step times its square.
    let (output, gradient) = &found[1];
    assert_eq!(output.size(), gradient.size());
    let _no_grad = tch::no_grad_guard();
    let from = |output: &Tensor| {
        let logits = network
            .forward_between(output, Mode::Evaluate, (pooled + 1, last + 1), None)
            .unwrap();
        logits.double_value(&[0, 1])
    };
    let square = f64::try_from((gradient * gradient).sum(tch::Kind::Double)).unwrap();
    let step = 1e-3 / square.sqrt();
    let raised = from(&(output + gradient * step)) - from(output);
    assert!(
        (raised / (step * square) - 1.0).abs() < 0.05,
        "{raised} {square}"
    );
}

#[test]
fn a_whole_part_is_seen_once_with_progress_and_can_be_left() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("shapes");
    generate::generate_shapes(&folder, 1, 8, &mut |_, _| {}).unwrap();
    let bench = Bench::new();
    let opened = sources::open(&sources::Request {
        path: &folder,
        kind: None,
        cache: home.path(),
        limits: sources::Limits::default(),
        cancel: &bench.cancel,
        progress: &|_, _| {},
    });
    let opened = opened.unwrap();
    let format = bench.snapshot.spec.input.format();
    let (dataset, images, cancel) = (&opened.dataset, &opened.images, &bench.cancel);
    let cache = home.path().join("cache");
    let pixels = PixelCache::open(&cache, dataset, images, format, cancel, &|_, _| {}).unwrap();
    let samples: Vec<usize> = (0..dataset.samples.len()).rev().collect();
    let told = std::cell::RefCell::new(Vec::new());
    let tell = |done: usize, total: usize| told.borrow_mut().push((done, total));
    let looking = Looking::<()> {
        part: Some(Part {
            dataset,
            pixels: &pixels,
            samples: &samples,
        }),
        progress: &tell,
        ..bench.looking()
    };
    let mut seen = Vec::new();
    let see = |batch: &[usize], input: &Tensor| {
        assert_eq!(input.size()[0], batch.len() as i64);
        seen.extend_from_slice(batch);
        Ok(())
    };
    looking.over_part(see).unwrap();
    assert_eq!(seen, samples);
    assert_eq!(*told.borrow(), [(0, 24), (16, 24), (24, 24)]);

    let leave = |_: &[usize], _: &Tensor| {
        bench.cancel.cancel();
        Ok(())
    };
    let left = looking.over_part(leave);
    assert!(matches!(left, Err(InspectError::Cancelled(_))));
}
