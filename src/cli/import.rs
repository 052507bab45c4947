//! `convscope import`: torchvision's weights, top included, as a model of ours.

use anyhow::{Result, anyhow};
use serde_json::json;

use super::{args::ImportArgs, output::Output};
use crate::{
    data::dataset::display_path,
    format::{listed, thousands},
    model::weights::import::{Imported, import},
};

pub fn run(args: &ImportArgs, output: Output) -> Result<()> {
    let Imported {
        bundle,
        tensors,
        missing,
        unexpected,
    } = import(args.backbone, &args.file)?;
    if let Ok(bundle) = &bundle {
        bundle.save(&args.out)?;
    }
    let model = bundle.as_ref().ok().map(|_| display_path(&args.out));
    output.json(&json!({
        "model": model, "tensors": tensors, "missing": missing, "unexpected": unexpected,
    }))?;
    bundle.map_err(|error| anyhow!(error))?;
    let rest = match unexpected.as_slice() {
        [] => String::new(),
        names => format!(", not used: {}", listed(names)),
    };
    output.text(&format!(
        "{}: {} tensors{rest}",
        model.unwrap_or_default(),
        thousands(tensors)
    ))
}
