//! Reading a folder-per-class tree: every sub-folder is a class, every image in it a sample.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use rayon::prelude::*;

pub use super::listing::{Below, IMAGE_ENDINGS, images_below, looks_like_image, loose_images};
use super::{
    InFolder, Opened, Reader, SourceError,
    listing::{self, Entry},
    survey::Survey,
};
use crate::{
    cancel::CancelToken,
    data::{
        dataset::{Dataset, Sample, Skipped, SourceKind, display_path},
        split::SplitName,
    },
};

pub(super) const READER: Reader = Reader {
    words: "a folder per class",
    id: "class-folders",
    file: None,
    in_folder,
    read: |path, request| Ok(Opened::files(read(path, request.cancel, request.progress)?)),
};

fn in_folder(survey: &Survey) -> Option<InFolder> {
    let count = survey.folders.iter().filter(|folder| folder.images).count();
    (count > 1).then(|| InFolder {
        path: survey.root.clone(),
        reason: format!("{count} folders hold images"),
        likelihood: 40,
    })
}

/// Hears how many class folders were listed, and of how many.
pub(super) type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// Class folders below one folder.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Names of the classes in natural order, and their images below the dataset's root in natural order.
    pub classes: Vec<(String, Vec<Arc<Path>>)>,
    /// What was passed over.
    pub skipped: Skipped,
    /// Folders without images, below the root.
    pub empty: Vec<PathBuf>,
    /// One of them that holds further folders.
    pub nested: Option<PathBuf>,
    /// Images that lie beside the class folders.
    pub stray_images: usize,
}

/// Lists the classes and samples below `root` without opening any image.
///
/// # Errors
/// When the folder cannot be read, holds fewer than two classes, or `cancel` was set.
pub fn scan(root: &Path, cancel: &CancelToken) -> Result<Dataset, SourceError> {
    read(root, cancel, &|_, _| {})
}

/// [`scan`] that tells how far it is, in folders.
fn read(
    root: &Path,
    cancel: &CancelToken,
    progress: Progress<'_>,
) -> Result<Dataset, SourceError> {
    must_be_folder(root)?;
    let tree = tree(root, Path::new(""), cancel, progress)?;
    let shown = display_path(root);
    match tree.classes.as_slice() {
        [] => return Err(no_classes(&shown, &tree)),
        [only] => {
            let words = "add a folder for at least one more";
            let words = format!("has one class only ({}): {words}", only.0);
            return Err(SourceError::wrong(root, words));
        }
        _ => {}
    }
    let mut dataset = empty(root, SourceKind::ClassFolders);
    note_empty(&mut dataset, &tree.empty);
    dataset.skipped = tree.skipped;
    for (label, (name, images)) in tree.classes.into_iter().enumerate() {
        dataset.classes.push(name);
        add_samples(&mut dataset, images, label, None);
    }
    Ok(dataset)
}

/// A dataset without samples, of files below `root`.
pub(super) fn empty(root: &Path, kind: SourceKind) -> Dataset {
    let name = root.file_name().map_or(root, Path::new);
    Dataset {
        name: display_path(name),
        opened: root.to_path_buf(),
        root: root.to_path_buf(),
        kind,
        ..Dataset::default()
    }
}

pub(super) fn must_be_folder(root: &Path) -> Result<(), SourceError> {
    if root.is_file() {
        let words = "is not a folder: choose the folder that holds one folder per class";
        return Err(SourceError::wrong(root, words));
    }
    Ok(())
}

pub(super) fn add_samples(
    dataset: &mut Dataset,
    images: Vec<Arc<Path>>,
    label: usize,
    part: Option<SplitName>,
) {
    dataset
        .samples
        .extend(images.into_iter().map(|path| Sample {
            path,
            part,
            ..Sample::file("", label)
        }));
}

/// Tells people about folders that could have been classes.
pub(super) fn note_empty(dataset: &mut Dataset, empty: &[PathBuf]) {
    if !empty.is_empty() {
        let names: Vec<String> = empty.iter().map(|path| display_path(path)).collect();
        let line = ("Folders without images".to_owned(), names.join(", "));
        dataset.metadata.push(line);
    }
}

fn no_classes(shown: &str, tree: &Tree) -> SourceError {
    const PUT: &str = "put the images of each class in a folder named after it";
    let images = tree.stray_images;
    let has_pickles = tree
        .skipped
        .named
        .iter()
        .any(|path| path.ends_with("batches.meta"));
    SourceError::NotADataset(if has_pickles {
        format!(
            "{shown} has no class folders but CIFAR's version for Python, whose pickles can run code and \
             are never opened: download the binary version"
        )
    } else if images > 0 {
        format!(
            "{shown} has no class folders with images, but images outside of folders ({images}): {PUT}, \
             or add a CSV file with the columns path,label"
        )
    } else if let Some(nested) = &tree.nested {
        format!(
            "{shown} has no class folders with images, only folders in folders (such as {}): \
             choose the folder that holds one folder per class",
            display_path(nested)
        )
    } else if tree.skipped.total() == 0 && tree.empty.is_empty() {
        format!("{shown} is empty and has no class folders: {PUT}")
    } else {
        format!("{shown} has no class folders with images: {PUT}")
    })
}

/// Lists the class folders in `root/below`, several at a time.
pub(super) fn tree(
    root: &Path,
    below: &Path,
    cancel: &CancelToken,
    progress: Progress<'_>,
) -> Result<Tree, SourceError> {
    let (entries, hidden) = listing::list(&root.join(below), cancel)?;
    let (folders, files): (Vec<Entry>, Vec<Entry>) =
        entries.into_iter().partition(|entry| entry.is_folder);
    let done = AtomicUsize::new(0);
    let listed: Result<Vec<ClassFolder>, SourceError> = folders
        .par_iter()
        .map(|folder| {
            let listed = class_folder(root, &below.join(&folder.name), cancel)?;
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, folders.len());
            Ok(listed)
        })
        .collect();

    let mut tree = Tree::default();
    tree.skipped.hidden = hidden;
    for file in files {
        let path = below.join(file.name);
        let is_image = looks_like_image(&path);
        pass_over(&mut tree.skipped, &path, is_image);
        tree.stray_images += usize::from(is_image);
    }
    for (folder, listed) in folders.iter().zip(listed?) {
        tree.skipped.add(&listed.skipped);
        if listed.images.is_empty() {
            tree.empty.push(below.join(&folder.name));
            tree.nested = tree.nested.or(listed.first_folder);
        } else {
            let name = display_path(Path::new(&folder.name));
            tree.classes.push((name, listed.images));
        }
    }
    Ok(tree)
}

/// Counts a file or folder that is no sample.
pub(super) fn pass_over(skipped: &mut Skipped, path: &Path, is_misplaced: bool) {
    if is_misplaced {
        skipped.misplaced += 1;
    } else {
        skipped.not_images += 1;
    }
    skipped.name(path);
}

/// What one class folder holds; paths are below the dataset's root.
#[derive(Default)]
struct ClassFolder {
    images: Vec<Arc<Path>>,
    skipped: Skipped,
    first_folder: Option<PathBuf>,
}

fn class_folder(
    root: &Path,
    below: &Path,
    cancel: &CancelToken,
) -> Result<ClassFolder, SourceError> {
    let (entries, hidden) = listing::list(&root.join(below), cancel)?;
    let mut listed = ClassFolder::default();
    listed.skipped.hidden = hidden;
    for entry in entries {
        cancel.check()?;
        let path = below.join(entry.name);
        if !entry.is_folder && looks_like_image(&path) {
            listed.images.push(path.into());
            continue;
        }
        pass_over(&mut listed.skipped, &path, entry.is_folder);
        if entry.is_folder {
            listed.first_folder.get_or_insert(path);
        }
    }
    Ok(listed)
}

#[cfg(test)]
mod tests {
    use super::{super::fixtures::tree, *};
    use std::fs;

    #[test]
    fn classes_and_files_come_in_natural_order_and_the_rest_is_counted() {
        let folder = tree(&[
            "class10/a.png",
            "class2/img10.jpg",
            "class2/img9.JPG",
            "class2/.hidden.png",
            "class2/Thumbs.db",
            "class2/notes.txt",
            "class2/deeper/x.png",
            "empty/readme.md",
            "stray.png",
            ".git/config",
            "__MACOSX/class2/x.png",
        ]);
        let dataset = scan(folder.path(), &CancelToken::new()).unwrap();
        assert_eq!(dataset.kind, SourceKind::ClassFolders);
        assert_eq!(dataset.classes, ["class2", "class10"]);
        let paths: Vec<_> = dataset
            .samples
            .iter()
            .map(|s| s.path.to_str().unwrap())
            .collect();
        assert_eq!(
            paths,
            ["class2/img9.JPG", "class2/img10.jpg", "class10/a.png"]
        );
        let named = [
            "stray.png",
            "class2/deeper",
            "class2/notes.txt",
            "empty/readme.md",
        ];
        assert_eq!(
            dataset.skipped,
            Skipped {
                hidden: 4,
                not_images: 2,
                misplaced: 2,
                named: named.map(PathBuf::from).to_vec(),
            }
        );
        let line = ("Folders without images".to_owned(), "empty".to_owned());
        assert_eq!(dataset.metadata, [line]);
    }

    #[cfg(unix)]
    #[test]
    fn links_to_class_folders_are_followed_and_links_up_are_not() {
        use std::os::unix::fs::symlink;
        let elsewhere = tree(&["cats/1.png", "cats/2.png"]);
        let folder = tree(&["dog/1.png", "stray.png"]);
        let link = |target: &Path, name: &str| symlink(target, folder.path().join(name)).unwrap();
        link(&elsewhere.path().join("cats"), "cat");
        link(folder.path(), "all");
        link(Path::new("nowhere"), "broken");
        link(&folder.path().join("dog/1.png"), "dog/2.png");
        let dataset = scan(folder.path(), &CancelToken::new()).unwrap();
        assert_eq!(dataset.classes, ["cat", "dog"]);
        assert_eq!(dataset.class_counts(), [2, 2]);
        assert_eq!(
            (dataset.skipped.misplaced, dataset.skipped.not_images),
            (1, 2)
        );
    }

    #[test]
    fn what_is_not_a_dataset_says_what_to_do() {
        let file = tree(&[
            "one/a.png",
            "a/b/c/1.png",
            "notes/n.txt",
            "cifar/batches.meta",
        ]);
        fs::create_dir(file.path().join("nothing")).unwrap();
        let token = CancelToken::new();
        let cases = [
            ("", "at least one more", "one class is not enough"),
            ("one", "images outside of folders (1)", "a flat folder"),
            ("one", "no class folders", "a flat folder"),
            ("a", "such as b/c", "folders in folders only"),
            ("nothing", "is empty", "an empty folder"),
            ("cifar", "the binary version", "pickles"),
            ("notes", "no class folders", "other files only"),
            ("one/a.png", "not a folder", "a file"),
            ("nowhere", "cannot read", "a wrong path"),
        ];
        for (path, part, reason) in cases {
            let error = scan(&file.path().join(path), &token).unwrap_err();
            assert!(error.to_string().contains(part), "{reason}: {error}");
        }
        token.cancel();
        assert!(matches!(
            scan(file.path(), &token),
            Err(SourceError::Cancelled(_))
        ));
    }
}
