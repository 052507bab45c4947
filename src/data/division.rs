//! A split together with what people want to know about it. Plain data, made once and looked at often.

use std::sync::Arc;

use super::{
    dataset::Dataset,
    left_out::LeftOut,
    split::{Split, SplitConfig, SplitError, SplitName},
};

/// A dataset divided as a configuration says.
#[derive(Debug, Clone, PartialEq)]
pub struct Division {
    /// The configuration.
    pub config: SplitConfig,
    /// Which sample is in which part.
    pub split: Arc<Split>,
    /// The part of each sample of the dataset, in sample order.
    pub parts: Vec<Option<SplitName>>,
    /// Samples of each class in training, validation and test.
    pub counts: Vec<[usize; 3]>,
    /// Identifies it: [`Split::hash`].
    pub hash: String,
    /// What of the dataset is in no part though nobody wanted that.
    pub left_out: LeftOut,
}

impl Division {
    /// Divides `dataset`.
    ///
    /// # Errors
    /// When the configuration makes no sense.
    pub fn new(dataset: &Dataset, config: &SplitConfig) -> Result<Self, SplitError> {
        let split = Split::new(dataset, config)?;
        let mut parts = vec![None; dataset.samples.len()];
        let mut counts = vec![[0; 3]; dataset.classes.len()];
        for (column, name) in SplitName::ALL.into_iter().enumerate() {
            for &index in split.part(name) {
                parts[index] = Some(name);
                if let Some(counts) = counts.get_mut(dataset.samples[index].label) {
                    counts[column] += 1;
                }
            }
        }
        Ok(Self {
            config: *config,
            hash: split.hash(dataset),
            left_out: LeftOut::of(dataset),
            split: Arc::new(split),
            parts,
            counts,
        })
    }

    /// The part of sample `index`; `None` when it is in none.
    pub fn part_of(&self, index: usize) -> Option<SplitName> {
        self.parts.get(index).copied().flatten()
    }

    /// Usable samples in no part, since the split trains on the first ones only.
    pub fn unused(&self, dataset: &Dataset) -> usize {
        let is_unused = |index: &usize| self.part_of(*index).is_none() && dataset.is_usable(*index);
        (0..self.parts.len()).filter(is_unused).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::dataset::Sample;

    #[test]
    fn counts_and_parts_agree_with_the_split() {
        let dataset = Dataset {
            classes: vec!["a".into(), "b".into()],
            samples: (0..10)
                .map(|i| Sample::file(format!("{i}.png"), usize::from(i >= 6)))
                .collect(),
            ..Dataset::default()
        };
        let config = SplitConfig {
            validation: 0.5,
            first_train: Some(3),
            ..SplitConfig::default()
        };
        let division = Division::new(&dataset, &config).unwrap();
        assert_eq!(division.counts, [[2, 3, 0], [1, 2, 0]]);
        assert_eq!(division.unused(&dataset), 2);
        for index in 0..10 {
            assert_eq!(division.part_of(index), division.split.of(index), "{index}");
        }
        assert_eq!(division.hash, division.split.hash(&dataset));
    }
}
