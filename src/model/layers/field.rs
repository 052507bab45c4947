//! A setting of a layer, as an editor draws it.

use std::ops::RangeInclusive;

use crate::model::{
    activation::Activation,
    windows::{Padding, Sides},
};

/// A setting with its name and what it is for.
#[derive(Debug)]
pub struct Field<'a> {
    /// Its name.
    pub label: &'static str,
    /// What it does, what more of it does, and the default.
    pub tip: &'static str,
    /// What is set.
    pub value: Value<'a>,
}

/// What a field sets.
#[derive(Debug)]
pub enum Value<'a> {
    /// A whole number.
    Count(&'a mut usize, RangeInclusive<usize>),
    /// A share of 0..1, at most the second.
    Share(&'a mut f64, f64),
    /// Any number, which may be far below 1.
    Number(&'a mut f64, RangeInclusive<f64>),
    /// On or off.
    Toggle(&'a mut bool),
    /// Height and width of something.
    Sides(&'a mut Sides),
    /// Zeros around maps.
    Padding(&'a mut Padding),
    /// A function of each value.
    Activation(&'a mut Activation),
}

/// Most filters, units and pixels that can be dragged to.
const MOST: usize = 65_536;
/// Sides of windows that can be dragged to.
pub const MOST_SIDE: usize = 64;

impl<'a> Field<'a> {
    /// One of its own kind.
    pub fn new(label: &'static str, tip: &'static str, value: Value<'a>) -> Self {
        Self { label, tip, value }
    }

    /// A number of filters or units.
    pub fn count(label: &'static str, tip: &'static str, value: &'a mut usize) -> Self {
        Self::new(label, tip, Value::Count(value, 1..=MOST))
    }

    /// A number of pixels of a window.
    pub fn side(label: &'static str, tip: &'static str, value: &'a mut usize) -> Self {
        Self::new(label, tip, Value::Count(value, 1..=MOST_SIDE))
    }

    /// Any number of `range`.
    pub fn number(
        label: &'static str,
        tip: &'static str,
        value: &'a mut f64,
        range: RangeInclusive<f64>,
    ) -> Self {
        Self::new(label, tip, Value::Number(value, range))
    }

    /// The epsilon of a normalisation.
    pub fn epsilon(tip: &'static str, value: &'a mut f64) -> Self {
        Self::number("Epsilon", tip, value, 1e-12..=1.0)
    }

    /// The sides of a convolution's kernel.
    pub fn kernel(value: &'a mut Sides) -> Self {
        let tip = "Side of each filter in pixels. Larger sees wider patterns. Default: 3";
        Self::new("Kernel", tip, Value::Sides(value))
    }

    /// The step of a convolution.
    pub fn stride(value: &'a mut Sides) -> Self {
        let tip = "Step of the filter in pixels. 2 halves width and height. Default: 1";
        Self::new("Stride", tip, Value::Sides(value))
    }

    /// The gaps of a convolution.
    pub fn dilation(value: &'a mut Sides) -> Self {
        let tip = "Pixels from one value of the filter to the next. With 2 a filter of 3 reaches over 5 pixels, with gaps. Default: 1";
        Self::new("Dilation", tip, Value::Sides(value))
    }

    /// Zeros around a convolution's input.
    pub fn padding(value: &'a mut Padding) -> Self {
        let tip = "Zeros around the input: none (valid), as many as keep the size at stride 1 (same), or a number. Default: same";
        Self::new("Padding", tip, Value::Padding(value))
    }

    /// What is applied to the output.
    pub fn activation(value: &'a mut Activation) -> Self {
        let tip = "Applied to every value that comes out; linear leaves them. The last layer stays linear: the head does the rest";
        Self::new("Activation", tip, Value::Activation(value))
    }
}
