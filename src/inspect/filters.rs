//! The kernels of a convolution, read from a snapshot.

use std::convert::Infallible;

use super::{
    Given, InspectError, Inspection, Listed, Looking, Quick, Shown,
    colours::{ColourScale, Grid, MapPainter},
};
use crate::{
    colours::TILE_BACKGROUND,
    data::Picture,
    model::{
        Node, WeightSnapshot,
        graph::{self, Op},
    },
};

/// Weights of one convolution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kernels<'a> {
    /// Output channels.
    pub filters: usize,
    /// Input channels.
    pub channels: usize,
    /// Rows of a kernel.
    pub size: usize,
    /// Columns of a kernel.
    pub width: usize,
    /// `[filters, channels, size, width]`.
    pub values: &'a [f32],
    /// Filters that [`Kernels::picture`] shows, from the first.
    pub rows: usize,
    /// Input channels that it shows, from the first.
    pub columns: usize,
}

/// Asks for the kernels of one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filters {
    /// Position of the node.
    pub layer: usize,
}

/// Names that a sentence lists.
const MOST_NAMES: usize = 12;

impl Inspection for Filters {
    type Answer = Shown;
    type Partial = Infallible;
    type Speed = Quick;
    const WORDS: &'static str = "show the filters";

    fn run(&self, look: &Looking<'_, Infallible>) -> Result<Shown, InspectError> {
        let snapshot = look.snapshot()?;
        let nodes = graph::nodes(&snapshot.spec).unwrap_or_default();
        let node = nodes.get(self.layer);
        let Some((node, kernels)) = node.and_then(|node| Some((node, kernels(snapshot, node)?)))
        else {
            return Err(InspectError::NotThere(no_filters(&nodes, node)));
        };
        let Kernels { values, size, .. } = kernels;
        let shape = vec![kernels.filters, kernels.channels, size, kernels.width];
        Ok(Shown {
            picture: kernels.picture(kernels.limit(), TILE_BACKGROUND),
            ..Shown::of(&node.name, shape, values.to_vec())
        })
    }
}

fn no_filters(nodes: &[Node], node: Option<&Node>) -> String {
    let known = convolutions(nodes);
    let more = if known.len() > MOST_NAMES {
        ", …"
    } else {
        ""
    };
    let names = known.iter().take(MOST_NAMES);
    let names: Vec<&str> = names.map(|index| nodes[*index].name.as_str()).collect();
    let (name, op) = node.map_or(("it", "missing"), |node| (&node.name, node.op.word()));
    format!(
        "{name} is a {op} layer without filters: the convolutions are {}{more}",
        names.join(", ")
    )
}

impl Listed for Filters {
    const NAME: &'static str = "filters";
    const HELP: &'static str = "The kernels of a convolution: a row per filter, a column per input channel; array [F, C, K, K]";

    fn given(given: &Given<'_>) -> Result<Self, String> {
        let layer = given.layer_or_convolution()?;
        Ok(Self { layer })
    }

    fn shown(&self, answer: &Shown) -> Shown {
        answer.clone()
    }
}

/// Positions of the convolutions among `nodes`.
pub fn convolutions(nodes: &[Node]) -> Vec<usize> {
    let is_one = |node: &usize| matches!(nodes[*node].op, Op::Conv2d(_));
    (0..nodes.len()).filter(is_one).collect()
}

/// The kernels of `node`; `None` when it is not a convolution.
pub fn kernels<'a>(snapshot: &'a WeightSnapshot, node: &Node) -> Option<Kernels<'a>> {
    if !matches!(node.op, Op::Conv2d(_)) {
        return None;
    }
    let array = snapshot.array(&format!("{}.weight", node.name))?;
    let [filters, channels, size, width] = *array.shape.as_slice() else {
        return None;
    };
    Some(Kernels {
        filters,
        channels,
        size,
        width,
        values: &array.values,
        rows: filters,
        columns: channels,
    })
}

impl Kernels<'_> {
    /// With as many filters and channels as make a picture of at most `side` pixels: the convolutions of
    /// published networks have up to a million kernels.
    pub fn within(self, side: usize) -> Self {
        let most = Grid::tiles_within(side, self.size.max(self.width));
        Self {
            rows: self.rows.min(most),
            columns: self.columns.min(most),
            ..self
        }
    }

    /// The kernel of one filter over one input channel, `[size, width]`; empty when there is none.
    pub fn kernel(&self, filter: usize, channel: usize) -> &[f32] {
        let area = self.size * self.width;
        let start = (filter * self.channels + channel) * area;
        self.values.get(start..start + area).unwrap_or(&[])
    }

    /// The largest absolute weight, for a colour range symmetric about zero; never 0.
    pub fn limit(&self) -> f32 {
        let sizes = self.values.iter().map(|value| value.abs());
        let largest = sizes.fold(0.0, f32::max);
        if largest > 0.0 && largest.is_finite() {
            largest
        } else {
            1.0
        }
    }

    /// Tiles of [`Self::picture`]: a row for each filter, a column for each input channel.
    pub fn grid(&self) -> Grid {
        Grid {
            columns: self.columns,
            rows: self.rows,
            tile_width: self.width,
            tile_height: self.size,
        }
    }

    /// All kernels in blue, white and red, `±limit` being the ends of the scale.
    pub fn picture(&self, limit: f32, background: [u8; 3]) -> Picture {
        let painter = MapPainter::new((-limit, limit), ColourScale::BlueWhiteRed);
        let tiles = (0..self.rows * self.columns).map(|index| {
            let kernel = self.kernel(index / self.columns, index % self.columns);
            painter.paint(kernel, self.width)
        });
        self.grid().paint(tiles, background)
    }
}
