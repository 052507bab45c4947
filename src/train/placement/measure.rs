//! Times the steps of a run in several ways of computing, so that the answer does not depend on what else the machine
//! does: processor time of one thread, the ways in turn.

use std::{
    sync::{Arc, LazyLock},
    time::Instant,
};

use tch::{Kind, TchError, Tensor};

use super::{CLEARLY_FASTER, Measurement, Step, Way, placement};
use crate::{
    model::{
        ModelSpec, Network,
        network::{Mode, NetworkError},
    },
    sys,
    train::{
        fit::{FitError, Threads, Watchers},
        step::folded,
    },
};

/// Rounds in which each way has its turn: so many at least and at most, and fewer than that once it is clear which way is
/// faster.
const FEWEST_ROUNDS: usize = 5;
const CLEAR_ROUNDS: usize = 9;
const MOST_ROUNDS: usize = 31;
/// Farther than this factor from the limit between two ways it is clear on which side of it one is.
const MARGIN: f64 = 1.2;
/// Seconds of one turn at least: many short steps, so that a clock's tick and an interruption are small beside it.
const TURN: f64 = 0.01;
/// After so many seconds no further round begins.
const BUDGET: f64 = 4.0;

/// The times of `ways` for `steps` on `batch` images. Random numbers of training do not depend on it, since each step
/// seeds them anew.
pub fn measure(
    spec: &Arc<ModelSpec>,
    ways: &[Way],
    steps: &[Step],
    batch: usize,
    observer: &mut Watchers<'_>,
) -> Result<Vec<Measurement>, FitError> {
    // Others that wait for a busy thread spin, and their time says nothing.
    let _one_thread = Threads::set(1);
    let mut all = vec![0.0; ways.len()];
    for step in steps {
        let of_step = step_secs(spec, ways, *step, batch, observer)?;
        for (sum, secs) in all.iter_mut().zip(of_step) {
            *sum += secs;
        }
    }
    let measured = ways.iter().zip(all);
    let measured = measured.map(|(&(memory_format, precision), seconds)| Measurement {
        memory_format,
        precision,
        seconds,
    });
    Ok(measured.collect())
}

/// Seconds of `step` in each way: of the first the least, of each other what it is of the first in the same round, in
/// the median. A neighbour that uses the same core or cache slows both turns of a round down.
fn step_secs(
    spec: &Arc<ModelSpec>,
    ways: &[Way],
    step: Step,
    batch: usize,
    observer: &mut Watchers<'_>,
) -> Result<Vec<f64>, FitError> {
    let build = |&(format, precision): &Way| -> Result<Network, NetworkError> {
        let mut network = Network::new(Arc::clone(spec), 0, placement(format, precision))?;
        network.set_trainable_from(step.trained_from)?;
        Ok(folded(&network)?.unwrap_or(network))
    };
    let networks = ways
        .iter()
        .map(build)
        .collect::<Result<Vec<Network>, _>>()?;
    let mut turn = |network: &Network, times: usize| -> Result<f64, FitError> {
        observer.pulse()?;
        let start = now();
        for _ in 0..times {
            run(network, step, batch).map_err(NetworkError::from)?;
        }
        Ok((now() - start) / times as f64)
    };
    // The first turn warms up.
    let mut shortest = f64::INFINITY;
    for network in &networks {
        turn(network, 1)?;
        shortest = shortest.min(turn(network, 1)?);
    }
    let times = (TURN / shortest.max(1e-6)).ceil() as usize;
    let mut rounds: Vec<Vec<f64>> = Vec::new();
    let began = now();
    loop {
        let round = networks.iter().map(|network| turn(network, times));
        rounds.push(round.collect::<Result<_, _>>()?);
        let is_over = match rounds.len() {
            ..FEWEST_ROUNDS => false,
            MOST_ROUNDS.. => true,
            done => now() - began > BUDGET || done >= CLEAR_ROUNDS && is_clear(&rounds),
        };
        if is_over {
            return Ok(seconds(&rounds));
        }
    }
}

/// Whether further rounds would not move a way across the limit.
fn is_clear(rounds: &[Vec<f64>]) -> bool {
    let secs = seconds(rounds);
    secs.iter().skip(1).all(|other| {
        let speedup = secs[0] / other;
        speedup * MARGIN < CLEARLY_FASTER || speedup > CLEARLY_FASTER * MARGIN
    })
}

/// See [`step_secs`]; each round has a time for each way.
fn seconds(rounds: &[Vec<f64>]) -> Vec<f64> {
    let least = rounds.iter().map(|round| round[0]);
    let least = least.fold(f64::INFINITY, f64::min);
    let ways = 0..rounds.first().map_or(0, Vec::len);
    let share = |way: usize| {
        let mut shares: Vec<f64> = rounds.iter().map(|round| round[way] / round[0]).collect();
        shares.sort_by(f64::total_cmp);
        shares[shares.len() / 2]
    };
    ways.map(|way| least * share(way)).collect()
}

/// Forward and backward, as a step of training does; the optimizer takes as long in each way.
fn run(network: &Network, step: Step, batch: usize) -> Result<(), TchError> {
    let input = made_up_input(network, step.start, batch)?;
    let end = network.nodes().len();
    let logits = network.forward_between(&input, Mode::Train, (step.start, end), None)?;
    let loss: Tensor = logits.f_square()?.f_mean(Kind::Float)?;
    network.zero_gradients();

    // A phase that trains nothing is refused later, with a sentence.
    if loss.requires_grad() {
        loss.f_backward()
    } else {
        Ok(())
    }
}

/// What node `start` gets for `batch` images, all of them grey.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_else_the_machine_does_moves_the_answer_little() {
        // Twice as fast. In some rounds a neighbour slows both down, in one it slows one of them, once it is away.
        let rounds: Vec<Vec<f64>> = [(1.0, 1.0), (1.6, 1.6), (1.5, 1.5), (1.0, 2.2), (1.6, 1.0)]
            .map(|(first, second)| vec![0.3 * first, 0.15 * second])
            .to_vec();
        let secs = seconds(&rounds);
        assert!(
            (secs[0] - 0.3).abs() < 1e-12 && (secs[1] - 0.15).abs() < 1e-12,
            "{secs:?}"
        );
        assert!(is_clear(&rounds));
        let near = [vec![0.3, 0.21], vec![0.3, 0.19]];
        assert!(!is_clear(&near));
    }
}
