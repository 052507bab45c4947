//! Who stands twice: groups of samples with the same pixels, pairs that look alike, and which of them leak
//! from one part into another.

use std::collections::{BTreeMap, BTreeSet};

use super::{Likeness, Pair, case::Case};

/// A held-out image and its twins in earlier parts.
pub(super) struct Leak {
    /// The held-out image.
    pub held_out: usize,
    /// Its twins in earlier parts, by part and index; never empty.
    pub twins: Vec<usize>,
    /// The twins have the same pixels; otherwise they look alike.
    pub is_exact: bool,
}

/// Everything that stands twice.
pub(super) struct Twins {
    /// Groups of two and more samples with the same pixels, each by part and index.
    pub groups: Vec<Vec<usize>>,
    /// One pair for every surplus exact copy, then those that look alike.
    pub pairs: Vec<Pair>,
    /// By the held-out image; exact ones first.
    pub leaks: Vec<Leak>,
}

/// A neighbour: how far, and which sample.
type Neighbour = (f32, usize);

pub(super) fn find(case: &Case<'_>) -> Twins {
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for index in case.usable() {
        if let Some(facts) = case.readings.facts(index) {
            members.entry(facts.picture).or_default().push(index);
        }
    }
    for group in members.values_mut() {
        // Samples in no part come last: nothing leaks from them.
        group.sort_by_key(|&index| (case.part(index).is_none(), case.part(index), index));
    }
    let mut groups: Vec<Vec<usize>> = members.values().filter(|g| g.len() > 1).cloned().collect();
    groups.sort();
    let mut pairs = Vec::new();
    let mut leaks = Vec::new();
    for group in &groups {
        for &other in &group[1..] {
            pairs.push(pair(case, group[0], other, Likeness::Exact));
            let twins: Vec<usize> = earlier(case, group, other).collect();
            if !twins.is_empty() {
                leaks.push(Leak {
                    held_out: other,
                    twins,
                    is_exact: true,
                });
            }
        }
    }
    leaks.sort_by_key(|leak| leak.held_out);
    let near = near_leaks(case, &members, &leaks);
    pairs.extend(near_pairs(case, &members, &near));
    leaks.extend(near.into_iter().map(|(leak, _)| leak));
    Twins {
        groups,
        pairs,
        leaks,
    }
}

/// Members of a group that stand in an earlier part than `index`.
fn earlier<'a>(
    case: &'a Case<'_>,
    group: &'a [usize],
    index: usize,
) -> impl Iterator<Item = usize> + 'a {
    let part = case.part(index);
    let is_earlier = move |other: usize| {
        part.zip(case.part(other))
            .is_some_and(|(part, other)| other < part)
    };
    group
        .iter()
        .copied()
        .filter(move |&other| is_earlier(other))
}

/// Held-out images that look like one of an earlier part and are no exact leak, each with its nearest twin.
fn near_leaks(
    case: &Case<'_>,
    members: &BTreeMap<usize, Vec<usize>>,
    exact: &[Leak],
) -> Vec<(Leak, Neighbour)> {
    let leaked: BTreeSet<usize> = exact.iter().map(|leak| leak.held_out).collect();
    let mut found: BTreeMap<usize, Vec<Neighbour>> = BTreeMap::new();
    for alike in case.readings.alike() {
        let (Some(a), Some(b)) = (members.get(&alike.a), members.get(&alike.b)) else {
            continue;
        };
        for (held, others) in [(a, b), (b, a)] {
            for &held_out in held.iter().filter(|index| !leaked.contains(index)) {
                let twins = earlier(case, others, held_out);
                let twins: Vec<Neighbour> = twins.map(|twin| (alike.distance, twin)).collect();
                if !twins.is_empty() {
                    found.entry(held_out).or_default().extend(twins);
                }
            }
        }
    }
    let leak = |(held_out, mut neighbours): (usize, Vec<Neighbour>)| {
        neighbours.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
        let nearest = *neighbours.first()?;
        let mut twins: Vec<usize> = neighbours.into_iter().map(|(_, twin)| twin).collect();
        twins.sort_by_key(|&twin| (case.part(twin), twin));
        let leak = Leak {
            held_out,
            twins,
            is_exact: false,
        };
        Some((leak, nearest))
    };
    found.into_iter().filter_map(leak).collect()
}

/// One pair for every near leak, and one for every two pictures that look alike and are in no leak.
fn near_pairs(
    case: &Case<'_>,
    members: &BTreeMap<usize, Vec<usize>>,
    leaks: &[(Leak, Neighbour)],
) -> Vec<Pair> {
    let near = |a, b, distance| pair(case, a, b, Likeness::Near { distance });
    let mut pairs: Vec<Pair> = leaks
        .iter()
        .map(|(leak, (distance, twin))| near(*twin, leak.held_out, *distance))
        .collect();
    let told: BTreeSet<(usize, usize)> = pairs.iter().map(|p| (p.a, p.b)).collect();
    for alike in case.readings.alike() {
        let first = |picture: usize| members.get(&picture).and_then(|group| group.first());
        let (Some(&a), Some(&b)) = (first(alike.a), first(alike.b)) else {
            continue;
        };
        let order = |index: usize| (case.part(index).is_none(), case.part(index), index);
        let (a, b) = if order(a) <= order(b) { (a, b) } else { (b, a) };
        if !told.contains(&(a, b)) {
            pairs.push(near(a, b, alike.distance));
        }
    }
    pairs.sort_by_key(|pair| (pair.a, pair.b));
    pairs
}

fn pair(case: &Case<'_>, a: usize, b: usize, kind: Likeness) -> Pair {
    let parts = case.part(a).zip(case.part(b));
    Pair {
        a,
        b,
        kind,
        across_parts: parts.filter(|(a, b)| a != b),
        across_classes: case.label(a) != case.label(b),
    }
}
