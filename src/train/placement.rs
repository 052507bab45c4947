//! How a network computes: memory format and precision, chosen by a short measurement where that is asked for.

use std::{sync::Arc, time::Instant};

use serde::{Deserialize, Serialize};
use tch::{Kind, TchError, Tensor};

use super::{
    config::{MemoryFormat, Precision, TrainingConfig},
    fit::{FitError, Observer, pulse},
};
use crate::model::{
    ModelSpec, Network,
    network::{Mode, NetworkError, Placement},
};

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
    /// Seconds per training step, the fastest of several.
    pub seconds: f64,
}

/// Steps that are timed after one that is not.
const TIMED_STEPS: usize = 2;
/// Images of a timed step at most: ratios of times hardly depend on it.
const TIMED_IMAGES: usize = 16;
/// A way of computing must be so many times faster than the first one to replace it, so that noise does not decide:
/// with AMX bfloat16 is two to three times faster, without it hardly or not at all.
const CLEARLY_FASTER: f64 = 1.5;

impl Chosen {
    /// What `config` says; where it says `Auto`, a few steps on random images are timed in each way and the
    /// fastest wins.
    ///
    /// # Errors
    /// When the run is stopped or libtorch refuses.
    pub fn measure(
        spec: &Arc<ModelSpec>,
        config: &TrainingConfig,
        observer: &mut dyn Observer,
    ) -> Result<Self, FitError> {
        let formats: &[MemoryFormat] = match config.memory_format {
            MemoryFormat::Auto => &[MemoryFormat::ChannelsLast, MemoryFormat::Contiguous],
            MemoryFormat::ChannelsLast => &[MemoryFormat::ChannelsLast],
            MemoryFormat::Contiguous => &[MemoryFormat::Contiguous],
        };
        let precisions: &[Precision] = match config.precision {
            Precision::Auto if multiplies_bf16() => &[Precision::F32, Precision::Bf16],
            Precision::Auto => &[Precision::F32],
            Precision::F32 => &[Precision::F32],
            Precision::Bf16 => &[Precision::Bf16],
        };
        let ways: Vec<(MemoryFormat, Precision)> = formats
            .iter()
            .flat_map(|format| {
                precisions
                    .iter()
                    .map(move |precision| (*format, *precision))
            })
            .collect();
        let mut measured = Vec::new();
        if ways.len() > 1 {
            for (memory_format, precision) in &ways {
                pulse(observer)?;
                let placement = placement(*memory_format, *precision);
                measured.push(Measurement {
                    memory_format: *memory_format,
                    precision: *precision,
                    seconds: step_seconds(
                        spec,
                        placement,
                        config.batch_size.min(TIMED_IMAGES),
                        TIMED_STEPS,
                    )?,
                });
            }
        }
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
        let precision = if self.placement.bf16 {
            "bfloat16"
        } else {
            "f32"
        };
        let format = if self.placement.channels_last {
            "channels last"
        } else {
            "contiguous"
        };
        let words = format!("{precision}, {format}");
        let ways: Vec<String> = self
            .measured
            .iter()
            .map(|way| {
                let precision = if way.precision == Precision::Bf16 {
                    "bfloat16"
                } else {
                    "f32"
                };
                format!("{precision} {:.1} ms", way.seconds * 1e3)
            })
            .collect();
        if ways.is_empty() {
            words
        } else {
            format!("{words} (measured: {})", ways.join(", "))
        }
    }
}

/// The fastest way, if it is clearly faster than the first one; the first one otherwise.
fn fastest(measured: &[Measurement]) -> Option<(MemoryFormat, Precision)> {
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

/// Whether the processor multiplies bfloat16 itself; elsewhere it is slower than f32 and need not be timed.
fn multiplies_bf16() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx512bf16");
    #[cfg(not(target_arch = "x86_64"))]
    return true;
}

fn placement(format: MemoryFormat, precision: Precision) -> Placement {
    Placement {
        channels_last: format != MemoryFormat::Contiguous,
        bf16: precision == Precision::Bf16,
        ..Placement::default()
    }
}

/// Seconds of the fastest of `steps` training steps on random images, after one that is not counted. Random
/// numbers of training do not depend on it, since each step seeds them anew.
///
/// # Errors
/// When the network cannot be built or libtorch refuses.
pub fn step_seconds(
    spec: &Arc<ModelSpec>,
    placement: Placement,
    batch_size: usize,
    steps: usize,
) -> Result<f64, NetworkError> {
    let network = Network::new(Arc::clone(spec), 0, placement)?;
    let bytes = vec![127; batch_size * spec.input.format().row_bytes()];
    let mut fastest = f64::INFINITY;
    for step in 0..=steps {
        let start = Instant::now();
        let run = || -> Result<(), TchError> {
            let logits = network.forward(&network.input(&bytes)?, Mode::Train)?;
            let loss: Tensor = logits.f_square()?.f_mean(Kind::Float)?;
            loss.f_backward()
        };
        run()?;
        if step > 0 {
            fastest = fastest.min(start.elapsed().as_secs_f64());
        }
    }
    Ok(fastest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_clearly_faster_replaces_f32() {
        let way = |precision, seconds| Measurement {
            memory_format: MemoryFormat::ChannelsLast,
            precision,
            seconds,
        };
        for (why, bf16_seconds, expected) in [
            ("three times faster", 0.1, Precision::Bf16),
            ("within the noise", 0.25, Precision::F32),
            ("slower", 0.9, Precision::F32),
        ] {
            let measured = [way(Precision::F32, 0.3), way(Precision::Bf16, bf16_seconds)];
            let chosen = fastest(&measured).map(|(_, precision)| precision);
            assert_eq!(chosen, Some(expected), "{why}");
        }
        assert_eq!(fastest(&[]), None);
    }
}
