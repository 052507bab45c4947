//! What is known about the data of a run before its first step: what is left out, and what is too little or stands
//! twice. It is said, and kept in the run's folder. Plain data.

use std::{io, path::Path};

use serde::{Deserialize, Serialize};

use super::config::TrainingConfig;
use crate::{
    data::{Division, LeftOut, copies::Copies},
    format::{counted, listed, percent, thousands},
    kept::Kind,
};

/// The report in a run's folder.
pub const DATA_FILE: &str = "data.ron";

/// With fewer images to train on, a class is learned by heart at best.
const FEW_IMAGES: usize = 3;
/// With fewer images, one of them is a tenth of the validation accuracy.
const FEW_TO_VALIDATE: usize = 10;

/// What to know about the data of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataReport {
    /// What takes no part.
    pub left_out: LeftOut,
    /// What else makes the figures worth less, a sentence each.
    pub warnings: Vec<String>,
}

impl DataReport {
    /// What `division` of a dataset of `classes` means for a run of `config`; `copies` where they are known.
    pub fn new(
        division: &Division,
        classes: &[String],
        config: &TrainingConfig,
        copies: Option<&Copies>,
    ) -> Self {
        let mut warnings = thin_classes(division, classes);
        warnings.extend(thin_validation(division, classes, config));
        warnings.extend(copies.into_iter().flat_map(Copies::words));
        Self {
            left_out: division.left_out.clone(),
            warnings,
        }
    }

    /// Everything that should be read, a sentence each; what is lost first.
    pub fn words(&self) -> Vec<String> {
        let lost = self.left_out.words();
        lost.into_iter()
            .chain(self.warnings.iter().cloned())
            .collect()
    }

    /// Writes it into the folder of a run.
    ///
    /// # Errors
    /// What the system said.
    pub fn save(&self, run: &Path) -> io::Result<()> {
        Kind::FIRST.save(&run.join(DATA_FILE), self)
    }

    /// What the folder of a run says; nothing for runs that were trained before there was a report, and where it cannot be
    /// read: a run is none the worse for it.
    pub fn load(run: &Path) -> Self {
        let report = Kind::FIRST.load(&run.join(DATA_FILE)).ok();
        report.flatten().unwrap_or_default()
    }
}

/// Names of `classes` whose images in training, validation and test are `as_wanted`.
fn names(
    division: &Division,
    classes: &[String],
    as_wanted: impl Fn(&[usize; 3]) -> bool,
) -> Vec<String> {
    let counted = classes.iter().zip(&division.counts);
    let chosen = counted.filter(|(_, counts)| as_wanted(counts));
    chosen.map(|(class, _)| class.clone()).collect()
}

fn thin_classes(division: &Division, classes: &[String]) -> Vec<String> {
    let untrained = names(division, classes, |[train, ..]| *train == 0);
    let few = names(division, classes, |[train, ..]| {
        (1..FEW_IMAGES).contains(train)
    });
    let mut found = Vec::new();
    if !untrained.is_empty() {
        found.push(format!(
            "there is no image to train on of {}: the network cannot learn it; add images, or give less to the other \
             parts",
            listed(&untrained)
        ));
    }
    if !few.is_empty() {
        found.push(format!(
            "there are fewer than {FEW_IMAGES} images to train on of {}: they are learned by heart at best; add some",
            listed(&few)
        ));
    }
    found
}

fn thin_validation(
    division: &Division,
    classes: &[String],
    config: &TrainingConfig,
) -> Option<String> {
    let images = division.split.validation.len();
    if images == 0 {
        let watched = config.early_stopping.as_ref();
        let watched = watched.filter(|stopping| stopping.monitor.needs_validation());
        let effect = watched.map_or_else(String::new, |stopping| {
            format!(
                ", and early stopping, which watches the {}, has no effect",
                stopping.monitor.words()
            )
        });
        return Some(format!(
            "there is no validation part: nothing shows whether the network knows more than its training images{effect}; \
             give it some images"
        ));
    }
    if images < FEW_TO_VALIDATE {
        return Some(format!(
            "the validation part has only {}: one of them is {} of its accuracy; give it more",
            counted(images, "image"),
            percent(1.0 / images as f64)
        ));
    }
    let unseen = names(division, classes, |[train, validation, _]| {
        *train > 0 && *validation == 0
    });
    (!unseen.is_empty()).then(|| {
        format!(
            "the validation part of {} images has none of {}: its figures say nothing about that",
            thousands(images),
            listed(&unseen)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::{Dataset, Sample, SplitConfig, SplitName},
        train::{
            early_stopping::{EarlyStopping, Monitor, MonitorMode},
            recipes,
        },
    };

    /// Images of each class in training, validation and test.
    fn report(counts: &[[usize; 3]], monitor: Option<Monitor>) -> DataReport {
        let mut dataset = Dataset::default();
        for (label, counts) in counts.iter().enumerate() {
            dataset.classes.push(format!("c{label}"));
            for (&count, part) in counts.iter().zip(SplitName::ALL) {
                dataset.samples.extend((0..count).map(|i| Sample {
                    part: Some(part),
                    ..Sample::file(format!("c{label}/{i}.png"), label)
                }));
            }
        }
        let split = SplitConfig {
            validation: 0.0,
            ..SplitConfig::default()
        };
        let division = Division::new(&dataset, &split).unwrap();
        let mut config = recipes::find(Path::new("shapes")).unwrap().training;
        config.early_stopping = monitor.map(|monitor| EarlyStopping {
            monitor,
            mode: MonitorMode::Auto,
            patience: 2,
            min_delta: 0.0,
            restore_best: true,
        });
        DataReport::new(&division, &dataset.classes, &config, None)
    }

    #[test]
    fn what_is_thin_is_said_and_what_is_not_is_not() {
        type Case<'a> = (&'a str, &'a [[usize; 3]], Option<Monitor>, &'a [&'a str]);
        let cases: [Case<'_>; 8] = [
            (
                "enough of everything",
                &[[20, 5, 0], [20, 5, 0]],
                Some(Monitor::ValLoss),
                &[],
            ),
            (
                "nothing to validate on",
                &[[20, 0, 0], [20, 0, 0]],
                Some(Monitor::ValLoss),
                &[
                    "no validation part|early stopping, which watches the validation loss, has no effect",
                ],
            ),
            (
                "early stopping that watches training works without validation",
                &[[20, 0, 0], [20, 0, 0]],
                Some(Monitor::TrainLoss),
                &["no validation part|; give it"],
            ),
            (
                "hardly anything to validate on",
                &[[20, 2, 0], [20, 2, 0]],
                None,
                &["only 4 images|25.0 %"],
            ),
            (
                "a class with one image and one with two",
                &[[1, 5, 0], [2, 5, 0], [3, 5, 0]],
                None,
                &["fewer than 3 images|c0, c1:"],
            ),
            (
                "a class in validation only",
                &[[0, 5, 0], [9, 5, 0]],
                None,
                &["no image to train on|c0:"],
            ),
            (
                "a class without validation",
                &[[9, 0, 3], [9, 10, 0]],
                None,
                &["has none of c0"],
            ),
            (
                "a class without images",
                &[[0, 0, 0], [9, 10, 0]],
                None,
                &["no image to train on|c0:"],
            ),
        ];
        for (why, counts, monitor, expected) in cases {
            let words = report(counts, monitor).words();
            assert_eq!(words.len(), expected.len(), "{why}: {words:?}");
            for (words, parts) in words.iter().zip(expected) {
                for part in parts.split('|') {
                    assert!(words.contains(part), "{why}: {part} in {words}");
                }
            }
        }
    }

    #[test]
    fn a_run_keeps_it_and_older_runs_have_none() {
        let run = tempfile::tempdir().unwrap();
        assert_eq!(DataReport::load(run.path()), DataReport::default());
        let told = report(&[[1, 0, 0], [2, 0, 0]], None);
        told.save(run.path()).unwrap();
        assert_eq!(DataReport::load(run.path()), told);
        // A later program may write more fields.
        let text = std::fs::read_to_string(run.path().join(DATA_FILE)).unwrap();
        std::fs::write(
            run.path().join(DATA_FILE),
            text.replacen('(', "(\n    later: 5,", 1),
        )
        .unwrap();
        assert_eq!(DataReport::load(run.path()), told);
    }
}
