//! The first frame of GIF files, as Pillow shows it: transparent pixels have the colour that the palette gives
//! them, what the frame leaves free has the transparent colour or the first one, and a file without a palette
//! is grey. (The decoder of the `image` crate makes free pixels black and refuses files without a palette.)

use image::{Rgb, RgbImage};
use weezl::{BitOrder, LzwStatus, decode::Decoder};

use super::{
    header::{Header, RGB_BYTES},
    sniff::Format,
};

const CUT_OFF: &str = "is cut off: its data stop before the end of the first frame";
const DAMAGED: &str = "is damaged: its pixels cannot be unpacked";
/// Marks of blocks.
const EXTENSION: u8 = b'!';
const IMAGE: u8 = b',';
const TRAILER: u8 = b';';
const GRAPHIC_CONTROL: u8 = 0xf9;
/// Bits of the flags.
const HAS_PALETTE: u8 = 0x80;
const INTERLACED: u8 = 0x40;
const HAS_TRANSPARENCY: u8 = 0x01;
/// Most bits of a GIF's code for one pixel.
const MAX_CODE_BITS: u8 = 11;
/// First row and distance of the rows of an interlaced frame's four passes.
const PASSES: [(usize, usize); 4] = [(0, 8), (4, 8), (2, 4), (1, 2)];

/// Reads little-endian fields one after the other.
#[derive(Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    fn number(&mut self) -> Option<u32> {
        let bytes = self.take(2)?;
        Some(u32::from(bytes[0]) | u32::from(bytes[1]) << 8)
    }

    /// A palette of `2^(bits + 1)` colours.
    fn palette(&mut self, flags: u8) -> Option<&'a [u8]> {
        self.take(3 << ((flags & 7) + 1))
    }

    /// A sub-block; empty at the end of a block.
    fn sub_block(&mut self) -> Option<&'a [u8]> {
        let length = self.byte()?.into();
        self.take(length)
    }

    fn skip_block(&mut self) -> Option<()> {
        while !self.sub_block()?.is_empty() {}
        Some(())
    }
}

/// The first frame, still packed.
struct Frame<'a> {
    /// Size of the canvas, large enough for the frame.
    canvas: (u32, u32),
    left: u32,
    top: u32,
    width: u32,
    height: u32,
    palette: Option<&'a [u8]>,
    transparent: Option<u8>,
    is_interlaced: bool,
    /// Its smallest code size and sub-blocks, and whatever follows.
    data: Reader<'a>,
}

impl<'a> Frame<'a> {
    /// The first frame; `None` when the bytes end before its pixels.
    fn first(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        reader.take(6)?;
        let (screen_width, screen_height) = (reader.number()?, reader.number()?);
        let flags = reader.byte()?;
        reader.take(2)?;
        let global = if flags & HAS_PALETTE != 0 {
            Some(reader.palette(flags)?)
        } else {
            None
        };
        let mut transparent = None;
        loop {
            match reader.byte()? {
                EXTENSION => {
                    let kind = reader.byte()?;
                    let block = reader.sub_block()?;
                    if let (GRAPHIC_CONTROL, [flags, _, _, index, ..]) = (kind, block) {
                        transparent = (flags & HAS_TRANSPARENCY != 0)
                            .then_some(*index)
                            .or(transparent);
                    }
                    if !block.is_empty() {
                        reader.skip_block()?;
                    }
                }
                IMAGE => break,
                TRAILER => return None,
                // Pillow passes over what is no block.
                _ => {}
            }
        }
        let (left, top) = (reader.number()?, reader.number()?);
        let (width, height) = (reader.number()?, reader.number()?);
        let flags = reader.byte()?;
        let local = if flags & HAS_PALETTE != 0 {
            Some(reader.palette(flags)?)
        } else {
            None
        };
        Some(Self {
            canvas: (
                screen_width.max(left + width),
                screen_height.max(top + height),
            ),
            left,
            top,
            width,
            height,
            palette: local.or(global),
            transparent,
            is_interlaced: flags & INTERLACED != 0,
            data: reader,
        })
    }

    /// Whether another frame follows.
    fn has_next(&self) -> bool {
        let mut reader = self.data;
        let mut next = || {
            reader.byte()?;
            reader.skip_block()?;
            loop {
                match reader.byte()? {
                    EXTENSION => {
                        reader.byte()?;
                        reader.skip_block()?;
                    }
                    IMAGE => return Some(()),
                    TRAILER => return None,
                    _ => {}
                }
            }
        };
        next().is_some()
    }

    /// The colour of every index: grey unless the palette says more, as in Pillow.
    fn colours(&self) -> [[u8; 3]; 256] {
        let mut colours = [[0; 3]; 256];
        for (grey, colour) in (0..=u8::MAX).zip(&mut colours) {
            *colour = [grey; 3];
        }
        let given = self.palette.unwrap_or_default().chunks_exact(3);
        for (colour, given) in colours.iter_mut().zip(given) {
            colour.copy_from_slice(given);
        }
        colours
    }

    /// Unpacks the indices, row by row as stored. Fewer than all when the code ends early.
    fn indices(&self) -> Result<Vec<u8>, String> {
        let mut reader = self.data;
        let code_bits = reader.byte().ok_or(CUT_OFF)?;
        if !(1..=MAX_CODE_BITS).contains(&code_bits) {
            return Err(DAMAGED.to_owned());
        }
        let mut decoder = Decoder::new(BitOrder::Lsb, code_bits);
        let mut indices = vec![0; self.width as usize * self.height as usize];
        let mut done = 0;
        'frame: while done < indices.len() {
            let mut block = reader.sub_block().ok_or(CUT_OFF)?;
            if block.is_empty() {
                break;
            }
            // The decoder takes bytes before it gives their pixels, so it is asked until it has no more.
            while done < indices.len() {
                let step = decoder.decode_bytes(block, &mut indices[done..]);
                done += step.consumed_out;
                block = &block[step.consumed_in..];
                match step.status {
                    Ok(LzwStatus::Done) => break 'frame,
                    Ok(LzwStatus::Ok) => {}
                    Ok(LzwStatus::NoProgress) => break,
                    Err(_) => return Err(DAMAGED.to_owned()),
                }
            }
        }
        indices.truncate(done);
        Ok(indices)
    }
}

/// Reads the first frame's description.
///
/// # Errors
/// That it is cut off.
pub(super) fn header(bytes: &[u8]) -> Result<Header, String> {
    let frame = Frame::first(bytes).ok_or(CUT_OFF)?;
    Ok(Header {
        format: Format::Gif,
        width: frame.canvas.0,
        height: frame.canvas.1,
        channels: if frame.palette.is_some() { 3 } else { 1 },
        bits: 8,
        orientation: image::metadata::Orientation::NoTransforms,
        animated: frame.has_next(),
        decoder_bytes: 1 + RGB_BYTES,
    })
}

/// Decodes the first frame.
///
/// # Errors
/// The reason in words.
pub(super) fn pixels(bytes: &[u8], header: &Header) -> Result<RgbImage, String> {
    let frame = Frame::first(bytes).ok_or(CUT_OFF)?;
    let indices = frame.indices()?;
    let colours = frame.colours();
    let free = colours[usize::from(frame.transparent.unwrap_or(0))];
    let mut image = RgbImage::from_pixel(header.width, header.height, Rgb(free));
    let width = frame.width.max(1) as usize;
    let order: Vec<usize> = if frame.is_interlaced {
        let height = frame.height as usize;
        let passes = PASSES.into_iter();
        passes
            .flat_map(|(first, step)| (first..height).step_by(step))
            .collect()
    } else {
        (0..frame.height as usize).collect()
    };
    for (row, y) in indices.chunks(width).zip(order) {
        for (x, index) in (frame.left..).zip(row) {
            let colour = colours[usize::from(*index)];
            image.put_pixel(x, frame.top + y as u32, Rgb(colour));
        }
    }
    Ok(image)
}
