//! Networks as older formats of the files that hold them wrote them, in the form of the next one.

use crate::kept::fields::{Fields, each};

/// ReLU was the only activation, and a kind of layer of its own.
///
/// # Errors
/// When `model` is no structure with a list of layers.
pub fn relu_is_an_activation(model: &str) -> Result<String, String> {
    let mut model = Fields::of(model)?;
    model.change("layers", |layers| {
        each(layers, |layer| {
            let mut layer = Fields::of(layer)?;
            layer.change("kind", |kind| match kind {
                "Relu" => Ok("Activation(Relu)".to_owned()),
                kind => Ok(kind.to_owned()),
            })?;
            Ok(layer.to_string())
        })
    })?;
    Ok(model.to_string())
}
