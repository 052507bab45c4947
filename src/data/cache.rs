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

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs::{self, File},
    io::{self, Read as _, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::SystemTime,
};

use rayon::prelude::*;

use super::{
    dataset::{Dataset, Origin, display_path},
    decode::{self, ResizeMode},
    files::{evict, write_atomically},
    images::ImageStore,
    picture::Picture,
};
use crate::{
    cancel::{CancelToken, Cancelled},
    sys,
};

const CHANNELS: usize = 3;
/// Their numbers change when the meaning of the files changes.
const PIXELS_FOLDER: &str = "pixels-2";
const FILES_FOLDER: &str = "files-2";
/// A segment is closed at this size, so that old ones can be deleted one by one.
const SEGMENT_BYTES: u64 = 256 << 20;
/// Of closed segments so many bytes are checked on opening, spread over all rows.
const CHECKED_BYTES: usize = 128 << 20;
/// After this many damaged segments the disk is at fault, not an accident.
const MOST_REPAIRS: usize = 8;

/// Why a cache could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The cache folder cannot be written or read.
    #[error(
        "cannot use the image cache in {path}: {source}; free some space or set CONVSCOPE_CACHE to another folder"
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
    broken: BTreeMap<usize, String>,
    format: PixelFormat,
}

impl PixelCache {
    /// Opens the pixels of all samples of `dataset`, decoding first what was never decoded. What was
    /// decoded stays when `cancel` is set or the process is killed.
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
                    evict(folder, &opened.used_paths(&paths));
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
        let mut broken = BTreeMap::new();
        for (index, found) in found.into_iter().enumerate() {
            match found?.outcome {
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
            broken,
            format,
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
                outcome: Ok(place),
            });
        }
        let content = match self.images.content(self.dataset, index) {
            Ok(content) => content,
            Err(reason) => {
                return Ok(Found {
                    file: None,
                    outcome: Err(reason),
                });
            }
        };
        let key = key_of(&content.key());
        let file = stamp.map(|(length, changed)| (length, changed, key));
        if let Some(place) = self.segments.find(&key) {
            return Ok(Found {
                file,
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
        Ok(Found { file, outcome })
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

/// Length and time of change in nanoseconds since 1970.
fn stamp(path: &Path) -> Option<(u64, u128)> {
    let metadata = fs::metadata(path).ok()?;
    let changed = metadata.modified().ok()?;
    let changed = changed.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some((metadata.len(), changed.as_nanos()))
}

/// Which content each file of a dataset had.
#[derive(Default)]
struct Remembered {
    /// Path below the root → length, time of change, content.
    files: HashMap<Vec<u8>, (u64, u128, Key)>,
}

fn files_path(folder: &Path, dataset: &Dataset) -> PathBuf {
    let root = blake3::hash(dataset.root.as_os_str().as_encoded_bytes());
    let name = format!("{}.csv", &root.to_hex()[..32]);
    folder.join(FILES_FOLDER).join(name)
}

impl Remembered {
    fn get(&self, path: &Path, (length, changed): (u64, u128)) -> Option<Key> {
        let known = self.files.get(path.as_os_str().as_encoded_bytes())?;
        (known.0 == length && known.1 == changed).then_some(known.2)
    }

    /// What was saved; nothing when there is none or it is damaged.
    fn load(path: &Path) -> Self {
        let mut files = HashMap::new();
        let reader = csv::ReaderBuilder::new().has_headers(false).from_path(path);
        let records = reader.into_iter().flat_map(csv::Reader::into_byte_records);
        for record in records.map_while(Result::ok) {
            let number = |column: usize| std::str::from_utf8(record.get(column)?).ok();
            let entry = || {
                let key = blake3::Hash::from_hex(format!("{:0<64}", number(3)?)).ok()?;
                let file = (
                    number(1)?.parse().ok()?,
                    number(2)?.parse().ok()?,
                    key_of(&key),
                );
                Some((record.get(0)?.to_vec(), file))
            };
            files.extend(entry());
        }
        Self { files }
    }

    fn save(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut writer = csv::Writer::from_writer(Vec::new());
        for (path, (length, changed, key)) in &self.files {
            let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
            let (length, changed) = (length.to_string(), changed.to_string());
            let fields = [path, length.as_bytes(), changed.as_bytes(), hex.as_bytes()];
            writer.write_record(fields)?;
        }
        let bytes = writer.into_inner().map_err(|error| error.into_error())?;
        write_atomically(path, &bytes)
    }
}

/// One row of an index file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Record {
    key: Key,
    checksum: u64,
}

const RECORD_BYTES: usize = 24;
/// The record that closes a segment.
const CLOSED: Record = Record {
    key: [0xff; 16],
    checksum: u64::MAX,
};

impl Record {
    fn to_bytes(self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        bytes[..16].copy_from_slice(&self.key);
        bytes[16..].copy_from_slice(&self.checksum.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            key: bytes.get(..16)?.try_into().ok()?,
            checksum: u64::from_le_bytes(bytes.get(16..RECORD_BYTES)?.try_into().ok()?),
        })
    }
}

fn checksum(row: &[u8]) -> u64 {
    let hash = blake3::hash(row);
    hash.as_bytes()[..8]
        .iter()
        .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

fn index_path(rows: &Path) -> PathBuf {
    rows.with_extension("index")
}

/// The records of a segment, and whether it was closed. A record cut off in the middle is left out.
fn records(rows: &Path) -> (Vec<Record>, bool) {
    let mut bytes = Vec::new();
    let read = File::open(index_path(rows)).and_then(|mut file| file.read_to_end(&mut bytes));
    if read.is_err() {
        return (Vec::new(), false);
    }
    let chunks = bytes.chunks_exact(RECORD_BYTES);
    let mut records: Vec<Record> = chunks.filter_map(Record::from_bytes).collect();
    let closed = records.last() == Some(&CLOSED);
    if closed {
        records.pop();
    }
    (records, closed)
}

fn remove_segment(rows: &Path) -> io::Result<()> {
    let _ = fs::remove_file(index_path(rows));
    fs::remove_file(rows)
}

/// All rows of one format.
struct Segments {
    paths: Vec<PathBuf>,
    places: HashMap<Key, Place>,
}

impl Segments {
    fn load(folder: &Path, row_bytes: usize) -> io::Result<Self> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "rows") {
                paths.push(path);
            }
        }
        paths.sort();
        let mut segments = Self {
            paths: Vec::new(),
            places: HashMap::new(),
        };
        for path in paths {
            let Some(records) = usable_records(&path, row_bytes)? else {
                continue;
            };
            let segment = segments.paths.len() as u32;
            for (row, record) in records.iter().enumerate() {
                let row = row as u32;
                segments.places.insert(record.key, Place { segment, row });
            }
            segments.paths.push(path);
        }
        Ok(segments)
    }

    fn find(&self, key: &Key) -> Option<Place> {
        self.places.get(key).copied()
    }
}

/// The records whose rows may be used; `None` when the segment has none, is damaged (then it is deleted)
/// or another process still writes it.
fn usable_records(rows: &Path, row_bytes: usize) -> io::Result<Option<Vec<Record>>> {
    let Ok(index) = fs::OpenOptions::new().append(true).open(index_path(rows)) else {
        // Its writer makes the index after the rows; one without is a leftover once it is old.
        let age = fs::metadata(rows).and_then(|m| m.modified());
        if age.is_ok_and(|changed| changed.elapsed().is_ok_and(|age| age.as_secs() > 60)) {
            let _ = fs::remove_file(rows);
        }
        return Ok(None);
    };
    let (mut records, closed) = records(rows);
    let whole_rows = fs::metadata(rows)?.len() as usize / row_bytes.max(1);
    if closed {
        if records.len() == whole_rows && !records.is_empty() {
            return Ok(Some(records));
        }
        let _ = remove_segment(rows);
        return Ok(None);
    }
    if index.try_lock().is_err() {
        return Ok(None);
    }
    // Its writer was killed, or the power was cut: believe nothing that is not checked.
    records.truncate(whole_rows);
    let map = (whole_rows > 0).then(|| sys::map_file(&File::open(rows)?));
    let Some(map) = map.transpose()? else {
        let _ = remove_segment(rows);
        return Ok(None);
    };
    let intact = records
        .par_iter()
        .zip(map.par_chunks_exact(row_bytes))
        .all(|(record, row)| record.checksum == checksum(row));
    drop(map);
    if !intact || records.is_empty() {
        let _ = remove_segment(rows);
        return Ok(None);
    }
    close_repaired(rows, &records, row_bytes)?;
    Ok(Some(records))
}

/// Cuts off what was only half written and closes the segment.
fn close_repaired(rows: &Path, records: &[Record], row_bytes: usize) -> io::Result<()> {
    let file = fs::OpenOptions::new().write(true).open(rows)?;
    file.set_len((records.len() * row_bytes) as u64)?;
    file.sync_data()?;
    let all = records.iter().chain([&CLOSED]);
    let bytes: Vec<u8> = all.flat_map(|record| record.to_bytes()).collect();
    write_atomically(&index_path(rows), &bytes)
}

/// Appends rows to segments of its own, which nobody else writes.
struct Writer {
    folder: PathBuf,
    /// Segments that existed before.
    before: usize,
    paths: Vec<PathBuf>,
    open: Option<OpenSegment>,
}

struct OpenSegment {
    rows: File,
    /// Locked while it is open, to tell others that its writer lives.
    index: File,
    count: u32,
    bytes: u64,
}

impl Writer {
    fn new(folder: &Path, before: usize) -> Self {
        Self {
            folder: folder.to_path_buf(),
            before,
            paths: Vec::new(),
            open: None,
        }
    }

    fn append(&mut self, key: Key, row: &[u8]) -> io::Result<Place> {
        if self
            .open
            .as_ref()
            .is_some_and(|open| open.bytes >= SEGMENT_BYTES)
        {
            self.close_segment()?;
        }
        let segment = match &mut self.open {
            Some(segment) => segment,
            None => {
                let temporary = tempfile::Builder::new()
                    .prefix("")
                    .suffix(".rows")
                    .rand_bytes(16)
                    .tempfile_in(&self.folder)?;
                let (rows, path) = temporary.keep().map_err(|error| error.error)?;
                let index = fs::OpenOptions::new()
                    .append(true)
                    .create_new(true)
                    .open(index_path(&path))?;
                // On file systems without locks, others may wait for this segment in vain; no harm.
                let _ = index.try_lock();
                self.paths.push(path);
                self.open.insert(OpenSegment {
                    rows,
                    index,
                    count: 0,
                    bytes: 0,
                })
            }
        };
        segment.rows.write_all(row)?;
        let record = Record {
            key,
            checksum: checksum(row),
        };
        segment.index.write_all(&record.to_bytes())?;
        let place = Place {
            segment: (self.before + self.paths.len() - 1) as u32,
            row: segment.count,
        };
        segment.count += 1;
        segment.bytes += row.len() as u64;
        Ok(place)
    }

    fn close_segment(&mut self) -> io::Result<()> {
        if let Some(mut segment) = self.open.take() {
            segment.rows.sync_data()?;
            segment.index.write_all(&CLOSED.to_bytes())?;
            segment.index.sync_data()?;
        }
        Ok(())
    }

    /// Closes what is open; the paths of all segments, older ones first.
    fn close(mut self, before: Vec<PathBuf>) -> io::Result<Vec<PathBuf>> {
        self.close_segment()?;
        let mut all = before;
        all.append(&mut self.paths);
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sources::folder;

    fn fixture() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (class, shade) in [("a", 10u8), ("b", 200)] {
            fs::create_dir(folder.path().join(class)).unwrap();
            for i in 0..3u8 {
                let image = image::RgbImage::from_pixel(5, 4, image::Rgb([shade + i, 0, 0]));
                let path = folder.path().join(class).join(format!("{i}.png"));
                image.save(path).unwrap();
            }
        }
        fs::write(folder.path().join("a/1.png"), b"not a png at all").unwrap();
        folder
    }

    /// Opens and tells how many images were decoded for it.
    fn open(cache: &Path, data: &Path, size: (usize, usize)) -> (PixelCache, usize) {
        let (token, images) = (CancelToken::new(), ImageStore::default());
        let dataset = folder::scan(data, &token).unwrap();
        let format = PixelFormat::stretched(size.0, size.1);
        let rows = || -> usize {
            let list = fs::read_dir(format.folder(cache)).into_iter().flatten();
            let paths = list.map(|entry| entry.unwrap().path());
            paths
                .filter(|p| p.extension().is_some_and(|e| e == "rows"))
                .map(|p| records(&p).0.len())
                .sum()
        };
        let before = rows();
        let pixels =
            PixelCache::open(cache, &dataset, &images, format, &token, &|_, _| {}).unwrap();
        (pixels, rows() - before)
    }

    fn segments(cache: &Path) -> Vec<PathBuf> {
        let folder = PixelFormat::stretched(4, 5).folder(cache);
        let list = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        list.filter(|p| p.extension().is_some_and(|e| e == "rows"))
            .collect()
    }

    #[test]
    fn broken_files_are_told_and_images_match_their_samples() {
        let (data, cache) = (fixture(), tempfile::tempdir().unwrap());
        for expected in [5, 0] {
            let (pixels, decoded) = open(cache.path(), data.path(), (4, 5));
            assert_eq!((pixels.len(), decoded), (6, expected));
            assert_eq!(pixels.broken().keys().collect::<Vec<_>>(), [&1]);
            for (index, first) in [(0, 10), (2, 12), (3, 200), (5, 202)] {
                let image = pixels.image(index).unwrap();
                assert_eq!((image[0], image[57], image.len()), (first, first, 60));
            }
            assert!(pixels.image(1).is_none() && pixels.image(6).is_none());
        }
    }

    #[test]
    fn only_new_content_is_decoded() {
        let (data, cache) = (fixture(), tempfile::tempdir().unwrap());
        open(cache.path(), data.path(), (4, 5));
        image::RgbImage::from_pixel(50, 40, image::Rgb([77, 0, 0]))
            .save(data.path().join("a/0.png"))
            .unwrap();
        let (pixels, decoded) = open(cache.path(), data.path(), (4, 5));
        assert_eq!(
            (pixels.image(0).unwrap()[0], decoded),
            (77, 1),
            "one file was edited"
        );
        fs::rename(data.path().join("b/0.png"), data.path().join("b/9.png")).unwrap();
        assert_eq!(
            open(cache.path(), data.path(), (4, 5)).1,
            0,
            "a new name is no new content"
        );
        let copy = tempfile::tempdir().unwrap();
        for class in ["a", "b"] {
            fs::create_dir(copy.path().join(class)).unwrap();
            for entry in fs::read_dir(data.path().join(class)).unwrap() {
                let entry = entry.unwrap();
                fs::copy(
                    entry.path(),
                    copy.path().join(class).join(entry.file_name()),
                )
                .unwrap();
            }
        }
        assert_eq!(
            open(cache.path(), copy.path(), (4, 5)).1,
            0,
            "nor is a new place"
        );
        assert_eq!(
            open(cache.path(), data.path(), (2, 2)).1,
            5,
            "another size is"
        );
    }

    #[test]
    fn what_a_cancelled_opening_decoded_stays() {
        let (data, cache) = (fixture(), tempfile::tempdir().unwrap());
        let token = CancelToken::new();
        let dataset = folder::scan(data.path(), &token).unwrap();
        let format = PixelFormat::stretched(4, 5);
        let outcome = PixelCache::open(
            cache.path(),
            &dataset,
            &ImageStore::default(),
            format,
            &token,
            &|done, _| {
                if done == 3 {
                    token.cancel();
                }
            },
        );
        assert!(matches!(outcome, Err(CacheError::Cancelled(_))));
        let (_, decoded) = open(cache.path(), data.path(), (4, 5));
        assert!((1..=3).contains(&decoded), "{decoded} were left");
    }

    /// What a killed process leaves: no closing record, a row or record cut off, or lost pages.
    #[test]
    fn a_segment_that_was_not_closed_is_repaired_or_decoded_again() {
        let (data, cache) = (fixture(), tempfile::tempdir().unwrap());
        let unclose = |rows: &Path| cut(&index_path(rows), RECORD_BYTES);
        let damages: [(&str, &dyn Fn(&Path), bool); 5] = [
            ("unclosed", &unclose, true),
            (
                "half a record",
                &|rows| cut(&index_path(rows), RECORD_BYTES + 5),
                true,
            ),
            ("half a row", &|rows| (unclose(rows), cut(rows, 7)).1, true),
            ("a lost page", &|rows| (unclose(rows), flip(rows)).1, false),
            ("damaged after it was closed", &flip, false),
        ];
        for (name, damage, stays) in damages {
            let _ = fs::remove_dir_all(cache.path().join(PIXELS_FOLDER));
            open(cache.path(), data.path(), (4, 5));
            let segment = segments(cache.path()).remove(0);
            damage(&segment);
            let (pixels, _) = open(cache.path(), data.path(), (4, 5));
            for (index, first) in [(0, 10), (2, 12), (3, 200), (4, 201), (5, 202)] {
                assert_eq!(pixels.image(index).unwrap()[0], first, "{name}");
            }
            assert_eq!(segment.exists(), stays, "{name}");
            let all: usize = segments(cache.path())
                .iter()
                .map(|p| records(p).0.len())
                .sum();
            assert_eq!(all, 5, "{name}: nothing is kept twice");
        }
    }

    fn cut(path: &Path, bytes: usize) {
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        file.set_len(file.metadata().unwrap().len() - bytes as u64)
            .unwrap();
    }

    fn flip(path: &Path) {
        let mut bytes = fs::read(path).unwrap();
        bytes[61] ^= 0xff;
        fs::write(path, bytes).unwrap();
    }
}
