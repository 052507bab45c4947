//! `convscope export` and `convscope report`: a model, or what a run recorded, in a format of the table.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use serde_json::json;

use super::{
    Usage,
    args::{EvaluateArgs, ExportArgs, Part, ReportArgs},
    evaluate,
    output::{Output, figure},
    source,
};
use crate::{
    data::dataset::display_path,
    export::{Bundle, Format, Need, run_report},
    train::{checkpoint::Weights, run_folder::EXPERIMENT_FILE},
};

pub fn run(args: &ExportArgs, output: Output) -> Result<()> {
    let bundle = bundle(&args.model, args.to, args.data.as_deref())?;
    let difference = args.to.write(&bundle, &args.out, &mut || Ok(()))?;
    let out = display_path(&args.out);
    output.json(&json!({ "out": out, "max_difference": difference }))?;
    let proof =
        difference.map(|found| format!(", read back: differs by {} at most", figure(found)));
    output.text(&format!("{out}{}", proof.unwrap_or_default()))
}

/// Writes the report of a run as it would be written at its end.
pub fn report(args: &ReportArgs, output: Output) -> Result<()> {
    let format = &run_report::FORMAT;
    let bundle = bundle(&args.run, format, args.data.as_deref())?;
    format.write(&bundle, &args.out, &mut || Ok(()))?;
    let out = display_path(&args.out);
    output.json(&json!({ "out": out }))?;
    output.text(&out)
}

/// What `format` needs of the model file or run `path`, with what its model says about the validation part where that is
/// wanted.
fn bundle(path: &Path, format: &Format, data: Option<&Path>) -> Result<Bundle> {
    let is_run = path.join(EXPERIMENT_FILE).is_file();
    let mut bundle = match is_run {
        true => Bundle::of_run(path).map_err(anyhow::Error::msg)?,
        false => Bundle::default(),
    };
    let is_judged = format.needs.contains(&Need::Dataset);
    if is_judged || !is_run || format.needs.contains(&Need::Model) {
        let model = source::load_model(path)?;
        bundle.edits.get_or_insert_with(|| Arc::clone(&model.edits));
        bundle.model = Some(Arc::new(model));
    }
    if is_judged {
        let reference = bundle.experiment.as_ref().map(|found| &found.dataset);
        let known = reference.map(|found| found.find().unwrap_or_else(|| found.path.clone()));
        let data = data.map(Path::to_path_buf).or(known);
        let (evaluation, dataset) = evaluate::judge(&EvaluateArgs {
            model: path.to_path_buf(),
            data: data.context(Usage("a model file needs --data for that".into()))?,
            split: Part::Validation,
            weights: Weights::Best,
            threshold: None,
            per_file: false,
            predictions: None,
        })?;
        bundle.evaluation = evaluation;
        bundle.dataset = Some(dataset);
    }
    Ok(bundle)
}
