//! Every image decoded and resized once, in parallel, into files of bytes.
//!
//! `pixels-2/HEIGHTxWIDTH-MODE/` holds the rows of one format. A segment is a pair of files that only grow:
//! `NAME.rows` with one image after the other and `NAME.index` with one record per image, written after its
//! pixels: a hash of the content that the pixels were made from, and a checksum of the pixels. So rows
//! belong to contents, not to names: a moved or copied folder is decoded once, a changed file alone is
//! decoded again, and what a killed process had finished is kept. A segment that its writer did not
//! close is checked in full before it is used.
//!
//! **Whatever is read is checked**: each row against its checksum, every time. One that does not fit is decoded again
//! from its image and put right in the file. Files are read, not mapped: one that somebody cuts meanwhile gives rows
//! that do not fit, where a memory map would end the process. What cannot be written (no permission, a full disk) is
//! kept in memory, and said.
//!
//! `files-2/` remembers which content a file had when it had this length and time of change, so that
//! unchanged files need not be read. Nothing here is needed: every file can be deleted at any time.

mod opening;
mod remembered;
mod segments;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use opening::Work;
use remembered::{Remembered, files_path};
use segments::{Record, Segments, Writer, overwrite};

use super::{
    dataset::{Dataset, display_path},
    decode::ResizeMode,
    files::{evict, read_exact_at},
    images::{Content, ContentKey as Key, DAMAGED, ImageStore},
    picture::Picture,
};
use crate::{
    cancel::{CancelToken, Cancelled},
    format::{bytes, thousands},
    plain,
};

pub use super::decode::PixelFormat;

/// Its number changes when the meaning of the files changes.
const PIXELS_FOLDER: &str = "pixels-2";
/// Rows that are on no disk are kept in memory up to so many bytes; what is beyond is decoded at every use.
const MOST_KEPT_BYTES: usize = 1 << 30;

/// Why pixels could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PixelError {
    /// What was decoded earlier of this sample is damaged, and cannot be decoded again for this reason.
    #[error(
        "the pixels of {0} were damaged in the image cache and cannot be made again: it {1}. Open the dataset again, or bring the file back"
    )]
    Lost(String, String),
    /// There is no memory for so many bytes of them.
    #[error("{}", plain::no_memory_for(Some(*.0)))]
    NoMemory(u64),
    /// The user asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Where images of a format are kept in the folder `cache`.
fn folder_of(format: &PixelFormat, cache: &Path) -> PathBuf {
    let mode = match format.resize {
        ResizeMode::Stretch => "stretch",
        ResizeMode::Fit => "fit",
        ResizeMode::CentreCrop => "crop",
    };
    let name = format!("{}x{}-{mode}", format.height, format.width);
    cache.join(PIXELS_FOLDER).join(name)
}

/// Where the pixels of a sample are: segment and row.
#[derive(Debug, Clone, Copy)]
struct Place {
    segment: u32,
    row: u32,
}

/// Pixels of one sample.
#[derive(Debug, Clone, Copy)]
struct Row {
    record: Record,
    /// `None` when they could not be written.
    place: Option<Place>,
}

/// Rows in memory, by sample.
#[derive(Debug, Default)]
struct Kept {
    rows: HashMap<usize, Arc<[u8]>>,
    bytes: usize,
}

impl Kept {
    fn keep(&mut self, index: usize, row: Arc<[u8]>) {
        if self.bytes + row.len() <= MOST_KEPT_BYTES {
            self.bytes += row.len();
            self.rows.insert(index, row);
        }
    }
}

/// Decoded images of one format, one per sample of a dataset.
#[derive(Debug)]
pub struct PixelCache {
    paths: Vec<PathBuf>,
    /// Of each path; `None` when it cannot be opened.
    files: Vec<Option<File>>,
    rows: Vec<Option<Row>>,
    broken: BTreeMap<usize, String>,
    format: PixelFormat,
    /// To decode again what is damaged.
    dataset: Dataset,
    images: ImageStore,
    kept: Mutex<Kept>,
    unwritten: Option<String>,
}

impl PixelCache {
    /// Opens the pixels of all samples of `dataset`, decoding first what was never decoded. What was
    /// decoded stays when `cancel` is set or the process is killed.
    ///
    /// `progress(done, total)` is called from several threads. The files in `folder` are kept below
    /// [`files::cache_limit`](super::files::cache_limit) by deleting what was not used for longest. Where nothing can
    /// be written, [`Self::unwritten`] says so.
    ///
    /// # Errors
    /// When `cancel` was set.
    pub fn open(
        folder: &Path,
        dataset: &Dataset,
        images: &ImageStore,
        format: PixelFormat,
        cancel: &CancelToken,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Self, Cancelled> {
        let rows_folder = folder_of(&format, folder);
        let files_path = files_path(folder, dataset);
        let remembered = Remembered::load(&files_path);
        let segments = Segments::load(&rows_folder, format.row_bytes());
        let work = Work {
            dataset,
            images,
            format,
            segments: &segments,
            remembered: &remembered,
            writer: Mutex::new(Writer::new(&rows_folder, segments.paths.len())),
            kept: Mutex::default(),
            cancel,
        };
        let found = work.find_all(progress);
        // What is not remembered is only hashed again.
        let _ = work.remember(&found).save(&files_path);
        let Work { writer, kept, .. } = work;
        let writer = writer.into_inner().unwrap_or_else(PoisonError::into_inner);
        let (paths, failure) = writer.close(segments.paths);
        let mut rows = Vec::with_capacity(found.len());
        let mut broken = BTreeMap::new();
        for (index, found) in found.into_iter().enumerate() {
            let outcome = found?
                .outcome
                .map_err(|reason| broken.insert(index, reason));
            rows.push(outcome.ok());
        }
        let unwritten = failure.map(|failure| {
            let count = rows
                .iter()
                .flatten()
                .filter(|row| row.place.is_none())
                .count();
            words_of_unwritten(folder, &failure, count * format.row_bytes(), count)
        });
        let opened = Self {
            files: paths.iter().map(|path| File::open(path).ok()).collect(),
            paths,
            rows,
            broken,
            format,
            dataset: dataset.clone(),
            images: images.clone(),
            kept,
            unwritten,
        };
        let mut in_use = opened.used_paths();
        // An archive's files, or the arrays, when those lie in the cache.
        in_use.insert(dataset.root.clone());
        in_use.extend(images.arrays.iter().map(|array| array.path.clone()));
        evict(folder, &in_use);
        Ok(opened)
    }

    /// Number of samples, broken ones included.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
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
    pub fn content_key(&self, index: usize) -> Option<Key> {
        let row = self.rows.get(index)?.as_ref()?;
        Some(row.record.key())
    }

    /// That what was unpacked into the cache is damaged there, in a sentence: nobody means to go on without those
    /// images, and the next opening unpacks them again.
    pub fn damaged(&self) -> Option<String> {
        let is_damaged = |(_, reason): &(&usize, &String)| *reason == DAMAGED;
        let mut damaged = self.broken.iter().filter(is_damaged);
        let (&first, reason) = damaged.next()?;
        let name = display_path(&self.dataset.samples[first].path);
        Some(match damaged.count() {
            0 => format!("{name} {reason}"),
            more => format!("{name} {reason}; so were {} more", thousands(more)),
        })
    }

    /// Why what was decoded could not be written, and what that means, in a sentence.
    pub fn unwritten(&self) -> Option<&str> {
        self.unwritten.as_deref()
    }

    /// Pixels of sample `index`, `[H, W, 3]` row by row; `None` when it is broken or there is no such sample.
    ///
    /// # Errors
    /// When they are damaged and cannot be decoded again.
    pub fn image(&self, index: usize) -> Result<Option<Vec<u8>>, PixelError> {
        let mut pixels = Vec::new();
        self.read(index, &mut pixels)?;
        Ok(Some(pixels).filter(|pixels| !pixels.is_empty()))
    }

    /// Appends the pixels of sample `index` to `pixels`; nothing when it is broken or there is no such sample.
    ///
    /// # Errors
    /// When they are damaged and cannot be decoded again.
    pub fn read(&self, index: usize, pixels: &mut Vec<u8>) -> Result<(), PixelError> {
        let Some(Some(row)) = self.rows.get(index) else {
            return Ok(());
        };
        let start = pixels.len();
        if row.place.is_some_and(|place| self.read_row(place, pixels))
            && row.record.fits(&pixels[start..])
        {
            return Ok(());
        }
        pixels.truncate(start);
        if let Some(kept) = self.kept().rows.get(&index) {
            pixels.extend_from_slice(kept);
            return Ok(());
        }
        let restored = self.restore(index, row).map_err(|reason| {
            PixelError::Lost(display_path(&self.dataset.samples[index].path), reason)
        })?;
        pixels.extend_from_slice(&restored);
        self.kept().keep(index, restored);
        Ok(())
    }

    /// Sample `index` as a picture; `None` without pixels.
    pub fn picture(&self, index: usize) -> Option<Picture> {
        let rgb = self.image(index).ok()??;
        Some(Picture {
            width: self.format.width,
            height: self.format.height,
            rgb,
        })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends what the file holds there, whatever it is.
    fn read_row(&self, place: Place, pixels: &mut Vec<u8>) -> bool {
        let Some(Some(file)) = self.files.get(place.segment as usize) else {
            return false;
        };
        // A whole row at once: growing `pixels` byte by byte takes longer than checking it where nothing is optimised.
        let mut row = vec![0; self.format.row_bytes()];
        let offset = u64::from(place.row) * row.len() as u64;
        let is_read = read_exact_at(file, &mut row, offset).is_ok();
        pixels.extend_from_slice(&row);
        is_read
    }

    /// Decodes sample `index` again from the content that its row was made from, and puts the row right on the disk;
    /// one that cannot be made again is struck out there, so that the next opening knows that its image is gone.
    fn restore(&self, index: usize, row: &Row) -> Result<Arc<[u8]>, String> {
        let content = self.images.content(&self.dataset, index);
        let decoded = content.and_then(|content| {
            if content.short_key() != row.record.key() {
                return Err("has changed meanwhile".to_owned());
            }
            decoded(&content, self.format)
        });
        let (record, pixels) = match &decoded {
            Ok(pixels) => (Record::of(row.record.key(), pixels), &pixels[..]),
            Err(_) => (Record::NONE, &[][..]),
        };
        if let Some(place) = row.place {
            // Where it cannot be written it is decoded again the next time, too.
            let _ = overwrite(
                &self.paths[place.segment as usize],
                place.row,
                pixels,
                record,
            );
        }
        decoded.map(Into::into)
    }

    fn used_paths(&self) -> HashSet<PathBuf> {
        let places = self.rows.iter().flatten().filter_map(|row| row.place);
        let used: HashSet<u32> = places.map(|place| place.segment).collect();
        used.into_iter()
            .filter_map(|segment| self.paths.get(segment as usize).cloned())
            .collect()
    }
}

fn words_of_unwritten(folder: &Path, why: &std::io::Error, size: usize, images: usize) -> String {
    let (folder, images) = (display_path(folder), thousands(images));
    let (size, kept) = (bytes(size as u64), bytes(MOST_KEPT_BYTES as u64));
    format!(
        "The image cache in {folder} cannot be written ({why}): {images} decoded images ({size}) are kept in memory, up to {kept}, and decoded again the next time, which takes longer. Free some space, or set CONVSCOPE_CACHE to another folder"
    )
}

/// The pixels of `content` in `format`.
fn decoded(content: &Content, format: PixelFormat) -> Result<Vec<u8>, String> {
    Ok(format.apply(&content.decode()?).into_raw())
}

#[cfg(test)]
mod tests;
