//! Small made images in every format and mode: the pixels that Pillow reads, and the facts.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use convscope::data::decode::{self, Facts};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    files: BTreeMap<String, Made>,
}

#[derive(Deserialize)]
struct Made {
    format: String,
    mode: String,
    frames: usize,
    size: (u32, u32),
    file: String,
    rgb: String,
}

/// Largest mean difference for formats that round: other decoders may round otherwise.
const LOSSY_TOLERANCE: f64 = 1.0;

/// Variants that Pillow opens and we do not: name, what the reason says, why.
const REFUSED: [(&str, &str, &str); 3] = [
    (
        "tiff P",
        "a variant that is not read",
        "the TIFF decoder has no palettes; scans and photos are not saved so",
    ),
    (
        "tiff LA",
        "a variant that is not read",
        "the TIFF decoder has no grey with alpha",
    ),
    (
        "tiff F",
        "a variant that is not read",
        "fractional numbers have no white; Pillow cuts them at 255",
    ),
];

/// Facts that differ from what the mode of Pillow tells.
fn expected_channels(name: &str, mode: &str) -> u8 {
    match mode {
        // Pillow has no mode for 16-bit grey with alpha.
        "RGBA" if name.contains("LA, 16") => 2,
        // A transparent colour is told as an alpha channel.
        "L" | "I;16" if name.contains("transparent") => 2,
        "RGB" if name.contains("transparent") => 4,
        "P" if name.starts_with("png") && name.contains("transparency") => 4,
        // BMP and GIF keep grey as a palette of greys.
        "L" | "1" | "P" if name.starts_with("bmp") || name.starts_with("gif") => 3,
        "1" | "L" | "I;16" => 1,
        "LA" => 2,
        "CMYK" if name.starts_with("tiff") => 3,
        "RGBA" | "CMYK" => 4,
        _ => 3,
    }
}

#[test]
fn every_format_and_mode_gives_pillows_pixels() {
    let reference: Reference = super::reference("made_images.json");
    let mut faults = Vec::new();
    for (name, made) in &reference.files {
        let bytes = STANDARD.decode(&made.file).unwrap();
        let image = match (decode::decode_bytes(&bytes), refusal(name)) {
            (Ok(image), None) => image,
            (Err(reason), Some(part)) if reason.contains(part) => continue,
            (found, _) => {
                faults.push(format!("{name}: {:?}", found.map(|_| "opened")));
                continue;
            }
        };
        assert_eq!(image.dimensions(), made.size, "{name}");
        let expected = STANDARD.decode(&made.rgb).unwrap();
        let sum: u64 = image
            .as_raw()
            .iter()
            .zip(&expected)
            .map(|(ours, theirs)| u64::from(ours.abs_diff(*theirs)))
            .sum();
        let mean = sum as f64 / expected.len() as f64;
        let is_lossy = made.format == "JPEG" || name.contains("lossy") || name.ends_with("JPEG");
        // The TIFF decoder rounds colours of CMYK down.
        let is_lossy = is_lossy || name == "tiff CMYK";
        if mean > if is_lossy { LOSSY_TOLERANCE } else { 0.0 } {
            faults.push(format!("{name}: differs by {mean:.3} of 255"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn refusal(name: &str) -> Option<&'static str> {
    REFUSED
        .iter()
        .find(|(refused, ..)| *refused == name)
        .map(|(_, part, _)| *part)
}

#[test]
fn facts_are_read_without_decoding() {
    let reference: Reference = super::reference("made_images.json");
    for (name, made) in &reference.files {
        let bytes = STANDARD.decode(&made.file).unwrap();
        if refusal(name).is_some() {
            assert!(decode::facts(&bytes).is_err());
            continue;
        }
        let facts = decode::facts(&bytes).unwrap();
        let is_turned =
            name.contains("XMP") || name.contains("orientation") && !name.ends_with('1');
        let expected = Facts {
            format: facts.format,
            width: made.size.0,
            height: made.size.1,
            channels: expected_channels(name, &made.mode),
            bits: match name.as_str() {
                _ if name.contains("16") => 16,
                "png P" | "png P with transparency" | "png P, 4 bits" => 4,
                "png 1" => 1,
                _ => 8,
            },
            orientation_applied: is_turned,
            // Pages of a TIFF file are not frames.
            animated: made.frames > 1 && made.format != "TIFF",
        };
        assert_eq!(facts, expected, "{name}");
        assert!(facts.format.eq_ignore_ascii_case(&made.format), "{name}");
    }
}
