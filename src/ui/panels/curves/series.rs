//! A long series drawn from as many points as the screen shows, and its smoothing.

use egui_plot::PlotPoint;

/// Points of a level of which the lowest and the highest stand in the next one: each level is a quarter as long.
const GROUP: usize = 8;

/// Points with rising x. Beside all of them it keeps ever coarser levels of lowest and highest values, so that a
/// million points are drawn from a few thousand and no peak is lost.
#[derive(Debug, Default)]
pub struct Series {
    /// All points, then ever fewer.
    levels: Vec<Vec<PlotPoint>>,
}

impl Series {
    /// Appends a point, not left of the last. A y that is not finite is a gap: infinities would ruin the axes.
    pub fn push(&mut self, x: f64, y: f64) {
        let y = if y.is_finite() { y } else { f64::NAN };
        let mut points = [PlotPoint::new(x, y); 2];
        let mut count = 1;
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            let level = &mut self.levels[level];
            let groups = level.len() / GROUP;
            level.extend_from_slice(&points[..count]);
            if level.len() / GROUP == groups {
                return;
            }
            points = extremes(&level[groups * GROUP..(groups + 1) * GROUP]);
            count = 2;
        }
    }

    /// How many points it has.
    pub fn len(&self) -> usize {
        self.levels.first().map_or(0, Vec::len)
    }

    /// From the 2nd to the 98th percentile of what is a number, the highest of few left out; `None` when nothing is.
    pub fn usual_range(&self) -> Option<(f64, f64)> {
        const LEFT_OUT: f64 = 0.02;
        // So many tell it well enough, in every frame.
        const MOST: usize = 4_096;
        let all = self.levels.first()?;
        let some = all.iter().step_by(1 + all.len() / MOST);
        let numbers = some.map(|point| point.y);
        let mut numbers: Vec<f64> = numbers.filter(|y| !y.is_nan()).collect();
        numbers.sort_unstable_by(f64::total_cmp);
        let last = numbers.len().checked_sub(1)? as f64;
        let low = numbers.get((last * LEFT_OUT).ceil() as usize)?;
        let high = numbers.get((last * (1.0 - LEFT_OUT)).floor() as usize)?;
        Some((low.min(*high), low.max(*high)))
    }

    /// What lies from `from` to `to`, and one point more on either side, from the finest level that has at most
    /// about `most` points there.
    pub fn within(&self, from: f64, to: f64, most: usize) -> Vec<PlotPoint> {
        let range = |points: &[PlotPoint]| {
            let first = points.partition_point(|point| point.x < from);
            let last = points.partition_point(|point| point.x <= to);
            first.saturating_sub(1)..(last + 1).min(points.len())
        };
        let fits = |points: &Vec<PlotPoint>| range(points).len() <= most;
        let Some(last) = self.levels.len().checked_sub(1) else {
            return Vec::new();
        };
        let chosen = self.levels.iter().position(fits).unwrap_or(last);
        let level = &self.levels[chosen];
        let mut found = level[range(level)].to_vec();
        // The newest points of finer levels fill no group yet.
        for finer in self.levels[..chosen].iter().rev() {
            let tail = &finer[finer.len() / GROUP * GROUP..];
            found.extend_from_slice(&tail[range(tail)]);
        }
        // The curve ends where it ends, though that is neither lowest nor highest.
        let is_before = |end: &&PlotPoint| found.last().is_none_or(|last| last.x < end.x);
        let end = self.levels[0].last().filter(|end| end.x <= to);
        found.extend(end.filter(is_before).copied());
        found
    }
}

/// The lowest and the highest of `points` in the order in which they stand; a gap only when there is no number.
fn extremes(points: &[PlotPoint]) -> [PlotPoint; 2] {
    let numbers = || points.iter().filter(|point| !point.y.is_nan());
    let by_height = |a: &&PlotPoint, b: &&PlotPoint| a.y.total_cmp(&b.y);
    let (low, high) = (numbers().min_by(by_height), numbers().max_by(by_height));
    let Some((low, high)) = low.zip(high) else {
        return [points[0], points[points.len() - 1]];
    };
    if low.x <= high.x {
        [*low, *high]
    } else {
        [*high, *low]
    }
}

/// Exponential moving average without the pull of its start, as TensorBoard smooths
/// (`vz_line_chart2/line-chart.ts`, `resmoothDataset`).
#[derive(Debug, Clone, Copy)]
pub struct Smoother {
    weight: f64,
    sum: f64,
    /// The weight that zero, the start, still has.
    start: f64,
}

impl Smoother {
    /// `weight` is how much the past counts, 0 to below 1; 0 changes nothing.
    pub fn new(weight: f64) -> Self {
        Self {
            weight,
            sum: 0.0,
            start: 1.0,
        }
    }

    /// The average up to `value`. What is not finite stays as it is and is not remembered.
    pub fn next(&mut self, value: f64) -> f64 {
        if !value.is_finite() {
            return value;
        }
        self.sum = self.sum * self.weight + (1.0 - self.weight) * value;
        self.start *= self.weight;
        self.sum / (1.0 - self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(count: usize, y: impl Fn(usize) -> f64) -> Series {
        let mut series = Series::default();
        for i in 0..count {
            series.push(i as f64, y(i));
        }
        series
    }

    #[test]
    fn few_points_stand_for_many_and_no_peak_is_lost() {
        let peak = |i: usize| match i {
            777_777 => 9.0,
            222_222 => -9.0,
            i => (i % 10) as f64 / 10.0,
        };
        let million = series(1_000_000, peak);
        assert_eq!(million.len(), 1_000_000);
        let all = million.within(f64::NEG_INFINITY, f64::INFINITY, 4_000);
        assert!((500..4_100).contains(&all.len()), "{}", all.len());
        assert!(all.is_sorted_by(|a, b| a.x <= b.x));
        let ys = || all.iter().map(|point| point.y);
        assert_eq!(
            (ys().fold(0.0, f64::max), ys().fold(0.0, f64::min)),
            (9.0, -9.0)
        );
        assert_eq!((all[0].x, all[all.len() - 1].x), (0.0, 999_999.0));
        let near = million.within(500.0, 600.0, 4_000);
        let xs: Vec<f64> = near.iter().map(|point| point.x).collect();
        let expected: Vec<f64> = (499..=601).map(f64::from).collect();
        assert_eq!(xs, expected, "every point is there when few are shown");
        assert_eq!(million.within(-5.0, -1.0, 10).len(), 1);
        assert!(Series::default().within(0.0, 1.0, 10).is_empty());
    }

    #[test]
    fn the_newest_points_are_always_there() {
        for count in [1, 7, 8, 9, 64, 65, 511, 513, 5_000, 5_003] {
            let all = series(count, |i| i as f64).within(0.0, 1e9, 20);
            let last = all[all.len() - 1];
            assert_eq!(last.x, (count - 1) as f64, "{count}");
            assert!(all.is_sorted_by(|a, b| a.x <= b.x), "{count}");
        }
    }

    #[test]
    fn gaps_stay_gaps_where_nothing_else_is() {
        let with_gap = series(4_096, |i| {
            if (1_000..3_000).contains(&i) {
                f64::INFINITY
            } else {
                1.0
            }
        });
        let all = with_gap.within(0.0, 1e9, 100);
        assert!(all.iter().any(|point| point.y.is_nan()));
        assert!(all.iter().all(|point| !point.y.is_infinite()));
    }

    #[test]
    fn single_points_do_not_make_the_usual_range() {
        let one_far_off = |i: usize| {
            if i == 40 {
                19.0
            } else {
                1.0 + i as f64 / 100.0
            }
        };
        let cases = [
            (series(100, one_far_off), Some((1.02, 1.98))),
            (
                series(17, |i| if i == 3 { 3.9e17 } else { 1.0 }),
                Some((1.0, 1.0)),
            ),
            (series(1, |_| 2.0), Some((2.0, 2.0))),
            (series(9, |_| f64::NAN), None),
            (Series::default(), None),
        ];
        for (series, range) in cases {
            assert_eq!(series.usual_range(), range);
        }
    }

    #[test]
    fn smoothing_is_tensorboards() {
        // sum = 0.6·sum + 0.4·v, divided by 1 − 0.6ⁿ, by hand.
        let mut smoother = Smoother::new(0.6);
        let cases = [
            (1.0, 1.0),
            (2.0, (0.6 * 0.4 + 0.8) / (1.0 - 0.36)),
            (f64::NAN, f64::NAN),
            (4.0, (0.6 * (0.6 * 0.4 + 0.8) + 1.6) / (1.0 - 0.216)),
        ];
        for (value, expected) in cases {
            let smooth = smoother.next(value);
            let same = smooth.is_nan() && expected.is_nan();
            assert!(
                same || (smooth - expected).abs() < 1e-12,
                "{value}: {smooth}"
            );
        }
        let mut none = Smoother::new(0.0);
        assert_eq!([none.next(3.0), none.next(-1.0)], [3.0, -1.0]);
    }
}
