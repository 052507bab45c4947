//! Parts, their sizes and their seeds.

use super::*;
use proptest::prelude::*;

fn dataset(labels: &[usize]) -> Dataset {
    Dataset {
        classes: (0..5).map(|class| class.to_string()).collect(),
        samples: labels
            .iter()
            .enumerate()
            .map(|(index, &label)| Sample::file(format!("{label}/{index}.png"), label))
            .collect(),
        ..Dataset::default()
    }
}

fn sizes(split: &Split) -> (usize, usize, usize) {
    (split.train.len(), split.validation.len(), split.test.len())
}

#[test]
fn recipe_one_splits_seventy_thirty_per_class() {
    let data = dataset(&(0..1200).map(|i| i / 400).collect::<Vec<_>>());
    let config = SplitConfig {
        validation: 0.3,
        ..SplitConfig::default()
    };
    let split = Split::new(&data, &config).unwrap();
    assert_eq!(sizes(&split), (840, 360, 0));
    for class in 0..3 {
        let of_class = |i: &&usize| data.samples[**i].label == class;
        assert_eq!(split.validation.iter().filter(of_class).count(), 120);
    }
    let again = Split::new(&data, &config).unwrap();
    assert_eq!(split, again, "same seed, same split");
    assert_eq!(split.hash(&data), again.hash(&data));
    let other = Split::new(&data, &SplitConfig { seed: 7, ..config }).unwrap();
    assert_ne!(split, other, "another seed, another split");
    assert_ne!(split.hash(&data), other.hash(&data));
}

#[test]
fn recipe_five_trains_on_the_first_and_tests_on_the_last() {
    // 1,000 of one class, then 500 of another, as folders come.
    let data = dataset(
        &(0..1500)
            .map(|i| usize::from(i >= 1000))
            .collect::<Vec<_>>(),
    );
    let config = SplitConfig {
        validation: 0.1,
        test: 0.2,
        test_last: true,
        first_train: Some(250),
        ..SplitConfig::default()
    };
    let split = Split::new(&data, &config).unwrap();
    assert_eq!(sizes(&split), (250, 150, 300));
    let expected: Vec<usize> = (800..1000).chain(1400..1500).collect();
    assert_eq!(split.test, expected, "the last fifth of each class");
    let larger = Split::new(
        &data,
        &SplitConfig {
            first_train: Some(500),
            ..config
        },
    )
    .unwrap();
    assert_eq!(larger.test, split.test, "whatever else changes");
    assert!(split.train.iter().all(|index| larger.train.contains(index)));
    let second = split
        .train
        .iter()
        .filter(|&&i| data.samples[i].label == 1)
        .count();
    assert_eq!(second, 83, "a third of them");
    let plain = SplitConfig {
        stratified: false,
        ..config
    };
    let plain = Split::new(&data, &plain).unwrap();
    assert_eq!(plain.test, (1200..1500).collect::<Vec<_>>());
}

#[test]
fn given_parts_are_respected_and_missing_ones_are_drawn_from_training() {
    let mut data = dataset(&[0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
    for (index, sample) in data.samples.iter_mut().enumerate() {
        sample.part = Some(if index < 8 {
            SplitName::Train
        } else {
            SplitName::Test
        });
    }
    let config = SplitConfig {
        validation: 0.25,
        test: 0.2,
        ..SplitConfig::default()
    };
    let split = Split::new(&data, &config).unwrap();
    assert_eq!(split.test, [8, 9]);
    assert_eq!(sizes(&split), (6, 2, 2), "validation never comes from test");
    let none = SplitConfig {
        validation: 0.0,
        ..config
    };
    assert_eq!(sizes(&Split::new(&data, &none).unwrap()), (8, 0, 2));
    let ignored = SplitConfig {
        given: false,
        ..config
    };
    assert_eq!(sizes(&Split::new(&data, &ignored).unwrap()), (6, 2, 2));

    data.samples[8].moved = Some(SplitName::Train);
    data.samples[0].excluded = true;
    data.broken.insert(1, "it is empty".into());
    let split = Split::new(&data, &none).unwrap();
    assert_eq!(
        (split.train.as_slice(), split.test.as_slice()),
        (&[2, 3, 4, 5, 6, 7, 8][..], &[9][..])
    );
    assert_eq!(
        (split.of(0), split.of(1), split.of(8)),
        (None, None, Some(SplitName::Train))
    );
}

#[test]
fn senseless_fractions_are_refused() {
    for (validation, test) in [(-0.1, 0.0), (1.0, 0.0), (0.6, 0.4), (f64::NAN, 0.0)] {
        let config = SplitConfig {
            validation,
            test,
            ..SplitConfig::default()
        };
        assert!(
            Split::new(&dataset(&[0, 1]), &config).is_err(),
            "{validation} {test}"
        );
    }
}

fn part() -> impl Strategy<Value = Option<SplitName>> {
    prop::option::of(prop::sample::select(&SplitName::ALL[..]))
}

proptest! {
    #[test]
    fn any_split_is_a_partition(
        samples in prop::collection::vec((0usize..5, part(), part(), any::<bool>()), 0..200),
        validation in 0.0..0.5f64,
        test in 0.0..0.5f64,
        switches: (bool, bool, bool),
        first_train in prop::option::of(0usize..100),
        seed: u64,
    ) {
        let mut data = dataset(&samples.iter().map(|sample| sample.0).collect::<Vec<_>>());
        for (sample, (_, part, moved, excluded)) in data.samples.iter_mut().zip(&samples) {
            (sample.part, sample.moved, sample.excluded) = (*part, *moved, *excluded);
        }
        let (given, stratified, test_last) = switches;
        let config = SplitConfig { given, validation, test, test_last, first_train, stratified, seed };
        let split = Split::new(&data, &config).unwrap();
        let mut all = [split.train.clone(), split.validation.clone(), split.test.clone()].concat();
        all.sort_unstable();
        let mut once = all.clone();
        once.dedup();
        prop_assert_eq!(&all, &once, "no sample stands in two parts");
        let usable: Vec<usize> = (0..samples.len()).filter(|&i| data.is_usable(i)).collect();
        match first_train {
            None => prop_assert_eq!(all, usable, "every usable sample stands in one"),
            Some(limit) => {
                prop_assert!(all.iter().all(|index| usable.contains(index)));
                let moved = data.samples.iter().filter(|s| s.moved == Some(SplitName::Train)).count();
                prop_assert!(split.train.len() <= limit.max(moved));
            }
        }
        for index in split.test {
            let sample = &data.samples[index];
            let stands = sample.moved.or(sample.part.filter(|_| given));
            prop_assert!(matches!(stands, None | Some(SplitName::Test | SplitName::Train)));
        }
    }
}
