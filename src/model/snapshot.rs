//! Weights as plain data: what the trainer publishes, the inspector rebuilds models from and files keep.

use std::sync::Arc;

use super::spec::ModelSpec;

/// A named f32 array in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedArray {
    /// `layer.weight` or `layer.bias`.
    pub name: String,
    /// Convolution weights `[filters, channels, height, width]`, dense weights `[units, inputs]`, biases `[units]`.
    pub shape: Vec<usize>,
    /// `shape.iter().product()` values.
    pub values: Vec<f32>,
}

/// A deep copy of a model's weights at one moment, with what is needed to rebuild the model.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightSnapshot {
    /// The network the weights belong to.
    pub spec: Arc<ModelSpec>,
    /// Class names, in the order of the logits.
    pub classes: Arc<[String]>,
    /// Epochs finished when the copy was made; 0 before training.
    pub epoch: usize,
    /// Every weight and bias, in layer order.
    pub arrays: Vec<NamedArray>,
}

impl WeightSnapshot {
    /// The array called `name`.
    pub fn array(&self, name: &str) -> Option<&NamedArray> {
        self.arrays.iter().find(|array| array.name == name)
    }
}
