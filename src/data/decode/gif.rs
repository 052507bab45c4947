//! The first frame of GIF files, as Pillow shows it: transparent pixels have the colour that the palette gives
//! them, what the frame leaves free has the transparent colour or the first one, and a file without a palette
//! is grey. (The decoder of the `image` crate makes free pixels black and refuses files without a palette.)

use std::io::{Chain, Cursor, ErrorKind, Read as _};

use gif::{ColorOutput, DecodeOptions, Decoder, DecodingError, Frame};
use image::{Rgb, RgbImage};

use super::{
    header::{Header, RGB_BYTES},
    sniff::Format,
};

const CUT_OFF: &str = "is cut off: its data stop before the end of the first frame";
const DAMAGED: &str = "is damaged: its pixels cannot be unpacked";
/// Bytes before the palette, which of them has the flags, and the flag that says that there is a palette.
const SCREEN: usize = 13;
const FLAGS: usize = 10;
const HAS_PALETTE: u8 = 0x80;
/// Of a palette of 256 colours.
const PALETTE_SIZE: u8 = 7;
/// First row and distance of the rows of an interlaced frame's four passes.
const PASSES: [(usize, usize); 4] = [(0, 8), (4, 8), (2, 4), (1, 2)];

/// The greys, as the palette of files that have none.
fn greys() -> impl Iterator<Item = u8> {
    (0..=u8::MAX).flat_map(|grey| [grey; 3])
}

fn words(error: &DecodingError) -> String {
    let is_cut_off = match error {
        DecodingError::UnexpectedEof => true,
        DecodingError::Io(error) => error.kind() == ErrorKind::UnexpectedEof,
        _ => false,
    };
    if is_cut_off { CUT_OFF } else { DAMAGED }.to_owned()
}

/// A file before the pixels of its first frame.
struct First<'a> {
    decoder: Decoder<Chain<Cursor<Vec<u8>>, &'a [u8]>>,
    frame: Frame<'static>,
    has_palette: bool,
}

impl<'a> First<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, String> {
        let (screen, rest) = bytes.split_at_checked(SCREEN).ok_or(CUT_OFF)?;
        let mut screen = screen.to_vec();
        let is_global = screen[FLAGS] & HAS_PALETTE != 0;
        if !is_global {
            screen[FLAGS] |= HAS_PALETTE | PALETTE_SIZE;
            screen.extend(greys());
        }
        let mut options = DecodeOptions::new();
        options.set_color_output(ColorOutput::Indexed);
        // Pillow passes over what is no block.
        options.allow_unknown_blocks(true);
        let mut decoder = options
            .read_info(Cursor::new(screen).chain(rest))
            .map_err(|error| words(&error))?;
        let frame = decoder
            .next_frame_info()
            .map_err(|error| words(&error))?
            .ok_or(CUT_OFF)?;
        Ok(Self {
            frame: frame.clone(),
            has_palette: is_global || frame.palette.is_some(),
            decoder,
        })
    }

    /// The canvas, large enough for the frame.
    fn canvas(&self) -> (u32, u32) {
        let frame = &self.frame;
        let end = |from: u16, length: u16| u32::from(from) + u32::from(length);
        (
            u32::from(self.decoder.width()).max(end(frame.left, frame.width)),
            u32::from(self.decoder.height()).max(end(frame.top, frame.height)),
        )
    }
}

/// Reads the first frame's description.
pub(super) fn header(bytes: &[u8]) -> Result<Header, String> {
    let mut first = First::of(bytes)?;
    let (width, height) = first.canvas();
    Ok(Header {
        format: Format::Gif,
        width,
        height,
        channels: if first.has_palette { 3 } else { 1 },
        bits: 8,
        orientation: image::metadata::Orientation::NoTransforms,
        animated: first
            .decoder
            .next_frame_info()
            .is_ok_and(|next| next.is_some()),
        decoder_bytes: 1 + RGB_BYTES,
    })
}

/// Decodes the first frame.
pub(super) fn pixels(bytes: &[u8], header: &Header) -> Result<RgbImage, String> {
    let First {
        mut decoder, frame, ..
    } = First::of(bytes)?;
    // Grey where the palette says no more, as in Pillow.
    let mut colours: Vec<u8> = greys().collect();
    let palette = decoder.palette().unwrap_or_default();
    colours[..palette.len()].copy_from_slice(palette);
    let colour = |index: u8| {
        let at = 3 * usize::from(index);
        Rgb([colours[at], colours[at + 1], colours[at + 2]])
    };
    let free = frame.transparent.unwrap_or(0);
    let mut image = RgbImage::from_pixel(header.width, header.height, colour(free));
    let height = usize::from(frame.height);
    let passes = if frame.interlaced {
        &PASSES[..]
    } else {
        &[(0, 1)]
    };
    let rows = passes
        .iter()
        .flat_map(|(first, step)| (*first..height).step_by(*step));
    for y in rows.filter(|_| frame.width > 0) {
        // The code may end early: what it does not reach stays free.
        let mut row = vec![free; frame.width.into()];
        let is_whole = decoder
            .fill_buffer(&mut row)
            .map_err(|error| words(&error))?;
        for (x, index) in (u32::from(frame.left)..).zip(row) {
            image.put_pixel(x, u32::from(frame.top) + y as u32, colour(index));
        }
        if !is_whole {
            break;
        }
    }
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 300 × 2 pixels that the screen has and a frame of 65,535 × 65,535 at its right: refused before anything is
    /// unpacked.
    #[test]
    fn a_bomb_is_measured_before_it_is_unpacked() {
        let mut file = b"GIF89a\x2c\x01\x02\0\0\0\0".to_vec();
        file.extend(b"\x2c\x01\0\0\0\xff\xff\xff\xff\0\x02\x01\0\0\x3b");
        let header = header(&file).unwrap();
        assert_eq!((header.width, header.height), (65_536, 65_535));
        assert_eq!(header.channels, 1, "it has no palette");
        let refused = header.check(file.len()).unwrap_err();
        assert!(refused.starts_with("is too large: 65536"), "{refused}");
    }
}
