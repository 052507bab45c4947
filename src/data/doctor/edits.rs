//! What to do about findings, as edits: nothing is deleted, and every one can be undone.

use std::collections::BTreeSet;

use super::{Examination, FindingKind};
use crate::data::{Dataset, Edit, edits::sample_name};

/// Excludes the earlier twins of all held-out images that stand in two parts, so that validation and test
/// stay as they are: what test has is dropped from train and validation, what validation has from train.
/// With `near`, also what only looks like a held-out image.
///
/// Afterwards an examination finds no [`Examination::leaks`] (with `near`, no [`Examination::near_leaks`]
/// either, unless one image has more than 32 that look like it).
pub fn drop_from_train(dataset: &Dataset, examination: &Examination, near: bool) -> Vec<Edit> {
    let is_meant = |kind| kind == FindingKind::Leak || (near && kind == FindingKind::NearLeak);
    let leaks = examination.findings.iter().filter(|f| is_meant(f.kind));
    // The last sample of a leak is the held-out one.
    let twins = leaks.flat_map(|leak| {
        leak.samples
            .split_last()
            .map_or(&[][..], |(_, twins)| twins)
    });
    // One edit for all, in the dataset's order.
    let indices: BTreeSet<usize> = twins.copied().collect();
    let samples = indices
        .into_iter()
        .filter_map(|index| dataset.samples.get(index));
    let samples: Vec<String> = samples.map(|sample| sample_name(&sample.path)).collect();
    if samples.is_empty() {
        return Vec::new();
    }
    vec![Edit::Exclude {
        samples,
        excluded: true,
    }]
}
