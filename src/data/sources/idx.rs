//! Reading MNIST's IDX files, gzipped or not: a file of images and one of labels per part.
//!
//! The format (yann.lecun.com/exdb/mnist): two zeros, the type (8: bytes), the number of axes, the length
//! of each axis as a big-endian 32-bit number, then the bytes.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;

use super::{
    Opened, Reader, Request, SourceError, SourceFile,
    arrays::{self, Part, Source},
    detect::Packing,
    listing,
    unpack::{self, Progress, damaged},
};
use crate::{
    cancel::CancelToken,
    data::{
        dataset::{SourceKind, display_path},
        files,
        split::SplitName,
    },
};

const FASHION: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];
/// No packed byte can become more bytes than this (zlib's technical details).
const MOST_DEFLATE_RATIO: u64 = 1_032;
/// Most labels; they are read into memory.
const MOST_LABELS: u64 = 1 << 30;

pub(super) const READER: Reader = Reader {
    words: "MNIST files (IDX)",
    id: "idx",
    file: Some(SourceFile {
        called: "IDX",
        endings: &[],
        // Two zeros, the type (8: bytes) and the number of axes.
        is_one: |seen| {
            matches!(seen.packing, Packing::Not | Packing::Gzip)
                && matches!(seen.head, [0, 0, 8, 1..=4, ..])
        },
        reason: "it begins like an IDX file",
    }),
    in_folder: |survey| {
        survey.with_file(is_images, ("there are files like train-images-idx3-ubyte", 50))
    },
    read,
};

/// Whether a file called `name` holds images: `train-images-idx3-ubyte.gz`, `t10k-images.idx3-ubyte` …
fn is_images(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("images") && ["idx3", "idx4"].iter().any(|kind| name.contains(kind))
}

/// The part and the family that a file of images belongs to: what stands before `images`.
fn part_and_family(name: &str) -> (SplitName, String) {
    let name = name.to_ascii_lowercase();
    let stem = name.split("images").next().unwrap_or_default();
    let words = [
        ("t10k", SplitName::Test),
        ("test", SplitName::Test),
        ("val", SplitName::Validation),
        ("train", SplitName::Train),
    ];
    let found = words.iter().find(|(word, _)| stem.contains(word));
    found.map_or((SplitName::Train, stem.to_owned()), |(word, part)| {
        (*part, stem.replace(word, ""))
    })
}

/// Reads the pairs in the folder `path`, or the one pair that the file `path` belongs to.
fn read(path: &Path, request: &Request<'_>) -> Result<Opened, SourceError> {
    let pairs = if path.is_dir() {
        pairs_in(path, request.cancel)?
    } else {
        vec![pair_of(path, request.cancel)?]
    };
    let mut parts = Vec::new();
    for pair in &pairs {
        parts.push(read_part(pair, request.cancel)?);
    }
    let sources: Vec<&Path> = pairs.iter().map(|pair| pair.images.as_path()).collect();
    let is_fashion = [path, request.path].iter().any(|path| {
        let whole = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        whole
            .to_string_lossy()
            .to_ascii_lowercase()
            .contains("fashion")
    });
    let names = if is_fashion { &FASHION[..] } else { &[] };
    let source = Source {
        path,
        kind: SourceKind::Idx,
        files: &sources,
        names: names.iter().map(ToString::to_string).collect(),
    };
    arrays::open(&source, &parts, request, |index, to, progress| {
        write_images(
            &pairs[index].images,
            parts[index].bytes(),
            to,
            request,
            progress,
        )
    })
}

#[derive(Debug)]
struct Pair {
    part: SplitName,
    images: PathBuf,
    labels: PathBuf,
}

fn pairs_in(folder: &Path, cancel: &CancelToken) -> Result<Vec<Pair>, SourceError> {
    let names = names_in(folder, cancel)?;
    let (mut pairs, mut families) = (Vec::<Pair>::new(), Vec::new());
    for name in names.iter().filter(|name| is_images(name)) {
        let (part, family) = part_and_family(name);
        if pairs.iter().any(|pair| pair.part == part) && families.contains(&family) {
            // The same file once more, packed or not.
            continue;
        }
        families.push(family);
        pairs.push(Pair {
            part,
            images: folder.join(name),
            labels: labels_of(&folder.join(name), &names)?,
        });
    }
    families.dedup();
    match (pairs.len(), families.len()) {
        (0, _) => {
            let words = "has no IDX files of images: they are called like train-images-idx3-ubyte";
            Err(SourceError::wrong(folder, words))
        }
        (_, 2..) => {
            let (sets, choose) = (families.join(", "), "choose one of the files of images");
            let words = format!("holds several sets of IDX files ({sets}): {choose}");
            Err(SourceError::wrong(folder, words))
        }
        _ => {
            pairs.sort_by_key(|pair| pair.part);
            Ok(pairs)
        }
    }
}

/// The pair of a file of images or of labels.
fn pair_of(path: &Path, cancel: &CancelToken) -> Result<Pair, SourceError> {
    let folder = files::folder_of(path);
    let names = names_in(folder, cancel)?;
    let name = name_of(path);
    let (images, labels) = if name.to_ascii_lowercase().contains("labels") {
        let is_its = |images: &&String| is_images(images) && key_of(images) == key_of(name);
        let images = names.iter().find(is_its).ok_or_else(|| {
            SourceError::wrong(path, "holds labels only: put the file of images beside it")
        })?;
        (folder.join(images), path.to_path_buf())
    } else {
        (path.to_path_buf(), labels_of(path, &names)?)
    };
    Ok(Pair {
        part: part_and_family(name).0,
        images,
        labels,
    })
}

fn names_in(folder: &Path, cancel: &CancelToken) -> Result<Vec<String>, SourceError> {
    let (entries, _) = listing::list(folder, cancel)?;
    let names = entries.into_iter().map(|entry| entry.name.into_string());
    Ok(names.filter_map(Result::ok).collect())
}

fn name_of(path: &Path) -> &str {
    let name = path.file_name().and_then(|name| name.to_str());
    name.unwrap_or_default()
}

/// What the names of a pair have in common.
fn key_of(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let name = name.trim_end_matches(".gz").replace("labels", "images");
    let stem = name.split("idx").next().unwrap_or_default();
    stem.trim_end_matches(['-', '.', '_']).to_owned()
}

/// The file of labels beside the file `images`, among the `names` in its folder.
fn labels_of(images: &Path, names: &[String]) -> Result<PathBuf, SourceError> {
    let name = name_of(images);
    let is_packed = |name: &str| name.to_ascii_lowercase().ends_with(".gz");
    let mut found: Vec<&String> = names
        .iter()
        .filter(|labels| {
            labels.to_ascii_lowercase().contains("labels") && key_of(labels) == key_of(name)
        })
        .collect();
    found.sort_by_key(|labels| is_packed(labels) != is_packed(name));
    match found.first() {
        Some(labels) => Ok(images.with_file_name(labels)),
        None => Err(SourceError::wrong(
            images,
            "has no labels beside it: put the file called like train-labels-idx1-ubyte there",
        )),
    }
}

/// An IDX file that stands at its first number.
struct Idx {
    shape: Vec<u64>,
    from: Box<dyn Read>,
}

fn open_idx(path: &Path) -> Result<Idx, SourceError> {
    let read = SourceError::read(path);
    let mut file = BufReader::new(File::open(path).map_err(&read)?);
    let bytes = file.get_ref().metadata().map_err(&read)?.len();
    let is_packed = file.fill_buf().map_err(&read)?.starts_with(&[0x1f, 0x8b]);
    let mut from: Box<dyn Read> = match is_packed {
        true => Box::new(MultiGzDecoder::new(file)),
        false => Box::new(file),
    };
    let mut number = || {
        let mut number = [0; 4];
        from.read_exact(&mut number).map(|()| number)
    };
    let cut = |error: std::io::Error| damaged(path, &error);
    let wrong = |words: &str| Err(SourceError::wrong(path, words));
    let axes = match number().map_err(cut)? {
        [0, 0, 8, axes @ 1..=4] => axes,
        [0, 0, 9..=14, _] => return wrong("holds other numbers than bytes: images have bytes"),
        _ => return wrong("is no IDX file: it does not begin like one"),
    };
    let mut shape = Vec::new();
    for _ in 0..axes {
        shape.push(u64::from(u32::from_be_bytes(number().map_err(cut)?)));
    }
    let wanted = shape
        .iter()
        .try_fold(1u64, |n, length| n.checked_mul(*length));
    let most = if is_packed {
        bytes.saturating_mul(MOST_DEFLATE_RATIO)
    } else {
        bytes - 4 * (1 + u64::from(axes))
    };
    match wanted {
        Some(wanted) if wanted <= most && (is_packed || wanted == most) => Ok(Idx { shape, from }),
        _ => {
            let lengths: Vec<String> = shape.iter().map(u64::to_string).collect();
            let words = format!("its header promises {} bytes", lengths.join(" × "));
            Err(damaged(path, &words))
        }
    }
}

fn read_part(pair: &Pair, cancel: &CancelToken) -> Result<Part, SourceError> {
    cancel.check()?;
    let images = open_idx(&pair.images)?;
    let (count, axes) = images.shape.split_first().unwrap_or((&0, &[]));
    let size = arrays::image_size(axes).map_err(|words| SourceError::wrong(&pair.images, words))?;
    let mut labels = open_idx(&pair.labels)?;
    let [label_count] = labels.shape[..] else {
        let words = "is no list of labels: it has more than one axis";
        return Err(SourceError::wrong(&pair.labels, words));
    };
    if label_count > MOST_LABELS {
        return Err(SourceError::wrong(&pair.labels, "has too many labels"));
    }
    let mut bytes = Vec::new();
    let read = labels
        .from
        .by_ref()
        .take(label_count)
        .read_to_end(&mut bytes);
    read.map_err(|error| damaged(&pair.labels, &error))?;
    if bytes.len() as u64 != label_count {
        return Err(damaged(
            &pair.labels,
            &format!("{} of {label_count} labels", bytes.len()),
        ));
    }
    let both = format!("{} with {}", pair.part.word(), display_path(&pair.labels));
    arrays::must_match(&pair.images, &both, *count, bytes.len())?;
    Ok(Part {
        part: pair.part,
        size,
        labels: bytes.into_iter().map(i64::from).collect(),
    })
}

fn write_images(
    path: &Path,
    bytes: u64,
    to: &Path,
    request: &Request<'_>,
    progress: &mut Progress<'_>,
) -> Result<(), SourceError> {
    let mut images = open_idx(path)?;
    unpack::copy_pixels(&mut images.from, "it", bytes, (path, to), request, progress)
}
