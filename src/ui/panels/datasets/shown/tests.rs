//! What is shown, in which order.

use std::path::PathBuf;

use super::*;
use crate::data::{Edits, ImageStore, Sample, SplitConfig};

fn open(edits: Edits) -> Arc<OpenDataset> {
    let paths = [
        "b/2.png",
        "b/10.png",
        "c/1.png",
        "c/03.png",
        "a/Cat.png",
        "a/dog.png",
    ];
    let base = Dataset {
        classes: vec!["b".into(), "c".into(), "a".into()],
        samples: paths
            .iter()
            .enumerate()
            .map(|(i, path)| Sample::file(path, i / 2))
            .collect(),
        broken: [(3, "it is empty".to_owned())].into(),
        root: PathBuf::from("/d"),
        ..Dataset::default()
    };
    Arc::new(OpenDataset {
        id: JobId(1),
        dataset: Arc::new(edits.apply(&base)),
        base: Arc::new(base),
        edits: Arc::new(edits),
        images: Arc::new(ImageStore::default()),
    })
}

fn edits() -> Edits {
    Edits {
        excluded: ["b/10.png".to_owned()].into(),
        relabelled: [("c/1.png".to_owned(), "a".to_owned())].into(),
        moved: [("a/dog.png".to_owned(), SplitName::Test)].into(),
        ..Edits::default()
    }
}

fn shown(filter: &Filter, order: Order) -> Shown {
    let open = open(edits());
    let division = Arc::new(Division::new(&open.dataset, &SplitConfig::default()).unwrap());
    let view = View {
        open: &open,
        division: Some(&division),
        is_unreadable: &|index| index == 0,
        unreadable: 1,
    };
    let mut shown = Shown::default();
    while !shown.update(&view, filter, order, Instant::now()) {}
    shown
}

#[test]
fn filters_choose_what_is_shown() {
    let all = Filter::default();
    let classes = |classes: &[usize]| Filter {
        classes: classes.iter().copied().collect(),
        ..Filter::default()
    };
    let flag = |flag| Filter {
        flag,
        ..Filter::default()
    };
    let name = |name: &str| Filter {
        name: name.into(),
        ..Filter::default()
    };
    let part = |part| Filter {
        part,
        ..Filter::default()
    };
    for (filter, expected, why) in [
        (all, &[0, 1, 2, 3, 4, 5][..], "everything"),
        (classes(&[0]), &[0, 1], "one class"),
        (
            classes(&[1, 2]),
            &[2, 3, 4, 5],
            "two classes, one relabelled",
        ),
        (classes(&[1]), &[3], "the label counts, not the source's"),
        (flag(Flag::Excluded), &[1], "excluded"),
        (flag(Flag::Changed), &[2, 5], "relabelled or moved"),
        (flag(Flag::Broken), &[0, 3], "broken, or no thumbnail"),
        (name("CAT"), &[4], "whatever the case"),
        (name("0"), &[1, 3], "anywhere in the file's name"),
        (name("b/"), &[], "folders are not searched"),
        (part(PartFilter::In(SplitName::Test)), &[5], "moved to test"),
        (
            part(PartFilter::InNone),
            &[1, 3],
            "excluded and broken are in no part",
        ),
    ] {
        let shown = shown(&filter, Order::default());
        assert_eq!(&*shown.list().samples, expected, "{why}");
    }
}

#[test]
fn orders_are_stable_and_can_be_turned_round() {
    for (by, up, down) in [
        (SortBy::Source, [0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]),
        (SortBy::Name, [2, 0, 3, 1, 4, 5], [5, 4, 1, 3, 0, 2]),
        (SortBy::Class, [0, 1, 3, 2, 4, 5], [2, 4, 5, 3, 0, 1]),
    ] {
        for (descending, expected) in [(false, up), (true, down)] {
            let shown = shown(&Filter::default(), Order { by, descending });
            assert_eq!(*shown.list().samples, expected, "{by:?} {descending}");
        }
    }
    let by_part = Order {
        by: SortBy::Part,
        descending: true,
    };
    let shown = shown(&Filter::default(), by_part);
    assert_eq!(shown.list().samples[..3], [1, 3, 5], "none, then test");
}

#[test]
fn counts_and_examples_ignore_the_chosen_classes() {
    let filter = Filter {
        classes: [0].into(),
        ..Filter::default()
    };
    let shown = shown(&filter, Order::default());
    assert_eq!(shown.list().counts, [2, 1, 3]);
    assert_eq!(shown.list().examples, [vec![0, 1], vec![3], vec![2, 4, 5]]);
}

#[test]
fn a_change_of_the_data_keeps_the_list_until_the_new_one_is_complete() {
    let many = |id: u64, excluded: bool| {
        let sample = |i: usize| Sample {
            excluded: excluded && i == 0,
            ..Sample::file(format!("{i}.png"), 0)
        };
        let dataset = Arc::new(Dataset {
            classes: vec!["a".into()],
            samples: (0..1_000).map(sample).collect(),
            ..Dataset::default()
        });
        Arc::new(OpenDataset {
            id: JobId(id),
            base: Arc::clone(&dataset),
            dataset,
            edits: Arc::default(),
            images: Arc::default(),
        })
    };
    let view = |open| View {
        open,
        division: None,
        is_unreadable: &|_| false,
        unreadable: 0,
    };
    let (filter, order) = (Filter::default(), Order::default());
    let mut shown = Shown::default();
    let first = many(1, false);
    assert!(!shown.update(&view(&first), &filter, order, Instant::now()));
    assert_eq!(
        shown.list().samples.len(),
        AT_ONCE,
        "a part is shown at once"
    );
    while !shown.update(&view(&first), &filter, order, Instant::now()) {}
    let edited = many(1, true);
    assert!(!shown.update(&view(&edited), &filter, order, Instant::now()));
    assert_eq!(shown.list().samples.len(), 1_000, "nothing jumps");
    let other = many(2, false);
    assert!(!shown.update(&view(&other), &filter, order, Instant::now()));
    assert_eq!(
        shown.list().samples.len(),
        AT_ONCE,
        "another dataset's samples mean nothing"
    );
}
