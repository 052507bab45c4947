//! Reading NumPy's `.npz` files as MedMNIST and Keras write them: a ZIP file with one array of images and
//! one of labels per part. Images are streamed into the cache; nothing is unpickled.

use std::{collections::BTreeMap, fs::File, io::BufReader, path::Path};

use zip::{ZipArchive, read::ZipFile};

use super::{
    InFolder, Limits, Opened, Reader, Request, SourceError, SourceFile,
    archive_formats::zip_error,
    arrays::{self, Part, Source},
    detect::Packing,
    listing::has_ending,
    medmnist,
    npy::Header,
    survey::Survey,
    unpack::{self, Progress, damaged},
};
use crate::data::{
    dataset::{SourceKind, display_path},
    generate::CLASS_NAMES,
    split::SplitName,
};

type Archive = ZipArchive<BufReader<File>>;

/// Names of the arrays: images, labels, and the part they are.
const NAMES: [(&str, &str, SplitName); 11] = [
    ("train_images", "train_labels", SplitName::Train),
    ("val_images", "val_labels", SplitName::Validation),
    ("test_images", "test_labels", SplitName::Test),
    ("x_train", "y_train", SplitName::Train),
    ("x_val", "y_val", SplitName::Validation),
    ("x_valid", "y_valid", SplitName::Validation),
    ("x_test", "y_test", SplitName::Test),
    ("images", "labels", SplitName::Train),
    ("data", "labels", SplitName::Train),
    ("x", "y", SplitName::Train),
    ("image", "label", SplitName::Train),
];
/// Most bytes of labels: they are read into memory.
const MOST_LABEL_BYTES: u64 = 1 << 30;

pub(super) const READER: Reader = Reader {
    words: "MedMNIST arrays (.npz)",
    id: "npz",
    file: Some(SourceFile {
        called: ".npz",
        endings: &["npz"],
        is_one: |seen| matches!(seen.packing, Packing::Zip(first) if is_array_name(first)),
        reason: "it holds NumPy arrays",
    }),
    in_folder,
    read,
};

/// The only file of arrays.
fn in_folder(survey: &Survey) -> Option<InFolder> {
    let mut arrays = survey
        .files
        .iter()
        .filter(|name| has_ending(Path::new(name), &["npz"]));
    let (Some(name), None) = (arrays.next(), arrays.next()) else {
        return None;
    };
    Some(InFolder {
        path: survey.root.join(name),
        reason: format!("{} is the only file of arrays", display_path(Path::new(name))),
        likelihood: 10,
    })
}

/// Whether an entry of a ZIP file called `name` makes it a file of arrays.
fn is_array_name(name: &[u8]) -> bool {
    name.ends_with(b".npy") && !name.contains(&b'/')
}

/// Reads the arrays in `path`.
fn read(path: &Path, request: &Request<'_>) -> Result<Opened, SourceError> {
    if path.is_dir() {
        let words = "is a folder without a single .npz file: choose the file of arrays";
        return Err(SourceError::wrong(path, words));
    }
    let file = File::open(path).map_err(SourceError::read(path))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(zip_error(path))?;
    let found = find_arrays(path, &archive)?;
    let mut parts = Vec::new();
    for array in &found {
        request.cancel.check()?;
        parts.push(read_part(path, &mut archive, array, &request.limits)?);
    }
    let own = archive.by_name(CLASS_NAMES);
    let mut names = own.map_or_else(|_| Vec::new(), arrays::names_in);
    if names.is_empty() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let known = medmnist::class_names(&name).unwrap_or_default();
        names = known.iter().map(ToString::to_string).collect();
    }
    let source = Source {
        path,
        kind: SourceKind::Npz,
        files: &[path],
        names,
    };
    arrays::open(&source, &parts, request, |index, to, progress| {
        let (array, bytes) = (&found[index].images, parts[index].bytes());
        write_images(path, &mut archive, array, bytes, to, request, progress)
    })
}

/// Two entries of the archive that belong together.
struct Pair {
    part: SplitName,
    images: (String, usize),
    labels: (String, usize),
}

/// The images and labels of every part.
fn find_arrays(path: &Path, archive: &Archive) -> Result<Vec<Pair>, SourceError> {
    let mut entries = BTreeMap::new();
    for (index, name) in archive.file_names_raw().enumerate() {
        if let (true, Ok(name)) = (is_array_name(name), std::str::from_utf8(name)) {
            let name = name.trim_end_matches(".npy").to_owned();
            entries.insert(name.to_ascii_lowercase(), (name, index));
        }
    }
    let mut found: Vec<Pair> = Vec::new();
    for (images, labels, part) in NAMES {
        let Some(of_images) = entries.get(images) else {
            continue;
        };
        if found.iter().any(|pair| pair.part == part) {
            continue;
        }
        match entries.get(labels) {
            Some(of_labels) => found.push(Pair {
                part,
                images: of_images.clone(),
                labels: of_labels.clone(),
            }),
            None if part == SplitName::Train && images != "train_images" && images != "x_train" => {
            }
            None => {
                let words =
                    format!("has the array {images} but no {labels}: save both with numpy.savez");
                return Err(SourceError::wrong(path, words));
            }
        }
    }
    if found.is_empty() {
        const MOST: usize = 10;
        let names: Vec<&str> = entries.values().map(|(name, _)| name.as_str()).collect();
        let holds = match names.as_slice() {
            [] => "holds no arrays".to_owned(),
            names => format!(
                "holds the arrays {}",
                names[..names.len().min(MOST)].join(", ")
            ),
        };
        let words = "but no train_images and train_labels (MedMNIST) or x_train and y_train (Keras): \
                     save them under these names with numpy.savez";
        return Err(SourceError::wrong(path, format!("{holds}, {words}")));
    }
    found.sort_by_key(|pair| pair.part);
    Ok(found)
}

/// Opens one array and checks what its header says against what the archive says.
fn open_array<'a>(
    path: &Path,
    archive: &'a mut Archive,
    (name, index): &(String, usize),
    limits: &Limits,
) -> Result<(Header, ZipFile<'a, BufReader<File>>), SourceError> {
    let file_bytes = std::fs::metadata(path)
        .map_err(SourceError::read(path))?
        .len();
    let wrong = |words: String| wrong(path, name, &words);
    let mut entry = archive.by_index(*index).map_err(zip_error(path))?;
    let header = Header::read(&mut entry).map_err(wrong)?;
    let (packed, bytes) = (entry.compressed_size().min(file_bytes), entry.size());
    if header.header_bytes.checked_add(header.data_bytes) != Some(bytes) {
        let words = format!("{name} should have {} bytes of numbers", header.data_bytes);
        return Err(damaged(path, &words));
    }
    if let Some(words) = limits.refuses(packed, bytes) {
        return Err(wrong(words));
    }
    if header.is_fortran && header.shape.iter().filter(|length| **length > 1).count() > 1 {
        return Err(wrong(
            "is in Fortran's order: save it again with numpy.ascontiguousarray".to_owned(),
        ));
    }
    Ok((header, entry))
}

/// What is wrong with the array `name`, to follow its name.
fn wrong(path: &Path, name: &str, words: &str) -> SourceError {
    SourceError::NotADataset(format!("{name} in {} {words}", display_path(path)))
}

fn read_part(
    path: &Path,
    archive: &mut Archive,
    pair: &Pair,
    limits: &Limits,
) -> Result<Part, SourceError> {
    let wrong = |name: &str, words: &str| wrong(path, name, words);
    let (header, _) = open_array(path, archive, &pair.images, limits)?;
    let images = pair.images.0.as_str();
    if !matches!(header.kind.as_str(), "|u1" | "<u1" | ">u1") {
        let words = format!(
            "holds numbers of the type {}, and pixels must be bytes from 0 to 255: save it again with \
             .astype(\"uint8\")",
            header.kind
        );
        return Err(wrong(images, &words));
    }
    let (count, size) = match header.shape.split_first() {
        Some((count, axes)) => (*count, arrays::image_size(axes)),
        None => (0, arrays::image_size(&[])),
    };
    let size = size.map_err(|words| wrong(images, &words))?;

    let labels = pair.labels.0.as_str();
    let (header, mut entry) = open_array(path, archive, &pair.labels, limits)?;
    if let Some(per_image) = header.shape.get(1).filter(|count| **count > 1) {
        let words = format!(
            "has {per_image} labels per image, and Convscope gives every image one class: \
             save one number per image"
        );
        return Err(wrong(labels, &words));
    }
    if header.shape.len() > 2 || header.data_bytes > MOST_LABEL_BYTES {
        return Err(wrong(
            labels,
            "is no list of labels: save one number per image",
        ));
    }
    let numbers = header
        .integers(&mut entry)
        .map_err(|words| wrong(labels, &words))?;
    arrays::must_match(path, pair.part.word(), count, numbers.len())?;
    Ok(Part {
        part: pair.part,
        size,
        labels: numbers,
    })
}

fn write_images(
    path: &Path,
    archive: &mut Archive,
    (name, index): &(String, usize),
    bytes: u64,
    to: &Path,
    request: &Request<'_>,
    progress: &mut Progress<'_>,
) -> Result<(), SourceError> {
    let mut entry = archive.by_index(*index).map_err(zip_error(path))?;
    Header::read(&mut entry).map_err(|words| damaged(path, &words))?;
    unpack::copy_pixels(&mut entry, name, bytes, (path, to), request, progress)
}
