//! What a layer makes of an image.

use std::convert::Infallible;

use super::{
    Given, InspectError, Inspection, Listed, Looking, Quick, Shown, Takes,
    colours::{ColourScale, Grid, MapPainter, value_range},
};
use crate::{
    colours::TILE_BACKGROUND,
    data::Picture,
    model::{Network, Shape, network::Mode},
};

/// Asks for one node's output for an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapsOfLayer {
    /// Position of the node.
    pub layer: usize,
}

impl Inspection for MapsOfLayer {
    type Answer = FeatureMaps;
    type Partial = Infallible;
    type Speed = Quick;
    const WORDS: &'static str = "compute feature maps";

    fn run(&self, look: &Looking<'_, Infallible>) -> Result<FeatureMaps, InspectError> {
        let network = look.network()?;
        let rgb = look.resized(&network.spec().input)?;
        feature_maps(network, look.snapshot()?.epoch, &rgb, self.layer)
    }
}

impl Listed for MapsOfLayer {
    const NAME: &'static str = "feature-maps";
    const HELP: &'static str =
        "What a layer makes of IMAGE; array [C, H, W], or [N] for a row of values";
    const TAKES: &'static [Takes] = &[Takes::Image];

    fn given(given: &Given<'_>) -> Result<Self, String> {
        let layer = given.layer_or_convolution()?;
        Ok(Self { layer })
    }

    fn shown(&self, maps: &FeatureMaps) -> Shown {
        Shown {
            picture: maps.picture(ColourScale::Viridis, TILE_BACKGROUND),
            ..Shown::of(&maps.name, maps.shape.dims(), maps.values.clone())
        }
    }
}

/// One layer's output for one image. Plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureMaps {
    /// Position of the node.
    pub layer: usize,
    /// Its name.
    pub name: String,
    /// Its output shape.
    pub shape: Shape,
    /// Epochs the weights had been trained for.
    pub epoch: usize,
    /// `[C, H, W]` or `[N]`, in units of the layer.
    pub values: Vec<f32>,
    /// Smallest and largest of the values; kept, since a panel asks in every frame.
    pub range: (f32, f32),
}

impl FeatureMaps {
    /// Number of maps; a row of values is one map.
    pub fn count(&self) -> usize {
        match self.shape {
            Shape::Maps { channels, .. } => channels,
            Shape::Flat(_) => 1,
        }
    }

    /// Width and height of a map; a row of values is folded into a square as good as possible.
    pub fn map_size(&self) -> (usize, usize) {
        match self.shape {
            Shape::Maps { height, width, .. } => (width, height),
            Shape::Flat(values) => {
                let width = (values as f64).sqrt().ceil().max(1.0) as usize;
                (width, values.div_ceil(width))
            }
        }
    }

    /// The values of one map; empty when there is none.
    pub fn map(&self, index: usize) -> &[f32] {
        let area = self.values.len() / self.count().max(1);
        self.values
            .get(index * area..(index + 1) * area)
            .unwrap_or(&[])
    }

    /// Tiles of [`Self::picture`]: ⌈√n⌉ columns.
    pub fn grid(&self) -> Grid {
        let (width, height) = self.map_size();
        Grid::square(self.count(), width, height)
    }

    /// All maps in one picture, on one colour range.
    pub fn picture(&self, scale: ColourScale, background: [u8; 3]) -> Picture {
        let painter = MapPainter::new(self.range, scale);
        let (width, height) = self.map_size();
        let tiles = (0..self.count()).map(|index| {
            let mut tile = painter.paint(self.map(index), width);
            // A folded row may not fill its square.
            tile.height = height;
            tile.rgb.resize(width * height * 3, background[0]);
            tile
        });
        self.grid().paint(tiles, background)
    }
}

/// Runs `rgb` (`[H, W, 3]`, the network's input size) through the network up to layer `layer`.
///
/// # Errors
/// When there is no such layer or libtorch refuses.
pub fn feature_maps(
    network: &Network,
    epoch: usize,
    rgb: &[u8],
    layer: usize,
) -> Result<FeatureMaps, InspectError> {
    let node = super::node(network.nodes(), layer)?;
    let _no_grad = tch::no_grad_guard();
    let input = network.input(rgb)?;
    let output = network.forward_between(&input, Mode::Evaluate, (0, layer + 1), None)?;
    let values = Vec::<f32>::try_from(output.f_contiguous()?.f_flatten(0, -1)?)?;
    Ok(FeatureMaps {
        layer,
        name: node.name.clone(),
        shape: node.shape.output,
        epoch,
        range: value_range(&values),
        values,
    })
}
