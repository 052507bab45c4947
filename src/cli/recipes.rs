//! `convscope recipes`.

use anyhow::Result;
use serde_json::json;

use super::{output::Output, table::Table};
use crate::{data::dataset::display_path, train::recipes};

pub fn run(output: Output) -> Result<()> {
    let mut table = Table::new(["name", "title", "dataset"]);
    for recipe in recipes::all()? {
        let dataset = display_path(&recipe.dataset.path);
        let phases = recipe.training.phases.len();
        output.json(&json!({
            "name": recipe.name, "title": recipe.title, "dataset": dataset, "phases": phases
        }))?;
        table.row([recipe.name, recipe.title, dataset]);
    }
    output.text(&table.render())
}
