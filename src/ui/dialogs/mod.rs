//! Asking for a path: the system's dialog where there surely is one, else one drawn in the window, which always comes.

mod browser;
mod browsing;
mod folders;
mod rows;
mod system;

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use eframe::egui::{Align2, Area, Context, Frame, Id, Order, vec2};

use crate::{data::sources::folder::IMAGE_ENDINGS, engine::Waker};
use browser::Browser;
use folders::Folders;
use system::{System, SystemAnswer, Waiting};

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
    /// Write what was said about dropped and chosen images.
    ExportAnswers,
    /// Write epochs as a table.
    SaveHistory,
    /// Write the curves of epochs as a picture.
    SaveCurves,
}

/// What a dialog chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A folder that is there.
    Folder,
    /// A file that is there.
    File,
    /// Several files that are there.
    Files,
    /// A file to write.
    Save,
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
            Self::ExportAnswers => "Export answers",
            Self::SaveHistory => "Save history",
            Self::SaveCurves => "Save curves",
        }
    }

    /// What is chosen among, for people: `models (.safetensors)`.
    fn filter_words(self) -> &'static str {
        match self {
            Self::OpenDataset => "folders",
            Self::OpenDatasetFile => "archives, arrays and lists",
            Self::OpenModel | Self::SaveModel => "models (.safetensors)",
            Self::OpenExperiment | Self::SaveExperiment => "experiments (.ron)",
            Self::ImportLayers | Self::ExportLayers => "layers (.ron)",
            Self::ExportEdits => "changes (.ron)",
            Self::ChooseWeights => "weights (.pth, .pt, .safetensors)",
            Self::ChooseImages => "images",
            Self::SavePicture | Self::SaveCurves => "pictures (.png)",
            Self::ExportPredictions | Self::ExportAnswers | Self::SaveHistory => "tables (.csv)",
        }
    }

    fn endings(self) -> &'static [&'static str] {
        match self {
            Self::OpenDataset => &[],
            Self::OpenDatasetFile => &["npz", "zip", "tar", "gz", "tgz", "csv", "tsv", "bin"],
            Self::ExportEdits
            | Self::OpenExperiment
            | Self::SaveExperiment
            | Self::ImportLayers
            | Self::ExportLayers => &["ron"],
            Self::OpenModel | Self::SaveModel => &["safetensors"],
            Self::ChooseWeights => &["pth", "pt", "safetensors"],
            Self::ChooseImages => &IMAGE_ENDINGS,
            Self::SavePicture | Self::SaveCurves => &["png"],
            Self::ExportPredictions | Self::ExportAnswers | Self::SaveHistory => &["csv"],
        }
    }

    /// Whether a file of this name is one of those that are looked for.
    fn accepts(self, name: &Path) -> bool {
        let ending = name.extension().and_then(|ending| ending.to_str());
        let known = |ending: &str| {
            let mut known = self.endings().iter();
            known.any(|known| ending.eq_ignore_ascii_case(known))
        };
        ending.is_some_and(known)
    }

    fn kind(self) -> Kind {
        match self {
            Self::OpenDataset => Kind::Folder,
            Self::ChooseImages => Kind::Files,
            Self::SaveModel
            | Self::SavePicture
            | Self::SaveHistory
            | Self::SaveCurves
            | Self::ExportEdits
            | Self::SaveExperiment
            | Self::ExportLayers
            | Self::ExportAnswers
            | Self::ExportPredictions => Kind::Save,
            Self::OpenDatasetFile
            | Self::OpenModel
            | Self::OpenExperiment
            | Self::ImportLayers
            | Self::ChooseWeights => Kind::File,
        }
    }

    /// What is kept where, as settings name it: purposes of one place share their last folder.
    pub fn place(self) -> &'static str {
        match self {
            Self::OpenDataset | Self::OpenDatasetFile => "datasets",
            Self::OpenModel | Self::SaveModel => "models",
            Self::OpenExperiment
            | Self::SaveExperiment
            | Self::ImportLayers
            | Self::ExportLayers
            | Self::ExportEdits => "experiments",
            Self::ChooseWeights => "weights",
            Self::ChooseImages => "images",
            Self::SavePicture
            | Self::SaveCurves
            | Self::ExportPredictions
            | Self::ExportAnswers
            | Self::SaveHistory => "figures",
        }
    }

    /// The folder to remember for [`Self::place`] when `path` was chosen.
    pub fn folder_of(self, path: &Path) -> Option<PathBuf> {
        // The next dataset stands beside this one.
        path.parent().map(Path::to_path_buf)
    }

    /// Adds the ending people expect to a name typed without one, and takes away a second one: who types a whole name
    /// over the proposed one finds its ending behind theirs.
    fn with_ending(self, path: PathBuf) -> PathBuf {
        let stem = path.file_stem().map(Path::new);
        let is_doubled = self.accepts(&path) && stem.is_some_and(|stem| self.accepts(stem));
        match (self.kind(), self.endings()) {
            (Kind::Save, _) if is_doubled => path.with_extension(""),
            // `net.v2` is a name, not a file of another kind.
            (Kind::Save, [ending]) if !self.accepts(&path) => {
                let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
                name.push(".");
                name.push(ending);
                path.with_file_name(name)
            }
            _ => path,
        }
    }
}

/// A question for a path.
#[derive(Debug, Clone)]
pub struct Question {
    /// What for.
    pub purpose: Purpose,
    /// Where to begin; the user's own folder when it is not there.
    pub folder: Option<PathBuf>,
    /// The name that is proposed for what is written, without ending.
    pub name: String,
    /// Folders that may be of use: what they are called, and where.
    pub places: Vec<(String, PathBuf)>,
}

impl Question {
    /// The proposed name with its ending, without what file systems refuse; empty for what is opened.
    fn file_name(&self) -> String {
        let [ending] = self.purpose.endings() else {
            return String::new();
        };
        if self.purpose.kind() != Kind::Save {
            return String::new();
        }
        let is_refused = |letter: char| letter.is_control() || r#"/\:*?"<>|"#.contains(letter);
        let name = self.name.replace(is_refused, "_");
        let name = name.trim_matches([' ', '.']);
        let name = if name.is_empty() { "unnamed" } else { name };
        format!("{name}.{ending}")
    }
}

/// Asks the user for paths. The window uses [`SystemPicker`]; tests answer themselves.
pub trait FilePicker {
    /// Begins to ask; takes the place of a question that is open.
    fn ask(&mut self, question: Question);
    /// Draws what must be drawn and returns an answer when there is one; no paths means cancelled.
    fn poll(&mut self, context: &Context) -> Option<(Purpose, Vec<PathBuf>)>;
    /// Whether a dialog of the window has the keyboard.
    fn is_open(&self) -> bool {
        false
    }
}

/// The system's dialog, else one drawn in the window.
pub struct SystemPicker {
    system: System,
    folders: Folders,
    waiting: Option<Waiting>,
    browser: Option<Browser>,
}

impl SystemPicker {
    /// Starts the threads that wait for the system's dialogs and read folders; `waker` is called when one has news.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    pub fn start(waker: Waker) -> io::Result<Self> {
        Ok(Self {
            system: System::start(waker.clone())?,
            folders: Folders::start(waker)?,
            waiting: None,
            browser: None,
        })
    }

    /// Like [`Self::start`], without the system's dialogs.
    ///
    /// # Errors
    /// Like [`Self::start`].
    pub fn in_window(waker: Waker) -> io::Result<Self> {
        Ok(Self {
            system: System::none(),
            folders: Folders::start(waker)?,
            waiting: None,
            browser: None,
        })
    }

    fn browse(&mut self, question: Question) {
        self.browser = Some(Browser::open(question, &self.folders));
    }

    /// While the system's dialog is asked for: says so, with a way round it.
    fn wait(&mut self, context: &Context) -> Option<(Purpose, Vec<PathBuf>)> {
        let waiting = self.waiting.as_mut()?;
        waiting.look(context);
        match waiting.answer() {
            None => {
                if waiting_ui(context) {
                    let question = self.waiting.take()?.question;
                    self.browse(question);
                }
                None
            }
            Some(SystemAnswer::Chosen(paths)) => {
                let purpose = self.waiting.take()?.question.purpose;
                Some((purpose, paths))
            }
            Some(SystemAnswer::MustReplace(path)) => {
                let question = self.waiting.take()?.question;
                self.browser = Some(Browser::ask_to_replace(question, path, &self.folders));
                None
            }
            Some(SystemAnswer::Cancelled) => {
                self.waiting = None;
                None
            }
            Some(SystemAnswer::NoDialog) => {
                self.system.forget();
                let question = self.waiting.take()?.question;
                self.browse(question);
                None
            }
        }
    }
}

impl FilePicker for SystemPicker {
    fn ask(&mut self, question: Question) {
        self.browser = None;
        // An answer to an earlier question finds nobody.
        self.waiting = None;
        match self.system.ask(question) {
            Ok(waiting) => self.waiting = Some(waiting),
            Err(question) => self.browse(question),
        }
    }

    fn poll(&mut self, context: &Context) -> Option<(Purpose, Vec<PathBuf>)> {
        if self.waiting.is_some() {
            return self.wait(context);
        }
        let browser = self.browser.as_mut()?;
        let answer = browser.show(context, &self.folders)?;
        let purpose = browser.purpose();
        self.browser = None;
        Some((purpose, answer))
    }

    fn is_open(&self) -> bool {
        self.browser.is_some()
    }
}

/// Whether the user would rather choose in the window.
fn waiting_ui(context: &Context) -> bool {
    let area = Area::new(Id::unique("waiting for the system's dialog"))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_TOP, vec2(0.0, 64.0));
    let shown = area.show(context, |ui| {
        let frame = Frame::popup(ui.style()).inner_margin(12);
        let row = frame.show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.label("The system's dialog was asked for.");
                ui.button("Choose here instead").clicked()
            })
        });
        row.inner.inner
    });
    shown.inner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_proposed_and_completed() {
        let question = |name: &str, purpose| Question {
            purpose,
            folder: None,
            name: name.into(),
            places: Vec::new(),
        };
        for (name, purpose, expected) in [
            ("blood", Purpose::SaveModel, "blood.safetensors"),
            ("a/b: c", Purpose::SaveHistory, "a_b_ c.csv"),
            ("", Purpose::SaveCurves, "unnamed.png"),
            ("blood", Purpose::OpenModel, ""),
        ] {
            assert_eq!(question(name, purpose).file_name(), expected);
        }
        for (typed, expected) in [
            ("/m/blood", "/m/blood.safetensors"),
            ("/m/net.v2", "/m/net.v2.safetensors"),
            ("/m/blood.SafeTensors", "/m/blood.SafeTensors"),
            ("/m/blood.safetensors.safetensors", "/m/blood.safetensors"),
        ] {
            let path = Purpose::SaveModel.with_ending(typed.into());
            assert_eq!(path, Path::new(expected));
        }
        let folder = Purpose::OpenDataset.with_ending("/d".into());
        assert_eq!(folder, Path::new("/d"), "nothing is written");
    }
}
