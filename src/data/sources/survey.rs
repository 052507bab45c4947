//! Finding out what a folder is: one look at its names and at those one level below, without reading any
//! image.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::{
    SourceError, cifar, idx,
    listing::{self, Peek, has_ending},
    locate::Located,
    manifest,
    splits::part_of_folder,
};
use crate::{
    cancel::CancelToken,
    data::{
        dataset::{SourceKind, display_path},
        split::SplitName,
    },
};

/// One folder and those in it, as far as their names tell.
pub(super) struct Survey {
    root: PathBuf,
    /// Folders in it, in natural order.
    pub folders: Vec<SubFolder>,
    files: Vec<OsString>,
    manifests: Vec<PathBuf>,
}

pub(super) struct SubFolder {
    /// Without the folder.
    pub name: OsString,
    part: Option<SplitName>,
    /// It holds images itself.
    pub images: bool,
    /// It is named like a part and folders in it hold images.
    is_part: bool,
}

impl Survey {
    /// Looks at `root`.
    pub fn of(root: &Path, cancel: &CancelToken) -> Result<Self, SourceError> {
        let (entries, _) = listing::list(root, cancel)?;
        let (mut folders, mut files) = (Vec::new(), Vec::new());
        for entry in entries {
            if entry.is_folder {
                folders.push(SubFolder::of(root, entry.name, cancel)?);
            } else {
                files.push(entry.name);
            }
        }
        let lists = files.iter().map(|name| root.join(name));
        let manifests = lists.filter(|path| manifest::is_one(path)).collect();
        Ok(Self {
            root: root.to_path_buf(),
            folders,
            files,
            manifests,
        })
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter_map(|name| name.to_str())
    }

    /// All that it can be read as, the likeliest first.
    pub fn possible(&self) -> Vec<Located> {
        let mut found = Vec::new();
        let root = self.root.as_path();
        if self.names().any(cifar::is_batch) {
            let reason = "there are files like data_batch_1.bin";
            found.push(Located::new(root, SourceKind::Cifar10, reason));
        }
        if self.names().any(idx::is_images) {
            let reason = "there are files like train-images-idx3-ubyte";
            found.push(Located::new(root, SourceKind::Idx, reason));
        }
        let splits = self.split_folders();
        let classes = self.class_folders();
        if self.prefers_splits() {
            found.extend(splits.into_iter().chain(classes));
        } else {
            found.extend(classes.into_iter().chain(splits));
        }
        if let [manifest] = self.manifests.as_slice() {
            let name = manifest.file_name().unwrap_or_default();
            let reason = format!("{} lists files and labels", display_path(Path::new(name)));
            let located = Located::new(manifest, SourceKind::Manifest, reason);
            // Images in folders that are no classes: the list alone knows the labels.
            let only_parts = self.folders.iter().all(|f| !f.images || f.part.is_some());
            let is_first = only_parts
                && found
                    .first()
                    .is_some_and(|f| f.kind == SourceKind::ClassFolders);
            found.insert(if is_first { 0 } else { found.len() }, located);
        }
        let mut arrays = self
            .files
            .iter()
            .filter(|name| has_ending(Path::new(name), &["npz"]));
        if let (Some(name), None) = (arrays.next(), arrays.next()) {
            let reason = format!(
                "{} is the only file of arrays",
                display_path(Path::new(name))
            );
            found.push(Located::new(&root.join(name), SourceKind::Npz, reason));
        }
        found
    }

    /// Folders named like parts hold class folders, and nothing suggests that they are classes: a folder
    /// `test` with images in it is a class, one with folders of images in it is a part.
    fn prefers_splits(&self) -> bool {
        let mut parts: Vec<_> = self.part_folders().filter_map(|f| f.part).collect();
        parts.sort_unstable();
        parts.dedup();
        let has_classes = self.folders.iter().any(|f| f.images && f.part.is_none());
        !parts.is_empty() && (parts.len() > 1 || !has_classes)
    }

    fn part_folders(&self) -> impl Iterator<Item = &SubFolder> {
        self.folders.iter().filter(|folder| folder.is_part)
    }

    fn split_folders(&self) -> Option<Located> {
        let names: Vec<String> = self
            .part_folders()
            .map(|folder| display_path(Path::new(&folder.name)))
            .collect();
        // A single part in a folder of its own is a dataset without parts: `locate` steps into it.
        let is_wrapper = names.len() == 1 && self.folders.len() == 1;
        (!names.is_empty() && !is_wrapper).then(|| {
            let reason = format!("class folders are in {}", names.join(", "));
            Located::new(&self.root, SourceKind::SplitFolders, reason)
        })
    }

    fn class_folders(&self) -> Option<Located> {
        let count = self.folders.iter().filter(|folder| folder.images).count();
        (count > 1).then(|| {
            let reason = format!("{count} folders hold images");
            Located::new(&self.root, SourceKind::ClassFolders, reason)
        })
    }
}

impl SubFolder {
    fn of(root: &Path, name: OsString, cancel: &CancelToken) -> Result<Self, SourceError> {
        let part = part_of_folder(&name);
        let path = root.join(&name);
        let Peek { images, folders } = listing::peek(&path, part.is_some(), cancel)?;
        let mut is_part = false;
        if part.is_some() {
            for folder in folders {
                is_part = is_part || listing::peek(&path.join(folder), false, cancel)?.images;
            }
        }
        Ok(Self {
            name,
            part,
            images,
            is_part,
        })
    }
}
