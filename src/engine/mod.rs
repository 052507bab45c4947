//! The engine: the lanes that do all work, the tasks they take and the events they send.
//!
//! Hold an [`EngineHandle`]; dropping it cancels what runs, stops the threads and joins them.

mod answer;
mod beginning;
mod control;
mod downloader;
mod ending;
mod evaluation;
mod events;
mod files;
mod folders;
mod handle;
mod image_source;
mod inspector;
mod job;
mod kept_run;
mod latest;
mod loaded_model;
mod loader;
mod look;
mod open_dataset;
mod prediction;
mod queue;
mod reader;
mod rehearsal;
mod runs;
mod similar;
mod slot;
mod task;
#[cfg(test)]
mod tests;
mod trainer;
mod watchers;

pub use answer::{Answer, JobId, Kind, Progress};
pub use downloader::{Download, ListDatasets, Listed};
pub use evaluation::{EvaluateRequest, Evaluated, EvaluatedWeights, Judged};
pub use events::{DataEvent, Event, JobEvent, Level, RunBegan, RunEvent, TrainingOutcome};
pub use files::Save;
pub use folders::Folders;
pub use handle::EngineHandle;
pub use image_source::ImageSource;
pub use inspector::{At, Inspect, LoadModel, ReadModel};
pub use kept_run::KeptRun;
pub use loaded_model::{LoadedModel, ModelSource};
pub use loader::{ExamineRequest, Examined, MeasureChannels, OpenRequest, Prepare};
pub use look::{Found, Look, Thing, look};
pub use open_dataset::{OpenDataset, no_part};
pub use prediction::{Predict, Predicted, Prediction};
pub use queue::{EventReceiver, Waker};
pub use reader::{
    Divide, Divided, ExamineWeights, LargeImage, ListRecipes, LoadExperiment, LoadImage, LoadSpec,
};
pub use rehearsal::{EstimateRequest, FindRateRequest, Forecast};
pub use runs::{DescribeRun, DiscardRuns, ListRuns, ReadRun, RunFigures};
pub use similar::{FindSimilar, Similar};
pub use slot::Slot;
pub use task::{Door, Task};
pub use trainer::{TrainRequest, Trained};

pub use crate::train::run_folder::EndStage;
