//! Every image decoded and resized once, in parallel, into memory-mapped files of bytes.
//!
//! `pixels-2/HEIGHTxWIDTH-MODE/` holds the rows of one format. A segment is a pair of files that only grow:
//! `NAME.rows` with one image after the other and `NAME.index` with one record per image, written after its
//! pixels: a hash of the content that the pixels were made from, and a checksum of the pixels. So rows
//! belong to contents, not to names: a moved or copied folder is decoded once, a changed file alone is
//! decoded again, and what a killed process had finished is kept. A segment that its writer did not
//! close is checked in full before it is used; of closed ones a sample is checked on every opening.
//!
//! `files-2/` remembers which content a file had when it had this length and time of change, so that
//! unchanged files need not be read. Nothing here is needed: every file can be deleted at any time.

mod remembered;
mod segments;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs::{self, File},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use rayon::prelude::*;

use remembered::{Remembered, files_path, stamp};
use segments::{Record, Segments, Writer, checksum, records, remove_segment};

use super::{
    dataset::{Dataset, Origin, display_path},
    decode::{self, ResizeMode},
    files::evict,
    images::ImageStore,
    picture::Picture,
};
use crate::{
    cancel::{CancelToken, Cancelled},
    plain, sys,
};

const CHANNELS: usize = 3;
/// Its number changes when the meaning of the files changes.
const PIXELS_FOLDER: &str = "pixels-2";
/// Of closed segments so many bytes are checked on opening, spread over all rows.
const CHECKED_BYTES: usize = 128 << 20;
/// After this many damaged segments the disk is at fault, not an accident.
const MOST_REPAIRS: usize = 8;

/// Why a cache could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The cache folder cannot be written or read.
    #[error(
        "cannot use the image cache in {path}: {}; free some space or set CONVSCOPE_CACHE to another folder",
        plain::io(.source)
    )]
    Disk {
        /// The cache folder.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// Written pixels come back changed again and again.
    #[error("the image cache in {0} is damaged again and again: check the disk")]
    Damaged(String),
    /// The user asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// What images are brought to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PixelFormat {
    /// Pixels per column.
    pub height: usize,
    /// Pixels per row.
    pub width: usize,
    /// How other proportions are dealt with.
    pub resize: ResizeMode,
}

impl PixelFormat {
    /// Stretched to this size.
    pub fn stretched(height: usize, width: usize) -> Self {
        Self {
            height,
            width,
            resize: ResizeMode::Stretch,
        }
    }

    /// Bytes of one image.
    pub fn row_bytes(&self) -> usize {
        self.height * self.width * CHANNELS
    }

    fn folder(&self, cache: &Path) -> PathBuf {
        let mode = match self.resize {
            ResizeMode::Stretch => "stretch",
            ResizeMode::Fit => "fit",
            ResizeMode::CentreCrop => "crop",
        };
        let name = format!("{}x{}-{mode}", self.height, self.width);
        cache.join(PIXELS_FOLDER).join(name)
    }
}

/// First half of a blake3 hash of a content.
type Key = [u8; 16];

fn key_of(hash: &blake3::Hash) -> Key {
    let mut key = Key::default();
    key.copy_from_slice(&hash.as_bytes()[..16]);
    key
}

/// Where the pixels of a sample are: segment and row.
#[derive(Debug, Clone, Copy)]
struct Place {
    segment: u32,
    row: u32,
}

/// Decoded images of one format, one per sample of a dataset.
#[derive(Debug)]
pub struct PixelCache {
    maps: Vec<memmap2::Mmap>,
    places: Vec<Option<Place>>,
    /// What each content is known by.
    keys: Vec<Option<Key>>,
    broken: BTreeMap<usize, String>,
    format: PixelFormat,
    /// Why the pixels are kept for this time only, and where: the folder could not be used. After the maps, which end
    /// first.
    temporary: Option<(String, tempfile::TempDir)>,
}

impl PixelCache {
    /// Opens the pixels of all samples of `dataset`, decoding first what was never decoded. What was
    /// decoded stays when `cancel` is set or the process is killed. Where `folder` cannot be used (read-only, full),
    /// pixels are kept in a temporary one, for this time: [`Self::warning`] says so.
    ///
    /// `progress(done, total)` is called from several threads. The files in `folder` are kept below
    /// [`files::cache_limit`](super::files::cache_limit) by deleting what was not used for longest.
    ///
    /// # Errors
    /// When the cache folder cannot be used or `cancel` was set.
    pub fn open(
        folder: &Path,
        dataset: &Dataset,
        images: &ImageStore,
        format: PixelFormat,
        cancel: &CancelToken,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Self, CacheError> {
        let open = |folder: &Path| Self::open_in(folder, dataset, images, format, cancel, progress);
        open(folder).or_else(|error| {
            let CacheError::Disk { .. } = error else {
                return Err(error);
            };
            let Ok(temporary) = tempfile::tempdir() else {
                return Err(error);
            };
            // Of two folders that cannot be used the user knows the first.
            match open(temporary.path()) {
                Ok(opened) => Ok(Self {
                    temporary: Some((error.to_string(), temporary)),
                    ..opened
                }),
                Err(cancelled @ CacheError::Cancelled(_)) => Err(cancelled),
                Err(_) => Err(error),
            }
        })
    }

    /// That the images are not kept for the next time, in a sentence; `None` when they are.
    pub fn warning(&self) -> Option<String> {
        let (reason, _) = self.temporary.as_ref()?;
        Some(format!(
            "{reason}; the images are decoded for this time only"
        ))
    }

    fn open_in(
        folder: &Path,
        dataset: &Dataset,
        images: &ImageStore,
        format: PixelFormat,
        cancel: &CancelToken,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Self, CacheError> {
        let failed = |source| CacheError::Disk {
            path: display_path(folder),
            source,
        };
        let rows = format.folder(folder);
        fs::create_dir_all(&rows).map_err(failed)?;
        let files_path = files_path(folder, dataset);
        let mut remembered = Remembered::load(&files_path);
        for _ in 0..MOST_REPAIRS {
            let segments = Segments::load(&rows, format.row_bytes()).map_err(failed)?;
            let writer = Mutex::new(Writer::new(&rows, segments.paths.len()));
            let work = Work {
                dataset,
                images,
                format,
                segments: &segments,
                remembered: &remembered,
                writer: &writer,
                cancel,
            };
            let found = work.find_all(progress);
            let now = work.remember(&found);
            // What is not remembered is only hashed again.
            let _ = now.save(&files_path);
            remembered = now;
            let writer = writer.into_inner().unwrap_or_else(PoisonError::into_inner);
            let paths = writer.close(segments.paths).map_err(failed)?;
            let opened = Self::from_found(found, &paths, format).map_err(|error| match error {
                Unfinished::Cancelled => CacheError::Cancelled(Cancelled),
                Unfinished::Disk(source) => failed(source),
            })?;
            match opened.first_damaged(&paths) {
                None => {
                    let mut in_use = opened.used_paths(&paths);
                    // An archive's files, or the arrays, when those lie in the cache.
                    in_use.insert(dataset.root.clone());
                    in_use.extend(images.arrays.iter().map(|array| array.path.clone()));
                    evict(folder, &in_use);
                    return Ok(opened);
                }
                Some(damaged) => remove_segment(&paths[damaged]).map_err(failed)?,
            }
        }
        Err(CacheError::Damaged(display_path(folder)))
    }

    fn from_found(
        found: Vec<Result<Found, Unfinished>>,
        paths: &[PathBuf],
        format: PixelFormat,
    ) -> Result<Self, Unfinished> {
        let mut places = Vec::with_capacity(found.len());
        let mut keys = Vec::with_capacity(found.len());
        let mut broken = BTreeMap::new();
        for (index, found) in found.into_iter().enumerate() {
            let found = found?;
            keys.push(found.key);
            match found.outcome {
                Ok(place) => places.push(Some(place)),
                Err(reason) => {
                    places.push(None);
                    broken.insert(index, reason);
                }
            }
        }
        let map = |path: &PathBuf| sys::map_file(&File::open(path)?);
        let maps: io::Result<Vec<_>> = paths.iter().map(map).collect();
        Ok(Self {
            maps: maps.map_err(Unfinished::Disk)?,
            places,
            keys,
            broken,
            format,
            temporary: None,
        })
    }

    /// Number of samples, broken ones included.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// What the images were brought to.
    pub fn format(&self) -> PixelFormat {
        self.format
    }

    /// Samples that cannot be decoded, and why (to follow a file's name).
    pub fn broken(&self) -> &BTreeMap<usize, String> {
        &self.broken
    }

    /// What the content of sample `index` is known by: samples with the same key have the same file or pixels. `None`
    /// when it cannot be read or there is no such sample.
    pub fn content_key(&self, index: usize) -> Option<[u8; 16]> {
        *self.keys.get(index)?
    }

    /// Pixels of sample `index`, `[H, W, 3]` row by row; `None` when it is broken or there is no such sample.
    pub fn image(&self, index: usize) -> Option<&[u8]> {
        let place = (*self.places.get(index)?)?;
        self.row(place)
    }

    fn row(&self, place: Place) -> Option<&[u8]> {
        let size = self.format.row_bytes();
        let start = place.row as usize * size;
        let map = self.maps.get(place.segment as usize)?;
        map.get(start..start + size)
    }

    /// Sample `index` as a picture.
    pub fn picture(&self, index: usize) -> Option<Picture> {
        let rgb = self.image(index)?.to_vec();
        Some(Picture {
            width: self.format.width,
            height: self.format.height,
            rgb,
        })
    }

    /// A segment with a row that is not what was written, among a sample of all rows.
    fn first_damaged(&self, paths: &[PathBuf]) -> Option<usize> {
        let all: Vec<Place> = self.places.iter().flatten().copied().collect();
        let wanted = (CHECKED_BYTES / self.format.row_bytes().max(1)).max(1);
        let step = all.len().div_ceil(wanted).max(1);
        let records: Vec<Vec<Record>> = paths.iter().map(|path| records(path).0).collect();
        let is_whole = |place: &Place| {
            let record = records
                .get(place.segment as usize)
                .and_then(|records| records.get(place.row as usize));
            record
                .zip(self.row(*place))
                .is_some_and(|(record, row)| record.checksum == checksum(row))
        };
        let sample: Vec<Place> = all.into_iter().step_by(step).collect();
        let damaged = sample.par_iter().find_any(|place| !is_whole(place));
        damaged.map(|place| place.segment as usize)
    }

    fn used_paths(&self, paths: &[PathBuf]) -> HashSet<PathBuf> {
        let used: HashSet<u32> = self.places.iter().flatten().map(|p| p.segment).collect();
        used.into_iter()
            .filter_map(|segment| paths.get(segment as usize).cloned())
            .collect()
    }
}

/// What became of one sample.
struct Found {
    /// Length, time of change and content of its file; `None` for arrays and files that cannot be read.
    file: Option<(u64, u128, Key)>,
    /// What its content is known by; `None` when it cannot be read.
    key: Option<Key>,
    outcome: Result<Place, String>,
}

enum Unfinished {
    Cancelled,
    Disk(io::Error),
}

/// One opening.
struct Work<'a> {
    dataset: &'a Dataset,
    images: &'a ImageStore,
    format: PixelFormat,
    segments: &'a Segments,
    remembered: &'a Remembered,
    writer: &'a Mutex<Writer>,
    cancel: &'a CancelToken,
}

impl Work<'_> {
    fn find_all(&self, progress: &(dyn Fn(usize, usize) + Sync)) -> Vec<Result<Found, Unfinished>> {
        let total = self.dataset.samples.len();
        let done = AtomicUsize::new(0);
        (0..total)
            .into_par_iter()
            .map(|index| {
                if self.cancel.is_cancelled() {
                    return Err(Unfinished::Cancelled);
                }
                let found = self.find(index);
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
                found
            })
            .collect()
    }

    fn find(&self, index: usize) -> Result<Found, Unfinished> {
        let sample = &self.dataset.samples[index];
        let stamp = (sample.origin == Origin::File)
            .then(|| stamp(&self.dataset.root.join(&sample.path)))
            .flatten();
        let known = stamp.and_then(|stamp| self.remembered.get(&sample.path, stamp));
        if let Some((place, key)) = known.and_then(|key| Some((self.segments.find(&key)?, key))) {
            return Ok(Found {
                file: stamp.map(|(length, changed)| (length, changed, key)),
                key: Some(key),
                outcome: Ok(place),
            });
        }
        let content = match self.images.content(self.dataset, index) {
            Ok(content) => content,
            Err(reason) => {
                return Ok(Found {
                    file: None,
                    key: None,
                    outcome: Err(reason),
                });
            }
        };
        let key = key_of(&content.key());
        let file = stamp.map(|(length, changed)| (length, changed, key));
        if let Some(place) = self.segments.find(&key) {
            return Ok(Found {
                file,
                key: Some(key),
                outcome: Ok(place),
            });
        }
        let size = (self.format.height, self.format.width);
        let decoded = catch_unwind(AssertUnwindSafe(|| {
            let image = content.decode()?;
            Ok(decode::resized(&image, size, self.format.resize))
        }))
        .unwrap_or_else(|_| Err("cannot be decoded: the decoder failed".to_owned()));
        let outcome = match decoded {
            Err(reason) => Err(reason),
            Ok(image) => {
                let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
                let place = writer.append(key, image.as_raw());
                Ok(place.map_err(Unfinished::Disk)?)
            }
        };
        Ok(Found {
            file,
            key: Some(key),
            outcome,
        })
    }

    fn remember(&self, found: &[Result<Found, Unfinished>]) -> Remembered {
        let mut files = HashMap::new();
        for (sample, found) in self.dataset.samples.iter().zip(found) {
            let file = match found {
                Ok(found) => found.file,
                // Not looked at this time: what was known of it is still known.
                Err(_) => self
                    .remembered
                    .files
                    .get(sample.path.as_os_str().as_encoded_bytes())
                    .copied(),
            };
            if let Some(file) = file {
                let path = sample.path.as_os_str().as_encoded_bytes().to_vec();
                files.insert(path, file);
            }
        }
        Remembered { files }
    }
}

#[cfg(test)]
mod tests;
