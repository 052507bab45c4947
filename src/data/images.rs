//! The pixels of a dataset's samples at their own size, wherever they are: image files, or rows of arrays
//! that were unpacked into the cache and are memory-mapped.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use image::RgbImage;

use super::{
    dataset::{Dataset, Origin},
    decode,
};
use crate::sys;

/// Images of one size, one after the other: `[N, H, W, C]`, u8, C = 1 (grey) or 3 (RGB).
#[derive(Debug)]
pub struct ImageArray {
    map: Option<memmap2::Mmap>,
    /// The file, in the cache.
    pub path: PathBuf,
    /// Pixels per column.
    pub height: usize,
    /// Pixels per row.
    pub width: usize,
    /// 1 or 3.
    pub channels: usize,
}

impl ImageArray {
    /// Maps `path`, which must belong to the cache: the raw bytes of all images and nothing else.
    ///
    /// # Errors
    /// What the system said, or that the file does not hold whole images.
    pub fn open(path: &Path, height: usize, width: usize, channels: usize) -> io::Result<Self> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let size = (height * width * channels) as u64;
        if !matches!(channels, 1 | 3) || size == 0 || bytes % size != 0 {
            return Err(io::Error::other("the array does not hold whole images"));
        }
        let map = (bytes > 0).then(|| sys::map_file(&file)).transpose()?;
        Ok(Self {
            map,
            path: path.to_path_buf(),
            height,
            width,
            channels,
        })
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        let size = self.height * self.width * self.channels;
        self.map.as_ref().map_or(0, |map| map.len() / size)
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of image `row`, `[H, W, C]`; `None` when there is no such image.
    pub fn row(&self, row: usize) -> Option<&[u8]> {
        let size = self.height * self.width * self.channels;
        let start = row.checked_mul(size)?;
        self.map.as_ref()?.get(start..start.checked_add(size)?)
    }
}

/// What a sample's pixels are made from.
#[derive(Debug)]
pub enum Content<'a> {
    /// The whole image file.
    File(Vec<u8>),
    /// Pixels of an array.
    Pixels {
        /// `[H, W, C]`.
        bytes: &'a [u8],
        /// Pixels per column.
        height: usize,
        /// Pixels per row.
        width: usize,
        /// 1 or 3.
        channels: usize,
    },
}

impl Content<'_> {
    /// The pixels, upright and in RGB.
    ///
    /// # Errors
    /// The reason in words, to follow a file's name.
    pub fn decode(&self) -> Result<RgbImage, String> {
        match self {
            Self::File(bytes) => decode::decode_bytes(bytes),
            Self::Pixels {
                bytes,
                height,
                width,
                channels,
            } => {
                let rgb = if *channels == 1 {
                    bytes.iter().flat_map(|value| [*value; 3]).collect()
                } else {
                    bytes.to_vec()
                };
                RgbImage::from_raw(*width as u32, *height as u32, rgb)
                    .ok_or_else(|| "has fewer pixels than its size says".to_owned())
            }
        }
    }

    /// A hash of everything that decides the pixels.
    pub fn key(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        match self {
            Self::File(bytes) => hasher.update(bytes),
            Self::Pixels {
                bytes,
                height,
                width,
                channels,
            } => {
                hasher.update(format!("array {height} {width} {channels} ").as_bytes());
                hasher.update(bytes)
            }
        };
        hasher.finalize()
    }
}

/// Where a dataset's pixels are read from.
#[derive(Debug, Default)]
pub struct ImageStore {
    /// The arrays that [`Origin::Array`] numbers.
    pub arrays: Vec<ImageArray>,
}

impl ImageStore {
    /// What sample `index` is made from.
    ///
    /// # Errors
    /// The reason in words, to follow a file's name.
    pub fn content(&self, dataset: &Dataset, index: usize) -> Result<Content<'_>, String> {
        let sample = dataset
            .samples
            .get(index)
            .ok_or_else(|| format!("is not in the dataset: there is no image number {index}"))?;
        match sample.origin {
            Origin::File => decode::read(&dataset.root.join(&sample.path)).map(Content::File),
            Origin::Array { array, row } => {
                let array = self.arrays.get(array);
                array
                    .and_then(|array| {
                        Some(Content::Pixels {
                            bytes: array.row(row)?,
                            height: array.height,
                            width: array.width,
                            channels: array.channels,
                        })
                    })
                    .ok_or_else(|| "is not in its array".to_owned())
            }
        }
    }

    /// Sample `index` at its own size, upright, in RGB.
    ///
    /// # Errors
    /// The reason in words, to follow a file's name.
    pub fn read(&self, dataset: &Dataset, index: usize) -> Result<RgbImage, String> {
        self.content(dataset, index)?.decode()
    }
}
