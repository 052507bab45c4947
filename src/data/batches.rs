//! Order of images and batches of tensors: seeded shuffling, gathering bytes, converting and normalising.

use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, TchError, Tensor};

use super::cache::PixelCache;

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
pub fn gather(pixels: &PixelCache, indices: &[usize]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(indices.len() * pixels.height * pixels.width * 3);
    for &index in indices {
        bytes.extend_from_slice(pixels.image(index).unwrap_or_default());
    }
    bytes
}

/// Turns `bytes` of shape `[N, H, W, 3]` into a normalised f32 tensor `[N, 3, H, W]`, channels last in
/// memory or contiguous.
///
/// # Errors
/// When the bytes are not whole images or libtorch refuses.
pub fn to_tensor(
    bytes: &[u8],
    (height, width): (usize, usize),
    normalisation: &Normalisation,
    channels_last: bool,
    device: Device,
) -> Result<Tensor, TchError> {
    let (height, width) = (height as i64, width as i64);
    // One value per byte of a row instead of per channel: libtorch is three times faster on long rows.
    let row = |channels: &[f32; 3]| {
        Tensor::f_from_slice(channels)?
            .f_to_device(device)?
            .f_repeat([width])
    };
    let images = Tensor::f_from_slice(bytes)?
        .f_to_device(device)?
        .f_view([-1, height, 3 * width])?
        .f_to_kind(Kind::Float)?
        .f_divide_scalar_(255.0)?
        .f_sub_(&row(&normalisation.mean)?)?
        .f_divide_(&row(&normalisation.std)?)?
        .f_view([-1, height, width, 3])?
        .f_permute([0, 3, 1, 2])?;
    if channels_last {
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
            let tensor =
                to_tensor(&bytes, (2, 3), &normalisation, channels_last, Device::Cpu).unwrap();
            assert_eq!(tensor.size(), [2, 3, 2, 3]);
            assert_eq!(tensor.is_contiguous(), !channels_last);
            for (n, y, x, c) in [(0, 0, 0, 0), (1, 1, 2, 2), (1, 0, 1, 1)] {
                let byte = f64::from(bytes[((n * 2 + y) * 3 + x) * 3 + c]);
                let (mean, std) = ([0.5, 0.25, 0.0][c], [0.5, 0.5, 1.0][c]);
                let value = tensor.double_value(&[n as i64, c as i64, y as i64, x as i64]);
                assert!((value - (byte / 255.0 - mean) / std).abs() < 1e-6);
            }
        }
        assert!(to_tensor(&bytes[1..], (2, 3), &normalisation, true, Device::Cpu).is_err());
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
