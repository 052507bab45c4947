//! Numbers about a dataset's parts: class counts, what guessing would reach, weights of classes, and mean
//! and standard deviation of the pixels.

mod weights;

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Dataset, PixelCache, Split, SplitName, cache::PixelError};
use crate::cancel::CancelToken;

pub use weights::ClassWeights;

const CHANNELS: usize = 3;
/// Images that one thread adds up before it looks whether it should stop.
const CHUNK: usize = 64;

/// What always guessing the most frequent class of training reaches: a network must beat it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Baseline {
    /// The most frequent class of the training part; the first of equals.
    pub class: usize,
    /// Its share of training, validation and test, 0..=1: the accuracy of always guessing it. `None` for a
    /// part without samples.
    pub accuracy: [Option<f64>; 3],
}

impl Baseline {
    /// `None` when the training part is empty.
    pub fn new(dataset: &Dataset, split: &Split) -> Option<Self> {
        let counts = SplitName::ALL.map(|part| dataset.counts_of(split.part(part).iter().copied()));
        let [train, ..] = &counts;
        let most = train.iter().copied().max().filter(|count| *count > 0)?;
        let class = train.iter().position(|count| *count == most)?;
        let share = |counts: &Vec<usize>| {
            let total: usize = counts.iter().sum();
            (total > 0).then(|| counts[class] as f64 / total as f64)
        };
        Some(Self {
            class,
            accuracy: counts.each_ref().map(share),
        })
    }
}

/// Mean and standard deviation of red, green and blue in units of 0..1 (a byte divided by 255).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChannelStats {
    /// Mean over all pixels.
    pub mean: [f64; CHANNELS],
    /// Population standard deviation over all pixels; 0 where a channel never varies.
    pub std: [f64; CHANNELS],
}

/// Sums over pixels: exact, so that neither the order nor the number of threads matters. 2⁴⁸ pixels fit.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    pixels: u64,
    values: [u64; CHANNELS],
    squares: [u64; CHANNELS],
}

impl Sums {
    fn add(&mut self, image: &[u8]) {
        for pixel in image.chunks_exact(CHANNELS) {
            for (channel, &value) in pixel.iter().enumerate() {
                let value = u64::from(value);
                self.values[channel] += value;
                self.squares[channel] += value * value;
            }
        }
        self.pixels += (image.len() / CHANNELS) as u64;
    }

    fn plus(mut self, other: Self) -> Self {
        self.pixels += other.pixels;
        for channel in 0..CHANNELS {
            self.values[channel] += other.values[channel];
            self.squares[channel] += other.squares[channel];
        }
        self
    }

    /// `n² · variance = n · Σx² − (Σx)²` is a whole number, so nothing cancels.
    fn stats(&self) -> Option<ChannelStats> {
        let n = u128::from(self.pixels);
        if n == 0 {
            return None;
        }
        let each = |f: &dyn Fn(u128, u128) -> f64| {
            std::array::from_fn(|c| f(self.values[c].into(), self.squares[c].into()))
        };
        let scale = n as f64 * 255.0;
        Some(ChannelStats {
            mean: each(&|sum, _| sum as f64 / scale),
            std: each(&|sum, squares| ((n * squares - sum * sum) as f64).sqrt() / scale),
        })
    }
}

/// Mean and standard deviation of each channel over all pixels of the samples `indices`, at the size they
/// have in `pixels`; broken ones are left out. `None` when no sample is left.
///
/// `progress(done, total)` counts samples and is called from several threads.
///
/// # Errors
/// When `cancel` was set, or pixels are damaged and cannot be decoded again.
pub fn channel_stats(
    pixels: &PixelCache,
    indices: &[usize],
    cancel: &CancelToken,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Option<ChannelStats>, PixelError> {
    let done = AtomicUsize::new(0);
    let sums = indices
        .par_chunks(CHUNK)
        .map(|chunk| {
            cancel.check()?;
            let mut sums = Sums::default();
            for &index in chunk {
                if let Some(image) = pixels.image(index)? {
                    sums.add(&image);
                }
            }
            let before = done.fetch_add(chunk.len(), Ordering::Relaxed);
            progress(before + chunk.len(), indices.len());
            Ok::<_, PixelError>(sums)
        })
        .try_reduce(Sums::default, |a, b| Ok(a.plus(b)))?;
    Ok(sums.stats())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cancel::Cancelled;
    use crate::data::{
        ImageStore, Sample,
        cache::PixelFormat,
        dataset::Origin,
        images::{ImageArray, ImageSize},
    };

    /// What numpy and scikit-learn say; `tests/reference/stats.py` makes them and names their versions.
    #[derive(Deserialize)]
    struct Reference {
        images: Vec<Images>,
    }

    #[derive(Deserialize)]
    struct Images {
        why: String,
        count: usize,
        height: usize,
        width: usize,
        base: usize,
        step: usize,
        range: usize,
        mean: [f64; 3],
        std: [f64; 3],
    }

    fn reference() -> Reference {
        serde_json::from_str(include_str!("../../tests/reference/stats.json")).unwrap()
    }

    /// Training samples of each class, then one validation sample of the last class.
    pub(super) fn counted(counts: &[usize]) -> (Dataset, Split) {
        let labels = counts.iter().enumerate();
        let labels = labels.flat_map(|(label, &count)| std::iter::repeat_n(label, count));
        let labels: Vec<usize> = labels.chain([counts.len() - 1]).collect();
        let dataset = Dataset {
            classes: (0..counts.len()).map(|class| format!("c{class}")).collect(),
            samples: labels
                .iter()
                .map(|&label| Sample::file("x", label))
                .collect(),
            ..Dataset::default()
        };
        let split = Split {
            train: (0..labels.len() - 1).collect(),
            validation: vec![labels.len() - 1],
            test: Vec::new(),
        };
        (dataset, split)
    }

    /// The formula of the reference: `stats.py` has the same.
    fn pixels_of(case: &Images) -> Vec<u8> {
        let values = case.count * case.height * case.width * 3;
        let value =
            |i: usize| (case.base + (i * i / 7 + case.step * i + 40 * (i % 3)) % case.range) as u8;
        (0..values).map(value).collect()
    }

    #[test]
    fn means_and_deviations_are_numpys() {
        // Both round only at the end: 2 ulp of numbers below 1.
        const TOLERANCE: f64 = 1e-14;
        for case in reference().images {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("all.array");
            std::fs::write(&path, pixels_of(&case)).unwrap();
            let sample = |row| Sample {
                origin: Origin::Array { array: 0, row },
                ..Sample::file(format!("{row}"), 0)
            };
            let dataset = Dataset {
                // The last one does not exist: it is broken.
                samples: (0..=case.count).map(sample).collect(),
                ..Dataset::default()
            };
            let images = ImageStore {
                arrays: vec![
                    ImageArray::open(
                        &path,
                        ImageSize {
                            height: case.height,
                            width: case.width,
                            channels: 3,
                        },
                    )
                    .unwrap(),
                ],
                ..ImageStore::default()
            };
            let (token, format) = (
                CancelToken::new(),
                PixelFormat {
                    height: case.height,
                    width: case.width,
                    resize: Default::default(),
                },
            );
            let cache = folder.path().join("cache");
            let pixels =
                PixelCache::open(&cache, &dataset, &images, format, &token, &|_, _| {}).unwrap();
            let all: Vec<usize> = (0..=case.count).collect();
            let stats = channel_stats(&pixels, &all, &token, &|_, _| {})
                .unwrap()
                .unwrap();
            let mut backwards = all.clone();
            backwards.reverse();
            let again = channel_stats(&pixels, &backwards, &token, &|_, _| {}).unwrap();
            assert_eq!(again, Some(stats), "{}: in any order", case.why);
            for channel in 0..3 {
                let why = format!("{} channel {channel}: {stats:?}", case.why);
                assert!(
                    (stats.mean[channel] - case.mean[channel]).abs() < TOLERANCE,
                    "{why}"
                );
                assert!(
                    (stats.std[channel] - case.std[channel]).abs() < TOLERANCE,
                    "{why}"
                );
            }
            let none = channel_stats(&pixels, &[case.count], &token, &|_, _| {});
            assert_eq!(none, Ok(None));
            token.cancel();
            let stopped = channel_stats(&pixels, &all, &token, &|_, _| {});
            assert_eq!(stopped, Err(Cancelled.into()));
        }
    }

    #[test]
    fn a_flat_channel_has_no_deviation_at_all() {
        let mut sums = Sums::default();
        for _ in 0..1_000 {
            sums.add(&[77, 0, 255].repeat(101));
        }
        let stats = sums.stats().unwrap();
        assert_eq!((stats.std, stats.mean[2]), ([0.0; 3], 1.0));
    }

    #[test]
    fn guessing_the_most_frequent_class_of_training() {
        let cases = [
            (&[3, 5, 2][..], Some((1, [Some(0.5), Some(0.0), None]))),
            (&[4, 4], Some((0, [Some(0.5), Some(0.0), None]))),
            (&[1, 3], Some((1, [Some(0.75), Some(1.0), None]))),
            (&[0, 0], None),
        ];
        for (counts, expected) in cases {
            let (dataset, split) = counted(counts);
            let found = Baseline::new(&dataset, &split).map(|b| (b.class, b.accuracy));
            assert_eq!(found, expected, "{counts:?}");
        }
        let (dataset, split) = counted(&[2, 1]);
        assert_eq!(dataset.counts_of(split.train), [2, 1]);
        assert_eq!(dataset.counts_of(split.validation), [0, 1]);
    }
}
