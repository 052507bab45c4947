//! What all array sources share: images of a part lie one after the other in a file of the cache, and
//! labels are numbers.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{
    Opened, Request, SourceError, folder,
    unpack::{self, Progress, damaged},
};
use crate::data::{
    dataset::{Dataset, Origin, Sample, SourceKind},
    images::{ImageArray, ImageSize, ImageStore},
    split::SplitName,
};

/// More classes than this are no classes: the labels are measurements or names.
const MOST_CLASSES: usize = 10_000;
/// Longest list of class names.
const MOST_NAME_BYTES: u64 = 1 << 20;
/// Most pixels a side may have.
const MOST_SIDE: u64 = 16_384;

/// The size of images that `[H, W]`, `[H, W, 1]` or `[H, W, 3]` says; or words to follow the array's name.
pub(super) fn image_size(axes: &[u64]) -> Result<ImageSize, String> {
    let (height, width, channels) = match *axes {
        [height, width] => (height, width, 1),
        [height, width, channels @ (1 | 3)] => (height, width, channels),
        [1 | 3, _, _] => {
            return Err(
                "has the channels first: save it again with numpy.moveaxis(images, 1, -1)"
                    .to_owned(),
            );
        }
        [_, _, _] => {
            return Err(
                "holds volumes or images with other channels: images are grey or RGB".to_owned(),
            );
        }
        _ => return Err("holds no images: an array of images has 3 or 4 axes".to_owned()),
    };
    if [height, width]
        .iter()
        .any(|side| !(1..=MOST_SIDE).contains(side))
    {
        return Err(format!(
            "holds images of {height} × {width} pixels: a side has 1 to {MOST_SIDE}"
        ));
    }
    Ok(ImageSize {
        height: height as usize,
        width: width as usize,
        channels: channels as usize,
    })
}

/// The images and labels of one part.
#[derive(Debug)]
pub(super) struct Part {
    pub part: SplitName,
    pub size: ImageSize,
    /// One number per image.
    pub labels: Vec<i64>,
}

impl Part {
    /// Bytes of all images.
    pub fn bytes(&self) -> u64 {
        (self.size.bytes() as u64).saturating_mul(self.labels.len() as u64)
    }

    /// The file of its images in the cache.
    fn file(&self, unpacked: &Path) -> PathBuf {
        unpacked.join(format!("{}.array", self.part.word()))
    }

    fn open(&self, unpacked: &Path) -> io::Result<ImageArray> {
        ImageArray::open(&self.file(unpacked), self.size)
    }

    /// Whether all its images are there; what they are is checked when they are read.
    fn is_whole(&self, unpacked: &Path) -> bool {
        let array = self.open(unpacked).and_then(ImageArray::with_keys);
        array.is_ok_and(|array| array.images == self.labels.len())
    }
}

/// Where arrays are from.
pub(super) struct Source<'a> {
    /// The file or folder that stands for all of them.
    pub path: &'a Path,
    /// What it is.
    pub kind: SourceKind,
    /// The files that hold the images: when one changes, all are unpacked anew.
    pub files: &'a [&'a Path],
    /// Names of the classes 0, 1, 2 …; where a label has none, every number that occurs is a class of its own.
    pub names: Vec<String>,
}

/// The dataset of all `parts` of `source`. `write` puts the images of one part, by its index, into a new
/// file of the cache; it is not called for what is there already. A single part is no division: its samples
/// stand in none.
pub(super) fn open(
    source: &Source<'_>,
    parts: &[Part],
    request: &Request<'_>,
    mut write: impl FnMut(usize, &Path, &mut Progress<'_>) -> Result<(), SourceError>,
) -> Result<Opened, SourceError> {
    let (path, names) = (source.path, &source.names);
    let total = parts.iter().map(Part::bytes).fold(0, u64::saturating_add);
    request.limits.check(path, u64::MAX, total)?;
    let numbers = distinct_labels(parts);
    let classes = class_names(path, &numbers, names)?;
    let is_whole = |folder: &Path| parts.iter().all(|part| part.is_whole(folder));
    let unpacked = unpack::folder(request, source.files, is_whole, |folder| {
        let mut progress = Progress::new(request, total);
        for (index, part) in parts.iter().enumerate() {
            let file = part.file(folder);
            write(index, &file, &mut progress)?;
            let keys = part.open(folder).and_then(|array| array.write_keys());
            keys.map_err(SourceError::unpack(&file))?;
        }
        Ok(())
    })?;
    let mut images = ImageStore::default();
    for part in parts {
        let array = part.open(&unpacked).and_then(ImageArray::with_keys);
        images
            .arrays
            .push(array.map_err(SourceError::unpack(&unpacked))?);
    }
    let line = |part: &Part| {
        let ImageSize { height, width, .. } = part.size;
        let colour = if part.size.channels == 1 {
            "grey"
        } else {
            "RGB"
        };
        let words = format!("{width} × {height} pixels, {colour}");
        (format!("Images for {}", part.part.word()), words)
    };
    let dataset = Dataset {
        samples: samples_of(parts, &numbers, is_named(&numbers, names)),
        classes,
        metadata: parts.iter().map(line).collect(),
        ..folder::empty(path, source.kind)
    };
    Ok(Opened { dataset, images })
}

/// One sample per image. A label is its number where numbers are named, else the place of its number.
fn samples_of(parts: &[Part], numbers: &[i64], is_named: bool) -> Vec<Sample> {
    let label_of = |number: &i64| {
        if is_named {
            *number as usize
        } else {
            numbers.binary_search(number).unwrap_or_default()
        }
    };
    let is_divided = parts.iter().filter(|part| !part.labels.is_empty()).count() > 1;
    let mut samples = Vec::new();
    for (array, part) in parts.iter().enumerate() {
        let word = part.part.word();
        for (row, number) in part.labels.iter().enumerate() {
            samples.push(Sample {
                part: is_divided.then_some(part.part),
                origin: Origin::Array { array, row },
                ..Sample::file(format!("{word}/{row:05}"), label_of(number))
            });
        }
    }
    samples
}

fn distinct_labels(parts: &[Part]) -> Vec<i64> {
    let mut numbers: Vec<i64> = parts
        .iter()
        .flat_map(|part| part.labels.iter().copied())
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Whether all `numbers` have names.
fn is_named(numbers: &[i64], names: &[String]) -> bool {
    let has_name = |number: &i64| usize::try_from(*number).is_ok_and(|at| at < names.len());
    numbers.iter().all(has_name)
}

/// The class names in a text, one a line; none when it cannot be read.
pub(super) fn names_in(from: impl Read) -> Vec<String> {
    let mut text = String::new();
    if from
        .take(MOST_NAME_BYTES)
        .read_to_string(&mut text)
        .is_err()
    {
        return Vec::new();
    }
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

fn class_names(
    source: &Path,
    numbers: &[i64],
    names: &[String],
) -> Result<Vec<String>, SourceError> {
    let wrong = |words: String| Err(SourceError::wrong(source, words));
    match numbers {
        [] => wrong("holds no images".to_owned()),
        [only] => wrong(format!(
            "has one class only ({only}): a dataset needs images of at least one more"
        )),
        _ if numbers.len() > MOST_CLASSES => wrong(format!(
            "has {} different labels: more than {MOST_CLASSES} are no classes",
            numbers.len()
        )),
        _ if is_named(numbers, names) => Ok(names.to_vec()),
        _ => Ok(numbers.iter().map(i64::to_string).collect()),
    }
}

/// Refuses more labels than images, or fewer.
pub(super) fn must_match(
    source: &Path,
    what: &str,
    images: u64,
    labels: usize,
) -> Result<(), SourceError> {
    if images == labels as u64 {
        return Ok(());
    }
    let words = format!("{what} has {images} images but {labels} labels");
    Err(damaged(source, &words))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Limits, fixtures::put},
        *,
    };
    use crate::cancel::CancelToken;

    #[test]
    fn shapes_are_images_or_say_why_not() {
        let size = |height, width, channels| {
            Ok(ImageSize {
                height,
                width,
                channels,
            })
        };
        let rows: [(&[u64], Result<ImageSize, &str>, &str); 8] = [
            (&[28, 30], size(28, 30, 1), "grey"),
            (&[28, 30, 1], size(28, 30, 1), "grey with its axis"),
            (&[28, 30, 3], size(28, 30, 3), "RGB"),
            (&[3, 28, 28], Err("channels first"), "PyTorch's order"),
            (&[28, 28, 28], Err("volumes"), "MedMNIST's 3D sets"),
            (&[28], Err("3 or 4 axes"), "vectors"),
            (&[0, 28], Err("a side has"), "no pixels"),
            (&[1 << 20, 1], Err("a side has"), "far too large"),
        ];
        for (axes, expected, reason) in rows {
            match (image_size(axes), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{reason}"),
                (Err(words), Err(part)) => assert!(words.contains(part), "{reason}: {words}"),
                (found, _) => panic!("{reason}: {found:?}"),
            }
        }
    }

    #[test]
    fn numbers_become_classes() {
        let names = ["zero", "one", "two"];
        type Row<'a> = (
            &'a [i64],
            Option<&'a [&'a str]>,
            &'a [&'a str],
            &'a [usize],
            &'a str,
        );
        let rows: [Row<'_>; 5] = [
            (
                &[1, 0, 1],
                None,
                &["0", "1"],
                &[1, 0, 1],
                "the numbers themselves",
            ),
            (
                &[7, -1, 10],
                None,
                &["-1", "7", "10"],
                &[1, 0, 2],
                "whatever they are, in order",
            ),
            (
                &[2, 0],
                Some(&names),
                &["zero", "one", "two"],
                &[2, 0],
                "a known class may be missing",
            ),
            (
                &[1, 2, 0],
                Some(&names),
                &["zero", "one", "two"],
                &[1, 2, 0],
                "all names",
            ),
            (
                &[1, 2, 3],
                Some(&names),
                &["1", "2", "3"],
                &[0, 1, 2],
                "names that do not fit are not used",
            ),
        ];
        let (data, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        put(data.path(), "x", b"x");
        let path = data.path().join("x");
        let request = Request {
            path: &path,
            kind: None,
            cache: cache.path(),
            limits: Limits::default(),
            cancel: &CancelToken::new(),
            progress: &|_, _| {},
        };
        for (labels, names, classes, expected, reason) in rows {
            let size = ImageSize {
                height: 1,
                width: 2,
                channels: 1,
            };
            let part = Part {
                part: SplitName::Train,
                size,
                labels: labels.to_vec(),
            };
            let source = Source {
                path: &path,
                kind: SourceKind::Npz,
                files: &[&path],
                names: names
                    .unwrap_or_default()
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            };
            let opened = open(&source, &[part], &request, |_, to, _| {
                std::fs::write(to, vec![0; 2 * labels.len()]).map_err(SourceError::unpack(to))
            });
            let dataset = opened.unwrap().dataset;
            assert_eq!(dataset.classes, classes, "{reason}");
            let found: Vec<_> = dataset.samples.iter().map(|s| s.label).collect();
            assert_eq!(found, expected, "{reason}");
            assert!(!dataset.has_given_parts(), "one part is no division");
        }
    }
}
