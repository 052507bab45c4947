//! File names of all samples, lower case and in one string, and their natural order. Made a few milliseconds a
//! frame, and only when somebody searches or sorts by name.

use std::{cmp::Ordering, ffi::OsStr};

use super::budget::Budget;
use crate::data::{Dataset, sources::natural};

/// Strings one behind the other: far smaller than as many `String`s.
#[derive(Debug, Default)]
struct Strings {
    text: Vec<u8>,
    ends: Vec<u32>,
}

impl Strings {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, index: usize) -> &[u8] {
        let start = if index == 0 {
            0
        } else {
            self.ends[index - 1] as usize
        };
        &self.text[start..self.ends[index] as usize]
    }

    /// Ends the string that was written to `text`.
    fn end(&mut self) {
        // Names of a dataset take less than 4 GiB; if not, the rest reads as empty.
        self.ends
            .push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }
}

/// Names of one dataset.
#[derive(Debug, Default)]
pub struct Names {
    lower: Strings,
    keys: Strings,
    order: Option<Vec<u32>>,
    sort: Option<Sort>,
}

/// Samples between two looks at the clock.
const AT_ONCE: usize = 64;

impl Names {
    /// Goes on collecting names. True when all are there.
    pub fn collect(&mut self, dataset: &Dataset, budget: &Budget) -> bool {
        while self.lower.len() < dataset.samples.len() {
            let end = (self.lower.len() + AT_ONCE).min(dataset.samples.len());
            for sample in &dataset.samples[self.lower.len()..end] {
                let name = sample.name().to_lowercase();
                self.lower.text.extend_from_slice(name.as_bytes());
                self.lower.end();
            }
            if budget.is_spent() {
                break;
            }
        }
        self.lower.len() == dataset.samples.len()
    }

    /// Goes on sorting; call when all names are collected. True when [`Self::order`] is there.
    pub fn sort(&mut self, budget: &Budget) -> bool {
        while self.keys.len() < self.lower.len() {
            let end = (self.keys.len() + AT_ONCE).min(self.lower.len());
            for index in self.keys.len()..end {
                let name = str::from_utf8(self.lower.get(index)).unwrap_or_default();
                self.keys.text.extend(natural::key(OsStr::new(name)));
                self.keys.end();
            }
            if budget.is_spent() {
                return false;
            }
        }
        if self.order.is_none() {
            let sort = self.sort.get_or_insert_with(|| Sort::new(self.keys.len()));
            if !sort.advance(&self.keys, budget) {
                return false;
            }
            self.order = self.sort.take().map(|sort| sort.from);
        }
        true
    }

    /// Samples in natural order of their names; equal names in the dataset's order.
    pub fn order(&self) -> Option<&[u32]> {
        self.order.as_deref()
    }

    /// The lower-case name of sample `index`.
    pub fn name(&self, index: usize) -> &[u8] {
        self.lower.get(index)
    }
}

/// A merge sort that can pause: it finds the runs that are in order already, then joins neighbours until one is
/// left. Folders come sorted within each class, so that a few passes are enough.
#[derive(Debug)]
struct Sort {
    from: Vec<u32>,
    to: Vec<u32>,
    /// Ends of the runs in `from`.
    runs: Vec<usize>,
    /// Ends of the runs in `to`.
    joined: Vec<usize>,
    /// First of the two runs that are being joined.
    run: usize,
    /// Next of each.
    left: usize,
    right: usize,
    /// Where looking for runs is.
    looked: usize,
}

impl Sort {
    fn new(count: usize) -> Self {
        Self {
            from: (0..u32::try_from(count).unwrap_or(u32::MAX)).collect(),
            to: Vec::with_capacity(count),
            runs: Vec::new(),
            joined: Vec::new(),
            run: 0,
            left: 0,
            right: 0,
            looked: 1,
        }
    }

    fn is_after(&self, keys: &Strings, left: usize, right: usize) -> bool {
        let key = |place: usize| keys.get(self.from[place] as usize);
        key(left).cmp(key(right)) == Ordering::Greater
    }

    fn advance(&mut self, keys: &Strings, budget: &Budget) -> bool {
        let count = self.from.len();
        while self.looked <= count && count > 0 {
            let end = (self.looked + AT_ONCE).min(count + 1);
            for place in self.looked..end {
                if place == count || self.is_after(keys, place - 1, place) {
                    self.runs.push(place);
                }
            }
            self.looked = end;
            if budget.is_spent() {
                return false;
            }
        }
        if self.left == 0 && self.to.is_empty() {
            self.start_pair();
        }
        while self.runs.len() > 1 {
            for _ in 0..AT_ONCE {
                self.step(keys);
            }
            if budget.is_spent() {
                break;
            }
        }
        self.runs.len() <= 1
    }

    fn end_of(&self, run: usize) -> usize {
        self.runs.get(run).copied().unwrap_or(self.from.len())
    }

    fn start_pair(&mut self) {
        self.left = if self.run == 0 {
            0
        } else {
            self.end_of(self.run - 1)
        };
        self.right = self.end_of(self.run);
    }

    /// Moves one element.
    fn step(&mut self, keys: &Strings) {
        if self.runs.len() <= 1 {
            return;
        }
        let (middle, end) = (self.end_of(self.run), self.end_of(self.run + 1));
        let (has_left, has_right) = (self.left < middle, self.right < end);
        if has_right && (!has_left || self.is_after(keys, self.left, self.right)) {
            self.to.push(self.from[self.right]);
            self.right += 1;
        } else if has_left {
            self.to.push(self.from[self.left]);
            self.left += 1;
        }
        if self.left < middle || self.right < end {
            return;
        }
        self.joined.push(end);
        self.run += 2;
        if self.run >= self.runs.len() {
            std::mem::swap(&mut self.from, &mut self.to);
            self.to.clear();
            self.runs = std::mem::take(&mut self.joined);
            self.run = 0;
        }
        self.start_pair();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Sample;

    fn order(names: &[&str]) -> Vec<String> {
        let dataset = Dataset {
            samples: names.iter().map(|name| Sample::file(name, 0)).collect(),
            ..Dataset::default()
        };
        let mut sorted = Names::default();
        // A spent budget still does a little: what is asked for often enough gets done.
        while !sorted.collect(&dataset, &Budget::spent()) {}
        while !sorted.sort(&Budget::spent()) {}
        let order = sorted.order().unwrap().iter();
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
