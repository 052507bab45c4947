//! What both animals share: coats, how a head lies in the picture, shoulders and markings.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::super::canvas::{Canvas, Colour, Point, ellipse, mix, smooth, stroke, widened};

/// Colours of an animal.
#[derive(Debug, Clone, Copy)]
pub struct Coat {
    pub main: Colour,
    /// Of patches, stripes and ears that differ.
    pub second: Colour,
    /// Of muzzle, chest and blaze.
    pub light: Colour,
    pub line: Colour,
}

pub const WHITE: Colour = [248.0, 244.0, 238.0];
pub const BLACK: Colour = [34.0, 30.0, 32.0];
pub const ROSE: Colour = [232.0, 150.0, 150.0];

/// Fur of cats and dogs alike.
const FURS: [Colour; 9] = [
    [232.0, 150.0, 70.0],
    [244.0, 222.0, 184.0],
    [206.0, 160.0, 106.0],
    [150.0, 100.0, 62.0],
    [98.0, 66.0, 46.0],
    [146.0, 148.0, 154.0],
    [92.0, 96.0, 106.0],
    [56.0, 52.0, 54.0],
    [240.0, 236.0, 228.0],
];

impl Coat {
    pub fn draw(rng: &mut ChaCha8Rng) -> Self {
        let tint: f64 = rng.random_range(0.92..=1.06);
        let fur = |index: usize| FURS[index].map(|value| (value * tint).min(255.0));
        let first = rng.random_range(0..FURS.len());
        let main = fur(first);
        let second = if rng.random_bool(0.4) {
            fur((first + rng.random_range(1..FURS.len())) % FURS.len())
        } else {
            mix(main, BLACK, 0.35)
        };
        let light = if rng.random_bool(0.6) {
            WHITE
        } else {
            mix(main, WHITE, 0.45)
        };
        let line = mix(main, BLACK, 0.72);
        Self {
            main,
            second,
            light,
            line,
        }
    }
}

/// A head being painted. Its own coordinates: (0, 0) is its middle, 1 about half its width, y downwards.
pub struct Portrait<'a> {
    pub canvas: Canvas,
    pub rng: &'a mut ChaCha8Rng,
    pub coat: Coat,
    pub centre: Point,
    /// Pixels per unit.
    pub scale: f64,
    pub tilt: f64,
    /// Width of outlines in units; 0 draws none.
    pub line: f64,
}

impl Portrait<'_> {
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        self.rng.random_range(low..=high)
    }

    pub fn at(&self, (x, y): Point) -> Point {
        let (sin, cos) = self.tilt.sin_cos();
        (
            self.centre.0 + self.scale * (x * cos - y * sin),
            self.centre.1 + self.scale * (x * sin + y * cos),
        )
    }

    pub fn placed(&self, points: &[Point]) -> Vec<Point> {
        points.iter().map(|&point| self.at(point)).collect()
    }

    /// Fills a finished outline, with a line around it and light from above.
    pub fn solid(&mut self, outline: &[Point], colour: Colour) {
        if self.line > 0.0 {
            let around = widened(outline, self.line * self.scale);
            self.canvas.fill(&around, self.coat.line);
        }
        let (top, height) = (self.centre.1 - self.scale, 2.4 * self.scale);
        self.canvas.shade(outline, 1.0, |_, y| {
            let down = ((y - top) / height).clamp(0.0, 1.0);
            colour.map(|value| (value * (1.06 - 0.16 * down)).min(255.0))
        });
    }

    /// A smooth closed shape through `points`.
    pub fn soft(&mut self, points: &[Point], colour: Colour) {
        let outline = smooth(&self.placed(points));
        self.solid(&outline, colour);
    }

    /// An ellipse without a line.
    pub fn oval(&mut self, centre: Point, radii: Point, angle: f64, colour: Colour) {
        let radii = (radii.0 * self.scale, radii.1 * self.scale);
        let outline = ellipse(self.at(centre), radii, angle + self.tilt);
        self.canvas.fill(&outline, colour);
    }

    /// A line through `points`, `widths` thick at its ends.
    pub fn brush(&mut self, points: &[Point], widths: Point, colour: Colour) {
        let widths = (widths.0 * self.scale, widths.1 * self.scale);
        let outline = stroke(&self.placed(points), widths);
        self.canvas.fill(&outline, colour);
    }

    /// Shoulders and chest, down to the edge of the picture, and at times a collar.
    pub fn body(&mut self, width: f64) {
        let down = 9.0;
        let coat = self.coat;
        self.soft(
            &[
                (-0.45 * width, 0.5),
                (0.45 * width, 0.5),
                (0.95 * width, 1.3),
                (1.15 * width, 2.6),
                (1.1 * width, down),
                (-1.1 * width, down),
                (-1.15 * width, 2.6),
                (-0.95 * width, 1.3),
            ],
            coat.main,
        );
        if self.rng.random_bool(0.5) {
            self.oval((0.0, 1.9), (0.45 * width, 0.9), 0.0, coat.light);
        }
        if self.rng.random_bool(0.35) {
            let colours = [
                [206.0, 60.0, 60.0],
                [60.0, 110.0, 190.0],
                [70.0, 150.0, 90.0],
            ];
            let colour = colours[self.rng.random_range(0..colours.len())];
            let ends = [(-0.62 * width, 0.9), (0.0, 1.16), (0.62 * width, 0.9)];
            self.brush(&ends, (0.16, 0.16), colour);
            self.oval((0.0, 1.26), (0.11, 0.11), 0.0, [240.0, 200.0, 80.0]);
        }
    }

    /// Patches that both animals wear: around one eye, or a blaze between them.
    pub fn markings(&mut self, eye: Point) {
        let coat = self.coat;
        match self.rng.random_range(0..5) {
            0 => {
                let side = if self.rng.random_bool(0.5) { 1.0 } else { -1.0 };
                let place = (side * eye.0, eye.1 - 0.04);
                self.oval(place, (0.32, 0.36), side * 0.4, coat.second);
            }
            1 => {
                let blaze = [
                    (0.0, -0.8),
                    (0.09, -0.5),
                    (0.16, 0.2),
                    (-0.16, 0.2),
                    (-0.09, -0.5),
                ];
                let outline = smooth(&self.placed(&blaze));
                self.canvas.fill(&outline, coat.light);
            }
            _ => {}
        }
    }
}
