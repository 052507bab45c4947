//! The division that a run began with, as its folder keeps it (`split.csv`): what is different now, and the same division
//! without what is lost. An image that cannot be read any more changes how all the others of its class are drawn.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{run_folder::SPLIT_FILE, run_tables};
use crate::{
    data::{Dataset, Split, SplitConfig, SplitName, edits::sample_name, split::SplitError},
    format::{counted, listed},
};

/// In place of a part: the image is in none.
const NO_PART: &str = "none";

/// A sample in a `split.csv`, which may have other columns too.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    file: String,
    part: String,
    label: String,
}

/// File, and its part and class.
type Rows = BTreeMap<String, (String, String)>;

/// `split.csv`: every sample's part and label, in the dataset's order.
///
/// # Errors
/// What the csv library said.
pub fn csv(split: &Split, dataset: &Dataset) -> Result<Vec<u8>, String> {
    let samples = dataset.samples.iter().enumerate();
    run_tables::csv(samples.map(|(index, sample)| Row {
        file: sample_name(&sample.path),
        part: split.of(index).map_or(NO_PART, SplitName::word).to_owned(),
        label: dataset.class_name(sample.label).to_owned(),
    }))
}

/// Whether two `split.csv` put the same images, in the same order, into the same parts.
pub fn are_same(one: &[u8], other: &[u8]) -> bool {
    one == other || table(one).is_some_and(|rows| Some(rows) == table(other))
}

/// `None` when it is no such table.
fn table(csv: &[u8]) -> Option<Vec<Row>> {
    let rows = csv::Reader::from_reader(csv).into_deserialize();
    rows.collect::<Result<_, _>>().ok()
}

/// The division of `dataset` that a model was trained with: the one that its run kept in the folder `run`, where it is of
/// this dataset, or else one drawn as `config` says.
///
/// # Errors
/// When `config` makes no sense.
pub fn of(
    dataset: &Dataset,
    config: &SplitConfig,
    run: Option<&Path>,
) -> Result<Split, SplitError> {
    let csv = run.and_then(|run| fs::read(run.join(SPLIT_FILE)).ok());
    match csv.and_then(|csv| kept(&csv, dataset)) {
        Some(kept) => Ok(kept),
        None => Split::new(dataset, config),
    }
}

/// The parts that the `split.csv` of a run put the samples of `dataset` in, without those that cannot be read now. `None`
/// when `dataset` has images or labels that the run did not know: then it is another dataset.
fn kept(csv: &[u8], dataset: &Dataset) -> Option<Split> {
    let rows = rows(csv)?;
    let mut split = Split::default();
    for (index, sample) in dataset.samples.iter().enumerate() {
        let (part, class) = rows.get(&sample_name(&sample.path))?;
        if class != dataset.class_name(sample.label) {
            return None;
        }
        let found = SplitName::ALL.into_iter().find(|name| name.word() == part);
        if found.is_none() && part != NO_PART {
            // Damaged.
            return None;
        }
        match found.filter(|_| dataset.is_usable(index)) {
            Some(SplitName::Train) => split.train.push(index),
            Some(SplitName::Validation) => split.validation.push(index),
            Some(SplitName::Test) => split.test.push(index),
            None => {}
        }
    }
    Some(split)
}

/// What has changed from one `split.csv` to another; `None` when that cannot be told.
pub fn changes(before: &[u8], now: &[u8]) -> Option<String> {
    let (before, now) = (rows(before)?, rows(now)?);
    let [mut lost, mut new, mut renamed, mut moved] = [const { Vec::new() }; 4];
    let files: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    for file in files {
        match [&before, &now].map(|rows| rows.get(file).filter(|(part, _)| part != NO_PART)) {
            [Some(_), None] => lost.push(file),
            [None, Some(_)] => new.push(file),
            [Some((part, class)), Some((part_now, class_now))] => {
                renamed.extend((class != class_now).then_some(file));
                moved.extend((part != part_now).then_some(file));
            }
            [None, None] => {}
        }
    }
    const LOST: [&str; 2] = [
        "is no longer there or cannot be read",
        "are no longer there or cannot be read",
    ];
    let changes = [
        classes_words(&before, &now),
        told(&lost, LOST),
        told(&new, ["is new", "are new"]),
        told(&renamed, ["has another class", "have another class"]),
        told(&moved, ["stands in another part", "stand in another part"]),
    ];
    let changes: Vec<String> = changes.into_iter().flatten().collect();
    (!changes.is_empty()).then(|| changes.join("; "))
}

fn rows(csv: &[u8]) -> Option<Rows> {
    let rows = table(csv)?.into_iter();
    Some(rows.map(|row| (row.file, (row.part, row.label))).collect())
}

fn classes_words(before: &Rows, now: &Rows) -> Option<String> {
    let of = |rows: &Rows| -> BTreeSet<String> {
        rows.values().map(|(_, class)| class.clone()).collect()
    };
    let (before, now) = (of(before), of(now));
    let gone: Vec<String> = before.difference(&now).cloned().collect();
    let new: Vec<String> = now.difference(&before).cloned().collect();
    let listing = |names: &[String], words: &str| {
        let label = if names.len() == 1 { "class" } else { "classes" };
        (!names.is_empty()).then(|| format!("{label} {} {words}", listed(names)))
    };
    let parts = [listing(&gone, "no longer there"), listing(&new, "new")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// How many `files` there are, what became of them, and one of them.
fn told(files: &[&String], [one, several]: [&str; 2]) -> Option<String> {
    let first = files.first()?;
    let verb = if files.len() == 1 { one } else { several };
    let count = counted(files.len(), "image");
    Some(format!("{count} {verb} (for example {first})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Sample;

    #[test]
    fn a_lost_image_leaves_every_other_where_it_stood() {
        let mut dataset = Dataset {
            classes: vec!["a".into(), "b".into()],
            samples: vec![
                Sample::file("a/1", 0),
                Sample::file("a/2", 0),
                Sample::file("b/1", 1),
                Sample::file("b/2", 1),
            ],
            ..Dataset::default()
        };
        let csv = b"file,part,label\na/1,validation,a\na/2,train,a\nb/1,test,b\nb/2,train,b\nb/3,train,b\n";
        let split = |train: &[usize], validation: &[usize], test: &[usize]| Split {
            train: train.to_vec(),
            validation: validation.to_vec(),
            test: test.to_vec(),
        };
        assert_eq!(
            kept(csv, &dataset),
            Some(split(&[1, 3], &[0], &[2])),
            "b/3 is gone"
        );
        dataset.broken.insert(1, "is empty".into());
        assert_eq!(
            kept(csv, &dataset),
            Some(split(&[3], &[0], &[2])),
            "a/2 cannot be read"
        );
        dataset.samples[0].label = 1;
        assert_eq!(kept(csv, &dataset), None, "another label");
        dataset.samples[0] = Sample::file("a/9", 0);
        assert_eq!(kept(csv, &dataset), None, "an image that it did not know");
    }

    #[test]
    fn every_change_is_named_with_number_and_example() {
        let table =
            |rows: &str| format!("file,part,label\n{}", rows.replace(' ', "\n")).into_bytes();
        let before = table("a/1,train,a a/2,validation,a b/1,train,b b/2,none,b");
        for (why, now, expected) in [
            (
                "nothing",
                "a/1,train,a a/2,validation,a b/1,train,b b/2,none,b",
                None,
            ),
            (
                "a file that is unreadable now, and one that is gone",
                "a/1,none,a a/2,validation,a b/2,none,b",
                Some("2 images are no longer there or cannot be read (for example a/1)"),
            ),
            (
                "a new one, and one that can be read now",
                "a/1,train,a a/2,validation,a b/1,train,b b/2,train,b b/3,test,b",
                Some("2 images are new (for example b/2)"),
            ),
            (
                "another label and another part",
                "a/1,train,b a/2,train,a b/1,train,b b/2,none,b",
                Some(
                    "1 image has another class (for example a/1); 1 image stands in another part (for example a/2)",
                ),
            ),
            (
                "another class",
                "a/1,train,a a/2,validation,a c/1,train,c",
                Some(
                    "class b no longer there, class c new; 1 image is no longer there or cannot be read (for example \
                     b/1); 1 image is new (for example c/1)",
                ),
            ),
        ] {
            assert_eq!(changes(&before, &table(now)).as_deref(), expected, "{why}");
        }
        assert_eq!(changes(b"file,part,label\na", b""), None, "a damaged table");
    }
}
