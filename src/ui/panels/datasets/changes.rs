//! What the menus change: edits made from sample indices. Pure.

use crate::{
    data::{Dataset, Edit, SplitName, edits::sample_name},
    engine::OpenDataset,
};

fn names(open: &OpenDataset, samples: &[usize]) -> Vec<String> {
    let known = samples
        .iter()
        .filter_map(|&index| open.dataset.samples.get(index));
    known.map(|sample| sample_name(&sample.path)).collect()
}

/// Takes `samples` out, or back in.
pub fn exclude(open: &OpenDataset, samples: &[usize], excluded: bool) -> Edit {
    Edit::Exclude {
        samples: names(open, samples),
        excluded,
    }
}

/// Gives `samples` the label `label`, or for `None` the source's own again.
pub fn relabel(open: &OpenDataset, samples: &[usize], label: Option<usize>) -> Option<Edit> {
    let Some(label) = label else {
        return Some(Edit::Relabel {
            samples: names(open, samples),
            class: None,
        });
    };
    let has = |dataset: &Dataset, index: usize| {
        let sample = dataset.samples.get(index);
        sample.map(|sample| sample.label) == Some(label)
    };
    let others = samples.iter().copied();
    let others: Vec<usize> = others.filter(|index| !has(&open.dataset, *index)).collect();
    if others.is_empty() {
        return None;
    }
    // What gets the source's label is not a change any more.
    let back = others.iter().all(|index| has(&open.base, *index));
    let class = open.base.classes.get(label)?.clone();
    Some(Edit::Relabel {
        samples: names(open, &others),
        class: (!back).then_some(class),
    })
}

/// Puts `samples` into `part`, or for `None` where source and split put them.
pub fn move_to(open: &OpenDataset, samples: &[usize], part: Option<SplitName>) -> Edit {
    Edit::Move {
        samples: names(open, samples),
        part,
    }
}

/// Shows another name for class `label`.
pub fn rename(open: &OpenDataset, label: usize, to: &str) -> Option<Edit> {
    Some(Edit::Rename {
        class: open.base.classes.get(label)?.clone(),
        to: to.to_owned(),
    })
}

/// All samples with label `label`.
pub fn of_class(open: &OpenDataset, label: usize) -> Vec<usize> {
    let samples = open.dataset.samples.iter().enumerate();
    let samples = samples.filter(|(_, sample)| sample.label == label);
    samples.map(|(index, _)| index).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        data::{Dataset, Edits, Sample},
        engine::JobId,
    };

    fn open() -> OpenDataset {
        let base = Dataset {
            classes: vec!["a".into(), "b".into()],
            samples: vec![
                Sample::file("a/1.png", 0),
                Sample::file("a/2.png", 0),
                Sample::file("b/1.png", 1),
            ],
            ..Dataset::default()
        };
        let edits = Edits {
            renamed: [("a".to_owned(), "Alpha".to_owned())].into(),
            relabelled: [("b/1.png".to_owned(), "a".to_owned())].into(),
            ..Edits::default()
        };
        OpenDataset {
            id: JobId(1),
            dataset: Arc::new(edits.apply(&base)),
            base: Arc::new(base),
            edits: Arc::new(edits),
            images: Arc::default(),
        }
    }

    #[test]
    fn labels_are_named_as_the_source_names_them() {
        let open = open();
        let edit = |samples: &[&str], class: Option<&str>| {
            Some(Edit::Relabel {
                samples: samples.iter().map(|name| (*name).to_owned()).collect(),
                class: class.map(str::to_owned),
            })
        };
        for (samples, label, expected, why) in [
            (
                &[0, 1][..],
                Some(1),
                edit(&["a/1.png", "a/2.png"], Some("b")),
                "two images",
            ),
            (&[0, 2], Some(0), None, "both have it already"),
            (
                &[2],
                Some(1),
                edit(&["b/1.png"], None),
                "the source's label is no change",
            ),
            (
                &[0, 2],
                Some(1),
                edit(&["a/1.png", "b/1.png"], Some("b")),
                "one of each",
            ),
            (&[2], None, edit(&["b/1.png"], None), "back to the source"),
            (&[0], Some(9), None, "no such class"),
        ] {
            assert_eq!(relabel(&open, samples, label), expected, "{why}");
        }
        let renamed = rename(&open, 0, "first");
        assert!(matches!(renamed, Some(Edit::Rename { class, .. }) if class == "a"));
        assert_eq!(of_class(&open, 0), [0, 1, 2]);
        assert!(matches!(
            exclude(&open, &[2, 7], true),
            Edit::Exclude { samples, excluded: true } if samples == ["b/1.png"]
        ));
    }
}
