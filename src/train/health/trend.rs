//! Whether a curve has turned or still moves, told from its noise. Plain arithmetic.
//!
//! Means of three epochs are compared; how far single epochs scatter follows from the differences of neighbours, which
//! a slow course hardly touches. The limits were chosen on recorded runs (`tests/histories`, see `replay_tests.rs`).

/// Epochs that are averaged.
pub const WINDOW: usize = 3;
/// A difference of two means counts from so many times the scatter of such differences on.
const SURE: f64 = 2.0;
/// Median of the absolute value of a normal variable with standard deviation 1, inverted.
const MEDIAN_TO_DEVIATION: f64 = 1.4826;
/// By how much validation loss must have risen, as a share of the lowest.
const RISE: f64 = 0.05;
/// Epochs for which it must have been higher,
const LASTS: usize = 5;
/// and as a share of all.
const LASTS_SHARE: f64 = 0.25;
/// By how much a loss must have fallen, as a share of what it is, so that going on is worth it.
const FALL: f64 = 0.02;

/// The means of neighbouring values; none of fewer than [`WINDOW`].
pub fn means(values: &[f64]) -> Vec<f64> {
    let mean = |window: &[f64]| window.iter().sum::<f64>() / WINDOW as f64;
    values.windows(WINDOW).map(mean).collect()
}

/// By how much two means of values that scatter like these may differ without meaning anything.
pub fn noise(values: &[f64]) -> f64 {
    let steps: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let usual = median(steps.clone());
    let off = median(steps.iter().map(|step| (step - usual).abs()).collect());
    // A difference of two values scatters by √2 times what one does.
    let deviation = MEDIAN_TO_DEVIATION * off / std::f64::consts::SQRT_2;
    SURE * deviation * (2.0 / WINDOW as f64).sqrt()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::INFINITY,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

/// A curve that has turned upwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// Position of the lowest value among those with the lowest mean.
    pub at: usize,
    /// Position of the lowest mean.
    pub window: usize,
    /// The lowest mean.
    pub lowest: f64,
    /// The newest mean.
    pub now: f64,
}

/// Where `losses` turned, when their newest mean lies above the lowest one for long enough and by more than noise.
pub fn turned_up(losses: &[f64]) -> Option<Turn> {
    let means = means(losses);
    let now = *means.last()?;
    let window = (0..means.len()).min_by(|a, b| means[*a].total_cmp(&means[*b]))?;
    let lowest = means[window];
    let since = means.len() - 1 - window;
    let lasts = since >= LASTS && since as f64 >= LASTS_SHARE * losses.len() as f64;
    if !lasts || now - lowest <= (RISE * lowest).max(noise(losses)) {
        return None;
    }
    let around = window..window + WINDOW;
    let at = around.min_by(|a, b| losses[*a].total_cmp(&losses[*b]))?;
    Some(Turn {
        at,
        window,
        lowest,
        now,
    })
}

/// What `losses` fell from and to over the last epochs, when they were never lower and fell by more than noise.
pub fn still_falls(losses: &[f64]) -> Option<(f64, f64)> {
    let means = means(losses);
    let now = *means.last()?;
    let before = *means.get(means.len().checked_sub(1 + WINDOW)?)?;
    let is_lowest = means.iter().all(|mean| now <= *mean);
    (is_lowest && before - now > (FALL * now).max(noise(losses))).then_some((before, now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_does_not_depend_on_a_straight_course() {
        let scatter = [0.1, -0.2, 0.15, -0.1, 0.05, 0.2, -0.15, -0.05, 0.1, -0.1];
        let on = |slope: f64| -> Vec<f64> {
            let values = scatter.iter().enumerate();
            values.map(|(at, by)| slope * at as f64 + by).collect()
        };
        let (flat, steep) = (noise(&on(0.0)), noise(&on(-3.0)));
        assert!((flat - steep).abs() < 1e-9 && flat > 0.1, "{flat} {steep}");
        assert_eq!(noise(&[1.0]), f64::INFINITY, "nothing is known");
    }

    #[test]
    fn a_turn_lasts_and_is_larger_than_the_noise() {
        let falls = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5];
        let with = |more: &[f64]| turned_up(&[&falls[..], more].concat());
        let rises = [0.52, 0.55, 0.58, 0.62, 0.66, 0.7, 0.74];
        let turn = with(&rises).unwrap();
        assert_eq!((turn.at, turn.window), (5, 5));
        assert!((turn.now - 0.7).abs() < 1e-9, "{turn:?}");
        let silent: [(&str, &[f64]); 4] = [
            ("too soon", &rises[..5]),
            ("too little", &[0.51; 8]),
            ("back again", &[0.6, 0.7, 0.8, 0.7, 0.6, 0.5, 0.5, 0.5]),
            (
                "within the noise",
                &[0.9, 0.4, 1.0, 0.3, 0.9, 0.5, 0.8, 0.4, 0.7],
            ),
        ];
        for (why, more) in silent {
            assert_eq!(with(more), None, "{why}");
        }
    }

    #[test]
    fn what_still_falls_falls_by_more_than_noise() {
        let (from, to) = still_falls(&[1.0, 0.9, 0.8, 0.7, 0.6, 0.5]).unwrap();
        assert!((from - 0.9).abs() < 1e-9 && (to - 0.6).abs() < 1e-9);
        let cases: [(&str, &[f64]); 4] = [
            ("too few", &[1.0, 0.9, 0.8, 0.7, 0.6]),
            ("flat", &[0.5; 9]),
            (
                "it was lower",
                &[0.3, 0.3, 0.3, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4],
            ),
            (
                "noise",
                &[0.9, 0.3, 1.0, 0.4, 0.9, 0.3, 0.9, 0.35, 0.8, 0.4],
            ),
        ];
        for (why, losses) in cases {
            assert_eq!(still_falls(losses), None, "{why}");
        }
    }
}
