//! What is wrong with a PNG file that cannot be decoded, and what its first chunk says. A PNG file is a
//! signature and chunks: length, name, content, checksum.

const SIGNATURE: usize = 8;
/// Length and name before a chunk's content.
const BEFORE: usize = 8;
/// Places in the file of what its first chunk (IHDR) says.
const BITS_AT: usize = 24;
const COLOUR_TYPE_AT: usize = 25;
const IHDR_BYTES: usize = 13;
const NO_IHDR: &str = "is damaged: no image description follows its PNG signature";
/// Colour types with the bit depths that they allow (ISO/IEC 15948, table 11.1).
const COLOUR_TYPES: [(u8, &[u8]); 5] = [
    (0, &[1, 2, 4, 8, 16]),
    (2, &[8, 16]),
    (3, &[1, 2, 4, 8]),
    (4, &[8, 16]),
    (6, &[8, 16]),
];

/// Width and height; `None` when its first chunk is not the one that says them.
pub(super) fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let (name, content, ..) = chunk(bytes.get(SIGNATURE..)?)?;
    let size = (number(content.get(..4)?)?, number(content.get(4..8)?)?);
    (name == b"IHDR").then_some(size)
}

/// Bits per sample, or per index of a palette.
pub(super) fn bits(bytes: &[u8]) -> u8 {
    bytes.get(BITS_AT).copied().unwrap_or(8)
}

/// Whether its pixels are grey and without an alpha channel.
pub(super) fn is_grey(bytes: &[u8]) -> bool {
    bytes.get(COLOUR_TYPE_AT) == Some(&0)
}

/// What is wrong with the chunks of a file with PNG's signature, to follow the file's name; `None` when
/// nothing is.
pub(super) fn fault(bytes: &[u8]) -> Option<String> {
    let mut rest = bytes.get(SIGNATURE..)?;
    let mut has_pixels = false;
    let mut first = true;
    while !rest.is_empty() {
        let Some((name, content, checksum, after)) = chunk(rest) else {
            let cut_off = "is cut off: its data stop before the end of the PNG image";
            return Some(if first { NO_IHDR } else { cut_off }.to_owned());
        };
        if first {
            if name != b"IHDR" || content.len() != IHDR_BYTES {
                return Some(NO_IHDR.to_owned());
            }
            let (bits, colour) = (content[8], content[9]);
            let allowed = COLOUR_TYPES.iter().find(|(kind, _)| *kind == colour);
            if !allowed.is_some_and(|(_, depths)| depths.contains(&bits)) {
                return Some(format!(
                    "is damaged: it says colour type {colour} with {bits} bits, which PNG does not have"
                ));
            }
        }
        let mut crc = flate2::Crc::new();
        crc.update(name);
        crc.update(content);
        if crc.sum() != checksum {
            return Some(format!(
                "is damaged: the checksum of its part {} is wrong",
                String::from_utf8_lossy(name).escape_default()
            ));
        }
        has_pixels |= name == b"IDAT";
        if name == b"IEND" {
            break;
        }
        (rest, first) = (after, false);
    }
    (!has_pixels).then(|| "is damaged: it has no pixels".to_owned())
}

fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// Name, content, checksum and what follows.
type Chunk<'a> = (&'a [u8], &'a [u8], u32, &'a [u8]);

fn chunk(bytes: &[u8]) -> Option<Chunk<'_>> {
    let length = number(bytes.get(..4)?)? as usize;
    let name = bytes.get(4..BEFORE)?;
    let (content, after) = bytes[BEFORE..].split_at_checked(length)?;
    let (checksum, after) = after.split_at_checked(4)?;
    Some((name, content, number(checksum)?, after))
}
