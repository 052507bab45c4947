//! Activation maximisation: an image that a class or a filter answers to most strongly.
//!
//! Gradient ascent on the image (Erhan et al. 2009) with AdamW, jitter and small rotations so that
//! the picture does not depend on single pixels. The image is `sigmoid(blur(z))` and so stays within 0..1.
//! Class scores are logits: the softmax is left away. A sigmoid has one logit for two classes: it speaks for the second
//! one, and taken negatively for the first.

use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{
    Device, Kind, TchError, Tensor,
    nn::{self, OptimizerConfig as _},
};

use super::{Given, InspectError, Inspection, Listed, Looking, Shown, Slow, Takes, colours};
use crate::{
    cancel::Cancelled,
    data::Picture,
    model::{Network, Node, Shape, network::Mode, spec::Head},
};

/// What to excite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A class, by its logit.
    Class(usize),
    /// Part of a node's output.
    Unit {
        /// Position of the node.
        layer: usize,
        /// Filter of a convolution, or value of a row.
        unit: usize,
    },
}

impl Target {
    /// What a score is the value of, for a model with this `head`, these `classes` and `nodes`: `logit of circle`.
    pub fn score_words(self, head: Head, classes: &[String], nodes: &[Node]) -> String {
        let name = |class: usize| classes.get(class).map_or("", String::as_str);
        match (self, head) {
            (Self::Class(class), Head::Softmax) => format!("logit of {}", name(class)),
            (Self::Class(class), Head::Sigmoid { .. }) => {
                let (this, other) = (name(class), name(1 - class.min(1)));
                format!("log-odds of {this} against {other}")
            }
            (Self::Unit { layer, unit }, _) => {
                let node = nodes.get(layer);
                let name = node.map_or("", |node| node.name.as_str());
                match node.map(|node| node.shape.output) {
                    Some(Shape::Maps { .. }) => format!("mean of map {unit} of {name}"),
                    _ => format!("value {unit} of {name}"),
                }
            }
        }
    }
}

/// What to excite and how.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MaximiseConfig {
    /// What to excite.
    pub target: Target,
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
    pub fn new(target: Target) -> Self {
        Self {
            target,
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
    /// Logit of the class, with a sigmoid that of the first class taken negatively, or activation of the unit (mean over
    /// its map) for this image, before jitter.
    pub score: f32,
    /// The image.
    pub picture: Picture,
}

/// The last image and what it reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Maximised {
    /// The image with its score.
    pub last: Preview,
    /// The same as numbers, 0..1, not rounded to bytes.
    pub values: Vec<f32>,
    /// Their axes, `[C, H, W]`.
    pub shape: Vec<usize>,
    /// What the score is the value of.
    pub score_of: String,
    /// The node that was excited.
    pub node: String,
}

impl Inspection for MaximiseConfig {
    type Answer = Maximised;
    type Partial = Preview;
    type Speed = Slow;
    const WORDS: &'static str = "maximise the activation";

    fn run(&self, look: &Looking<'_, Preview>) -> Result<Maximised, InspectError> {
        let (network, snapshot) = (look.network()?, look.snapshot()?);
        let (last, values) = maximise(network, self, |preview| {
            (look.progress)(preview.step, preview.steps);
            look.cancel.check()?;
            look.show(|| preview.clone());
            Ok(())
        })?;
        let input = network.spec().input;
        let nodes = network.nodes();
        let node = match self.target {
            Target::Class(_) => nodes.last(),
            Target::Unit { layer, .. } => nodes.get(layer),
        };
        Ok(Maximised {
            last,
            values,
            shape: vec![input.color_mode.channels(), input.height, input.width],
            score_of: self
                .target
                .score_words(network.spec().head, &snapshot.classes, nodes),
            node: node.map_or_else(String::new, |node| node.name.clone()),
        })
    }
}

impl Listed for MaximiseConfig {
    const NAME: &'static str = "maximise";
    const HELP: &'static str =
        "An image that a class or a filter answers to most strongly; array [C, H, W] from 0 to 1";
    const TAKES: &'static [Takes] = &[Takes::Class, Takes::Unit, Takes::Seed];

    fn given(given: &Given<'_>) -> Result<Self, String> {
        let target = match given.class {
            Some(class) => Target::Class(class),
            None => Target::Unit {
                layer: given.layer_or_convolution()?,
                unit: given.unit.unwrap_or(0),
            },
        };
        Ok(Self {
            seed: given.seed,
            ..Self::new(target)
        })
    }

    fn shown(&self, answer: &Maximised) -> Shown {
        Shown {
            picture: answer.last.picture.clone(),
            score: Some((answer.last.score, answer.score_of.clone())),
            ..Shown::of(&answer.node, answer.shape.clone(), answer.values.clone())
        }
    }
}

/// How often a preview is made.
const PREVIEW_EVERY: usize = 5;
/// Spread of the first image's `z`: almost uniform grey.
const INITIAL_SPREAD: f64 = 0.1;

/// Runs the ascent; `on_preview` sees the image every few steps and may cancel. The network must be
/// frozen ([`Network::freeze`]). Returns the last image, and the same as numbers: `[C, H, W]`, 0..1, not rounded to bytes.
///
/// # Errors
/// When there is no such layer or unit, libtorch refuses, or `on_preview` cancels.
pub fn maximise(
    network: &Network,
    config: &MaximiseConfig,
    mut on_preview: impl FnMut(&Preview) -> Result<(), Cancelled>,
) -> Result<(Preview, Vec<f32>), InspectError> {
    let part = Part::of(network, config.target)?;
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
        let output = network.forward_between(&input, Mode::Evaluate, (0, part.layer + 1), None)?;
        let mean = output.f_select(1, part.unit as i64)?.f_mean(Kind::Float)?;
        mean.f_mul_scalar(part.sign)
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
            picture: colours::pictures(&image)?.remove(0),
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

/// The part of an output that stands for a target.
struct Part {
    layer: usize,
    unit: usize,
    /// −1 where small values speak for the target.
    sign: f64,
}

impl Part {
    fn of(network: &Network, target: Target) -> Result<Self, InspectError> {
        let last = network.nodes().len().saturating_sub(1);
        let (layer, unit, sign) = match (target, network.spec().head) {
            (Target::Unit { layer, unit }, _) => (layer, unit, 1.0),
            (Target::Class(class), Head::Softmax) => (last, class, 1.0),
            (Target::Class(0), Head::Sigmoid { .. }) => (last, 0, -1.0),
            (Target::Class(1), Head::Sigmoid { .. }) => (last, 0, 1.0),
            (Target::Class(class), Head::Sigmoid { .. }) => {
                return Err(InspectError::NotThere(format!(
                    "there is no class {class}: a sigmoid has two, counted from 0"
                )));
            }
        };
        check(network, layer, unit)?;
        Ok(Self { layer, unit, sign })
    }
}

fn check(network: &Network, layer: usize, unit: usize) -> Result<(), InspectError> {
    let node = super::node(network.nodes(), layer)?;
    let units = match node.shape.output {
        Shape::Maps { channels, .. } => channels,
        Shape::Flat(values) => values,
    };
    if unit >= units {
        let name = &node.name;
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
        let blurred = |image: &Tensor, kernel: &Tensor| {
            let none = None::<&Tensor>;
            image.f_conv2d(kernel, none, [1, 1], [0, 0], [1, 1], self.channels)
        };
        let along_rows = blurred(&padded, &self.kernel)?;
        blurred(&along_rows, &self.kernel.f_transpose(2, 3)?)
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
