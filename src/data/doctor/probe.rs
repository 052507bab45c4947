//! What an image file says about itself before it is decoded: format and channels.

use std::{ffi::OsStr, io::Cursor, path::Path};

use image::{ExtendedColorType, ImageDecoder as _, ImageFormat, ImageReader};

/// What the head of an image file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The format that the content has.
    pub format: ImageFormat,
    /// How the file stores colours: `grey`, `grey with alpha`, `RGB`, `RGBA`, perhaps `16-bit …`.
    pub channels: String,
}

/// Reads the head of an image file.
///
/// `None` when the format is unknown or the head is damaged: decoding will say why.
pub fn head(bytes: &[u8]) -> Option<Head> {
    let reader = ImageReader::new(Cursor::new(bytes));
    let reader = reader.with_guessed_format().ok()?;
    let format = reader.format()?;
    let decoder = reader.into_decoder().ok()?;
    Some(Head {
        format,
        channels: channel_words(decoder.original_color_type()),
    })
}

fn channel_words(colour: ExtendedColorType) -> String {
    let words = match colour.channel_count() {
        1 => "grey",
        2 => "grey with alpha",
        3 => "RGB",
        4 if colour == ExtendedColorType::Cmyk8 => "CMYK",
        4 => "RGBA",
        _ => "other",
    };
    let bits = colour.bits_per_pixel() / u16::from(colour.channel_count().max(1));
    if bits > 8 {
        format!("{bits}-bit {words}")
    } else {
        words.to_owned()
    }
}

/// The format that the ending of `path` promises; `None` when it promises none that is known.
pub fn promised(path: &Path) -> Option<ImageFormat> {
    let ending = path.extension().and_then(OsStr::to_str)?;
    if ending.eq_ignore_ascii_case("jpe") {
        return Some(ImageFormat::Jpeg);
    }
    ImageFormat::from_extension(ending)
}

/// What people call a format.
pub fn format_words(format: ImageFormat) -> String {
    let ending = format.extensions_str().first().copied().unwrap_or("image");
    match ending {
        "jpg" => "JPEG".to_owned(),
        other => other.to_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_promise_formats() {
        for (name, format) in [
            ("a.JPEG", Some(ImageFormat::Jpeg)),
            ("a.jpe", Some(ImageFormat::Jpeg)),
            ("a.b.png", Some(ImageFormat::Png)),
            ("a.tif", Some(ImageFormat::Tiff)),
            ("train/00042", None),
            ("png", None),
        ] {
            assert_eq!(promised(Path::new(name)), format, "{name}");
        }
        assert_eq!(format_words(ImageFormat::Jpeg), "JPEG");
        assert_eq!(format_words(ImageFormat::WebP), "WEBP");
    }

    #[test]
    fn heads_tell_format_and_channels() {
        let png = |image: image::DynamicImage| {
            let mut bytes = Cursor::new(Vec::new());
            image.write_to(&mut bytes, ImageFormat::Png).unwrap();
            head(&bytes.into_inner()).unwrap().channels
        };
        assert_eq!(png(image::DynamicImage::new_luma8(3, 2)), "grey");
        assert_eq!(png(image::DynamicImage::new_rgb8(3, 2)), "RGB");
        assert_eq!(png(image::DynamicImage::new_rgba8(3, 2)), "RGBA");
        assert_eq!(png(image::DynamicImage::new_luma16(3, 2)), "16-bit grey");
        assert_eq!(head(b"no image"), None);
    }
}
