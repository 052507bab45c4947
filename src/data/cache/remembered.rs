//! Which content a file had when it had this length and time of change, so that unchanged files need not
//! be read.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::Key;
use crate::data::{
    dataset::Dataset,
    files::write_atomically,
    images::{key_from_hex, key_to_hex},
};

const FILES_FOLDER: &str = "files-2";

/// Length and time of change in nanoseconds since 1970.
pub fn stamp(path: &Path) -> Option<(u64, u128)> {
    let metadata = fs::metadata(path).ok()?;
    let changed = metadata.modified().ok()?;
    let changed = changed.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some((metadata.len(), changed.as_nanos()))
}

/// Which content each file of a dataset had.
#[derive(Default)]
pub struct Remembered {
    /// Path below the root → length, time of change, content.
    pub files: HashMap<Vec<u8>, (u64, u128, Key)>,
}

pub fn files_path(folder: &Path, dataset: &Dataset) -> PathBuf {
    let root = blake3::hash(dataset.root.as_os_str().as_encoded_bytes());
    let name = format!("{}.csv", &root.to_hex()[..32]);
    folder.join(FILES_FOLDER).join(name)
}

impl Remembered {
    pub fn get(&self, path: &Path, (length, changed): (u64, u128)) -> Option<Key> {
        let known = self.files.get(path.as_os_str().as_encoded_bytes())?;
        (known.0 == length && known.1 == changed).then_some(known.2)
    }

    /// What was saved; nothing when there is none or it is damaged.
    pub fn load(path: &Path) -> Self {
        let mut files = HashMap::new();
        let Some(text) = fs::read(path).ok().and_then(whole) else {
            return Self::default();
        };
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(&text[..]);
        let records = reader.into_byte_records();
        for record in records.map_while(Result::ok) {
            let number = |column: usize| std::str::from_utf8(record.get(column)?).ok();
            let entry = || {
                let key = key_from_hex(record.get(3)?)?;
                let file = (number(1)?.parse().ok()?, number(2)?.parse().ok()?, key);
                Some((record.get(0)?.to_vec(), file))
            };
            files.extend(entry());
        }
        Self { files }
    }

    pub fn save(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut writer = csv::Writer::from_writer(Vec::new());
        for (path, (length, changed, key)) in &self.files {
            let fields = [length.to_string(), changed.to_string(), key_to_hex(key)];
            let fields = fields.iter().map(String::as_bytes);
            writer.write_record([&path[..]].into_iter().chain(fields))?;
        }
        let mut bytes = writer
            .into_inner()
            .map_err(csv::IntoInnerError::into_error)?;
        let hash = blake3::hash(&bytes).to_hex();
        bytes.extend_from_slice(hash.as_bytes());
        write_atomically(path, &bytes)
    }
}

/// The rows of a file whose last line is their hash: a name that was damaged into another one's would give that image
/// foreign pixels.
fn whole(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let rows = bytes.len().checked_sub(2 * blake3::OUT_LEN)?;
    let hash = blake3::Hash::from_hex(&bytes[rows..]).ok()?;
    bytes.truncate(rows);
    (blake3::hash(&bytes) == hash).then_some(bytes)
}
