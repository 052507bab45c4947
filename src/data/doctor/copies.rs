//! Findings about pictures that stand twice.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Finding, FindingKind, Likeness, Pair,
    case::Case,
    twins::{Leak, Twins},
};
use crate::format::counted;

pub(super) fn findings(case: &Case<'_>, twins: &Twins) -> Vec<Finding> {
    let mut found: Vec<Finding> = twins.leaks.iter().map(|leak| leaked(case, leak)).collect();
    let leaked: BTreeSet<usize> = twins.leaks.iter().map(|leak| leak.held_out).collect();
    for group in &twins.groups {
        found.extend(conflict(case, group));
        found.extend(copies(case, group, &leaked));
    }
    let is_near = |pair: &&Pair| pair.kind != Likeness::Exact;
    let near: Vec<&Pair> = twins.pairs.iter().filter(is_near).collect();
    for pair in near.iter().filter(|pair| pair.across_classes) {
        found.push(near_conflict(case, pair));
    }
    let beside = |pair: &&&Pair| !pair.across_classes && pair.across_parts.is_none();
    let beside: Vec<(usize, usize)> = near.iter().filter(beside).map(|p| (p.a, p.b)).collect();
    found.extend(clusters(&beside).into_iter().map(|samples| {
        let message = format!(
            "{} of {} look alike ({}): keep one of them",
            counted(samples.len(), "image"),
            case.class(samples[0]),
            case.files(&samples)
        );
        case.finding(FindingKind::NearDuplicate, samples, message)
    }));
    found
}

fn part_word(case: &Case<'_>, index: usize) -> &'static str {
    case.part(index).map_or("no", |part| part.word())
}

fn leaked(case: &Case<'_>, leak: &Leak) -> Finding {
    let held_out = leak.held_out;
    let file = case.file(held_out);
    let (part, earlier) = (part_word(case, held_out), part_word(case, leak.twins[0]));
    let twins = case.files(&leak.twins);
    let (kind, message) = if leak.is_exact {
        let message = format!(
            "{file} of the {part} part also stands in the {earlier} part as {twins}: drop it there, or results \
             look better than they are"
        );
        (FindingKind::Leak, message)
    } else {
        let message = format!(
            "{file} of the {part} part looks like {twins} of the {earlier} part: compare them, and drop a copy \
             there"
        );
        (FindingKind::NearLeak, message)
    };
    let samples = leak.twins.iter().copied().chain([held_out]).collect();
    case.finding(kind, samples, message)
}

/// The same pixels under two labels and more.
fn conflict(case: &Case<'_>, group: &[usize]) -> Option<Finding> {
    let labels: BTreeSet<usize> = group.iter().map(|&index| case.label(index)).collect();
    if labels.len() < 2 {
        return None;
    }
    let classes: Vec<String> = labels
        .into_iter()
        .map(|label| case.dataset.class_name(label).to_owned())
        .collect();
    let message = format!(
        "the same picture is labelled {} ({}): give it one label",
        classes.join(" and "),
        case.files(group)
    );
    Some(case.finding(FindingKind::LabelConflict, group.to_vec(), message))
}

/// Copies that are no leaks.
fn copies(case: &Case<'_>, group: &[usize], leaked: &BTreeSet<usize>) -> Option<Finding> {
    let samples: Vec<usize> = group
        .iter()
        .copied()
        .filter(|index| !leaked.contains(index))
        .collect();
    if samples.len() < 2 {
        return None;
    }
    let message = format!(
        "{} with the same pixels ({}): keep one of them",
        counted(samples.len(), "image"),
        case.files(&samples)
    );
    Some(case.finding(FindingKind::ExactDuplicate, samples, message))
}

fn near_conflict(case: &Case<'_>, pair: &Pair) -> Finding {
    let message = format!(
        "{} is labelled {} and looks like {}, which is labelled {}: compare them, and give both one label if \
         they show the same",
        case.file(pair.a),
        case.class(pair.a),
        case.file(pair.b),
        case.class(pair.b),
    );
    case.finding(
        FindingKind::NearLabelConflict,
        vec![pair.a, pair.b],
        message,
    )
}

/// Samples that pairs connect, each cluster ascending.
fn clusters(pairs: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut leader: BTreeMap<usize, usize> = BTreeMap::new();
    for &(a, b) in pairs {
        leader.entry(a).or_insert(a);
        leader.entry(b).or_insert(b);
        let (a, b) = (lead(&mut leader, a), lead(&mut leader, b));
        leader.insert(a.max(b), a.min(b));
    }
    let samples: Vec<usize> = leader.keys().copied().collect();
    let mut clusters: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for sample in samples {
        let first = lead(&mut leader, sample);
        clusters.entry(first).or_default().push(sample);
    }
    clusters.into_values().collect()
}

/// The smallest sample of the cluster; shortens the way for the next time.
fn lead(leader: &mut BTreeMap<usize, usize>, mut sample: usize) -> usize {
    while let Some(&next) = leader.get(&sample) {
        if next == sample {
            break;
        }
        let after = leader.get(&next).copied().unwrap_or(next);
        leader.insert(sample, after);
        sample = after;
    }
    sample
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_make_clusters() {
        let pairs = [(5, 6), (1, 2), (9, 3), (2, 9), (6, 7), (1, 3)];
        assert_eq!(clusters(&pairs), [vec![1, 2, 3, 9], vec![5, 6, 7]]);
        let chain: Vec<(usize, usize)> = (0..1000).rev().map(|i| (i, i + 1)).collect();
        assert_eq!(clusters(&chain), [(0..=1000).collect::<Vec<_>>()]);
        assert!(clusters(&[]).is_empty());
    }
}
