//! Blood cells under the microscope, in the manner of BloodMNIST: its eight classes, size and file format, so
//! that recipe 6 runs without a download. They are drawings: a network trained on them knows nothing of blood.

use std::{
    f64::consts::TAU,
    io::{self, Cursor, Write as _},
    ops::Range,
    path::{Path, PathBuf},
};

use image::RgbImage;
use npyz::WriterBuilder as _;
use rand::{RngExt as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use super::{
    GenerateError,
    canvas::{Canvas, Colour},
    image_rng, parts, write_file,
};

mod slide;

use slide::Slide;

/// Side of an image in pixels.
pub const CELLS_SIZE: usize = 28;

/// Painted pixels per pixel and side.
const FINENESS: usize = 4;

/// What BloodMNIST tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// Dark purple granules hide a lobed nucleus.
    Basophil,
    /// Orange-red granules around a nucleus of two lobes.
    Eosinophil,
    /// Small, with a round and very dense nucleus.
    Erythroblast,
    /// Large, with a big pale oval nucleus and fine granules.
    ImmatureGranulocyte,
    /// A round nucleus nearly fills the cell.
    Lymphocyte,
    /// Large and grey-blue, with a nucleus like a kidney.
    Monocyte,
    /// Pale, with a nucleus of three to five joined lobes.
    Neutrophil,
    /// A small granular fragment without a nucleus.
    Platelet,
}

impl CellKind {
    /// All kinds, in the order of BloodMNIST's labels.
    pub const ALL: [Self; 8] = [
        Self::Basophil,
        Self::Eosinophil,
        Self::Erythroblast,
        Self::ImmatureGranulocyte,
        Self::Lymphocyte,
        Self::Monocyte,
        Self::Neutrophil,
        Self::Platelet,
    ];

    /// Name of the class, as MedMNIST writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Basophil => "basophil",
            Self::Eosinophil => "eosinophil",
            Self::Erythroblast => "erythroblast",
            Self::ImmatureGranulocyte => {
                "immature granulocytes(myelocytes, metamyelocytes and promyelocytes)"
            }
            Self::Lymphocyte => "lymphocyte",
            Self::Monocyte => "monocyte",
            Self::Neutrophil => "neutrophil",
            Self::Platelet => "platelet",
        }
    }

    /// Range of the cell's radius in pixels, and the colour of its body.
    fn body(self) -> ([f64; 2], Colour) {
        match self {
            Self::Basophil => ([7.5, 9.8], [186.0, 160.0, 205.0]),
            Self::Eosinophil => ([8.0, 10.4], [232.0, 176.0, 172.0]),
            Self::Erythroblast => ([5.8, 7.6], [196.0, 176.0, 204.0]),
            Self::ImmatureGranulocyte => ([9.2, 11.8], [206.0, 178.0, 212.0]),
            Self::Lymphocyte => ([6.4, 9.0], [176.0, 184.0, 222.0]),
            Self::Monocyte => ([9.2, 11.8], [184.0, 180.0, 208.0]),
            Self::Neutrophil => ([8.0, 10.4], [226.0, 202.0, 216.0]),
            Self::Platelet => ([2.2, 4.4], [188.0, 150.0, 196.0]),
        }
    }
}

/// One cell of `kind`, 28×28.
pub fn draw_cell(kind: CellKind, rng: &mut ChaCha8Rng) -> RgbImage {
    let ([smallest, largest], _) = kind.body();
    let middle = CELLS_SIZE as f64 / 2.0;
    let centre = (
        middle + rng.random_range(-1.8..=1.8),
        middle + rng.random_range(-1.8..=1.8),
    );
    let radius = rng.random_range(smallest..=largest);
    let angle = rng.random_range(0.0..=TAU);
    // Every slide is stained and lit a little differently, all classes alike.
    let plasma = [246.0, 232.0, 226.0];
    let light: f64 = rng.random_range(0.86..=1.06);
    let cast: [f64; 3] = [0; 3].map(|_| rng.random_range(0.95..=1.05));
    let paleness = rng.random_range(-8.0..=20.0);
    let side = CELLS_SIZE * FINENESS;
    let mut slide = Slide {
        canvas: Canvas::new(side, side, |x, y| {
            let slope = (x + y) / (2 * side) as f64 - 0.5;
            plasma.map(|value| value - 8.0 * slope)
        }),
        rng,
        centre,
        radius,
        angle,
        paleness,
    };
    slide.neighbours();
    slide.paint(kind);
    let Slide { canvas, rng, .. } = slide;
    let noise: f64 = rng.random_range(2.0..=4.5);
    canvas.shrunk(FINENESS, |colour| {
        [0, 1, 2].map(|c| {
            let grain = rng.random_range(-1.0..=1.0) + rng.random_range(-1.0..=1.0);
            (colour[c] * light * cast[c] + noise * grain).clamp(0.0, 255.0)
        })
    })
}

/// Where [`generate_cells`] writes: `out` itself when it is named `.npz` and is no folder, else `cells.npz` in it.
pub fn file_in(out: &Path) -> PathBuf {
    let is_archive = out.extension().is_some_and(|ending| ending == "npz");
    if is_archive && !out.is_dir() {
        out.to_owned()
    } else {
        out.join("cells.npz")
    }
}

/// Writes `count` cells of each kind as one MedMNIST archive to [`file_in`]`(out)`: `train_images`,
/// `train_labels`, `val_…` and `test_…`, u8, `[N, 28, 28, 3]` and `[N, 1]`, 70 %, 15 % and 15 % of each kind, in
/// random order.
///
/// The same seed gives the same bytes. `progress(done, total)` follows the images.
///
/// # Errors
/// When the file cannot be written.
pub fn generate_cells(
    out: &Path,
    seed: u64,
    count: usize,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<usize, GenerateError> {
    let path = file_in(out);
    let bytes =
        archive(seed, count, progress).map_err(|source| GenerateError::new(&path, source))?;
    write_file(&path, &bytes)?;
    Ok(count * CellKind::ALL.len())
}

/// The entry that names the classes, one per line, since labels are numbers; NumPy passes over it.
pub const CLASS_NAMES: &str = "class_names.txt";

/// The bytes of the archive.
fn archive(seed: u64, count: usize, progress: &mut dyn FnMut(usize, usize)) -> io::Result<Vec<u8>> {
    let total = count * CellKind::ALL.len();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let (mut first, mut done) = (0, 0);
    for (name, length) in ["train", "val", "test"]
        .into_iter()
        .zip(parts(count, 15, 15))
    {
        let (pixels, labels) = draw_part(seed, first..first + length, &mut || {
            done += 1;
            progress(done, total);
        });
        first += length;
        let (images, side) = (labels.len() as u64, CELLS_SIZE as u64);
        let shape = [images, side, side, 3];
        add_array(&mut zip, &format!("{name}_images"), &shape, &pixels)?;
        add_array(&mut zip, &format!("{name}_labels"), &[images, 1], &labels)?;
    }
    zip.start_file(CLASS_NAMES, options())?;
    for kind in CellKind::ALL {
        writeln!(zip, "{}", kind.word())?;
    }
    Ok(zip.finish()?.into_inner())
}

/// Deflated, with a fixed date.
fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
}

/// Pixels and labels of the images `numbers` of every class, in random order.
fn draw_part(seed: u64, numbers: Range<usize>, drawn: &mut dyn FnMut()) -> (Vec<u8>, Vec<u8>) {
    let classes = CellKind::ALL.len();
    let mut members: Vec<(usize, usize)> = (0..classes)
        .flat_map(|class| numbers.clone().map(move |number| (class, number)))
        .collect();
    members.shuffle(&mut image_rng(seed, classes, numbers.start));
    let mut pixels = Vec::with_capacity(members.len() * CELLS_SIZE * CELLS_SIZE * 3);
    for &(class, number) in &members {
        let mut rng = image_rng(seed, class, number);
        pixels.extend(draw_cell(CellKind::ALL[class], &mut rng).into_raw());
        drawn();
    }
    let labels = members.iter().map(|&(class, _)| class as u8).collect();
    (pixels, labels)
}

/// Adds `name.npy` with a fixed date.
fn add_array(
    zip: &mut ZipWriter<Cursor<Vec<u8>>>,
    name: &str,
    shape: &[u64],
    values: &[u8],
) -> io::Result<()> {
    zip.start_file(format!("{name}.npy"), options())?;
    let mut bytes = Vec::new();
    let npy = npyz::WriteOptions::new().default_dtype().shape(shape);
    let mut writer = npy.writer(&mut bytes).begin_nd()?;
    writer.extend(values)?;
    writer.finish()?;
    zip.write_all(&bytes)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs, io::Read as _};

    use super::*;

    /// Shape and values of every array, by name.
    fn arrays(path: &Path) -> BTreeMap<String, (Vec<u64>, Vec<u8>)> {
        let mut zip = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
        let mut arrays = BTreeMap::new();
        for index in 0..zip.len() {
            let mut bytes = Vec::new();
            let mut file = zip.by_index(index).unwrap();
            file.read_to_end(&mut bytes).unwrap();
            if file.name().unwrap() == CLASS_NAMES {
                continue;
            }
            let npy = npyz::NpyFile::new(&bytes[..]).unwrap();
            let shape = npy.shape().to_vec();
            arrays.insert(
                file.name().unwrap().into_owned(),
                (shape, npy.into_vec().unwrap()),
            );
        }
        arrays
    }

    #[test]
    fn the_committed_set_is_what_seed_zero_draws() {
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../datasets/cells.npz");
        let committed = arrays(&committed);
        let shape = |name: &str| committed[name].0.clone();
        assert_eq!(shape("train_images.npy"), [832, 28, 28, 3]);
        assert_eq!(shape("val_labels.npy"), [184, 1]);
        // Arrays, not bytes, since another version of the compressor may write others; the last part, since
        // drawing takes its time without optimisation.
        let (pixels, labels) = draw_part(0, 127..150, &mut || {});
        assert!(pixels == committed["test_images.npy"].1, "other images");
        assert_eq!(labels, committed["test_labels.npy"].1);
        for class in 0..8 {
            assert_eq!(labels.iter().filter(|&&label| label == class).count(), 23);
        }
        assert!(!labels.is_sorted(), "classes are mixed");
    }

    #[test]
    fn the_seed_decides_every_byte() {
        let bytes = |seed| archive(seed, 3, &mut |_, _| {}).unwrap();
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
    }

    #[test]
    fn the_archive_is_named_or_put_into_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join("folder.npz");
        fs::create_dir(&odd).unwrap();
        for (out, file) in [
            (folder.path().to_owned(), folder.path().join("cells.npz")),
            (
                folder.path().join("new"),
                folder.path().join("new/cells.npz"),
            ),
            (
                folder.path().join("blood.npz"),
                folder.path().join("blood.npz"),
            ),
            (odd.clone(), odd.join("cells.npz")),
        ] {
            assert_eq!(file_in(&out), file);
            assert_eq!(generate_cells(&out, 0, 1, &mut |_, _| {}).unwrap(), 8);
            assert!(file.is_file());
        }
    }
}
