//! Training: the experiment people describe, the loop that fits a network, and what it records.

pub mod adam;
pub mod checkpoint;
pub mod evaluate;
pub mod experiment;
pub mod fit;
pub mod history;
pub mod loss;
pub mod metrics;
pub mod recipes;
pub mod run_folder;

pub use evaluate::Evaluation;
pub use experiment::{Experiment, TrainingConfig};
pub use history::{EpochRecord, StepRecord};
pub use metrics::ConfusionMatrix;
