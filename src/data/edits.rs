//! What the user changed about a dataset without touching its files: class names for display, exclusions,
//! other labels, other parts. Kept in a file of the program's own and carried in experiments and models.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    dataset::{Dataset, display_path},
    files,
    split::SplitName,
};
use crate::{
    kept::{FormatError, Kind, LoadError},
    plain, resources,
};

/// Everything changed. Samples are named by their path below the dataset's root with `/` between folders
/// ([`sample_name`]), classes by the name they have in the source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Edits {
    /// Name in the source → name to show.
    pub renamed: BTreeMap<String, String>,
    /// Samples in no part.
    pub excluded: BTreeSet<String>,
    /// Sample → the source's name of its class.
    pub relabelled: BTreeMap<String, String>,
    /// Sample → the part it stands in.
    pub moved: BTreeMap<String, SplitName>,
}

/// One change of the user; undone and redone as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Show another name for a class; its own name takes the change back.
    Rename {
        /// Name in the source.
        class: String,
        /// Name to show.
        to: String,
    },
    /// Take samples out, or back in.
    Exclude {
        /// Which, by [`sample_name`].
        samples: Vec<String>,
        /// False takes them back in.
        excluded: bool,
    },
    /// Give samples another label.
    Relabel {
        /// Which, by [`sample_name`].
        samples: Vec<String>,
        /// The source's name of the class; `None` gives the source's label back.
        class: Option<String>,
    },
    /// Put samples into a part.
    Move {
        /// Which, by [`sample_name`].
        samples: Vec<String>,
        /// Which part; `None` leaves it to source and split again.
        part: Option<SplitName>,
    },
}

/// Why edits cannot be made or kept.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// A class needs a name.
    #[error("a class needs a name: type at least one letter")]
    EmptyName,
    /// Two classes would look alike.
    #[error("another class is called {0} already: choose another name")]
    NameTaken(String),
    /// The class is not in the dataset.
    #[error("the dataset has no class {0}")]
    UnknownClass(String),
    /// This file cannot be read or written, and what is wrong.
    #[error("cannot access the dataset's edits in {0}: {1}")]
    File(String, String),
    /// This file is not one of edits, or not one that this program reads: where and why.
    #[error("the file of the dataset's edits, {0}, {1}")]
    Format(String, FormatError),
}

impl EditError {
    /// For `map_err` on what the system says about the file `path`.
    fn file(path: &Path) -> impl Fn(io::Error) -> Self {
        move |error| Self::File(display_path(path), plain::io(&error))
    }
}

/// How edits name a sample: its path below the root, folders separated by `/`, invalid UTF-8 escaped.
pub fn sample_name(path: &Path) -> String {
    let parts: Vec<String> = path
        .iter()
        .map(|part| display_path(Path::new(part)))
        .collect();
    parts.join("/")
}

impl Edits {
    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How many things were changed.
    pub fn len(&self) -> usize {
        self.renamed.len() + self.excluded.len() + self.relabelled.len() + self.moved.len()
    }

    /// Adds one change. `base` is the dataset as its source has it.
    ///
    /// # Errors
    /// When a class would have no name or another's, or does not exist; nothing changes then.
    pub fn change(&mut self, edit: &Edit, base: &Dataset) -> Result<(), EditError> {
        match edit {
            Edit::Rename { class, to } => self.rename(class, to.trim(), base)?,
            Edit::Exclude { samples, excluded } => {
                for sample in samples {
                    if *excluded {
                        self.excluded.insert(sample.clone());
                    } else {
                        self.excluded.remove(sample);
                    }
                }
            }
            Edit::Relabel { samples, class } => {
                if let Some(unknown) = class.as_ref().filter(|class| !base.classes.contains(class))
                {
                    return Err(EditError::UnknownClass(unknown.clone()));
                }
                for sample in samples {
                    set(&mut self.relabelled, sample, class.clone());
                }
            }
            Edit::Move { samples, part } => {
                for sample in samples {
                    set(&mut self.moved, sample, *part);
                }
            }
        }
        Ok(())
    }

    fn rename(&mut self, class: &str, to: &str, base: &Dataset) -> Result<(), EditError> {
        if to.is_empty() {
            return Err(EditError::EmptyName);
        }
        if !base.classes.iter().any(|name| name == class) {
            return Err(EditError::UnknownClass(class.to_owned()));
        }
        let mut others = base.classes.iter().filter(|name| *name != class);
        if others.any(|name| self.shown_name(name) == to) {
            return Err(EditError::NameTaken(to.to_owned()));
        }
        let to = (to != class).then(|| to.to_owned());
        set(&mut self.renamed, class, to);
        Ok(())
    }

    fn shown_name<'a>(&'a self, class: &'a str) -> &'a str {
        self.renamed.get(class).map_or(class, String::as_str)
    }

    /// `base` with these changes. What names no sample or class of it is left out: the same file may
    /// serve a dataset that has shrunk.
    pub fn apply(&self, base: &Dataset) -> Dataset {
        let mut dataset = base.clone();
        for class in &mut dataset.classes {
            if let Some(name) = self.renamed.get(class) {
                class.clone_from(name);
            }
        }
        if self.excluded.is_empty() && self.relabelled.is_empty() && self.moved.is_empty() {
            return dataset;
        }
        let label_of = |class: &String| base.classes.iter().position(|name| name == class);
        for sample in &mut dataset.samples {
            let name = sample_name(&sample.path);
            if self.excluded.contains(&name) {
                sample.excluded = true;
            }
            if let Some(label) = self.relabelled.get(&name).and_then(label_of) {
                sample.label = label;
            }
            if let Some(part) = self.moved.get(&name) {
                sample.moved = Some(*part);
            }
        }
        dataset
    }

    /// The changes one by one, in a fixed order: a line for people, and what takes it back.
    pub fn entries(&self) -> impl Iterator<Item = (String, Edit)> {
        let renamed = self.renamed.iter().map(|(class, name)| {
            let (class, to) = (class.clone(), class.clone());
            let line = format!("class {class} is called {name}");
            (line, Edit::Rename { class, to })
        });
        let excluded = self.excluded.iter().map(|name| {
            let (samples, excluded) = (vec![name.clone()], false);
            (
                format!("{name} is excluded"),
                Edit::Exclude { samples, excluded },
            )
        });
        let relabelled = self.relabelled.iter().map(|(name, class)| {
            let line = format!("{name} is labelled {class}");
            let (samples, class) = (vec![name.clone()], None);
            (line, Edit::Relabel { samples, class })
        });
        let moved = self.moved.iter().map(|(name, part)| {
            let line = format!("{name} stands in {}", part.word());
            let (samples, part) = (vec![name.clone()], None);
            (line, Edit::Move { samples, part })
        });
        renamed.chain(excluded).chain(relabelled).chain(moved)
    }

    /// Reads a sidecar or exported file; an absent one means no changes.
    ///
    /// # Errors
    /// When it cannot be read or is no such file.
    pub fn load(path: &Path) -> Result<Self, EditError> {
        let edits = Kind::FIRST.load(path).map_err(|error| match error {
            LoadError::Read(error) => EditError::file(path)(error),
            LoadError::Format(reason) => EditError::Format(display_path(path), reason),
        })?;
        Ok(edits.unwrap_or_default())
    }

    /// Reads the text of a sidecar or exported file.
    ///
    /// # Errors
    /// When it is of a newer format or no such text.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        Kind::FIRST.read(text)
    }

    /// Writes them as RON, to read and change by hand; atomically.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), EditError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(EditError::file(path))?;
        }
        Kind::FIRST.save(path, self).map_err(EditError::file(path))
    }

    /// The changes as their file holds them.
    ///
    /// # Errors
    /// What the RON library said.
    pub fn text(&self) -> Result<String, String> {
        Kind::FIRST.write(self)
    }

    /// Writes the sidecar `path`. What stands there and cannot be read, since it is damaged or of a newer format, gets
    /// another name before it is replaced.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn keep(&self, path: &Path) -> Result<(), EditError> {
        let aside = match Self::load(path) {
            Ok(_) => None,
            Err(EditError::Format(_, reason)) => Some(reason.word()),
            Err(_) => Some("unreadable"),
        };
        if let Some(word) = aside {
            files::set_aside(path, word).map_err(EditError::file(path))?;
        }
        self.save(path)
    }
}

/// Sets an entry, or removes it for `None`.
fn set<V>(map: &mut BTreeMap<String, V>, key: &str, value: Option<V>) {
    match value {
        Some(value) => map.insert(key.to_owned(), value),
        None => map.remove(key),
    };
}

/// The sidecar of the dataset opened from `opened`, in `folder`.
pub fn sidecar(folder: &Path, opened: &Path) -> PathBuf {
    // One dataset has one sidecar, however its path was written.
    let path = fs::canonicalize(opened).unwrap_or_else(|_| opened.to_path_buf());
    let key = blake3::hash(path.as_os_str().as_encoded_bytes());
    folder.join(format!("{}.ron", &key.to_hex()[..32]))
}

/// Where sidecars live: `CONVSCOPE_EDITS` or a folder of the user's data.
pub fn default_folder() -> PathBuf {
    resources::user_folder("CONVSCOPE_EDITS", "edits")
}

#[cfg(test)]
mod tests;
