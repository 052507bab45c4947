//! How a network is fitted: batches, phases and what watches over them. Plain data.

use serde::{Deserialize, Serialize};

use super::{early_stopping::EarlyStopping, optimizers::Optimizer, schedule::Schedule};
use crate::data::stats::ClassWeights;

/// How a network is fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// What happens one after the other; at least one.
    pub phases: Vec<Phase>,
    /// Images per step.
    pub batch_size: usize,
    /// Whether a last batch that is smaller than the others is left out.
    #[serde(default)]
    pub drop_last: bool,
    /// Decides initial weights, the order of images, dropout and augmentation.
    pub seed: u64,
    /// How much a mistake counts in the loss, by class: in training and in the validation loss beside it. Judging a
    /// model stays unweighted, so that models can be compared.
    #[serde(default)]
    pub class_weights: ClassWeights,
    /// Share of each target that is spread over all classes, 0 to below 1 (Szegedy et al. 2016); where class weights
    /// count.
    #[serde(default)]
    pub label_smoothing: f64,
    /// Gradients are scaled down to this Euclidean norm over all weights; `None` leaves them.
    #[serde(default)]
    pub clip_norm: Option<f64>,
    /// When a phase ends before its epochs are done; `None` never.
    #[serde(default)]
    pub early_stopping: Option<EarlyStopping>,
    /// CPU threads for libtorch; `None`: all cores less what the window needs.
    #[serde(default)]
    pub threads: Option<usize>,
    /// How feature maps lie in memory.
    #[serde(default)]
    pub memory_format: MemoryFormat,
    /// How exactly products are computed.
    #[serde(default)]
    pub precision: Precision,
}

/// Epochs with one optimizer and one boundary between frozen and trained layers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// What people call it.
    #[serde(default = "training")]
    pub name: String,
    /// Times the training part is gone through.
    pub epochs: usize,
    /// How weights move.
    pub optimizer: Optimizer,
    /// How the learning rate changes.
    #[serde(default)]
    pub schedule: Schedule,
    /// Name of the first layer, or node of a backbone (`base.features.14`), that is trained; what stands
    /// before it is frozen. `None` trains everything.
    #[serde(default)]
    pub trainable_from: Option<String>,
}

fn training() -> String {
    "training".to_owned()
}

/// How feature maps lie in memory; the numbers are the same up to rounding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemoryFormat {
    /// Whichever a short measurement finds faster, once for each machine and network.
    Auto,
    /// Channels beside each other: 1.3–1.4 times faster on every CPU tried, so nothing is measured by default.
    #[default]
    ChannelsLast,
    /// Rows beside each other: PyTorch's default.
    Contiguous,
}

/// How exactly convolutions and dense layers are computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Precision {
    /// In f32: 24 significant bits.
    F32,
    /// While training in bfloat16: 8 significant bits; weights, validation and everything else stay f32. Two to three times faster where
    /// the processor has AMX, slower elsewhere.
    Bf16,
    /// bfloat16 where a short measurement, once for each machine and network, finds it clearly faster, else f32; the run
    /// says which.
    #[default]
    Auto,
}

impl TrainingConfig {
    /// Epochs of all phases.
    pub fn epochs(&self) -> usize {
        self.phases.iter().map(|phase| phase.epochs).sum()
    }

    /// Gives every phase this many epochs.
    pub fn set_epochs(&mut self, epochs: usize) {
        for phase in &mut self.phases {
            phase.epochs = epochs;
        }
    }

    /// Images that a training epoch goes through when there are `images`.
    pub fn images_per_epoch(&self, images: usize) -> usize {
        self.steps_per_epoch(images)
            .saturating_mul(self.batch_size)
            .min(images)
    }

    /// Steps of an epoch over `images` training images.
    pub fn steps_per_epoch(&self, images: usize) -> usize {
        if self.drop_last && images >= self.batch_size {
            images / self.batch_size.max(1)
        } else {
            images.div_ceil(self.batch_size.max(1))
        }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// The first setting out of range, with the range.
    pub fn check(&self) -> Result<(), String> {
        let bad = Err::<(), String>;
        if self.phases.is_empty() {
            return bad("there is no phase: add one with at least 1 epoch".into());
        }
        if self.batch_size == 0 {
            return bad("batch size is 0: use at least 1 image per step".into());
        }
        if self.threads == Some(0) {
            return bad("threads is 0: use at least 1".into());
        }
        if !(0.0..1.0).contains(&self.label_smoothing) {
            let smoothing = self.label_smoothing;
            return bad(format!(
                "label smoothing is {smoothing}: use a value from 0 to below 1"
            ));
        }
        if let Some(norm) = self.clip_norm
            && !(norm > 0.0 && norm.is_finite())
        {
            return bad(format!(
                "the largest gradient norm is {norm}: use a number above 0, such as 1"
            ));
        }
        for phase in &self.phases {
            if phase.epochs == 0 {
                return bad(format!(
                    "phase {} has 0 epochs: train for at least 1",
                    phase.name
                ));
            }
            phase.optimizer.check()?;
            phase.schedule.check()?;
        }
        self.early_stopping
            .map_or(Ok(()), |stopping| stopping.check())
    }
}
