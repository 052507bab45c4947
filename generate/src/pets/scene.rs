//! What is behind the animals; the same for all of them.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::super::canvas::{Canvas, Colour, ellipse, mix, stroke};

/// Walls, skies and cushions.
const COLOURS: [Colour; 10] = [
    [250.0, 214.0, 165.0],
    [176.0, 216.0, 230.0],
    [196.0, 224.0, 180.0],
    [244.0, 194.0, 194.0],
    [206.0, 190.0, 226.0],
    [252.0, 236.0, 170.0],
    [120.0, 160.0, 176.0],
    [170.0, 190.0, 150.0],
    [222.0, 214.0, 204.0],
    [150.0, 120.0, 110.0],
];

/// A background of `width` × `height` pixels.
pub fn draw(width: usize, height: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let first = rng.random_range(0..COLOURS.len());
    let second = (first + rng.random_range(1..COLOURS.len())) % COLOURS.len();
    let (first, second) = (COLOURS[first], COLOURS[second]);
    let (wide, high) = (width as f64, height as f64);
    match rng.random_range(0..6) {
        0 => Canvas::new(width, height, |_, y| mix(first, second, 0.6 * y / high)),
        1 => stripes(width, height, first, mix(first, second, 0.3), rng),
        2 => dots(width, height, first, mix(first, second, 0.35), rng),
        3 => meadow(width, height, rng),
        4 => room(width, height, first, second, rng),
        _ => {
            let (x0, y0) = (wide * 0.5, high * 0.45);
            let glow = mix(first, [255.0; 3], 0.6);
            Canvas::new(width, height, |x, y| {
                let distance = (x - x0).hypot(y - y0) / wide.max(high);
                mix(glow, first, (1.6 * distance).min(1.0))
            })
        }
    }
}

fn stripes(
    width: usize,
    height: usize,
    first: Colour,
    second: Colour,
    rng: &mut ChaCha8Rng,
) -> Canvas {
    let mut canvas = Canvas::new(width, height, |_, _| first);
    let longest = width.max(height) as f64;
    let step = longest / rng.random_range(4.0..=9.0);
    let lean = rng.random_range(-1.0..=1.0) * longest;
    let mut x = -longest;
    while x < 2.0 * longest {
        let ends = [(x - lean, -step), (x + lean, height as f64 + step)];
        canvas.fill(&stroke(&ends, (step / 2.0, step / 2.0)), second);
        x += step;
    }
    canvas
}

fn dots(
    width: usize,
    height: usize,
    first: Colour,
    second: Colour,
    rng: &mut ChaCha8Rng,
) -> Canvas {
    let mut canvas = Canvas::new(width, height, |_, _| first);
    let step = width.max(height) as f64 / rng.random_range(5.0..=10.0);
    let radius = step * rng.random_range(0.15..=0.3);
    let (columns, rows) = (
        (width as f64 / step) as usize,
        (height as f64 / step) as usize,
    );
    for row in 0..=rows {
        for column in 0..=columns {
            let x = (column as f64 + 0.25 + 0.5 * (row % 2) as f64) * step;
            let y = (row as f64 + 0.5) * step;
            canvas.fill(&ellipse((x, y), (radius, radius), 0.0), second);
        }
    }
    canvas
}

/// Sky, sun or clouds, and hills.
fn meadow(width: usize, height: usize, rng: &mut ChaCha8Rng) -> Canvas {
    let (wide, high) = (width as f64, height as f64);
    let mut canvas = Canvas::new(width, height, |_, y| {
        mix([150.0, 200.0, 236.0], [224.0, 240.0, 248.0], y / high)
    });
    let unit = wide.min(high);
    for _ in 0..rng.random_range(1..=3) {
        let (x, y) = (
            rng.random_range(0.0..=wide),
            rng.random_range(0.05..=0.35) * high,
        );
        for (dx, size) in [(-0.1, 0.07), (0.0, 0.1), (0.1, 0.07)] {
            let cloud = ellipse((x + dx * unit, y), (size * unit, 0.7 * size * unit), 0.0);
            canvas.shade(&cloud, 0.85, |_, _| [252.0; 3]);
        }
    }
    for (level, colour) in [(0.72, [150.0, 196.0, 120.0]), (0.88, [112.0, 170.0, 96.0])] {
        let x = rng.random_range(0.1..=0.9) * wide;
        let hill = ellipse((x, (level + 0.5) * high), (1.3 * wide, 0.5 * high), 0.0);
        canvas.fill(&hill, colour);
    }
    canvas
}

/// A wall with a picture or a window, a skirting board and a floor.
fn room(width: usize, height: usize, wall: Colour, floor: Colour, rng: &mut ChaCha8Rng) -> Canvas {
    let (wide, high) = (width as f64, height as f64);
    let edge = high * rng.random_range(0.62..=0.82);
    let floor = mix(floor, [90.0, 60.0, 40.0], 0.35);
    let mut canvas = Canvas::new(width, height, |_, y| if y < edge { wall } else { floor });
    let rectangle = |x0: f64, y0: f64, x1: f64, y1: f64| [(x0, y0), (x1, y0), (x1, y1), (x0, y1)];
    let skirting = rectangle(0.0, edge - 0.03 * high, wide, edge);
    canvas.fill(&skirting, mix(wall, [255.0; 3], 0.7));
    let x = wide * rng.random_range(0.02..=0.7);
    let y = high * rng.random_range(0.04..=0.2);
    let (frame_wide, frame_high) = (0.28 * wide, 0.26 * high);
    let border = 0.02 * wide.min(high);
    let outer = rectangle(x, y, x + frame_wide, y + frame_high);
    canvas.fill(&outer, [120.0, 86.0, 60.0]);
    let (right, bottom) = (x + frame_wide - border, y + frame_high - border);
    let inner = rectangle(x + border, y + border, right, bottom);
    canvas.shade(&inner, 1.0, |_, at| {
        mix(
            [170.0, 210.0, 240.0],
            floor,
            ((at - y) / frame_high).clamp(0.0, 1.0),
        )
    });
    canvas
}
