//! Cats: pointed ears, almond eyes, a small nose, whiskers.

use rand::RngExt as _;

use super::super::canvas::{Point, mix};
use super::portrait::{BLACK, Portrait, ROSE, WHITE};

impl Portrait<'_> {
    /// The whole animal.
    pub fn cat(&mut self) {
        let coat = self.coat;
        let width = self.between(0.92, 1.12);
        let shoulders = width * self.between(0.75, 0.95);
        self.body(shoulders);
        self.cat_ears(width);
        let cheek = self.between(0.9, 1.06) * width;
        let chin = self.between(0.72, 0.84);
        self.soft(
            &[
                (0.0, -0.78),
                (0.58 * width, -0.66),
                (0.92 * width, -0.12),
                (cheek, 0.3),
                (0.58 * width, 0.68),
                (0.0, chin),
                (-0.58 * width, 0.68),
                (-cheek, 0.3),
                (-0.92 * width, -0.12),
                (-0.58 * width, -0.66),
            ],
            coat.main,
        );
        let eye = (self.between(0.38, 0.46) * width, self.between(-0.1, 0.02));
        if self.rng.random_bool(0.45) {
            self.stripes(width);
        }
        self.markings(eye);
        self.cat_eyes(eye);
        self.cat_muzzle();
        self.whiskers(width);
    }

    /// Pointed, with a pale inside.
    fn cat_ears(&mut self, width: f64) {
        let coat = self.coat;
        let tip = (self.between(0.7, 0.98) * width, self.between(-1.5, -1.22));
        let same = self.rng.random_bool(0.7);
        for side in [-1.0, 1.0] {
            let colour = if same { coat.main } else { coat.second };
            let to = |points: [Point; 5]| points.map(|(x, y)| (side * x, y));
            let inner = (0.56 * width, -0.6);
            let mut ear = self.placed(&to([
                (0.14 * width, -0.62),
                (0.4 * width, (tip.1 - 0.74) / 2.0 - 0.06),
                tip,
                (0.93 * width, -0.55),
                (0.9 * width, -0.1),
            ]));
            if side < 0.0 {
                ear.reverse();
            }
            self.solid(&ear, colour);
            let shrink = |(x, y): Point| {
                (
                    inner.0 + 0.55 * (x - inner.0),
                    inner.1 + 0.62 * (y - inner.1),
                )
            };
            let inside = to([
                (0.22 * width, -0.6),
                (0.46 * width, tip.1 / 2.0 - 0.44),
                tip,
                (0.88 * width, -0.55),
                (0.8 * width, -0.2),
            ]
            .map(shrink));
            let inside = self.placed(&inside);
            let rose = mix(ROSE, coat.main, 0.25);
            self.canvas.fill(&inside, rose);
        }
    }

    /// A tabby's forehead and cheeks.
    fn stripes(&mut self, width: f64) {
        let colour = self.coat.second;
        for x in [-0.22f64, 0.0, 0.22] {
            let points = [
                (1.15 * x, -0.74 + x.abs() * 0.12),
                (x, -0.38 + x.abs() * 0.3),
            ];
            self.brush(&points, (0.13, 0.03), colour);
        }
        for side in [-1.0, 1.0] {
            for y in [0.12, 0.3] {
                let points = [(side * 0.93 * width, y), (side * 0.64 * width, y + 0.04)];
                self.brush(&points, (0.1, 0.02), colour);
            }
        }
    }

    /// Almond eyes with slit pupils.
    fn cat_eyes(&mut self, eye: Point) {
        let irises = [
            [150.0, 190.0, 80.0],
            [226.0, 188.0, 62.0],
            [110.0, 176.0, 206.0],
            [206.0, 140.0, 60.0],
        ];
        let iris = irises[self.rng.random_range(0..irises.len())];
        let (long, high) = (self.between(0.19, 0.25), self.between(0.14, 0.21));
        let slit = self.between(0.03, 0.075);
        for side in [-1.0, 1.0] {
            let place = (side * eye.0, eye.1);
            let slant = side * -0.28;
            self.oval(
                place,
                (long + 0.035, high + 0.035),
                slant,
                mix(self.coat.line, BLACK, 0.6),
            );
            self.oval(place, (long, high), slant, iris);
            self.oval(place, (slit, high * 0.95), 0.0, BLACK);
            self.oval((place.0 + 0.06, place.1 - 0.07), (0.035, 0.035), 0.0, WHITE);
        }
    }

    /// Two puffs, a triangular nose and a small mouth.
    fn cat_muzzle(&mut self) {
        let coat = self.coat;
        let y = self.between(0.24, 0.32);
        for side in [-1.0, 1.0] {
            self.oval((side * 0.16, y + 0.16), (0.23, 0.18), 0.0, coat.light);
        }
        self.oval((0.0, y + 0.3), (0.14, 0.1), 0.0, coat.light);
        let nose = if self.rng.random_bool(0.7) {
            ROSE
        } else {
            mix(coat.line, BLACK, 0.5)
        };
        let size = self.between(0.09, 0.12);
        let triangle = [
            (-size, y - 0.03),
            (0.0, y - 0.05),
            (size, y - 0.03),
            (0.0, y + size),
        ];
        let outline = self.placed(&triangle);
        self.canvas.fill(&outline, nose);
        let line = mix([90.0, 60.0, 60.0], BLACK, 0.4);
        for side in [-1.0, 1.0] {
            let points = [
                (0.0, y + size),
                (0.02 * side, y + size + 0.08),
                (0.12 * side, y + size + 0.15),
                (0.24 * side, y + size + 0.1),
            ];
            self.brush(&points, (0.03, 0.022), line);
        }
    }

    fn whiskers(&mut self, width: f64) {
        let dark = self.coat.main.iter().sum::<f64>() < 330.0;
        let colour = if dark { WHITE } else { [74.0, 66.0, 66.0] };
        let reach = self.between(1.2, 1.5) * width;
        for side in [-1.0, 1.0] {
            for (from, to) in [(0.36, 0.2), (0.43, 0.42), (0.5, 0.64)] {
                let bend = self.between(-0.05, 0.08);
                let points = [
                    (side * 0.3, from),
                    (side * 0.75, (from + to) / 2.0 - bend),
                    (side * reach, to + self.between(-0.06, 0.06)),
                ];
                self.brush(&points, (0.03, 0.008), colour);
            }
        }
    }
}
