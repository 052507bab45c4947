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
const TIMED_STEPS: usize = 3;

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
            Precision::Auto => &[Precision::F32, Precision::Bf16],
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
                    seconds: step_seconds(spec, placement, config.batch_size, TIMED_STEPS)?,
                });
            }
        }
        let fastest = measured
            .iter()
            .min_by(|a, b| a.seconds.total_cmp(&b.seconds))
            .map(|fastest| (fastest.memory_format, fastest.precision));
        let (format, precision) = fastest.unwrap_or(ways[0]);
        Ok(Self {
            placement: placement(format, precision),
            measured,
        })
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
        format!("{precision}, {format}")
    }
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
