//! What the header of a BMP file says, and what is wrong with one that cannot be decoded. The header is
//! Windows' BITMAPINFOHEADER or a longer one, little-endian.

/// Places in the file.
const PIXELS_AT: usize = 10;
const HEADER_BYTES_AT: usize = 14;
const WIDTH_AT: usize = 18;
const HEIGHT_AT: usize = 22;
const BITS_AT: usize = 28;
const COMPRESSION_AT: usize = 30;
/// Length of a BITMAPINFOHEADER; shorter ones are older and have other fields.
const INFO_HEADER_BYTES: u32 = 40;
/// Bits per pixel that there are.
const DEPTHS: [u16; 6] = [1, 4, 8, 16, 24, 32];
/// Compressions without packing: none, and with masks for the colours.
const PLAIN: [u32; 2] = [0, 3];

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// Width and height; `None` when the file is too short or its header an older one.
pub(super) fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    if number(bytes, HEADER_BYTES_AT)? < INFO_HEADER_BYTES {
        return None;
    }
    // A negative height means rows from top to bottom.
    let height = number(bytes, HEIGHT_AT)?.cast_signed().unsigned_abs();
    Some((number(bytes, WIDTH_AT)?, height))
}

/// What is wrong, to follow the file's name; `None` when nothing is seen in the header.
pub(super) fn fault(bytes: &[u8]) -> Option<String> {
    let cut_off = || Some("is cut off: its data stop before the end of the BMP image".to_owned());
    let Some(compression) = number(bytes, COMPRESSION_AT) else {
        return cut_off();
    };
    let (width, height) = size(bytes)?;
    let bits = number(bytes, BITS_AT)? as u16;
    if !DEPTHS.contains(&bits) {
        return Some(format!(
            "is damaged: it says {bits} bits per pixel, which BMP does not have"
        ));
    }
    let row = (u64::from(width) * u64::from(bits)).div_ceil(32) * 4;
    let pixels_at = u64::from(number(bytes, PIXELS_AT)?);
    let end = row.saturating_mul(height.into()).saturating_add(pixels_at);
    if PLAIN.contains(&compression) && end > bytes.len() as u64 {
        return cut_off();
    }
    None
}
