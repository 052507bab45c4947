//! Findings about single files, and what sizes and channels there are.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, FindingKind, Severity, Sizes, case::Case};
use crate::{
    data::{dataset::display_path, decode},
    format::{counted, listed, thousands},
};

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = unreadable(case).collect();
    found.extend(misnamed(case));
    found.extend(blank(case));
    found.extend(skipped(case));
    found.extend(mixed_sizes(case));
    found.extend(mixed_channels(case));
    found
}

fn unreadable<'a>(case: &'a Case<'_>) -> impl Iterator<Item = Finding> + 'a {
    case.broken().map(|(index, reason)| {
        let kind = match reason {
            decode::EMPTY => FindingKind::EmptyFile,
            _ => FindingKind::BrokenFile,
        };
        let file = case.file(index);
        let message = format!("{file} {reason}; it is left out until it is replaced");
        case.finding(kind, vec![index], message)
    })
}

fn misnamed<'a>(case: &'a Case<'_>) -> impl Iterator<Item = Finding> + 'a {
    case.usable().filter_map(|index| {
        let format = case.readings.facts(index)?.misnamed?;
        let message = format!(
            "{} is a {format} file: it opens here, but rename it for other programs",
            case.file(index)
        );
        Some(case.finding(FindingKind::WrongExtension, vec![index], message))
    })
}

fn blank(case: &Case<'_>) -> Option<Finding> {
    let is_blank = |index: &usize| case.readings.facts(*index).is_some_and(|f| f.is_blank);
    let samples: Vec<usize> = case.usable().filter(is_blank).collect();
    let message = format!(
        "{} of one colour only ({}): exclude what shows nothing",
        counted(samples.len(), "image"),
        case.files(&samples)
    );
    (!samples.is_empty()).then(|| case.finding(FindingKind::BlankImage, samples, message))
}

fn skipped(case: &Case<'_>) -> Option<Finding> {
    let skipped = &case.dataset.skipped;
    let files: Vec<String> = skipped.named.iter().map(|p| display_path(p)).collect();
    let reasons: Vec<String> = [
        (skipped.misplaced, "where no class is"),
        (
            skipped.not_images,
            "without the ending of an image that is read",
        ),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, reason)| format!("{} {reason}", counted(count, "file")))
    .collect();
    let names = match files.as_slice() {
        [] => String::new(),
        some => format!(" ({})", listed(some)),
    };
    let severity = if skipped.misplaced > 0 {
        Severity::Warning
    } else {
        Severity::Info
    };
    let message = format!(
        "passed over {}{names}: move images into the folders of their classes, and convert other formats",
        reasons.join(" and ")
    );
    (!reasons.is_empty()).then_some(Finding {
        files,
        severity,
        ..case.finding(FindingKind::SkippedFile, Vec::new(), message)
    })
}

/// Widths and heights of the usable images; `None` when there are none.
pub(super) fn sizes(case: &Case<'_>) -> Option<Sizes> {
    let sizes: Vec<(u32, u32)> = case
        .usable()
        .filter_map(|index| Some(case.readings.facts(index)?.size))
        .collect();
    let distinct = sizes.iter().collect::<BTreeSet<_>>().len();
    let sorted = |side: &dyn Fn(&(u32, u32)) -> u32| -> Vec<u32> {
        let mut values: Vec<u32> = sizes.iter().map(side).collect();
        values.sort_unstable();
        values
    };
    let (widths, heights) = (sorted(&|size| size.0), sorted(&|size| size.1));
    let at = |index: usize| Some((*widths.get(index)?, *heights.get(index)?));
    Some(Sizes {
        min: at(0)?,
        median: at((sizes.len() - 1) / 2)?,
        max: at(sizes.len() - 1)?,
        distinct,
    })
}

/// Usable images by the channels of their source.
pub(super) fn channels(case: &Case<'_>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for facts in case.usable().filter_map(|index| case.readings.facts(index)) {
        *counts.entry(facts.channels.clone()).or_insert(0) += 1;
    }
    counts
}

fn mixed_sizes(case: &Case<'_>) -> Option<Finding> {
    let sizes = sizes(case).filter(|sizes| sizes.distinct > 1)?;
    let words = |(width, height): (u32, u32)| format!("{width}×{height}");
    let message = format!(
        "images have {} different sizes, from {} to {} with a median of {}: all are resized for training, so \
         choose how when their proportions differ",
        thousands(sizes.distinct),
        words(sizes.min),
        words(sizes.max),
        words(sizes.median),
    );
    Some(case.finding(FindingKind::MixedSizes, Vec::new(), message))
}

/// Names the images that are not stored as most are; a class that is stored in a way of its own gives
/// itself away, whatever it shows.
fn mixed_channels(case: &Case<'_>) -> Option<Finding> {
    let counts = channels(case);
    let most = counts.iter().max_by_key(|(_, count)| **count)?.0;
    let of = |index: usize| case.readings.facts(index).map(|facts| &facts.channels);
    let rare: Vec<usize> = case
        .usable()
        .filter(|&index| of(index) != Some(most))
        .collect();
    if rare.is_empty() {
        return None;
    }
    let list: Vec<String> = counts
        .iter()
        .map(|(channels, count)| format!("{} {channels}", thousands(*count)))
        .collect();
    let totals = case.counts();
    let own: Vec<String> = case
        .dataset
        .counts_of(rare.iter().copied())
        .into_iter()
        .enumerate()
        .filter(|(class, count)| *count > 0 && totals.get(*class) == Some(count))
        .map(|(class, _)| case.dataset.class_name(class).to_owned())
        .collect();
    let (severity, advice) = if own.is_empty() {
        let advice = "all are used as RGB, or as grey where the network's input is grey";
        (Severity::Info, advice.to_owned())
    } else {
        let advice = format!(
            "every image of {} is stored unlike most others, which a network can learn instead of what the \
             images show; bring all to the same channels",
            listed(&own)
        );
        (Severity::Warning, advice)
    };
    let message = format!("images are stored as {}: {advice}", list.join(", "));
    Some(Finding {
        severity,
        ..case.finding(FindingKind::MixedChannels, rare, message)
    })
}
