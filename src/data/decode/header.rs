//! What an image file says of itself before its pixels are decoded: size, channels, orientation, and from
//! these how much memory decoding will take. A header is a few bytes and can promise anything, so it is
//! measured against the limits first.

use image::metadata::Orientation;

use super::sniff::Format;

/// Most memory that opening one image may take, in bytes: its file, what the decoder holds and the pixels.
pub(super) const MAX_MEMORY: u64 = 768 << 20;
/// Most pixels of an image, at which Pillow refuses (`2 * Image.MAX_IMAGE_PIXELS`).
const MAX_PIXELS: u64 = 178_956_970;
/// Most pixels of a side: what JPEG and GIF can say.
const MAX_SIDE: u32 = 65_535;
/// Bytes per pixel of what is handed out.
pub(super) const RGB_BYTES: u64 = 3;

/// What an image file says of itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    pub(super) format: Format,
    /// Pixels per row, as stored.
    pub(super) width: u32,
    /// Pixels per column, as stored.
    pub(super) height: u32,
    /// 1 (grey), 2 (grey with alpha), 3 (RGB) or 4 (RGB with alpha, or CMYK).
    pub(super) channels: u8,
    /// Bits per sample, as stored.
    pub(super) bits: u8,
    /// How to make it upright.
    pub(super) orientation: Orientation,
    /// Whether it has more than one frame.
    pub(super) animated: bool,
    /// Bytes per pixel that the decoder holds when it holds most.
    pub(super) decoder_bytes: u64,
}

impl Header {
    /// Bytes needed to open it, `file_bytes` being the length of the file.
    pub(super) fn memory(&self, file_bytes: usize) -> u64 {
        let pixels = u64::from(self.width) * u64::from(self.height);
        // A quarter turn needs the pixels twice, but after the decoder is done.
        let turning = 2 * RGB_BYTES * u64::from(self.is_quarter_turn());
        let per_pixel = self.decoder_bytes.max(turning);
        pixels
            .saturating_mul(per_pixel)
            .saturating_add(2 * file_bytes as u64)
    }

    /// Whether height and width change places when it is made upright.
    pub(super) fn is_quarter_turn(&self) -> bool {
        matches!(
            self.orientation,
            Orientation::Rotate90
                | Orientation::Rotate270
                | Orientation::Rotate90FlipH
                | Orientation::Rotate270FlipH
        )
    }

    /// An error when it has no pixels, or more than are opened.
    pub(super) fn check(&self, file_bytes: usize) -> Result<(), String> {
        let Self { width, height, .. } = *self;
        check_size(width, height)?;
        let memory = self.memory(file_bytes);
        if memory > MAX_MEMORY {
            return Err(format!(
                "is too large: opening its {width} × {height} pixels would take {} MiB of memory; at most {} MiB are used for an image",
                memory >> 20,
                MAX_MEMORY >> 20
            ));
        }
        Ok(())
    }
}

/// An error when an image of this size has no pixels, or more than are opened.
pub(super) fn check_size(width: u32, height: u32) -> Result<(), String> {
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 {
        return Err("is damaged: it says that it has no pixels".to_owned());
    }
    if pixels > MAX_PIXELS || width.max(height) > MAX_SIDE {
        return Err(format!(
            "is too large: {width} × {height} pixels; at most {} million pixels and {MAX_SIDE} on a side are opened",
            MAX_PIXELS / 1_000_000
        ));
    }
    Ok(())
}

/// Attribute of XMP metadata that says the same as EXIF's tag 0x0112.
const XMP_ORIENTATION: &[u8] = b"tiff:Orientation";

/// How to make an image upright: what EXIF says, else what XMP says, as Pillow's `Image.getexif`. Metadata
/// that cannot be understood says nothing.
pub(super) fn orientation(exif: Option<&[u8]>, xmp: Option<&[u8]>) -> Orientation {
    exif.and_then(Orientation::from_exif_chunk)
        .or_else(|| xmp.and_then(xmp_orientation))
        .unwrap_or(Orientation::NoTransforms)
}

/// Of `tiff:Orientation="6"` or `<tiff:Orientation>6<`.
fn xmp_orientation(xmp: &[u8]) -> Option<Orientation> {
    let at = xmp
        .windows(XMP_ORIENTATION.len())
        .position(|window| window == XMP_ORIENTATION)?;
    let rest = &xmp[at + XMP_ORIENTATION.len()..];
    let rest = rest
        .strip_prefix(b"=\"")
        .or_else(|| rest.strip_prefix(b">"))?;
    Orientation::from_exif(rest.first()?.checked_sub(b'0')?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_before_decoding() {
        let header = |width, height, decoder_bytes, orientation| Header {
            format: Format::Png,
            width,
            height,
            channels: 3,
            bits: 8,
            orientation,
            animated: false,
            decoder_bytes,
        };
        let upright = Orientation::NoTransforms;
        let cases = [
            (header(12_000, 9_000, 3, upright), 30 << 20, Ok(())),
            // 108 million pixels, twice.
            (
                header(12_000, 9_000, 3, Orientation::Rotate90),
                30 << 20,
                Ok(()),
            ),
            (
                header(12_000, 9_000, 9, upright),
                30 << 20,
                Err("would take 986 MiB"),
            ),
            (header(65_535, 1, 3, upright), 100, Ok(())),
            (
                header(65_536, 1, 3, upright),
                100,
                Err("65536 × 1 pixels; at most 178 million"),
            ),
            (
                header(30_000, 30_000, 3, upright),
                100,
                Err("30000 × 30000 pixels"),
            ),
            (
                header(u32::MAX, u32::MAX, 16, upright),
                100,
                Err("is too large"),
            ),
            (header(0, 5, 3, upright), 100, Err("no pixels")),
            (header(5, 5, 3, upright), 500 << 20, Err("1000 MiB")),
        ];
        for (header, file_bytes, expected) in cases {
            match (header.check(file_bytes), expected) {
                (Ok(()), Ok(())) => {}
                (Err(words), Err(part)) => assert!(words.contains(part), "{words}"),
                (found, _) => panic!("{header:?}: {found:?}"),
            }
        }
    }

    #[test]
    fn exif_goes_before_xmp() {
        let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let six = Orientation::Rotate90;
        let three = Orientation::Rotate180;
        let none = Orientation::NoTransforms;
        type Case = (Option<&'static [u8]>, Option<&'static [u8]>, Orientation);
        let cases: [Case; 6] = [
            (Some(exif), None, six),
            (Some(exif), Some(b"tiff:Orientation=\"3\""), six),
            (
                Some(b"nonsense"),
                Some(b"<x tiff:Orientation=\"3\"/>"),
                three,
            ),
            (None, Some(b"<tiff:Orientation>3</tiff:Orientation>"), three),
            (None, Some(b"tiff:Orientation=\"9\""), none),
            (None, Some(b"tiff:Orientation"), none),
        ];
        for (exif, xmp, expected) in cases {
            assert_eq!(orientation(exif, xmp), expected, "{xmp:?}");
        }
    }
}
