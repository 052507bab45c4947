//! Every colour that means something, once: what the window shows blue is blue in charts and reports too.
//!
//! Charts and reports are on white and take [`Colour::light`]; the window takes either. Scales, which make colours of
//! numbers, stand in [`crate::inspect::colours`].

/// Red, green and blue of sRGB.
pub type Rgb = [u8; 3];

/// One meaning on light and on dark ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    /// On white or nearly white.
    pub light: Rgb,
    /// On nearly black.
    pub dark: Rgb,
}

impl Colour {
    const fn new(light: Rgb, dark: Rgb) -> Self {
        Self { light, dark }
    }

    /// The one for a ground that is dark or not.
    pub const fn on(self, is_dark: bool) -> Rgb {
        if is_dark { self.dark } else { self.light }
    }
}

const WHITE: Rgb = [255; 3];

/// Training, everywhere and always: Okabe and Ito's blue.
pub const TRAINING: Colour = Colour::new([0, 114, 178], [86, 180, 233]);
/// Validation, everywhere and always: their orange, dark enough for lines and letters on white.
pub const VALIDATION: Colour = Colour::new([196, 110, 0], [240, 170, 40]);
/// Test, everywhere and always.
pub const TEST: Colour = Colour::new([0, 140, 102], [64, 190, 145]);
/// Buttons that matter, the chosen step.
pub const ACCENT: Colour = Colour::new([0, 95, 163], [86, 180, 233]);
/// Text on the accent.
pub const ON_ACCENT: Colour = Colour::new(WHITE, [10, 20, 28]);
/// Text.
pub const INK: Colour = Colour::new([33; 3], [228; 3]);
/// Text of less weight; still readable.
pub const MUTED: Colour = Colour::new([90, 98, 106], [165, 172, 179]);
/// Earlier runs, hints.
pub const FAINT: Colour = Colour::new([173, 181, 189], [92, 99, 106]);
/// Hairlines.
pub const LINE: Colour = Colour::new([222, 226, 230], [52, 57, 63]);
/// It worked.
pub const GOOD: Colour = Colour::new([0, 118, 83], [64, 190, 145]);
/// Look here.
pub const WARNING: Colour = Colour::new([150, 85, 0], [240, 190, 80]);
/// It did not work.
pub const ERROR: Colour = Colour::new([186, 26, 26], [255, 138, 128]);
/// Around badges that stand on pictures.
pub const BADGE_EDGE: Colour = Colour::new(WHITE, [10, 14, 18]);
/// Between tiles of pictures in the window.
pub const GAP: Colour = Colour::new([233, 236, 239], [44, 48, 53]);
/// Between tiles of pictures that are kept: neither an end of a scale nor its middle, so that white kernels keep
/// their edges.
pub const TILE_BACKGROUND: Rgb = FAINT.light;

/// Okabe and Ito's colours, for classes; nothing relies on them alone.
pub const CLASSES: [Rgb; 8] = [
    [0, 114, 178],
    [230, 159, 0],
    [0, 158, 115],
    [204, 121, 167],
    [86, 180, 233],
    [213, 94, 0],
    [240, 228, 66],
    [128, 128, 128],
];

/// Runs laid over each other, none of them training's or validation's. Runs also have numbers, and further ones dashes.
pub const RUNS: [Colour; 5] = [
    Colour::new([0, 122, 92], [70, 200, 150]),
    Colour::new([126, 76, 184], [190, 152, 242]),
    Colour::new([190, 50, 104], [244, 136, 176]),
    Colour::new([104, 104, 0], [204, 200, 96]),
    Colour::new([70, 78, 86], [200, 206, 212]),
];

/// Red, green and blue in a histogram: bright enough on both grounds, told apart by name too.
pub const CHANNELS: [Rgb; 3] = [[222, 60, 60], [30, 160, 80], [70, 120, 245]];

/// Black or white, whichever reads better on `background`: the side of the middle on which its luma (ITU-R BT.601)
/// lies.
pub fn ink_on(background: Rgb) -> Rgb {
    let [red, green, blue] = background.map(f32::from);
    if 0.299 * red + 0.587 * green + 0.114 * blue > 140.0 {
        [0; 3]
    } else {
        WHITE
    }
}

/// As web pages write it: `#0072b2`.
pub fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast of two colours by WCAG 2.2: 1 (none) to 21 (black on white).
    fn contrast(one: Rgb, other: Rgb) -> f64 {
        let luminance = |colour: Rgb| {
            let [red, green, blue] = colour.map(|channel| {
                let share = f64::from(channel) / 255.0;
                match share <= 0.04045 {
                    true => share / 12.92,
                    false => ((share + 0.055) / 1.055).powf(2.4),
                }
            });
            0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05
        };
        let (one, other) = (luminance(one), luminance(other));
        (one / other).max(other / one)
    }

    /// The window's panels; charts and reports are on white, where dark colours have a little more.
    const GROUND: Colour = Colour::new([252; 3], [24; 3]);

    /// 4.5 is what WCAG asks of text, 3 of large type and of what is drawn.
    #[test]
    fn what_is_read_and_drawn_stands_out_from_its_ground() {
        let read = [
            ("ink", INK),
            ("muted", MUTED),
            ("accent", ACCENT),
            ("good", GOOD),
            ("warning", WARNING),
            ("error", ERROR),
        ];
        let drawn = [
            ("training", TRAINING),
            ("validation", VALIDATION),
            ("test", TEST),
        ];
        let runs = RUNS.map(|colour| ("a run", colour));
        let all = read.map(|row| (row, 4.5)).into_iter();
        let all = all.chain(drawn.into_iter().chain(runs).map(|row| (row, 3.0)));
        for ((name, colour), least) in all {
            for is_dark in [false, true] {
                let found = contrast(colour.on(is_dark), GROUND.on(is_dark));
                assert!(
                    found >= least,
                    "{name}, dark {is_dark}: {found:.1} < {least}"
                );
            }
        }
        for is_dark in [false, true] {
            assert!(contrast(ON_ACCENT.on(is_dark), ACCENT.on(is_dark)) >= 4.5);
        }
        for class in CLASSES {
            assert!(contrast(class, ink_on(class)) >= 3.0, "{class:?}");
        }
    }

    #[test]
    fn no_run_and_no_part_is_taken_for_another() {
        let all = [TRAINING, VALIDATION].into_iter().chain(RUNS);
        let all: Vec<Colour> = all.collect();
        for (at, one) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                for is_dark in [false, true] {
                    let pairs = one.on(is_dark).into_iter().zip(other.on(is_dark));
                    let apart: u32 = pairs.map(|(a, b)| u32::from(a.abs_diff(b))).sum();
                    assert!(apart >= 60, "{one:?} and {other:?}: {apart}");
                }
            }
        }
    }

    #[test]
    fn a_colour_is_written_as_pages_write_it() {
        assert_eq!(hex([0, 114, 178]), "#0072b2");
    }
}
