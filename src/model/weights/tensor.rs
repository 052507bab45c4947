//! Values of a storage as f32 arrays.

use half::{bf16, f16};
use safetensors::Dtype;

use super::{MOST_VALUES, Problem, pickle::TensorView};
use crate::format::thousands;

/// Counts values, so that a small file cannot ask for all the memory.
#[derive(Default)]
pub struct Budget(usize);

impl Budget {
    /// # Errors
    /// When there were too many.
    pub fn spend(&mut self, values: usize) -> Result<(), Problem> {
        self.0 = self.0.saturating_add(values);
        if self.0 > MOST_VALUES {
            return Err(Problem::TooLarge(format!(
                "it has more than {} values",
                thousands(MOST_VALUES)
            )));
        }
        Ok(())
    }
}

/// Values in an array of `shape`.
///
/// # Errors
/// When nobody could count them.
pub fn count(shape: &[usize]) -> Result<usize, Problem> {
    let count = shape.iter().try_fold(1usize, |n, dim| n.checked_mul(*dim));
    count.ok_or_else(|| Problem::TooLarge("an array in it has more values than memory".into()))
}

/// Little-endian values of `kind` as f32; `None` for kinds that weights are never of.
pub fn to_f32(kind: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    fn each<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        let (chunks, _) = bytes.as_chunks::<N>();
        chunks.iter().map(|chunk| value(*chunk)).collect()
    }
    Some(match kind {
        Dtype::F32 => each(bytes, f32::from_le_bytes),
        Dtype::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32),
        Dtype::F16 => each(bytes, |b| f16::from_le_bytes(b).to_f32()),
        Dtype::BF16 => each(bytes, |b| bf16::from_le_bytes(b).to_f32()),
        Dtype::I64 => each(bytes, |b| i64::from_le_bytes(b) as f32),
        Dtype::I32 => each(bytes, |b| i32::from_le_bytes(b) as f32),
        Dtype::I16 => each(bytes, |b| i16::from_le_bytes(b).into()),
        Dtype::I8 => each(bytes, |b| i8::from_le_bytes(b).into()),
        Dtype::U8 | Dtype::BOOL => each(bytes, |[b]| b.into()),
        _ => return None,
    })
}

/// The values of a view of `storage`, row-major.
///
/// # Errors
/// When it reaches beyond the storage or is too large.
pub fn view(
    tensor: &TensorView,
    storage: &[f32],
    budget: &mut Budget,
) -> Result<Vec<f32>, Problem> {
    let count = count(&tensor.shape)?;
    budget.spend(count)?;
    if count == 0 {
        return Ok(Vec::new());
    }
    let beyond = || Problem::damaged("an array in it reaches beyond its values");
    let steps = tensor.shape.iter().zip(&tensor.strides);
    let last = steps
        .map(|(dim, stride)| (dim - 1).checked_mul(*stride))
        .try_fold(tensor.offset, |last, step| last.checked_add(step?));
    if last.ok_or_else(beyond)? >= storage.len() {
        return Err(beyond());
    }
    if tensor.strides == row_major(&tensor.shape) {
        let values = storage.get(tensor.offset..tensor.offset + count);
        return Ok(values.ok_or_else(beyond)?.to_vec());
    }
    // An odometer over the dimensions, the last one turning fastest.
    let mut index = vec![0; tensor.shape.len()];
    let mut values = Vec::with_capacity(count);
    for _ in 0..count {
        let steps = index.iter().zip(&tensor.strides);
        let at = tensor.offset + steps.map(|(at, stride)| at * stride).sum::<usize>();
        values.push(*storage.get(at).ok_or_else(beyond)?);
        for (at, dim) in index.iter_mut().zip(&tensor.shape).rev() {
            *at += 1;
            if *at < *dim {
                break;
            }
            *at = 0;
        }
    }
    Ok(values)
}

/// Strides of an array without gaps. PyTorch gives dimensions of one value any stride; those are copied
/// the slow way, which gives the same.
fn row_major(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for at in (1..shape.len()).rev() {
        strides[at - 1] = strides[at] * shape[at];
    }
    strides
}
