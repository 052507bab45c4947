//! `convscope summary`.

use anyhow::Result;
use serde_json::json;

use super::{
    args::SummaryArgs,
    output::Output,
    source,
    table::{Align, Table},
};
use crate::{
    format::thousands,
    model::{ModelSpec, shapes::layer_shapes},
    train::recipes,
};

pub fn run(args: &SummaryArgs, output: Output) -> Result<()> {
    let spec: ModelSpec = if source::looks_like_model(&args.source) {
        (*source::load_model(&args.source)?.snapshot.spec).clone()
    } else {
        recipes::find(&args.source)?.model
    };
    let mut table = Table::new(&[
        ("#", Align::Right),
        ("layer", Align::Left),
        ("kind", Align::Left),
        ("output", Align::Right),
        ("parameters", Align::Right),
    ]);
    let shapes = layer_shapes(&spec)?;
    for (number, (layer, shape)) in (1..).zip(spec.layers.iter().zip(&shapes)) {
        output.json(&json!({
            "index": number,
            "name": layer.name,
            "kind": layer.kind.word(),
            "description": layer.kind.describe(),
            "output_shape": shape.output.dims(),
            "parameters": shape.parameters,
            // No layer can be frozen yet.
            "trainable": true,
        }))?;
        table.row([
            number.to_string(),
            layer.name.clone(),
            layer.kind.describe(),
            shape.output.to_string(),
            thousands(shape.parameters),
        ]);
    }
    let total: usize = shapes.iter().map(|shape| shape.parameters).sum();
    output.json(&json!({ "total": total, "trainable": total, "frozen": 0 }))?;
    output.text(&table.render())?;
    output.text(&format!("\n{} parameters, all trainable", thousands(total)))?;
    Ok(())
}
