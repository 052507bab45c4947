//! What a path is: files by their first bytes, folders by the names in them. What people call a file does
//! not matter, but for lists of files (CSV), which have no mark.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;

use super::{
    SourceError, cifar,
    listing::has_ending,
    locate::{self, Located},
    manifest, npz, strangers,
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
    /// What kind it is, and why.
    Dataset(SourceKind, &'static str),
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
    reason: &str,
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
        None => Ok(Located::new(path, kind, reason)),
    }
}

const IDX: &str = "it begins like an IDX file";
/// Enough to tell archives: a tar header has 512 bytes.
const HEAD_BYTES: u64 = 512;

/// What the file `path` is; an error when it is no dataset.
pub(super) fn found_in(path: &Path) -> Result<Found, SourceError> {
    use SourceKind::{Cifar10, Idx, Manifest};
    let read = SourceError::read(path);
    let head = head(File::open(path).map_err(&read)?).map_err(&read)?;
    let name = path.file_name().and_then(|name| name.to_str());
    let found = match head.as_slice() {
        [] => Err("is empty: download or copy it again".to_owned()),
        [b'P', b'K', 3 | 5, 4 | 6, ..] => zip_kind(&head),
        [0x1f, 0x8b, ..] => gzip_kind(path)?,
        head if is_idx(head) => Ok(Found::Dataset(Idx, IDX)),
        head if is_tar(head) => Ok(Found::Archive(ArchiveFormat::Tar)),
        _ if name.is_some_and(cifar::is_batch) => Ok(Found::Dataset(
            Cifar10,
            "it is called like a batch of CIFAR-10",
        )),
        _ if has_ending(path, &["csv", "tsv"]) || manifest::has_header(path) => {
            Ok(Found::Dataset(Manifest, "it lists files and labels"))
        }
        head => Err(strangers::words_for(head)),
    };
    found.map_err(|words| SourceError::wrong(path, words))
}

fn head(from: impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    from.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(head)
}

/// What a ZIP file holds, or words to follow its name.
fn zip_kind(head: &[u8]) -> Result<Found, String> {
    const NAME: usize = 30;
    let length = head
        .get(26..28)
        .map_or(0, |l| usize::from(l[0]) + 256 * usize::from(l[1]));
    let first = head.get(NAME..).unwrap_or_default();
    let first = &first[..length.min(first.len())];
    if npz::is_array_name(first) {
        Ok(Found::Dataset(SourceKind::Npz, "it holds NumPy arrays"))
    } else if first.ends_with(b"data.pkl") {
        Err("is a file of PyTorch, not a dataset: choose a folder with one folder per class".into())
    } else {
        Ok(Found::Archive(ArchiveFormat::Zip))
    }
}

/// What a gzip file holds, or words to follow its name.
fn gzip_kind(path: &Path) -> Result<Result<Found, String>, SourceError> {
    let file = File::open(path).map_err(SourceError::read(path))?;
    Ok(match head(MultiGzDecoder::new(io::BufReader::new(file))) {
        Ok(head) if is_idx(&head) => Ok(Found::Dataset(SourceKind::Idx, IDX)),
        Ok(head) if is_tar(&head) => Ok(Found::Archive(ArchiveFormat::TarGz)),
        Ok(_) => Err(
            "is compressed with gzip but holds neither an archive nor MNIST's IDX data: unpack it first"
                .to_owned(),
        ),
        Err(error) => Err(format!("is a damaged gzip file ({error}): download or copy it again")),
    })
}

/// IDX begins with two zeros, the type (8: bytes) and the number of dimensions.
fn is_idx(head: &[u8]) -> bool {
    matches!(head, [0, 0, 8, 1..=4, ..])
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
    const ENDINGS: [&str; 10] = [
        ".tar.gz", ".tgz", ".tar", ".zip", ".npz", ".csv", ".tsv", ".txt", ".gz", ".bin",
    ];
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
    let ending = ENDINGS.iter().find(|ending| lower.ends_with(**ending));
    match ending.map(|ending| &name[..name.len() - ending.len()]) {
        Some(stem) if !stem.is_empty() => stem.to_owned(),
        _ => name,
    }
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
        let error = located(SourceKind::Manifest, "", &path, Some(SourceKind::Npz)).unwrap_err();
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
