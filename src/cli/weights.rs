//! `convscope weights` and `convscope weights download`.

use anyhow::Result;
use serde_json::json;

use super::{
    args::{WeightsArgs, WeightsCommand},
    catalogue::{self, LONGEST_LICENCE},
    output::Output,
    table::Table,
};
use crate::{
    data::datasets_folder,
    format,
    model::weights::catalogue::{Weights, default_folder},
};

/// Lists the weights, or downloads some.
pub fn run(args: &WeightsArgs, output: Output) -> Result<()> {
    let folder = args.out.clone().unwrap_or_else(default_folder);
    let weights = Weights::load_from(args.catalogue.as_deref())?;
    if let Some(WeightsCommand::Download { name }) = &args.command {
        let found = catalogue::known(weights.find(name))?;
        return catalogue::fetch_and_tell(&found.entry, &folder, output);
    }
    let mut table = Table::new(["name", "network", ">size", "licence", "here"]);
    for published in weights.weights {
        let (network, entry) = (published.architecture.word(), published.entry);
        let status = datasets_folder::status(&entry, &folder);
        let path = catalogue::path(&status);
        output.json(&json!({
            "name": entry.name, "network": network, "bytes": entry.bytes(),
            "licence": entry.licence.name, "downloaded": path.is_some(), "path": path,
        }))?;
        table.row([
            entry.name.clone(),
            network.to_owned(),
            entry.bytes().map_or("–".into(), format::bytes),
            format::shortened(&entry.licence.name, LONGEST_LICENCE),
            catalogue::here(&status),
        ]);
    }
    output.text(&table.render())
}
