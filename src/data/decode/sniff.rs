//! What a file is by its content: a format that is read, or in words what it looks like instead. Names lie:
//! shops serve WebP under `.jpg`, and a failed download leaves a web page where a photo should be.

use std::path::Path;

/// Formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Jpeg,
    Png,
    Gif,
    WebP,
    Bmp,
    Tiff,
}

/// Every format: what people call it, and endings of names in small letters.
const FORMATS: [(Format, &str, &[&str]); 6] = [
    (Format::Jpeg, "JPEG", &["jpg", "jpeg", "jpe", "jfif"]),
    (Format::Png, "PNG", &["png", "apng"]),
    (Format::Gif, "GIF", &["gif"]),
    (Format::WebP, "WebP", &["webp"]),
    (Format::Bmp, "BMP", &["bmp", "dib"]),
    (Format::Tiff, "TIFF", &["tif", "tiff"]),
];

/// How files begin.
const STARTS: [(&[u8], Format); 8] = [
    (b"\xff\xd8\xff", Format::Jpeg),
    (b"\x89PNG\r\n\x1a\n", Format::Png),
    (b"GIF87a", Format::Gif),
    (b"GIF89a", Format::Gif),
    (b"RIFF", Format::WebP),
    (b"BM", Format::Bmp),
    (b"II*\0", Format::Tiff),
    (b"MM\0*", Format::Tiff),
];

impl Format {
    /// What people call it.
    pub(super) fn name(self) -> &'static str {
        FORMATS[self as usize].1
    }

    /// The format of an image file's bytes, or what they look like instead, to follow the file's name.
    pub(super) fn of(bytes: &[u8]) -> Result<Self, String> {
        let found = STARTS.iter().find(|(start, format)| {
            // Sound and video are RIFF files too.
            let is_it = *format != Self::WebP || bytes.get(8..12) == Some(b"WEBP");
            is_it && bytes.starts_with(start)
        });
        found.map_or_else(|| Err(other_than_image(bytes)), |(_, format)| Ok(*format))
    }
}

/// Whether a file with this name is expected to hold `format` (a [`Facts::format`](super::Facts::format)).
/// `true` for a name without an ending that means a format that is read: such a name promises nothing.
pub fn extension_fits(path: &Path, format: &str) -> bool {
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let mut formats = FORMATS.iter();
    let promised = formats.find(|(_, _, endings)| endings.contains(&ending.as_str()));
    promised.is_none_or(|(_, name, ..)| *name == format)
}

/// First bytes of formats that are not read, what they are, and what else to save them as.
const NOT_READ: [(&[u8], &str, &str); 9] = [
    (b"\0\0\x01\0", "an icon (ICO)", "save it as PNG"),
    (b"\0\0\x02\0", "a mouse pointer (CUR)", "save it as PNG"),
    (b"\xff\x0a", "a JPEG XL image", "save it as PNG or JPEG"),
    (
        b"\0\0\0\x0cJXL ",
        "a JPEG XL image",
        "save it as PNG or JPEG",
    ),
    (
        b"\0\0\0\x0cjP  ",
        "a JPEG 2000 image",
        "save it as PNG or JPEG",
    ),
    (b"II+\0", "a BigTIFF image", "save it as PNG"),
    (b"MM\0+", "a BigTIFF image", "save it as PNG"),
    (b"8BPS", "a Photoshop document", "export it as PNG"),
    (b"qoif", "a QOI image", "save it as PNG"),
];

/// First bytes of what is no image, and what follows "it" in the reason.
const NO_IMAGES: [(&[u8], &str); 9] = [
    (b"%PDF", "is a PDF document"),
    (b"PK\x03\x04", "is a ZIP archive"),
    (b"\x1f\x8b", "is packed with gzip"),
    (b"Rar!", "is a RAR archive"),
    (b"\x93NUMPY", "is a NumPy array"),
    (b"\x89HDF", "is an HDF5 file"),
    (
        b"\0\0\0\x01Bud1",
        "holds the view settings of a folder in macOS (.DS_Store)",
    ),
    (b"RIFF", "is a RIFF file, such as sound or video"),
    (b"OggS", "is sound or video (Ogg)"),
];

/// Brands of ISO base media files (`ftyp`) that are images.
const IMAGE_BRANDS: [&[u8]; 7] = [
    b"avif", b"avis", b"heic", b"heix", b"heif", b"mif1", b"msf1",
];

/// Why a file without bytes is not decoded.
pub const EMPTY: &str = "is empty";

/// How many bytes are looked at for text.
const LOOK: usize = 512;

fn other_than_image(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return EMPTY.to_owned();
    }
    let not_read = NOT_READ.iter().find(|(start, ..)| bytes.starts_with(start));
    if let Some((_, what, advice)) = not_read {
        return format!("is {what}, a format that is not read: {advice}");
    }
    if let Some((_, what)) = NO_IMAGES.iter().find(|(start, _)| bytes.starts_with(start)) {
        return format!("is not an image: it {what}");
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        let is_image = bytes
            .get(8..12)
            .is_some_and(|brand| IMAGE_BRANDS.contains(&brand));
        return if is_image {
            "is a HEIC or AVIF image, formats that are not read: save it as JPEG or PNG"
        } else {
            "is not an image: it is a video"
        }
        .to_owned();
    }
    if bytes.get(1..4) == Some(b"PNG") || bytes.get(12..16) == Some(b"IHDR") {
        return "is a damaged PNG image: its first 8 bytes were changed, as happens when a file is copied as text"
            .to_owned();
    }
    if bytes.get(128..132) == Some(b"DICM") {
        return "is a DICOM image, a format that is not read: export it as PNG".to_owned();
    }
    if bytes.iter().all(|byte| *byte == 0) {
        return "is not an image: it holds nothing but zeros".to_owned();
    }
    let head = &bytes[..bytes.len().min(LOOK)];
    text_words(head)
        .unwrap_or("is not an image: it begins like no image format that is known here")
        .to_owned()
}

/// What a text is; `None` when the bytes are not text.
fn text_words(head: &[u8]) -> Option<&'static str> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let is_text = |text: &str| {
        text.chars()
            .all(|c| !c.is_control() || c.is_ascii_whitespace())
    };
    let text = match str::from_utf8(head) {
        Ok(text) => text,
        // The last character may be cut by the end of the look.
        Err(error) if error.error_len().is_none() => {
            str::from_utf8(&head[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let start = text.trim_start().to_ascii_lowercase();
    let begins = |starts: &[&str]| starts.iter().any(|word| start.starts_with(word));
    if !is_text(text) || text.is_empty() {
        None
    } else if begins(&["<!doctype html", "<html", "<head", "<body", "<script"]) {
        Some("is not an image: it begins like an HTML page")
    } else if start.contains("<svg") {
        Some("is an SVG drawing, a format that is not read: save it as PNG")
    } else if begins(&["<?xml"]) {
        Some("is not an image: it begins like an XML document")
    } else if begins(&["{", "["]) {
        Some("is not an image: it begins like JSON")
    } else if begins(&["p1\n", "p2\n", "p3\n", "p4\n", "p5\n", "p6\n", "p5 ", "p6 "]) {
        Some("is a PNM image, a format that is not read: save it as PNG")
    } else if begins(&["version https://git-lfs"]) {
        Some("is not an image: it is a pointer of Git LFS; fetch the files with \"git lfs pull\"")
    } else {
        Some("is not an image: it begins like text")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_decides() {
        let cases: [(&[u8], Result<Format, &str>); 16] = [
            (b"\xff\xd8\xff\xe0", Ok(Format::Jpeg)),
            (b"\x89PNG\r\n\x1a\n", Ok(Format::Png)),
            (b"GIF89a", Ok(Format::Gif)),
            (b"RIFF\0\0\0\0WEBPVP8 ", Ok(Format::WebP)),
            (b"BM", Ok(Format::Bmp)),
            (b"II*\0", Ok(Format::Tiff)),
            (b"", Err("is empty")),
            (b"\xef\xbb\xbf \n<!DOCTYPE html><html>", Err("HTML page")),
            (b"<?xml version='1.0'?><svg/>", Err("SVG drawing")),
            (b"not found", Err("begins like text")),
            (b"\xff\xff\xff", Err("begins like no image format")),
            (b"\0\0\0\0\0\0\0\0", Err("nothing but zeros")),
            (b"\0\0\0\x18ftypheic", Err("HEIC or AVIF")),
            (b"\0\0\0\x18ftypisom", Err("a video")),
            (b"\x89PNG\n\n\x1a\n", Err("damaged PNG")),
            (b"RIFF\0\0\0\0WAVE", Err("sound or video")),
        ];
        for (bytes, expected) in cases {
            match (Format::of(bytes), expected) {
                (Ok(format), Ok(wanted)) => assert_eq!(format, wanted),
                (Err(words), Err(part)) => assert!(words.contains(part), "{words}"),
                (found, _) => panic!("{bytes:?}: {found:?}"),
            }
        }
        // A character cut by the end of the look is still text.
        let long = "é".repeat(LOOK);
        assert_eq!(
            text_words(&long.as_bytes()[..LOOK - 1]),
            Some("is not an image: it begins like text")
        );
    }

    #[test]
    fn a_name_promises_a_format() {
        let cases = [
            ("a.jpg", "JPEG", true),
            ("a.JPEG", "JPEG", true),
            ("a.jpg", "WebP", false),
            ("a.gif", "JPEG", false),
            ("a.tif", "TIFF", true),
            // Nothing is promised.
            ("a", "PNG", true),
            ("a.jpg.crdownload", "JPEG", true),
        ];
        for (name, format, fits) in cases {
            assert_eq!(
                extension_fits(Path::new(name), format),
                fits,
                "{name} {format}"
            );
        }
    }
}
