//! How one blood cell and its surroundings are painted.

use std::f64::consts::TAU;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::{
    super::canvas::{Canvas, Colour, Point, ellipse, mix, smooth, stroke},
    CELLS_SIZE, CellKind, FINENESS,
};

/// Stain of an ordinary nucleus.
const PURPLE: Colour = [112.0, 66.0, 146.0];
/// Stain of a dense one.
const DARK: Colour = [86.0, 48.0, 124.0];

/// One cell being painted; lengths in pixels of the finished image.
pub struct Slide<'a> {
    pub canvas: Canvas,
    pub rng: &'a mut ChaCha8Rng,
    pub centre: Point,
    pub radius: f64,
    /// Of the cell, in radians.
    pub angle: f64,
    /// Added to the nucleus: how little stain it took.
    pub paleness: f64,
}

impl Slide<'_> {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        self.rng.random_range(low..=high)
    }

    /// From the cell's own coordinates (1 is its radius) to the canvas.
    fn at(&self, (x, y): Point) -> Point {
        let (sin, cos) = self.angle.sin_cos();
        let scale = self.radius * FINENESS as f64;
        let centre = (
            self.centre.0 * FINENESS as f64,
            self.centre.1 * FINENESS as f64,
        );
        (
            centre.0 + scale * (x * cos - y * sin),
            centre.1 + scale * (x * sin + y * cos),
        )
    }

    /// An ellipse in the cell's coordinates.
    fn oval(&self, centre: Point, radii: Point, angle: f64) -> Vec<Point> {
        let scale = self.radius * FINENESS as f64;
        let radii = (radii.0 * scale, radii.1 * scale);
        ellipse(self.at(centre), radii, angle + self.angle)
    }

    /// An uneven round outline of `size` radii.
    fn blob(&mut self, centre: Point, size: f64, unevenness: f64) -> Vec<Point> {
        let points: Vec<Point> = (0..9)
            .map(|i| {
                let (sin, cos) = (f64::from(i) / 9.0 * TAU).sin_cos();
                let radius = size * (1.0 + self.between(-unevenness, unevenness));
                self.at((centre.0 + radius * cos, centre.1 + radius * sin))
            })
            .collect();
        smooth(&points)
    }

    /// Nucleus stain: darker towards the edge's lower right, with clumps.
    fn stain(&mut self, outline: &[Point], colour: Colour) {
        let scale = self.radius * FINENESS as f64;
        let (x0, y0) = self.at((0.0, 0.0));
        let (a, b) = (self.between(0.5, 0.9), self.between(0.0, TAU));
        let paleness = self.paleness;
        self.canvas.shade(outline, 0.94, |x, y| {
            let (x, y) = ((x - x0) / scale, (y - y0) / scale);
            let clumps = (9.0 * a * x + b).sin() * (8.0 * y + 5.0 * a * x).cos();
            colour.map(|value| value * (1.0 + 0.1 * clumps) + paleness)
        });
    }

    /// `count` dots within `reach` radii of the centre, `size` their radius range in pixels.
    fn granules(&mut self, count: usize, reach: f64, size: [f64; 2], colour: Colour, alpha: f64) {
        for _ in 0..count {
            let distance = reach * self.between(0.0, 1.0).sqrt();
            let (sin, cos) = self.between(0.0, TAU).sin_cos();
            let size = self.between(size[0], size[1]) / self.radius;
            let dot = self.oval((distance * cos, distance * sin), (size, size), 0.0);
            let shade = self.between(0.85, 1.15);
            self.canvas
                .shade(&dot, alpha, |_, _| colour.map(|value| value * shade));
        }
    }

    /// `lobes` joined ovals along an arc.
    fn lobes(&mut self, lobes: usize, size: f64, colour: Colour) {
        let spread = self.between(0.9, 1.15) * if lobes == 2 { 1.9 } else { 1.35 };
        let start = self.between(0.0, TAU);
        let bend = self.between(0.38, 0.5);
        let places: Vec<Point> = (0..lobes)
            .map(|i| {
                let (sin, cos) = (start + spread * i as f64).sin_cos();
                let bend = bend * self.between(0.8, 1.15);
                (bend * cos, bend * sin)
            })
            .collect();
        let bridge: Vec<Point> = places.iter().map(|&place| self.at(place)).collect();
        let width = 0.2 * self.radius * FINENESS as f64;
        self.stain(&stroke(&bridge, (width, width)), colour);
        for &place in &places {
            let outline = {
                let size = size * self.between(0.85, 1.15);
                self.blob(place, size, 0.12)
            };
            self.stain(&outline, colour);
        }
    }

    /// A red blood cell at `centre`, pale in its middle.
    fn red_cell(&mut self, centre: Point, radius: f64) {
        let fine = FINENESS as f64;
        let (centre, radius) = ((centre.0 * fine, centre.1 * fine), radius * fine);
        let squash = self.between(0.85, 1.0);
        let outline = ellipse(centre, (radius, radius * squash), self.between(0.0, TAU));
        let tone = self.between(-10.0, 10.0);
        self.canvas.shade(&outline, 0.9, |x, y| {
            let distance = (x - centre.0).hypot(y - centre.1) / radius;
            let rim = mix(
                [238.0, 208.0, 202.0],
                [224.0, 164.0, 160.0],
                (distance * 1.3).min(1.0),
            );
            rim.map(|value| value + tone)
        });
    }

    /// Red cells around the rim, where the cell in the middle leaves room.
    pub fn neighbours(&mut self) {
        let size = CELLS_SIZE as f64;
        for _ in 0..self.rng.random_range(2..=9) {
            let (sin, cos) = self.between(0.0, TAU).sin_cos();
            let radius = self.between(5.0, 6.5);
            let distance = (self.radius + radius * self.between(0.9, 1.3)).max(size * 0.42);
            self.red_cell(
                (size / 2.0 + distance * cos, size / 2.0 + distance * sin),
                radius,
            );
        }
    }

    /// The cell in the middle.
    pub fn paint(&mut self, kind: CellKind) {
        let (_, body) = kind.body();
        // How long the slide lay in the stain.
        let fade = self.between(0.0, 0.3);
        let body = mix(body, [232.0, 214.0, 222.0], fade);
        let outline = self.blob(
            (0.0, 0.0),
            1.0,
            if kind == CellKind::Platelet {
                0.2
            } else {
                0.07
            },
        );
        self.canvas
            .shade(&outline, 0.95, |_, _| body.map(|value| value * 0.9));
        let inner = self.blob((0.0, 0.0), 0.9, 0.04);
        self.canvas.shade(&inner, 0.9, |_, _| body);
        match kind {
            CellKind::Basophil => self.basophil(),
            CellKind::Eosinophil => self.eosinophil(),
            CellKind::Erythroblast => self.erythroblast(),
            CellKind::ImmatureGranulocyte => self.immature_granulocyte(),
            CellKind::Lymphocyte => self.lymphocyte(),
            CellKind::Monocyte => self.monocyte(),
            CellKind::Neutrophil => self.neutrophil(),
            CellKind::Platelet => self.platelet(),
        }
    }

    fn basophil(&mut self) {
        let lobes = self.rng.random_range(2..=3);
        self.lobes(lobes, 0.4, [126.0, 84.0, 160.0]);
        let count = self.rng.random_range(26..=44);
        self.granules(count, 0.88, [0.55, 0.95], [72.0, 36.0, 112.0], 0.9);
    }

    fn eosinophil(&mut self) {
        let count = self.rng.random_range(50..=80);
        self.granules(count, 0.88, [0.5, 0.85], [222.0, 118.0, 100.0], 0.85);
        let lobes = if self.rng.random_bool(0.85) { 2 } else { 3 };
        self.lobes(lobes, 0.37, PURPLE);
    }

    fn erythroblast(&mut self) {
        let offset = self.between(0.0, 0.18);
        let size = self.between(0.54, 0.7);
        let outline = self.blob((offset, 0.0), size, 0.05);
        self.stain(&outline, [70.0, 38.0, 104.0]);
    }

    fn immature_granulocyte(&mut self) {
        let (long, short) = (self.between(0.58, 0.74), self.between(0.46, 0.6));
        let offset = self.between(0.14, 0.3);
        let outline = self.oval((offset, 0.0), (short, long), 0.0);
        self.stain(&outline, [140.0, 92.0, 172.0]);
        let count = self.rng.random_range(14..=34);
        self.granules(count, 0.9, [0.3, 0.5], [150.0, 90.0, 160.0], 0.7);
    }

    fn lymphocyte(&mut self) {
        let offset = self.between(0.0, 0.1);
        let size = self.between(0.76, 0.88);
        let outline = self.blob((offset, 0.0), size, 0.05);
        self.stain(&outline, PURPLE);
    }

    fn monocyte(&mut self) {
        let half = self.between(0.85, 1.35);
        let points: Vec<Point> = [-1.0, -0.5, 0.0, 0.5, 1.0]
            .map(|share: f64| {
                let (sin, cos) = (share * half).sin_cos();
                self.at((0.62 * cos - 0.22, 0.62 * sin))
            })
            .to_vec();
        let width = self.between(0.5, 0.68) * self.radius * FINENESS as f64;
        self.stain(&stroke(&points, (width, width)), [124.0, 84.0, 158.0]);
        self.granules(4, 0.85, [0.4, 0.8], [214.0, 210.0, 228.0], 0.6);
    }

    fn neutrophil(&mut self) {
        self.granules(24, 0.88, [0.3, 0.5], [206.0, 160.0, 186.0], 0.6);
        let lobes = self.rng.random_range(3..=5);
        self.lobes(lobes, 0.26, DARK);
    }

    fn platelet(&mut self) {
        let count = self.rng.random_range(6..=14);
        self.granules(count, 0.7, [0.4, 0.7], [122.0, 72.0, 150.0], 0.8);
    }
}
