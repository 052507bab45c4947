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

/// The fractions are outside 0..1 or leave nothing for training: that for validation and that for test.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "the split gives {0} to validation and {1} to test: use fractions from 0 to 1 that leave some for training"
)]
pub struct SplitError(pub f64, pub f64);

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
    /// When the fractions make no sense.
    pub fn new(dataset: &Dataset, config: &SplitConfig) -> Result<Self, SplitError> {
        let (validation, test) = (config.validation, config.test);
        let valid = |fraction: f64| (0.0..1.0).contains(&fraction);
        if !valid(validation) || !valid(test) || validation + test >= 1.0 {
            return Err(SplitError(validation, test));
        }
        let given = |sample: &Sample| sample.part.filter(|_| config.given);
        let gives = |part| dataset.samples.iter().any(|s| given(s) == Some(part));
        let drawn = |part, fraction| if gives(part) { 0.0 } else { fraction };
        let validation = drawn(SplitName::Validation, validation);
        let test = drawn(SplitName::Test, test);
        let mut split = Self::default();
        let count = if config.stratified {
            dataset.classes.len()
        } else {
            1
        };
        let mut groups = vec![Vec::new(); count];
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
            train.push(split.divide(group, (validation, test), config.test_last, &mut rng));
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
        (validation, test): (f64, f64),
        test_last: bool,
        rng: &mut ChaCha8Rng,
    ) -> Vec<usize> {
        let count = group.len() as f64;
        let share = |fraction: f64| (fraction * count).round() as usize;
        if test_last {
            let tail = group.split_off(group.len().saturating_sub(share(test)));
            self.test.extend(tail);
        }
        group.shuffle(rng);
        let cut_validation = share(validation).min(group.len());
        let drawn_test = if test_last { 0 } else { share(test) };
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
mod tests;
