//! Whatever the bytes, opening ends soon with an image or a reason; it never panics.

use std::{
    io::Cursor,
    sync::LazyLock,
    time::{Duration, Instant},
};

use convscope::data::decode;
use image::{ImageFormat, Rgb, RgbImage};
use proptest::prelude::*;

/// Far more than these small files take on a busy machine.
const SOON: Duration = Duration::from_secs(60);

const FORMATS: [ImageFormat; 6] = [
    ImageFormat::Jpeg,
    ImageFormat::Png,
    ImageFormat::Gif,
    ImageFormat::WebP,
    ImageFormat::Bmp,
    ImageFormat::Tiff,
];

/// One whole file of every format.
static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let image = RgbImage::from_fn(19, 14, |x, y| {
        Rgb([(x * 13) as u8, (y * 18) as u8, (x * y) as u8])
    });
    let file = |format| {
        let mut file = Cursor::new(Vec::new());
        image.write_to(&mut file, format).unwrap();
        file.into_inner()
    };
    FORMATS.into_iter().map(file).collect()
});

/// Opens `bytes` and says whether that gave an image.
fn opens(bytes: &[u8]) -> bool {
    let start = Instant::now();
    let opened = decode::decode_bytes(bytes);
    let facts = decode::facts(bytes);
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    for reason in [opened.as_ref().err(), facts.as_ref().err()]
        .into_iter()
        .flatten()
    {
        // A reason in words, which follows a file's name.
        assert!(reason.starts_with("is "), "{reason}");
        assert!(
            !reason.contains("gave up"),
            "the decoder panicked: {reason}"
        );
    }
    if let (Ok(image), Ok(facts)) = (&opened, &facts) {
        assert_eq!(image.dimensions(), (facts.width, facts.height));
    }
    opened.is_ok()
}

#[test]
fn whole_files_open_and_halves_do_not() {
    for (file, format) in FILES.iter().zip(FORMATS) {
        assert!(opens(file), "{format:?}");
        assert!(!opens(&file[..file.len() / 2]), "{format:?}");
        assert!(!opens(&file[..1]), "{format:?}");
    }
}

#[test]
fn a_file_cut_anywhere_ends_soon() {
    for file in FILES.iter() {
        for length in 0..file.len() {
            opens(&file[..length]);
        }
    }
}

proptest! {
    #[test]
    fn random_bytes_are_no_image(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        opens(&bytes);
    }

    #[test]
    fn random_bytes_behind_a_beginning_end_soon(
        format in 0..FORMATS.len(),
        kept in 2..60_usize,
        bytes in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let file = &FILES[format];
        opens(&[&file[..kept.min(file.len())], &bytes].concat());
    }

    #[test]
    fn flipped_bits_end_soon(
        format in 0..FORMATS.len(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0..8_u8), 1..8),
    ) {
        let mut file = FILES[format].clone();
        for (at, bit) in flips {
            let at = at.index(file.len());
            file[at] ^= 1 << bit;
        }
        opens(&file);
    }
}
