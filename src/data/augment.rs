//! Random variations of training images: what Keras calls augmentation layers.
//!
//! One image is varied in this order, all sizes in pixels and about the image's centre: a crop is taken and
//! enlarged to the image's size, then it is flipped, turned and zoomed, then shifted, then made brighter or
//! darker, then given more or less contrast. With [`ZoomAxes::Each`] rotation, shift and zoom together are the map
//! of Keras' `ImageDataGenerator`. Everything up to the shift is one affine map and one bilinear
//! resampling, so detail is lost once. What is drawn ([`Drawn`]) is apart from drawing it ([`apply_drawn`]),
//! so that a preview can show exactly what training would see.

use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tch::{Kind, TchError, Tensor, kind::Element};

/// How much training images vary. The default changes nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentationConfig {
    /// Mirror left and right, for half of the images.
    pub horizontal_flip: bool,
    /// Mirror top and bottom, for half of the images.
    pub vertical_flip: bool,
    /// Turn by up to this many degrees either way, 0..=180. Keras' `RandomRotation(0.1)` counts in whole turns:
    /// ±0.1 turn is 36 here.
    pub rotation_degrees: f64,
    /// Scale both axes by a factor from `1 - zoom` to `1 + zoom`, 0..=0.9. Above 1 the content gets larger.
    pub zoom: f64,
    /// What `zoom` is a range of.
    #[serde(skip_serializing_if = "ZoomAxes::is_together")]
    pub zoom_axes: ZoomAxes,
    /// Move left or right by up to this share of the width, 0..=1.
    pub width_shift: f64,
    /// Move up or down by up to this share of the height, 0..=1.
    pub height_shift: f64,
    /// Multiply every value by a factor from `1 - brightness` to `1 + brightness`, 0..=1: torchvision's
    /// `adjust_brightness`. A factor of 0 is black.
    pub brightness: f64,
    /// Multiply every value's distance to the image's mean grey by a factor from `1 - contrast` to
    /// `1 + contrast`, 0..=1: torchvision's `adjust_contrast`. A factor of 0 is plain grey.
    pub contrast: f64,
    /// Smallest share of each side that a crop keeps, 0.1..=1. The share is drawn from here to 1, the same for
    /// both sides, then a random position; the crop is enlarged to the image's size. 1 crops nothing.
    pub random_crop: f64,
    /// What shows where the image does not reach.
    pub fill: FillMode,
}

impl Default for AugmentationConfig {
    fn default() -> Self {
        Self {
            horizontal_flip: false,
            vertical_flip: false,
            rotation_degrees: 0.0,
            zoom: 0.0,
            zoom_axes: ZoomAxes::Together,
            width_shift: 0.0,
            height_shift: 0.0,
            brightness: 0.0,
            contrast: 0.0,
            random_crop: 1.0,
            fill: FillMode::default(),
        }
    }
}

/// What is drawn for a zoom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ZoomAxes {
    /// One factor for both axes, by which the content grows.
    #[default]
    Together,
    /// One for each axis, which is the size of the window that is seen: what Keras' `ImageDataGenerator` does with
    /// `zoom_range`. Content is stretched, and a shift is in pixels of the image, not of the zoomed result.
    Each,
}

impl ZoomAxes {
    fn is_together(&self) -> bool {
        *self == Self::Together
    }
}

/// What shows where the image does not reach, named as in Keras' `fill_mode` and `scipy.ndimage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FillMode {
    /// One grey value, 0 (black) to 255 (white): `v v v | a b c d | v v v`.
    Constant(u8),
    /// The nearest pixel of the edge: `a a a | a b c d | d d d`.
    Nearest,
    /// The image mirrored at its edge, which is repeated: `c b a | a b c d | d c b`.
    Reflect,
}

impl Default for FillMode {
    fn default() -> Self {
        Self::Constant(0)
    }
}

impl AugmentationConfig {
    /// Whether images stay as they are.
    pub fn is_none(&self) -> bool {
        *self
            == Self {
                zoom_axes: self.zoom_axes,
                fill: self.fill,
                ..Self::default()
            }
    }

    /// Whether every value lies in its range.
    ///
    /// # Errors
    /// One sentence that names the first value out of range and the range.
    pub fn check(&self) -> Result<(), String> {
        let ranges = [
            ("rotation_degrees", self.rotation_degrees, 0.0, 180.0),
            ("zoom", self.zoom, 0.0, 0.9),
            ("width_shift", self.width_shift, 0.0, 1.0),
            ("height_shift", self.height_shift, 0.0, 1.0),
            ("brightness", self.brightness, 0.0, 1.0),
            ("contrast", self.contrast, 0.0, 1.0),
            ("random_crop", self.random_crop, 0.1, 1.0),
        ];
        for (name, value, low, high) in ranges {
            if !(low..=high).contains(&value) {
                return Err(format!(
                    "augmentation: {name} is {value}, use a value from {low} to {high}"
                ));
            }
        }
        Ok(())
    }
}

/// What happens to one image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawn {
    /// Mirror left and right.
    pub flip_h: bool,
    /// Mirror top and bottom.
    pub flip_v: bool,
    /// Degrees, clockwise on the screen, as in torchvision's `affine`.
    pub angle: f64,
    /// Factor of both axes, more than 0; above 1 the content gets larger.
    pub scale: f64,
    /// Size of the window that is seen, as shares of width and height, more than 0; above 1 the content gets smaller.
    pub window: (f64, f64),
    /// To the right, as a share of the width.
    pub dx: f64,
    /// Downwards, as a share of the height.
    pub dy: f64,
    /// Factor of every value, 0 or more.
    pub brightness: f64,
    /// Factor of every value's distance to the mean grey, 0 or more.
    pub contrast: f64,
    /// Share of each side that the crop keeps, more than 0 and at most 1.
    pub crop: f64,
    /// Where the crop lies between the left edge (0) and the right edge (1).
    pub crop_x: f64,
    /// Where the crop lies between the upper edge (0) and the lower edge (1).
    pub crop_y: f64,
}

impl Drawn {
    /// Whether no pixel falls between pixels: nothing moves, but for flips.
    fn keeps_the_grid(&self) -> bool {
        let factors = (self.scale, self.window, self.crop);
        (self.angle, self.dx, self.dy, factors) == (0.0, 0.0, 0.0, (1.0, (1.0, 1.0), 1.0))
    }

    /// The 2×3 matrix, row by row, from normalised coordinates of the result to those of the image, as
    /// `affine_grid` takes it (−1 and 1 are the outer edges of the first and last pixel).
    ///
    /// Turning happens among pixels, not in normalised coordinates, where images that are not square would shear.
    fn theta(&self, width: f64, height: f64) -> [f64; 6] {
        let (sin, cos) = self.angle.to_radians().sin_cos();
        let factor = self.crop / self.scale;
        let sign = |flip| if flip { -factor } else { factor };
        let (mirror_x, mirror_y) = (sign(self.flip_h), sign(self.flip_v));
        // From a pixel of the result, once the shift is taken off, to one of the image: turn back, then mirror. A
        // window is stretched before.
        let (across, down) = self.window;
        let (xx, xy) = (mirror_x * cos, mirror_x * sin);
        let (yx, yy) = (-mirror_y * sin, mirror_y * cos);
        let (shift_x, shift_y) = (self.dx * width, self.dy * height);
        let centre = |position: f64| (1.0 - self.crop) * (position - 0.5);
        let x = centre(self.crop_x) * width - xx * shift_x - xy * shift_y;
        let y = centre(self.crop_y) * height - yx * shift_x - yy * shift_y;
        [
            xx * across,
            xy * down * height / width,
            2.0 * x / width,
            yx * across * width / height,
            yy * down,
            2.0 * y / height,
        ]
    }
}

/// Draws what happens to one image.
///
/// Takes the same number of values from `rng` whatever `config` says, so switching one option on leaves the
/// others' draws as they were.
pub fn draw(config: &AugmentationConfig, rng: &mut ChaCha8Rng) -> Drawn {
    // From another stream, so that it takes nothing from this one.
    let mut other = rng.clone();
    other.set_stream(rng.get_stream() + 1);
    let second = 1.0 + config.zoom * other.random_range(-1.0..=1.0);
    let flip_h = rng.random_bool(0.5);
    let flip_v = rng.random_bool(0.5);
    let mut around = |centre: f64, range: f64| centre + range * rng.random_range(-1.0..=1.0);
    let half = (1.0 - config.random_crop) / 2.0;
    let angle = around(0.0, config.rotation_degrees);
    let first = around(1.0, config.zoom);
    let (scale, window) = match config.zoom_axes {
        ZoomAxes::Together => (first, (1.0, 1.0)),
        ZoomAxes::Each => (1.0, (first, second)),
    };
    Drawn {
        flip_h: flip_h && config.horizontal_flip,
        flip_v: flip_v && config.vertical_flip,
        angle,
        scale,
        window,
        dx: around(0.0, config.width_shift),
        dy: around(0.0, config.height_shift),
        brightness: around(1.0, config.brightness),
        contrast: around(1.0, config.contrast),
        crop: around(1.0 - half, half),
        crop_x: around(0.5, 0.5),
        crop_y: around(0.5, 0.5),
    }
}

/// Varies each image of a batch by itself: `[N, C, H, W]` f32 from 0 to 1, C 1 or 3, in any memory format.
///
/// The result has the same shape, range and memory format. The same `seed` gives the same result. Without
/// anything to do it shares the memory of `images`; with flips alone it holds exactly their values.
///
/// # Errors
/// When `images` has another shape or libtorch refuses.
pub fn apply(images: &Tensor, config: &AugmentationConfig, seed: u64) -> Result<Tensor, TchError> {
    if config.is_none() {
        return Ok(images.shallow_clone());
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let count = images.size().first().copied().unwrap_or(0);
    let drawn: Vec<Drawn> = (0..count).map(|_| draw(config, &mut rng)).collect();
    apply_drawn(images, &drawn, config.fill)
}

/// [`apply`] with given draws, one for each image.
///
/// # Errors
/// As [`apply`], or when there are more or fewer draws than images.
pub fn apply_drawn(images: &Tensor, drawn: &[Drawn], fill: FillMode) -> Result<Tensor, TchError> {
    let size = images.size();
    if size.len() != 4 || ![1, 3].contains(&size[1]) || size[0] != drawn.len() as i64 {
        return Err(TchError::Shape(format!(
            "{} draws need [{0}, 1 or 3, height, width] values, not {size:?}",
            drawn.len()
        )));
    }
    if images.numel() == 0 {
        return Ok(images.shallow_clone());
    }
    let moved = if drawn.iter().all(Drawn::keeps_the_grid) {
        flipped(images, drawn)?
    } else {
        let moved = resampled(images, drawn, fill)?;
        if is_channels_last(images)? {
            moved
                .f_permute([0, 2, 3, 1])?
                .f_contiguous()?
                .f_permute([0, 3, 1, 2])?
        } else {
            moved
        }
    };
    coloured(moved, drawn)
}

/// Whether the values lie in memory as `[N, H, W, C]`.
fn is_channels_last(images: &Tensor) -> Result<bool, TchError> {
    Ok(images.f_permute([0, 2, 3, 1])?.is_contiguous())
}

/// `values` where `images` are, in the shape `size`.
fn values_for<T: Element>(images: &Tensor, values: &[T], size: &[i64]) -> Result<Tensor, TchError> {
    Tensor::f_from_slice(values)?
        .f_to_device(images.device())?
        .f_view(size)
}

/// The images mirrored as drawn, value by value.
fn flipped(images: &Tensor, drawn: &[Drawn]) -> Result<Tensor, TchError> {
    let mut result = images.shallow_clone();
    let mut mirror = |dim: i64, chosen: fn(&Drawn) -> bool| -> Result<(), TchError> {
        if drawn.iter().any(chosen) {
            let mask: Vec<bool> = drawn.iter().map(chosen).collect();
            let mask = values_for(images, &mask, &[-1, 1, 1, 1])?;
            result = result.f_flip([dim])?.f_where_self(&mask, &result)?;
        }
        Ok(())
    };
    mirror(3, |drawn| drawn.flip_h)?;
    mirror(2, |drawn| drawn.flip_v)?;
    Ok(result)
}

/// The images cropped, mirrored, turned, zoomed and shifted as drawn, contiguous in memory.
fn resampled(images: &Tensor, drawn: &[Drawn], fill: FillMode) -> Result<Tensor, TchError> {
    const BILINEAR: i64 = 0;
    // The kernel is faster on contiguous values than on channels-last ones.
    let images = images.f_contiguous()?;
    let size = images.size();
    let (height, width) = (size[2] as f64, size[3] as f64);
    let theta: Vec<f32> = drawn
        .iter()
        .flat_map(|drawn| drawn.theta(width, height))
        .map(|value| value as f32)
        .collect();
    let theta = values_for(&images, &theta, &[-1, 2, 3])?;
    let grid = Tensor::f_affine_grid_generator(&theta, &size, false)?;
    let (zeros, border, reflection) = (0, 1, 2);
    let sample = |images: &Tensor, padding| images.f_grid_sampler(&grid, BILINEAR, padding, false);
    match fill {
        FillMode::Constant(0) => sample(&images, zeros),
        FillMode::Constant(value) => {
            // What does not reach becomes 0, so 0 has to mean the fill.
            let value = f64::from(value) / 255.0;
            sample(&images.f_sub_scalar(value)?, zeros)?
                .f_add_scalar_(value)?
                .f_clamp_(0.0, 1.0)
        }
        FillMode::Nearest => sample(&images, border),
        FillMode::Reflect => sample(&images, reflection),
    }
}

/// Brightness, then contrast, each cut to 0..1 as torchvision's `adjust_brightness` and `adjust_contrast` do.
fn coloured(mut images: Tensor, drawn: &[Drawn]) -> Result<Tensor, TchError> {
    let factors = |of: fn(&Drawn) -> f64| -> Result<Option<Tensor>, TchError> {
        let factors: Vec<f32> = drawn.iter().map(|drawn| of(drawn) as f32).collect();
        if factors.iter().all(|&factor| factor == 1.0) {
            return Ok(None);
        }
        values_for(&images, &factors, &[-1, 1, 1, 1]).map(Some)
    };
    let brightness = factors(|drawn| drawn.brightness)?;
    let contrast = factors(|drawn| drawn.contrast)?;
    if let Some(brightness) = brightness {
        images = images.f_mul(&brightness)?.f_clamp_(0.0, 1.0)?;
    }
    if let Some(contrast) = contrast {
        let mean = mean_grey(&images)?;
        images = images
            .f_sub(&mean)?
            .f_mul_(&contrast)?
            .f_add_(&mean)?
            .f_clamp_(0.0, 1.0)?;
    }
    Ok(images)
}

/// Mean brightness of each image, `[N, 1, 1, 1]`: ITU-R BT.601 weights as torchvision's `rgb_to_grayscale`
/// rounds them, or the grey value itself.
fn mean_grey(images: &Tensor) -> Result<Tensor, TchError> {
    const WEIGHTS: [f32; 3] = [0.2989, 0.587, 0.114];
    let means = images.f_mean_dim([2i64, 3].as_slice(), true, Kind::Float)?;
    if images.size()[1] == 1 {
        return Ok(means);
    }
    let weights = values_for(images, &WEIGHTS, &[1, 3, 1, 1])?;
    means
        .f_mul(&weights)?
        .f_sum_dim_intlist([1i64].as_slice(), true, Kind::Float)
}

#[cfg(test)]
mod tests;
