//! What every check looks at: a dataset, its parts, and what was read of it.

use super::{Finding, FindingKind, Readings};
use crate::{
    data::{Dataset, Split, SplitName, dataset::display_path},
    format::listed,
};

/// A dataset, its parts and what was read of it: what every check looks at.
pub(super) struct Case<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) readings: &'a Readings,
    /// The part of each sample; `None` also for samples that cannot be used.
    parts: Vec<Option<SplitName>>,
}

impl<'a> Case<'a> {
    pub(super) fn new(dataset: &'a Dataset, split: &Split, readings: &'a Readings) -> Self {
        let mut case = Self {
            dataset,
            readings,
            parts: vec![None; dataset.samples.len()],
        };
        for part in SplitName::ALL {
            for &index in split.part(part) {
                if case.is_usable(index) {
                    case.parts[index] = Some(part);
                }
            }
        }
        case
    }

    /// Whether sample `index` was read and nobody excluded it.
    pub(super) fn is_usable(&self, index: usize) -> bool {
        self.dataset.is_usable(index) && self.readings.facts(index).is_some()
    }

    pub(super) fn usable(&self) -> impl Iterator<Item = usize> {
        (0..self.dataset.samples.len()).filter(|&index| self.is_usable(index))
    }

    /// Samples that cannot be read, excluded ones left out, and why.
    pub(super) fn broken(&self) -> impl Iterator<Item = (usize, &str)> {
        let samples = self.dataset.samples.iter().enumerate();
        samples
            .filter(|(_, sample)| !sample.excluded)
            .filter_map(|(index, _)| {
                let known = self.dataset.broken.get(&index);
                let reason = known.or_else(|| self.readings.reason(index))?;
                Some((index, reason.as_str()))
            })
    }

    pub(super) fn part(&self, index: usize) -> Option<SplitName> {
        self.parts.get(index).copied().flatten()
    }

    pub(super) fn label(&self, index: usize) -> usize {
        self.dataset.samples.get(index).map_or(0, |s| s.label)
    }

    pub(super) fn class(&self, index: usize) -> &str {
        self.dataset.class_name(self.label(index))
    }

    /// A sample's file below the dataset's root, for people.
    pub(super) fn file(&self, index: usize) -> String {
        let sample = self.dataset.samples.get(index);
        sample.map_or_else(String::new, |sample| display_path(&sample.path))
    }

    /// The files of some samples, as many as fit in a sentence.
    pub(super) fn files(&self, samples: &[usize]) -> String {
        let names: Vec<String> = samples.iter().map(|&index| self.file(index)).collect();
        listed(&names)
    }

    /// A finding about samples.
    pub(super) fn finding(
        &self,
        kind: FindingKind,
        samples: Vec<usize>,
        message: String,
    ) -> Finding {
        Finding {
            kind,
            severity: kind.severity(),
            files: samples.iter().map(|&index| self.file(index)).collect(),
            classes: Vec::new(),
            samples,
            message,
        }
    }

    /// Usable images of each class.
    pub(super) fn counts(&self) -> Vec<usize> {
        self.dataset.counts_of(self.usable())
    }

    /// Images of each class in `part`.
    pub(super) fn counts_in(&self, part: SplitName) -> Vec<usize> {
        let indices = 0..self.parts.len();
        self.dataset
            .counts_of(indices.filter(|&index| self.parts[index] == Some(part)))
    }

    /// Parts that have images.
    pub(super) fn part_counts(&self) -> Vec<(SplitName, usize)> {
        let count = |part| self.parts.iter().filter(|p| **p == Some(part)).count();
        let all = SplitName::ALL.into_iter().map(|part| (part, count(part)));
        all.filter(|(_, count)| *count > 0).collect()
    }
}
