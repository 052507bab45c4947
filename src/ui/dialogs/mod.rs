//! Asking for a path: the system's dialog where there surely is one, else one drawn in the window, which always comes.

mod browser;
mod browsing;
mod folders;
mod rows;
mod system;

use std::{
    io,
    path::{Path, PathBuf},
};

use eframe::egui::{Align2, Area, Context, Frame, Id, Order, vec2};

use super::saving::Saving;
use crate::{data::sources::folder::IMAGE_ENDINGS, engine::Waker, export::Format};
use browser::Browser;
use folders::Folders;
use system::{System, SystemAnswer, Waiting};

/// What files are called, for people, and how their names end.
type Filter = (&'static str, &'static [&'static str]);

/// What a path is wanted for.
#[derive(Debug, Clone)]
pub enum Purpose {
    /// Open a folder of images.
    OpenDataset,
    /// Open a file that holds images: an archive, arrays, a list.
    OpenDatasetFile,
    /// Open a model file.
    OpenModel,
    /// Open an experiment file.
    OpenExperiment,
    /// Open a file of layers.
    ImportLayers,
    /// Choose the initial weights of the chosen backbone.
    ChooseWeights,
    /// Classify images.
    ChooseImages,
    /// Write something.
    Save(Saving),
}

impl From<Saving> for Purpose {
    fn from(saving: Saving) -> Self {
        Self::Save(saving)
    }
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

/// How a dialog looks.
struct Look {
    title: &'static str,
    kind: Kind,
    place: &'static str,
    /// What is chosen among; the first is what a new file is, when nothing else is said.
    filters: Vec<Filter>,
}

impl Purpose {
    fn look(&self) -> Look {
        const ARCHIVES: Filter = (
            "archives, arrays and lists",
            &["npz", "zip", "tar", "gz", "tgz", "csv", "tsv", "bin"],
        );
        const FOLDERS: Filter = ("folders", &[]);
        const WEIGHTS: Filter = ("weights", &["pth", "pt", "safetensors"]);
        const IMAGES: Filter = ("images", &IMAGE_ENDINGS);
        let its = |format: &'static Format| std::slice::from_ref(&format.ending);
        // What the table of formats calls `name`, to be opened again.
        let file = |words, name| (words, Format::find(name).map_or(&[][..], its));
        let models = file("models", "safetensors");
        let experiments = file("experiments", "experiment");
        let layers = file("layers", "layers");
        let (title, kind, place, filter) = match self {
            Self::OpenDataset => ("Open dataset", Kind::Folder, "datasets", FOLDERS),
            Self::OpenDatasetFile => ("Open dataset file", Kind::File, "datasets", ARCHIVES),
            Self::OpenModel => ("Open model", Kind::File, "models", models),
            Self::OpenExperiment => ("Open experiment", Kind::File, "experiments", experiments),
            Self::ImportLayers => ("Import layers", Kind::File, "experiments", layers),
            Self::ChooseWeights => ("Choose weights", Kind::File, "weights", WEIGHTS),
            Self::ChooseImages => ("Choose images", Kind::Files, "images", IMAGES),
            Self::Save(saving) => {
                let (_, title, place) = saving.row();
                let filters = saving.formats().map(|format| (format.title, its(format)));
                return Look {
                    title,
                    kind: Kind::Save,
                    place,
                    filters: filters.collect(),
                };
            }
        };
        Look {
            title,
            kind,
            place,
            filters: vec![filter],
        }
    }

    /// What is kept where, as settings name it: purposes of one place share their last folder.
    pub fn place(&self) -> &'static str {
        self.look().place
    }
}

/// What files are called and how their names end, where there are few endings: `models (.safetensors)`.
fn in_words(words: &str, endings: &[&str]) -> String {
    match endings.len() {
        1..=3 => format!("{words} (.{})", endings.join(", .")),
        _ => words.to_owned(),
    }
}

impl Look {
    /// What is chosen among, for people.
    fn words(&self) -> String {
        match &self.filters[..] {
            [(words, endings)] if self.kind != Kind::Save => in_words(words, endings),
            filters => {
                let endings = filters.iter().flat_map(|(_, endings)| *endings).copied();
                in_words("files", &endings.collect::<Vec<_>>())
            }
        }
    }

    /// Whether a file of this name is one of those that are looked for.
    fn accepts(&self, name: &Path) -> bool {
        self.format_of(name).is_some()
    }

    /// Which of the formats a file of this name has.
    fn format_of(&self, name: &Path) -> Option<usize> {
        let ending = name.extension()?;
        let is_it = |known: &&str| ending.eq_ignore_ascii_case(known);
        let mut filters = self.filters.iter();
        filters.position(|(_, endings)| endings.iter().any(is_it))
    }

    /// Adds the ending people expect to a name typed without one, and takes away a second one: who types a whole name
    /// over the proposed one finds its ending behind theirs.
    fn with_ending(&self, path: PathBuf) -> PathBuf {
        if self.kind != Kind::Save {
            return path;
        }
        let stem = path.file_stem().map(Path::new);
        match (self.accepts(&path), &self.filters[..]) {
            (true, _) if stem.is_some_and(|stem| self.accepts(stem)) => path.with_extension(""),
            // `net.v2` is a name, not a file of another kind.
            (false, [(_, [ending, ..]), ..]) => path.with_added_extension(ending),
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
        let look = self.purpose.look();
        let (Kind::Save, [(_, [ending, ..]), ..]) = (look.kind, &look.filters[..]) else {
            return String::new();
        };
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
            ..Self::in_window(waker)?
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
        let answer = waiting.answer();
        if answer.is_none() && !waiting_ui(context) {
            return None;
        }
        let question = self.waiting.take()?.question;
        match answer {
            Some(SystemAnswer::Chosen(paths)) => return Some((question.purpose, paths)),
            Some(SystemAnswer::MustReplace(path)) => {
                self.browser = Some(Browser::ask_to_replace(question, path, &self.folders));
            }
            Some(SystemAnswer::Cancelled) => {}
            Some(SystemAnswer::NoDialog) => {
                self.system.forget();
                self.browse(question);
            }
            None => self.browse(question),
        }
        None
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
        let purpose = browser.purpose().clone();
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
    use std::sync::Arc;

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
            ("blood", Purpose::Save(Saving::Model), "blood.safetensors"),
            (
                "a/b: c",
                Purpose::Save(Saving::History(Arc::default())),
                "a_b_ c.csv",
            ),
            (
                "",
                Purpose::Save(Saving::Curves(Arc::default())),
                "unnamed.png",
            ),
            ("blood", Purpose::OpenModel, ""),
        ] {
            assert_eq!(question(name, purpose).file_name(), expected);
        }
        for (typed, expected) in [
            ("/m/blood", "/m/blood.safetensors"),
            ("/m/net.v2", "/m/net.v2.safetensors"),
            ("/m/blood.SafeTensors", "/m/blood.SafeTensors"),
            ("/m/blood.npz", "/m/blood.npz"),
            ("/m/blood.safetensors.safetensors", "/m/blood.safetensors"),
        ] {
            let path = Purpose::Save(Saving::Model)
                .look()
                .with_ending(typed.into());
            assert_eq!(path, Path::new(expected));
        }
        let folder = Purpose::OpenDataset.look().with_ending("/d".into());
        assert_eq!(folder, Path::new("/d"), "nothing is written");
    }
}
