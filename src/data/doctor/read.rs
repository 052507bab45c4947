//! Reading every picture of a dataset once, for everything that is asked about it afterwards.

use std::{
    collections::{BTreeMap, HashMap},
    sync::atomic::{AtomicUsize, Ordering},
};

use image::RgbImage;
use rayon::prelude::*;

use super::alike::{self, Alike};
use crate::{
    cancel::{CancelToken, Cancelled},
    data::{Dataset, ImageStore, decode, images::Content, similar::Thumbnail},
};

/// What is known of one picture that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    /// Pixels per row and per column, upright.
    pub size: (u32, u32),
    /// How the source stores colours, such as `grey` or `RGB`.
    pub channels: String,
    /// The format of the content, where the file's ending promises another.
    pub misnamed: Option<&'static str>,
    /// Every pixel has the same colour.
    pub is_blank: bool,
    /// Number of the picture: samples with the same pixels have the same number.
    pub picture: usize,
}

/// What was read of a dataset: it depends on the files alone, not on labels, parts or exclusions.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Readings {
    /// One per sample; or why it cannot be read, to follow its name.
    outcomes: Vec<Result<Facts, String>>,
    /// Pictures that look alike, by their numbers.
    alike: Vec<Alike>,
}

/// A picture before its number is known.
struct Picture {
    facts: Facts,
    hash: blake3::Hash,
    thumbnail: Box<Thumbnail>,
}

impl Readings {
    /// Reads every sample of `dataset`, excluded ones too, so that they can be taken back in at once.
    ///
    /// `progress(done, total)` counts samples and is called from several threads.
    ///
    /// # Errors
    /// [`Cancelled`] when `cancel` was set.
    pub fn read(
        dataset: &Dataset,
        images: &ImageStore,
        cancel: &CancelToken,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Self, Cancelled> {
        let total = dataset.samples.len();
        let done = AtomicUsize::new(0);
        let read: Result<Vec<Result<Picture, String>>, Cancelled> = (0..total)
            .into_par_iter()
            .map(|index| {
                cancel.check()?;
                let read = read_one(dataset, images, index);
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
                Ok(read)
            })
            .collect();
        let mut numbers: HashMap<blake3::Hash, usize> = HashMap::new();
        let mut thumbnails = Vec::new();
        let mut outcomes = Vec::with_capacity(total);
        for picture in read? {
            outcomes.push(picture.map(|picture| {
                let next = thumbnails.len();
                let number = *numbers.entry(picture.hash).or_insert(next);
                if number == next {
                    thumbnails.push(picture.thumbnail);
                }
                Facts {
                    picture: number,
                    ..picture.facts
                }
            }));
        }
        let thumbnails: Vec<&Thumbnail> = thumbnails.iter().map(AsRef::as_ref).collect();
        let alike = alike::find(&thumbnails, cancel, &|| progress(total, total))?;
        Ok(Self { outcomes, alike })
    }

    /// Samples that cannot be read, and why (to follow a file's name): for [`Dataset::broken`].
    pub fn broken(&self) -> BTreeMap<usize, String> {
        let reason = |index: usize| Some((index, self.reason(index)?.clone()));
        (0..self.outcomes.len()).filter_map(reason).collect()
    }

    pub(super) fn facts(&self, index: usize) -> Option<&Facts> {
        self.outcomes.get(index)?.as_ref().ok()
    }

    pub(super) fn reason(&self, index: usize) -> Option<&String> {
        self.outcomes.get(index)?.as_ref().err()
    }

    pub(super) fn alike(&self) -> &[Alike] {
        &self.alike
    }
}

fn read_one(dataset: &Dataset, images: &ImageStore, index: usize) -> Result<Picture, String> {
    let content = images.content(dataset, index)?;
    let image = content.decode()?;
    Ok(picture(dataset, index, &content, &image))
}

fn picture(dataset: &Dataset, index: usize, content: &Content, image: &RgbImage) -> Picture {
    let (channels, misnamed) = match content {
        Content::Pixels { size, .. } => (channel_words(size.channels, 8), None),
        Content::File(bytes) => match decode::facts(bytes) {
            Ok(file) => {
                let sample = dataset.samples.get(index);
                let fits = sample.is_none_or(|s| decode::extension_fits(&s.path, file.format));
                let channels = channel_words(file.channels.into(), file.bits);
                (channels, (!fits).then_some(file.format))
            }
            // It was decoded, so this does not happen.
            Err(_) => ("unknown".to_owned(), None),
        },
    };
    let mut hasher = blake3::Hasher::new();
    let size = image.dimensions();
    hasher.update(format!("{} {} ", size.0, size.1).as_bytes());
    hasher.update(image.as_raw());
    let mut pixels = image.as_raw().chunks_exact(3);
    let first = pixels.next();
    Picture {
        facts: Facts {
            size,
            channels,
            misnamed,
            is_blank: pixels.all(|pixel| Some(pixel) == first),
            picture: 0,
        },
        hash: hasher.finalize(),
        thumbnail: Box::new(Thumbnail::new(image)),
    }
}

/// How a source stores colours.
fn channel_words(channels: usize, bits: u8) -> String {
    let words = match channels {
        1 => "grey",
        2 => "grey with alpha",
        3 => "RGB",
        _ => "RGBA or CMYK",
    };
    if bits > 8 {
        format!("{bits}-bit {words}")
    } else {
        words.to_owned()
    }
}
