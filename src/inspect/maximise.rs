//! Activation maximisation: an image that a class or a filter answers to most strongly.
//!
//! Gradient ascent on the image (Erhan et al. 2009) with AdamW, jitter and small rotations so that
//! the picture does not depend on single pixels. The image is `sigmoid(blur(z))` and so stays within 0..1.
//! Class scores are logits: the softmax is left away.

use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{
    Device, Kind, TchError, Tensor,
    nn::{self, OptimizerConfig as _},
};

use super::InspectError;
use crate::{
    cancel::Cancelled,
    data::Picture,
    model::{Network, Shape, network::Mode},
};

/// What to excite and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MaximiseConfig {
    /// Layer whose output is looked at; the last one for a class.
    pub layer: usize,
    /// Filter of a convolution, value of a row, or class.
    pub unit: usize,
    /// Steps of AdamW.
    pub steps: usize,
    /// Step size.
    pub learning_rate: f64,
    /// Largest shift in pixels, each step a random one.
    pub jitter: i64,
    /// Largest rotation in degrees, each step a random one.
    pub rotation_degrees: f64,
    /// Decides the first image, shifts and rotations.
    pub seed: u64,
}

impl MaximiseConfig {
    /// The recipes' settings: 200 steps, AdamW 0.5, rotation ±2°, jitter of four pixels.
    pub fn new(layer: usize, unit: usize) -> Self {
        Self {
            layer,
            unit,
            steps: 200,
            learning_rate: 0.5,
            jitter: 4,
            rotation_degrees: 2.0,
            seed: 0,
        }
    }
}

/// The image after some steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// Steps done.
    pub step: usize,
    /// Steps in all.
    pub steps: usize,
    /// Activation of the unit (mean over its map) for this image, before jitter.
    pub score: f32,
    /// The image.
    pub picture: Picture,
}

/// How often a preview is made.
const PREVIEW_EVERY: usize = 5;
/// Spread of the first image's `z`: almost uniform grey.
const INITIAL_SPREAD: f64 = 0.1;

/// Runs the ascent; `on_preview` sees the image every few steps and may cancel. The network must be
/// frozen ([`Network::freeze`]). Returns the last image.
///
/// # Errors
/// When there is no such layer or unit, libtorch refuses, or `on_preview` cancels.
pub fn maximise(
    network: &Network,
    config: &MaximiseConfig,
    on_preview: impl FnMut(&Preview) -> Result<(), Cancelled>,
) -> Result<Preview, InspectError> {
    Ok(maximise_exact(network, config, on_preview)?.0)
}

/// Like [`maximise`], with the image as numbers too: `[C, H, W]`, 0..1, not rounded to bytes.
///
/// # Errors
/// Like [`maximise`].
pub fn maximise_exact(
    network: &Network,
    config: &MaximiseConfig,
    mut on_preview: impl FnMut(&Preview) -> Result<(), Cancelled>,
) -> Result<(Preview, Vec<f32>), InspectError> {
    check(network, config)?;
    let input = network.spec().input;
    let (height, width) = (input.height as i64, input.width as i64);
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    let channels = input.color_mode.channels() as i64;
    let noise: Vec<f32> = (0..channels * height * width)
        .map(|_| ((2.0 * rng.random::<f64>() - 1.0) * INITIAL_SPREAD) as f32)
        .collect();
    let store = nn::VarStore::new(network.placement().device);
    let z = store.root().var_copy(
        "image",
        &Tensor::f_from_slice(&noise)?.f_view([1, channels, height, width])?,
    );
    let mut optimizer = nn::AdamW::default().build(&store, config.learning_rate)?;
    let score = |image: &Tensor| -> Result<Tensor, TchError> {
        let input = network.normalised(image)?;
        let output = network.forward_until(&input, Mode::Evaluate, config.layer + 1, |_, _| {})?;
        output.f_select(1, config.unit as i64)?.f_mean(Kind::Float)
    };
    let smoothing = Smoothing::new(channels, network.placement().device)?;
    let image = || smoothing.apply(&z)?.f_sigmoid();
    let preview = |step: usize| -> Result<Preview, TchError> {
        let _no_grad = tch::no_grad_guard();
        let image = image()?;
        let score = score(&image)?.f_double_value(&[])? as f32;
        Ok(Preview {
            step,
            steps: config.steps,
            score,
            picture: to_picture(&image, input.width, input.height)?,
        })
    };
    for step in 0..config.steps {
        if step % PREVIEW_EVERY == 0 {
            on_preview(&preview(step)?)?;
        }
        let loss = score(&transformed(&image()?, config, &mut rng)?)?.f_neg()?;
        optimizer.zero_grad();
        loss.f_backward()?;
        optimizer.step();
    }
    let values = Vec::<f32>::try_from(image()?.f_detach()?.f_flatten(0, -1)?)?;
    Ok((preview(config.steps)?, values))
}

fn check(network: &Network, config: &MaximiseConfig) -> Result<(), InspectError> {
    let layers = network.nodes().len();
    let Some(node) = network.nodes().get(config.layer) else {
        let number = config.layer + 1;
        return Err(InspectError::NotThere(format!(
            "there is no layer {number}: the network has {layers}"
        )));
    };
    let units = match node.shape.output {
        Shape::Maps { channels, .. } => channels,
        Shape::Flat(values) => values,
    };
    if config.unit >= units {
        let name = &node.name;
        let unit = config.unit;
        return Err(InspectError::NotThere(format!(
            "there is no unit {unit} in {name}: it has {units}, counted from 0"
        )));
    }
    Ok(())
}

/// A Gaussian blur of `z`. Without it the ascent fills areas with single-pixel noise, which small
/// filters like and people cannot read; blurring `z` rather than adding a penalty needs no weight that
/// would have to fit the unit's range.
struct Smoothing {
    /// `[C, 1, 1, 2 · RADIUS + 1]`, sum 1 for each channel.
    kernel: Tensor,
    channels: i64,
}

impl Smoothing {
    /// Standard deviation in pixels.
    const SIGMA: f64 = 1.0;
    /// Three standard deviations hold all but 0.3 % of the weight.
    const RADIUS: i64 = 3;

    fn new(channels: i64, device: Device) -> Result<Self, TchError> {
        let weight = |at: i64| (-0.5 * (at as f64 / Self::SIGMA).powi(2)).exp();
        let sum: f64 = (-Self::RADIUS..=Self::RADIUS).map(weight).sum();
        let row: Vec<f32> = (-Self::RADIUS..=Self::RADIUS)
            .map(|at| (weight(at) / sum) as f32)
            .collect();
        let kernel = Tensor::f_from_slice(&row)?
            .f_view([1, 1, 1, -1])?
            .f_repeat([channels, 1, 1, 1])?;
        Ok(Self {
            kernel: kernel.f_to_device(device)?,
            channels,
        })
    }

    /// Blurs `[1, C, H, W]` along rows, then along columns; edges are continued outwards.
    fn apply(&self, image: &Tensor) -> Result<Tensor, TchError> {
        let padded = image.f_replication_pad2d([Self::RADIUS; 4])?;
        let along_rows = padded.f_conv2d(
            &self.kernel,
            None::<&Tensor>,
            [1, 1],
            [0, 0],
            [1, 1],
            self.channels,
        )?;
        let columns = self.kernel.f_transpose(2, 3)?;
        along_rows.f_conv2d(
            &columns,
            None::<&Tensor>,
            [1, 1],
            [0, 0],
            [1, 1],
            self.channels,
        )
    }
}

/// The image shifted and turned by a little.
fn transformed(
    image: &Tensor,
    config: &MaximiseConfig,
    rng: &mut ChaCha8Rng,
) -> Result<Tensor, TchError> {
    let jitter = config.jitter.max(0);
    let shift = [
        rng.random_range(-jitter..=jitter),
        rng.random_range(-jitter..=jitter),
    ];
    let image = image.f_roll(shift, [2, 3])?;
    let degrees = config.rotation_degrees * (2.0 * rng.random::<f64>() - 1.0);
    if degrees == 0.0 {
        return Ok(image);
    }
    let (sin, cos) = degrees.to_radians().sin_cos();
    let matrix = [cos, -sin, 0.0, sin, cos, 0.0].map(|value| value as f32);
    let theta = Tensor::f_from_slice(&matrix)?
        .f_view([1, 2, 3])?
        .f_to_device(image.device())?;
    let grid = Tensor::f_affine_grid_generator(&theta, image.size(), false)?;
    const BILINEAR: i64 = 0;
    const BORDER: i64 = 1;
    image.f_grid_sampler(&grid, BILINEAR, BORDER, false)
}

/// `[1, C, H, W]` in 0..1 as RGB bytes.
fn to_picture(image: &Tensor, width: usize, height: usize) -> Result<Picture, TchError> {
    let bytes = image
        .f_expand([1, 3, -1, -1], false)?
        .f_mul_scalar(255.0)?
        .f_round()?
        .f_permute([0, 2, 3, 1])?
        .f_contiguous()?
        .f_flatten(0, -1)?
        .f_to_kind(Kind::Uint8)?;
    Ok(Picture {
        width,
        height,
        rgb: Vec::<u8>::try_from(bytes)?,
    })
}
