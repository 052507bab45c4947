//! `.safetensors` files: a table of contents in JSON, then the values.

use std::io::Read;

use safetensors::SafeTensors;

use super::{
    MOST_VALUES, Problem,
    tensor::{self, Budget},
};
use crate::model::snapshot::NamedArray;

/// Reads every array of a kind that weights have.
pub fn read(file: &mut impl Read, size: u64) -> Result<Vec<NamedArray>, Problem> {
    let most = MOST_VALUES as u64 * size_of::<f32>() as u64;
    if size > most {
        return Err(Problem::TooLarge(format!(
            "it has {}, more than {}",
            crate::format::bytes(size),
            crate::format::bytes(most)
        )));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let whole = |error: safetensors::SafeTensorError| {
        Problem::damaged(format!("{error}, copy or download it again"))
    };
    let tensors = SafeTensors::deserialize(&bytes).map_err(whole)?;
    let mut budget = Budget::default();
    let mut views: Vec<_> = tensors.iter().collect();
    // The order in the file; the table of contents is a map.
    views.sort_by_key(|(_, view)| view.data().as_ptr() as usize);
    views
        .into_iter()
        .map(|(name, view)| {
            budget.spend(tensor::count(view.shape())?)?;
            let kind = view.dtype();
            let values = tensor::to_f32(kind, view.data());
            let unknown = || Problem::damaged(format!("{name} is of kind {kind:?}"));
            Ok(NamedArray {
                name: name.to_owned(),
                shape: view.shape().to_vec(),
                values: values.ok_or_else(unknown)?,
            })
        })
        .collect()
}
