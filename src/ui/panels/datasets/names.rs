//! File names of all samples in lower case, and their natural order. Made a few milliseconds a frame, and only when
//! somebody searches or sorts by name.

use std::{collections::BTreeSet, ffi::OsStr, time::Instant};

use crate::data::{Dataset, Sample, sources::natural};

/// Names of one dataset.
#[derive(Debug, Default)]
pub struct Names {
    /// Of every sample.
    pub lower: Vec<Box<str>>,
    /// Samples in natural order of their names, once all are sorted; equal names in the dataset's order.
    pub order: Vec<u32>,
    /// What those that are not in `order` yet are sorted by. Unlike a call of `sort`, a tree can grow and empty bit by bit.
    sorting: BTreeSet<(Vec<u8>, u32)>,
}

/// Samples between two looks at the clock.
const AT_ONCE: usize = 64;

impl Names {
    /// Goes on collecting names until `end`. True when all are there.
    pub fn collect(&mut self, dataset: &Dataset, end: Instant) -> bool {
        let lower = |sample: &Sample| sample.name().to_lowercase().into_boxed_str();
        for some in dataset.samples[self.lower.len()..].chunks(AT_ONCE) {
            self.lower.extend(some.iter().map(lower));
            if Instant::now() >= end {
                break;
            }
        }
        self.lower.len() == dataset.samples.len()
    }

    /// Goes on sorting until `end`; call when all names are collected. True when [`Self::order`] is there.
    pub fn sort(&mut self, end: Instant) -> bool {
        let count = self.lower.len();
        while self.order.len() < count {
            for _ in 0..AT_ONCE {
                let taken = self.order.len() + self.sorting.len();
                if taken < count {
                    let key = natural::key(OsStr::new(&*self.lower[taken]));
                    self.sorting.insert((key, taken as u32));
                } else {
                    let first = self.sorting.pop_first();
                    self.order.extend(first.map(|(_, sample)| sample));
                }
            }
            if Instant::now() >= end {
                break;
            }
        }
        self.order.len() == count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(names: &[&str]) -> Vec<String> {
        let dataset = Dataset {
            samples: names.iter().map(|name| Sample::file(name, 0)).collect(),
            ..Dataset::default()
        };
        let mut sorted = Names::default();
        // Even when its time is over it does a little: what is asked for often enough gets done.
        while !sorted.collect(&dataset, Instant::now()) {}
        while !sorted.sort(Instant::now()) {}
        let order = sorted.order.iter();
        order
            .map(|index| names[*index as usize].to_owned())
            .collect()
    }

    #[test]
    fn names_sort_as_people_count() {
        for (names, expected) in [
            (
                &["b10.png", "b9.png", "a.png"][..],
                &["a.png", "b9.png", "b10.png"][..],
            ),
            (&["x/b.png", "y/A.png"], &["y/A.png", "x/b.png"]),
            (&["i007", "i07", "i6", "i8"], &["i6", "i007", "i07", "i8"]),
            (&["a1b2", "a1b10", "a1"], &["a1", "a1b2", "a1b10"]),
            (&[], &[]),
            (&["only"], &["only"]),
        ] {
            assert_eq!(order(names), expected);
        }
    }

    #[test]
    fn many_names_in_any_order_agree_with_the_standard_sort() {
        let names: Vec<String> = (0..1_777_usize)
            .map(|i| format!("{:04}.png", i * 7_919 % 1_777))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut expected = names.clone();
        expected.sort_unstable();
        assert_eq!(order(&names), expected);
    }
}
