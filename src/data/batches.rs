//! Order of images and batches of tensors: seeded shuffling, gathering bytes, converting and normalising.

use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, TchError, Tensor};

use super::{
    cache::{PixelCache, PixelError},
    decode::ColorMode,
};

/// `(pixel / 255 - mean) / std`, per RGB channel, rounded as torchvision's `ToTensor` and `Normalize` do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normalisation {
    mean: [f32; 3],
    std: [f32; 3],
}

impl Normalisation {
    /// From a mean and standard deviation in units of 0..1.
    pub fn new(mean: [f32; 3], std: [f32; 3]) -> Self {
        Self { mean, std }
    }
}

/// `indices` in the order of epoch `epoch` (from 1) of a run with `seed`.
///
/// Depends on nothing else, so a run can be taken up again at any epoch.
pub fn shuffled(indices: &[usize], seed: u64, epoch: usize) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(epoch as u64);
    let mut order = indices.to_vec();
    order.shuffle(&mut rng);
    order
}

/// Bytes of the samples `indices`, one image after the other; samples that do not exist are left out.
///
/// # Errors
/// When pixels are damaged and cannot be decoded again, or there is no memory for them: batches are as large as people
/// want them.
pub fn gather(pixels: &PixelCache, indices: &[usize]) -> Result<Vec<u8>, PixelError> {
    let size = indices.len().saturating_mul(pixels.format().row_bytes());
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(size)
        .map_err(|_| PixelError::NoMemory(size as u64))?;
    for &index in indices {
        pixels.read(index, &mut bytes)?;
    }
    Ok(bytes)
}

/// How a network wants its input.
#[derive(Debug, Clone, Copy)]
pub struct InputFormat {
    /// Pixels per column.
    pub height: usize,
    /// Pixels per row.
    pub width: usize,
    /// One channel or three.
    pub color_mode: ColorMode,
    /// Whether channels lie beside each other in memory.
    pub channels_last: bool,
    /// Where the tensor goes.
    pub device: Device,
}

/// Turns `bytes` of shape `[N, H, W, 3]` into a normalised f32 tensor `[N, C, H, W]`.
///
/// # Errors
/// When the bytes are not whole images or libtorch refuses.
pub fn to_tensor(
    bytes: &[u8],
    format: &InputFormat,
    normalisation: &Normalisation,
) -> Result<Tensor, TchError> {
    // One value per byte of a row instead of per channel: libtorch is three times faster on long rows.
    let channels = format.color_mode.channels();
    let row = |values: &[f32; 3]| {
        Tensor::f_from_slice(&values[..channels])?
            .f_to_device(format.device)?
            .f_repeat([format.width as i64])
    };
    let images = rows(bytes, format)?
        .f_sub_(&row(&normalisation.mean)?)?
        .f_divide_(&row(&normalisation.std)?)?;
    to_channels_first(&images, format)
}

/// Turns `bytes` of shape `[N, H, W, 3]` into an f32 tensor `[N, C, H, W]` of values 0..1, to be augmented
/// and then normalised with [`Normalisation::apply`].
///
/// # Errors
/// When the bytes are not whole images or libtorch refuses.
pub fn to_unit_tensor(bytes: &[u8], format: &InputFormat) -> Result<Tensor, TchError> {
    to_channels_first(&rows(bytes, format)?, format)
}

impl Normalisation {
    /// Normalises `images` `[N, C, H, W]` of values 0..1.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn apply(&self, images: &Tensor) -> Result<Tensor, TchError> {
        let channels = images
            .size()
            .get(1)
            .map_or(3, |&channels| channels as usize);
        let values = |values: &[f32; 3]| {
            Tensor::f_from_slice(&values[..channels.min(3)])?
                .f_to_device(images.device())?
                .f_view([1, -1, 1, 1])
        };
        images
            .f_sub(&values(&self.mean)?)?
            .f_divide_(&values(&self.std)?)
    }
}

/// Values 0..1, `[N, H, W·C]`.
fn rows(bytes: &[u8], format: &InputFormat) -> Result<Tensor, TchError> {
    let (height, width) = (format.height as i64, format.width as i64);
    let bytes = Tensor::f_from_slice(bytes)?.f_to_device(format.device)?;
    let values = match format.color_mode {
        ColorMode::Rgb => bytes.f_view([-1, height, 3 * width])?,
        ColorMode::Grayscale => luma(&bytes.f_view([-1, height, width, 3])?)?,
    };
    values.f_to_kind(Kind::Float)?.f_divide_scalar_(255.0)
}

/// Grey values of `[N, H, W, 3]` as Pillow computes them for mode `L`: in whole numbers,
/// `(19595·R + 38470·G + 7471·B + 32768) >> 16`.
fn luma(rgb: &Tensor) -> Result<Tensor, TchError> {
    let weights = Tensor::f_from_slice(&[19_595_i32, 38_470, 7_471])?.f_to_device(rgb.device())?;
    rgb.f_to_kind(Kind::Int)?
        .f_mul_(&weights)?
        .f_sum_dim_intlist([-1_i64].as_slice(), false, Kind::Int)?
        .f_add_scalar_(32_768)?
        .f_bitwise_right_shift_tensor_scalar_(16)
}

fn to_channels_first(rows: &Tensor, format: &InputFormat) -> Result<Tensor, TchError> {
    let (height, width) = (format.height as i64, format.width as i64);
    let channels = format.color_mode.channels() as i64;
    let images = rows
        .f_view([-1, height, width, channels])?
        .f_permute([0, 3, 1, 2])?;
    if format.channels_last {
        Ok(images)
    } else {
        images.f_contiguous()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_become_normalised_channels_first_values() {
        let bytes: Vec<u8> = (0..2 * 2 * 3 * 3).map(|v| v as u8 * 7).collect();
        let normalisation = Normalisation::new([0.5, 0.25, 0.0], [0.5, 0.5, 1.0]);
        for channels_last in [true, false] {
            let format = format(channels_last, ColorMode::Rgb);
            let tensor = to_tensor(&bytes, &format, &normalisation).unwrap();
            let unit = to_unit_tensor(&bytes, &format).unwrap();
            assert_eq!(unit.is_contiguous(), !channels_last);
            assert!(
                normalisation
                    .apply(&unit)
                    .unwrap()
                    .allclose(&tensor, 1e-6, 1e-6, false)
            );
            assert_eq!(tensor.size(), [2, 3, 2, 3]);
            assert_eq!(tensor.is_contiguous(), !channels_last);
            for (n, y, x, c) in [(0, 0, 0, 0), (1, 1, 2, 2), (1, 0, 1, 1)] {
                let byte = f64::from(bytes[((n * 2 + y) * 3 + x) * 3 + c]);
                let (mean, std) = ([0.5, 0.25, 0.0][c], [0.5, 0.5, 1.0][c]);
                let value = tensor.double_value(&[n as i64, c as i64, y as i64, x as i64]);
                assert!((value - (byte / 255.0 - mean) / std).abs() < 1e-6);
            }
        }
        assert!(to_tensor(&bytes[1..], &format(true, ColorMode::Rgb), &normalisation).is_err());
    }

    fn format(channels_last: bool, color_mode: ColorMode) -> InputFormat {
        InputFormat {
            height: 2,
            width: 3,
            color_mode,
            channels_last,
            device: Device::Cpu,
        }
    }

    /// Values from Pillow 12: `Image.new("RGB", (1, 1), rgb).convert("L")`.
    #[test]
    fn grey_is_pillows_luma() {
        let colours = [
            [255, 0, 0],
            [0, 255, 0],
            [0, 0, 255],
            [7, 7, 7],
            [200, 100, 50],
            [1, 2, 3],
        ];
        let expected = [76, 150, 29, 7, 124, 2];
        let grey = to_unit_tensor(&colours.concat(), &format(true, ColorMode::Grayscale)).unwrap();
        assert_eq!(grey.size(), [1, 1, 2, 3]);
        let values = Vec::<f32>::try_from(grey.contiguous().view([-1])).unwrap();
        let bytes: Vec<i32> = values.iter().map(|v| (v * 255.0).round() as i32).collect();
        assert_eq!(bytes, expected);
    }

    #[test]
    fn order_depends_on_seed_and_epoch_only() {
        let indices: Vec<usize> = (0..100).collect();
        let first = shuffled(&indices, 1, 1);
        assert_eq!(first, shuffled(&indices, 1, 1));
        assert_ne!(first, shuffled(&indices, 1, 2));
        assert_ne!(first, shuffled(&indices, 2, 1));
        let mut sorted = first;
        sorted.sort_unstable();
        assert_eq!(sorted, indices);
    }
}
