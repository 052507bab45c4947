//! Training: the experiment people describe, the loop that fits a network, and what it records.

pub mod checkpoint;
pub mod config;
pub mod early_stopping;
pub mod evaluate;
pub mod experiment;
pub mod features;
pub mod fit;
pub mod history;
pub mod loss;
pub mod metrics;
pub mod optimizers;
pub mod placement;
pub mod recipes;
pub mod run_folder;
pub mod runs;
pub mod schedule;
pub mod step;

pub use config::{Phase, TrainingConfig};
pub use evaluate::Evaluation;
pub use experiment::Experiment;
pub use history::{EpochRecord, StepRecord};
pub use metrics::ConfusionMatrix;
pub use optimizers::Optimizer;
