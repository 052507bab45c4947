//! What is wrong with a dataset, and where: files that cannot be read, classes that are missing or tiny,
//! pictures that stand twice, in two parts or under two labels.
//!
//! [`Readings::read`] reads every picture once; [`Examination::new`] judges what was read for one division
//! into parts, at once, so it can be asked again after every edit.
//!
//! ```text
//! Readings::read ── per picture: size, channels, hash of its pixels, 16×16 thumbnail (`data::similar`)
//!        └───────── pairs of contents that look alike (alike.rs: a k-d tree, then thumbnails)
//! Examination::new ─ twins.rs: who stands twice · files.rs, classes.rs, copies.rs: one finding each
//! edits.rs ───────── what to do about it, as edits
//! ```

mod alike;
mod case;
mod classes;
mod copies;
mod edits;
mod files;
mod finding;
mod read;
mod twins;

#[cfg(test)]
mod tests;

pub use edits::drop_from_train;
pub use finding::{Finding, FindingKind, Severity};
pub use read::Readings;

use std::{cmp::Reverse, collections::BTreeMap};

use super::{Dataset, Split, SplitName};
use crate::format::counted;
use case::Case;

/// How two samples are the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Likeness {
    /// The same pixels at the same size.
    Exact,
    /// They look alike.
    Near {
        /// 1 − the correlation of their thumbnails' brightness; 0 is the same up to brightness and contrast.
        distance: f32,
    },
}

/// Two samples to show side by side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The one to keep for training or the first in the dataset's order; it stands in the earlier part.
    pub a: usize,
    /// Its twin.
    pub b: usize,
    /// How they are the same.
    pub kind: Likeness,
    /// The parts of `a` and `b` where they differ.
    pub across_parts: Option<(SplitName, SplitName)>,
    /// Their labels differ.
    pub across_classes: bool,
}

/// Widths and heights in pixels, of usable images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Smallest width and smallest height, perhaps of different images.
    pub min: (u32, u32),
    /// Medians of widths and of heights, the lower one of two.
    pub median: (u32, u32),
    /// Largest width and largest height.
    pub max: (u32, u32),
    /// Number of different sizes.
    pub distinct: usize,
}

/// Everything found in one dataset under one division into parts. Excluded samples are in none of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Examination {
    /// What was found: the worst first, then by kind, then in the dataset's order.
    pub findings: Vec<Finding>,
    /// Samples that are twins: exact ones first, each surplus copy once; then those that look alike.
    pub pairs: Vec<Pair>,
    /// Sizes of the usable images; `None` when there are none.
    pub sizes: Option<Sizes>,
    /// Usable images by the channels of their source, such as `grey` or `RGB`.
    pub channels: BTreeMap<String, usize>,
    /// Samples, broken ones included.
    pub samples: usize,
    /// Usable images of each class, in the order of classes.
    pub classes: Vec<(String, usize)>,
    /// Usable images of each part that has any.
    pub splits: Vec<(SplitName, usize)>,
    /// Samples that cannot be read.
    pub broken: usize,
    /// Files that were passed over, hidden ones included.
    pub skipped: usize,
    /// Surplus exact copies: of every group of equal pictures all but one.
    pub duplicates: usize,
    /// Held-out images that stand in an earlier part too, exactly: each counts once, however many twins it
    /// has there.
    pub leaks: usize,
    /// Held-out images that look like one of an earlier part and are no [`Self::leaks`].
    pub near_leaks: usize,
}

impl Examination {
    /// Judges what was read of `dataset`, divided by `split`. Where every part of `split` is empty, the
    /// dataset is taken as one whole and nothing can stand in two parts.
    ///
    /// `readings` must be of a dataset with the same samples; labels, parts and exclusions may differ.
    pub fn new(dataset: &Dataset, split: &Split, readings: &Readings) -> Self {
        let case = Case::new(dataset, split, readings);
        let twins = twins::find(&case);
        let mut findings = files::findings(&case);
        findings.extend(classes::findings(&case));
        findings.extend(copies::findings(&case, &twins));
        findings.sort_by_cached_key(|f| (Reverse(f.severity), f.kind, f.samples.clone()));
        let exact = |pair: &&Pair| pair.kind == Likeness::Exact;
        let duplicates = twins.pairs.iter().filter(exact).count();
        let leaks = twins.leaks.iter().filter(|leak| leak.is_exact).count();
        Self {
            sizes: files::sizes(&case),
            channels: files::channels(&case),
            samples: dataset.samples.iter().filter(|s| !s.excluded).count(),
            classes: dataset.classes.iter().cloned().zip(case.counts()).collect(),
            splits: case.part_counts(),
            broken: case.broken().count(),
            skipped: dataset.skipped.total(),
            duplicates,
            leaks,
            near_leaks: twins.leaks.len() - leaks,
            pairs: twins.pairs,
            findings,
        }
    }

    /// What matters most in one line: `2 broken files, 8 images in two parts`; `nothing serious`.
    pub fn summary(&self) -> String {
        let images = |count, place| (count, format!("{} {place}", counted(count, "image")));
        let conflicts = self.count(FindingKind::LabelConflict);
        let copies = counted(self.duplicates, "surplus copy").replace("copys", "copies");
        let parts = [
            (self.broken, counted(self.broken, "broken file")),
            images(self.leaks, "in two parts"),
            images(self.near_leaks, "nearly in two parts"),
            (
                conflicts,
                format!("{} under two labels", counted(conflicts, "picture")),
            ),
            (self.duplicates, copies),
        ];
        let told = parts.into_iter().filter(|(count, _)| *count > 0);
        let told: Vec<String> = told.map(|(_, words)| words).collect();
        match (told.is_empty(), self.worst()) {
            (false, _) => told.join(", "),
            (true, Some(Severity::Error | Severity::Warning)) => {
                "the pictures are fine, the classes are not".to_owned()
            }
            (true, Some(Severity::Info)) => "nothing serious".to_owned(),
            (true, None) => "nothing is wrong".to_owned(),
        }
    }

    /// How many findings are of `kind`.
    pub fn count(&self, kind: FindingKind) -> usize {
        self.findings.iter().filter(|f| f.kind == kind).count()
    }

    /// The severity of the worst finding.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }
}
