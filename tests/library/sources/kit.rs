//! Making small datasets of every kind, and opening them.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use convscope::{
    cancel::CancelToken,
    data::{
        dataset::SourceKind,
        images::{Content, ImageArray},
        sources::{self, Limits, Opened, Request},
    },
};
use flate2::{Compression, write::GzEncoder};
use npyz::WriterBuilder as _;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// The bytes of image `row` of an array.
pub fn pixels(array: &ImageArray, row: usize) -> Vec<u8> {
    match array.content(row).unwrap() {
        Content::Pixels { bytes, .. } | Content::File(bytes) => bytes,
    }
}

/// A folder for data beside a folder for the cache.
pub struct Desk {
    pub data: tempfile::TempDir,
    pub cache: tempfile::TempDir,
}

impl Desk {
    pub fn new() -> Self {
        Self {
            data: tempfile::tempdir().unwrap(),
            cache: tempfile::tempdir().unwrap(),
        }
    }

    /// One with these files of one byte each.
    pub fn with(files: &[&str]) -> Self {
        let desk = Self::new();
        for file in files {
            desk.put(file, b"x");
        }
        desk
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.data.path().join(below)
    }

    pub fn put(&self, below: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub fn open(&self, below: &str) -> Result<Opened, String> {
        self.open_as(below, None)
    }

    pub fn open_as(&self, below: &str, kind: Option<SourceKind>) -> Result<Opened, String> {
        open(
            &self.path(below),
            kind,
            self.cache.path(),
            &Limits::default(),
        )
    }

    /// How many sources the cache holds, finished or not.
    pub fn unpacked(&self) -> usize {
        fs::read_dir(self.cache.path().join("unpacked")).map_or(0, Iterator::count)
    }
}

pub fn open(
    path: &Path,
    kind: Option<SourceKind>,
    cache: &Path,
    limits: &Limits,
) -> Result<Opened, String> {
    let request = Request {
        path,
        kind,
        cache,
        limits: *limits,
        cancel: &CancelToken::new(),
        progress: &|done, all| assert!(done <= all, "{done} of {all}"),
    };
    sources::open(&request).map_err(|error| error.to_string())
}

/// Opens and expects a sentence that names the file and contains `part`.
pub fn refused(outcome: Result<Opened, String>, part: &str, reason: &str) {
    let error = outcome.map(|opened| opened.dataset).unwrap_err();
    assert!(error.contains(part), "{reason}: {error}");
    assert!(
        !error.contains("unpacked/"),
        "{reason}: nobody knows the cache: {error}"
    );
}

/// Value of a line of a dataset's metadata; empty when there is none.
pub fn metadata(opened: &Opened, name: &str) -> String {
    let line = opened.dataset.metadata.iter().find(|line| line.0 == name);
    line.map_or_else(String::new, |line| line.1.clone())
}

pub fn npy<T: npyz::AutoSerialize + Copy>(shape: &[u64], numbers: &[T]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = npyz::WriteOptions::new().default_dtype().shape(shape);
    let mut writer = options.writer(&mut bytes).begin_nd().unwrap();
    writer.extend(numbers.iter().copied()).unwrap();
    writer.finish().unwrap();
    bytes
}

/// A header of any content, and bytes behind it.
pub fn raw_npy(header: &str, numbers: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(numbers);
    bytes
}

pub fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = ZipWriter::new(&mut bytes);
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap();
    bytes.into_inner()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A tar entry with any name, valid or not.
pub fn tar_entry(name: &[u8], kind: tar::EntryType, link: &[u8], content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    {
        let raw = header.as_old_mut();
        raw.name[..name.len()].copy_from_slice(name);
        raw.linkname[..link.len()].copy_from_slice(link);
    }
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// A tar archive of files; longer names than a header has room for are written GNU's way.
pub fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

/// Images of 2 × 3 pixels, each a run of bytes that begins with its number.
pub fn grey(count: usize) -> Vec<u8> {
    (0..count)
        .flat_map(|image| (0..6).map(move |pixel| (10 * image + pixel) as u8))
        .collect()
}

/// Bytes that cannot be packed.
pub fn noise(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    bytes
}

/// IDX: bytes with their shape.
pub fn idx(shape: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut all = vec![0, 0, 8, shape.len() as u8];
    all.extend(shape.iter().flat_map(|length| length.to_be_bytes()));
    all.extend(bytes);
    all
}

/// Packs the files below `folder` (or the file itself) as `to`, by its ending, below a folder `inside`.
pub fn pack(from: &Path, inside: &str, to: &Path) {
    let mut files = Vec::new();
    collect(from, &mut files);
    let name = |path: &Path| {
        let below = path.strip_prefix(from.parent().unwrap()).unwrap();
        format!("{inside}{}", below.to_str().unwrap())
    };
    if to.extension().unwrap() == "zip" {
        let mut writer = ZipWriter::new(File::create(to).unwrap());
        for path in &files {
            let options =
                SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
            writer.start_file(name(path), options).unwrap();
            writer.write_all(&fs::read(path).unwrap()).unwrap();
        }
        writer.finish().unwrap();
    } else {
        let encoder = GzEncoder::new(File::create(to).unwrap(), Compression::fast());
        let mut builder = tar::Builder::new(encoder);
        for path in &files {
            builder.append_path_with_name(path, name(path)).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap();
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), files);
        }
    } else {
        files.push(path.to_path_buf());
    }
}
