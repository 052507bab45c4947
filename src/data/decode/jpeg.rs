//! JPEG files. The decoder fills what is missing of a cut file with grey; Pillow refuses such a file. So the
//! segments are walked first, up to the marker that ends the image.

use image::RgbImage;
use zune_jpeg::{
    JpegDecoder,
    errors::DecodeErrors,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

use super::{
    header::{Header, RGB_BYTES, orientation},
    sniff::Format,
};

/// Second bytes of markers, of ITU-T T.81, table B.1.
mod marker {
    pub(super) const TEM: u8 = 0x01;
    pub(super) const RST0: u8 = 0xd0;
    pub(super) const SOI: u8 = 0xd8;
    pub(super) const EOI: u8 = 0xd9;
    pub(super) const SOS: u8 = 0xda;
    pub(super) const APP0: u8 = 0xe0;
    pub(super) const APP1: u8 = 0xe1;
    pub(super) const APP14: u8 = 0xee;
    pub(super) const APP15: u8 = 0xef;
    /// Progressive, Huffman-coded.
    pub(super) const SOF2: u8 = 0xc2;
    /// Baseline, Huffman-coded; the marker between the two is extended, Huffman-coded.
    pub(super) const SOF0: u8 = 0xc0;
}

/// How Adobe's segment begins, which says how colours are coded, and how long it is.
const ADOBE: &[u8] = b"Adobe";
const ADOBE_BYTES: usize = 12;
const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const CUT_OFF: &str = "is cut off: its data stop before the end of the image";
/// Bytes that a decoder keeps per coefficient when it must keep all of them.
const COEFFICIENT_BYTES: u64 = 2;

/// What the segments say, as far as they were walked.
#[derive(Default)]
struct Found<'a> {
    /// Marker, bits, height, width, components.
    frame: Option<(u8, u8, u32, u32, u8)>,
    exif: Option<&'a [u8]>,
    xmp: Option<&'a [u8]>,
    /// Components of the first scan.
    scanned: Option<u8>,
}

/// Walks all segments.
pub(super) fn header(bytes: &[u8]) -> Result<Header, String> {
    let mut found = Found::default();
    let mut rest = &bytes[2..];
    loop {
        let (marker, after) = next_marker(rest).ok_or(CUT_OFF)?;
        rest = after;
        match marker {
            marker::EOI => break,
            marker::TEM | marker::RST0..=marker::SOI => {}
            _ => {
                let (segment, after) = segment(rest).ok_or(CUT_OFF)?;
                found.take(marker, segment)?;
                rest = after;
            }
        }
    }
    found.header()
}

/// The next marker and what follows it. Other bytes are passed over, as libjpeg does: they are the data of
/// a scan, or junk.
fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|byte| *byte == 0xff)?;
        match *bytes.get(at + 1)? {
            // Padding before a marker.
            0xff => from = at + 1,
            // A byte 0xff of a scan's data, or a restart inside them.
            0 | marker::RST0..marker::SOI => from = at + 2,
            marker => return Some((marker, &bytes[at + 2..])),
        }
    }
}

/// The content of the segment that `bytes` begin with (after its length) and what follows it.
fn segment(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = usize::from(u16::from_be_bytes([*bytes.first()?, *bytes.get(1)?]));
    let (segment, rest) = bytes.split_at_checked(length.max(2))?;
    Some((&segment[2..], rest))
}

impl<'a> Found<'a> {
    fn take(&mut self, marker: u8, segment: &'a [u8]) -> Result<(), String> {
        match (marker, segment) {
            (marker::SOF0..=marker::SOF2, [bits, h1, h0, w1, w0, components, ..]) => {
                let height = u16::from_be_bytes([*h1, *h0]).into();
                let width = u16::from_be_bytes([*w1, *w0]).into();
                self.frame
                    .get_or_insert((marker, *bits, height, width, *components));
            }
            (marker::SOS, [components, ..]) => {
                self.scanned.get_or_insert(*components);
            }
            (marker::APP1, segment) => {
                if let Some(exif) = segment.strip_prefix(EXIF) {
                    self.exif.get_or_insert(exif);
                } else if let Some(xmp) = segment.strip_prefix(XMP) {
                    self.xmp.get_or_insert(xmp);
                }
            }
            (marker, _) => {
                let what = match marker {
                    0xc3 => "lossless coding",
                    0xc5..=0xc7 | 0xcd..=0xcf => "hierarchical coding",
                    0xc8 => "an extension",
                    0xc9..=0xcb => "arithmetic coding",
                    _ => return Ok(()),
                };
                return Err(format!(
                    "is a JPEG image with {what}, a variant that is not read: save it anew"
                ));
            }
        }
        Ok(())
    }

    fn header(&self) -> Result<Header, String> {
        let (Some((marker, bits, height, width, channels)), Some(scanned)) =
            (self.frame, self.scanned)
        else {
            return Err("is damaged: it ends before any pixels".to_owned());
        };
        if bits != 8 {
            return Err(format!(
                "is a JPEG image with {bits} bits per sample, a variant that is not read: save it anew"
            ));
        }
        let keeps_all = marker == marker::SOF2 || scanned < channels;
        let kept = COEFFICIENT_BYTES * u64::from(channels) * u64::from(keeps_all);
        Ok(Header {
            format: Format::Jpeg,
            width,
            height,
            channels,
            bits,
            orientation: orientation(self.exif, self.xmp),
            animated: false,
            decoder_bytes: RGB_BYTES + kept,
        })
    }
}

/// Decodes the pixels. Grey becomes three equal channels; CMYK is taken as inverted, as Adobe's programs
/// write it and Pillow reads it: red = C·K / 255.
pub(super) fn pixels(bytes: &[u8], header: &Header) -> Result<RgbImage, String> {
    let rgb = decoded(bytes)
        // Broken metadata do not make an image unreadable.
        .or_else(|error| decoded(&without_metadata(bytes).ok_or(error)?))
        .map_err(|error| words(&error))?;
    RgbImage::from_raw(header.width, header.height, rgb)
        .ok_or_else(|| "is damaged: it has other pixels than its size says".to_owned())
}

fn decoded(bytes: &[u8]) -> Result<Vec<u8>, DecodeErrors> {
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    JpegDecoder::new_with_options(ZCursor::new(bytes), options).decode()
}

/// The file without the segments of applications before its first scan, but with Adobe's if it is whole.
fn without_metadata(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut kept = bytes.get(..2)?.to_vec();
    let mut rest = bytes.get(2..)?;
    loop {
        let (marker, after) = next_marker(rest)?;
        if marker == marker::SOS {
            kept.extend([0xff, marker]);
            kept.extend(after);
            return Some(kept);
        }
        let (content, next) = segment(after)?;
        let is_adobe =
            marker == marker::APP14 && content.starts_with(ADOBE) && content.len() >= ADOBE_BYTES;
        if is_adobe || !(marker::APP0..=marker::APP15).contains(&marker) {
            kept.extend([0xff, marker]);
            kept.extend(&after[..after.len() - next.len()]);
        }
        rest = next;
    }
}

fn words(error: &DecodeErrors) -> String {
    match error {
        DecodeErrors::Unsupported(_) => {
            "is a JPEG image of a variant that is not read: save it anew"
        }
        DecodeErrors::ExhaustedData => CUT_OFF,
        _ => "is damaged: its pixels cannot be decoded as JPEG",
    }
    .to_owned()
}
