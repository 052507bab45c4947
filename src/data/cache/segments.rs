//! Pairs of files that only grow: the pixels of images, and a record for each.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Key, Place};
use crate::data::{
    files::{self, write_atomically},
    locks::{self, Locked},
};

/// A segment is closed at this size, so that old ones can be deleted one by one.
const SEGMENT_BYTES: u64 = 256 << 20;
/// Read at once from a segment that is checked.
const READ_BYTES: usize = 1 << 20;
/// A pixel file that nobody has written to for so long has lost its writer; a younger one may get its index yet.
const LEFTOVER: Duration = Duration::from_secs(60);

/// One row of an index file: the key of a content, then the checksum of the row that was made from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record([u8; RECORD_BYTES]);

pub const RECORD_BYTES: usize = 24;
/// The record that closes a segment.
const CLOSED: Record = Record([0xff; RECORD_BYTES]);

impl Record {
    /// No content's.
    pub const NONE: Self = Self([0; RECORD_BYTES]);

    /// The record of `row`, made from the content with this key.
    pub fn of(key: Key, row: &[u8]) -> Self {
        let mut bytes = [0; RECORD_BYTES];
        bytes[..key.len()].copy_from_slice(&key);
        // The number that the first bytes of the hash are, with its lowest byte first.
        let hash = blake3::hash(row);
        for (byte, of_hash) in bytes[key.len()..].iter_mut().rev().zip(hash.as_bytes()) {
            *byte = *of_hash;
        }
        Self(bytes)
    }

    /// What the content is known by.
    pub fn key(&self) -> Key {
        let (keys, _) = self.0.as_chunks();
        keys[0]
    }

    /// Whether `row` is what was written.
    pub fn fits(&self, row: &[u8]) -> bool {
        *self == Self::of(self.key(), row)
    }
}

pub fn index_path(rows: &Path) -> PathBuf {
    rows.with_extension("index")
}

/// The records of a segment, and whether it was closed. A record cut off in the middle is left out.
pub fn records(rows: &Path) -> (Vec<Record>, bool) {
    let mut bytes = Vec::new();
    let read = File::open(index_path(rows)).and_then(|mut file| file.read_to_end(&mut bytes));
    if read.is_err() {
        return (Vec::new(), false);
    }
    let (rows_of_index, _) = bytes.as_chunks();
    let mut records: Vec<Record> = rows_of_index.iter().copied().map(Record).collect();
    let closed = records.last() == Some(&CLOSED);
    if closed {
        records.pop();
    }
    (records, closed)
}

/// Overwrites what a segment holds at `row`: for pixels that are not what was written. Both are written, since either
/// may be what was damaged; a kill between leaves a row that does not fit, as before.
pub fn overwrite(rows: &Path, row: u32, pixels: &[u8], record: Record) -> io::Result<()> {
    let put = |path: &Path, at: u64, bytes: &[u8]| {
        let mut file = fs::OpenOptions::new().write(true).open(path)?;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)
    };
    if !pixels.is_empty() {
        put(rows, u64::from(row) * pixels.len() as u64, pixels)?;
    }
    let at = u64::from(row) * RECORD_BYTES as u64;
    put(&index_path(rows), at, &record.0)
}

pub fn remove_segment(rows: &Path) -> io::Result<()> {
    let _ = fs::remove_file(index_path(rows));
    fs::remove_file(rows)
}

/// All rows of one format.
pub struct Segments {
    pub paths: Vec<PathBuf>,
    places: HashMap<Key, (Place, Record)>,
}

impl Segments {
    /// What is in `folder`; what cannot be read is as if it were not there.
    pub fn load(folder: &Path, row_bytes: usize) -> Self {
        let list = fs::read_dir(folder).into_iter().flatten().flatten();
        let is_segment = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "rows");
        let mut paths: Vec<PathBuf> = list.map(|entry| entry.path()).filter(is_segment).collect();
        paths.sort();
        let mut segments = Self {
            paths: Vec::new(),
            places: HashMap::new(),
        };
        for path in paths {
            let Ok(Some(records)) = usable_records(&path, row_bytes) else {
                continue;
            };
            let segment = segments.paths.len() as u32;
            for (row, record) in records.into_iter().enumerate() {
                let place = Place {
                    segment,
                    row: row as u32,
                };
                segments.places.insert(record.key(), (place, record));
            }
            segments.paths.push(path);
        }
        segments
    }

    pub fn find(&self, key: &Key) -> Option<(Place, Record)> {
        self.places.get(key).copied()
    }
}

/// The records whose rows may be used; `None` when the segment has none, is damaged (then it is deleted)
/// or another process still writes it.
fn usable_records(rows: &Path, row_bytes: usize) -> io::Result<Option<Vec<Record>>> {
    let index = index_path(rows);
    // Some file systems lock only what is open for writing; a cache that cannot be written has no writers.
    let opened = fs::OpenOptions::new().append(true).open(&index);
    let Ok(index) = opened.or_else(|_| File::open(&index)) else {
        // Its writer makes the index after the rows; one without is a leftover once it is old.
        if is_old(rows) {
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
    match locks::try_lock(&index, rows) {
        Locked::Held => {}
        // Without locks only its age tells that its writer is gone.
        Locked::Refused if is_old(rows) => {}
        Locked::Refused | Locked::Taken => return Ok(None),
    }
    // Its writer was killed, or the power was cut: believe nothing that is not checked.
    records.truncate(whole_rows);
    if !are_intact(rows, &records, row_bytes) || records.is_empty() {
        let _ = remove_segment(rows);
        return Ok(None);
    }
    // Where it cannot be written it is checked again the next time.
    let _ = close_repaired(rows, &records, row_bytes);
    Ok(Some(records))
}

/// Whether the first rows are those of `records`.
fn are_intact(rows: &Path, records: &[Record], row_bytes: usize) -> bool {
    let Ok(file) = File::open(rows) else {
        return false;
    };
    let mut file = BufReader::with_capacity(READ_BYTES.max(row_bytes), file);
    let mut row = vec![0; row_bytes];
    records
        .iter()
        .all(|record| file.read_exact(&mut row).is_ok() && record.fits(&row))
}

fn is_old(rows: &Path) -> bool {
    files::age(rows) > LEFTOVER
}

/// Cuts off what was only half written and closes the segment.
fn close_repaired(rows: &Path, records: &[Record], row_bytes: usize) -> io::Result<()> {
    let file = fs::OpenOptions::new().write(true).open(rows)?;
    file.set_len((records.len() * row_bytes) as u64)?;
    file.sync_data()?;
    let all = records.iter().chain([&CLOSED]);
    let bytes: Vec<u8> = all.flat_map(|record| record.0).collect();
    write_atomically(&index_path(rows), &bytes)
}

/// Appends rows to segments of its own, which nobody else writes.
pub struct Writer {
    folder: PathBuf,
    /// Segments that existed before.
    before: usize,
    paths: Vec<PathBuf>,
    open: Option<OpenSegment>,
    /// Why nothing can be written any more.
    failure: Option<io::Error>,
}

struct OpenSegment {
    rows: File,
    /// Locked while it is open, to tell others that its writer lives.
    index: File,
    count: u32,
    bytes: u64,
}

impl Writer {
    pub fn new(folder: &Path, before: usize) -> Self {
        Self {
            folder: folder.to_path_buf(),
            before,
            paths: Vec::new(),
            open: None,
            failure: None,
        }
    }

    /// Keeps `row`; `None` when that cannot be, now or since an earlier row.
    pub fn append(&mut self, record: Record, row: &[u8]) -> Option<Place> {
        if self.failure.is_some() {
            return None;
        }
        match self.try_append(record, row) {
            Ok(place) => Some(place),
            Err(failure) => {
                // Half a row may stand there: the segment is not gone on with, and checked before it is used again.
                self.open = None;
                self.failure = Some(failure);
                None
            }
        }
    }

    fn try_append(&mut self, record: Record, row: &[u8]) -> io::Result<Place> {
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
                fs::create_dir_all(&self.folder)?;
                let temporary = files::unfinished("", ".rows").tempfile_in(&self.folder)?;
                let (rows, path) = temporary.keep().map_err(|error| error.error)?;
                let index = fs::OpenOptions::new()
                    .append(true)
                    .create_new(true)
                    .open(index_path(&path))?;
                // Nobody else knows of it yet, so it is refused only where there are no locks.
                locks::try_lock(&index, &path);
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
        segment.index.write_all(&record.0)?;
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
            segment.index.write_all(&CLOSED.0)?;
            segment.index.sync_data()?;
        }
        Ok(())
    }

    /// Closes what is open; the paths of all segments, older ones first, and why not all rows could be kept.
    pub fn close(mut self, before: Vec<PathBuf>) -> (Vec<PathBuf>, Option<io::Error>) {
        let closed = self.close_segment();
        let mut all = before;
        all.append(&mut self.paths);
        (all, self.failure.or(closed.err()))
    }
}
