//! Times the steps of a run in several ways of computing, so that the answer does not depend on what else the machine
//! does: processor time of one thread, the ways in turn, of each the least.

use std::{
    sync::{Arc, LazyLock},
    time::Instant,
};

use tch::{Kind, TchError, Tensor};

use super::{Measurement, Step, placement};
use crate::{
    model::{
        ModelSpec, Network,
        network::{Mode, NetworkError},
    },
    sys,
    train::{
        config::{MemoryFormat, Precision},
        fit::{FitError, Observer, Threads, pulse},
    },
};

/// Times that each way has its turn, and fewest where steps are long.
const ROUNDS: usize = 9;
const FEWEST_ROUNDS: usize = 3;
/// Seconds of one turn at least: many short steps, so that a clock's tick and an interruption are small beside it.
const TURN: f64 = 0.01;
/// After so many seconds no further round begins.
const BUDGET: f64 = 3.0;

/// The times of `ways` for `steps` on `batch` images. Random numbers of training do not depend on it, since each step
/// seeds them anew.
///
/// # Errors
/// When the run is stopped, the network cannot be built or libtorch refuses.
pub fn measure(
    spec: &Arc<ModelSpec>,
    ways: &[(MemoryFormat, Precision)],
    steps: &[Step],
    batch: usize,
    observer: &mut dyn Observer,
) -> Result<Vec<Measurement>, FitError> {
    // Others that wait for a busy thread spin, and their time says nothing.
    let _one_thread = Threads::set(1);
    let mut least = vec![0.0; ways.len()];
    for step in steps {
        for (sum, secs) in least
            .iter_mut()
            .zip(least_secs(spec, ways, *step, batch, observer)?)
        {
            *sum += secs;
        }
    }
    let measured = ways.iter().zip(least);
    let measured = measured.map(|(&(memory_format, precision), seconds)| Measurement {
        memory_format,
        precision,
        seconds,
    });
    Ok(measured.collect())
}

/// Least seconds of `step` in each way.
fn least_secs(
    spec: &Arc<ModelSpec>,
    ways: &[(MemoryFormat, Precision)],
    step: Step,
    batch: usize,
    observer: &mut dyn Observer,
) -> Result<Vec<f64>, FitError> {
    let build =
        |&(format, precision): &(MemoryFormat, Precision)| -> Result<Network, NetworkError> {
            let mut network = Network::new(Arc::clone(spec), 0, placement(format, precision))?;
            network.set_trainable_from(step.trained_from)?;
            Ok(network)
        };
    let networks = ways
        .iter()
        .map(build)
        .collect::<Result<Vec<Network>, _>>()?;
    let mut least = vec![f64::INFINITY; ways.len()];
    let mut times = 1;
    let began = now();
    // The first round warms up and shows how many steps a turn takes.
    for round in 0..=ROUNDS {
        if round > FEWEST_ROUNDS && now() - began > BUDGET {
            break;
        }
        for (network, least) in networks.iter().zip(&mut least) {
            pulse(observer)?;
            let start = now();
            for _ in 0..times {
                run(network, step, batch).map_err(NetworkError::from)?;
            }
            *least = least.min((now() - start) / times as f64);
        }
        if round == 0 {
            let shortest = least.iter().copied().fold(f64::INFINITY, f64::min);
            times = (TURN / shortest.max(1e-6)).ceil().max(1.0) as usize;
            least.fill(f64::INFINITY);
        }
    }
    Ok(least)
}

/// Forward and backward, as a step of training does; the optimizer takes as long in each way.
fn run(network: &Network, step: Step, batch: usize) -> Result<(), TchError> {
    let input = made_up_input(network, step.start, batch)?;
    let end = network.nodes().len();
    let logits = network.forward_between(&input, Mode::Train, (step.start, end))?;
    let loss: Tensor = logits.f_square()?.f_mean(Kind::Float)?;
    for (_, parameter) in network.trainable() {
        parameter.shallow_clone().zero_grad();
    }
    // A phase that trains nothing is refused later, with a sentence.
    if loss.requires_grad() {
        loss.f_backward()
    } else {
        Ok(())
    }
}

/// What node `start` gets for `batch` images, all of them grey.
///
/// # Errors
/// When libtorch refuses.
pub fn made_up_input(network: &Network, start: usize, batch: usize) -> Result<Tensor, TchError> {
    let Some(before) = start.checked_sub(1) else {
        return network.input(&vec![
            127;
            batch * network.spec().input.format().row_bytes()
        ]);
    };
    let mut dims = vec![batch as i64];
    let shape = network.nodes()[before].shape.output.dims();
    dims.extend(shape.into_iter().map(|dim| dim as i64));
    let device = network.placement().device;
    Tensor::f_full(dims.as_slice(), 0.5, (Kind::Float, device))
}

/// Processor seconds of this thread; where the system does not tell them, seconds.
fn now() -> f64 {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    let processor = sys::thread_cpu_secs();
    if processor > 0.0 {
        processor
    } else {
        BEGAN.elapsed().as_secs_f64()
    }
}
