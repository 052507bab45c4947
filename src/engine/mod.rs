//! The engine: the threads that do all work, the commands they take and the events they send.
//!
//! Hold an [`EngineHandle`]; dropping it cancels what runs, stops the threads and joins them.

mod beginning;
mod control;
mod downloader;
mod ending;
mod evaluation;
mod events;
mod handle;
mod image_source;
mod inspector;
mod job;
mod kept_run;
mod latest;
mod loaded_model;
mod loader;
mod look;
mod prediction;
mod queue;
mod reader;
mod rehearsal;
mod runs;
mod similar;
#[cfg(test)]
mod tests;
mod threads;
mod trainer;
mod watchers;
mod web;

pub use downloader::Listed;
pub use evaluation::{EvaluateRequest, EvaluatedWeights};
pub use events::{Event, Level, Progress, TrainingOutcome};
pub use handle::{EngineHandle, Waker};
pub use image_source::ImageSource;
pub use inspector::{AugmentRequest, FeatureMapsRequest, MaximisePreview, MaximiseRequest};
pub use job::{JobId, JobKind};
pub use kept_run::KeptRun;
pub use loaded_model::{LoadedModel, ModelSource};
pub use loader::{ExamineRequest, ExamineSplit, Folders, OpenDataset, OpenRequest};
pub use look::{Found, Thing, look};
pub use prediction::Prediction;
pub use queue::EventReceiver;
pub use rehearsal::{EstimateRequest, FindRateRequest, Forecast};
pub use runs::RunFigures;
pub use similar::Similar;
pub use trainer::TrainRequest;

pub use crate::train::run_folder::EndStage;
