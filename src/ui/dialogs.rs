//! Asking for a path: the system's dialog on its own thread, an in-app one where there is none, and a
//! field to type into.

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};
use eframe::egui::{self, Context};
use egui_file::{DialogType, FileDialog, State};

use crate::{data::sources::folder::IMAGE_ENDINGS, engine::Waker, worker::Worker};

/// What a path is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Open a folder of images.
    OpenDataset,
    /// Open a file that holds images: an archive, arrays, a list.
    OpenDatasetFile,
    /// Write what was changed about the dataset.
    ExportEdits,
    /// Open a model file.
    OpenModel,
    /// Open an experiment file.
    OpenExperiment,
    /// Write what is to be trained and how.
    SaveExperiment,
    /// Open a file of layers.
    ImportLayers,
    /// Write the layers.
    ExportLayers,
    /// Choose the initial weights of the chosen backbone.
    ChooseWeights,
    /// Write the model.
    SaveModel,
    /// Classify images.
    ChooseImages,
    /// Write a picture.
    SavePicture,
    /// Write what was said about each image.
    ExportPredictions,
    /// Write epochs as a table.
    SaveHistory,
    /// Write the curves of epochs as a picture.
    SaveCurves,
}

impl Purpose {
    /// The dialog's title.
    pub fn title(self) -> &'static str {
        match self {
            Self::OpenDataset => "Open dataset",
            Self::OpenDatasetFile => "Open dataset file",
            Self::ExportEdits => "Export changes",
            Self::OpenModel => "Open model",
            Self::OpenExperiment => "Open experiment",
            Self::SaveExperiment => "Save experiment",
            Self::ImportLayers => "Import layers",
            Self::ExportLayers => "Export layers",
            Self::ChooseWeights => "Choose weights",
            Self::SaveModel => "Save model",
            Self::ChooseImages => "Choose images",
            Self::SavePicture => "Save picture",
            Self::ExportPredictions => "Export predictions",
            Self::SaveHistory => "Save history",
            Self::SaveCurves => "Save curves",
        }
    }

    fn endings(self) -> &'static [&'static str] {
        match self {
            Self::OpenDataset => &[],
            Self::OpenDatasetFile => &["npz", "zip", "tar", "gz", "tgz", "csv", "tsv", "bin"],
            Self::ExportEdits => &["ron"],
            Self::OpenModel | Self::SaveModel => &["safetensors"],
            Self::OpenExperiment
            | Self::SaveExperiment
            | Self::ImportLayers
            | Self::ExportLayers => &["ron"],
            Self::ChooseWeights => &["pth", "pt", "safetensors"],
            Self::ChooseImages => &IMAGE_ENDINGS,
            Self::SavePicture | Self::SaveCurves => &["png"],
            Self::ExportPredictions | Self::SaveHistory => &["csv"],
        }
    }

    fn kind(self) -> DialogType {
        match self {
            Self::OpenDataset => DialogType::SelectFolder,
            Self::SaveModel
            | Self::SavePicture
            | Self::SaveHistory
            | Self::SaveCurves
            | Self::ExportEdits
            | Self::SaveExperiment
            | Self::ExportLayers
            | Self::ExportPredictions => DialogType::SaveFile,
            Self::OpenDatasetFile
            | Self::OpenModel
            | Self::OpenExperiment
            | Self::ImportLayers
            | Self::ChooseWeights
            | Self::ChooseImages => DialogType::OpenFile,
        }
    }

    fn default_name(self) -> &'static str {
        match self {
            Self::SaveModel => "model.safetensors",
            Self::SavePicture => "picture.png",
            Self::SaveHistory => "history.csv",
            Self::SaveCurves => "curves.png",
            Self::ExportEdits => "changes.ron",
            Self::ExportPredictions => "predictions.csv",
            Self::SaveExperiment => "experiment.ron",
            Self::ExportLayers => "layers.ron",
            _ => "",
        }
    }

    /// Adds the ending people expect to a name typed without one.
    fn with_ending(self, path: PathBuf) -> PathBuf {
        match (self.kind(), self.endings()) {
            (DialogType::SaveFile, [ending]) if path.extension().is_none() => {
                path.with_extension(ending)
            }
            _ => path,
        }
    }
}

/// Asks the user for paths. The window uses [`SystemPicker`]; tests answer themselves.
pub trait FilePicker {
    /// Begins to ask; a second question while one is open is ignored.
    fn ask(&mut self, purpose: Purpose);
    /// Draws what must be drawn and returns an answer when there is one; no paths means cancelled.
    fn poll(&mut self, context: &Context) -> Option<(Purpose, Vec<PathBuf>)>;
}

/// An answer faster than this came from no dialog: there is no portal, and the in-app picker opens.
const NO_DIALOG: Duration = Duration::from_millis(250);

/// The system's dialog, else one drawn in the window.
pub struct SystemPicker {
    worker: Worker<(Purpose, Sender<Vec<PathBuf>>)>,
    waiting: Option<(Purpose, Instant, Receiver<Vec<PathBuf>>)>,
    in_app: Option<(Purpose, FileDialog)>,
}

impl SystemPicker {
    /// Starts the thread that waits for the system's dialogs; `waker` is called when one closes.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    pub fn start(waker: Waker) -> io::Result<Self> {
        let worker = Worker::spawn(
            "convscope-dialogs",
            move |questions: Receiver<(Purpose, Sender<Vec<PathBuf>>)>| {
                for (purpose, answer) in questions {
                    // Nobody waits for the answer once the window is closed.
                    let _ = answer.send(system_dialog(purpose));
                    waker();
                }
            },
        )?;
        Ok(Self {
            worker,
            waiting: None,
            in_app: None,
        })
    }

    fn open_in_app(&mut self, purpose: Purpose) {
        let endings = purpose.endings();
        let accepts = move |path: &Path| {
            endings.is_empty()
                || path
                    .extension()
                    .and_then(|ending| ending.to_str())
                    .is_some_and(|ending| {
                        endings
                            .iter()
                            .any(|known| ending.eq_ignore_ascii_case(known))
                    })
        };
        let dialog = match purpose.kind() {
            DialogType::SelectFolder => FileDialog::select_folder(),
            DialogType::SaveFile => {
                FileDialog::save_file().default_filename(purpose.default_name())
            }
            DialogType::OpenFile => FileDialog::open_file().show_files_filter(Box::new(accepts)),
        };
        let mut dialog = dialog
            .title(purpose.title())
            .multi_select(purpose == Purpose::ChooseImages)
            .anchor(egui::Align2::CENTER_CENTER, egui::Vec2::ZERO)
            .resizable(false)
            .default_size([560.0, 360.0]);
        dialog.open();
        self.in_app = Some((purpose, dialog));
    }
}

impl FilePicker for SystemPicker {
    fn ask(&mut self, purpose: Purpose) {
        if self.waiting.is_some() || self.in_app.is_some() {
            return;
        }
        let (sender, receiver) = crossbeam_channel::bounded(1);
        self.worker.send((purpose, sender));
        self.waiting = Some((purpose, Instant::now(), receiver));
    }

    fn poll(&mut self, context: &Context) -> Option<(Purpose, Vec<PathBuf>)> {
        if let Some((purpose, asked, receiver)) = &self.waiting {
            let (purpose, asked) = (*purpose, *asked);
            let paths = receiver.try_recv().ok()?;
            self.waiting = None;
            if !paths.is_empty() {
                return Some((purpose, paths));
            }
            if asked.elapsed() < NO_DIALOG {
                self.open_in_app(purpose);
            }
        }
        let (purpose, dialog) = self.in_app.as_mut()?;
        let purpose = *purpose;
        match show(dialog, context) {
            State::Selected => {
                let mut paths: Vec<PathBuf> = dialog
                    .selection()
                    .into_iter()
                    .map(Path::to_path_buf)
                    .collect();
                if paths.is_empty() {
                    paths.extend(dialog.path().map(Path::to_path_buf));
                }
                self.in_app = None;
                Some((
                    purpose,
                    paths
                        .into_iter()
                        .map(|path| purpose.with_ending(path))
                        .collect(),
                ))
            }
            State::Open => None,
            State::Cancelled | State::Closed => {
                self.in_app = None;
                None
            }
        }
    }
}

/// Draws the in-app dialog. Its icon buttons are 23 points wide, which our padding would leave empty.
fn show(dialog: &mut FileDialog, context: &Context) -> State {
    let padding = context.global_style().spacing.button_padding;
    context.all_styles_mut(|style| style.spacing.button_padding = egui::vec2(4.0, padding.y));
    let state = dialog.show(context).state();
    context.all_styles_mut(|style| style.spacing.button_padding = padding);
    state
}

fn system_dialog(purpose: Purpose) -> Vec<PathBuf> {
    let mut dialog = rfd::FileDialog::new().set_title(purpose.title());
    if !purpose.endings().is_empty() {
        dialog = dialog.add_filter(purpose.title(), purpose.endings());
    }
    let one = |path: Option<PathBuf>| path.into_iter().collect();
    let paths: Vec<PathBuf> = match purpose.kind() {
        DialogType::SelectFolder => one(dialog.pick_folder()),
        DialogType::SaveFile => one(dialog.set_file_name(purpose.default_name()).save_file()),
        DialogType::OpenFile if purpose == Purpose::ChooseImages => {
            dialog.pick_files().unwrap_or_default()
        }
        DialogType::OpenFile => one(dialog.pick_file()),
    };
    paths
        .into_iter()
        .map(|path| purpose.with_ending(path))
        .collect()
}
