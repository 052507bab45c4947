//! Every optimizer moves weights as PyTorch's or Keras' does, over a hundred steps, and goes on from a saved state
//! as if it had never stopped.
//!
//! `tests/reference/optimizers.json` says which versions made the numbers and with which script.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;

use crate::reference::read_json;
use convscope::train::{Optimizer, optimizers::OptimizerState};
use serde::Deserialize;
use tch::{Kind, Tensor};

/// Parameters are within ±1.
const TOLERANCE: f64 = 1e-5;

#[derive(Deserialize)]
struct Reference {
    steps: usize,
    shapes: Vec<Vec<i64>>,
    variants: Vec<Variant>,
}

#[derive(Deserialize)]
struct Variant {
    name: String,
    optimizer: Optimizer,
    /// Step → values of every parameter.
    parameters_after: BTreeMap<usize, Vec<Vec<f64>>>,
}

/// `initial` of `make_optimizers.py`.
fn initial(shape: &[i64]) -> Tensor {
    let count: i64 = shape.iter().product();
    let values: Vec<f32> = (0..count)
        .map(|i| ((7 * i) % 23 - 11) as f32 / 16.0)
        .collect();
    Tensor::from_slice(&values)
        .view(shape)
        .set_requires_grad(true)
}

/// `gradient` of `make_optimizers.py`.
fn gradient(shape: &[i64], step: usize) -> Tensor {
    let count: i64 = shape.iter().product();
    let value = |i: i64| {
        ((31 * i + 17 * step as i64) % 101 - 50) as f32 / 2f32.powi(4 * (i % 6) as i32 + 2)
    };
    Tensor::from_slice(&(0..count).map(value).collect::<Vec<f32>>()).view(shape)
}

fn values(parameter: &Tensor) -> Vec<f64> {
    Vec::try_from(parameter.detach().to_kind(Kind::Double).flatten(0, -1)).unwrap()
}

/// Trains parameters of `shapes`; after `restart` steps an optimizer that is made anew takes up the state.
/// `after(step, parameters)` sees every step.
fn run(
    rule: Optimizer,
    reference: &Reference,
    restart: Option<usize>,
    mut after: impl FnMut(usize, &[Tensor]),
) {
    let shapes = &reference.shapes;
    let parameters: Vec<Tensor> = shapes.iter().map(|shape| initial(shape)).collect();
    let names: Vec<String> = (0..shapes.len()).map(|at| format!("array{at}")).collect();
    let names = || names.iter().map(String::as_str);
    let mut optimizer = OptimizerState::new(parameters.iter(), rule).unwrap();
    for step in 1..=reference.steps {
        for (parameter, shape) in parameters.iter().zip(shapes) {
            parameter.shallow_clone().zero_grad();
            // The derivative of a sum of products is the other factor, exactly.
            (parameter * gradient(shape, step))
                .sum(Kind::Float)
                .backward();
        }
        tch::no_grad(|| optimizer.step(parameters.iter(), rule.learning_rate())).unwrap();
        after(step, &parameters);
        if restart == Some(step) {
            let (steps, arrays) = optimizer.state(names()).unwrap();
            optimizer = OptimizerState::new(parameters.iter(), rule).unwrap();
            optimizer.restore(names(), steps, &arrays).unwrap();
        }
    }
}

#[test]
fn each_equals_the_frameworks_over_a_hundred_steps() {
    let reference: Reference = read_json("optimizers.json");
    for kind in ["SGD", "RMSprop", "Adam", "AdamW"] {
        let is_kind = |variant: &&Variant| variant.optimizer.word() == kind;
        assert!(reference.variants.iter().any(|v| is_kind(&v)), "{kind}");
    }
    for variant in &reference.variants {
        let (name, rule) = (&variant.name, variant.optimizer);
        let mut compared = 0;
        run(rule, &reference, None, |step, parameters| {
            let Some(expected) = variant.parameters_after.get(&step) else {
                return;
            };
            for (parameter, expected) in parameters.iter().zip(expected) {
                let found = values(parameter);
                assert_eq!(found.len(), expected.len());
                let difference = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
                let difference = difference.fold(0.0, f64::max);
                println!("{name}, {rule:?}, step {step}: {difference:.1e}");
                assert!(
                    difference <= TOLERANCE,
                    "{name}, {rule:?}, step {step}: {difference:e}"
                );
                compared += 1;
            }
        });
        let expected = variant.parameters_after.len() * reference.shapes.len();
        assert_eq!(compared, expected, "{name}");
    }
}

#[test]
fn keras_epsilon_is_not_pytorchs() {
    // Were the two options without effect, the test above could not tell.
    let reference: Reference = read_json("optimizers.json");
    let end = |rule: Optimizer| {
        let mut end = Vec::new();
        run(rule, &reference, None, |_, parameters| {
            end = parameters.iter().flat_map(values).collect();
        });
        end
    };
    let adam = |epsilon_hat| Optimizer::Adam {
        learning_rate: 1e-3,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-7,
        epsilon_hat,
    };
    let rms_prop = |epsilon_inside_root| Optimizer::RmsProp {
        learning_rate: 1e-3,
        alpha: 0.9,
        momentum: 0.0,
        epsilon: 1e-7,
        epsilon_inside_root,
    };
    for [keras, torch] in [[adam(true), adam(false)], [rms_prop(true), rms_prop(false)]] {
        let (keras, torch) = (end(keras), end(torch));
        let difference = keras.iter().zip(&torch).map(|(a, b)| (a - b).abs());
        assert!(difference.fold(0.0, f64::max) > 10.0 * TOLERANCE);
    }
}

#[test]
fn a_saved_state_goes_on_with_the_same_bits() {
    let reference: Reference = read_json("optimizers.json");
    for variant in &reference.variants {
        let ends = [None, Some(1), Some(50)].map(|restart| {
            let mut end = Vec::new();
            run(variant.optimizer, &reference, restart, |_, parameters| {
                let bits = parameters.iter().flat_map(values).map(f64::to_bits);
                end = bits.collect::<Vec<u64>>();
            });
            end
        });
        assert_eq!(ends[0], ends[1], "{}", variant.name);
        assert_eq!(ends[0], ends[2], "{}", variant.name);
    }
}

#[test]
fn a_state_of_other_parameters_is_refused_by_name() {
    let rule = Optimizer::adam(1e-3);
    let parameters = [initial(&[3, 2])];
    let optimizer = OptimizerState::new(parameters.iter(), rule).unwrap();
    let (steps, good) = optimizer.state(["weight"].into_iter()).unwrap();
    let mut missing = good.clone();
    missing.pop();
    let mut wrong = good;
    wrong[0].shape = vec![2, 3];
    for (arrays, part) in [(missing, "square is missing"), (wrong, "another shape")] {
        let mut other = OptimizerState::new(parameters.iter(), rule).unwrap();
        let error = other.restore(["weight"].into_iter(), steps, &arrays);
        let error = error.unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}
