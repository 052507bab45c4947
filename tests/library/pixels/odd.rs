//! Every file of `odd-images.tar` against Pillow: opened alike, or a reason in words; and in a process of its
//! own with limits of memory and time.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use convscope::data::decode;
use image::RgbImage;
use serde::{Deserialize, Serialize};

/// Most that a file may take.
const TIME_LIMIT: Duration = Duration::from_secs(120);
/// The same for the largest images in an unoptimized build.
const LARGE_TIME_LIMIT: Duration = Duration::from_secs(600);
const MEMORY_LIMIT_KIB: u64 = 1 << 20;
/// Largest difference of mean and standard deviation of a channel, of 255.
const TOLERANCE: f64 = 0.5;
/// Of images with more rows every hundredth is looked at.
const MANY_ROWS: u32 = 5000;

#[derive(Deserialize)]
struct Reference {
    files: BTreeMap<String, Pillow>,
}

/// What Pillow says of a file.
#[derive(Deserialize)]
struct Pillow {
    format: Option<String>,
    size: Option<(u32, u32)>,
    mean: Option<[f64; 3]>,
    std: Option<[f64; 3]>,
    error: Option<String>,
}

/// What we say of a file.
#[derive(Debug, Serialize, Deserialize)]
struct Ours {
    name: String,
    /// Or the reason.
    opened: Result<Opened, String>,
    format: Option<String>,
    millis: u128,
    /// Most memory of the process so far.
    peak_kib: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Opened {
    size: (u32, u32),
    mean: [f64; 3],
    std: [f64; 3],
}

/// Files that one opens and the other does not: the name, what our reason says (`None`: we open it), and why
/// that is right.
const OTHER_VERDICTS: [(&str, Option<&str>, &str); 3] = [
    (
        "animated/chunk_no_fctl.png",
        None,
        "only the animation after the first image is broken, and only the first image is taken",
    ),
    (
        "corrupt_image-rs/Bad_smile-incorrect-image-length.ico",
        Some("is an icon (ICO), a format that is not read"),
        "photos are not kept as icons",
    ),
    (
        "corrupt_png/xcsn0g01.png",
        Some("the checksum of its part IDAT is wrong"),
        "the file says itself that its pixels are not what was written; Pillow does not look",
    ),
];

/// What our reasons say of what Pillow refuses too, by the start of the name.
const REASONS: [(&str, &str); 39] = [
    // Its frame is too large too, but ends before its pixels begin.
    ("bombs/decompression_bomb.gif", "is cut off: "),
    ("bombs/decompression_bomb.ico", "is an icon (ICO), a format"),
    (
        "bombs/header_2147483647sq.png",
        "is too large: 2147483647 × 2147483647",
    ),
    ("bombs/l2rgb_read.bmp", "is too large: 3158064 × 48 pixels"),
    (
        "bombs/valid_20000x20000_rgb.png",
        "is too large: 20000 × 20000",
    ),
    (
        "bombs/valid_30000x30000_1bit.png",
        "is too large: 30000 × 30000",
    ),
    (
        "corrupt_image-rs/Bad_badbitcount",
        "it says 30000 bits per pixel",
    ),
    (
        "corrupt_image-rs/Bad_clrsUsed",
        "its pixels cannot be decoded as BMP",
    ),
    (
        "corrupt_image-rs/Bad_height",
        "is too large: 6 × 2147483647 pixels",
    ),
    (
        "corrupt_image-rs/Bad_reallybig",
        "is too large: 3000000 × 2000000",
    ),
    ("corrupt_image-rs/Bad_shortfile", "is cut off: "),
    (
        "corrupt_image-rs/Bad_unusual",
        "its pixels cannot be decoded as BMP",
    ),
    (
        "corrupt_image-rs/Bad_width",
        "is too large: 2147483647 × 6 pixels",
    ),
    (
        "corrupt_image-rs/README.md",
        "is not an image: it begins like text",
    ),
    (
        "corrupt_image-rs/TODO hpredict",
        "is a TIFF image of a variant that is not read",
    ),
    ("corrupt_pillow/broken.png", "no image description follows"),
    (
        "corrupt_pillow/broken_data",
        "the checksum of its part IDAT is wrong",
    ),
    ("corrupt_pillow/truncated_image.png", "is cut off: "),
    ("corrupt_pillow/truncated_jpeg.jpg", "is cut off: "),
    ("corrupt_png/xc1n0g08", "it says colour type 1 with 8 bits"),
    ("corrupt_png/xc9n2c08", "it says colour type 9 with 8 bits"),
    ("corrupt_png/xcrn0g04", "its first 8 bytes were changed"),
    ("corrupt_png/xd0n2c08", "it says colour type 2 with 0 bits"),
    ("corrupt_png/xd3n2c08", "it says colour type 2 with 3 bits"),
    ("corrupt_png/xd9n2c08", "it says colour type 2 with 99 bits"),
    ("corrupt_png/xdtn0g01", "is damaged: it has no pixels"),
    (
        "corrupt_png/xhdn0g08",
        "the checksum of its part IHDR is wrong",
    ),
    ("corrupt_png/xlfn0g04", "its first 8 bytes were changed"),
    ("corrupt_png/xs1n0g01", "its first 8 bytes were changed"),
    ("corrupt_png/xs2n0g01", "its first 8 bytes were changed"),
    ("corrupt_png/xs4n0g01", "its first 8 bytes were changed"),
    ("corrupt_png/xs7n0g01", "its first 8 bytes were changed"),
    (
        "not_an_image/.DS_169665.jpg",
        "a folder in macOS (.DS_Store)",
    ),
    ("not_an_image/.DS_Store", "a folder in macOS (.DS_Store)"),
    (
        "not_an_image/html_saved_as.jpg",
        "it begins like an HTML page",
    ),
    ("not_an_image/three_bytes.jpg", "is cut off: "),
    ("not_an_image/zero_bytes.jpg", "is empty"),
    ("not_an_image/zero_bytes.png", "is empty"),
    ("truncated_jpeg/", "is cut off: "),
];

#[test]
fn every_odd_image_gets_pillows_verdict_within_its_limits() {
    let Some(folder) = super::real_data() else {
        return;
    };
    let reference: Reference = super::reference("odd_images.json");
    let unpacked = tempfile::tempdir().unwrap();
    let files = unpack(&folder.join("odd-images.tar"), unpacked.path());
    assert!(
        files.keys().eq(reference.files.keys()),
        "the archive is the one that Pillow saw"
    );
    let mut all: Vec<Ours> = Vec::new();
    for group in by_folder(&files) {
        all.extend(decode_in_child(&group, TIME_LIMIT));
    }
    assert_eq!(all.len(), files.len());
    let mut faults: Vec<String> = Vec::new();
    for ours in &all {
        println!("{ours:?}");
        faults.extend(compare(ours, &reference.files[&ours.name]));
    }
    let slowest = all.iter().max_by_key(|ours| ours.millis).unwrap();
    let largest = all.iter().max_by_key(|ours| ours.peak_kib).unwrap();
    let differs = all.iter().filter_map(|ours| {
        let opened = ours.opened.as_ref().ok()?;
        Some((
            largest_difference(opened, &reference.files[&ours.name]),
            &ours.name,
        ))
    });
    println!(
        "most different: {:?}",
        differs.max_by(|a, b| a.0.total_cmp(&b.0))
    );
    println!(
        "slowest: {} ms, {}; most memory: {} MiB, {}",
        slowest.millis,
        slowest.name,
        largest.peak_kib >> 10,
        largest.name
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn compare(ours: &Ours, pillow: &Pillow) -> Vec<String> {
    let name = &ours.name;
    let mut faults = Vec::new();
    if ours.peak_kib > MEMORY_LIMIT_KIB {
        faults.push(format!("{name}: {} KiB of memory", ours.peak_kib));
    }
    let other = OTHER_VERDICTS.iter().find(|(other, ..)| other == name);
    match (&ours.opened, &pillow.error, other) {
        (Ok(_), Some(_), Some((_, None, _))) => {}
        (Ok(opened), None, None) => faults.extend(compare_pixels(ours, opened, pillow)),
        (Err(reason), None, Some((_, Some(part), _))) => {
            if !reason.contains(part) {
                faults.push(format!("{name}: {reason:?}, not {part:?}"));
            }
        }
        (Err(reason), Some(_), None) => {
            let words = REASONS.iter().find(|(start, _)| name.starts_with(start));
            if !words.is_some_and(|(_, part)| reason.contains(part)) {
                faults.push(format!("{name}: the reason {reason:?} is not in the table"));
            }
        }
        (ours, theirs, _) => faults.push(format!("{name}: Pillow {theirs:?}, we {ours:?}")),
    }
    faults
}

fn compare_pixels(ours: &Ours, opened: &Opened, pillow: &Pillow) -> Option<String> {
    let name = &ours.name;
    let format = ours.format.as_deref().unwrap_or_default();
    let theirs = pillow.format.as_deref().unwrap_or_default();
    if Some(opened.size) != pillow.size || !format.eq_ignore_ascii_case(theirs) {
        return Some(format!(
            "{name}: {format} {:?}, not {theirs} {:?}",
            opened.size, pillow.size
        ));
    }
    let largest = largest_difference(opened, pillow);
    (largest > TOLERANCE).then(|| {
        format!(
            "{name}: differs by {largest:.2}: {:?} {:?}, Pillow {:?} {:?}",
            opened.mean, opened.std, pillow.mean, pillow.std
        )
    })
}

/// Of the means and standard deviations of the channels.
fn largest_difference(opened: &Opened, pillow: &Pillow) -> f64 {
    let ours = opened.mean.iter().chain(&opened.std);
    let theirs = pillow.mean.iter().chain(&pillow.std).flatten();
    ours.zip(theirs)
        .map(|(ours, theirs)| (ours - theirs).abs())
        .fold(0.0, f64::max)
}

/// Images as large as are opened, each in a process of its own.
#[test]
#[ignore = "takes a minute and several GiB of disk and memory; for changes of limits"]
fn the_largest_images_stay_within_the_memory() {
    use image::{ColorType, ImageFormat};
    let cases = [
        ("PNG, grey", ImageFormat::Png, ColorType::L8, 13_000),
        ("PNG, 16-bit grey", ImageFormat::Png, ColorType::L16, 12_000),
        ("PNG with alpha", ImageFormat::Png, ColorType::Rgba8, 13_000),
        ("PNG, 16 bits", ImageFormat::Png, ColorType::Rgb16, 9_000),
        ("JPEG", ImageFormat::Jpeg, ColorType::Rgb8, 13_000),
        ("WebP", ImageFormat::WebP, ColorType::Rgb8, 9_900),
        (
            "WebP with alpha",
            ImageFormat::WebP,
            ColorType::Rgba8,
            8_000,
        ),
        ("TIFF", ImageFormat::Tiff, ColorType::Rgb8, 6_700),
        ("BMP", ImageFormat::Bmp, ColorType::Rgb8, 9_000),
        ("GIF", ImageFormat::Gif, ColorType::Rgb8, 13_000),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, format, color, side) in cases {
        let path = folder.path().join("image");
        let size = side as usize * side as usize * usize::from(color.bytes_per_pixel());
        let bytes = vec![100; size];
        image::save_buffer_with_format(&path, &bytes, side, side, color, format).unwrap();
        drop(bytes);
        let ours = decode_in_child(&[(name, &path)], LARGE_TIME_LIMIT).remove(0);
        let (millis, mib) = (ours.millis, ours.peak_kib >> 10);
        println!("{name}, {side}×{side}: {millis} ms, {mib} MiB");
        assert!(ours.opened.is_ok(), "{ours:?}");
        assert!(ours.peak_kib <= MEMORY_LIMIT_KIB, "{ours:?}");
    }
}

/// The archive's files under names of our own: those in the archive are bytes that not every system takes.
/// By escaped name.
fn unpack(archive: &Path, folder: &Path) -> BTreeMap<String, PathBuf> {
    let mut files = BTreeMap::new();
    let mut archive = tar::Archive::new(File::open(archive).unwrap());
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = escaped(&entry.path_bytes());
        let path = folder.join(files.len().to_string());
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        std::fs::write(&path, bytes).unwrap();
        assert!(files.insert(name, path).is_none());
    }
    files
}

/// As the script that made the reference: printable ASCII but "%" stays.
fn escaped(name: &[u8]) -> String {
    let name = name.strip_prefix(b"./").unwrap_or(name);
    name.iter()
        .map(|byte| match byte {
            b'%' => "%25".to_owned(),
            0x20..0x7f => char::from(*byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn by_folder(files: &BTreeMap<String, PathBuf>) -> Vec<Vec<(&str, &Path)>> {
    let mut groups: BTreeMap<&str, Vec<(&str, &Path)>> = BTreeMap::new();
    for (name, path) in files {
        let folder = name.split('/').next().unwrap();
        groups.entry(folder).or_default().push((name, path));
    }
    groups.into_values().collect()
}

const CHILD: &str = "CONVSCOPE_TEST_DECODES";
const MARK: &str = "verdict: ";

/// Decodes files in another process; a file that crashes it or takes too long fails the test.
fn decode_in_child(files: &[(&str, &Path)], limit: Duration) -> Vec<Ours> {
    let mut child: Child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "pixels::odd::in_a_child", "--nocapture"])
        .env(CHILD, serde_json::to_string(files).unwrap())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (sender, receiver) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            // The first line stands behind what the test harness began to print.
            if let Some((_, json)) = line.split_once(MARK) {
                sender.send(serde_json::from_str(json).unwrap()).unwrap();
            }
        }
    });
    let mut all: Vec<Ours> = Vec::new();
    for (name, _) in files {
        match receiver.recv_timeout(limit) {
            Ok(ours) => all.push(ours),
            Err(error) => {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("{name}: took too long or crashed ({error})");
            }
        }
    }
    assert!(child.wait().unwrap().success());
    reader.join().unwrap();
    all
}

/// What the other process does; nothing in an ordinary run of the tests.
#[test]
fn in_a_child() {
    let Ok(files) = std::env::var(CHILD) else {
        return;
    };
    let files: Vec<(String, PathBuf)> = serde_json::from_str(&files).unwrap();
    for (name, path) in files {
        let start = Instant::now();
        let opened = decode::decode(&path).map(|image| summary(&image));
        let millis = start.elapsed().as_millis();
        let facts = decode::facts(&std::fs::read(&path).unwrap());
        if let (Ok(opened), Ok(facts)) = (&opened, &facts) {
            assert_eq!(opened.size, (facts.width, facts.height), "{name}");
        }
        let ours = Ours {
            name,
            opened,
            format: facts.ok().map(|facts| facts.format.to_owned()),
            millis,
            peak_kib: peak_kib(),
        };
        println!("{MARK}{}", serde_json::to_string(&ours).unwrap());
        std::io::stdout().flush().unwrap();
    }
}

fn summary(image: &RgbImage) -> Opened {
    let step = if image.height() > MANY_ROWS { 100 } else { 1 };
    let rows = image.rows().step_by(step as usize);
    let count = f64::from(image.width()) * f64::from(image.height().div_ceil(step));
    let (mut sum, mut squares) = ([0_u64; 3], [0_u64; 3]);
    for pixel in rows.flatten() {
        for channel in 0..3 {
            let value = u64::from(pixel.0[channel]);
            sum[channel] += value;
            squares[channel] += value * value;
        }
    }
    let mean = sum.map(|sum| sum as f64 / count);
    let variance = |channel: usize| squares[channel] as f64 / count - mean[channel].powi(2);
    Opened {
        size: image.dimensions(),
        mean,
        std: [0, 1, 2].map(|channel| variance(channel).max(0.0).sqrt()),
    }
}

/// Most memory that this process has had (`VmHWM`); 0 where the system does not say.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}
