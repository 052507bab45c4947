//! Small files written behind the window's back, so that no frame waits for a disk.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{settings::Settings, state::Said};
use crate::{
    data::{Dataset, Edits, Picture, dataset::display_path, edits, files},
    engine::Waker,
    export::{ExportError, charts},
    model::{ModelSpec, spec_file},
    train::{
        EpochRecord, Evaluation, Experiment, predictions,
        run_folder::history_csv,
        runs::several::{NamedHistory, histories_csv},
    },
    worker::Worker,
};

/// Small writes that must not hold up a frame.
pub enum FileTask {
    /// Remember the settings.
    Settings(Box<Settings>, PathBuf),
    /// Write a PNG file.
    Picture(Arc<Picture>, PathBuf),
    /// Write epochs as a table.
    History(Arc<[EpochRecord]>, PathBuf),
    /// Draw epochs and write a PNG file.
    Curves(Arc<[EpochRecord]>, PathBuf),
    /// Write the epochs of several runs as one table.
    Histories(Arc<[NamedHistory]>, PathBuf),
    /// Draw the epochs of several runs over each other and write a PNG file.
    CurvesOfRuns(Arc<[NamedHistory]>, PathBuf),
    /// Keep what the user changed about a dataset: the changes, the folder of sidecars, what was opened.
    Sidecar(Arc<Edits>, PathBuf, PathBuf),
    /// Write what the user changed about a dataset where they want it.
    Edits(Arc<Edits>, PathBuf),
    /// Write what was said about each image of a dataset as CSV.
    Predictions(Arc<Evaluation>, Arc<Dataset>, PathBuf),
    /// Write what was said about dropped and chosen images as CSV.
    Answers(Vec<Said>, PathBuf),
    /// Write the layers of a network where the user wants them.
    Layers(Box<ModelSpec>, PathBuf),
    /// Write what is to be trained and how.
    Experiment(Box<Experiment>, PathBuf),
    /// Append a line to the log file.
    Log(String, PathBuf),
}

/// Begins what is said when the log cannot be written.
pub const LOG_FAILED: &str = "The log cannot be written";

/// A file that the user asked for and has.
#[derive(Debug)]
pub struct Written {
    /// For "Saved … as".
    pub what: &'static str,
    /// Where it is.
    pub path: PathBuf,
}

impl FileTask {
    /// What the user asked for and waits to hear of; nothing when nobody asked.
    fn asked_for(&self) -> Option<Written> {
        let (what, path) = match self {
            Self::Picture(_, path) => ("the picture", path),
            Self::History(_, path) | Self::Histories(_, path) => ("the history", path),
            Self::Curves(_, path) | Self::CurvesOfRuns(_, path) => ("the curves", path),
            Self::Edits(_, path) => ("the changes", path),
            Self::Predictions(_, _, path) => ("the predictions", path),
            Self::Answers(_, path) => ("the answers", path),
            Self::Layers(_, path) => ("the layers", path),
            Self::Experiment(_, path) => ("the experiment", path),
            Self::Settings(..) | Self::Sidecar(..) | Self::Log(..) => return None,
        };
        let path = path.clone();
        Some(Written { what, path })
    }
}

/// What became of tasks: what the user has now, or what went wrong.
type Outcomes = crossbeam_channel::Receiver<Result<Written, String>>;

/// The thread that writes, and what became of it; `waker` is called when there is something to say.
///
/// # Errors
/// When the system cannot start a thread.
pub fn file_worker(waker: Waker) -> io::Result<(Worker<FileTask>, Outcomes)> {
    let (outcomes, receiver) = crossbeam_channel::unbounded();
    let worker = Worker::spawn("convscope-files", move |tasks| {
        for task in tasks {
            let task: FileTask = task;
            let asked_for = task.asked_for();
            let outcome = match task {
                FileTask::Settings(settings, path) => settings.save(&path),
                FileTask::Picture(picture, path) => save_picture(&picture, &path),
                FileTask::History(history, path) => save_table(history_csv(&history), &path),
                FileTask::Histories(runs, path) => save_table(histories_csv(&runs), &path),
                FileTask::Curves(history, path) => {
                    save_chart(charts::learning_curves(&history), &path)
                }
                FileTask::CurvesOfRuns(runs, path) => {
                    save_chart(charts::curves_of_runs(&runs), &path)
                }
                FileTask::Sidecar(edits, folder, opened) => {
                    let path = edits::sidecar(&folder, &opened);
                    edits.keep(&path).map_err(|error| error.to_string())
                }
                FileTask::Edits(edits, path) => {
                    edits.save(&path).map_err(|error| error.to_string())
                }
                FileTask::Predictions(evaluation, dataset, path) => {
                    save_predictions(&evaluation, &dataset, &path)
                }
                FileTask::Answers(said, path) => save_answers(&said, &path),
                FileTask::Layers(spec, path) => {
                    spec_file::save(&spec, &path).map_err(|error| error.to_string())
                }
                FileTask::Experiment(experiment, path) => save_experiment(&experiment, &path),
                FileTask::Log(line, path) => append_line(&line, &path),
            };
            let told = match outcome {
                Ok(()) => asked_for.map(Ok),
                Err(message) => Some(Err(message)),
            };
            if let Some(told) = told {
                // The window is gone when nobody listens.
                let _ = outcomes.send(told);
                waker();
            }
        }
    })?;
    Ok((worker, receiver))
}

fn save_picture(picture: &Picture, path: &Path) -> Result<(), String> {
    let bytes = crate::export::picture::png_bytes(picture).map_err(|error| error.to_string())?;
    files::write_atomically(path, &bytes).map_err(|error| {
        format!(
            "The picture cannot be saved to {}: {error}",
            display_path(path)
        )
    })
}

fn save_predictions(evaluation: &Evaluation, dataset: &Dataset, path: &Path) -> Result<(), String> {
    let csv = predictions::csv(evaluation, dataset);
    let written =
        csv.and_then(|csv| files::write_atomically(path, &csv).map_err(|error| error.to_string()));
    written.map_err(|error| {
        format!(
            "The predictions cannot be written to {}: {error}",
            display_path(path)
        )
    })
}

fn save_answers(said: &[Said], path: &Path) -> Result<(), String> {
    let written = answers_csv(said)
        .and_then(|csv| files::write_atomically(path, &csv).map_err(|error| error.to_string()));
    written.map_err(|error| {
        format!(
            "The answers cannot be written to {}: {error}",
            display_path(path)
        )
    })
}

fn answers_csv(said: &[Said]) -> Result<Vec<u8>, String> {
    let failed = |error: csv::Error| error.to_string();
    let mut table = csv::Writer::from_writer(Vec::new());
    table
        .write_record(["image", "class", "probability"])
        .map_err(failed)?;
    for said in said {
        let probability = said.probability.to_string();
        table
            .write_record([&said.name, &said.class, &probability])
            .map_err(failed)?;
    }
    table.into_inner().map_err(|error| error.to_string())
}

fn save_experiment(experiment: &Experiment, path: &Path) -> Result<(), String> {
    let text = experiment.to_ron().map_err(|error| error.to_string())?;
    files::write_atomically(path, text.as_bytes()).map_err(|error| {
        format!(
            "The experiment cannot be saved to {}: {error}",
            display_path(path)
        )
    })
}

fn save_chart(chart: Result<Picture, ExportError>, path: &Path) -> Result<(), String> {
    let picture = chart.map_err(|error| error.to_string())?;
    save_picture(&picture, path)
}

fn save_table(table: Result<Vec<u8>, String>, path: &Path) -> Result<(), String> {
    files::write_atomically(path, &table?).map_err(|error| {
        format!(
            "The history cannot be saved to {}: {error}",
            display_path(path)
        )
    })
}

fn append_line(line: &str, path: &Path) -> Result<(), String> {
    use io::Write as _;
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path);
    file.and_then(|mut file| writeln!(file, "{line}"))
        .map_err(|error| format!("{LOG_FAILED} to {}: {error}", display_path(path)))
}
