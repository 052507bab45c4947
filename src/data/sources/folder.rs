//! Reading a folder-per-class tree: every sub-folder is a class, every image in it a sample.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use super::SourceError;
use crate::{
    cancel::CancelToken,
    data::dataset::{Dataset, Sample, Skipped, display_path},
};

/// Endings of files that are taken for images; the format itself is found from the content.
pub const IMAGE_ENDINGS: [&str; 9] = [
    "png", "jpg", "jpeg", "jpe", "bmp", "gif", "webp", "tif", "tiff",
];

/// Whether `path` ends like an image.
pub fn looks_like_image(path: &Path) -> bool {
    path.extension()
        .and_then(OsStr::to_str)
        .is_some_and(|ending| {
            IMAGE_ENDINGS
                .iter()
                .any(|known| ending.eq_ignore_ascii_case(known))
        })
}

fn is_hidden(path: &Path) -> bool {
    let name = path
        .file_name()
        .map(OsStr::as_encoded_bytes)
        .unwrap_or_default();
    name.starts_with(b".")
        || name.eq_ignore_ascii_case(b"thumbs.db")
        || name.eq_ignore_ascii_case(b"desktop.ini")
}

/// Lists the classes and samples below `root` without opening any image.
///
/// # Errors
/// When the folder cannot be read, holds fewer than two classes, or `cancel` was set.
pub fn scan(root: &Path, cancel: &CancelToken) -> Result<Dataset, SourceError> {
    let shown = display_path(root);
    if root.is_file() {
        return Err(SourceError::NotADataset(format!(
            "{shown} is not a folder: choose the folder that holds one folder per class"
        )));
    }
    let mut skipped = Skipped::default();
    let mut classes: Vec<(String, Vec<PathBuf>)> = Vec::new();
    for entry in list(root)? {
        cancel.check()?;
        if is_hidden(&entry) {
            skipped.hidden += 1;
        } else if entry.is_dir() {
            let images = scan_class(&entry, &mut skipped, cancel)?;
            let name = entry.file_name().map(|name| display_path(Path::new(name)));
            if let (Some(name), false) = (name, images.is_empty()) {
                classes.push((name, images));
            }
        } else {
            count_outsider(&entry, &mut skipped);
        }
    }
    classes.sort_by(|a, b| natord::compare(&a.0, &b.0).then_with(|| a.0.cmp(&b.0)));
    match classes.as_slice() {
        [] => {
            return Err(SourceError::NotADataset(format!(
                "{shown} has no class folders with images: put the images of each class in a folder named after it"
            )));
        }
        [only] => {
            return Err(SourceError::NotADataset(format!(
                "{shown} has one class only ({}): add a folder for at least one more",
                only.0
            )));
        }
        _ => {}
    }

    let relative = |path: PathBuf| {
        path.strip_prefix(root)
            .map(Path::to_path_buf)
            .unwrap_or(path)
    };
    let mut dataset = Dataset {
        name: root
            .file_name()
            .map_or_else(|| shown.clone(), |name| display_path(Path::new(name))),
        opened: root.to_path_buf(),
        root: root.to_path_buf(),
        skipped,
        ..Dataset::default()
    };
    for (label, (name, images)) in classes.into_iter().enumerate() {
        dataset.classes.push(name);
        dataset.samples.extend(
            images
                .into_iter()
                .map(|path| Sample::file(relative(path), label)),
        );
    }
    Ok(dataset)
}

fn scan_class(
    folder: &Path,
    skipped: &mut Skipped,
    cancel: &CancelToken,
) -> Result<Vec<PathBuf>, SourceError> {
    let mut images = Vec::new();
    for entry in list(folder)? {
        cancel.check()?;
        if is_hidden(&entry) {
            skipped.hidden += 1;
        } else if entry.is_dir() {
            skipped.misplaced += 1;
        } else if looks_like_image(&entry) {
            images.push(entry);
        } else {
            skipped.not_images += 1;
        }
    }
    sort_naturally(&mut images);
    Ok(images)
}

/// Every image below `folder` at any depth, depth first in natural order; hidden files and folders are
/// passed over and links to folders not followed, since they may lead back up.
///
/// # Errors
/// When `folder` or one below it cannot be listed.
pub fn images_below(folder: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let mut entries = list(folder)?;
    entries.retain(|entry| !is_hidden(entry));
    sort_naturally(&mut entries);
    let mut images = Vec::new();
    for entry in entries {
        if entry.is_dir() {
            if !entry.is_symlink() {
                images.extend(images_below(&entry)?);
            }
        } else if looks_like_image(&entry) {
            images.push(entry);
        }
    }
    Ok(images)
}

fn sort_naturally(paths: &mut [PathBuf]) {
    paths.sort_by(|a, b| {
        natord::compare(&a.to_string_lossy(), &b.to_string_lossy()).then_with(|| a.cmp(b))
    });
}

fn count_outsider(path: &Path, skipped: &mut Skipped) {
    if looks_like_image(path) {
        skipped.misplaced += 1;
    } else {
        skipped.not_images += 1;
    }
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let read = SourceError::read(folder);
    fs::read_dir(folder)
        .map_err(&read)?
        .map(|entry| entry.map(|entry| entry.path()).map_err(&read))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"x").unwrap();
        }
        folder
    }

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
        ]);
        let dataset = scan(folder.path(), &CancelToken::new()).unwrap();
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
        assert_eq!(
            dataset.skipped,
            Skipped {
                hidden: 3,
                not_images: 2,
                misplaced: 2,
                named: Vec::new(),
            }
        );
    }

    #[test]
    fn images_at_any_depth_come_in_natural_order() {
        let folder = tree(&[
            "b10/x.png",
            "b9/y.jpg",
            "b9/deeper/z.png",
            "a.png",
            ".hidden/h.png",
            "notes.txt",
        ]);
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path(), folder.path().join("b9/up")).unwrap();
        let found = images_below(folder.path()).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|path| path.strip_prefix(folder.path()).unwrap())
            .collect();
        assert_eq!(
            found,
            ["a.png", "b9/deeper/z.png", "b9/y.jpg", "b10/x.png"].map(Path::new)
        );
        assert!(images_below(&folder.path().join("nowhere")).is_err());
    }

    #[test]
    fn what_is_not_a_dataset_says_what_to_do() {
        let file = tree(&["one/a.png"]);
        let token = CancelToken::new();
        let cases = [
            (file.path().to_path_buf(), "at least one more"),
            (file.path().join("one"), "no class folders"),
            (file.path().join("one/a.png"), "not a folder"),
            (file.path().join("nowhere"), "cannot read"),
        ];
        for (path, part) in cases {
            let error = scan(&path, &token).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        token.cancel();
        assert!(matches!(
            scan(file.path(), &token),
            Err(SourceError::Cancelled(_))
        ));
    }
}
