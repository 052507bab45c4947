//! What a dataset is once it has been read: classes, samples and what was left out. Plain data.

use std::path::{Path, PathBuf};

/// One labelled image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Path below [`Dataset::root`].
    pub path: PathBuf,
    /// Index into [`Dataset::classes`].
    pub label: usize,
}

/// A file that looked like an image and could not be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenFile {
    /// Path below [`Dataset::root`].
    pub path: PathBuf,
    /// Why, in words for the user.
    pub reason: String,
}

/// Files that a scan passed over without trying to open them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Names that begin with a dot, and what operating systems leave behind (`Thumbs.db`).
    pub hidden: usize,
    /// Files whose ending is not that of an image.
    pub not_images: usize,
    /// Files that lie beside the class folders or deeper than one level below them.
    pub misplaced: usize,
}

impl Skipped {
    /// All files passed over.
    pub fn total(&self) -> usize {
        self.hidden + self.not_images + self.misplaced
    }
}

/// A set of labelled images of `classes.len()` classes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dataset {
    /// Short name for people: the folder's name.
    pub name: String,
    /// Folder that every sample's path is relative to.
    pub root: PathBuf,
    /// Class names in natural order (`class2` before `class10`); a label is an index into this.
    pub classes: Vec<String>,
    /// Samples sorted by class, then by file name in natural order.
    pub samples: Vec<Sample>,
    /// Files that were passed over.
    pub skipped: Skipped,
    /// Image files that could not be decoded; they are not among the samples.
    pub broken: Vec<BrokenFile>,
}

impl Dataset {
    /// Absolute path of sample `index`.
    ///
    /// `None` when there is no such sample.
    pub fn path(&self, index: usize) -> Option<PathBuf> {
        self.samples
            .get(index)
            .map(|sample| self.root.join(&sample.path))
    }

    /// How many samples each class has, in class order.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for sample in &self.samples {
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

    /// Labels of all samples, in sample order.
    pub fn labels(&self) -> Vec<usize> {
        self.samples.iter().map(|sample| sample.label).collect()
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
                Sample {
                    path: "a/1.png".into(),
                    label: 0,
                },
                Sample {
                    path: "c/1.png".into(),
                    label: 2,
                },
                Sample {
                    path: "c/2.png".into(),
                    label: 2,
                },
            ],
            ..Dataset::default()
        };
        assert_eq!(dataset.class_counts(), [1, 0, 2]);
        assert_eq!(dataset.path(1), Some("/data/c/1.png".into()));
        assert_eq!(dataset.path(3), None);
    }

    #[cfg(unix)]
    #[test]
    fn invalid_utf8_is_escaped_not_lost() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
        let path = Path::new(OsStr::from_bytes(b"caf\xe9.png"));
        assert_eq!(display_path(path), "caf\\xe9.png");
    }
}
