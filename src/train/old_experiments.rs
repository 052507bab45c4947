//! Experiments of older formats in the form of the next one.

use crate::{kept::fields::Fields, model::old_specs::relu_is_an_activation};

/// Format 1 had one phase, and a layer `Relu` in place of activations. It computed in f32, which is written down since
/// later programs choose by themselves.
pub fn phases_and_activations(text: &str) -> Result<String, String> {
    let mut experiment = Fields::of(text)?;
    experiment.change("model", relu_is_an_activation)?;
    experiment.change("training", |training| {
        let mut training = Fields::of(training)?;
        let mut taken = |name: &str| {
            let value = training.take(name);
            value.ok_or_else(|| format!("its training has no {name}"))
        };
        let (epochs, optimizer) = (taken("epochs")?, taken("optimizer")?);
        let phases = format!("[(epochs: {epochs}, optimizer: {optimizer})]");
        training.put("phases", phases)?;
        training.put("precision", "F32".to_owned())?;
        Ok(training.to_string())
    })?;
    Ok(experiment.to_string())
}
