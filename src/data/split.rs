//! Dividing samples into training, validation and test parts: seeded, stratified, and always a partition.

use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{
    dataset::{Dataset, Sample},
    edits::sample_name,
};

/// The part of a dataset that a sample stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SplitName {
    /// Weights are fitted to these.
    Train,
    /// Looked at after every epoch; chooses the best weights.
    Validation,
    /// Looked at once, at the end.
    Test,
}

impl SplitName {
    /// All parts, in the order people read them.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// The word for it, in lower case.
    pub fn word(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// How to divide a dataset into parts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitConfig {
    /// Respect the parts that the dataset itself gives. A part it gives no images to is then drawn from its
    /// training images, as the fractions below say.
    pub given: bool,
    /// Share of every class that goes to validation, 0..1.
    pub validation: f64,
    /// Share of every class that goes to test, 0..1.
    pub test: f64,
    /// Test on the last images in the dataset's order instead of on random ones, so that the test part
    /// stays the same whatever else changes.
    pub test_last: bool,
    /// Train on the first so many of the training images only; the others are in no part.
    pub first_train: Option<usize>,
    /// Keep each class's share equal in every part.
    pub stratified: bool,
    /// Decides which samples go where.
    pub seed: u64,
}

impl Default for SplitConfig {
    fn default() -> Self {
        Self {
            given: true,
            validation: 0.2,
            test: 0.0,
            test_last: false,
            first_train: None,
            stratified: true,
            seed: 42,
        }
    }
}

/// Why a split cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SplitError {
    /// The fractions are outside 0..1 or leave nothing for training.
    #[error(
        "the split gives {validation} to validation and {test} to test: use fractions from 0 to 1 that leave some for training"
    )]
    Fractions {
        /// The fraction asked for validation.
        validation: f64,
        /// The fraction asked for test.
        test: f64,
    },
}

/// Sample indices of each part, ascending. No sample stands in two parts; a sample in none was excluded,
/// is broken, or lies beyond [`SplitConfig::first_train`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// Indices for fitting.
    pub train: Vec<usize>,
    /// Indices for validation after every epoch.
    pub validation: Vec<usize>,
    /// Indices kept for the end.
    pub test: Vec<usize>,
}

impl Split {
    /// Divides the usable samples of `dataset` as `config` says. What the user moved stands where it was
    /// moved to, always.
    ///
    /// With stratification each class is divided on its own: it has `round(fraction · count)` samples in
    /// each drawn part, and its share of the first [`SplitConfig::first_train`].
    ///
    /// # Errors
    /// [`SplitError::Fractions`] when the fractions make no sense.
    pub fn new(dataset: &Dataset, config: &SplitConfig) -> Result<Self, SplitError> {
        let (validation, test) = (config.validation, config.test);
        let valid = |fraction: f64| (0.0..1.0).contains(&fraction);
        if !valid(validation) || !valid(test) || validation + test >= 1.0 {
            return Err(SplitError::Fractions { validation, test });
        }
        let given = |sample: &Sample| sample.part.filter(|_| config.given);
        let gives = |part| dataset.samples.iter().any(|s| given(s) == Some(part));
        let fractions = Fractions {
            validation: if gives(SplitName::Validation) {
                0.0
            } else {
                validation
            },
            test: if gives(SplitName::Test) { 0.0 } else { test },
        };

        let mut split = Self::default();
        let group_count = if config.stratified {
            dataset.classes.len()
        } else {
            1
        };
        let mut groups = vec![Vec::new(); group_count];
        for (index, sample) in dataset.samples.iter().enumerate() {
            if !dataset.is_usable(index) {
                continue;
            }
            match (sample.moved, given(sample)) {
                (Some(part), _) => split.part_mut(part).push(index),
                (None, Some(part @ (SplitName::Validation | SplitName::Test))) => {
                    split.part_mut(part).push(index);
                }
                (None, Some(SplitName::Train) | None) => {
                    let group = if config.stratified { sample.label } else { 0 };
                    if let Some(group) = groups.get_mut(group) {
                        group.push(index);
                    }
                }
            }
        }
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        let mut train = Vec::new();
        for group in groups {
            train.push(split.divide(group, &fractions, config.test_last, &mut rng));
        }
        if let Some(limit) = config.first_train {
            keep_first(&mut train, limit.saturating_sub(split.train.len()));
        }
        split.train.extend(train.into_iter().flatten());
        for part in SplitName::ALL {
            split.part_mut(part).sort_unstable();
        }
        Ok(split)
    }

    /// Draws validation and test from one group, which is in the dataset's order; what is left is for
    /// training.
    fn divide(
        &mut self,
        mut group: Vec<usize>,
        fractions: &Fractions,
        test_last: bool,
        rng: &mut ChaCha8Rng,
    ) -> Vec<usize> {
        let count = group.len() as f64;
        let share = |fraction: f64| (fraction * count).round() as usize;
        if test_last {
            let tail = group.split_off(group.len().saturating_sub(share(fractions.test)));
            self.test.extend(tail);
        }
        group.shuffle(rng);
        let cut_validation = share(fractions.validation).min(group.len());
        let drawn_test = if test_last { 0 } else { share(fractions.test) };
        let cut_test = (cut_validation + drawn_test).min(group.len());
        self.validation.extend(&group[..cut_validation]);
        self.test.extend(&group[cut_validation..cut_test]);
        group.split_off(cut_test)
    }

    fn part_mut(&mut self, name: SplitName) -> &mut Vec<usize> {
        match name {
            SplitName::Train => &mut self.train,
            SplitName::Validation => &mut self.validation,
            SplitName::Test => &mut self.test,
        }
    }

    /// Identifies the split: a hash of every part's samples and their labels, 16 hexadecimal digits. It is
    /// written into the run; the same data divided alike gives the same hash on every machine.
    pub fn hash(&self, dataset: &Dataset) -> String {
        let mut hasher = blake3::Hasher::new();
        for name in SplitName::ALL {
            hasher.update(name.word().as_bytes());
            let mut lines: Vec<String> = self
                .part(name)
                .iter()
                .filter_map(|&index| dataset.samples.get(index))
                .map(|sample| {
                    let class = dataset.class_name(sample.label);
                    format!("\n{}\t{class}", sample_name(&sample.path))
                })
                .collect();
            lines.sort_unstable();
            for line in lines {
                hasher.update(line.as_bytes());
            }
        }
        hasher.finalize().to_hex()[..16].to_owned()
    }

    /// The indices of one part.
    pub fn part(&self, name: SplitName) -> &[usize] {
        match name {
            SplitName::Train => &self.train,
            SplitName::Validation => &self.validation,
            SplitName::Test => &self.test,
        }
    }

    /// The part that sample `index` stands in; `None` when it is in none.
    pub fn of(&self, index: usize) -> Option<SplitName> {
        SplitName::ALL
            .into_iter()
            .find(|&name| self.part(name).binary_search(&index).is_ok())
    }
}

/// Shares to draw, 0..1.
struct Fractions {
    validation: f64,
    test: f64,
}

/// Keeps `limit` samples altogether, the first of each group in the dataset's order, and of each group its
/// share (largest remainders first, so that the sum is exact).
fn keep_first(groups: &mut [Vec<usize>], limit: usize) {
    let total: usize = groups.iter().map(Vec::len).sum();
    if limit >= total {
        return;
    }
    let mut quotas: Vec<usize> = groups.iter().map(|g| g.len() * limit / total).collect();
    let mut by_remainder: Vec<usize> = (0..groups.len()).collect();
    by_remainder.sort_by_key(|&g| std::cmp::Reverse(groups[g].len() * limit % total));
    let missing = limit - quotas.iter().sum::<usize>();
    for &group in by_remainder.iter().take(missing) {
        quotas[group] += 1;
    }
    for (group, quota) in groups.iter_mut().zip(quotas) {
        group.sort_unstable();
        group.truncate(quota);
    }
}

#[cfg(test)]
mod tests {
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
}
