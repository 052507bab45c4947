//! Findings about classes: missing from a part, too small to learn, much larger than others.

use super::{Finding, FindingKind, Severity, case::Case};
use crate::{
    data::SplitName,
    format::{counted, thousands},
};

/// With fewer images a class cannot be learned, let alone measured: a fifth of it would be under four.
const TINY_CLASS: usize = 20;
/// The largest class has so many times the images of the smallest: worth knowing.
const UNEVEN: usize = 3;
/// So many times: a network that never names the smallest class loses next to nothing.
const IMBALANCED: usize = 10;

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let mut found = missing(case);
    // What is learned from: the training part, or everything when there are no parts.
    let counts = match case.part_counts().first() {
        Some((SplitName::Train, _)) => case.counts_in(SplitName::Train),
        _ => case.counts(),
    };
    found.extend(tiny(case, &counts));
    found.extend(imbalance(case, &counts));
    found
}

/// A finding about a class as a whole.
fn finding(case: &Case<'_>, kind: FindingKind, class: usize, message: String) -> Finding {
    Finding {
        classes: vec![class],
        ..case.finding(kind, Vec::new(), message)
    }
}

fn missing(case: &Case<'_>) -> Vec<Finding> {
    let parts = case.part_counts();
    let mut found = Vec::new();
    for (class, total) in case.dataset.classes.iter().zip(case.counts()) {
        if total == 0 {
            let message = format!(
                "class {class} has no image that can be used: add some, or take the class out"
            );
            found.push(case.finding(FindingKind::MissingClass, Vec::new(), message));
        }
    }
    for (part, _) in parts {
        let counts = case.counts_in(part).into_iter().zip(case.counts());
        let classes = case.dataset.classes.iter().enumerate();
        for ((index, class), (count, total)) in classes.zip(counts) {
            if count > 0 || total == 0 {
                continue;
            }
            let (severity, effect) = match part {
                SplitName::Train => (Severity::Error, "it cannot be learned"),
                _ => (Severity::Warning, "nothing can be said about it there"),
            };
            let message = format!(
                "class {class} has no image in the {} part: {effect}; move some there",
                part.word()
            );
            found.push(Finding {
                severity,
                ..finding(case, FindingKind::MissingClass, index, message)
            });
        }
    }
    found
}

fn tiny(case: &Case<'_>, counts: &[usize]) -> Vec<Finding> {
    let classes = case.dataset.classes.iter().enumerate().zip(counts);
    classes
        .filter(|(_, count)| (1..TINY_CLASS).contains(*count))
        .map(|((index, class), &count)| {
            let message = format!(
                "class {class} has {} to learn from: collect at least {TINY_CLASS}, or take the class out",
                counted(count, "image")
            );
            finding(case, FindingKind::TinyClass, index, message)
        })
        .collect()
}

fn imbalance(case: &Case<'_>, counts: &[usize]) -> Option<Finding> {
    let classes = case.dataset.classes.iter().enumerate();
    let classes = classes.zip(counts.iter().copied());
    let present: Vec<((usize, &String), usize)> = classes.filter(|(_, count)| *count > 0).collect();
    let ((index, smallest), least) = *present.iter().min_by_key(|(_, count)| *count)?;
    // The first of equals, as for the smallest.
    let ((_, largest), most) = *present.iter().rev().max_by_key(|(_, count)| *count)?;
    let severity = match most / least {
        ..UNEVEN => return None,
        UNEVEN..IMBALANCED => Severity::Info,
        _ => Severity::Warning,
    };
    let message = format!(
        "class {largest} has {} to learn from and {smallest} has {}: weigh the classes, and read recall and \
         F1 of each class beside the accuracy",
        counted(most, "image"),
        thousands(least)
    );
    Some(Finding {
        severity,
        ..finding(case, FindingKind::Imbalance, index, message)
    })
}
