//! PNG, WebP, BMP and TIFF files, whose decoders the `image` crate brings; and bringing what they give to
//! RGB as Pillow's `convert("RGB")` does.

use std::{error::Error, io, io::Cursor};

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageResult, Limits, RgbImage,
    codecs::{bmp::BmpDecoder, png::PngDecoder, tiff::TiffDecoder, webp::WebPDecoder},
};

use super::{
    bmp,
    header::{Header, MAX_MEMORY, RGB_BYTES, check_size, orientation},
    png,
    sniff::Format,
    webp,
};

/// Bytes per pixel that the WebP decoder holds: a lossless picture beside the result, or with transparency
/// or animation a frame and its canvas besides.
const WEBP_BYTES: (u64, u64) = (8, 12);

/// A decoder of `bytes` that has read the header, and whether it has more than one frame.
fn opened(bytes: &[u8], format: Format) -> ImageResult<(Box<dyn ImageDecoder + '_>, bool)> {
    let reader = Cursor::new(bytes);
    Ok(match format {
        Format::WebP => {
            let webp = WebPDecoder::new(reader)?;
            let is_animated = webp.has_animation();
            (Box::new(webp), is_animated)
        }
        Format::Bmp => (Box::new(BmpDecoder::new(reader)?), false),
        Format::Tiff => (Box::new(TiffDecoder::new(reader)?), false),
        _ => {
            let png = PngDecoder::with_limits(reader, limits())?;
            let is_animated = png.is_apng().unwrap_or(false);
            (Box::new(png), is_animated)
        }
    })
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_MEMORY);
    limits
}

/// Reads the header.
pub(super) fn header(bytes: &[u8], format: Format) -> Result<Header, String> {
    let size = match format {
        Format::Png => png::size(bytes),
        Format::Bmp => bmp::size(bytes),
        _ => None,
    };
    size.map_or(Ok(()), |(width, height)| check_size(width, height))?;
    let (mut decoder, animated) =
        opened(bytes, format).map_err(|error| words(&error, bytes, format))?;
    let (width, height) = decoder.dimensions();
    let color = decoder.color_type();
    let channels = color.channel_count();
    let stored = u64::from(color.bytes_per_pixel());
    let turned = match format {
        Format::Tiff => decoder.orientation().ok(),
        Format::Bmp => None,
        _ => {
            let exif = decoder.exif_metadata().ok().flatten();
            let xmp = decoder.xmp_metadata().ok().flatten();
            Some(orientation(exif.as_deref(), xmp.as_deref()))
        }
    };
    Ok(Header {
        format,
        width,
        height,
        channels,
        bits: match format {
            Format::Png => png::bits(bytes),
            _ => 8 * (color.bytes_per_pixel() / channels.max(1)),
        },
        orientation: turned.unwrap_or(image::metadata::Orientation::NoTransforms),
        animated,
        decoder_bytes: match format {
            Format::WebP if animated || channels == 4 => WEBP_BYTES.1,
            Format::WebP => WEBP_BYTES.0,
            // The TIFF decoder keeps a copy.
            Format::Tiff => 2 * stored.max(4) + RGB_BYTES,
            _ if stored == RGB_BYTES || channels == 4 && stored == 4 => stored,
            _ => stored + RGB_BYTES,
        },
    })
}

/// Decodes the first frame, as stored.
pub(super) fn pixels(bytes: &[u8], header: &Header) -> Result<RgbImage, String> {
    let format = header.format;
    if format == Format::WebP
        && let Some(frame) = webp::first_frame(bytes)
    {
        let still = still(&frame.still, format)?;
        return Ok(frame.placed(still, header.width, header.height));
    }
    still(bytes, format)
}

fn still(bytes: &[u8], format: Format) -> Result<RgbImage, String> {
    let image = opened(bytes, format).and_then(|(mut decoder, _)| {
        decoder.set_limits(limits())?;
        DynamicImage::from_decoder(decoder)
    });
    let image = image.map_err(|error| words(&error, bytes, format))?;
    // A transparent colour makes grey pixels ones with alpha; Pillow keeps them grey.
    let is_grey = format == Format::Png && png::is_grey(bytes);
    rgb(image, is_grey).ok_or_else(|| {
        format!(
            "is a {} image of fractional numbers, a variant that is not read: save it with 8 bits",
            format.name()
        )
    })
}

/// As Pillow: alpha is dropped; of 16-bit colours the high byte is kept; 16-bit grey above 255 is white
/// (mode `I;16`, which is not scaled). `None` for fractional numbers.
fn rgb(image: DynamicImage, is_grey: bool) -> Option<RgbImage> {
    let (width, height) = (image.width(), image.height());
    let grey = |value: u16| [value.min(255) as u8; 3];
    let high = |value: &u16| (value >> 8) as u8;
    let bytes = match image {
        DynamicImage::ImageRgb8(rgb) => return Some(rgb),
        DynamicImage::ImageRgba8(rgba) => without_alpha(rgba.into_raw()),
        DynamicImage::ImageLuma16(luma) => luma.iter().copied().flat_map(grey).collect(),
        DynamicImage::ImageLumaA16(luma) => {
            let values = luma.chunks_exact(2).map(|pixel| pixel[0]);
            if is_grey {
                values.flat_map(grey).collect()
            } else {
                values.flat_map(|value| [high(&value); 3]).collect()
            }
        }
        DynamicImage::ImageRgb16(rgb) => rgb.iter().map(high).collect(),
        DynamicImage::ImageRgba16(rgba) => {
            let pixels = rgba.chunks_exact(4);
            pixels
                .flat_map(|pixel| pixel[..3].iter().map(high))
                .collect()
        }
        DynamicImage::ImageLuma8(_) | DynamicImage::ImageLumaA8(_) => {
            return Some(image.into_rgb8());
        }
        _ => return None,
    };
    RgbImage::from_raw(width, height, bytes)
}

/// Drops every fourth byte in place.
fn without_alpha(mut bytes: Vec<u8>) -> Vec<u8> {
    let pixels = bytes.len() / 4;
    for pixel in 0..pixels {
        bytes.copy_within(4 * pixel..4 * pixel + 3, 3 * pixel);
    }
    bytes.truncate(3 * pixels);
    bytes.shrink_to_fit();
    bytes
}

/// Why a file was not decoded.
fn words(error: &ImageError, bytes: &[u8], format: Format) -> String {
    let name = format.name();
    if let ImageError::Limits(_) = error {
        return format!(
            "is too large: opening it would take more than {} MiB of memory",
            MAX_MEMORY >> 20
        );
    }
    let fault = match format {
        Format::Png => png::fault(bytes),
        Format::Bmp => bmp::fault(bytes),
        _ => None,
    };
    if let Some(fault) = fault {
        return fault;
    }
    if ends_early(error) {
        return format!("is cut off: its data stop before the end of the {name} image");
    }
    match error {
        ImageError::Unsupported(_) => {
            format!("is a {name} image of a variant that is not read: save it anew")
        }
        _ => format!("is damaged: its pixels cannot be decoded as {name}"),
    }
}

/// Whether reading met the end of the bytes.
fn ends_early(error: &ImageError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof) {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, Luma, LumaA, Rgb, Rgba};

    use super::*;

    #[test]
    fn every_kind_of_pixel_becomes_rgb_as_in_pillow() {
        fn one<P: image::Pixel>(pixel: P) -> ImageBuffer<P, Vec<P::Subpixel>> {
            ImageBuffer::from_pixel(1, 1, pixel)
        }
        let cases: [(DynamicImage, bool, Option<[u8; 3]>); 11] = [
            (one(Rgb([1_u8, 2, 3])).into(), false, Some([1, 2, 3])),
            (one(Rgba([1_u8, 2, 3, 0])).into(), false, Some([1, 2, 3])),
            (one(Luma([7_u8])).into(), true, Some([7; 3])),
            (one(LumaA([7_u8, 0])).into(), false, Some([7; 3])),
            (one(Luma([7_u16])).into(), true, Some([7; 3])),
            (one(Luma([0x1234_u16])).into(), true, Some([255; 3])),
            (one(LumaA([0x1234_u16, 0])).into(), true, Some([255; 3])),
            (one(LumaA([0x1234_u16, 0])).into(), false, Some([0x12; 3])),
            (
                one(Rgb([0x12ff, 0, 0x100_u16])).into(),
                false,
                Some([0x12, 0, 1]),
            ),
            (
                one(Rgba([0x12ff, 0, 0x100, 9_u16])).into(),
                false,
                Some([0x12, 0, 1]),
            ),
            (one(Rgb([0.5_f32; 3])).into(), false, None),
        ];
        for (image, is_grey, expected) in cases {
            let kind = image.color();
            let found = rgb(image, is_grey).map(|image| image.get_pixel(0, 0).0);
            assert_eq!(found, expected, "{kind:?}");
        }
    }
}
