//! Reading training, validation and test folders, each with one folder per class.

use std::{ffi::OsStr, path::Path};

use super::{
    InFolder, Opened, Reader, SourceError,
    folder::{self, Progress},
    listing, natural,
    survey::Survey,
};
use crate::{
    cancel::CancelToken,
    data::{
        dataset::{Dataset, SourceKind, display_path},
        split::SplitName,
    },
};

pub(super) const READER: Reader = Reader {
    words: "train, validation and test folders",
    id: "split-folders",
    file: None,
    in_folder,
    read: |path, request| Ok(Opened::files(read(path, request.cancel, request.progress)?)),
};

/// Folders named like parts that hold folders of images.
fn in_folder(survey: &Survey) -> Option<InFolder> {
    let names = survey.part_folders().map(|folder| display_path(Path::new(&folder.name)));
    let names: Vec<String> = names.collect();
    // A single part in a folder of its own is a dataset without parts: `locate` steps into it.
    let is_wrapper = names.len() == 1 && survey.folders.len() == 1;
    (!names.is_empty() && !is_wrapper).then(|| InFolder {
        path: survey.root.clone(),
        reason: format!("class folders are in {}", names.join(", ")),
        likelihood: if survey.prefers_splits() { 45 } else { 35 },
    })
}

/// The part that people mean by `name`: a folder's name or a word in a list, in capitals or not.
pub(super) fn part_named(name: &str) -> Option<SplitName> {
    match name.trim().to_ascii_lowercase().as_str() {
        "train" | "training" => Some(SplitName::Train),
        "val" | "valid" | "validation" => Some(SplitName::Validation),
        "test" | "testing" => Some(SplitName::Test),
        _ => None,
    }
}

/// [`part_named`] of a folder.
pub(super) fn part_of_folder(name: &OsStr) -> Option<SplitName> {
    name.to_str().and_then(part_named)
}

/// Lists the parts, classes and samples below `root` without opening any image. A class is one in every
/// part, even where a part has no folder for it; a part may be missing.
fn read(
    root: &Path,
    cancel: &CancelToken,
    progress: Progress<'_>,
) -> Result<Dataset, SourceError> {
    folder::must_be_folder(root)?;
    let mut dataset = folder::empty(root, SourceKind::SplitFolders);
    let (entries, hidden) = listing::list(root, cancel)?;
    dataset.skipped.hidden = hidden;
    let (mut parts, mut trees, mut empty) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        let part = part_of_folder(&entry.name).filter(|_| entry.is_folder);
        match part {
            Some(part) => parts.push((part, entry.name)),
            None => {
                let path = Path::new(&entry.name);
                let is_misplaced = entry.is_folder || listing::looks_like_image(path);
                folder::pass_over(&mut dataset.skipped, path, is_misplaced);
            }
        }
    }
    parts.sort_by_key(|(part, _)| *part);
    for (part, name) in parts {
        let mut tree = folder::tree(root, Path::new(&name), cancel, progress)?;
        dataset.skipped.add(&tree.skipped);
        empty.append(&mut tree.empty);
        let names = tree.classes.iter().map(|(name, _)| name.clone());
        dataset.classes.extend(names);
        trees.push((part, std::mem::take(&mut tree.classes)));
    }
    folder::note_empty(&mut dataset, &empty);
    dataset
        .classes
        .sort_by_cached_key(|name| natural::key(OsStr::new(name)));
    dataset.classes.dedup();
    match dataset.classes.as_slice() {
        [] => {
            return Err(SourceError::wrong(
                root,
                "has no folders train, validation or test with class folders in them: put the images of each part \
                 in one folder per class, such as train/cat",
            ));
        }
        [only] => {
            let words = "add a folder for at least one more to every part";
            let words = format!("has one class only ({only}): {words}");
            return Err(SourceError::wrong(root, words));
        }
        _ => {}
    }
    for (part, classes) in trees {
        for (name, images) in classes {
            let label = dataset.classes.iter().position(|class| *class == name);
            folder::add_samples(&mut dataset, images, label.unwrap_or_default(), Some(part));
        }
    }
    Ok(dataset)
}

#[cfg(test)]
mod tests {
    use super::{super::fixtures::tree, *};
    use SplitName::{Test, Train, Validation};

    #[test]
    fn people_name_parts_in_many_ways() {
        let rows = [
            ("train", Some(Train), "Keras, PyTorch"),
            ("Training", Some(Train), "a title"),
            ("val", Some(Validation), "PyTorch"),
            ("valid", Some(Validation), "fast.ai"),
            ("validation", Some(Validation), "Keras"),
            (" TEST ", Some(Test), "a cell of a list"),
            ("testing", Some(Test), "a title"),
            ("trained", None, "not the whole word"),
            ("", None, "nothing"),
        ];
        for (name, part, reason) in rows {
            assert_eq!(part_named(name), part, "{reason}");
        }
    }

    fn scan(files: &[&str]) -> Result<Dataset, String> {
        let folder = tree(files);
        read(folder.path(), &CancelToken::new(), &|_, _| {}).map_err(|error| error.to_string())
    }

    #[test]
    fn parts_classes_and_files_come_in_order() {
        let dataset = scan(&[
            "test/dog/1.png",
            "Train/dog/10.png",
            "Train/dog/9.png",
            "Train/cat/1.png",
            "validation/bird/1.png",
            "validation/none/notes.txt",
            "test/stray.png",
            "other/cat/1.png",
            "readme.md",
        ])
        .unwrap();
        assert_eq!(dataset.classes, ["bird", "cat", "dog"], "the union");
        let found: Vec<_> = dataset
            .samples
            .iter()
            .map(|s| (s.path.to_str().unwrap(), s.label, s.part))
            .collect();
        let expected = [
            ("Train/cat/1.png", 1, Some(Train)),
            ("Train/dog/9.png", 2, Some(Train)),
            ("Train/dog/10.png", 2, Some(Train)),
            ("validation/bird/1.png", 0, Some(Validation)),
            ("test/dog/1.png", 2, Some(Test)),
        ];
        assert_eq!(found, expected);
        let skipped = &dataset.skipped;
        assert_eq!((skipped.not_images, skipped.misplaced), (2, 2));
        assert_eq!(skipped.named.len(), 4);
        assert_eq!(dataset.metadata[0].1, "validation/none");
    }

    #[test]
    fn a_part_may_be_missing_but_not_the_classes() {
        let rows: [(&[&str], Result<usize, &str>, &str); 5] = [
            (&["train/a/1.png", "test/b/1.png"], Ok(2), "no validation"),
            (&["train/a/1.png", "val/b/1.png"], Ok(2), "no test"),
            (&["train/a/1.png", "train/b/1.png"], Ok(2), "training only"),
            (&["train/a/1.png"], Err("one class only (a)"), "one class"),
            (&["a/1.png"], Err("no folders train"), "no part"),
        ];
        for (files, expected, reason) in rows {
            match (scan(files), expected) {
                (Ok(dataset), Ok(samples)) => {
                    assert_eq!(dataset.samples.len(), samples, "{reason}");
                }
                (Err(error), Err(part)) => assert!(error.contains(part), "{reason}: {error}"),
                (found, _) => panic!("{reason}: {found:?}"),
            }
        }
    }
}
