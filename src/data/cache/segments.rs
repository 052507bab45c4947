//! Pairs of files that only grow: the pixels of images, and a record for each.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use super::{Key, Place};
use crate::{
    data::{
        files::write_atomically,
        locks::{self, Locked},
    },
    sys,
};

/// A segment is closed at this size, so that old ones can be deleted one by one.
const SEGMENT_BYTES: u64 = 256 << 20;
/// A pixel file that nobody has written to for so long has lost its writer; a younger one may get its index yet.
const LEFTOVER_SECS: u64 = 60;

/// One row of an index file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    pub key: Key,
    pub checksum: u64,
}

pub const RECORD_BYTES: usize = 24;
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

pub fn checksum(row: &[u8]) -> u64 {
    let hash = blake3::hash(row);
    hash.as_bytes()[..8]
        .iter()
        .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
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
    let chunks = bytes.chunks_exact(RECORD_BYTES);
    let mut records: Vec<Record> = chunks.filter_map(Record::from_bytes).collect();
    let closed = records.last() == Some(&CLOSED);
    if closed {
        records.pop();
    }
    (records, closed)
}

pub fn remove_segment(rows: &Path) -> io::Result<()> {
    let _ = fs::remove_file(index_path(rows));
    fs::remove_file(rows)
}

/// All rows of one format.
pub struct Segments {
    pub paths: Vec<PathBuf>,
    places: HashMap<Key, Place>,
}

impl Segments {
    pub fn load(folder: &Path, row_bytes: usize) -> io::Result<Self> {
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

    pub fn find(&self, key: &Key) -> Option<Place> {
        self.places.get(key).copied()
    }
}

/// The records whose rows may be used; `None` when the segment has none, is damaged (then it is deleted)
/// or another process still writes it.
fn usable_records(rows: &Path, row_bytes: usize) -> io::Result<Option<Vec<Record>>> {
    let Ok(index) = fs::OpenOptions::new().append(true).open(index_path(rows)) else {
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

fn is_old(rows: &Path) -> bool {
    let changed = fs::metadata(rows).and_then(|metadata| metadata.modified());
    let age = changed.map(|changed| changed.elapsed());
    age.is_ok_and(|age| age.is_ok_and(|age| age.as_secs() > LEFTOVER_SECS))
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
pub struct Writer {
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
    pub fn new(folder: &Path, before: usize) -> Self {
        Self {
            folder: folder.to_path_buf(),
            before,
            paths: Vec::new(),
            open: None,
        }
    }

    pub fn append(&mut self, key: Key, row: &[u8]) -> io::Result<Place> {
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
    pub fn close(mut self, before: Vec<PathBuf>) -> io::Result<Vec<PathBuf>> {
        self.close_segment()?;
        let mut all = before;
        all.append(&mut self.paths);
        Ok(all)
    }
}
