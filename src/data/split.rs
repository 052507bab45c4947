//! Dividing samples into training, validation and test parts: seeded, stratified, and always a partition.

use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

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

/// How to divide a dataset that has no split of its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitConfig {
    /// Share of every class that goes to validation, 0..1.
    pub validation: f64,
    /// Share of every class that goes to test, 0..1.
    pub test: f64,
    /// Keep each class's share equal in every part.
    pub stratified: bool,
    /// Decides which samples go where.
    pub seed: u64,
}

impl Default for SplitConfig {
    fn default() -> Self {
        Self {
            validation: 0.2,
            test: 0.0,
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

/// Sample indices of each part, ascending; together a partition of all samples.
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
    /// Divides samples with these `labels` as `config` says.
    ///
    /// With stratification each class is shuffled and cut on its own, so every class has
    /// `round(fraction · count)` samples in each part.
    ///
    /// # Errors
    /// [`SplitError::Fractions`] when the fractions make no sense.
    pub fn new(labels: &[usize], config: &SplitConfig) -> Result<Self, SplitError> {
        let (validation, test) = (config.validation, config.test);
        let valid = |fraction: f64| (0.0..1.0).contains(&fraction);
        if !valid(validation) || !valid(test) || validation + test >= 1.0 {
            return Err(SplitError::Fractions { validation, test });
        }
        let groups = if config.stratified {
            let classes = labels.iter().max().map_or(0, |highest| highest + 1);
            let mut groups = vec![Vec::new(); classes];
            for (index, &label) in labels.iter().enumerate() {
                groups[label].push(index);
            }
            groups
        } else {
            vec![(0..labels.len()).collect()]
        };

        let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
        let mut split = Self::default();
        for mut group in groups {
            group.shuffle(&mut rng);
            let count = group.len() as f64;
            let cut_validation = (validation * count).round() as usize;
            let cut_test = cut_validation + (test * count).round() as usize;
            let cut_test = cut_test.min(group.len());
            split.validation.extend(&group[..cut_validation]);
            split.test.extend(&group[cut_validation..cut_test]);
            split.train.extend(&group[cut_test..]);
        }
        for part in [&mut split.train, &mut split.validation, &mut split.test] {
            part.sort_unstable();
        }
        Ok(split)
    }

    /// The indices of one part.
    pub fn part(&self, name: SplitName) -> &[usize] {
        match name {
            SplitName::Train => &self.train,
            SplitName::Validation => &self.validation,
            SplitName::Test => &self.test,
        }
    }

    /// The part that sample `index` stands in.
    pub fn of(&self, index: usize) -> Option<SplitName> {
        SplitName::ALL
            .into_iter()
            .find(|&name| self.part(name).binary_search(&index).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn recipe_one_splits_seventy_thirty_per_class() {
        let labels: Vec<usize> = (0..1200).map(|i| i / 400).collect();
        let config = SplitConfig {
            validation: 0.3,
            ..SplitConfig::default()
        };
        let split = Split::new(&labels, &config).unwrap();
        assert_eq!(
            (split.train.len(), split.validation.len(), split.test.len()),
            (840, 360, 0)
        );
        for class in 0..3 {
            assert_eq!(
                split
                    .validation
                    .iter()
                    .filter(|&&i| labels[i] == class)
                    .count(),
                120
            );
        }
        assert_eq!(
            split,
            Split::new(&labels, &config).unwrap(),
            "same seed, same split"
        );
        let other = Split::new(&labels, &SplitConfig { seed: 7, ..config }).unwrap();
        assert_ne!(split, other, "another seed, another split");
    }

    #[test]
    fn senseless_fractions_are_refused() {
        for (validation, test) in [(-0.1, 0.0), (1.0, 0.0), (0.6, 0.4), (f64::NAN, 0.0)] {
            let config = SplitConfig {
                validation,
                test,
                ..SplitConfig::default()
            };
            assert!(Split::new(&[0, 1], &config).is_err(), "{validation} {test}");
        }
    }

    proptest! {
        #[test]
        fn any_split_is_a_partition(
            labels in prop::collection::vec(0usize..5, 0..200),
            validation in 0.0..0.5f64,
            test in 0.0..0.5f64,
            stratified: bool,
            seed: u64,
        ) {
            let config = SplitConfig { validation, test, stratified, seed };
            let split = Split::new(&labels, &config).unwrap();
            let mut all = [split.train.clone(), split.validation.clone(), split.test.clone()].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..labels.len()).collect::<Vec<_>>());
            for index in 0..labels.len() {
                prop_assert!(split.of(index).is_some());
            }
        }
    }
}
