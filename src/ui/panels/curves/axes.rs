//! Axes of curves over epochs: whole epochs below, percentages or losses at the side, also logarithmic.

use eframe::egui::{Rangef, Ui};
use egui_plot::{AxisHints, GridMark, Plot};

use crate::{
    train::EpochRecord,
    ui::format::{percent, significant},
};

/// What a chart is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Share classified correctly.
    Accuracy,
    /// Mean loss.
    Loss,
}

impl Quantity {
    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Accuracy => "Accuracy",
            Self::Loss => "Loss",
        }
    }

    /// Its value in the training part.
    pub fn train(self, record: &EpochRecord) -> f64 {
        match self {
            Self::Accuracy => record.train_accuracy,
            Self::Loss => record.train_loss,
        }
    }

    /// Its value in the validation part.
    pub fn validation(self, record: &EpochRecord) -> Option<f64> {
        match self {
            Self::Accuracy => record.val_accuracy,
            Self::Loss => record.val_loss,
        }
    }

    /// A value as people read it.
    pub fn words(self, value: f64) -> String {
        match self {
            Self::Accuracy => percent(value),
            Self::Loss => significant(value),
        }
    }
}

/// How values become heights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Of what.
    pub quantity: Quantity,
    /// Whether equal factors are equal distances.
    pub is_log: bool,
}

impl Scale {
    /// The height of `value`; not a number, which is a gap, when it has none.
    pub fn height(self, value: f64) -> f64 {
        let height = if self.is_log { value.log10() } else { value };
        if height.is_finite() { height } else { f64::NAN }
    }

    /// A plot with the axes of this scale over epochs 0 to `epochs`.
    pub fn plot<'a>(self, name: &str, epochs: usize) -> Plot<'a> {
        let plot = Plot::new(name.to_owned())
            .allow_scroll(false)
            .include_x(0.0)
            .include_x(epochs.max(1) as f64)
            .show_background(false)
            .x_grid_spacer(|input| whole_epochs(input.bounds))
            .custom_x_axes(vec![epoch_axis()])
            .custom_y_axes(vec![self.value_axis()]);
        match (self.quantity, self.is_log) {
            (Quantity::Accuracy, _) => plot
                .include_y(0.0)
                .include_y(1.0)
                .y_grid_spacer(|input| round_steps(input.bounds, input.base_step_size, 1.0)),
            (Quantity::Loss, false) => plot.include_y(0.0).y_grid_spacer(|input| {
                round_steps(input.bounds, input.base_step_size, f64::INFINITY)
            }),
            (Quantity::Loss, true) => plot.y_grid_spacer(|input| decades(input.bounds)),
        }
    }

    fn value_axis<'a>(self) -> AxisHints<'a> {
        let text = move |mark: GridMark, _: &_| match (self.quantity, self.is_log) {
            (Quantity::Accuracy, _) => format!("{:.0} %", 100.0 * mark.value),
            (Quantity::Loss, false) => tick(mark.value, mark.step_size),
            (Quantity::Loss, true) => decade(mark.value),
        };
        AxisHints::new_y()
            .formatter(text)
            .label_spacing(LABEL_SPACING)
            .min_thickness(56.0)
    }
}

/// Labels nearer than the first distance are left away, nearer than the second faded.
pub const LABEL_SPACING: Rangef = Rangef {
    min: 12.0,
    max: 16.0,
};

fn epoch_axis<'a>() -> AxisHints<'a> {
    let whole = |mark: GridMark, _: &_| {
        let is_whole = mark.value.fract() == 0.0 && mark.value >= 0.0;
        let text = is_whole.then(|| format!("{:.0}", mark.value));
        text.unwrap_or_default()
    };
    AxisHints::new_x()
        .formatter(whole)
        .label_spacing(LABEL_SPACING)
}

/// Grid lines at whole epochs, 1, 2 or 5 times a power of ten apart, not more than about ten.
fn whole_epochs((low, high): (f64, f64)) -> Vec<GridMark> {
    let step_size = round_step((high - low) / 10.0).max(1.0);
    marks(
        (low / step_size).ceil(),
        (high / step_size).floor(),
        step_size,
    )
}

/// Grid lines at the multiples `first` to `last` of `step_size`.
pub fn marks(first: f64, last: f64, step_size: f64) -> Vec<GridMark> {
    let count = (last - first + 1.0).clamp(0.0, 100.0) as usize;
    let mark = |index| GridMark {
        value: (first + index as f64) * step_size,
        step_size,
    };
    (0..count).map(mark).collect()
}

/// Height of a label with room around it, in the units of `base_step`, egui_plot's least distance of grid lines.
const LABEL_HEIGHT: f64 = 4.5;

/// Grid lines from 0 to at most `most`, 1, 2 or 5 times a power of ten apart, where labels do not crowd.
fn round_steps((low, high): (f64, f64), base_step: f64, most: f64) -> Vec<GridMark> {
    let step_size = round_step(base_step * LABEL_HEIGHT);
    // Quotients of decimals are a hair off whole numbers.
    let first = (low.max(0.0) / step_size - 1e-9).ceil();
    let last = (high.min(most) / step_size + 1e-9).floor();
    marks(first, last, step_size)
}

/// 1, 2 or 5 times a power of ten, not below `least`.
fn round_step(least: f64) -> f64 {
    let least = least.max(f64::MIN_POSITIVE);
    let decade = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * decade);
    steps
        .into_iter()
        .find(|step| *step >= least)
        .unwrap_or(least)
}

/// Grid lines at 1, 2 and 5 of every decade, and within a narrow range at nine of each.
fn decades((low, high): (f64, f64)) -> Vec<GridMark> {
    const MOST: i32 = 30;
    let first = low.floor() as i32;
    let last = (high.floor() as i32).min(first + MOST);
    let digits: &[f64] = match high - low {
        wide if wide > 6.0 => &[1.0],
        some if some > 1.0 => &[1.0, 2.0, 5.0],
        _ => &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
    };
    let mark = |decade: i32, digit: &f64| GridMark {
        value: f64::from(decade) + digit.log10(),
        // egui fades lines by their step: whole decades stand out.
        step_size: if *digit == 1.0 { 1.0 } else { 0.3 },
    };
    let marks = (first..=last).flat_map(|decade| digits.iter().map(move |d| mark(decade, d)));
    marks
        .filter(|mark| (low..=high).contains(&mark.value))
        .collect()
}

/// The value whose logarithm is `height`, with as many decimals as it needs.
pub fn decade(height: f64) -> String {
    let value = 10_f64.powf(height);
    if !(1e-4..1e6).contains(&value) {
        return format!("{value:.0e}");
    }
    let decimals = (1.0 - height.floor()).max(0.0) as usize;
    trimmed(value, decimals)
}

/// The value of a grid line with the digits that tell it from the next, `step` away: `0.5`, `3.5e17`.
fn tick(value: f64, step: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let power = |value: f64| value.abs().max(f64::MIN_POSITIVE).log10().floor();
    // Quotients of decimals are a hair off whole numbers.
    let decimals = -power(step * (1.0 + 1e-9));
    if (1e-3..1e5).contains(&value.abs()) {
        return trimmed(value, decimals.max(0.0) as usize);
    }
    let power = power(value * (1.0 + 1e-9));
    let digits = (power + decimals).clamp(0.0, 3.0) as usize;
    let text = format!("{value:.digits$e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    format!("{}e{power}", without_zeros(digits))
}

fn trimmed(value: f64, decimals: usize) -> String {
    without_zeros(&format!("{value:.decimals$}")).to_owned()
}

/// A decimal number without zeros at its end.
fn without_zeros(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}

/// Draws a plot with axes and grid in a quiet colour, which leaves the curves in front.
pub fn quiet<R>(ui: &mut Ui, show: impl FnOnce(&mut Ui) -> R) -> R {
    let before = ui.visuals().override_text_color;
    ui.visuals_mut().override_text_color = Some(crate::ui::theme::palette(ui).muted);
    let shown = show(ui);
    ui.visuals_mut().override_text_color = before;
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_of_a_logarithmic_axis_read_as_values() {
        let cases = [
            (0.0, "1"),
            (-1.0, "0.1"),
            (2.0_f64.log10(), "2"),
            (0.05_f64.log10(), "0.05"),
            (3.0, "1000"),
            (-7.0, "1e-7"),
        ];
        for (height, text) in cases {
            assert_eq!(decade(height), text);
        }
        assert_eq!(
            [trimmed(0.25, 3), trimmed(0.0, 3), trimmed(100.0, 0)],
            ["0.25", "0", "100"]
        );
    }

    #[test]
    fn ticks_are_as_short_as_their_distance_allows() {
        let cases = [
            ((0.0, 0.5), "0"),
            ((0.5, 0.5), "0.5"),
            ((0.315, 0.005), "0.315"),
            ((20_000.0, 5_000.0), "20000"),
            ((3.5e17, 5e16), "3.5e17"),
            ((4e17, 5e16), "4e17"),
            ((1e18, 2e17), "1e18"),
            ((0.000_5, 0.000_5), "5e-4"),
            ((0.001_5, 0.000_5), "0.0015"),
        ];
        for ((value, step), text) in cases {
            assert_eq!(tick(value, step), text);
        }
    }

    #[test]
    fn only_positive_losses_have_a_logarithm() {
        let scale = Scale {
            quantity: Quantity::Loss,
            is_log: true,
        };
        assert_eq!(scale.height(100.0), 2.0);
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(scale.height(value).is_nan(), "{value}");
        }
    }

    #[test]
    fn steps_are_round_and_nothing_stands_below_zero_or_above_everything() {
        let steps = |bounds, base, most| -> Vec<String> {
            let marks = round_steps(bounds, base, most);
            marks.iter().map(|mark| trimmed(mark.value, 3)).collect()
        };
        let cases = [
            (((-0.1, 2.2), 0.05, f64::INFINITY), "0 0.5 1 1.5 2"),
            (((-0.05, 1.05), 0.04, 1.0), "0 0.2 0.4 0.6 0.8 1"),
            (
                ((0.31, 0.34), 0.001, 1.0),
                "0.31 0.315 0.32 0.325 0.33 0.335 0.34",
            ),
            (((-3.0, -1.0), 0.1, 1.0), ""),
        ];
        for ((bounds, base, most), expected) in cases {
            assert_eq!(steps(bounds, base, most).join(" "), expected);
        }
    }

    #[test]
    fn epochs_are_counted_in_round_steps() {
        let epochs = |most: f64| -> Vec<f64> {
            let marks = whole_epochs((-0.05 * most, 1.05 * most));
            marks.iter().map(|mark| mark.value).collect()
        };
        assert_eq!(epochs(5.0), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(epochs(1_001.0)[..3], [0.0, 200.0, 400.0]);
    }

    #[test]
    fn grids_are_bounded_whatever_is_zoomed_to() {
        for bounds in [(0.0, 1.0), (-300.0, 300.0), (0.0, 1e9), (0.1, 0.2)] {
            assert!(decades(bounds).len() < 100, "{bounds:?}");
            assert!(round_steps(bounds, 0.0, 1e9).len() <= 100, "{bounds:?}");
            assert!(whole_epochs(bounds).len() < 102, "{bounds:?}");
        }
    }
}
