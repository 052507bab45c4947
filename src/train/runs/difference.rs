//! What differs between the experiments of several runs: a table of settings, one column per run.
//!
//! An experiment is flattened as serde writes it, so a setting that is added later is compared without a change
//! here. Layers and phases are told apart by their names, which survive inserting one before them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::train::Experiment;

/// One setting that is not the same everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its path, as `training.batch_size` or `model.layers.conv1.filters`.
    pub setting: String,
    /// Its value in each run, in their order; `None` where there is no such setting.
    pub values: Vec<Option<String>>,
}

/// Settings with more than one value among `experiments`, sorted by path. What an experiment is called is no
/// setting.
pub fn differences(experiments: &[&Experiment]) -> Vec<Difference> {
    let tables: Vec<BTreeMap<String, String>> = experiments
        .iter()
        .map(|experiment| settings(experiment))
        .collect();
    let mut all: BTreeMap<&str, Vec<Option<&str>>> = BTreeMap::new();
    for (column, table) in tables.iter().enumerate() {
        for (setting, value) in table {
            let values = all
                .entry(setting)
                .or_insert_with(|| vec![None; tables.len()]);
            values[column] = Some(value);
        }
    }
    all.retain(|_, values| values.iter().any(|value| *value != values[0]));
    let owned = |(setting, values): (&str, Vec<Option<&str>>)| Difference {
        setting: setting.to_owned(),
        values: values
            .into_iter()
            .map(|value| value.map(str::to_owned))
            .collect(),
    };
    all.into_iter().map(owned).collect()
}

/// Every setting of `experiment` with its path.
pub fn settings(experiment: &Experiment) -> BTreeMap<String, String> {
    let mut table = BTreeMap::new();
    // Only a value that JSON has no word for fails, and an experiment holds none.
    let Ok(Value::Object(mut fields)) = serde_json::to_value(experiment) else {
        return table;
    };
    for name in ["format", "name", "title"] {
        fields.remove(name);
    }
    if let Some(edits) = fields.remove("edits") {
        table.insert("edits".to_owned(), digest(&edits));
    }
    for (name, value) in &fields {
        flatten(name, value, &mut table);
    }
    table
}

/// Edits may name a hundred thousand files: their number, and a few digits to tell them apart.
fn digest(edits: &Value) -> String {
    let counted = |value: &Value| match value {
        Value::Array(items) => items.len(),
        Value::Object(items) => items.len(),
        _ => 0,
    };
    let count: usize = match edits {
        Value::Object(kinds) => kinds.values().map(counted).sum(),
        other => counted(other),
    };
    let hash = blake3::hash(edits.to_string().as_bytes()).to_hex();
    format!(
        "{} ({})",
        crate::format::counted(count, "change"),
        &hash[..6]
    )
}

fn flatten(path: &str, value: &Value, table: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => match variant(fields) {
            Some((name, Value::Object(fields))) => {
                table.insert(path.to_owned(), name.to_owned());
                flatten_fields(path, fields, table);
            }
            Some((name, value)) => {
                let value = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                table.insert(path.to_owned(), format!("{name} {value}"));
            }
            None => flatten_fields(path, fields, table),
        },
        // A list of numbers, such as a kernel's size, is one value.
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (index, item) in items.iter().enumerate() {
                let name = item.get("name").and_then(Value::as_str);
                let name = name.map_or_else(|| (index + 1).to_string(), str::to_owned);
                flatten_item(&format!("{path}.{name}"), item, table);
            }
        }
        Value::String(text) => drop(table.insert(path.to_owned(), text.clone())),
        Value::Null => drop(table.insert(path.to_owned(), "none".to_owned())),
        other => drop(table.insert(path.to_owned(), other.to_string())),
    }
}

fn flatten_fields(path: &str, fields: &Map<String, Value>, table: &mut BTreeMap<String, String>) {
    for (name, value) in fields {
        flatten(&format!("{path}.{name}"), value, table);
    }
}

/// Name and content of an enum's variant, which serde writes as an object of one field with a capital letter. Two
/// optimizers so share the path of their learning rate.
fn variant(fields: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, value) = fields.iter().next().filter(|_| fields.len() == 1)?;
    name.starts_with(|first: char| first.is_ascii_uppercase())
        .then_some((name.as_str(), value))
}

/// An item of a list without the name that stands in its path already. Two of the same name keep both.
fn flatten_item(path: &str, item: &Value, table: &mut BTreeMap<String, String>) {
    let Value::Object(fields) = item else {
        return flatten(path, item, table);
    };
    let has = |path: &str| {
        let start = format!("{path}.");
        let next = table.range(start.clone()..).next();
        next.is_some_and(|(known, _)| known.starts_with(&start))
    };
    let mut unique = path.to_owned();
    let mut number = 2;
    while has(&unique) {
        unique = format!("{path} ({number})");
        number += 1;
    }
    for (name, value) in fields.iter().filter(|(name, _)| *name != "name") {
        flatten(&format!("{unique}.{name}"), value, table);
    }
}
