//! What nodes compute: one file for each operation or family of them, and a line in the table below.
//!
//! A file holds all that is particular to an operation: its shape rule, the arrays that it needs and how they begin,
//! what it computes in libtorch, and what the way back keeps of it.

use std::fmt;

use tch::{TchError, Tensor};

use super::{
    compute::{Weights, activate},
    parameters::{Needed, Start, with_bias},
    shapes::{LayerShape, Shape, checked_values},
    windows::{Sides, Window},
};

/// What computing gives.
type Output = Result<Tensor, TchError>;

/// One operation of a forward pass.
pub trait Operation: fmt::Debug {
    /// What comes out when this goes in.
    ///
    /// # Errors
    /// Why it does not fit, and what to do.
    fn output(&self, input: Shape) -> Result<Shape, String>;

    /// Whether it takes these beside its first input.
    fn takes(&self, others: &[Shape], _input: Shape) -> bool {
        others.is_empty()
    }

    /// Multiplications, each with its addition, for one image.
    fn multiply_adds(&self, _input: Shape, _output: Shape) -> usize {
        0
    }

    /// The arrays that it needs.
    fn arrays(&self, _input: Shape) -> Vec<Needed> {
        Vec::new()
    }

    /// Its output; with `mine` the first input may be overwritten.
    ///
    /// # Errors
    /// When libtorch refuses.
    fn apply(
        &self,
        inputs: &[Tensor],
        mine: bool,
        weights: &Weights<'_>,
    ) -> Result<Tensor, TchError>;

    /// Whether what it gives is new memory that nothing on the way back reads, so that the next node may overwrite it.
    /// What hands its input on gives no new memory.
    fn is_output_free(&self) -> bool {
        !self.activation().needs_output()
    }

    /// Values that the way back keeps of it, where it gives so many: those before its function where that is not computed
    /// in place, and those after.
    fn kept_values(&self, output: usize) -> usize {
        output.saturating_mul(if self.activation().is_in_place() {
            1
        } else {
            2
        })
    }

    /// Applied to its output at last.
    fn activation(&self) -> Activation {
        Activation::Linear
    }

    /// Whether it draws random numbers while training even where it is frozen.
    fn is_random_where_frozen(&self) -> bool {
        false
    }

    /// Whether, where it is trained, the other images of a batch change what it makes of one.
    fn looks_at_batch(&self) -> bool {
        false
    }
}

impl dyn Operation {
    /// What it makes of its inputs.
    ///
    /// # Errors
    /// Why it does not fit, and what to do.
    pub fn shape(&self, inputs: &[Shape]) -> Result<LayerShape, String> {
        let [input, others @ ..] = inputs else {
            return Err("it has no input".into());
        };
        let input = *input;
        if !self.takes(others, input) {
            return Err("its two inputs do not have the same shape".into());
        }
        let output = self.output(input)?;
        checked_values(output)?;
        Ok(LayerShape {
            input,
            output,
            parameters: self.values(input, true),
            multiply_adds: self.multiply_adds(input, output),
        })
    }

    /// Values that it keeps beside what it learns, such as running means and variances.
    pub fn running_values(&self, input: Shape) -> usize {
        self.values(input, false)
    }

    /// Values of its arrays that are learned, or of the others.
    fn values(&self, input: Shape, learned: bool) -> usize {
        let arrays = self.arrays(input).into_iter();
        let wanted = arrays.filter(|(.., is_learned)| *is_learned == learned);
        let sizes = wanted.map(|(_, dims, ..)| dims.into_iter().fold(1, usize::saturating_mul));
        sizes.fold(0, usize::saturating_add)
    }
}

/// `file: Operation, …;` of each file.
macro_rules! table {
    ($($file:ident: $($op:ident),+;)*) => {
        $(mod $file; pub use $file::{$($op),+};)*
        table!(@$($($op)+)*);
    };
    (@$($op:ident)*) => {
        kinds! {
            /// What a node computes.
            Op: dyn Operation { $($op)* }
        }

        impl Op {
            /// Its name as the field writes it.
            pub fn word(&self) -> &'static str {
                if let Self::Activation(activation) = self {
                    return activation.word();
                }
                match self {
                    $(Self::$op(_) => stringify!($op),)*
                }
            }
        }

    };
}

table! {
    activation: Activation;
    batch_norm2d: BatchNorm2d;
    conv2d: Conv2d;
    dense: Dense;
    layer_norm2d: LayerNorm2d;
    merge: Add, Multiply;
    pool: MaxPool2d, AvgPool2d, GlobalAvgPool2d, GlobalMaxPool2d, Squeeze;
    random: Dropout, Dropout2d, StochasticDepth;
    rescaling: Rescaling, Flatten;
}

/// The input at `at`.
fn input(inputs: &[Tensor], at: usize) -> Result<&Tensor, TchError> {
    let lost = || TchError::Torch("a node has too few inputs".into());
    inputs.get(at).ok_or_else(lost)
}

/// Channels, height and width of maps.
fn maps(input: Shape) -> Result<(usize, usize, usize), String> {
    match input {
        Shape::Maps {
            channels,
            height,
            width,
        } if height > 0 && width > 0 => Ok((channels, height, width)),
        Shape::Maps { .. } => Err("the input image has no pixels: set its width and height".into()),
        Shape::Flat(values) => Err(format!(
            "it needs feature maps, but the layers above give one row of {values} values: move it above the flatten layer"
        )),
    }
}

fn sides_at_least_one(window: &Window, size: &'static str) -> Result<(), String> {
    let sides = [
        (size, window.size),
        ("stride", window.stride),
        ("dilation", window.dilation),
    ];
    at_least_one(&sides.map(|(name, sides)| (name, sides.height.min(sides.width))))
}

fn at_least_one(settings: &[(&str, usize)]) -> Result<(), String> {
    match settings.iter().find(|(_, value)| *value == 0) {
        Some((name, _)) => Err(format!("its {name} is 0: use at least 1")),
        None => Ok(()),
    }
}
