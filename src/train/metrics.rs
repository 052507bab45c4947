//! Counting right and wrong: confusion matrix, accuracy, precision, recall and F1. Plain data.
//!
//! Definitions are scikit-learn's with `zero_division=0`.

/// `counts[actual * classes + predicted]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfusionMatrix {
    classes: usize,
    counts: Vec<u64>,
    /// Kept, since the share of each cell is asked for.
    row_sums: Vec<u64>,
}

/// Images of one class that were taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confusion {
    /// What they are.
    pub actual: usize,
    /// What they were taken for.
    pub predicted: usize,
    /// How many.
    pub count: u64,
}

/// How one class fared.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct ClassScore {
    /// Of those predicted to be this class, the share that is.
    pub precision: f64,
    /// Of those that are this class, the share predicted to be.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
    /// How many are this class.
    pub support: u64,
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

impl ConfusionMatrix {
    /// Counts pairs of actual and predicted labels; a pair outside `0..classes` is left out.
    pub fn new(classes: usize, pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut counts = vec![0; classes * classes];
        for (actual, predicted) in pairs {
            if actual < classes && predicted < classes {
                counts[actual * classes + predicted] += 1;
            }
        }
        let rows = counts.chunks(classes.max(1));
        Self {
            row_sums: rows.map(|row| row.iter().sum()).collect(),
            classes,
            counts,
        }
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How often class `actual` was taken for class `predicted`; 0 outside.
    pub fn count(&self, actual: usize, predicted: usize) -> u64 {
        if predicted >= self.classes {
            return 0;
        }
        self.counts
            .get(actual * self.classes + predicted)
            .copied()
            .unwrap_or(0)
    }

    /// All counts, one row per actual class.
    pub fn rows(&self) -> Vec<Vec<u64>> {
        self.counts
            .chunks(self.classes.max(1))
            .map(<[u64]>::to_vec)
            .collect()
    }

    /// `count / row sum`, 0..1: the share of class `actual` taken for `predicted`.
    pub fn row_share(&self, actual: usize, predicted: usize) -> f64 {
        ratio(
            self.count(actual, predicted) as f64,
            self.row_sum(actual) as f64,
        )
    }

    fn row_sum(&self, actual: usize) -> u64 {
        self.row_sums.get(actual).copied().unwrap_or(0)
    }

    /// Which classes are taken for which others, the most frequent first.
    pub fn confusions(&self) -> Vec<Confusion> {
        let cells = self.counts.iter().enumerate();
        let mistakes = cells.filter_map(|(at, &count)| {
            let (actual, predicted) = (at / self.classes, at % self.classes);
            (count > 0 && actual != predicted).then_some(Confusion {
                actual,
                predicted,
                count,
            })
        });
        let mut mistakes: Vec<Confusion> = mistakes.collect();
        mistakes.sort_by_key(|mistake| std::cmp::Reverse(mistake.count));
        mistakes
    }

    /// All pairs counted.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Share on the diagonal, 0..1; 0 when nothing was counted.
    pub fn accuracy(&self) -> f64 {
        let right: u64 = (0..self.classes)
            .map(|class| self.count(class, class))
            .sum();
        ratio(right as f64, self.total() as f64)
    }

    /// Scores of each class, in class order.
    pub fn class_scores(&self) -> Vec<ClassScore> {
        (0..self.classes)
            .map(|class| {
                let hit = self.count(class, class) as f64;
                let predicted: u64 = (0..self.classes)
                    .map(|actual| self.count(actual, class))
                    .sum();
                let support = self.row_sum(class);
                let precision = ratio(hit, predicted as f64);
                let recall = ratio(hit, support as f64);
                let f1 = ratio(2.0 * precision * recall, precision + recall);
                ClassScore {
                    precision,
                    recall,
                    f1,
                    support,
                }
            })
            .collect()
    }

    /// Mean over classes, each counting the same.
    pub fn macro_average(&self) -> ClassScore {
        self.average(|_| 1.0)
    }

    /// Mean over classes, each counting as often as it occurs.
    pub fn weighted_average(&self) -> ClassScore {
        self.average(|score| score.support as f64)
    }

    fn average(&self, weight: impl Fn(&ClassScore) -> f64) -> ClassScore {
        let scores = self.class_scores();
        let total: f64 = scores.iter().map(&weight).sum();
        let mean = |value: fn(&ClassScore) -> f64| {
            ratio(
                scores.iter().map(|s| value(s) * weight(s)).sum::<f64>(),
                total,
            )
        };
        ClassScore {
            precision: mean(|s| s.precision),
            recall: mean(|s| s.recall),
            f1: mean(|s| s.f1),
            support: self.total(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_counted_is_zero_everywhere_and_labels_outside_are_left_out() {
        let empty = ConfusionMatrix::new(2, []);
        assert_eq!((empty.accuracy(), empty.total()), (0.0, 0));
        assert_eq!(empty.confusions(), []);
        assert_eq!(empty.weighted_average().f1, 0.0);
        let matrix = ConfusionMatrix::new(2, [(0, 0), (2, 0), (0, 2)]);
        assert_eq!(matrix.total(), 1);
        assert_eq!((matrix.count(0, 2), matrix.count(2, 0)), (0, 0));
    }
}
