//! `convscope recipes`.

use anyhow::Result;
use serde_json::json;

use super::{
    output::Output,
    table::{Align, Table},
};
use crate::{data::dataset::display_path, train::recipes};

/// Phases of an experiment: so far, every one has a single phase.
const PHASES: usize = 1;

pub fn run(output: Output) -> Result<()> {
    let mut table = Table::new(&[
        ("name", Align::Left),
        ("title", Align::Left),
        ("dataset", Align::Left),
    ]);
    for recipe in recipes::all()? {
        let dataset = display_path(&recipe.dataset.path);
        output.json(&json!({
            "name": recipe.name, "title": recipe.title, "dataset": dataset, "phases": PHASES
        }))?;
        table.row([recipe.name, recipe.title, dataset]);
    }
    output.text(&table.render())?;
    Ok(())
}
