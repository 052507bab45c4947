//! Image files as RGB pixels: found by content, limited before decoding, upright, and in colour as Pillow's
//! `ImageOps.exif_transpose(image).convert("RGB")` of the first frame gives them; and bringing them to size.
//!
//! Every refusal is one reason in words that follows the file's name: "is empty", "is not an image: …", "is cut
//! off: …", "is damaged: …", "is too large: …", or "is a … image, a format that is not read".

mod bmp;
mod common;
mod gif;
mod header;
mod jpeg;
mod png;
mod resize;
mod sniff;
mod webp;

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Mutex, PoisonError},
};

use image::{DynamicImage, RgbImage, metadata::Orientation};
use serde::{Deserialize, Serialize};

use self::{header::Header, sniff::Format};
use crate::plain;

pub use self::{
    resize::{PixelFormat, ResizeMode, resized},
    sniff::{EMPTY, extension_fits},
};

/// Largest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 256 << 20;
/// Images that take more memory than this are decoded one at a time, so that a folder of huge ones does not
/// take the memory of one for every core.
const LARGE: u64 = 128 << 20;

/// What a network sees of an image, by Keras' names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ColorMode {
    /// Red, green and blue; grey images have three equal channels.
    #[default]
    Rgb,
    /// One channel: ITU-R 601-2 luma in whole numbers, as Pillow's mode `L`.
    Grayscale,
}

impl ColorMode {
    /// Every mode.
    pub const ALL: [Self; 2] = [Self::Rgb, Self::Grayscale];

    /// What people call it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Rgb => "RGB",
            Self::Grayscale => "grey",
        }
    }

    /// Channels of the input tensor.
    pub fn channels(self) -> usize {
        match self {
            Self::Rgb => 3,
            Self::Grayscale => 1,
        }
    }
}

/// What an image file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// By the content: "JPEG", "PNG", "GIF", "WebP", "BMP" or "TIFF".
    pub format: &'static str,
    /// Pixels per row, upright.
    pub width: u32,
    /// Pixels per column, upright.
    pub height: u32,
    /// 1 (grey), 2 (grey with alpha), 3 (RGB, also by a palette) or 4 (RGB with alpha, or CMYK).
    pub channels: u8,
    /// Bits per sample (or per palette index) as stored: 1 to 16. The RGB image always has 8; of 16-bit
    /// grey, values above 255 become white in it, as in Pillow.
    pub bits: u8,
    /// Whether its metadata ask for turning or mirroring, which was done.
    pub orientation_applied: bool,
    /// Whether it has more than one frame; the first is taken.
    pub animated: bool,
}

/// Reads a file for [`decode_bytes`].
///
/// # Errors
/// The reason in words, to follow the file's name.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    let words = |error: std::io::Error| format!("cannot be read: {}", plain::io(&error));
    let about = fs::metadata(path).map_err(words)?;
    if !about.is_file() {
        // Reading a pipe or a device may never end.
        return Err("is not a file with content: it is a folder, a pipe or a device".to_owned());
    }
    if about.len() > MAX_FILE_BYTES {
        return Err(format!(
            "is too large: a file of {} MiB; at most {} MiB are read",
            about.len() >> 20,
            MAX_FILE_BYTES >> 20
        ));
    }
    fs::read(path).map_err(words)
}

/// Opens an image file of any supported format as RGB, upright (EXIF orientation applied).
///
/// # Errors
/// The reason in words, to follow the file's name.
pub fn decode(path: &Path) -> Result<RgbImage, String> {
    decode_bytes(&read(path)?)
}

/// Decodes the bytes of an image file of any supported format as RGB, upright (EXIF orientation applied).
///
/// # Errors
/// The reason in words, to follow the file's name.
pub fn decode_bytes(bytes: &[u8]) -> Result<RgbImage, String> {
    guarded(|| {
        let header = header(bytes)?;
        header.check(bytes.len())?;
        let _turn = (header.memory(bytes.len()) > LARGE).then(one_at_a_time);
        let image = match header.format {
            Format::Jpeg => jpeg::pixels(bytes, &header),
            Format::Gif => gif::pixels(bytes, &header),
            Format::Png | Format::WebP | Format::Bmp | Format::Tiff => {
                common::pixels(bytes, &header)
            }
        }?;
        Ok(upright(image, header.orientation))
    })
}

/// What the bytes of an image file say of themselves. Their pixels are not decoded: an image may have facts
/// and still be damaged.
///
/// # Errors
/// The reason in words, to follow the file's name.
pub fn facts(bytes: &[u8]) -> Result<Facts, String> {
    guarded(|| {
        let header = header(bytes)?;
        header.check(bytes.len())?;
        let (width, height) = if header.is_quarter_turn() {
            (header.height, header.width)
        } else {
            (header.width, header.height)
        };
        Ok(Facts {
            format: header.format.name(),
            width,
            height,
            channels: header.channels,
            bits: header.bits,
            orientation_applied: header.orientation != Orientation::NoTransforms,
            animated: header.animated,
        })
    })
}

fn header(bytes: &[u8]) -> Result<Header, String> {
    match Format::of(bytes)? {
        Format::Jpeg => jpeg::header(bytes),
        Format::Gif => gif::header(bytes),
        format => common::header(bytes, format),
    }
}

/// Decoders are others' code and their input is anything: a panic in one is a damaged file, not our end.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err("is damaged: its decoder gave up".to_owned()))
}

fn one_at_a_time() -> std::sync::MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn upright(image: RgbImage, orientation: Orientation) -> RgbImage {
    let mut image = DynamicImage::ImageRgb8(image);
    image.apply_orientation(orientation);
    image.into_rgb8()
}
