//! Files that stand twice in a dataset, by their contents alone: what is known of them for free once the pixels have
//! been looked up. Pictures that look alike in different files are the doctor's business.

use std::collections::HashMap;

use super::{dataset::Dataset, dataset::display_path, split::Split};
use crate::format::counted;

/// Copies that make results look better than they are or that teach two answers. Plain data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copies {
    /// Validation and test images that stand in an earlier part too; each counts once.
    pub leaks: usize,
    /// The first of them and its twin in the earlier part.
    pub leak: Option<(String, String)>,
    /// Images of another class than the first with the same content.
    pub conflicts: usize,
    /// The first two of them.
    pub conflict: Option<(String, String)>,
}

impl Copies {
    /// Looks through the parts of `split`. `content` gives what a sample's content is known by; `None` when it is not.
    pub fn find<K: Eq + std::hash::Hash>(
        dataset: &Dataset,
        split: &Split,
        content: impl Fn(usize) -> Option<K>,
    ) -> Self {
        let mut copies = Self::default();
        let name = |index: usize| display_path(&dataset.samples[index].path);
        // The first sample of each content, and the part that it stands in.
        let mut first = HashMap::new();
        for part in super::SplitName::ALL {
            for &index in split.part(part) {
                let Some(key) = content(index) else { continue };
                let (twin, earlier) = *first.entry(key).or_insert((index, part));
                if earlier != part {
                    copies.leaks += 1;
                    copies.leak.get_or_insert_with(|| (name(index), name(twin)));
                }
                if dataset.samples[twin].label != dataset.samples[index].label {
                    copies.conflicts += 1;
                    copies
                        .conflict
                        .get_or_insert_with(|| (name(twin), name(index)));
                }
            }
        }
        copies
    }

    /// What to know about them, a sentence each.
    pub fn words(&self) -> Vec<String> {
        let verb = |count: usize| if count == 1 { "stands" } else { "stand" };
        let leak = self.leak.as_ref().map(|(held_out, twin)| {
            format!(
                "{} of the validation or test part also {} in an earlier part ({held_out} is {twin}): results look \
                 better than they are; the doctor names them",
                counted(self.leaks, "image"),
                verb(self.leaks)
            )
        });
        let conflict = self.conflict.as_ref().map(|(one, other)| {
            format!(
                "{} {} under two labels ({one} is {other}): give each one label; the doctor names them",
                counted(self.conflicts, "image"),
                verb(self.conflicts)
            )
        });
        leak.into_iter().chain(conflict).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Sample;

    #[test]
    fn copies_across_parts_and_labels_are_counted_with_an_example() {
        let dataset = Dataset {
            classes: vec!["a".into(), "b".into()],
            samples: (0..8)
                .map(|i| Sample::file(format!("{i}.png"), i % 2))
                .collect(),
            ..Dataset::default()
        };
        let split = Split {
            train: vec![0, 1, 2, 3],
            validation: vec![4, 5],
            test: vec![6, 7],
        };
        let of = |contents: [u8; 8]| {
            Copies::find(&dataset, &split, |index| {
                Some(contents[index]).filter(|key| *key > 0)
            })
        };
        for (contents, leaks, conflicts, why) in [
            ([1, 2, 3, 4, 5, 6, 7, 8], 0, 0, "all differ"),
            (
                [1, 2, 1, 4, 5, 6, 7, 8],
                0,
                0,
                "a copy within a part and class",
            ),
            (
                [1, 2, 3, 4, 1, 6, 1, 8],
                2,
                0,
                "each held-out copy counts once",
            ),
            ([1, 1, 3, 4, 5, 6, 7, 8], 0, 1, "two labels in one part"),
            (
                [1, 2, 3, 4, 5, 1, 7, 8],
                1,
                1,
                "another part and another label",
            ),
            ([0, 0, 0, 0, 0, 0, 0, 0], 0, 0, "nothing is known"),
        ] {
            let copies = of(contents);
            assert_eq!(
                (copies.leaks, copies.conflicts),
                (leaks, conflicts),
                "{why}"
            );
            assert_eq!(
                copies.words().len(),
                usize::from(leaks > 0) + usize::from(conflicts > 0)
            );
        }
        let words = of([1, 2, 3, 4, 1, 6, 1, 8]).words();
        assert_eq!(
            words,
            [
                "2 images of the validation or test part also stand in an earlier part (4.png is 0.png): results look \
                 better than they are; the doctor names them"
            ]
        );
    }
}
