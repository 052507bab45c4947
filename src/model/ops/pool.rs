//! Pooling: by windows, and of whole maps.

use tch::Kind;

use super::*;

/// Largest value of each window; pixels around the maps never win.
#[derive(Debug, Clone, PartialEq)]
pub struct MaxPool2d(pub Window);

/// Mean of each window, pixels of 0 around the maps included.
#[derive(Debug, Clone, PartialEq)]
pub struct AvgPool2d(pub Window);

/// Mean of each map, as a row of values.
#[derive(Debug, Clone, PartialEq)]
pub struct GlobalAvgPool2d;

/// Largest value of each map, as a row of values. Equal ones share the gradient, as in TensorFlow and `torch.amax`.
#[derive(Debug, Clone, PartialEq)]
pub struct GlobalMaxPool2d;

/// Mean of each map, as a map of one pixel.
#[derive(Debug, Clone, PartialEq)]
pub struct Squeeze;

fn by_windows(window: Window, input: Shape) -> Result<Shape, String> {
    let (channels, height, width) = maps(input)?;
    sides_at_least_one(&window, "size")?;
    let (height, width) = window.positions(height, width)?;
    Ok(Shape::Maps {
        channels,
        height,
        width,
    })
}

impl Operation for MaxPool2d {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        by_windows(self.0, input)
    }

    fn apply(&self, inputs: &[Tensor], _: bool, _: &Weights<'_>) -> Output {
        let [size, stride, padding, dilation] = sides(self.0);
        input(inputs, 0)?.f_max_pool2d(size, stride, padding, dilation, false)
    }

    /// The positions of the largest values are eight bytes each.
    fn kept_values(&self, output: usize) -> usize {
        output.saturating_mul(3)
    }
}

impl Operation for AvgPool2d {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        by_windows(self.0, input)
    }

    fn apply(&self, inputs: &[Tensor], _: bool, _: &Weights<'_>) -> Output {
        let [size, stride, padding, _] = sides(self.0);
        input(inputs, 0)?.f_avg_pool2d(size, stride, padding, false, true, None)
    }
}

/// Size, stride, padding and dilation.
fn sides(window: Window) -> [[i64; 2]; 4] {
    [window.size, window.stride, window.padding, window.dilation].map(Sides::dims)
}

impl Operation for GlobalAvgPool2d {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        maps(input).map(|(channels, ..)| Shape::Flat(channels))
    }

    fn apply(&self, inputs: &[Tensor], _: bool, _: &Weights<'_>) -> Output {
        input(inputs, 0)?.f_mean_dim([2i64, 3].as_slice(), false, None::<Kind>)
    }
}

impl Operation for GlobalMaxPool2d {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        maps(input).map(|(channels, ..)| Shape::Flat(channels))
    }

    fn apply(&self, inputs: &[Tensor], _: bool, _: &Weights<'_>) -> Output {
        input(inputs, 0)?.f_amax([2i64, 3].as_slice(), false)
    }

    /// The way back looks for where it stood.
    fn is_output_free(&self) -> bool {
        false
    }
}

impl Operation for Squeeze {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        maps(input).map(|(channels, ..)| Shape::Maps {
            channels,
            height: 1,
            width: 1,
        })
    }

    fn apply(&self, inputs: &[Tensor], _: bool, _: &Weights<'_>) -> Output {
        input(inputs, 0)?.f_mean_dim([2i64, 3].as_slice(), true, None::<Kind>)
    }
}
