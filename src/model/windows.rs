//! Windows that slide over maps, as convolutions and pooling have them: how many positions fit, in numbers and as a
//! formula.

use serde::{Deserialize, Serialize};

use super::{
    arithmetic::Line,
    shapes::{LayerShape, Shape},
};
use crate::format::thousands;

/// Zeros around a convolution's input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Padding {
    /// None: the output shrinks by kernel − 1.
    #[default]
    Valid,
    /// As many as keep the size at stride 1 (odd kernels only).
    Same,
    /// This many on every side.
    Pixels(usize),
}

impl Padding {
    /// Pixels of zeros on each side of what a kernel of this side sees.
    ///
    /// # Errors
    /// `Same` with an even kernel would need more on one side than on the other.
    pub fn pixels(self, kernel: usize) -> Result<usize, String> {
        match self {
            Self::Valid => Ok(0),
            Self::Pixels(pixels) => Ok(pixels),
            Self::Same if kernel % 2 == 1 => Ok(kernel / 2),
            Self::Same => Err(format!(
                "padding same needs an odd kernel, this one is {kernel}: use an odd size or a number of pixels"
            )),
        }
    }

    /// As a table writes it.
    pub fn words(self) -> String {
        match self {
            Self::Valid => "valid".to_owned(),
            Self::Same => "same".to_owned(),
            Self::Pixels(pixels) => format!("padding {pixels}"),
        }
    }
}

/// A window that slides over maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Side in pixels.
    pub size: usize,
    /// Step in pixels.
    pub stride: usize,
    /// Pixels around the maps, on every side.
    pub padding: usize,
}

impl Window {
    /// `⌊(side + 2·padding − window) / stride⌋ + 1`, how many positions fit, for height and width.
    ///
    /// # Errors
    /// When none fits, with what to do.
    pub fn positions(&self, height: usize, width: usize) -> Result<(usize, usize), String> {
        let Self {
            size,
            stride,
            padding,
        } = *self;
        let of = |side: usize| {
            let padded = padding.saturating_mul(2).saturating_add(side);
            match padded.checked_sub(size) {
                Some(room) => Ok(room / stride + 1),
                None => Err(format!(
                    "its window of {size} is larger than the {padded} pixels it gets: use a smaller window or fewer pooling layers"
                )),
            }
        };
        Ok((of(height)?, of(width)?))
    }

    /// The same with the numbers of `shape`: height and width in one line where they are the same. `each` says where
    /// the channels come from.
    pub fn lines(&self, shape: &LayerShape, each: &str) -> Vec<Line> {
        let (
            Shape::Maps { height, width, .. },
            Shape::Maps {
                channels,
                height: rows,
                width: columns,
            },
        ) = (shape.input, shape.output)
        else {
            return Vec::new();
        };
        let Self {
            size,
            stride,
            padding,
        } = self;
        let side = |name: &'static str, before: usize, after: usize| {
            let (before, after) = (thousands(before), thousands(after));
            let formula = format!("⌊({before} + 2·{padding} − {size}) / {stride}⌋ + 1 = {after}");
            Line::new(name, formula)
        };
        let mut lines = if (height, rows) == (width, columns) {
            vec![side("Height, width", height, rows)]
        } else {
            vec![side("Height", height, rows), side("Width", width, columns)]
        };
        let channels = format!("{}, {each}", thousands(channels));
        lines.push(Line::new("Channels", channels));
        lines
    }
}
