//! Opening archives: unpacked into the cache, once, and read from there as if the user had done it.

use std::{fs, path::Path, sync::Arc};

use super::{
    Opened, Request, SourceError, archive_formats,
    detect::ArchiveFormat,
    extract::{Extractor, LeftOut},
    file_keys, locate, read, unpack,
};
use crate::data::{
    dataset::{Dataset, display_path},
    files::{read_note, write_note},
    images::UnpackedFiles,
};

/// What an archive's files are unpacked to, in its folder of the cache.
const FILES: &str = "files";
/// What the files were, beside them.
const KEYS: &str = "keys.csv";
/// What was left out, beside them; written last.
const LEFT_OUT: &str = "left_out.ron";

/// Unpacks the archive `request.path` into the cache, unless it is there, and opens what is in it. In messages the
/// archive stands for the folder that it was unpacked to.
pub(super) fn open(format: ArchiveFormat, request: &Request<'_>) -> Result<Opened, SourceError> {
    let path = request.path;
    let left_out = |folder: &Path| read_note::<LeftOut>(&folder.join(LEFT_OUT));
    let keys = |folder: &Path| file_keys::read(&folder.join(FILES), &folder.join(KEYS));
    let is_whole = |folder: &Path| left_out(folder).is_some() && keys(folder).is_some();
    let unpacked = unpack::folder(request, &[path], is_whole, |folder| {
        let files = folder.join(FILES);
        fs::create_dir(&files).map_err(SourceError::unpack(&files))?;
        let mut extractor = Extractor::new(files, request);
        archive_formats::unpack(format, request, &mut extractor)?;
        let list = folder.join(KEYS);
        file_keys::write(&folder.join(FILES), &list).map_err(SourceError::unpack(&list))?;
        let notes = folder.join(LEFT_OUT);
        write_note(&notes, &extractor.left_out()).map_err(SourceError::unpack(&notes))
    })?;
    let files = unpacked.join(FILES);
    let opened = locate::locate(&files, request.kind, request.cancel)
        .and_then(|located| read(&located, request));
    let mut opened = opened.map_err(|error| named_after(error, &files, path))?;
    opened.images.unpacked = keys(&unpacked).map(|keys| {
        let list = unpacked.join(KEYS);
        Arc::new(UnpackedFiles { keys, list })
    });
    if let Some(left_out) = left_out(&unpacked) {
        note_left_out(&mut opened.dataset, &left_out);
    }
    Ok(opened)
}

/// Users do not know the cache: what is said about a folder in it is said about the archive.
fn named_after(error: SourceError, files: &Path, archive: &Path) -> SourceError {
    match error {
        SourceError::NotADataset(words) => {
            SourceError::NotADataset(words.replace(&display_path(files), &display_path(archive)))
        }
        error => error,
    }
}

fn note_left_out(dataset: &mut Dataset, left_out: &LeftOut) {
    if left_out.total() > 0 {
        dataset.skipped.misplaced += left_out.total() as usize;
        for name in &left_out.names {
            dataset.skipped.name(Path::new(name));
        }
        let line = ("Left out of the archive".to_owned(), left_out.words());
        dataset.metadata.push(line);
    }
}
