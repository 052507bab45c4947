//! Where datasets come from: what kind of source a path is, and reading it into classes and samples.
//!
//! | path | read by |
//! |---|---|
//! | a folder | `locate` and `survey` say which of the readers below it is for |
//! | one folder per class | [`folder`] |
//! | folders for training, validation and test | `splits` |
//! | a CSV list of files and labels | `manifest` |
//! | NumPy arrays (`.npz`) | `npz`, with `npy` for the headers and `medmnist` for class names |
//! | MNIST's IDX files | `idx` |
//! | CIFAR-10's binary batches | `cifar` |
//! | `.zip`, `.tar`, `.tar.gz` of any of these | `archive`, with `extract` to be safe, then the folder it was unpacked to |
//! | anything else | `strangers` says what it looks like |
//!
//! No reader decodes an image, writes below what the user opened, or runs anything it reads. Arrays and
//! archives are unpacked into the cache (`unpack`), once.

mod archive;
mod archive_formats;
mod arrays;
pub mod detect;
mod extract;
mod file_keys;
#[cfg(test)]
mod fixtures;
mod limits;
mod listing;
mod locate;
mod manifest_columns;
mod medmnist;
pub(crate) mod natural;
mod npy;
mod strangers;
mod survey;
pub(super) mod unpack;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

use serde::{Deserialize, Serialize};

pub use detect::{detect, is_dataset};
pub use limits::Limits;

use super::{
    dataset::{Dataset, display_path},
    images::{ImageStore, InsteadOfCache},
};
use crate::cancel::{CancelToken, Cancelled};
use detect::{Found, Seen};
use locate::Located;
use survey::Survey;

/// What its file says of a kind of source.
struct Reader {
    /// What people call it.
    words: &'static str,
    /// What `--as` calls it.
    id: &'static str,
    /// Its files, when it is read from single ones.
    file: Option<SourceFile>,
    /// How a folder holds one, when its names look like it.
    in_folder: fn(&Survey) -> Option<InFolder>,
    /// Reads it.
    read: fn(&Path, &Request<'_>) -> Result<Opened, SourceError>,
}

/// A file that is a dataset.
struct SourceFile {
    /// What people call such files.
    called: &'static str,
    /// Endings that such files often have.
    endings: &'static [&'static str],
    /// Whether a file is one.
    is_one: fn(&Seen<'_>) -> bool,
    /// Why it is read as one, to follow "because".
    reason: &'static str,
}

/// A dataset in a folder.
struct InFolder {
    /// The folder or file to read.
    path: PathBuf,
    /// Why, to follow "because".
    reason: String,
    /// Of several kinds the one with most is the likeliest.
    likelihood: u8,
}

macro_rules! table {
    ($($(#[$about:meta])* $file:ident: $kind:ident,)*) => {
        $(pub mod $file;)*

        /// What a dataset is read from.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        pub enum SourceKind {
            $($(#[$about])* $kind,)*
        }

        impl SourceKind {
            /// Every kind.
            pub const ALL: [Self; [$(stringify!($kind)),*].len()] = [$(Self::$kind),*];

            fn reader(self) -> &'static Reader {
                match self {
                    $(Self::$kind => &$file::READER,)*
                }
            }
        }
    };
}

// Of a file that could be of two kinds the first is taken.
table! {
    /// One folder of images per class.
    #[default]
    folder: ClassFolders,
    /// Folders for training, validation and test, each with one folder per class.
    splits: SplitFolders,
    /// MedMNIST's `.npz`: `train_images`, `train_labels`, `val_images` …
    npz: Npz,
    /// MNIST's IDX files, gzipped or not.
    idx: Idx,
    /// CIFAR-10's binary batches.
    cifar: Cifar10,
    /// A CSV file with the columns `path,label` and perhaps `split`.
    manifest: Manifest,
}

impl SourceKind {
    /// What people call it.
    pub fn words(self) -> &'static str {
        self.reader().words
    }

    /// What `--as` calls it.
    pub fn id(self) -> &'static str {
        self.reader().id
    }
}

/// Endings of files that are datasets or hold one, for choosing among files.
pub static ENDINGS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let files = SourceKind::ALL.map(|kind| kind.reader().file.as_ref());
    let endings = files.into_iter().flatten().flat_map(|file| file.endings);
    endings.chain(archive_formats::ENDINGS).copied().collect()
});

/// A dataset that was read, and where its pixels are.
#[derive(Debug)]
pub struct Opened {
    /// Classes and samples.
    pub dataset: Dataset,
    /// Where the pixels are.
    pub images: ImageStore,
}

impl Opened {
    /// A dataset of image files.
    fn files(dataset: Dataset) -> Self {
        Self {
            dataset,
            images: ImageStore::default(),
        }
    }
}

/// How a source is opened.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// A folder or file.
    pub path: &'a Path,
    /// What to take it for; `None` finds out.
    pub kind: Option<SourceKind>,
    /// Where archives and arrays are unpacked to.
    pub cache: &'a Path,
    /// How much may be unpacked.
    pub limits: Limits,
    /// Asked often.
    pub cancel: &'a CancelToken,
    /// Hears how far it is: done and all, in folders, files or bytes. It begins anew when an archive was
    /// unpacked and its content is read.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// Why a path is not a dataset.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// This folder or file cannot be read, and what the system said.
    #[error("cannot read {0}: {1}")]
    Read(String, #[source] io::Error),
    /// This folder or file of the cache cannot be unpacked to, and what the system said.
    #[error(
        "cannot unpack into {0}: {1}; free some space or set CONVSCOPE_CACHE to another folder"
    )]
    Unpack(String, #[source] io::Error),
    /// It holds no dataset.
    #[error("{0}")]
    NotADataset(String),
    /// The user asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl SourceError {
    /// For `map_err` on what the system says about `path`.
    pub(crate) fn read(path: &Path) -> impl Fn(io::Error) -> Self {
        move |error| Self::Read(display_path(path), error)
    }

    /// For `map_err` on what the system says about `path` in the cache.
    fn unpack(path: &Path) -> impl Fn(io::Error) -> Self {
        move |error| Self::Unpack(display_path(path), error)
    }

    /// `path` with what is wrong about it, to follow its name.
    fn wrong(path: &Path, words: impl AsRef<str>) -> Self {
        Self::NotADataset(format!("{} {}", display_path(path), words.as_ref()))
    }
}

/// Opens a dataset of any kind without decoding any image file.
///
/// # Errors
/// One sentence: what, where, what to do.
pub fn open(request: &Request<'_>) -> Result<Opened, SourceError> {
    match open_with_cache(request) {
        Err(error @ SourceError::Unpack(..)) => open_without_cache(request, error),
        opened => opened,
    }
}

/// Unpacks into a folder for this time alone, because of `error`.
fn open_without_cache(request: &Request<'_>, error: SourceError) -> Result<Opened, SourceError> {
    let Ok(folder) = tempfile::tempdir() else {
        return Err(error);
    };
    let request = Request {
        cache: folder.path(),
        ..*request
    };
    match open_with_cache(&request) {
        // There is no room either: what was wrong with the cache is what can be mended.
        Err(SourceError::Unpack(..)) => Err(error),
        opened => opened.map(|mut opened| {
            let words = format!(
                "The dataset is unpacked into {} for this time only, because of the cache: {error}",
                display_path(folder.path())
            );
            let instead = InsteadOfCache { folder, words };
            opened.images.instead_of_cache = Some(Arc::new(instead));
            opened
        }),
    }
}

fn open_with_cache(request: &Request<'_>) -> Result<Opened, SourceError> {
    let path = request.path;
    let metadata = std::fs::metadata(path).map_err(SourceError::read(path))?;
    request.cancel.check()?;
    let mut opened = if metadata.is_dir() {
        let located = locate::locate(path, request.kind, request.cancel)?;
        read(&located, request)?
    } else {
        match detect::found_in(path)? {
            Found::Archive(format) => archive::open(format, request)?,
            Found::Dataset(kind) => {
                let located = detect::located(kind, path, request.kind)?;
                read(&located, request)?
            }
        }
    };
    opened.dataset.opened = path.to_path_buf();
    opened.dataset.name = detect::short_name(path, metadata.is_dir());
    Ok(opened)
}

/// Reads what was found as what it was found to be.
fn read(located: &Located, request: &Request<'_>) -> Result<Opened, SourceError> {
    let mut opened = (located.kind.reader().read)(&located.path, request)?;
    let line = ("Read as".to_owned(), located.words());
    opened.dataset.metadata.insert(0, line);
    Ok(opened)
}
