//! `convscope summary`.

use anyhow::Result;
use serde_json::json;

use super::{args::SummaryArgs, output::Output, source, table::Table};
use crate::{
    format::thousands,
    model::{ModelSpec, freezing::Frozen, summary::Summary},
    train::recipes,
};

pub fn run(args: &SummaryArgs, output: Output) -> Result<()> {
    let (spec, trained_from) = network(args)?;
    let summary = Summary::new(&spec, trained_from.as_deref())?;
    let mut table = Table::new([">#", "layer", "kind", ">output", ">parameters", ""]);
    for (number, (layer, row)) in (1..).zip(spec.layers.iter().zip(&summary.rows)) {
        output.json(&json!({
            "index": number,
            "name": row.name,
            "kind": row.kind,
            "description": layer.kind.describe(),
            "output_shape": row.output.dims(),
            "parameters": row.parameters,
            "trainable": row.freezing.frozen != Frozen::Whole,
            "trainable_parameters": row.freezing.trainable,
        }))?;
        let frozen = match row.freezing.frozen {
            Frozen::Nothing => "",
            Frozen::Partly => "partly frozen",
            Frozen::Whole => "frozen",
        };
        table.row([
            number.to_string(),
            row.name.clone(),
            layer.kind.describe(),
            row.output.to_string(),
            thousands(row.parameters),
            frozen.to_owned(),
        ]);
    }
    let (total, trainable, frozen) = (summary.total(), summary.trainable, summary.frozen);
    output.json(&json!({ "total": total, "trainable": trainable, "frozen": frozen }))?;
    output.text(&table.render())?;
    let trained = match frozen {
        0 => "all trainable".to_owned(),
        frozen => format!(
            "{} trainable, {} frozen",
            thousands(trainable),
            thousands(frozen)
        ),
    };
    output.text(&format!("\n{} parameters, {trained}", thousands(total)))
}

/// A network and the first layer or node that the last phase of its training trains.
fn network(args: &SummaryArgs) -> Result<(ModelSpec, Option<String>)> {
    if source::looks_like_model(&args.source) {
        let model = source::load_model(&args.source)?;
        return Ok(((*model.snapshot.spec).clone(), None));
    }
    let experiment = recipes::find(&args.source)?;
    let last = experiment.training.phases.last();
    let from = last.and_then(|phase| phase.trainable_from.clone());
    Ok((experiment.model, from))
}
