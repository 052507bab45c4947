//! A small painter: outlines are polygons, filled with smooth edges.

use image::{Rgb, RgbImage};

/// Column and row in pixels; (0, 0) is the upper left corner of the first pixel.
pub type Point = (f64, f64);

/// Red, green and blue from 0 to 255.
pub type Colour = [f64; 3];

/// Lines per row of pixels on which an outline is measured.
const LINES_PER_ROW: usize = 4;

/// `share` of the way from `a` to `b`.
pub fn mix(a: Colour, b: Colour, share: f64) -> Colour {
    [0, 1, 2].map(|c| a[c] + (b[c] - a[c]) * share)
}

/// An ellipse turned clockwise by `angle` radians.
pub fn ellipse(centre: Point, radii: Point, angle: f64) -> Vec<Point> {
    let corners = (12 + 2 * radii.0.max(radii.1) as i32).min(48);
    let (sin, cos) = angle.sin_cos();
    let point = |i| {
        let (y, x) = (f64::from(i) / f64::from(corners) * std::f64::consts::TAU).sin_cos();
        let (x, y) = (x * radii.0, y * radii.1);
        (centre.0 + x * cos - y * sin, centre.1 + x * sin + y * cos)
    };
    (0..corners).map(point).collect()
}

/// A smooth closed curve through `points` (Catmull–Rom).
pub fn smooth(points: &[Point]) -> Vec<Point> {
    let count = points.len();
    let at = |i: usize| points[i % count];
    (0..count)
        .flat_map(|i| between(at(i + count - 1), at(i), at(i + 1), at(i + 2)))
        .collect()
}

/// A smooth open curve through `points`, without the last one.
fn open_curve(points: &[Point]) -> Vec<Point> {
    let at = |i: usize| points[i.min(points.len() - 1)];
    (0..points.len().saturating_sub(1))
        .flat_map(|i| between(at(i.saturating_sub(1)), at(i), at(i + 1), at(i + 2)))
        .collect()
}

/// Eight points from `b` on towards `c` of the Catmull–Rom curve a, b, c, d.
fn between(a: Point, b: Point, c: Point, d: Point) -> impl Iterator<Item = Point> {
    let value = |a: f64, b: f64, c: f64, d: f64, t: f64| {
        let (linear, square, cube) = (
            c - a,
            2.0 * a - 5.0 * b + 4.0 * c - d,
            3.0 * (b - c) + d - a,
        );
        b + 0.5 * t * (linear + t * (square + t * cube))
    };
    (0..8).map(move |i| {
        let t = f64::from(i) / 8.0;
        (value(a.0, b.0, c.0, d.0, t), value(a.1, b.1, c.1, d.1, t))
    })
}

/// The outline of a brush drawn smoothly through `points`, `widths` thick at its start and end, with round ends.
pub fn stroke(points: &[Point], widths: (f64, f64)) -> Vec<Point> {
    let mut line = open_curve(points);
    line.extend(points.last());
    let last = line.len().saturating_sub(1);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for (i, &(x, y)) in line.iter().enumerate() {
        let (before, after) = (line[i.saturating_sub(1)], line[(i + 1).min(last)]);
        let angle = (after.1 - before.1).atan2(after.0 - before.0);
        let radius = 0.5 * (widths.0 + (widths.1 - widths.0) * i as f64 / last.max(1) as f64);
        let on_circle = |turn: f64| {
            let (sin, cos) = (angle + turn).sin_cos();
            (x + radius * cos, y + radius * sin)
        };
        let quarter = std::f64::consts::FRAC_PI_2;
        let cap = |from: f64| (1..8).map(move |k| from + f64::from(k) * quarter / 4.0);
        if i == 0 {
            left.extend(cap(quarter).map(on_circle));
        }
        left.push(on_circle(-quarter));
        if i == last {
            left.extend(cap(-quarter).map(on_circle));
        }
        right.push(on_circle(quarter));
    }
    right.reverse();
    left.extend(right);
    left
}

/// `outline` with every corner moved outwards by `by` pixels, when its corners run clockwise on the screen.
pub fn widened(outline: &[Point], by: f64) -> Vec<Point> {
    let count = outline.len();
    let corner = |i: usize| {
        let (before, here, after) = (
            outline[(i + count - 1) % count],
            outline[i],
            outline[(i + 1) % count],
        );
        let (dx, dy) = (after.0 - before.0, after.1 - before.1);
        let length = dx.hypot(dy).max(1e-9);
        (here.0 + by * dy / length, here.1 - by * dx / length)
    };
    (0..count).map(corner).collect()
}

/// A picture being painted.
pub struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Colour>,
}

impl Canvas {
    /// Every pixel painted by its position.
    pub fn new(width: usize, height: usize, colour: impl Fn(f64, f64) -> Colour) -> Self {
        let centre = |i: usize| i as f64 + 0.5;
        let row = |y| (0..width).map(move |x| (centre(x), centre(y)));
        let pixels = (0..height)
            .flat_map(row)
            .map(|(x, y)| colour(x, y))
            .collect();
        Self {
            width,
            height,
            pixels,
        }
    }

    /// Fills `outline` (non-zero winding) with a colour by position, mixed with what is there by `alpha`.
    pub fn shade(&mut self, outline: &[Point], alpha: f64, colour: impl Fn(f64, f64) -> Colour) {
        let (left, right) = bounds(outline.iter().map(|point| point.0), self.width);
        let (top, bottom) = bounds(outline.iter().map(|point| point.1), self.height);
        let mut cover = vec![0.0; right - left];
        for y in top..bottom {
            cover.fill(0.0);
            for line in 0..LINES_PER_ROW {
                let at = y as f64 + (line as f64 + 0.5) / LINES_PER_ROW as f64;
                cover_line(outline, at, left as f64, &mut cover);
            }
            let row = &mut self.pixels[y * self.width + left..][..right - left];
            for (x, (pixel, &cover)) in (left..).zip(row.iter_mut().zip(&cover)) {
                if cover > 0.0 {
                    let paint = colour(x as f64 + 0.5, y as f64 + 0.5);
                    *pixel = mix(*pixel, paint, alpha * cover.min(1.0));
                }
            }
        }
    }

    /// Fills `outline` with one colour.
    pub fn fill(&mut self, outline: &[Point], colour: Colour) {
        self.shade(outline, 1.0, |_, _| colour);
    }

    /// The picture with `factor` × `factor` pixels averaged to one, each changed by `finish` before rounding.
    pub fn shrunk(&self, factor: usize, mut finish: impl FnMut(Colour) -> Colour) -> RgbImage {
        let (width, height) = (self.width / factor, self.height / factor);
        let mut picture = RgbImage::new(width as u32, height as u32);
        let area = (factor * factor) as f64;
        for y in 0..height {
            for x in 0..width {
                let mut sum = [0.0; 3];
                for row in 0..factor {
                    let start = (y * factor + row) * self.width + x * factor;
                    for pixel in &self.pixels[start..start + factor] {
                        sum = [0, 1, 2].map(|c| sum[c] + pixel[c]);
                    }
                }
                let colour = finish(sum.map(|value| value / area));
                let colour = colour.map(|value| value.round() as u8);
                picture.put_pixel(x as u32, y as u32, Rgb(colour));
            }
        }
        picture
    }
}

/// First pixel that `values` touch and the one after the last, of `count`.
fn bounds(values: impl Iterator<Item = f64> + Clone, count: usize) -> (usize, usize) {
    let first = values.clone().fold(f64::INFINITY, f64::min).max(0.0) as usize;
    let end = (values.fold(0.0, f64::max).ceil() as usize).min(count);
    (first.min(end), end)
}

/// Adds to `cover`, whose first pixel is column `left`, how much of each pixel the line at height `y` passes
/// inside `outline`.
fn cover_line(outline: &[Point], y: f64, left: f64, cover: &mut [f64]) {
    let mut crossings: Vec<(f64, i32)> = Vec::new();
    let next = outline.iter().cycle().skip(1);
    for (&(x0, y0), &(x1, y1)) in outline.iter().zip(next) {
        if (y0 <= y) != (y1 <= y) {
            let x = x0 + (y - y0) / (y1 - y0) * (x1 - x0);
            crossings.push((x, if y0 < y1 { 1 } else { -1 }));
        }
    }
    crossings.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut winding = 0;
    for pair in crossings.windows(2) {
        winding += pair[0].1;
        if winding != 0 {
            cover_span(pair[0].0 - left, pair[1].0 - left, cover);
        }
    }
}

/// Adds one line's share for the pixels between the columns `from` and `to`.
fn cover_span(from: f64, to: f64, cover: &mut [f64]) {
    let (from, to) = (from.max(0.0), to.min(cover.len() as f64));
    if from >= to {
        return;
    }
    let first = from as usize;
    let end = (to.ceil() as usize).min(cover.len());
    for (x, pixel) in cover.iter_mut().enumerate().take(end).skip(first) {
        let inside = to.min(x as f64 + 1.0) - from.max(x as f64);
        *pixel += inside / LINES_PER_ROW as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Painted pixels, in pixels.
    fn area(outline: &[Point]) -> f64 {
        let mut canvas = Canvas::new(40, 30, |_, _| [0.0; 3]);
        canvas.fill(outline, [1.0; 3]);
        canvas.pixels.iter().map(|pixel| pixel[0]).sum()
    }

    #[test]
    fn outlines_cover_what_geometry_says() {
        let square = vec![(5.5, 5.25), (15.5, 5.25), (15.5, 15.25), (5.5, 15.25)];
        let pi = std::f64::consts::PI;
        let cases = [
            ("square off the grid", square.clone(), 100.0),
            (
                "square widened at its corners",
                widened(&square, 2f64.sqrt()),
                144.0,
            ),
            (
                "half outside",
                ellipse((0.0, 15.0), (8.0, 8.0), 0.3),
                32.0 * pi,
            ),
            (
                "ellipse",
                ellipse((20.0, 15.0), (10.0, 5.0), 0.7),
                50.0 * pi,
            ),
            (
                "brush",
                stroke(&[(10.0, 10.0), (30.0, 10.0)], (4.0, 4.0)),
                80.0 + 4.0 * pi,
            ),
            (
                "thinning brush",
                stroke(&[(10.0, 10.0), (30.0, 20.0)], (4.0, 0.0)),
                500f64.sqrt() * 2.0 + 2.0 * pi,
            ),
            ("outside", ellipse((-20.0, -20.0), (5.0, 5.0), 0.0), 0.0),
        ];
        for (name, outline, expected) in cases {
            let painted = area(&outline);
            assert!(
                (painted - expected).abs() < 0.02 * expected + 1e-9,
                "{name}: {painted} for {expected}"
            );
        }
    }

    #[test]
    fn smooth_curves_pass_through_their_points() {
        let points = [(1.0, 1.0), (9.0, 2.0), (8.0, 9.0)];
        let curve = smooth(&points);
        assert!(points.iter().all(|point| curve.contains(point)));
    }
}
