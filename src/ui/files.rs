//! Small files written behind the window's back, so that no frame waits for a disk.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::settings::Settings;
use crate::{
    data::{Dataset, Edits, Picture, dataset::display_path, edits, files},
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
    /// Write the layers of a network where the user wants them.
    Layers(Box<ModelSpec>, PathBuf),
    /// Write what is to be trained and how.
    Experiment(Box<Experiment>, PathBuf),
    /// Append a line to the log file.
    Log(String, PathBuf),
}

/// The thread that writes, and what went wrong there.
///
/// # Errors
/// When the system cannot start a thread.
pub fn file_worker() -> io::Result<(Worker<FileTask>, crossbeam_channel::Receiver<String>)> {
    let (errors, receiver) = crossbeam_channel::unbounded();
    let worker = Worker::spawn("convscope-files", move |tasks| {
        for task in tasks {
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
                FileTask::Layers(spec, path) => {
                    spec_file::save(&spec, &path).map_err(|error| error.to_string())
                }
                FileTask::Experiment(experiment, path) => save_experiment(&experiment, &path),
                FileTask::Log(line, path) => append_line(&line, &path),
            };
            if let Err(message) = outcome {
                // The window is gone when nobody listens.
                let _ = errors.send(message);
            }
        }
    })?;
    Ok((worker, receiver))
}

fn save_picture(picture: &Picture, path: &Path) -> Result<(), String> {
    let bytes = crate::export::run_report::png_bytes(picture).map_err(|error| error.to_string())?;
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
        .map_err(|error| {
            format!(
                "The log cannot be written to {}: {error}",
                display_path(path)
            )
        })
}
