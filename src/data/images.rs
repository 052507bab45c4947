//! The pixels of a dataset's samples at their own size, wherever they are: image files, or rows of arrays
//! that were unpacked into the cache. What was unpacked is checked whenever it is read: it is ours, so that nobody else
//! would notice damage.

use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use image::RgbImage;

use super::{
    dataset::{Dataset, Origin},
    decode,
    files::read_exact_at,
};

/// First half of a blake3 hash of a content.
pub type ContentKey = [u8; 16];

/// Why an image that was unpacked is none any more, to follow its name.
pub const DAMAGED: &str = "was damaged in the cache after it was unpacked there: open the dataset again, which unpacks it anew";

/// Ending of the file beside an array that holds the keys of its images, one after the other.
const KEYS_ENDING: &str = "keys";

/// Size of the images of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageSize {
    /// Pixels per column.
    pub height: usize,
    /// Pixels per row.
    pub width: usize,
    /// 1 (grey) or 3 (RGB).
    pub channels: usize,
}

impl ImageSize {
    /// Bytes of one image.
    pub fn bytes(&self) -> usize {
        self.height * self.width * self.channels
    }
}

/// Images of one size, one after the other: `[N, H, W, C]`, u8.
#[derive(Debug, Clone)]
pub struct ImageArray {
    file: Arc<File>,
    /// How many there are.
    pub images: usize,
    /// What each image was when it was unpacked; without them it is believed.
    keys: Option<Arc<[ContentKey]>>,
    /// The file, in the cache.
    pub path: PathBuf,
    /// Of every image.
    pub size: ImageSize,
}

impl ImageArray {
    /// Opens `path`: the raw bytes of all images and nothing else.
    ///
    /// # Errors
    /// What the system said, or that the file does not hold whole images.
    pub fn open(path: &Path, size: ImageSize) -> io::Result<Self> {
        let file = File::open(path)?;
        let (bytes, of_one) = (file.metadata()?.len(), size.bytes() as u64);
        if !matches!(size.channels, 1 | 3) || of_one == 0 || bytes % of_one != 0 {
            return Err(io::Error::other("the array does not hold whole images"));
        }
        Ok(Self {
            file: Arc::new(file),
            images: (bytes / of_one) as usize,
            keys: None,
            path: path.to_path_buf(),
            size,
        })
    }

    /// Writes beside the array what each of its images is now.
    ///
    /// # Errors
    /// What the system said.
    pub fn write_keys(&self) -> io::Result<()> {
        let mut keys = Vec::with_capacity(self.images * size_of::<ContentKey>());
        for row in 0..self.images {
            let content = self.content(row).map_err(io::Error::other)?;
            keys.extend_from_slice(&content.short_key());
        }
        fs::write(self.path.with_extension(KEYS_ENDING), keys)
    }

    /// The array with the keys that were written beside it: every image is checked from now on.
    ///
    /// # Errors
    /// When they cannot be read or are not as many as there are images.
    pub fn with_keys(mut self) -> io::Result<Self> {
        let bytes = fs::read(self.path.with_extension(KEYS_ENDING))?;
        let (keys, rest) = bytes.as_chunks();
        if keys.len() != self.images || !rest.is_empty() {
            return Err(io::Error::other("the array has other images than it had"));
        }
        self.keys = Some(keys.into());
        Ok(self)
    }

    /// What image `row` was when it was unpacked, where that is known.
    pub fn key(&self, row: usize) -> Option<ContentKey> {
        self.keys.as_ref()?.get(row).copied()
    }

    /// Image `row`.
    ///
    /// # Errors
    /// The reason in words, to follow a file's name. One that is not what was unpacked is unpacked again at the next
    /// opening.
    pub fn content(&self, row: usize) -> Result<Content, String> {
        if row >= self.images {
            return Err("is not in its array".to_owned());
        }
        let mut bytes = vec![0; self.size.bytes()];
        let offset = row as u64 * bytes.len() as u64;
        let read = read_exact_at(&self.file, &mut bytes, offset);
        let size = self.size;
        let content = Content::Pixels { bytes, size };
        let is_whole = self.key(row).is_none_or(|key| key == content.short_key());
        match read {
            Ok(()) if is_whole => Ok(content),
            _ => {
                // Without its keys the array does not count as whole.
                let _ = fs::remove_file(self.path.with_extension(KEYS_ENDING));
                Err(DAMAGED.to_owned())
            }
        }
    }
}

/// What a sample's pixels are made from.
#[derive(Debug)]
pub enum Content {
    /// The whole image file.
    File(Vec<u8>),
    /// Pixels of an array.
    Pixels {
        /// `[H, W, C]`.
        bytes: Vec<u8>,
        /// How many of them there are.
        size: ImageSize,
    },
}

impl Content {
    /// The pixels, upright and in RGB.
    ///
    /// # Errors
    /// The reason in words, to follow a file's name.
    pub fn decode(&self) -> Result<RgbImage, String> {
        match self {
            Self::File(bytes) => decode::decode_bytes(bytes),
            Self::Pixels { bytes, size } => {
                let rgb = match size.channels {
                    1 => bytes.iter().flat_map(|value| [*value; 3]).collect(),
                    _ => bytes.clone(),
                };
                RgbImage::from_raw(size.width as u32, size.height as u32, rgb)
                    .ok_or_else(|| "has fewer pixels than its size says".to_owned())
            }
        }
    }

    /// First half of a hash of everything that decides the pixels.
    pub fn short_key(&self) -> ContentKey {
        match self {
            Self::File(bytes) => short_key(bytes),
            Self::Pixels { bytes, size } => {
                let (height, width, channels) = (size.height, size.width, size.channels);
                let mut hasher = blake3::Hasher::new();
                hasher.update(format!("array {height} {width} {channels} ").as_bytes());
                first_half(&hasher.update(bytes).finalize())
            }
        }
    }
}

/// The key of the file with these `bytes`.
pub fn short_key(bytes: &[u8]) -> ContentKey {
    first_half(&blake3::hash(bytes))
}

fn first_half(hash: &blake3::Hash) -> ContentKey {
    let (key, _) = hash.as_bytes().as_chunks();
    key[0]
}

/// A key in hexadecimal digits.
pub fn key_to_hex(key: &ContentKey) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The key that [`key_to_hex`] wrote.
pub fn key_from_hex(hex: &[u8]) -> Option<ContentKey> {
    let whole = [hex, &[b'0'; 32]].concat();
    Some(first_half(&blake3::Hash::from_hex(whole).ok()?))
}

impl UnpackedFiles {
    /// Whether the file at `path` is what was unpacked; the next opening unpacks again what is not.
    fn fits(&self, path: &Path, bytes: &[u8]) -> bool {
        let fits = self
            .keys
            .get(path)
            .is_none_or(|key| *key == short_key(bytes));
        if !fits {
            // Where it cannot be deleted the same is found the next time.
            let _ = fs::remove_file(&self.list);
        }
        fits
    }
}

/// What the files of an archive were when it was unpacked.
#[derive(Debug)]
pub struct UnpackedFiles {
    /// By path.
    pub keys: HashMap<PathBuf, ContentKey>,
    /// The file that says so; without it the archive is unpacked again at the next opening.
    pub list: PathBuf,
}

/// A folder in place of the cache, for as long as it is used.
#[derive(Debug)]
pub struct InsteadOfCache {
    /// Deleted when nobody uses it any more.
    pub folder: tempfile::TempDir,
    /// Why, and what that means, in a sentence.
    pub words: String,
}

/// Where a dataset's pixels are read from.
#[derive(Debug, Clone, Default)]
pub struct ImageStore {
    /// The arrays that [`Origin::Array`] numbers.
    pub arrays: Vec<ImageArray>,
    /// The files of the archive that [`Origin::File`] means; `None` when they are the user's own.
    pub unpacked: Option<Arc<UnpackedFiles>>,
    /// Where things were unpacked to when the cache could not be written.
    pub instead_of_cache: Option<Arc<InsteadOfCache>>,
}

impl ImageStore {
    /// What sample `index` is made from.
    ///
    /// # Errors
    /// The reason in words, to follow a file's name.
    pub fn content(&self, dataset: &Dataset, index: usize) -> Result<Content, String> {
        let sample = dataset
            .samples
            .get(index)
            .ok_or_else(|| format!("is not in the dataset: there is no image number {index}"))?;
        match sample.origin {
            Origin::File => {
                let path = dataset.root.join(&sample.path);
                let bytes = decode::read(&path)?;
                match &self.unpacked {
                    Some(unpacked) if !unpacked.fits(&path, &bytes) => Err(DAMAGED.to_owned()),
                    _ => Ok(Content::File(bytes)),
                }
            }
            Origin::Array { array, row } => {
                let array = self.arrays.get(array);
                array.ok_or("is not in its array")?.content(row)
            }
        }
    }

    /// The key of what sample `index` was made from when it was unpacked, where that is known without reading it.
    pub fn key(&self, dataset: &Dataset, index: usize) -> Option<ContentKey> {
        match dataset.samples.get(index)?.origin {
            Origin::File => None,
            Origin::Array { array, row } => self.arrays.get(array)?.key(row),
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
