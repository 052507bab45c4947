//! `convscope catalogue` and `convscope download`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{
    Usage,
    args::{CatalogueArgs, CataloguePlaces, DownloadArgs},
    output::Output,
    progress::Progress,
    session::Session,
    table::Table,
};
use crate::{
    data::{
        catalogue::{Catalogue, CatalogueError, Entry},
        dataset::display_path,
        datasets_folder::{self, Status},
    },
    engine::Download,
    format,
};

/// Letters of a licence in the table; `--json` has all of it.
pub const LONGEST_LICENCE: usize = 28;

/// Lists the datasets.
pub fn list(args: &CatalogueArgs, output: Output) -> Result<()> {
    let folder = folder(&args.places);
    let mut table = Table::new(["name", "title", ">size", ">classes", "licence", "here"]);
    for entry in Catalogue::load(args.places.catalogue.as_deref())?.datasets {
        let status = datasets_folder::status(&entry, &folder);
        output.json(&as_json(&entry, &status))?;
        table.row([
            entry.name.clone(),
            entry.title.clone(),
            entry.bytes().map_or("–".into(), format::bytes),
            entry.class_names.len().to_string(),
            format::shortened(&entry.licence.name, LONGEST_LICENCE),
            here(&status),
        ]);
    }
    output.text(&table.render())
}

/// How much is there, for a table.
pub fn here(status: &Status) -> String {
    match status {
        Status::Absent => "no".into(),
        Status::Partial { bytes } => format!("{} so far", format::bytes(*bytes)),
        Status::Ready(_) => "yes".into(),
    }
}

/// Where it is, when all of it is there.
pub fn path(status: &Status) -> Option<String> {
    match status {
        Status::Ready(fetched) => Some(display_path(&fetched.path)),
        _ => None,
    }
}

/// What was looked up; a name that is not there is wrong usage.
pub fn known<T>(found: Result<T, CatalogueError>) -> Result<T> {
    found.map_err(|error| match error {
        CatalogueError::Unknown { .. } => Usage::error(error.to_string()),
        error => error.into(),
    })
}

fn as_json(entry: &Entry, status: &Status) -> Value {
    let ready = path(status);
    json!({
        "name": entry.name, "title": entry.title, "bytes": entry.bytes(),
        "licence": entry.licence.name, "classes": entry.class_names,
        "downloaded": ready.is_some(), "path": ready,
    })
}

fn folder(places: &CataloguePlaces) -> PathBuf {
    let chosen = places.out.clone();
    chosen.unwrap_or_else(datasets_folder::default_folder)
}

/// Downloads a dataset.
pub fn download(args: &DownloadArgs, output: Output) -> Result<()> {
    let catalogue = Catalogue::load(args.places.catalogue.as_deref())?;
    let entry = known(catalogue.find(&args.name))?;
    fetch_and_tell(entry, &folder(&args.places), output)
}

/// Downloads what is missing of `entry` and says what is there now.
pub fn fetch_and_tell(entry: &Entry, folder: &Path, output: Output) -> Result<()> {
    let session = Session::start()?;
    let bar = Progress::of_bytes(&format!("downloading {}", entry.name));
    let request = Download {
        entry: entry.clone(),
        folder: folder.to_path_buf(),
    };
    let fetched = session.answer(request, bar, |_, _| Ok(()))?;
    let fetched = fetched.with_context(|| {
        format!(
            "stopped; what has arrived is kept in {}, and the same command goes on from there",
            display_path(&folder.join(&entry.name))
        )
    })?;
    let path = display_path(&fetched.path);
    output.json(&json!({
        "name": entry.name, "path": path, "bytes": fetched.bytes, "verified": fetched.verified,
    }))?;
    let words = if fetched.verified {
        "the published SHA-256 is right"
    } else {
        "nobody publishes a SHA-256 to compare with"
    };
    output.text(&format!(
        "{}, {words}: {path}",
        format::bytes(fetched.bytes)
    ))
}
