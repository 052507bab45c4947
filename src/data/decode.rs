//! Image files as RGB pixels: found by content, limited before decoding, upright; and bringing them to size.

use std::{fs, io::Cursor, path::Path};

use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::{cache::PixelFormat, picture::Picture};

/// Most pixels a side may have.
const MAX_SIDE: u32 = 32_768;
/// Most memory one decoded image may take.
const MAX_DECODED_BYTES: u64 = 512 << 20;
/// Largest file that is read.
const MAX_FILE_BYTES: u64 = 512 << 20;

/// How an image of other proportions becomes as large as the network's input. The filter is an antialiased
/// bilinear one (a triangle as wide as the scale), as in Pillow's `Image.BILINEAR`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ResizeMode {
    /// Height and width each on their own: the proportions change. What the notebooks do.
    #[default]
    Stretch,
    /// The whole image, with black borders.
    Fit,
    /// The largest middle part of the right proportions.
    CentreCrop,
}

impl ResizeMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Stretch, Self::Fit, Self::CentreCrop];

    /// What people call it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Stretch => "stretch",
            Self::Fit => "fit with black borders",
            Self::CentreCrop => "crop the middle",
        }
    }
}

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

/// Reads a file for [`decode_bytes`].
///
/// # Errors
/// The reason in words, to follow the file's name.
pub fn read(path: &Path) -> Result<Vec<u8>, String> {
    let words = |error: std::io::Error| format!("cannot be read: {error}");
    let length = fs::metadata(path).map_err(words)?.len();
    if length > MAX_FILE_BYTES {
        return Err(format!("is larger than {} MiB", MAX_FILE_BYTES >> 20));
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
    use image::{DynamicImage, ImageDecoder, ImageReader, Limits};
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
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

/// Brings `image` to `(height, width)`; one that has the size already is left as it is.
pub fn resized(image: &RgbImage, (height, width): (usize, usize), mode: ResizeMode) -> RgbImage {
    let _ = mode;
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

/// Opens an image file and brings it to `format`.
///
/// # Errors
/// The reason in words, to follow the file's name.
pub fn decode_to(path: &Path, format: &PixelFormat) -> Result<Picture, String> {
    let size = (format.height, format.width);
    Ok(resized(&decode(path)?, size, format.resize).into())
}
