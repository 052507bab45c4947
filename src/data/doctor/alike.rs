//! Which of many pictures look alike, without comparing every two.
//!
//! The brightness of a thumbnail, brought to mean 0 and length 1, is a point; pictures that correlate by ρ are
//! √(2 − 2ρ) apart. The discrete cosine transform keeps distances, so its lowest coefficients alone never
//! put two points further apart than they are: what is far in a k-d tree of them need not be compared, and
//! nothing is missed (the lower bound of Agrawal, Faloutsos and Swami, "Efficient similarity search in
//! sequence databases", 1993). What is near is compared by its thumbnail.

use std::{f32::consts::PI, ops::Range, sync::atomic::AtomicUsize, sync::atomic::Ordering};

use rayon::prelude::*;

use crate::{
    cancel::{CancelToken, Cancelled},
    data::similar::{CELLS, MIN_CORRELATION, SIDE, Thumbnail},
};

/// Coefficients of the transform that make a point: all of a frequency sum from 1 to 4.
const DIMENSIONS: usize = 14;
/// Points in a leaf of the tree.
const LEAF: usize = 16;
/// Partners that are told of one picture: thousands of frames of one film would have millions of pairs.
const MOST_PARTNERS: usize = 32;
/// Searches between two reports.
const REPORT_EVERY: usize = 256;

type Point = [f32; DIMENSIONS];

/// Two pictures that look alike, by their positions in the list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alike {
    /// The first.
    pub a: usize,
    /// The second; larger.
    pub b: usize,
    /// As [`Thumbnail::distance`] has it.
    pub distance: f32,
}

/// All pairs of `thumbnails` that look alike, ascending; of a picture with more than 32 partners only some.
///
/// `alive` is called now and then.
pub fn find(
    thumbnails: &[&Thumbnail],
    cancel: &CancelToken,
    alive: &(dyn Fn() + Sync),
) -> Result<Vec<Alike>, Cancelled> {
    let basis = basis();
    let telling: Vec<usize> = (0..thumbnails.len())
        .filter(|&index| thumbnails[index].is_telling())
        .collect();
    let points: Vec<Point> = telling
        .par_iter()
        .map(|&index| point(thumbnails[index], &basis))
        .collect();
    let tree = Tree::new(&points);
    let searched = AtomicUsize::new(0);
    let found: Result<Vec<Vec<Alike>>, Cancelled> = (0..telling.len())
        .into_par_iter()
        .map(|place| {
            cancel.check()?;
            if searched
                .fetch_add(1, Ordering::Relaxed)
                .is_multiple_of(REPORT_EVERY)
            {
                alive();
            }
            let mut found = Vec::new();
            tree.near(place, &mut |other| {
                let (x, y) = (telling[tree.order[place]], telling[tree.order[other]]);
                if let Some(distance) = thumbnails[x].distance(thumbnails[y]) {
                    let (a, b) = (x.min(y), x.max(y));
                    found.push(Alike { a, b, distance });
                }
                found.len() < MOST_PARTNERS
            });
            Ok(found)
        })
        .collect();
    let mut found: Vec<Alike> = found?.into_iter().flatten().collect();
    found.sort_by_key(|pair| (pair.a, pair.b));
    found.dedup_by_key(|pair| (pair.a, pair.b));
    Ok(found)
}

/// Cosines of each coefficient at each cell; an orthonormal set (DCT-II).
fn basis() -> Vec<[f32; CELLS]> {
    let frequencies = (1..=4).flat_map(|sum| (0..=sum).map(move |u| (u, sum - u)));
    let scale = |f: usize| if f == 0 { 1.0 } else { 2.0f32.sqrt() } / (SIDE as f32).sqrt();
    let wave =
        |f: usize, at: usize| scale(f) * (PI * f as f32 * (at as f32 + 0.5) / SIDE as f32).cos();
    frequencies
        .map(|(u, v)| std::array::from_fn(|cell| wave(u, cell % SIDE) * wave(v, cell / SIDE)))
        .collect()
}

fn point(thumbnail: &Thumbnail, basis: &[[f32; CELLS]]) -> Point {
    let cells = thumbnail.normalised();
    std::array::from_fn(|k| basis[k].iter().zip(&cells).map(|(b, c)| b * c).sum())
}

/// A balanced k-d tree: the middle of every range divides it.
struct Tree {
    /// In the order of the tree: the middle of a range, the half below it on its left.
    points: Vec<Point>,
    /// Which point of the list stands at each place.
    order: Vec<usize>,
    /// Dimension by which the range with this middle is divided.
    dimensions: Vec<u8>,
    radius: f32,
}

impl Tree {
    fn new(list: &[Point]) -> Self {
        let mut order: Vec<usize> = (0..list.len()).collect();
        let mut dimensions = vec![0; list.len()];
        divide(list, &mut order, &mut dimensions);
        Self {
            points: order.iter().map(|&index| list[index]).collect(),
            order,
            dimensions,
            // How far apart points of pictures that look alike may be, and a little for rounding.
            radius: (2.0 - 2.0 * MIN_CORRELATION).sqrt() + 1e-4,
        }
    }

    /// Tells `visit` every other place near `place` until it says false.
    fn near(&self, place: usize, visit: &mut dyn FnMut(usize) -> bool) {
        self.search(0..self.points.len(), place, [0.0; DIMENSIONS], visit);
    }

    /// Searches a range of the tree, whose box is `gap` away by dimension: far less of the tree is searched than by
    /// looking at one dimension at a time (Arya and Mount, "Algorithms for fast vector quantization", 1993).
    fn search(
        &self,
        range: Range<usize>,
        place: usize,
        gap: Point,
        visit: &mut dyn FnMut(usize) -> bool,
    ) -> bool {
        let limit = self.radius * self.radius;
        if gap.iter().map(|side| side * side).sum::<f32>() > limit {
            return true;
        }
        let centre = &self.points[place];
        let mut goes_on = |other: usize| {
            let is_near = other != place && is_within(centre, &self.points[other], limit);
            !is_near || visit(other)
        };
        if range.len() <= LEAF {
            return range.into_iter().all(goes_on);
        }
        let middle = range.start + range.len() / 2;
        let dimension = usize::from(self.dimensions[middle]);
        let offset = centre[dimension] - self.points[middle][dimension];
        let mut beyond = gap;
        beyond[dimension] = offset;
        let (below, above) = if offset > 0.0 {
            (beyond, gap)
        } else {
            (gap, beyond)
        };
        goes_on(middle)
            && self.search(range.start..middle, place, below, visit)
            && self.search(middle + 1..range.end, place, above, visit)
    }
}

/// Whether the squared distance is at most `limit`.
fn is_within(a: &Point, b: &Point, limit: f32) -> bool {
    let mut sum = 0.0;
    for (x, y) in a.iter().zip(b) {
        sum += (x - y) * (x - y);
        if sum > limit {
            return false;
        }
    }
    true
}

/// Puts `order` into the order of the tree.
fn divide(points: &[Point], order: &mut [usize], dimensions: &mut [u8]) {
    if order.len() <= LEAF {
        return;
    }
    let dimension = widest(points, order);
    let middle = order.len() / 2;
    order.select_nth_unstable_by(middle, |&a, &b| {
        let by_value = points[a][dimension].total_cmp(&points[b][dimension]);
        by_value.then(a.cmp(&b))
    });
    dimensions[middle] = dimension as u8;
    // The middle itself is in neither half: it stays where it is.
    divide(points, &mut order[..middle], &mut dimensions[..middle]);
    divide(
        points,
        &mut order[middle + 1..],
        &mut dimensions[middle + 1..],
    );
}

fn widest(points: &[Point], order: &[usize]) -> usize {
    let mut low = [f32::INFINITY; DIMENSIONS];
    let mut high = [f32::NEG_INFINITY; DIMENSIONS];
    for &index in order {
        for (k, &value) in points[index].iter().enumerate() {
            low[k] = low[k].min(value);
            high[k] = high[k].max(value);
        }
    }
    let spread = |k: &usize| high[*k] - low[*k];
    (0..DIMENSIONS)
        .max_by(|a, b| spread(a).total_cmp(&spread(b)))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage};

    /// Waves of `seed`, and a share of those of another.
    fn thumbnail(seed: usize, share: f32) -> Thumbnail {
        let wave = |seed: f32, x: f32, y: f32| -> f32 {
            let waves = (0..6).map(|k| {
                let k = k as f32;
                (4.0 * x * (seed * 0.37 + k).sin() + 4.0 * y * (seed * 0.61 - k).cos() + k).sin()
            });
            waves.sum()
        };
        Thumbnail::new(&RgbImage::from_fn(24, 20, |x, y| {
            let (x, y) = (x as f32 / 24.0, y as f32 / 20.0);
            let own = wave(seed as f32, x, y);
            let sum = (1.0 - share) * own + share * wave(seed as f32 + 500.0, x, y);
            Rgb([(128.0 + 18.0 * sum).clamp(0.0, 255.0) as u8; 3])
        }))
    }

    #[test]
    fn the_tree_finds_what_comparing_every_two_finds() {
        let share = |index: usize| (index / 200) as f32 * 0.03;
        let thumbnails: Vec<Thumbnail> = (0..600)
            .map(|index| thumbnail(index % 200, share(index)))
            .collect();
        let list: Vec<&Thumbnail> = thumbnails.iter().collect();
        let found = find(&list, &CancelToken::new(), &|| {}).unwrap();
        let mut expected = Vec::new();
        for a in 0..list.len() {
            for b in a + 1..list.len() {
                if let Some(distance) = list[a].distance(list[b]) {
                    expected.push(Alike { a, b, distance });
                }
            }
        }
        let hardly = expected.iter().filter(|pair| pair.distance > 0.003).count();
        assert!(
            hardly > 50,
            "{hardly} of {} are near the limit",
            expected.len()
        );
        assert_eq!(found, expected);
    }

    #[test]
    fn hundreds_of_frames_do_not_make_millions_of_pairs() {
        let thumbnails: Vec<Thumbnail> = (0..500)
            .map(|k| thumbnail(1, k as f32 / 10_000.0))
            .collect();
        let list: Vec<&Thumbnail> = thumbnails.iter().collect();
        let token = CancelToken::new();
        let found = find(&list, &token, &|| {}).unwrap();
        assert!((500..=500 * MOST_PARTNERS).contains(&found.len()));
        assert_eq!(
            found,
            find(&list, &token, &|| {}).unwrap(),
            "always the same"
        );
        token.cancel();
        assert_eq!(find(&list, &token, &|| {}), Err(Cancelled));
    }

    #[test]
    fn the_transform_keeps_lengths() {
        for (k, a) in basis().iter().enumerate() {
            for (l, b) in basis().iter().enumerate() {
                let product: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
                let expected = if k == l { 1.0 } else { 0.0 };
                assert!((product - expected).abs() < 1e-5, "{k} {l}: {product}");
            }
        }
        assert_eq!(basis().len(), DIMENSIONS);
    }
}
