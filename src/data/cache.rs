//! Every image decoded and resized once, in parallel, into one memory-mapped file of bytes.
//!
//! A cache is two files: `KEY.pixels` (`[N, H, W, 3]`, u8) and `KEY.ron`, written last, which says
//! that the pixels are complete. The key is a hash of every file's path, size and time of change and
//! of the target size, so a changed folder gets another cache.

use std::{
    fs, io,
    panic::catch_unwind,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    dataset::{BrokenFile, Dataset, Sample, display_path},
    picture::Picture,
};
use crate::{
    cancel::{CancelToken, Cancelled},
    sys,
};

const CHANNELS: usize = 3;
/// Changes when the meaning of the files changes.
const VERSION: u32 = 1;

/// Why a cache could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The cache folder cannot be written.
    #[error(
        "cannot write the image cache in {path}: {source}; free some space or set CONVSCOPE_CACHE to another folder"
    )]
    Write {
        /// The cache folder.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The user asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

#[derive(Serialize, Deserialize)]
struct Index {
    version: u32,
    count: usize,
    height: usize,
    width: usize,
    /// Sample number and why it could not be decoded.
    broken: Vec<(usize, String)>,
}

/// Decoded images of one size, `[N, H, W, 3]` in RGB order, one row per sample of its dataset.
#[derive(Debug)]
pub struct PixelCache {
    map: Option<memmap2::Mmap>,
    /// Row of the file for each sample.
    rows: Vec<usize>,
    /// Pixels per column.
    pub height: usize,
    /// Pixels per row.
    pub width: usize,
}

impl PixelCache {
    /// Opens the cache of `dataset` at `height`×`width`, decoding what is needed first. Files that
    /// cannot be decoded move from the dataset's samples to its broken files.
    ///
    /// `progress(done, total)` is called from several threads.
    ///
    /// # Errors
    /// When the cache folder cannot be written or `cancel` was set; no half-made cache stays behind.
    pub fn open(
        folder: &Path,
        dataset: &mut Dataset,
        (height, width): (usize, usize),
        cancel: &CancelToken,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Self, CacheError> {
        let failed = |source| CacheError::Write {
            path: display_path(folder),
            source,
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let key = key(dataset, height, width);
        let pixels_path = folder.join(format!("{key}.pixels"));
        let index_path = folder.join(format!("{key}.ron"));
        let row_bytes = height * width * CHANNELS;

        let index = match read_index(&index_path, &pixels_path, dataset.samples.len(), row_bytes) {
            Some(index) => index,
            None => {
                let broken = decode_all(
                    folder,
                    &pixels_path,
                    dataset,
                    (height, width),
                    cancel,
                    progress,
                )?;
                let index = Index {
                    version: VERSION,
                    count: dataset.samples.len(),
                    height,
                    width,
                    broken,
                };
                let text =
                    ron::to_string(&index).map_err(|error| failed(io::Error::other(error)))?;
                write_atomically(&index_path, text.as_bytes()).map_err(failed)?;
                index
            }
        };
        let rows = set_broken_aside(dataset, &index.broken);
        let map = if rows.is_empty() {
            None
        } else {
            let file = fs::File::open(&pixels_path).map_err(failed)?;
            Some(sys::map_file(&file).map_err(failed)?)
        };
        Ok(Self {
            map,
            rows,
            height,
            width,
        })
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Pixels of sample `index`, `[H, W, 3]` row by row; `None` when there is no such sample.
    pub fn image(&self, index: usize) -> Option<&[u8]> {
        let row = *self.rows.get(index)?;
        let size = self.height * self.width * CHANNELS;
        self.map.as_ref()?.get(row * size..(row + 1) * size)
    }

    /// Sample `index` as a picture.
    pub fn picture(&self, index: usize) -> Option<Picture> {
        let rgb = self.image(index)?.to_vec();
        Some(Picture {
            width: self.width,
            height: self.height,
            rgb,
        })
    }
}

fn set_broken_aside(dataset: &mut Dataset, broken: &[(usize, String)]) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..dataset.samples.len()).collect();
    rows.retain(|row| {
        broken
            .binary_search_by_key(row, |(index, _)| *index)
            .is_err()
    });
    for (index, reason) in broken {
        if let Some(Sample { path, .. }) = dataset.samples.get(*index) {
            dataset.broken.push(BrokenFile {
                path: path.clone(),
                reason: reason.clone(),
            });
        }
    }
    dataset.samples = rows
        .iter()
        .map(|&row| dataset.samples[row].clone())
        .collect();
    rows
}

fn key(dataset: &Dataset, height: usize, width: usize) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("{VERSION} {height} {width}").as_bytes());
    hasher.update(dataset.root.as_os_str().as_encoded_bytes());
    for sample in &dataset.samples {
        let metadata = fs::metadata(dataset.root.join(&sample.path));
        let changed = metadata.as_ref().ok().and_then(|m| m.modified().ok());
        let since_epoch = changed.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        hasher.update(sample.path.as_os_str().as_encoded_bytes());
        hasher.update(&metadata.map_or(0, |m| m.len()).to_le_bytes());
        hasher.update(&since_epoch.map_or(0, |time| time.as_nanos()).to_le_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// The index, if it is there and the pixels beside it are whole.
fn read_index(index: &Path, pixels: &Path, count: usize, row_bytes: usize) -> Option<Index> {
    let index: Index = ron::from_str(&fs::read_to_string(index).ok()?).ok()?;
    let bytes = fs::metadata(pixels).ok()?.len();
    let whole = bytes == (count * row_bytes) as u64;
    (index.version == VERSION && index.count == count && whole).then_some(index)
}

fn decode_all(
    folder: &Path,
    target: &Path,
    dataset: &Dataset,
    size: (usize, usize),
    cancel: &CancelToken,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<(usize, String)>, CacheError> {
    let failed = |source| CacheError::Write {
        path: display_path(folder),
        source,
    };
    let total = dataset.samples.len();
    let row_bytes = size.0 * size.1 * CHANNELS;
    let file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    sys::reserve(file.as_file(), (total * row_bytes) as u64).map_err(failed)?;
    let mut broken = Vec::new();
    if total > 0 && row_bytes > 0 {
        let mut map = sys::map_file_mut(file.as_file()).map_err(failed)?;
        let done = AtomicUsize::new(0);
        broken = map
            .par_chunks_mut(row_bytes)
            .zip(&dataset.samples)
            .enumerate()
            .map(|(index, (row, sample))| {
                cancel.check()?;
                let path = dataset.root.join(&sample.path);
                let outcome = catch_unwind(|| decode_sized(&path, size))
                    .unwrap_or_else(|_| Err("cannot be decoded: the decoder failed".into()));
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
                match outcome {
                    Ok(picture) => {
                        row.copy_from_slice(&picture.rgb);
                        Ok(None)
                    }
                    Err(reason) => Ok(Some((index, reason))),
                }
            })
            .collect::<Result<Vec<_>, Cancelled>>()?
            .into_iter()
            .flatten()
            .collect();
        map.flush().map_err(failed)?;
    }
    file.persist(target).map_err(|error| failed(error.error))?;
    Ok(broken)
}

/// Most pixels a side may have.
const MAX_SIDE: u32 = 32_768;
/// Most memory one decoded image may take.
const MAX_DECODED_BYTES: u64 = 512 << 20;

/// Opens an image file of any supported format as RGB, upright (EXIF orientation applied).
///
/// # Errors
/// The reason in words.
pub fn decode(path: &Path) -> Result<image::RgbImage, String> {
    use image::{DynamicImage, ImageDecoder, ImageReader, Limits};
    let mut reader = ImageReader::open(path)
        .and_then(ImageReader::with_guessed_format)
        .map_err(|error| format!("cannot be read: {error}"))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    reader.limits(limits);
    let words = |error: image::ImageError| format!("cannot be decoded: {error}");
    let mut decoder = reader.into_decoder().map_err(words)?;
    let orientation = decoder.orientation().map_err(words)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(words)?;
    image.apply_orientation(orientation);
    Ok(image.into_rgb8())
}

/// Opens an image and stretches it to `(height, width)` with an antialiased bilinear filter.
///
/// # Errors
/// The reason in words.
pub fn decode_sized(path: &Path, (height, width): (usize, usize)) -> Result<Picture, String> {
    Ok(resized(&decode(path)?, (height, width)).into())
}

/// Stretches `image` to `(height, width)`; an image that has the size already is left as it is.
pub fn resized(image: &image::RgbImage, (height, width): (usize, usize)) -> image::RgbImage {
    if image.dimensions() == (width as u32, height as u32) {
        return image.clone();
    }
    image::imageops::resize(
        image,
        width as u32,
        height as u32,
        image::imageops::FilterType::Triangle,
    )
}

/// Writes a file so that a power cut leaves either the old or the new content: a temporary file
/// beside it, flushed to the disk, then renamed.
///
/// # Errors
/// What the system said.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use io::Write as _;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Where caches live: `CONVSCOPE_CACHE` or the user's cache folder.
pub fn default_folder() -> PathBuf {
    if let Some(folder) = std::env::var_os("CONVSCOPE_CACHE") {
        return folder.into();
    }
    directories::ProjectDirs::from("org", "Convscope", "Convscope").map_or_else(
        || std::env::temp_dir().join("convscope-cache"),
        |dirs| dirs.cache_dir().join("pixels"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::folder;

    fn fixture() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (class, shade) in [("a", 10u8), ("b", 200)] {
            fs::create_dir(folder.path().join(class)).unwrap();
            for i in 0..3u8 {
                let image = image::RgbImage::from_pixel(5, 4, image::Rgb([shade + i, 0, 0]));
                image
                    .save(folder.path().join(class).join(format!("{i}.png")))
                    .unwrap();
            }
        }
        fs::write(folder.path().join("a/1.png"), b"not a png at all").unwrap();
        folder
    }

    #[test]
    fn broken_files_are_listed_and_rows_still_match_samples() {
        let (data, cache) = (fixture(), tempfile::tempdir().unwrap());
        let token = CancelToken::new();
        for round in ["decoded", "from the cache"] {
            let mut dataset = folder::scan(data.path(), &token).unwrap();
            let pixels =
                PixelCache::open(cache.path(), &mut dataset, (4, 5), &token, &|_, _| {}).unwrap();
            assert_eq!(pixels.len(), 5, "{round}");
            assert_eq!(dataset.broken[0].path, Path::new("a/1.png"));
            assert!(
                dataset.broken[0].reason.contains("decoded"),
                "{}",
                dataset.broken[0].reason
            );
            for (index, sample) in dataset.samples.iter().enumerate() {
                let expected = decode(&data.path().join(&sample.path)).unwrap();
                assert_eq!(
                    pixels.image(index).unwrap(),
                    expected.as_raw().as_slice(),
                    "{round}"
                );
            }
            assert!(pixels.image(5).is_none());
        }
    }

    #[test]
    fn a_changed_file_is_decoded_again_and_a_cancelled_build_leaves_nothing() {
        let (data, cache) = (fixture(), tempfile::tempdir().unwrap());
        let open = |token: &CancelToken| {
            let mut dataset = folder::scan(data.path(), token).unwrap_or_default();
            PixelCache::open(cache.path(), &mut dataset, (2, 2), token, &|_, _| {
                token.cancel();
            })
        };
        assert!(matches!(
            open(&CancelToken::new()),
            Err(CacheError::Cancelled(_)) | Ok(_)
        ));
        let leftovers = fs::read_dir(cache.path()).unwrap().filter_map(Result::ok);
        assert_eq!(
            leftovers
                .filter(|f| f.path().extension().is_some_and(|e| e == "tmp"))
                .count(),
            0
        );

        let token = CancelToken::new();
        let read = || {
            let mut dataset = folder::scan(data.path(), &token).unwrap();
            let pixels =
                PixelCache::open(cache.path(), &mut dataset, (2, 2), &token, &|_, _| {}).unwrap();
            pixels.image(0).unwrap()[0]
        };
        assert_eq!(read(), 10);
        image::RgbImage::from_pixel(50, 40, image::Rgb([77, 0, 0]))
            .save(data.path().join("a/0.png"))
            .unwrap();
        assert_eq!(read(), 77);
    }
}
