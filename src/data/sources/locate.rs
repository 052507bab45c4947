//! Finding the dataset in a folder: the folder itself, or the only one in the folders that it wraps.

use std::path::{Path, PathBuf};

use super::{SourceError, survey::Survey};
use crate::{cancel::CancelToken, data::dataset::SourceKind};

/// So many folders may lie around a dataset, as in `archive/flower_photos/…`.
const MOST_WRAPPERS: usize = 4;
/// Among more folders than this nobody hides a single dataset.
const MOST_SEARCHED: usize = 50;

/// A dataset that was found, and how it is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Located {
    /// The folder or file to read.
    pub path: PathBuf,
    /// How.
    pub kind: SourceKind,
    /// Why, to follow "because"; empty when the user said so.
    pub reason: String,
}

impl Located {
    pub fn new(path: &Path, kind: SourceKind, reason: impl Into<String>) -> Self {
        Self {
            path: path.to_path_buf(),
            kind,
            reason: reason.into(),
        }
    }

    /// How and why, for people.
    pub fn words(&self) -> String {
        let kind = self.kind.words();
        if self.reason.is_empty() {
            format!("{kind}, as asked for")
        } else {
            format!("{kind}, because {}", self.reason)
        }
    }
}

/// Finds the dataset in `folder`: itself, or the only one in the folders it wraps. When `wanted` is
/// nowhere, `folder` itself is to be read as that: the reader says best why it cannot be.
pub(super) fn locate(
    folder: &Path,
    wanted: Option<SourceKind>,
    cancel: &CancelToken,
) -> Result<Located, SourceError> {
    let fits = |located: &Located| wanted.is_none_or(|kind| kind == located.kind);
    let found = possible_in(folder, MOST_WRAPPERS, &fits, cancel)?;
    let asked = wanted.is_some();
    Ok(match found.into_iter().find(|located| fits(located)) {
        Some(located) if asked => Located::new(&located.path, located.kind, ""),
        Some(located) => located,
        None => Located::new(
            folder,
            wanted.unwrap_or_default(),
            if asked { "" } else { "nothing else fits" },
        ),
    })
}

/// All that `folder`, or the only dataset it wraps, can be read as, the likeliest first.
pub(super) fn possible(folder: &Path, cancel: &CancelToken) -> Result<Vec<Located>, SourceError> {
    possible_in(folder, MOST_WRAPPERS, &|_| true, cancel)
}

fn possible_in(
    folder: &Path,
    wrappers: usize,
    fits: &dyn Fn(&Located) -> bool,
    cancel: &CancelToken,
) -> Result<Vec<Located>, SourceError> {
    let survey = Survey::of(folder, cancel)?;
    let here = survey.possible();
    let are_classes = survey.folders.iter().any(|folder| folder.images);
    if here.iter().any(fits) || wrappers == 0 || survey.folders.len() > MOST_SEARCHED {
        return Ok(here);
    }
    if are_classes && here.is_empty() {
        // One class, or images beside other things: what lies deeper is not meant.
        return Ok(here);
    }
    let mut inside = Vec::new();
    for sub in &survey.folders {
        let found = possible_in(&folder.join(&sub.name), wrappers - 1, fits, cancel);
        match found {
            Ok(found) if found.iter().any(fits) => inside.push(found),
            Err(SourceError::Cancelled(cancelled)) => return Err(cancelled.into()),
            // One that cannot be listed is no reason against the others.
            _ => {}
        }
    }
    Ok(match (inside.pop(), inside.is_empty()) {
        (Some(only), true) => only,
        _ => here,
    })
}

#[cfg(test)]
mod tests {
    use super::{super::fixtures::tree, *};
    use SourceKind::{Cifar10, ClassFolders, Idx, Manifest, Npz, SplitFolders};

    /// What is found below a folder of these files, and where.
    fn found(files: &[&str]) -> Vec<(SourceKind, String)> {
        let folder = tree(files);
        for file in files.iter().filter(|file| file.ends_with(".csv")) {
            std::fs::write(folder.path().join(file), "path,label\n").unwrap();
        }
        possible(folder.path(), &CancelToken::new())
            .unwrap()
            .into_iter()
            .map(|located| {
                let path = located.path.strip_prefix(folder.path()).unwrap();
                (located.kind, path.to_str().unwrap().to_owned())
            })
            .collect()
    }

    type Row<'a> = (&'a [&'a str], &'a [(SourceKind, &'a str)], &'a str);

    #[test]
    fn folders_are_taken_for_what_people_mean() {
        let rows: [Row<'_>; 22] = [
            (
                &["a/1.png", "b/1.png"],
                &[(ClassFolders, "")],
                "class folders",
            ),
            (
                &["x/a/1.png", "x/b/1.png", "LICENSE"],
                &[(ClassFolders, "x")],
                "one wrapper",
            ),
            (
                &["x/y/a/1.png", "x/y/b/1.png"],
                &[(ClassFolders, "x/y")],
                "two wrappers",
            ),
            (
                &["x/a/1.png", "x/b/1.png", "docs/n.txt"],
                &[(ClassFolders, "x")],
                "the only one of two",
            ),
            (
                &["x/a/1.png", "x/b/1.png", "y/a/1.png", "y/b/1.png"],
                &[],
                "two datasets: which?",
            ),
            (&["a/1.png"], &[], "one class"),
            (&["1.png", "2.png"], &[], "images without labels"),
            (&[], &[], "nothing"),
            (
                &["train/a/1.png", "val/a/1.png"],
                &[(SplitFolders, "")],
                "parts",
            ),
            (
                &["Training/a/1.png", "TEST/a/1.png"],
                &[(SplitFolders, "")],
                "in capitals",
            ),
            (
                &["d/train/a/1.png", "d/test/a/1.png"],
                &[(SplitFolders, "d")],
                "parts in a wrapper",
            ),
            (
                &["train/a/1.png", "train/b/1.png", "test/1.png"],
                &[(SplitFolders, "")],
                "test images without labels",
            ),
            (
                &["train/a/1.png", "train/b/1.png"],
                &[(ClassFolders, "train")],
                "one part is no division",
            ),
            (
                &["test/1.png", "control/1.png"],
                &[(ClassFolders, "")],
                "a class called test",
            ),
            (
                &["train/1.png", "test/1.png"],
                &[(ClassFolders, "")],
                "nothing but two classes",
            ),
            (
                &["train/1.png", "test/1.png", "l.csv"],
                &[(Manifest, "l.csv"), (ClassFolders, "")],
                "a list tells what parts do not",
            ),
            (
                &["test/a/1.png", "b/1.png", "c/1.png"],
                &[(ClassFolders, ""), (SplitFolders, "")],
                "classes beside a lone part",
            ),
            (
                &["1.png", "labels.csv"],
                &[(Manifest, "labels.csv")],
                "a list beside its images",
            ),
            (
                &["a/1.png", "b/1.png", "l.csv"],
                &[(ClassFolders, ""), (Manifest, "l.csv")],
                "classes and a list: folders are plain to see",
            ),
            (
                &["x.npz", "readme.md"],
                &[(Npz, "x.npz")],
                "one file of arrays",
            ),
            (&["t10k-images-idx3-ubyte.gz"], &[(Idx, "")], "MNIST"),
            (
                &["cifar-10-batches-bin/test_batch.bin"],
                &[(Cifar10, "cifar-10-batches-bin")],
                "CIFAR-10",
            ),
        ];
        for (files, expected, reason) in rows {
            let expected: Vec<_> = expected
                .iter()
                .map(|(k, p)| (*k, (*p).to_owned()))
                .collect();
            assert_eq!(found(files), expected, "{reason}");
        }
    }

    #[test]
    fn what_the_user_asks_for_is_looked_for_too() {
        let folder = tree(&["a/1.png", "b/1.png", "train/a/1.png", "x/deep.npz"]);
        let rows = [
            (SplitFolders, "", "beside classes"),
            (ClassFolders, "", "the first guess"),
            (Npz, "x/deep.npz", "in the only folder that has one"),
            (Idx, "", "nowhere: the reader says so"),
        ];
        for (kind, path, reason) in rows {
            let located = locate(folder.path(), Some(kind), &CancelToken::new()).unwrap();
            let expected = Located::new(&folder.path().join(path), kind, "");
            assert_eq!(
                located.path.components().count(),
                expected.path.components().count()
            );
            assert_eq!(
                (located.kind, located.reason),
                (expected.kind, expected.reason),
                "{reason}"
            );
        }
    }
}
