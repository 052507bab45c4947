//! What settings are called where runs are compared, and which of them people look at first.
//!
//! [`crate::train::runs::difference`] finds every setting by the path that files have for it; here these paths become words. A
//! setting that is added later has a place and a name without a change here, only a plainer one.

use std::collections::BTreeSet;

use super::{filled, variations};
use crate::{
    data::augment::{AugmentationConfig, FillMode},
    train::{Experiment, runs::difference::Difference},
};

const LAYERS: &str = "model.layers.";
const PHASES: &str = "training.phases.";
const AUGMENTATION: &str = "augmentation.";

/// Where a row stands: smaller is higher, equals stay in the order of their paths.
type Rank = (usize, usize);

/// What stands above what; a path belongs to the first that it begins with.
const ORDER: [&str; 14] = [
    "dataset.path",
    "dataset",
    "edits",
    "model.name",
    "model.input",
    LAYERS,
    "model",
    PHASES,
    "training.batch_size",
    "training.early_stopping",
    "training.seed",
    "training",
    AUGMENTATION,
    "split",
];

/// The order within a phase; epochs stand behind the batch size.
const PHASE_ORDER: [&str; 4] = [
    "trainable_from",
    "optimizer",
    "optimizer.learning_rate",
    "optimizer",
];

/// Names that are not their path.
const NAMES: [(&str, &str); 5] = [
    ("dataset.path", "dataset"),
    ("dataset.kind", "kind of dataset"),
    ("edits", "changes to the dataset"),
    ("model.name", "model"),
    ("model.head", "head"),
];

/// The settings of `differences` between `experiments` in words, the most important first: dataset, layers, phases
/// with optimizer and learning rate, batch size, epochs, early stopping, seed, then the rest. A layer that not all
/// have is one line, and so is augmentation.
pub fn in_words(differences: &[Difference], experiments: &[&Experiment]) -> Vec<Difference> {
    let book = Book::of(experiments);
    let mut rows: Vec<(Rank, Difference)> = Vec::new();
    let mut whole = BTreeSet::new();
    for difference in differences {
        let path = difference.setting.as_str();
        if path.starts_with(AUGMENTATION) {
            continue;
        }
        let layer = book.layers.split(path, LAYERS);
        let row = match layer {
            Some((at, name, _)) if book.is_missing(name, experiments) => {
                if !whole.insert(at) {
                    continue;
                }
                whole_layer(name, differences, experiments.len())
            }
            _ => Difference {
                setting: book.name(path),
                values: book.values(difference, experiments),
            },
        };
        rows.push((book.rank(path), row));
    }
    let is_augmentation = |row: &Difference| row.setting.starts_with(AUGMENTATION);
    if differences.iter().any(is_augmentation) {
        let words = experiments
            .iter()
            .map(|experiment| Some(augmentation_words(&experiment.augmentation)));
        let row = Difference {
            setting: "augmentation".into(),
            values: words.collect(),
        };
        rows.push((book.rank(AUGMENTATION), row));
    }
    rows.sort_by_key(|(rank, _)| *rank);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Names of layers or phases in the order they have where they first occur.
struct Names(Vec<String>);

impl Names {
    fn of<'a>(names: impl Iterator<Item = &'a String>) -> Self {
        let mut all: Vec<String> = Vec::new();
        for name in names {
            if !all.contains(name) {
                all.push(name.clone());
            }
        }
        Self(all)
    }

    /// Place and name of what the path `start` + name + `.` + rest is about, and the rest. Names may hold dots: the
    /// longest that fits counts.
    fn split<'a, 'b>(&'a self, path: &'b str, start: &str) -> Option<(usize, &'a str, &'b str)> {
        let behind = path.strip_prefix(start)?;
        let fits = self.0.iter().enumerate().filter_map(|(at, name)| {
            let rest = behind.strip_prefix(name.as_str())?.strip_prefix('.')?;
            Some((at, name.as_str(), rest))
        });
        fits.max_by_key(|(_, name, _)| name.len())
    }
}

struct Book {
    layers: Names,
    phases: Names,
}

impl Book {
    fn of(experiments: &[&Experiment]) -> Self {
        let layers = experiments.iter().flat_map(|of| &of.model.layers);
        let phases = experiments.iter().flat_map(|of| &of.training.phases);
        Self {
            layers: Names::of(layers.map(|layer| &layer.name)),
            phases: Names::of(phases.map(|phase| &phase.name)),
        }
    }

    /// Whether some of the experiments have no such layer.
    fn is_missing(&self, name: &str, experiments: &[&Experiment]) -> bool {
        let has = |of: &&Experiment| of.model.layers.iter().any(|layer| layer.name == name);
        !experiments.iter().all(has)
    }

    fn rank(&self, path: &str) -> Rank {
        let place = |start: &str| ORDER.iter().position(|known| *known == start);
        let batch = place("training.batch_size").unwrap_or(0);
        if let Some((phase, _, rest)) = self.phases.split(path, PHASES) {
            if rest == "epochs" {
                return (batch, 1 + phase);
            }
            let within = PHASE_ORDER.iter().enumerate();
            let exact = within.clone().find(|(_, known)| **known == rest);
            let found = exact.or_else(|| within.rev().find(|(_, known)| rest.starts_with(**known)));
            let within = found.map_or(PHASE_ORDER.len(), |(at, _)| at);
            return (place(PHASES).unwrap_or(0), phase * 10 + within);
        }
        let group = ORDER.iter().position(|start| path.starts_with(start));
        let layer = self.layers.split(path, LAYERS).map_or(0, |(at, ..)| at);
        (group.unwrap_or(ORDER.len()), layer)
    }

    fn name(&self, path: &str) -> String {
        if let Some((_, words)) = NAMES.iter().find(|(known, _)| *known == path) {
            return (*words).to_owned();
        }
        if let Some((_, layer, rest)) = self.layers.split(path, LAYERS) {
            return format!("{layer} {}", plain(rest)).trim_end().to_owned();
        }
        if let Some((_, phase, rest)) = self.phases.split(path, PHASES) {
            let rest = match rest.strip_prefix("optimizer.") {
                Some(of_optimizer) => plain(of_optimizer),
                None => plain(rest),
            };
            return match self.phases.0.len() {
                1 => rest,
                _ => format!("{phase}: {rest}"),
            };
        }
        let short = path.strip_prefix("training.").unwrap_or(path);
        plain(short.strip_prefix("model.").unwrap_or(short))
    }

    fn values(&self, difference: &Difference, experiments: &[&Experiment]) -> Vec<Option<String>> {
        if difference.setting == "dataset.path" {
            return dataset_names(experiments);
        }
        let is_name = difference.setting.ends_with(".name");
        let words = |value: &String| match is_name {
            true => value.clone(),
            false => value_words(value),
        };
        let values = difference.values.iter();
        values.map(|value| value.as_ref().map(words)).collect()
    }
}

/// `early_stopping.min_delta` as `early stopping min delta`; what only says that something is of some kind is left out.
fn plain(path: &str) -> String {
    let parts = path.split('.').filter(|part| *part != "kind");
    parts.collect::<Vec<_>>().join(" ").replace('_', " ")
}

/// `yes` for `true`; the names of variants that are not names of the field are taken apart: `ClassFolders` is
/// `class folders`.
fn value_words(value: &str) -> String {
    const APART: [&str; 10] = [
        "ClassFolders",
        "ValLoss",
        "ValAccuracy",
        "TrainLoss",
        "TrainAccuracy",
        "ChannelsLast",
        "Contiguous",
        "ReduceOnPlateau",
        "OneCycle",
        "Auto",
    ];
    match value {
        "true" => "yes".to_owned(),
        "false" => "no".to_owned(),
        "Sgd" => "SGD".to_owned(),
        "RmsProp" => "RMSprop".to_owned(),
        value if APART.contains(&value) => {
            let mut words = String::new();
            for letter in value.chars() {
                if letter.is_uppercase() && !words.is_empty() {
                    words.push(' ');
                }
                words.extend(letter.to_lowercase());
            }
            words
        }
        value => value.to_owned(),
    }
}

/// Names of the folders or files where they tell the datasets apart, else the whole paths.
fn dataset_names(experiments: &[&Experiment]) -> Vec<Option<String>> {
    let paths: Vec<String> = experiments
        .iter()
        .map(|of| crate::data::dataset::display_path(&of.dataset.path))
        .collect();
    let name = |path: &String| {
        let parts = path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']);
        parts.map(str::to_owned).next().unwrap_or_default()
    };
    let names: Vec<String> = paths.iter().map(name).collect();
    let count = |all: &[String]| all.iter().collect::<BTreeSet<_>>().len();
    let shown = if count(&names) == count(&paths) {
        names
    } else {
        paths
    };
    shown.into_iter().map(Some).collect()
}

/// A layer that not all have, with its settings in one line.
fn whole_layer(name: &str, differences: &[Difference], columns: usize) -> Difference {
    let start = format!("{LAYERS}{name}.");
    let mut values: Vec<Option<String>> = vec![None; columns];
    for difference in differences {
        let Some(rest) = difference.setting.strip_prefix(&start) else {
            continue;
        };
        for (all, value) in values.iter_mut().zip(&difference.values) {
            let Some(value) = value else { continue };
            let value = value_words(value);
            match all {
                Some(all) => all.push_str(&format!(", {} {value}", plain(rest))),
                None if rest == "kind" => *all = Some(value),
                None => *all = Some(format!("{} {value}", plain(rest))),
            }
        }
    }
    Difference {
        setting: format!("layer {name}"),
        values,
    }
}

/// `horizontal flip, rotation ±10°, zoom ±20 %`; `none` for images that stay as they are.
fn augmentation_words(config: &AugmentationConfig) -> String {
    let mut words = variations(config);
    if words.is_empty() {
        return "none".to_owned();
    }
    if config.fill != FillMode::default() {
        words.push(filled(config.fill));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests;
