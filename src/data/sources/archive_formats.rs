//! The entries of ZIP and tar files, one after the other, for [`Extractor`].

use std::{
    cell::Cell,
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
    rc::Rc,
};

use flate2::read::MultiGzDecoder;
use zip::{ZipArchive, result::ZipError};

use super::{
    Request, SourceError,
    detect::ArchiveFormat,
    extract::{EntryKind, Extractor, Packed},
    unpack::{Progress, damaged},
};
use crate::data::files;

/// Endings that archives often have.
pub(super) const ENDINGS: &[&str] = &["zip", "tar", "gz", "tgz"];

/// Passes every entry of the archive `request.path` to `extractor`.
pub(super) fn unpack(
    format: ArchiveFormat,
    request: &Request<'_>,
    extractor: &mut Extractor<'_>,
) -> Result<(), SourceError> {
    let path = request.path;
    let read = SourceError::read(path);
    let file = File::open(path).map_err(&read)?;
    let bytes = file.metadata().map_err(&read)?.len();
    if format == ArchiveFormat::Zip {
        return unpack_zip(file, bytes, request, extractor);
    }
    let consumed = Rc::new(Cell::new(0));
    let counted = BufReader::new(Counted {
        inner: file,
        count: Rc::clone(&consumed),
    });
    let from: Box<dyn Read> = match format {
        ArchiveFormat::TarGz => Box::new(MultiGzDecoder::new(counted)),
        _ => Box::new(counted),
    };
    let progress = Progress::new(request, bytes);
    unpack_tar(from, path, &consumed, progress, extractor)
}

fn unpack_zip(
    file: File,
    bytes: u64,
    request: &Request<'_>,
    extractor: &mut Extractor<'_>,
) -> Result<(), SourceError> {
    let path = request.path;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(zip_error(path))?;
    let mut total = 0u64;
    for index in 0..archive.len() {
        request.cancel.check()?;
        let entry = archive.by_index_data(index);
        total = total.saturating_add(entry.map_err(zip_error(path))?.size());
    }
    // Refused before the first byte is written; what lies about its size is found while writing.
    request.limits.check(path, u64::MAX, total)?;
    let mut progress = Progress::new(request, total);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(zip_error(path))?;
        // The format knows one separator; other programs on Windows wrote the other.
        let name = files::slashed(entry.name_raw());
        let kind = match entry.unix_mode().map(|mode| mode & MODE_KIND) {
            _ if name.ends_with(b"/") => EntryKind::Folder,
            _ if entry.is_symlink() => EntryKind::Link,
            Some(MODE_FILE | 0) | None => EntryKind::File,
            Some(MODE_FOLDER) => EntryKind::Folder,
            Some(_) => EntryKind::Device,
        };
        let (packed, size) = (entry.compressed_size().min(bytes), entry.size());
        extractor.add(&name, kind, None, &mut entry, &mut || Packed::Entry(packed))?;
        progress.add(size);
    }
    Ok(())
}

/// The bits of a Unix mode that say what a file is, and two of their values.
const MODE_KIND: u32 = 0o170_000;
const MODE_FILE: u32 = 0o100_000;
const MODE_FOLDER: u32 = 0o040_000;

/// For `map_err` on what is wrong with the ZIP file `path`.
pub(super) fn zip_error(path: &Path) -> impl Fn(ZipError) -> SourceError {
    move |error| match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            SourceError::wrong(
                path,
                "is protected by a password: unpack it yourself and choose the folder",
            )
        }
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => {
            SourceError::wrong(
                path,
                format!(
                    "is packed in a way that Convscope does not know ({error}): \
                     unpack it yourself and choose the folder"
                ),
            )
        }
        error => damaged(path, &error),
    }
}

/// Bytes of headers and long names that may stand between two files of a tar archive.
const MOST_HEADER_BYTES: u64 = 1 << 20;

fn unpack_tar(
    from: Box<dyn Read>,
    path: &Path,
    consumed: &Cell<u64>,
    mut progress: Progress<'_>,
    extractor: &mut Extractor<'_>,
) -> Result<(), SourceError> {
    let allowance = Rc::new(Cell::new(MOST_HEADER_BYTES));
    let mut archive = tar::Archive::new(Allowed {
        inner: from,
        allowance: Rc::clone(&allowance),
    });
    let mut entries = archive.entries().map_err(|error| damaged(path, &error))?;
    loop {
        allowance.set(MOST_HEADER_BYTES);
        let Some(entry) = entries.next() else {
            return Ok(());
        };
        let mut entry = entry.map_err(|error| damaged(path, &error))?;
        allowance.set(u64::MAX);
        let name = entry.path_bytes().into_owned();
        let size = entry.size();
        if let Some(kind) = tar_kind(entry.header().entry_type(), &name) {
            extractor.add(&name, kind, Some(size), &mut entry, &mut || {
                Packed::All(consumed.get())
            })?;
        }
        skip(&mut entry, path, consumed, extractor)?;
        progress.reach(consumed.get());
    }
}

/// Reads over what was not wanted, so that the next header is the next thing to read.
fn skip(
    entry: &mut dyn Read,
    path: &Path,
    consumed: &Cell<u64>,
    extractor: &mut Extractor<'_>,
) -> Result<(), SourceError> {
    let mut chunk = [0; 32 << 10];
    loop {
        match entry.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(count) => extractor.pass(count as u64, consumed.get())?,
            Err(error) => return Err(damaged(path, &error)),
        }
    }
}

/// `None` for what describes the archive itself.
fn tar_kind(kind: tar::EntryType, name: &[u8]) -> Option<EntryKind> {
    use tar::EntryType;
    match kind {
        EntryType::Regular if name.ends_with(b"/") => Some(EntryKind::Folder),
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => Some(EntryKind::File),
        EntryType::Directory => Some(EntryKind::Folder),
        EntryType::Link | EntryType::Symlink => Some(EntryKind::Link),
        EntryType::XGlobalHeader | EntryType::XHeader => None,
        _ => Some(EntryKind::Device),
    }
}

/// Counts what was read of the archive itself.
struct Counted {
    inner: File,
    count: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}

/// Stops readers that want more than they may have: a long name of some gigabytes would be read into memory.
struct Allowed {
    inner: Box<dyn Read>,
    allowance: Rc<Cell<u64>>,
}

impl Read for Allowed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.allowance.get();
        if left == 0 && !buffer.is_empty() {
            return Err(io::Error::other("a name in it is too long"));
        }
        let room = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = self.inner.read(&mut buffer[..room])?;
        if left != u64::MAX {
            self.allowance.set(left - count as u64);
        }
        Ok(count)
    }
}
