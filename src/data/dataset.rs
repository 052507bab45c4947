//! What a dataset is once it has been read: classes, samples and what was left out. Plain data.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

pub use super::sources::SourceKind;
use super::split::SplitName;

/// Where the pixels of a sample are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// In the image file that [`Sample::path`] names.
    File,
    /// In a row of one of the dataset's arrays; [`Sample::path`] is a name only, such as `train/00042`.
    Array {
        /// Which array.
        array: usize,
        /// Which image of it.
        row: usize,
    },
}

/// One labelled image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Path below [`Dataset::root`].
    pub path: Arc<Path>,
    /// Index into [`Dataset::classes`].
    pub label: usize,
    /// The part that the dataset itself puts it in.
    pub part: Option<SplitName>,
    /// The part that the user moved it to.
    pub moved: Option<SplitName>,
    /// Where its pixels are.
    pub origin: Origin,
    /// The user took it out: it is in no part.
    pub excluded: bool,
}

impl Sample {
    /// An image file.
    pub fn file(path: impl AsRef<Path>, label: usize) -> Self {
        Self {
            path: path.as_ref().into(),
            label,
            part: None,
            moved: None,
            origin: Origin::File,
            excluded: false,
        }
    }

    /// File name, or the name of the row in its array.
    pub fn name(&self) -> String {
        self.path
            .file_name()
            .map_or_else(String::new, |name| display_path(Path::new(name)))
    }
}

/// Files that a scan passed over without trying to open them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Names that begin with a dot, and what operating systems leave behind (`Thumbs.db`).
    pub hidden: usize,
    /// Files whose ending is not that of an image.
    pub not_images: usize,
    /// Files that lie where no class is: beside the class folders or too deep.
    pub misplaced: usize,
    /// The first of those that are not hidden, below [`Dataset::root`]; at most [`Skipped::MOST_NAMED`].
    pub named: Vec<PathBuf>,
}

impl Skipped {
    /// Skipped files that are named; more are only counted.
    pub const MOST_NAMED: usize = 1_000;

    /// All files passed over.
    pub fn total(&self) -> usize {
        self.hidden + self.not_images + self.misplaced
    }

    /// Counts what was passed over elsewhere, too.
    pub fn add(&mut self, other: &Self) {
        self.hidden += other.hidden;
        self.not_images += other.not_images;
        self.misplaced += other.misplaced;
        other.named.iter().for_each(|path| self.name(path));
    }

    /// Remembers a file's name, as long as there is room.
    pub fn name(&mut self, path: &Path) {
        if self.named.len() < Self::MOST_NAMED {
            self.named.push(path.to_path_buf());
        }
    }
}

/// A set of labelled images of `classes.len()` classes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dataset {
    /// Short name for people: the name of the folder or file.
    pub name: String,
    /// What the user opened: a folder, an array file, an archive.
    pub opened: PathBuf,
    /// Folder that every sample's path is relative to; for an archive, where it was unpacked.
    pub root: PathBuf,
    /// What it was read from.
    pub kind: SourceKind,
    /// Class names: folders and labels in natural order (`class2` before `class10`), arrays in the order of
    /// their numbers. A label is an index into this.
    pub classes: Vec<String>,
    /// Samples; folders by part, class and file name in natural order, other sources in their own order.
    pub samples: Vec<Sample>,
    /// Files that were passed over.
    pub skipped: Skipped,
    /// Samples whose pixels cannot be read, and why; known once somebody tried.
    pub broken: BTreeMap<usize, String>,
    /// What the source says about itself, for people: name and value.
    pub metadata: Vec<(String, String)>,
}

impl Dataset {
    /// Absolute path of sample `index`; of a row in an array, the array file with the row's name behind it.
    ///
    /// `None` when there is no such sample.
    pub fn path(&self, index: usize) -> Option<PathBuf> {
        self.samples
            .get(index)
            .map(|sample| self.root.join(&sample.path))
    }

    /// Whether sample `index` can be used: nobody excluded it and nobody found it broken.
    pub fn is_usable(&self, index: usize) -> bool {
        self.samples.get(index).is_some_and(|s| !s.excluded) && !self.broken.contains_key(&index)
    }

    /// How many usable samples each class has, in class order.
    pub fn class_counts(&self) -> Vec<usize> {
        self.counts_of((0..self.samples.len()).filter(|index| self.is_usable(*index)))
    }

    /// How many of the samples `indices` each class has, in class order.
    pub fn counts_of(&self, indices: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        let samples = indices
            .into_iter()
            .filter_map(|index| self.samples.get(index));
        for sample in samples {
            if let Some(count) = counts.get_mut(sample.label) {
                *count += 1;
            }
        }
        counts
    }

    /// Name of class `label`; an empty string when there is no such class.
    pub fn class_name(&self, label: usize) -> &str {
        self.classes.get(label).map_or("", String::as_str)
    }

    /// Whether the dataset itself puts samples into parts.
    pub fn has_given_parts(&self) -> bool {
        self.samples.iter().any(|sample| sample.part.is_some())
    }
}

/// A path as text that loses nothing: invalid UTF-8 is shown escaped (`\xff`).
pub fn display_path(path: &Path) -> String {
    match path.to_str() {
        Some(text) => text.to_owned(),
        None => path
            .as_os_str()
            .as_encoded_bytes()
            .utf8_chunks()
            .flat_map(|chunk| {
                let escaped = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"));
                std::iter::once(chunk.valid().to_owned()).chain(escaped)
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_paths_follow_the_samples() {
        let dataset = Dataset {
            name: "d".into(),
            root: "/data".into(),
            classes: vec!["a".into(), "b".into(), "c".into()],
            samples: vec![
                Sample::file("a/1.png", 0),
                Sample::file("c/1.png", 2),
                Sample::file("c/2.png", 2),
                Sample {
                    excluded: true,
                    ..Sample::file("c/3.png", 2)
                },
                Sample::file("c/4.png", 2),
            ],
            broken: [(4, "it is empty".to_owned())].into(),
            ..Dataset::default()
        };
        assert_eq!(dataset.class_counts(), [1, 0, 2]);
        assert_eq!(dataset.path(1), Some("/data/c/1.png".into()));
        assert_eq!(dataset.path(5), None);
        assert_eq!(dataset.samples[2].name(), "2.png");
    }

    #[cfg(unix)]
    #[test]
    fn invalid_utf8_is_escaped_not_lost() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        let path = Path::new(OsStr::from_bytes(b"caf\xe9.png"));
        assert_eq!(display_path(path), "caf\\xe9.png");
    }
}
