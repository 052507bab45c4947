//! Reading CIFAR-10's binary version: files of records, each a label and 32 × 32 pixels, plane by plane.
//!
//! The format: cs.toronto.edu/~kriz/cifar.html, "binary version".

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufReader, BufWriter, Read as _, Write as _},
    path::{Path, PathBuf},
};

use super::{
    Opened, Reader, Request, SourceError, SourceFile,
    arrays::{self, Part, Source},
    detect::Packing,
    listing,
    unpack::{Progress, damaged},
};
use crate::data::{dataset::SourceKind, files, images::ImageSize, split::SplitName};

const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
const RECORD: usize = 1 + 3 * PLANE;
const NAMES: [&str; 10] = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
];

pub(super) const READER: Reader = Reader {
    words: "CIFAR-10 binary batches",
    id: "cifar10",
    file: Some(SourceFile {
        called: "CIFAR-10",
        endings: &["bin"],
        is_one: |seen| {
            let name = seen.path.file_name().and_then(|name| name.to_str());
            seen.packing == Packing::Not && name.is_some_and(is_batch)
        },
        reason: "it is called like a batch of CIFAR-10",
    }),
    in_folder: |survey| survey.with_file(is_batch, ("there are files like data_batch_1.bin", 60)),
    read,
};

/// Whether a file called `name` is one of CIFAR-10's.
fn is_batch(name: &str) -> bool {
    part_of(name).is_some()
}

fn part_of(name: &str) -> Option<SplitName> {
    let stem = name.strip_suffix(".bin")?;
    if stem == "test_batch" {
        return Some(SplitName::Test);
    }
    let number = stem.strip_prefix("data_batch_")?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(SplitName::Train)
}

/// Reads all batches in the folder `path`, or in the folder of the batch `path`.
fn read(path: &Path, request: &Request<'_>) -> Result<Opened, SourceError> {
    let folder = if path.is_dir() {
        path
    } else {
        files::folder_of(path)
    };
    let batches = batches_in(folder, request)?;
    let mut parts = Vec::new();
    for part in [SplitName::Train, SplitName::Test] {
        let files: Vec<&Path> = of_part(&batches, part);
        if !files.is_empty() {
            parts.push(read_labels(&files, part, request)?);
        }
    }
    let sources: Vec<&Path> = batches.iter().map(|(_, path)| path.as_path()).collect();
    let own = File::open(folder.join("batches.meta.txt"));
    let own = own.map_or_else(|_| Vec::new(), arrays::names_in);
    let distinct: BTreeSet<&String> = own.iter().collect();
    let is_usable = [own.len(), distinct.len()] == [NAMES.len(); 2];
    let source = Source {
        path: folder,
        kind: SourceKind::Cifar10,
        files: &sources,
        names: if is_usable {
            own
        } else {
            NAMES.map(str::to_owned).to_vec()
        },
    };
    arrays::open(&source, &parts, request, |index, to, progress| {
        let files = of_part(&batches, parts[index].part);
        write_images(&files, to, request, progress)
    })
}

type Batches = Vec<(SplitName, PathBuf)>;

fn of_part(batches: &Batches, part: SplitName) -> Vec<&Path> {
    let of_part = batches.iter().filter(|(of, _)| *of == part);
    of_part.map(|(_, path)| path.as_path()).collect()
}

fn batches_in(folder: &Path, request: &Request<'_>) -> Result<Batches, SourceError> {
    let (entries, _) = listing::list(folder, request.cancel)?;
    let mut batches = Vec::new();
    for entry in &entries {
        if let Some(part) = entry.name.to_str().and_then(part_of) {
            batches.push((part, folder.join(&entry.name)));
        }
    }
    if batches.is_empty() {
        return Err(SourceError::wrong(
            folder,
            "has no binary batches of CIFAR-10: they are called data_batch_1.bin and test_batch.bin",
        ));
    }
    Ok(batches)
}

/// Calls `each` with every record.
fn for_records(
    path: &Path,
    request: &Request<'_>,
    each: &mut dyn FnMut(&[u8; RECORD]) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    let read = SourceError::read(path);
    let file = File::open(path).map_err(&read)?;
    let bytes = file.metadata().map_err(&read)?.len();
    if bytes % RECORD as u64 != 0 {
        let words = format!("{bytes} bytes are no whole records of {RECORD}");
        return Err(damaged(path, &words));
    }
    let (mut file, mut record) = (BufReader::new(file), [0; RECORD]);
    for _ in 0..bytes / RECORD as u64 {
        request.cancel.check()?;
        file.read_exact(&mut record).map_err(&read)?;
        each(&record)?;
    }
    Ok(())
}

fn read_labels(
    files: &[&Path],
    part: SplitName,
    request: &Request<'_>,
) -> Result<Part, SourceError> {
    let mut labels = Vec::new();
    for path in files {
        for_records(path, request, &mut |record| {
            labels.push(i64::from(record[0]));
            Ok(())
        })?;
        if labels.iter().any(|label| *label >= NAMES.len() as i64) {
            let words = "has labels above 9 and is no batch of CIFAR-10: download it again";
            return Err(SourceError::wrong(path, words));
        }
    }
    let size = ImageSize {
        height: SIDE,
        width: SIDE,
        channels: 3,
    };
    Ok(Part { part, size, labels })
}

fn write_images(
    files: &[&Path],
    to: &Path,
    request: &Request<'_>,
    progress: &mut Progress<'_>,
) -> Result<(), SourceError> {
    let failed = SourceError::unpack(to);
    let mut out = BufWriter::new(File::create_new(to).map_err(&failed)?);
    let mut pixels = [0; 3 * PLANE];
    for path in files {
        for_records(path, request, &mut |record| {
            // `[3, H, W]` to `[H, W, 3]`.
            for (index, pixel) in pixels.chunks_exact_mut(3).enumerate() {
                for (channel, value) in pixel.iter_mut().enumerate() {
                    *value = record[1 + channel * PLANE + index];
                }
            }
            out.write_all(&pixels).map_err(&failed)?;
            progress.add(pixels.len() as u64);
            Ok(())
        })?;
    }
    out.flush().map_err(&failed)
}
