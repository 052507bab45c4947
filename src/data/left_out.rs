//! What of a dataset takes no part, counted, with a reason and an example. Plain data.

use serde::{Deserialize, Serialize};

use super::dataset::{Dataset, display_path};
use crate::format::{counted, listed, percent, thousands};

/// More than this share of images lost is no accident that a run goes on over: 1 of so many.
const GRAVE: usize = 100;

/// Images that cannot be read and files that were passed over. What the user excluded is in none of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeftOut {
    /// Images that shall take part.
    pub images: usize,
    /// Those of them that cannot be read.
    pub unreadable: usize,
    /// The first of these, below the dataset's root, and what is wrong with it (to follow its name).
    pub example: Option<(String, String)>,
    /// Classes of which every image cannot be read.
    pub lost_classes: Vec<String>,
    /// Files that the source passed over: hidden, no images, or misplaced.
    pub passed_over: usize,
    /// The first of these that is not hidden.
    pub passed_over_example: Option<String>,
}

impl LeftOut {
    /// Counts what `dataset` is known to lack.
    pub fn of(dataset: &Dataset) -> Self {
        let samples = dataset.samples.iter().enumerate();
        let wanted = samples.filter(|(_, sample)| !sample.excluded);
        let images = dataset.counts_of(wanted.map(|(index, _)| index));
        let usable = dataset.class_counts();
        let classes = dataset.classes.iter().zip(images.iter().zip(&usable));
        let lost = classes.filter(|(_, (images, usable))| **images > 0 && **usable == 0);
        let mut broken = dataset.broken.iter().filter_map(|(&index, reason)| {
            let sample = dataset.samples.get(index);
            Some((sample.filter(|sample| !sample.excluded)?, reason))
        });
        let first = broken.clone().next();
        Self {
            images: images.iter().sum(),
            unreadable: broken.by_ref().count(),
            example: first.map(|(sample, reason)| (display_path(&sample.path), reason.clone())),
            lost_classes: lost.map(|(class, _)| class.clone()).collect(),
            passed_over: dataset.skipped.total(),
            passed_over_example: dataset.skipped.named.first().map(|path| display_path(path)),
        }
    }

    /// Whether so much is lost that somebody should decide: more than 1 % of the images, or a class.
    pub fn is_grave(&self) -> bool {
        self.unreadable * GRAVE > self.images || !self.lost_classes.is_empty()
    }

    /// What cannot be read, in a sentence; `None` when everything can.
    pub fn words(&self) -> Option<String> {
        let (file, reason) = self.example.as_ref()?;
        let of = thousands(self.images);
        let share = percent(self.unreadable as f64 / self.images.max(1) as f64);
        let verb = if self.unreadable == 1 {
            "cannot be read and is"
        } else {
            "cannot be read and are"
        };
        let classes = match self.lost_classes.as_slice() {
            [] => String::new(),
            [class] => format!(", with them every image of class {class}"),
            several => format!(", with them every image of the classes {}", listed(several)),
        };
        Some(format!(
            "{} of {of} ({share}) {verb} left out{classes}; for example {file}: it {reason}",
            counted(self.unreadable, "image")
        ))
    }

    /// What was passed over, in a sentence; `None` when nothing was.
    pub fn passed_over_words(&self) -> Option<String> {
        let example = self.passed_over_example.as_ref();
        let example = example.map_or_else(String::new, |file| format!(", for example {file}"));
        (self.passed_over > 0).then(|| {
            format!(
                "passed over {} that are hidden, no images or misplaced{example}",
                counted(self.passed_over, "file")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::dataset::{Sample, Skipped};

    /// 200 cats and `dogs` dogs, of which those at `broken` cannot be read.
    fn dataset(dogs: usize, broken: &[usize]) -> Dataset {
        let cats = (0..200).map(|i| Sample::file(format!("cat/{i}.png"), 0));
        let dogs = (0..dogs).map(|i| Sample::file(format!("dog/{i}.png"), 1));
        Dataset {
            classes: vec!["cat".into(), "dog".into(), "emu".into()],
            samples: cats.chain(dogs).collect(),
            broken: broken
                .iter()
                .map(|&index| (index, "is empty".to_owned()))
                .collect(),
            ..Dataset::default()
        }
    }

    #[test]
    fn a_hundredth_is_an_accident_and_more_or_a_class_is_not() {
        for (why, dogs, broken, grave) in [
            ("all can be read", 100, &[][..], false),
            ("exactly 1 %", 100, &[0, 1, 2][..], false),
            ("more than 1 %", 100, &[0, 1, 2, 3][..], true),
            ("a whole class, though few", 1, &[200][..], true),
        ] {
            assert_eq!(
                LeftOut::of(&dataset(dogs, broken)).is_grave(),
                grave,
                "{why}"
            );
        }
        // What the user took out is no loss, and a class that never had images is none.
        let mut chosen = dataset(2, &[200, 201, 5, 6, 7]);
        for index in [200, 201, 5, 6, 7] {
            chosen.samples[index].excluded = true;
        }
        let left_out = LeftOut::of(&chosen);
        assert_eq!((left_out.images, left_out.unreadable), (197, 0));
        assert!(!left_out.is_grave() && left_out.words().is_none());
    }

    #[test]
    fn what_is_left_out_is_said_with_number_reason_and_example() {
        let mut broken = dataset(2, &[3, 200, 201]);
        broken.skipped = Skipped {
            hidden: 1,
            not_images: 2,
            misplaced: 0,
            named: vec!["cat/notes.txt".into()],
        };
        let left_out = LeftOut::of(&broken);
        assert_eq!(
            left_out.words().as_deref(),
            Some(
                "3 images of 202 (1.5 %) cannot be read and are left out, with them every image of class dog; \
                 for example cat/3.png: it is empty"
            )
        );
        assert_eq!(
            left_out.passed_over_words().as_deref(),
            Some(
                "passed over 3 files that are hidden, no images or misplaced, for example cat/notes.txt"
            )
        );
    }
}
