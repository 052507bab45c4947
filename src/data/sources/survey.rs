//! Finding out what a folder is: one look at its names and at those one level below, without reading any
//! image.

use std::{
    cmp::Reverse,
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::{
    InFolder, SourceError, SourceKind,
    listing::{self, Peek},
    locate::Located,
    manifest,
    splits::part_of_folder,
};
use crate::{cancel::CancelToken, data::split::SplitName};

/// One folder and those in it, as far as their names tell.
pub(super) struct Survey {
    pub root: PathBuf,
    /// Folders in it, in natural order.
    pub folders: Vec<SubFolder>,
    /// Files in it.
    pub files: Vec<OsString>,
    /// Lists of files and labels in it.
    pub manifests: Vec<PathBuf>,
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

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().filter_map(|name| name.to_str())
    }

    /// All that it can be read as, the likeliest first.
    pub fn possible(&self) -> Vec<Located> {
        let found = SourceKind::ALL.into_iter().filter_map(|kind| {
            let found = (kind.reader().in_folder)(self)?;
            let located = Located::new(&found.path, kind, found.reason);
            Some((found.likelihood, located))
        });
        let mut found: Vec<_> = found.collect();
        found.sort_by_key(|(likelihood, _)| Reverse(*likelihood));
        found.into_iter().map(|(_, located)| located).collect()
    }

    /// The folder itself, when one of its files fits.
    pub fn with_file(
        &self,
        fits: fn(&str) -> bool,
        (reason, likelihood): (&str, u8),
    ) -> Option<InFolder> {
        self.names().any(fits).then(|| InFolder {
            path: self.root.clone(),
            reason: reason.to_owned(),
            likelihood,
        })
    }

    /// Folders named like parts hold class folders, and nothing suggests that they are classes: a folder
    /// `test` with images in it is a class, one with folders of images in it is a part.
    pub fn prefers_splits(&self) -> bool {
        let mut parts: Vec<_> = self.part_folders().filter_map(|f| f.part).collect();
        parts.sort_unstable();
        parts.dedup();
        let has_classes = self.folders.iter().any(|f| f.images && f.part.is_none());
        !parts.is_empty() && (parts.len() > 1 || !has_classes)
    }

    pub fn part_folders(&self) -> impl Iterator<Item = &SubFolder> {
        self.folders.iter().filter(|folder| folder.is_part)
    }

    /// Whether nothing but folders named like parts holds images.
    pub fn has_only_parts(&self) -> bool {
        let mut folders = self.folders.iter();
        folders.all(|folder| !folder.images || folder.part.is_some())
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
