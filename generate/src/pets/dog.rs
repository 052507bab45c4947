//! Dogs: mostly hanging ears, round eyes, a long muzzle, at times the tongue.

use rand::RngExt as _;

use super::super::canvas::{Point, mix};
use super::portrait::{BLACK, Portrait, WHITE};

impl Portrait<'_> {
    /// The whole animal.
    pub fn dog(&mut self) {
        let coat = self.coat;
        let width = self.between(0.76, 0.94);
        let shoulders = self.between(0.72, 0.95);
        self.body(shoulders);
        let pricked = self.rng.random_bool(0.15);
        if pricked {
            self.pricked_ears(width);
        }
        let long = self.between(0.95, 1.12);
        self.soft(
            &[
                (0.0, -0.86),
                (0.56 * width, -0.76),
                (0.9 * width, -0.3),
                (0.88 * width, 0.2),
                (0.66 * width, 0.7),
                (0.0, long),
                (-0.66 * width, 0.7),
                (-0.88 * width, 0.2),
                (-0.9 * width, -0.3),
                (-0.56 * width, -0.76),
            ],
            coat.main,
        );
        let eye = (self.between(0.34, 0.42) * width, self.between(-0.24, -0.1));
        self.markings(eye);
        if !pricked {
            self.hanging_ears(width);
        }
        self.dog_muzzle(long);
        self.dog_eyes(eye);
    }

    /// From the top of the head down beside the cheeks.
    fn hanging_ears(&mut self, width: f64) {
        let coat = self.coat;
        let colour = if self.rng.random_bool(0.65) {
            coat.second
        } else {
            mix(coat.main, BLACK, 0.18)
        };
        let (out, low) = (self.between(1.12, 1.42) * width, self.between(0.2, 0.8));
        for side in [-1.0, 1.0] {
            let low = low + self.between(-0.08, 0.08);
            let mut points = [
                (0.5 * width, -0.82),
                (0.86 * width, -0.78),
                (out, -0.2),
                (out, low),
                (0.98 * width, low + 0.12),
                (0.82 * width, low * 0.3),
                (0.7 * width, -0.42),
            ]
            .map(|(x, y)| (side * x, y));
            if side < 0.0 {
                points.reverse();
            }
            self.soft(&points, colour);
        }
    }

    /// Upright with rounded tips, at times folded over.
    fn pricked_ears(&mut self, width: f64) {
        let coat = self.coat;
        let tip = (self.between(0.72, 0.9) * width, self.between(-1.4, -1.15));
        for side in [-1.0, 1.0] {
            let mut points = [
                (0.2 * width, -0.66),
                (tip.0 - 0.16, tip.1 + 0.1),
                (tip.0 + 0.08, tip.1),
                (0.98 * width, -0.6),
                (0.86 * width, -0.1),
            ]
            .map(|(x, y)| (side * x, y));
            if side < 0.0 {
                points.reverse();
            }
            self.soft(&points, coat.second);
        }
    }

    /// A long light muzzle with a big round nose, a wide mouth and at times the tongue.
    fn dog_muzzle(&mut self, long: f64) {
        let coat = self.coat;
        let wide = self.between(0.4, 0.52);
        let nose_y = self.between(0.2, 0.32);
        let smile = nose_y + self.between(0.36, 0.46);
        if self.rng.random_bool(0.5) {
            let (half, down) = (self.between(0.13, 0.18), self.between(0.3, 0.5));
            let tongue = [
                (-half, smile),
                (half, smile),
                (half * 1.1, smile + down * 0.7),
                (0.0, smile + down),
                (-half * 1.1, smile + down * 0.7),
            ];
            // The chin lies behind the tongue, the cheeks before it.
            self.oval(
                (0.0, long - 0.24),
                (0.24, 0.2),
                0.0,
                mix(coat.light, BLACK, 0.1),
            );
            self.soft(&tongue, [232.0, 116.0, 128.0]);
            let middle = [(0.0, smile + 0.04), (0.0, smile + down * 0.7)];
            self.brush(&middle, (0.025, 0.012), [190.0, 80.0, 96.0]);
        }
        self.oval((0.0, nose_y + 0.08), (wide * 0.72, 0.34), 0.0, coat.light);
        for side in [-1.0, 1.0] {
            self.oval(
                (side * wide * 0.5, nose_y + 0.24),
                (wide * 0.58, 0.25),
                side * 0.3,
                coat.light,
            );
        }
        let line = mix(coat.line, BLACK, 0.5);
        self.brush(&[(0.0, nose_y), (0.0, smile - 0.06)], (0.035, 0.035), line);
        for side in [-1.0, 1.0] {
            let points = [
                (0.0, smile - 0.06),
                (side * wide * 0.45, smile + 0.02),
                (side * wide * 0.95, smile - 0.12),
            ];
            self.brush(&points, (0.04, 0.025), line);
            for (x, y) in [(0.45, 0.22), (0.62, 0.28), (0.52, 0.34)] {
                self.oval((side * wide * x, nose_y + y), (0.016, 0.016), 0.0, line);
            }
        }
        let (nose_wide, nose_high) = (self.between(0.17, 0.23), self.between(0.12, 0.16));
        self.oval(
            (0.0, nose_y),
            (nose_wide, nose_high),
            0.0,
            [40.0, 34.0, 36.0],
        );
        self.oval(
            (-0.05, nose_y - 0.05),
            (nose_wide * 0.35, nose_high * 0.25),
            0.0,
            [120.0, 112.0, 116.0],
        );
    }

    /// Round and dark, with brows at times.
    fn dog_eyes(&mut self, eye: Point) {
        let coat = self.coat;
        let size = self.between(0.1, 0.145);
        let irises = [
            [84.0, 52.0, 30.0],
            [120.0, 76.0, 40.0],
            [110.0, 160.0, 196.0],
        ];
        let iris =
            irises[usize::from(self.rng.random_bool(0.4)) + usize::from(self.rng.random_bool(0.1))];
        let brows = self.rng.random_bool(0.4);
        for side in [-1.0, 1.0] {
            let (x, y) = (side * eye.0, eye.1);
            self.oval(
                (x, y),
                (size + 0.03, size + 0.03),
                0.0,
                mix(coat.line, BLACK, 0.6),
            );
            self.oval((x, y), (size, size), 0.0, iris);
            self.oval((x, y), (size * 0.62, size * 0.62), 0.0, BLACK);
            self.oval((x + 0.04, y - 0.045), (0.034, 0.034), 0.0, WHITE);
            if brows {
                self.oval((x, y - size - 0.12), (0.1, 0.05), side * 0.25, coat.light);
            }
        }
    }
}
