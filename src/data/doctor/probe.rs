//! What an image file says about itself before it is decoded: format and channels.

use std::{ffi::OsStr, io::Cursor, path::Path};

use image::{ExtendedColorType, ImageDecoder as _, ImageFormat, ImageReader};

/// What the head of an image file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The format that the content has, such as `JPEG`.
    pub format: String,
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
        format: format_words(format),
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

/// Whether the ending of `path` promises `format` or nothing at all.
pub fn fits(path: &Path, format: &str) -> bool {
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    let promised = if ending.eq_ignore_ascii_case("jpe") {
        Some(ImageFormat::Jpeg)
    } else {
        ImageFormat::from_extension(ending)
    };
    promised.is_none_or(|promised| format_words(promised) == format)
}

/// What people call a format.
fn format_words(format: ImageFormat) -> String {
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
        for (name, format, fits_it) in [
            ("a.JPEG", "JPEG", true),
            ("a.jpe", "JPEG", true),
            ("a.b.png", "PNG", true),
            ("a.png", "JPEG", false),
            ("a.jpg", "WEBP", false),
            ("train/00042", "PNG", true),
            ("png", "JPEG", true),
        ] {
            assert_eq!(fits(Path::new(name), format), fits_it, "{name}");
        }
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
