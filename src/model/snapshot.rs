//! Weights as plain data: what the trainer publishes, the inspector rebuilds models from and files keep.

use std::{borrow::Cow, sync::Arc};

use safetensors::{Dtype, tensor::TensorView};

use super::spec::ModelSpec;
use crate::format::thousands;

/// A named f32 array in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedArray {
    /// `layer.weight`, `layer.bias`; of batch normalisation also `layer.running_mean`, `layer.running_var`.
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

impl NamedArray {
    /// The values as files keep them, in place where the processor keeps them so.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        if cfg!(target_endian = "little") {
            return Cow::Borrowed(bytemuck::cast_slice(&self.values));
        }
        let bytes = self.values.iter().flat_map(|value| value.to_le_bytes());
        Cow::Owned(bytes.collect())
    }

    /// An f32 array of a safetensors file.
    ///
    /// # Errors
    /// When its values are no f32.
    pub fn from_view(name: &str, view: &TensorView<'_>) -> Result<Self, String> {
        if view.dtype() != Dtype::F32 {
            return Err(format!("{name} is {:?} instead of F32", view.dtype()));
        }
        let (values, _) = view.data().as_chunks::<4>();
        Ok(Self {
            name: name.to_owned(),
            shape: view.shape().to_vec(),
            values: values
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect(),
        })
    }
}

impl WeightSnapshot {
    /// The array called `name`.
    pub fn array(&self, name: &str) -> Option<&NamedArray> {
        self.arrays.iter().find(|array| array.name == name)
    }
}

/// Which arrays hold what is no number or infinite, in words: the first with how many of its values, and how many more
/// arrays do; `None` when all are finite.
pub fn not_finite(arrays: &[NamedArray]) -> Option<String> {
    let bad = |array: &NamedArray| array.values.iter().filter(|v| !v.is_finite()).count();
    let counts = arrays.iter().map(|array| (array, bad(array)));
    let mut found = counts.filter(|(_, count)| *count > 0);
    let (array, count) = found.next()?;
    let (name, all) = (&array.name, thousands(array.values.len()));
    let verb = if count == 1 { "is" } else { "are" };
    let rest = match found.count() {
        0 => String::new(),
        1 => ", and one more array holds such".to_owned(),
        more => format!(", and {} more arrays hold such", thousands(more)),
    };
    let count = thousands(count);
    Some(format!(
        "{count} of the {all} values of {name} {verb} NaN or infinite{rest}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_named_and_counted() {
        let array = |name: &str, values: &[f32]| NamedArray {
            name: name.into(),
            shape: vec![values.len()],
            values: values.to_vec(),
        };
        let (good, bad) = (array("a", &[0.0, -1e38]), array("b", &[f32::NAN, 0.0]));
        let worse = array("c", &[f32::INFINITY, f32::NEG_INFINITY, 1.0]);
        for (arrays, expected) in [
            (vec![], None),
            (vec![good.clone()], None),
            (
                vec![good.clone(), bad.clone()],
                Some("1 of the 2 values of b is NaN or infinite"),
            ),
            (
                vec![worse, good, bad],
                Some("2 of the 3 values of c are NaN or infinite, and one more array holds such"),
            ),
        ] {
            assert_eq!(not_finite(&arrays).as_deref(), expected);
        }
    }
}
