//! `convscope summary`.

use anyhow::{Context as _, Result};
use serde_json::json;

use super::{
    args::SummaryArgs,
    output::Output,
    source,
    table::{Align, Table},
};
use crate::{
    format::thousands,
    model::{ModelSpec, graph, shapes},
    train::recipes,
};

pub fn run(args: &SummaryArgs, output: Output) -> Result<()> {
    let (spec, trainable_from) = given(args)?;
    let nodes = graph::nodes(&spec)?;
    let first = match &trainable_from {
        Some(name) => graph::position(&nodes, name)
            .with_context(|| format!("the last phase trains from {name} on, which is not there"))?,
        None => 0,
    };
    let shapes = shapes::of_nodes(&nodes);
    let mut trained = vec![0; spec.layers.len()];
    for node in nodes.get(first..).unwrap_or_default() {
        trained[node.layer] += node.shape.parameters;
    }
    let mut table = Table::new(&[
        ("#", Align::Right),
        ("layer", Align::Left),
        ("kind", Align::Left),
        ("output", Align::Right),
        ("parameters", Align::Right),
        ("trained", Align::Right),
    ]);
    for (index, (layer, shape)) in spec.layers.iter().zip(&shapes).enumerate() {
        let number = index + 1;
        output.json(&json!({
            "index": number,
            "name": layer.name,
            "kind": layer.kind.word(),
            "description": layer.kind.describe(),
            "output_shape": shape.output.dims(),
            "parameters": shape.parameters,
            "trainable": is_trainable(trained[index], shape.parameters),
            "trainable_parameters": trained[index],
        }))?;
        table.row([
            number.to_string(),
            layer.name.clone(),
            layer.kind.describe(),
            shape.output.to_string(),
            thousands(shape.parameters),
            words(trained[index], shape.parameters),
        ]);
    }
    let total: usize = shapes.iter().map(|shape| shape.parameters).sum();
    let trainable: usize = trained.iter().sum();
    let frozen = total - trainable;
    output.json(&json!({ "total": total, "trainable": trainable, "frozen": frozen }))?;
    output.text(&table.render())?;
    let all = thousands(total);
    output.text(&match frozen {
        0 => format!("\n{all} parameters, all trainable"),
        _ => format!(
            "\n{all} parameters, {} trainable, {} frozen",
            thousands(trainable),
            thousands(frozen)
        ),
    })?;
    Ok(())
}

/// The network, and the name that its last phase trains from.
fn given(args: &SummaryArgs) -> Result<(ModelSpec, Option<String>)> {
    if source::looks_like_model(&args.source) {
        let spec = &source::load_model(&args.source)?.snapshot.spec;
        return Ok((ModelSpec::clone(spec), None));
    }
    let experiment = recipes::find(&args.source)?;
    let last = experiment.training.phases.last();
    let from = last.and_then(|phase| phase.trainable_from.clone());
    Ok((experiment.model, from))
}

/// A layer without parameters is not frozen.
fn is_trainable(trained: usize, parameters: usize) -> bool {
    trained > 0 || parameters == 0
}

fn words(trained: usize, parameters: usize) -> String {
    match (trained, parameters) {
        (_, 0) => String::new(),
        (0, _) => "frozen".to_owned(),
        (trained, all) if trained == all => "all".to_owned(),
        (trained, _) => thousands(trained),
    }
}
