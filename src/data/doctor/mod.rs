//! What is wrong with a dataset, and where: files that cannot be read, classes that are missing or tiny,
//! pictures that stand twice, in two parts or under two labels.
//!
//! [`Readings::read`] reads every picture once; [`Examination::new`] judges what was read for one division
//! into parts, at once, so it can be asked again after every edit. [`examine`] does both.
//!
//! ```text
//! Readings::read ── per picture: size, channels, hash of its pixels, 16×16 thumbnail (thumbnail.rs)
//!        └───────── pairs of contents that look alike (alike.rs: a k-d tree, then thumbnails)
//! Examination::new ─ twins.rs: who stands twice · files.rs, classes.rs, copies.rs: one finding each
//! edits.rs ───────── what to do about it, as edits
//! ```

mod alike;
mod classes;
mod copies;
mod edits;
mod files;
mod probe;
mod read;
mod thumbnail;
mod twins;

#[cfg(test)]
mod tests;

pub use edits::{drop_from_train, keep_one};
pub use read::Readings;

use std::collections::BTreeMap;

use super::{Dataset, ImageStore, Split, SplitName, dataset::display_path};
use crate::{
    cancel::{CancelToken, Cancelled},
    format::counted,
};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; training works as it is.
    Info,
    /// The network learns or is measured worse for it.
    Warning,
    /// What is measured is wrong, or a class cannot be learned.
    Error,
}

impl Severity {
    /// The word for it; scripts rely on it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What was found, in the order in which findings of one severity are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// An image that cannot be read or decoded.
    BrokenFile,
    /// A file of no bytes.
    EmptyFile,
    /// Files that were passed over.
    SkippedFile,
    /// A file of another format than its ending says.
    WrongExtension,
    /// A picture of one colour.
    BlankImage,
    /// A class without images in a part.
    MissingClass,
    /// The same pixels in two parts.
    Leak,
    /// The same pixels under two labels.
    LabelConflict,
    /// Pictures that look alike in two parts.
    NearLeak,
    /// Pictures that look alike under two labels.
    NearLabelConflict,
    /// The same pixels more than once in one part.
    ExactDuplicate,
    /// Pictures that look alike in one part.
    NearDuplicate,
    /// A class with very few images to learn from.
    TinyClass,
    /// Classes of very different sizes.
    Imbalance,
    /// Images of more than one size.
    MixedSizes,
    /// Grey images among coloured ones and the like.
    MixedChannels,
}

impl FindingKind {
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::BrokenFile,
        Self::EmptyFile,
        Self::SkippedFile,
        Self::WrongExtension,
        Self::BlankImage,
        Self::MissingClass,
        Self::Leak,
        Self::LabelConflict,
        Self::NearLeak,
        Self::NearLabelConflict,
        Self::ExactDuplicate,
        Self::NearDuplicate,
        Self::TinyClass,
        Self::Imbalance,
        Self::MixedSizes,
        Self::MixedChannels,
    ];

    /// The word for it; scripts rely on it.
    pub fn word(self) -> &'static str {
        match self {
            Self::BrokenFile => "broken_file",
            Self::EmptyFile => "empty_file",
            Self::SkippedFile => "skipped_file",
            Self::WrongExtension => "wrong_extension",
            Self::BlankImage => "blank_image",
            Self::MissingClass => "missing_class",
            Self::Leak => "leak",
            Self::LabelConflict => "label_conflict",
            Self::NearLeak => "near_leak",
            Self::NearLabelConflict => "near_label_conflict",
            Self::ExactDuplicate => "exact_duplicate",
            Self::NearDuplicate => "near_duplicate",
            Self::TinyClass => "tiny_class",
            Self::Imbalance => "imbalance",
            Self::MixedSizes => "mixed_sizes",
            Self::MixedChannels => "mixed_channels",
        }
    }

    /// What people call it, as a heading.
    pub fn words(self) -> &'static str {
        match self {
            Self::BrokenFile => "broken file",
            Self::EmptyFile => "empty file",
            Self::SkippedFile => "passed over",
            Self::WrongExtension => "wrong ending",
            Self::BlankImage => "blank image",
            Self::MissingClass => "missing class",
            Self::Leak => "in two parts",
            Self::LabelConflict => "two labels",
            Self::NearLeak => "nearly in two parts",
            Self::NearLabelConflict => "nearly two labels",
            Self::ExactDuplicate => "duplicate",
            Self::NearDuplicate => "near duplicate",
            Self::TinyClass => "tiny class",
            Self::Imbalance => "imbalance",
            Self::MixedSizes => "mixed sizes",
            Self::MixedChannels => "mixed channels",
        }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// How much it matters.
    pub severity: Severity,
    /// Samples it is about, as indices; of [`FindingKind::Leak`] and [`FindingKind::NearLeak`] the last one
    /// is the held-out image and the others are its twins in earlier parts.
    pub samples: Vec<usize>,
    /// Files it is about, below the dataset's root: those of [`Self::samples`], or files that are none.
    pub files: Vec<String>,
    /// One sentence: what, where, what to do.
    pub message: String,
}

impl Finding {
    /// A finding about samples of `dataset`.
    fn about(
        dataset: &Dataset,
        samples: Vec<usize>,
        (kind, severity): (FindingKind, Severity),
        message: String,
    ) -> Self {
        let files = samples.iter().map(|&index| file_name(dataset, index));
        Self {
            kind,
            severity,
            files: files.collect(),
            samples,
            message,
        }
    }
}

/// A sample's file below the dataset's root, for people.
fn file_name(dataset: &Dataset, index: usize) -> String {
    let sample = dataset.samples.get(index);
    sample.map_or_else(String::new, |sample| display_path(&sample.path))
}

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
        findings.sort_by(|a, b| {
            let order = |f: &Finding| (std::cmp::Reverse(f.severity), f.kind);
            order(a)
                .cmp(&order(b))
                .then_with(|| a.samples.cmp(&b.samples))
        });
        let exact = |pair: &&Pair| pair.kind == Likeness::Exact;
        let (duplicates, leaks) = (
            twins.pairs.iter().filter(exact).count(),
            twins.leaks.iter().filter(|leak| leak.is_exact).count(),
        );
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
        let conflicts = self.count(FindingKind::LabelConflict);
        let parts = [
            (self.broken, counted(self.broken, "broken file")),
            (
                self.leaks,
                format!("{} in two parts", counted(self.leaks, "image")),
            ),
            (
                self.near_leaks,
                format!("{} nearly in two parts", counted(self.near_leaks, "image")),
            ),
            (
                conflicts,
                format!("{} under two labels", counted(conflicts, "picture")),
            ),
            (
                self.duplicates,
                counted(self.duplicates, "surplus copy").replace("copys", "copies"),
            ),
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

/// Reads every picture of `dataset` once and judges them, divided by `split` (see [`Examination::new`]).
///
/// `progress(done, total)` is called from several threads. A decoder that panics makes its image broken and
/// ends nothing.
///
/// # Errors
/// [`Cancelled`] when `cancel` was set.
pub fn examine(
    dataset: &Dataset,
    images: &ImageStore,
    split: &Split,
    cancel: &CancelToken,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Examination, Cancelled> {
    let readings = Readings::read(dataset, images, cancel, progress)?;
    Ok(Examination::new(dataset, split, &readings))
}

/// A dataset, its parts and what was read of it: what every check looks at.
struct Case<'a> {
    dataset: &'a Dataset,
    readings: &'a Readings,
    /// The part of each sample; `None` also for samples that cannot be used.
    parts: Vec<Option<SplitName>>,
}

impl<'a> Case<'a> {
    fn new(dataset: &'a Dataset, split: &Split, readings: &'a Readings) -> Self {
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
    fn is_usable(&self, index: usize) -> bool {
        self.dataset.is_usable(index) && self.readings.facts(index).is_some()
    }

    fn usable(&self) -> impl Iterator<Item = usize> {
        (0..self.dataset.samples.len()).filter(|&index| self.is_usable(index))
    }

    /// Samples that cannot be read, excluded ones left out, and why.
    fn broken(&self) -> impl Iterator<Item = (usize, &str)> {
        let samples = self.dataset.samples.iter().enumerate();
        samples
            .filter(|(_, sample)| !sample.excluded)
            .filter_map(|(index, _)| {
                let known = self.dataset.broken.get(&index);
                let reason = known.or_else(|| self.readings.reason(index))?;
                Some((index, reason.as_str()))
            })
    }

    fn part(&self, index: usize) -> Option<SplitName> {
        self.parts.get(index).copied().flatten()
    }

    fn label(&self, index: usize) -> usize {
        self.dataset.samples.get(index).map_or(0, |s| s.label)
    }

    fn class(&self, index: usize) -> &str {
        self.dataset.class_name(self.label(index))
    }

    /// Usable images of each class.
    fn counts(&self) -> Vec<usize> {
        self.counts_of(self.usable())
    }

    /// Images of each class in `part`.
    fn counts_in(&self, part: SplitName) -> Vec<usize> {
        self.counts_of((0..self.parts.len()).filter(|&index| self.parts[index] == Some(part)))
    }

    fn counts_of(&self, indices: impl Iterator<Item = usize>) -> Vec<usize> {
        let mut counts = vec![0; self.dataset.classes.len()];
        for index in indices {
            if let Some(count) = counts.get_mut(self.label(index)) {
                *count += 1;
            }
        }
        counts
    }

    /// Parts that have images.
    fn part_counts(&self) -> Vec<(SplitName, usize)> {
        let count = |part| self.parts.iter().filter(|p| **p == Some(part)).count();
        let all = SplitName::ALL.into_iter().map(|part| (part, count(part)));
        all.filter(|(_, count)| *count > 0).collect()
    }
}
