//! The first frame of an animated WebP file as a file of its own. Decoded as part of the animation, what is
//! fully transparent would become black; Pillow keeps its colours, and drops alpha.

use image::RgbImage;

/// The first frame of an animation.
pub(super) struct FirstFrame {
    /// A WebP file.
    pub(super) still: Vec<u8>,
    left: u32,
    top: u32,
}

/// Before the first chunk: "RIFF", length, "WEBP".
const FILE_HEADER: usize = 12;
/// Name and length of a chunk.
const CHUNK_HEADER: usize = 8;
/// Place, size, duration and flags of a frame before its chunks.
const FRAME_HEADER: usize = 16;
/// Of VP8X: the frame may have alpha.
const HAS_ALPHA: u8 = 0x10;

/// Finds the first frame; `None` when the file is not animated or ends before it.
pub(super) fn first_frame(bytes: &[u8]) -> Option<FirstFrame> {
    let mut rest = bytes.get(FILE_HEADER..)?;
    loop {
        let (name, content, after) = chunk(rest)?;
        if name == b"ANMF" {
            return frame(content);
        }
        rest = after;
    }
}

/// Name, content, and what follows.
fn chunk(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let name = bytes.get(..4)?;
    let length = u32::from_le_bytes(bytes.get(4..CHUNK_HEADER)?.try_into().ok()?) as usize;
    let (content, after) = bytes[CHUNK_HEADER..].split_at_checked(length)?;
    // Chunks begin at even places.
    Some((name, content, after.get(length % 2..).unwrap_or_default()))
}

fn frame(content: &[u8]) -> Option<FirstFrame> {
    let (about, chunks) = content.split_at_checked(FRAME_HEADER)?;
    let number = |at: usize| u32::from_le_bytes([about[at], about[at + 1], about[at + 2], 0]);
    let mut body = Vec::with_capacity(chunks.len() + 32);
    body.extend(b"WEBP");
    if chunks.starts_with(b"ALPH") {
        body.extend(b"VP8X\x0a\0\0\0");
        body.extend([HAS_ALPHA, 0, 0, 0]);
        // Width and height less one, three bytes each, as in the frame.
        body.extend(&about[6..12]);
    }
    body.extend(chunks);
    let length = u32::try_from(body.len()).ok()?;
    let mut still = b"RIFF".to_vec();
    still.extend(length.to_le_bytes());
    still.extend(body);
    Some(FirstFrame {
        still,
        // Stored halved.
        left: 2 * number(0),
        top: 2 * number(3),
    })
}

impl FirstFrame {
    /// On the canvas, whose free parts are black.
    pub(super) fn placed(&self, frame: RgbImage, width: u32, height: u32) -> RgbImage {
        if frame.dimensions() == (width, height) {
            return frame;
        }
        let mut canvas = RgbImage::new(width, height);
        image::imageops::replace(&mut canvas, &frame, self.left.into(), self.top.into());
        canvas
    }
}
