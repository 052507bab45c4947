//! What a path is: files by their first bytes, folders by the names in them. What people call a file does
//! not matter, but for lists of files (CSV), which have no mark.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;

use super::{
    ENDINGS, SourceError,
    locate::{self, Located},
    strangers,
};
use crate::{
    cancel::CancelToken,
    data::dataset::{SourceKind, display_path},
};

/// How an archive is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArchiveFormat {
    Zip,
    Tar,
    TarGz,
}

/// What a file's first bytes say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Archive(ArchiveFormat),
    /// A file that is a dataset.
    Dataset(SourceKind),
}

/// What is looked at to know a file.
pub(super) struct Seen<'a> {
    pub path: &'a Path,
    /// Its first bytes, unpacked when it is compressed with gzip.
    pub head: &'a [u8],
    /// What it is packed as.
    pub packing: Packing<'a>,
}

/// How a file is packed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing<'a> {
    Not,
    Gzip,
    Tar,
    /// With the name of the first entry.
    Zip(&'a [u8]),
}

/// Whether the folder `folder` can be read as a dataset of any kind, by the names in it.
pub fn is_dataset(folder: &Path) -> bool {
    locate::possible(folder, &CancelToken::new()).is_ok_and(|found| !found.is_empty())
}

/// Whether the file `path` is a dataset or an archive, by its first bytes.
///
/// # Errors
/// When it cannot be read, or is something else.
pub fn detect(path: &Path) -> Result<(), SourceError> {
    found_in(path).map(|_| ())
}

/// How the file `path`, which holds `kind`, is to be read; an error when that is not what is `wanted`.
pub(super) fn located(
    kind: SourceKind,
    path: &Path,
    wanted: Option<SourceKind>,
) -> Result<Located, SourceError> {
    match wanted {
        Some(wanted) if wanted != kind => {
            let (wanted, kind) = (wanted.words(), kind.words());
            let words = format!("is not a folder that could be read as {wanted}: it holds {kind}");
            Err(SourceError::wrong(path, words))
        }
        Some(_) => Ok(Located::new(path, kind, "")),
        None => {
            let file = kind.reader().file.as_ref();
            let reason = file.map_or("", |file| file.reason);
            Ok(Located::new(path, kind, reason))
        }
    }
}

/// Enough to tell archives: a tar header has 512 bytes.
const HEAD_BYTES: u64 = 512;

/// What the file `path` is; an error when it is no dataset.
pub(super) fn found_in(path: &Path) -> Result<Found, SourceError> {
    let read = SourceError::read(path);
    let wrong = |words: &str| SourceError::wrong(path, words);
    let head = head(File::open(path).map_err(&read)?).map_err(&read)?;
    let mut seen = Seen {
        path,
        head: &head,
        packing: Packing::Not,
    };
    let unpacked;
    match head.as_slice() {
        [] => return Err(wrong("is empty: download or copy it again")),
        [b'P', b'K', 3 | 5, 4 | 6, ..] => seen.packing = Packing::Zip(first_in_zip(&head)),
        [0x1f, 0x8b, ..] => {
            let file = File::open(path).map_err(&read)?;
            unpacked =
                self::head(MultiGzDecoder::new(io::BufReader::new(file))).map_err(|error| {
                    wrong(&format!(
                        "is a damaged gzip file ({error}): download or copy it again"
                    ))
                })?;
            (seen.head, seen.packing) = (&unpacked, Packing::Gzip);
        }
        head if is_tar(head) => seen.packing = Packing::Tar,
        _ => {}
    }
    let dataset = SourceKind::ALL.into_iter().find(|kind| {
        let file = kind.reader().file.as_ref();
        file.is_some_and(|file| (file.is_one)(&seen))
    });
    if let Some(kind) = dataset {
        return Ok(Found::Dataset(kind));
    }
    match seen.packing {
        Packing::Zip(first) if first.ends_with(b"data.pkl") => Err(wrong(
            "is a file of PyTorch, not a dataset: choose a folder with one folder per class",
        )),
        Packing::Zip(_) => Ok(Found::Archive(ArchiveFormat::Zip)),
        Packing::Tar => Ok(Found::Archive(ArchiveFormat::Tar)),
        Packing::Gzip if is_tar(seen.head) => Ok(Found::Archive(ArchiveFormat::TarGz)),
        Packing::Gzip => Err(wrong(
            "is compressed with gzip but holds neither an archive nor MNIST's IDX data: unpack it first",
        )),
        Packing::Not => Err(wrong(&strangers::words_for(&head))),
    }
}

fn head(from: impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    from.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(head)
}

/// The name of the first entry of an archive that begins with `head`.
fn first_in_zip(head: &[u8]) -> &[u8] {
    const NAME: usize = 30;
    let length = head.get(26..28);
    let length = length.map_or(0, |l| usize::from(l[0]) + 256 * usize::from(l[1]));
    let first = head.get(NAME..).unwrap_or_default();
    &first[..length.min(first.len())]
}

/// A tar header has its own checksum.
fn is_tar(head: &[u8]) -> bool {
    if head.len() as u64 != HEAD_BYTES || head[0] == 0 {
        return false;
    }
    let mut header = tar::Header::new_old();
    header.as_mut_bytes().copy_from_slice(head);
    let written = header.cksum().ok();
    header.set_cksum();
    written.is_some() && written == header.cksum().ok()
}

/// A short name for what the user opened: of a file, without what tells its format.
pub(super) fn short_name(path: &Path, is_folder: bool) -> String {
    let path = match path.file_name() {
        Some(_) => path.to_path_buf(),
        // `.` and `..` have names too, elsewhere.
        None => std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf()),
    };
    let name = path
        .file_name()
        .map_or_else(|| display_path(&path), |name| display_path(Path::new(name)));
    if is_folder {
        return name;
    }
    let lower = name.to_ascii_lowercase();
    let endings = ENDINGS.iter().chain(&["tar.gz"]);
    let stems = endings.filter_map(|ending| lower.strip_suffix(ending)?.strip_suffix('.'));
    let shortest = stems.map(str::len).min().filter(|length| *length > 0);
    name[..shortest.unwrap_or(name.len())].to_owned()
}

#[cfg(test)]
mod tests {
    use super::{super::fixtures::tree, *};
    use std::fs;

    #[test]
    fn files_are_known_by_their_content() {
        let folder = tempfile::tempdir().unwrap();
        let png: &[u8] = b"\x89PNG\r\n\x1a\n";
        let rows: [(&str, &[u8], &str, &str); 15] = [
            ("x.zip", b"", "is empty", "an interrupted download"),
            ("x.png", png, "is one image", "an image"),
            ("x.npz", png, "is one image", "whatever it is called"),
            (
                "x.7z",
                b"7z\xbc\xaf\x27\x1c",
                "packed with 7-Zip",
                "another archive",
            ),
            (
                "x.rar",
                b"Rar!\x1a\x07",
                "packed with RAR",
                "another archive",
            ),
            (
                "x.tar.xz",
                b"\xfd7zXZ\0",
                "packed with xz",
                "another archive",
            ),
            (
                "x.tar.bz2",
                b"BZh91AY",
                "packed with bzip2",
                "another archive",
            ),
            ("x.h5", b"\x89HDF\r\n", "HDF5", "Keras' old format"),
            ("x.parquet", b"PAR1", "Parquet", "Hugging Face"),
            (
                "x.npy",
                b"\x93NUMPY\x01\0",
                "single NumPy array",
                "half of what is needed",
            ),
            (
                "data_batch_1",
                b"\x80\x03}q",
                "pickle",
                "CIFAR-10 for Python",
            ),
            ("x.gz", b"\x1f\x8b\x08", "damaged gzip", "cut short"),
            (
                "m.pt",
                b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaa\x0a\0\0\0m/data.pkl",
                "PyTorch",
                "a model",
            ),
            ("x.txt", b"hello", "not a folder", "any text"),
            (
                "x.bin",
                &[0; 1024],
                "not a folder",
                "zeros are no tar header",
            ),
        ];
        for (name, bytes, words, reason) in rows {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            let error = detect(&path).unwrap_err().to_string();
            assert!(
                error.contains(words) && error.contains(name),
                "{reason}: {error}"
            );
        }
        let error = detect(&folder.path().join("nowhere"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("cannot read"), "{error}");
    }

    #[test]
    fn another_reading_can_be_asked_for_but_not_of_a_file() {
        let folder = tree(&["a/1.png", "b/1.png", "train/c/1.png"]);
        assert!(is_dataset(folder.path()));
        let found = locate::possible(folder.path(), &CancelToken::new()).unwrap();
        assert_eq!(found[0].reason, "2 folders hold images");
        let kinds = [SourceKind::ClassFolders, SourceKind::SplitFolders];
        assert_eq!(
            found.iter().map(|found| found.kind).collect::<Vec<_>>(),
            kinds
        );
        let path = folder.path().join("x.csv");
        fs::write(&path, "path,label\n").unwrap();
        let error = located(SourceKind::Manifest, &path, Some(SourceKind::Npz)).unwrap_err();
        assert!(error.to_string().contains("a CSV list"), "{error}");
    }

    #[test]
    fn names_are_short() {
        let rows = [
            ("/d/flowers", true, "flowers", "a folder"),
            (
                "/d/v1.zip",
                true,
                "v1.zip",
                "a folder whatever it is called",
            ),
            ("/d/cats.tar.gz", false, "cats", "two endings"),
            ("/d/Cats.ZIP", false, "Cats", "capitals"),
            ("/d/.zip", false, ".zip", "nothing else"),
            ("/d/blood.v2.npz", false, "blood.v2", "dots inside"),
        ];
        for (path, is_folder, name, reason) in rows {
            assert_eq!(short_name(Path::new(path), is_folder), name, "{reason}");
        }
    }
}
