//! What each file of an archive was when it was unpacked: the cache is ours, so nobody else would notice that one of
//! them was damaged there.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use rayon::prelude::*;

use super::listing;
use crate::data::{
    files::path_of_bytes,
    images::{ContentKey, key_from_hex, key_to_hex, short_key},
};

/// Writes into the new file `to` what every file below `files` is now.
pub(super) fn write(files: &Path, to: &Path) -> io::Result<()> {
    let mut paths = Vec::new();
    walk(files, &mut paths)?;
    let keys = paths.into_par_iter().map(|path| {
        let key = short_key(&fs::read(&path)?);
        let name = path.strip_prefix(files).unwrap_or(&path).to_path_buf();
        Ok((name, key))
    });
    let keys: io::Result<Vec<_>> = keys.collect();
    let mut writer = csv::Writer::from_path(to)?;
    for (name, key) in keys? {
        let name = name.as_os_str().as_encoded_bytes();
        writer.write_record([name, key_to_hex(&key).as_bytes()])?;
    }
    writer.flush()
}

/// What was written to `from` about the files below `files`; `None` when that cannot be read or a file is missing
/// or is no image and not what it was. Images are checked when they are read.
pub(super) fn read(files: &Path, from: &Path) -> Option<HashMap<PathBuf, ContentKey>> {
    let reader = csv::ReaderBuilder::new().has_headers(false).from_path(from);
    let mut keys = HashMap::new();
    for record in reader.ok()?.into_byte_records() {
        let record = record.ok()?;
        let name = path_of_bytes(record.get(0)?);
        keys.insert(files.join(name), key_from_hex(record.get(1)?)?);
    }
    let is_whole = |(path, key): (&PathBuf, &ContentKey)| match listing::looks_like_image(path) {
        true => path.is_file(),
        false => fs::read(path).is_ok_and(|bytes| short_key(&bytes) == *key),
    };
    keys.iter().all(is_whole).then_some(keys)
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}
