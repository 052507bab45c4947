//! The catalogue of public datasets: what there is, where it lies, whose it is.
//!
//! Plain data from `assets/catalogue.ron`; downloading is [`super::datasets_folder`]'s.

use std::{collections::BTreeSet, fs, path::Path};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{dataset::display_path, download::check_address};
use crate::resources;

/// The layout of the file that this version reads.
pub const FORMAT: u32 = 1;
/// Where the catalogue is, below the program's own files.
const FILE: &str = "assets/catalogue.ron";

/// Every dataset that can be downloaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// [`FORMAT`].
    pub format: u32,
    /// In the order in which they are shown.
    pub datasets: Vec<Entry>,
}

/// One dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Short name for the command line and for its folder: `a-z`, `0-9` and `-`.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// A sentence or two: what is on the images, how many, how large.
    pub description: String,
    /// Names of the recipes that are made for it.
    #[serde(default)]
    pub recipes: Vec<String>,
    /// What to download.
    pub files: Vec<FileEntry>,
    /// What one may do with it.
    pub licence: Licence,
    /// Page of whoever publishes it.
    pub homepage: String,
    /// How to cite it.
    #[serde(default)]
    pub citation: String,
    /// Names of the classes in the order of their labels; weights have none.
    #[serde(default)]
    pub class_names: Vec<String>,
}

/// One file of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// The name it gets.
    pub name: String,
    /// Where it lies: the same bytes in one or more places, the best first.
    pub urls: Vec<String>,
    /// Its size, if somebody published it.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// Its SHA-256 in hexadecimal, if somebody published it.
    #[serde(default)]
    pub sha256: Option<String>,
}

/// What one may do with a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// Its name, or what is known.
    pub name: String,
    /// Where it can be read.
    pub url: String,
}

/// Why the catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The program lacks its file.
    #[error("the file {0} is missing: put it beside the program or set CONVSCOPE_HOME")]
    Missing(&'static str),
    /// It cannot be read, is no catalogue, or an entry makes no sense.
    #[error("{0}")]
    Unusable(String),
    /// No entry has this name.
    #[error("there are no {what} {name:?} in the catalogue: the {what} are {known}")]
    Unknown {
        /// What sort of entries: `datasets`, `weights`.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// All names.
        known: String,
    },
}

impl Catalogue {
    /// The catalogue `file`, or the one that ships with the program.
    ///
    /// # Errors
    /// When it is missing or damaged.
    pub fn load(file: Option<&Path>) -> Result<Self, CatalogueError> {
        let path = match file {
            Some(file) => file.to_path_buf(),
            None => resources::find(FILE).ok_or(CatalogueError::Missing(FILE))?,
        };
        let catalogue = parse(&path, |catalogue: &Self| catalogue.format)?;
        catalogue.check()?;
        Ok(catalogue)
    }

    /// Checks what the file's grammar cannot.
    ///
    /// # Errors
    /// The first entry that makes no sense.
    pub fn check(&self) -> Result<(), CatalogueError> {
        check_entries(&self.datasets)?;
        let few = self.datasets.iter().find(|e| e.class_names.len() < 2);
        few.map_or(Ok(()), |entry| {
            Err(wrong(entry, "has fewer than two classes"))
        })
    }

    /// The entry called `name`.
    ///
    /// # Errors
    /// When there is none; the message lists the names.
    pub fn find(&self, name: &str) -> Result<&Entry, CatalogueError> {
        let found = self.datasets.iter().find(|entry| entry.name == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = self.datasets.iter().map(|e| e.name.as_str()).collect();
            CatalogueError::Unknown {
                what: "datasets",
                name: name.to_owned(),
                known: names.join(", "),
            }
        })
    }
}

/// Reads a file of entries whose layout `format` tells.
///
/// # Errors
/// When it cannot be read or has another layout.
pub fn parse<T: DeserializeOwned>(
    path: &Path,
    format: impl Fn(&T) -> u32,
) -> Result<T, CatalogueError> {
    let shown = display_path(path);
    let text = fs::read_to_string(path).map_err(|error| {
        CatalogueError::Unusable(format!("cannot read the catalogue {shown}: {error}"))
    })?;
    let syntax = |reason: String| {
        CatalogueError::Unusable(format!(
            "{shown} is not a catalogue that this version reads: {reason}"
        ))
    };
    let options =
        ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
    let parsed: T = options
        .from_str(&text)
        .map_err(|error| syntax(error.to_string()))?;
    match format(&parsed) {
        FORMAT => Ok(parsed),
        other => Err(syntax(format!("its format is {other}, not {FORMAT}"))),
    }
}

/// Checks of each entry what the file's grammar cannot, and that no name stands there twice.
///
/// # Errors
/// The first entry that makes no sense.
pub fn check_entries<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
) -> Result<(), CatalogueError> {
    let mut seen = BTreeSet::new();
    for entry in entries {
        entry.check().map_err(|reason| wrong(entry, &reason))?;
        if !seen.insert(&entry.name) {
            return Err(wrong(entry, "stands there twice"));
        }
    }
    Ok(())
}

fn wrong(entry: &Entry, reason: &str) -> CatalogueError {
    let name = &entry.name;
    CatalogueError::Unusable(format!("the catalogue's entry {name:?} {reason}"))
}

impl Entry {
    /// Bytes to download; `None` when that of some file is not known.
    pub fn bytes(&self) -> Option<u64> {
        self.files.iter().map(|file| file.bytes).sum()
    }

    fn check(&self) -> Result<(), String> {
        if !is_slug(&self.name) {
            return Err("has a name with other signs than a-z, 0-9 and -".into());
        }
        if self.files.is_empty() {
            return Err("has no files".into());
        }
        let mut seen = BTreeSet::new();
        for file in &self.files {
            file.check()
                .map_err(|reason| format!("has a file {:?} that {reason}", file.name))?;
            // Windows and macOS take A and a for the same file.
            if !seen.insert(file.name.to_lowercase()) {
                return Err(format!("has two files called {:?}", file.name));
            }
        }
        for page in [&self.licence.url, &self.homepage] {
            check_address(page)
                .map_err(|reason| format!("has the page {page:?}, which {reason}"))?;
        }
        Ok(())
    }
}

impl FileEntry {
    fn check(&self) -> Result<(), String> {
        let ours = [".part", ".part.ron", DONE_FILE];
        if !is_file_name(&self.name) || ours.iter().any(|ending| self.name.ends_with(ending)) {
            return Err("has no plain file name".into());
        }
        if self.urls.is_empty() {
            return Err("lies nowhere".into());
        }
        for url in &self.urls {
            check_address(url).map_err(|reason| format!("lies at {url:?}, which {reason}"))?;
        }
        let is_hash =
            |text: &String| text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit());
        if self.sha256.as_ref().is_some_and(|text| !is_hash(text)) {
            return Err("has a SHA-256 that is not 64 hexadecimal digits".into());
        }
        if self.bytes == Some(0) {
            return Err("has no bytes".into());
        }
        Ok(())
    }
}

/// Says which files of a dataset's folder are complete.
pub const DONE_FILE: &str = "done.ron";

fn is_slug(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=40).contains(&text.len()) && text.chars().all(plain) && !text.starts_with('-')
}

/// Whether `text` names a file in every file system, and in its own folder.
fn is_file_name(text: &str) -> bool {
    const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "com1", "lpt1"];
    let stem = text.split('.').next().unwrap_or_default().to_lowercase();
    let plain = |c: char| !c.is_control() && !r#"/\:*?"<>|"#.contains(c);
    (1..=120).contains(&text.len())
        && text.chars().all(plain)
        && !text.starts_with(['.', ' '])
        && !text.ends_with(['.', ' '])
        && !RESERVED.contains(&stem.as_str())
}

#[cfg(test)]
mod tests;
