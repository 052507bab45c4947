//! Windows that slide over maps, as convolutions and pooling have them: how many positions fit, in numbers and as a
//! formula.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    arithmetic::Line,
    shapes::{LayerShape, Shape},
};
use crate::format::thousands;

/// Height and width of something. In files one number where they are the same: `3`, `(3, 5)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sides {
    /// Along the rows.
    pub height: usize,
    /// Along the columns.
    pub width: usize,
}

impl Sides {
    /// One pixel, which changes nothing as a stride and as a dilation.
    pub const ONE: Self = Self {
        height: 1,
        width: 1,
    };

    /// Whether both are the same.
    pub fn is_square(self) -> bool {
        self.height == self.width
    }

    /// Whether this is [`Self::ONE`], which files leave out.
    pub fn is_one(&self) -> bool {
        *self == Self::ONE
    }

    /// `[height, width]`, as libtorch wants them.
    pub fn dims(self) -> [i64; 2] {
        [self.height as i64, self.width as i64]
    }

    /// `3·5`, a product.
    pub fn product(self) -> String {
        format!("{}·{}", self.height, self.width)
    }

    /// ` dilation 2` behind a layer's settings; nothing where it is 1.
    pub fn suffix(self, name: &str) -> String {
        match self {
            Self::ONE => String::new(),
            sides if sides.is_square() => format!(" {name} {}", sides.height),
            sides => format!(" {name} {sides}"),
        }
    }

    fn with(self, other: Self, f: impl Fn(usize, usize) -> usize) -> Self {
        Self {
            height: f(self.height, other.height),
            width: f(self.width, other.width),
        }
    }
}

impl Default for Sides {
    fn default() -> Self {
        Self::ONE
    }
}

impl From<usize> for Sides {
    fn from(side: usize) -> Self {
        Self {
            height: side,
            width: side,
        }
    }
}

impl fmt::Display for Sides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}", self.height, self.width)
    }
}

impl Serialize for Sides {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_square() {
            self.height.serialize(serializer)
        } else {
            (self.height, self.width).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Sides {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a number of pixels, or two: height and width")]
        enum Written {
            One(usize),
            Two(usize, usize),
        }
        Ok(match Written::deserialize(from)? {
            Written::One(side) => side.into(),
            Written::Two(height, width) => Self { height, width },
        })
    }
}

/// Zeros around a convolution's input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Padding {
    /// None: the output shrinks by kernel − 1.
    #[default]
    Valid,
    /// As many as keep the size at stride 1 (odd kernels only).
    Same,
    /// This many above and below, and at the left and the right.
    Pixels(Sides),
}

impl Padding {
    /// Pixels of zeros on each side of what a kernel that reaches over `span` pixels sees.
    ///
    /// # Errors
    /// `Same` with an even kernel would need more on one side than on the other.
    fn pixels(self, span: Sides) -> Result<Sides, String> {
        match self {
            Self::Valid => Ok(0.into()),
            Self::Pixels(pixels) => Ok(pixels),
            Self::Same => match [span.height, span.width]
                .into_iter()
                .find(|side| side % 2 == 0)
            {
                None => Ok(span.with(span, |side, _| side / 2)),
                Some(even) => Err(format!(
                    "padding same needs an odd kernel, this one is {even}: use an odd size or a number of pixels"
                )),
            },
        }
    }

    /// As a table writes it.
    pub fn words(self) -> String {
        match self {
            Self::Valid => "valid".to_owned(),
            Self::Same => "same".to_owned(),
            Self::Pixels(pixels) if pixels.is_square() => format!("padding {}", pixels.height),
            Self::Pixels(pixels) => format!("padding {pixels}"),
        }
    }
}

/// A window that slides over maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its values.
    pub size: Sides,
    /// Step in pixels.
    pub stride: Sides,
    /// Pixels around the maps.
    pub padding: Sides,
    /// From one of its values to the next, in pixels.
    pub dilation: Sides,
}

impl Window {
    /// A square one without gaps.
    pub fn square(size: usize, stride: usize, padding: usize) -> Self {
        Self {
            size: size.into(),
            stride: stride.into(),
            padding: padding.into(),
            dilation: Sides::ONE,
        }
    }

    /// A kernel with this padding.
    ///
    /// # Errors
    /// When the padding does not fit the kernel.
    pub fn padded(
        size: Sides,
        stride: Sides,
        padding: Padding,
        dilation: Sides,
    ) -> Result<Self, String> {
        let mut window = Self {
            size,
            stride,
            padding: 0.into(),
            dilation,
        };
        window.padding = padding.pixels(window.span())?;
        Ok(window)
    }

    /// `dilation·(size − 1) + 1`, the pixels from its first value to its last.
    pub fn span(&self) -> Sides {
        self.dilation.with(self.size, |dilation, size| {
            let gaps = dilation.saturating_mul(size.saturating_sub(1));
            gaps.saturating_add(1)
        })
    }

    /// `⌊(side + 2·padding − window) / stride⌋ + 1`, how many positions fit, for height and width.
    ///
    /// # Errors
    /// When none fits, with what to do.
    pub fn positions(&self, height: usize, width: usize) -> Result<(usize, usize), String> {
        let of = |side: usize, padding: usize, span: usize, stride: usize| {
            let padded = padding.saturating_mul(2).saturating_add(side);
            match padded.checked_sub(span) {
                Some(room) => Ok(room / stride.max(1) + 1),
                None => Err(format!(
                    "its window of {span} is larger than the {padded} pixels it gets: use a smaller window or fewer pooling layers"
                )),
            }
        };
        let (span, stride, padding) = (self.span(), self.stride, self.padding);
        Ok((
            of(height, padding.height, span.height, stride.height)?,
            of(width, padding.width, span.width, stride.width)?,
        ))
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
        let (span, size) = (self.span(), self.size);
        let (padding, stride) = (self.padding, self.stride);
        let formula = |before: usize, after: usize, [padding, span, stride]: [usize; 3]| {
            let (before, after) = (thousands(before), thousands(after));
            format!("⌊({before} + 2·{padding} − {span}) / {stride}⌋ + 1 = {after}")
        };
        let high = formula(height, rows, [padding.height, span.height, stride.height]);
        let wide = formula(width, columns, [padding.width, span.width, stride.width]);
        let mut lines = Vec::new();
        if !self.dilation.is_one() {
            let reach = |dilation, size, span| format!("{dilation}·({size} − 1) + 1 = {span}");
            let high = reach(self.dilation.height, size.height, span.height);
            let wide = reach(self.dilation.width, size.width, span.width);
            let both = if high == wide {
                high
            } else {
                format!("{high}, {wide}")
            };
            lines.push(Line::new("Reach", both));
        }
        if high == wide {
            lines.push(Line::new("Height, width", high));
        } else {
            lines.extend([Line::new("Height", high), Line::new("Width", wide)]);
        }
        let channels = format!("{}, {each}", thousands(channels));
        lines.push(Line::new("Channels", channels));
        lines
    }
}
