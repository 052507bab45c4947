//! Listing one folder quickly: names and what they are, without asking the system about every file.

use std::{
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use super::{SourceError, natural};
use crate::cancel::CancelToken;

/// Endings of files that are taken for images; the format itself is found from the content.
pub const IMAGE_ENDINGS: [&str; 9] = [
    "png", "jpg", "jpeg", "jpe", "bmp", "gif", "webp", "tif", "tiff",
];

/// Whether `path` ends like an image.
pub fn looks_like_image(path: &Path) -> bool {
    has_ending(path, &IMAGE_ENDINGS)
}

/// Whether the ending of `path` is one of `endings`, in capitals or not.
pub(super) fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension()
        .and_then(OsStr::to_str)
        .is_some_and(|ending| {
            endings
                .iter()
                .any(|known| ending.eq_ignore_ascii_case(known))
        })
}

/// Whether `name` is one that systems hide or leave behind: nobody means it to be part of a dataset.
pub(super) fn is_hidden(name: &OsStr) -> bool {
    const LEFT_BEHIND: [&str; 3] = ["thumbs.db", "desktop.ini", "__macosx"];
    let name = name.as_encoded_bytes();
    let is = |known: &&str| name.eq_ignore_ascii_case(known.as_bytes());
    name.starts_with(b".") || LEFT_BEHIND.iter().any(is)
}

/// One name in a folder.
#[derive(Debug)]
pub(super) struct Entry {
    /// File name, without the folder.
    pub name: OsString,
    /// A folder, or a link to one that does not lead back up.
    pub is_folder: bool,
}

impl Entry {
    /// `None` for what vanished meanwhile.
    fn new(entry: &fs::DirEntry) -> Option<Self> {
        let kind = entry.file_type().ok()?;
        let is_folder = kind.is_dir() || (kind.is_symlink() && links_to_folder(&entry.path()));
        Some(Self {
            name: entry.file_name(),
            is_folder,
        })
    }
}

/// Whether the link `path` leads to a folder other than one that it stands in.
fn links_to_folder(path: &Path) -> bool {
    let Ok(target) = fs::canonicalize(path) else {
        return false;
    };
    let here = path
        .parent()
        .and_then(|parent| fs::canonicalize(parent).ok());
    target.is_dir() && !here.is_some_and(|here| here.starts_with(target))
}

/// Everything in `folder` that is not hidden, in natural order, and how many names were hidden.
pub(super) fn list(
    folder: &Path,
    cancel: &CancelToken,
) -> Result<(Vec<Entry>, usize), SourceError> {
    let read = SourceError::read(folder);
    let (mut entries, mut hidden) = (Vec::new(), 0);
    for entry in fs::read_dir(folder).map_err(&read)? {
        cancel.check()?;
        let entry = entry.map_err(&read)?;
        if is_hidden(&entry.file_name()) {
            hidden += 1;
        } else {
            entries.extend(Entry::new(&entry));
        }
    }
    natural::sort(&mut entries, |entry| &entry.name);
    Ok((entries, hidden))
}

/// What a first look into a folder tells.
#[derive(Debug, Default)]
pub(super) struct Peek {
    /// It holds image files itself.
    pub images: bool,
    /// Folders in it; some only, where the look ended at the first image.
    pub folders: Vec<OsString>,
}

/// Looks into `folder`, no further than to the first image unless `all` are asked for. One that cannot be
/// listed looks empty here; reading it will tell.
pub(super) fn peek(folder: &Path, all: bool, cancel: &CancelToken) -> Result<Peek, SourceError> {
    let mut found = Peek::default();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        cancel.check()?;
        if is_hidden(&entry.file_name()) {
            continue;
        }
        let Some(entry) = Entry::new(&entry) else {
            continue;
        };
        if entry.is_folder {
            found.folders.push(entry.name);
        } else if looks_like_image(Path::new(&entry.name)) {
            found.images = true;
            if !all {
                break;
            }
        }
    }
    Ok(found)
}

/// The images in `folder`, or else those in the folders in it, in natural order; no deeper ones.
///
/// # Errors
/// When `folder` cannot be listed or `cancel` was set.
pub fn loose_images(folder: &Path, cancel: &CancelToken) -> Result<Vec<PathBuf>, SourceError> {
    let (entries, _) = list(folder, cancel)?;
    let images = |folder: &Path, entries: &[Entry]| -> Vec<PathBuf> {
        let files = entries.iter().filter(|entry| !entry.is_folder);
        let images = files.filter(|entry| looks_like_image(Path::new(&entry.name)));
        images.map(|entry| folder.join(&entry.name)).collect()
    };
    let mut found = images(folder, &entries);
    if found.is_empty() {
        for inner in entries.iter().filter(|entry| entry.is_folder) {
            let inner = folder.join(&inner.name);
            // One that cannot be listed is no reason against the others.
            let (entries, _) = match list(&inner, cancel) {
                Err(SourceError::Read(..)) => continue,
                listed => listed?,
            };
            found.extend(images(&inner, &entries));
        }
    }
    Ok(found)
}

/// What lies below a folder.
#[derive(Debug)]
pub struct Below {
    /// Images at any depth, depth first in natural order.
    pub images: Vec<PathBuf>,
    /// Hidden files and folders, and files that are no images.
    pub passed_over: usize,
}

/// Every image below `folder` at any depth; hidden files and folders are passed over and links to folders not
/// followed, since they may lead back up.
///
/// # Errors
/// When `folder` or one below it cannot be listed.
pub fn images_below(folder: &Path) -> Result<Below, SourceError> {
    let (entries, passed_over) = list(folder, &CancelToken::new())?;
    let images = Vec::new();
    let mut below = Below {
        images,
        passed_over,
    };
    for entry in entries {
        let path = folder.join(entry.name);
        if path.is_dir() {
            if !path.is_symlink() {
                let deeper = images_below(&path)?;
                below.images.extend(deeper.images);
                below.passed_over += deeper.passed_over;
            }
        } else if looks_like_image(&path) {
            below.images.push(path);
        } else {
            below.passed_over += 1;
        }
    }
    Ok(below)
}

#[cfg(test)]
mod tests {
    use super::{super::fixtures::tree, *};

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
        let below = images_below(folder.path()).unwrap();
        assert_eq!(below.passed_over, 2, "a hidden folder and a text");
        let found: Vec<_> = below
            .images
            .iter()
            .map(|path| path.strip_prefix(folder.path()).unwrap())
            .collect();
        assert_eq!(
            found,
            ["a.png", "b9/deeper/z.png", "b9/y.jpg", "b10/x.png"].map(Path::new)
        );
        assert!(images_below(&folder.path().join("nowhere")).is_err());
    }
}
