//! How a network computes: memory format and precision. Where that is left open it is decided once for each machine
//! and network, by a short measurement, and kept: another way of computing gives other numbers, and a run must be
//! the same whatever else the machine does.

mod kept;
mod measure;
mod processor;

use std::{collections::BTreeSet, path::Path, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    config::{MemoryFormat, Precision, TrainingConfig},
    features,
    fit::{FitError, Quiet, Watchers, boundaries},
};
use crate::{
    cancel::CancelToken,
    data::augment::AugmentationConfig,
    model::{ModelSpec, Network, Node, graph, network::Placement},
};
use kept::Identity;
pub use measure::made_up_input;

/// How a run computes, and why.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Where and how.
    pub placement: Placement,
    /// What was measured; empty when nothing was left to choose.
    pub measured: Vec<Measurement>,
}

/// Time of one step in one way of computing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// How maps lay in memory.
    pub memory_format: MemoryFormat,
    /// How exactly products were computed.
    pub precision: Precision,
    /// Processor seconds of a training step on one thread, of each phase one where they differ.
    pub seconds: f64,
}

/// What the steps of a phase run: nodes from `start` on, of which those from `trained_from` on are trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Step {
    start: usize,
    trained_from: usize,
}

/// A way of computing.
type Way = (MemoryFormat, Precision);

/// Images of a timed step at most: ratios of times hardly depend on it.
const TIMED_IMAGES: usize = 16;
/// A way of computing must be so many times faster than the first one to replace it, so that noise does not decide and
/// no digits are given up for little: with AMX bfloat16 is two to three times faster, without it hardly or not at all.
const CLEARLY_FASTER: f64 = 1.5;

impl Chosen {
    /// What the settings say. Where they say `Auto`, what is kept in the folder `choices` for this machine and run
    /// or, the first time, what a measurement finds.
    ///
    /// # Errors
    /// When the run is stopped or libtorch refuses.
    pub fn decide(
        spec: &Arc<ModelSpec>,
        (config, augmentation): (&TrainingConfig, &AugmentationConfig),
        choices: Option<&Path>,
        observer: &mut Watchers<'_>,
    ) -> Result<Self, FitError> {
        let ways = ways(config);
        if let [(format, precision)] = ways[..] {
            return Ok(Self::again(placement(format, precision)));
        }
        let steps = steps(&graph::nodes(spec)?, config, augmentation)?;
        let batch = config.batch_size.min(TIMED_IMAGES);
        let identity = Identity::new(spec, &steps, batch);
        let kept = choices.and_then(|folder| identity.load(folder, &ways));
        let measured = match kept {
            Some(kept) => kept,
            None => {
                let measured = measure::measure(spec, &ways, &steps, batch, observer)?;
                match choices.map(|folder| identity.keep(folder, &ways, &measured)) {
                    None => measured,
                    Some(Ok(agreed)) => agreed,
                    Some(Err(words)) => {
                        observer.note(words);
                        measured
                    }
                }
            }
        };
        let (format, precision) = fastest(&measured).unwrap_or(ways[0]);
        Ok(Self {
            placement: placement(format, precision),
            measured,
        })
    }

    /// As an earlier sitting of the run computed.
    pub fn again(placement: Placement) -> Self {
        Self {
            placement,
            measured: Vec::new(),
        }
    }

    /// How it computes, in words.
    pub fn words(&self) -> String {
        let precision = |is_bf16: bool| if is_bf16 { "bfloat16" } else { "f32" };
        let format = if self.placement.channels_last {
            "channels last"
        } else {
            "contiguous"
        };
        let words = format!("{}, {format}", precision(self.placement.bf16));
        let ways = self.measured.iter().map(|way| {
            let precision = precision(way.precision == Precision::Bf16);
            format!("{precision} {:.1} ms", way.seconds * 1e3)
        });
        match ways.collect::<Vec<_>>().join(", ") {
            ways if ways.is_empty() => words,
            ways => format!("{words} (measured: {ways})"),
        }
    }
}

/// A new network that computes in the way that is kept in the folder `choices`, or chosen now: for work beside a run, which
/// `cancel` ends.
///
/// # Errors
/// When the network cannot be built, the work is cancelled or libtorch refuses.
pub fn network(
    spec: &ModelSpec,
    config: &TrainingConfig,
    augmentation: &AugmentationConfig,
    choices: &Path,
    cancel: &CancelToken,
) -> Result<Network, FitError> {
    let spec = Arc::new(spec.clone());
    let mut quiet = Quiet(cancel);
    let mut watchers = Watchers::new(vec![&mut quiet]);
    let chosen = Chosen::decide(&spec, (config, augmentation), Some(choices), &mut watchers)?;
    Ok(Network::new(spec, config.seed, chosen.placement)?)
}

/// What is left to choose from; the first is taken unless another is clearly faster.
fn ways(config: &TrainingConfig) -> Vec<Way> {
    let formats: &[MemoryFormat] = match config.memory_format {
        MemoryFormat::Auto => &[MemoryFormat::ChannelsLast, MemoryFormat::Contiguous],
        MemoryFormat::ChannelsLast => &[MemoryFormat::ChannelsLast],
        MemoryFormat::Contiguous => &[MemoryFormat::Contiguous],
    };
    let precisions: &[Precision] = match config.precision {
        Precision::Auto if processor::multiplies_bf16() => &[Precision::F32, Precision::Bf16],
        Precision::Auto | Precision::F32 => &[Precision::F32],
        Precision::Bf16 => &[Precision::Bf16],
    };
    let pairs = |format: &MemoryFormat| {
        let format = *format;
        precisions.iter().map(move |precision| (format, *precision))
    };
    formats.iter().flat_map(pairs).collect()
}

/// What the phases run, each thing once.
fn steps(
    nodes: &[Node],
    config: &TrainingConfig,
    augmentation: &AugmentationConfig,
) -> Result<Vec<Step>, FitError> {
    let step = |trained_from| Step {
        // Without images: for how many the output of frozen layers is kept must not change the numbers.
        start: features::training_start(nodes, trained_from, augmentation),
        trained_from,
    };
    let steps: BTreeSet<Step> = boundaries(nodes, config)?.into_iter().map(step).collect();
    Ok(steps.into_iter().collect())
}

/// The fastest way, if it is clearly faster than the first one; the first one otherwise.
fn fastest(measured: &[Measurement]) -> Option<Way> {
    let first = measured.first()?;
    let best = measured
        .iter()
        .min_by(|a, b| a.seconds.total_cmp(&b.seconds))?;
    let chosen = if best.seconds * CLEARLY_FASTER < first.seconds {
        best
    } else {
        first
    };
    Some((chosen.memory_format, chosen.precision))
}

fn placement(format: MemoryFormat, precision: Precision) -> Placement {
    Placement {
        channels_last: format != MemoryFormat::Contiguous,
        bf16: precision == Precision::Bf16,
        ..Placement::default()
    }
}

#[cfg(test)]
mod tests;
