//! Training: the experiment people describe, the loop that fits a network, and what it records.

pub mod answers;
pub mod checkpoint;
pub mod choices;
pub mod config;
pub mod cross_table;
pub mod data_report;
pub mod dataset_reference;
pub mod dead_units;
pub mod early_stopping;
pub mod estimate;
pub mod evaluate;
pub mod experiment;
pub mod features;
pub mod fit;
pub mod free_memory;
pub mod health;
pub mod history;
pub mod kept_split;
#[cfg(test)]
mod known_tests;
pub mod loss;
pub mod lr_finder;
pub mod memory;
pub mod metrics;
mod old_experiments;
pub mod optimizers;
pub mod placement;
pub mod predictions;

pub mod recipes;
pub mod report;
#[cfg(test)]
mod residual_tests;
pub mod run_folder;
mod run_result;
mod run_tables;
pub mod run_times;
pub mod runs;
pub mod saver;
pub mod schedule;
#[cfg(test)]
mod scikit_learn_tests;
pub mod setting_words;
pub mod single_values;
pub mod step;

pub use config::{Phase, TrainingConfig};
pub use cross_table::CrossTable;
pub use data_report::DataReport;
pub use evaluate::Evaluation;
pub use experiment::Experiment;
pub use history::{EpochRecord, StepRecord};
pub use metrics::{Confusion, ConfusionMatrix};
pub use optimizers::Optimizer;
pub use report::ClassificationReport;
