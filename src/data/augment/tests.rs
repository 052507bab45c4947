//! Augmentation against torchvision, against what can be counted by hand, and against its own ranges.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use tch::{Device, Kind, Tensor};

use super::{AugmentationConfig, Drawn, FillMode, ZoomAxes, apply, apply_drawn, draw};

/// `tests/reference/augment.json`, made by `augment.py` there.
#[derive(Deserialize)]
struct Reference {
    width: i64,
    height: i64,
    cases: Vec<Case>,
}

/// One image's treatment; what is absent does nothing.
#[derive(Deserialize)]
struct Case {
    name: String,
    values: Vec<f32>,
    #[serde(default = "three")]
    channels: i64,
    #[serde(default)]
    flip_h: bool,
    #[serde(default)]
    flip_v: bool,
    angle: Option<f64>,
    scale: Option<f64>,
    dx: Option<f64>,
    dy: Option<f64>,
    brightness: Option<f64>,
    contrast: Option<f64>,
    crop: Option<f64>,
    crop_x: Option<f64>,
    crop_y: Option<f64>,
    fill: Option<u8>,
}

fn three() -> i64 {
    3
}

/// What leaves an image as it is.
fn nothing() -> Drawn {
    Drawn {
        flip_h: false,
        flip_v: false,
        angle: 0.0,
        scale: 1.0,
        window: (1.0, 1.0),
        dx: 0.0,
        dy: 0.0,
        brightness: 1.0,
        contrast: 1.0,
        crop: 1.0,
        crop_x: 0.5,
        crop_y: 0.5,
    }
}

impl Case {
    fn drawn(&self) -> Drawn {
        let none = nothing();
        Drawn {
            flip_h: self.flip_h,
            flip_v: self.flip_v,
            angle: self.angle.unwrap_or(none.angle),
            scale: self.scale.unwrap_or(none.scale),
            window: none.window,
            dx: self.dx.unwrap_or(none.dx),
            dy: self.dy.unwrap_or(none.dy),
            brightness: self.brightness.unwrap_or(none.brightness),
            contrast: self.contrast.unwrap_or(none.contrast),
            crop: self.crop.unwrap_or(none.crop),
            crop_x: self.crop_x.unwrap_or(none.crop_x),
            crop_y: self.crop_y.unwrap_or(none.crop_y),
        }
    }
}

/// The formula of `augment.py`: `[1, channels, height, width]`.
fn image(channels: i64, height: i64, width: i64) -> Tensor {
    let mut values = Vec::new();
    for c in 0..channels {
        for y in 0..height {
            for x in 0..width {
                values.push(((37 * c + 23 * y + 11 * x + 5 * x * y) % 256) as f32 / 255.0);
            }
        }
    }
    Tensor::from_slice(&values).view([1, channels, height, width])
}

fn channels_last(images: &Tensor) -> Tensor {
    let last = images.permute([0, 2, 3, 1]).contiguous();
    last.permute([0, 3, 1, 2])
}

fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
    (a - b).abs().max().double_value(&[])
}

/// Everything on.
fn everything() -> AugmentationConfig {
    AugmentationConfig {
        horizontal_flip: true,
        vertical_flip: true,
        rotation_degrees: 30.0,
        zoom: 0.2,
        zoom_axes: ZoomAxes::Together,
        width_shift: 0.1,
        height_shift: 0.3,
        brightness: 0.4,
        contrast: 0.5,
        random_crop: 0.6,
        fill: FillMode::Reflect,
    }
}

#[test]
fn each_operation_is_torchvisions() {
    let text = include_str!("../../../tests/reference/augment.json");
    let reference: Reference = serde_json::from_str(text).unwrap();
    let (height, width) = (reference.height, reference.width);
    assert_ne!(height, width, "a square would hide a sheared rotation");
    for case in &reference.cases {
        let expected = Tensor::from_slice(&case.values).view([1, case.channels, height, width]);
        let fill = FillMode::Constant(case.fill.unwrap_or(0));
        let image = image(case.channels, height, width);
        assert!(largest_difference(&image, &expected) > 0.1, "{}", case.name);
        for images in [image.shallow_clone(), channels_last(&image)] {
            let mut result = apply_drawn(&images, &[case.drawn()], fill).unwrap();
            let mut expected = expected.shallow_clone();
            if case.crop.is_some() {
                // The crop's own edge is repeated there, see augment.py.
                let inside = |t: &Tensor| t.narrow(2, 1, height - 2).narrow(3, 1, width - 2);
                (result, expected) = (inside(&result), inside(&expected));
            }
            let difference = largest_difference(&result, &expected);
            assert!(difference < 1e-5, "{}: off by {difference}", case.name);
        }
    }
}

/// `tests/reference/zoom.json`, made by `zoom.py` there.
#[derive(Deserialize)]
struct OfKeras {
    width: i64,
    height: i64,
    cases: Vec<KerasCase>,
}

/// In Keras' words.
#[derive(Deserialize)]
struct KerasCase {
    name: String,
    values: Vec<f32>,
    #[serde(default)]
    theta: f64,
    #[serde(default)]
    tx: f64,
    #[serde(default)]
    ty: f64,
    zx: f64,
    zy: f64,
    #[serde(default)]
    flip_h: bool,
}

impl KerasCase {
    /// The draw that does the same. Keras turns and shifts from the result's pixels to the image's and flips the
    /// result; a draw flips the content first and shifts it the other way.
    fn drawn(&self, width: f64, height: f64) -> Drawn {
        let mirror = if self.flip_h { -1.0 } else { 1.0 };
        Drawn {
            flip_h: self.flip_h,
            angle: -mirror * self.theta,
            window: (self.zx, self.zy),
            dx: -mirror * self.tx / width,
            dy: -self.ty / height,
            ..nothing()
        }
    }
}

#[test]
fn a_zoom_of_each_axis_is_that_of_keras_image_data_generator() {
    let text = include_str!("../../../tests/reference/zoom.json");
    let reference: OfKeras = serde_json::from_str(text).unwrap();
    let (height, width) = (reference.height, reference.width);
    assert_eq!(reference.cases.len(), 6);
    for case in &reference.cases {
        let expected = Tensor::from_slice(&case.values).view([1, 3, height, width]);
        let drawn = case.drawn(width as f64, height as f64);
        let result = apply_drawn(&image(3, height, width), &[drawn], FillMode::Nearest).unwrap();
        let difference = largest_difference(&result, &expected);
        assert!(difference < 1e-5, "{}: off by {difference}", case.name);
    }
}

#[test]
fn each_axis_draws_a_window_of_its_own_and_leaves_the_other_draws() {
    let together = everything();
    let each = AugmentationConfig {
        zoom_axes: ZoomAxes::Each,
        ..everything()
    };
    let draws = |config: &AugmentationConfig| -> Vec<Drawn> {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        (0..10_000).map(|_| draw(config, &mut rng)).collect()
    };
    let (both, apart) = (draws(&together), draws(&each));
    let (mut product, mut squares) = (0.0, 0.0);
    for (one, two) in both.iter().zip(&apart) {
        let (across, down) = two.window;
        assert!((0.8..=1.2).contains(&across) && (0.8..=1.2).contains(&down));
        let same = Drawn {
            scale: two.scale,
            window: two.window,
            ..*one
        };
        assert_eq!((same, two.scale), (*two, 1.0));
        assert_eq!((one.scale, one.window), (across, (1.0, 1.0)));
        product += (across - 1.0) * (down - 1.0);
        squares += (down - 1.0).powi(2);
    }
    // Uniform: a third of the square of 0.2. Independent: five standard errors of a correlation of 0.
    assert!(
        (squares / 10_000.0 - 0.04 / 3.0).abs() < 0.0005,
        "{squares}"
    );
    assert!((product / squares).abs() < 0.05, "{product} {squares}");
    let text = ron::to_string(&together).unwrap();
    assert!(
        !text.contains("zoom_axes"),
        "an experiment without it reads as before: {text}"
    );
    let back: AugmentationConfig = ron::from_str(&ron::to_string(&each).unwrap()).unwrap();
    assert_eq!(back, each);
}

#[test]
fn flips_and_nothing_are_exact() {
    let two = Tensor::cat(&[image(3, 5, 7), image(3, 5, 7)], 0);
    let none = nothing();
    let (flip_h, flip_v) = (true, true);
    let cases = [
        (none, vec![]),
        (Drawn { flip_h, ..none }, vec![3]),
        (Drawn { flip_v, ..none }, vec![2]),
        (
            Drawn {
                flip_h,
                flip_v,
                ..none
            },
            vec![2, 3],
        ),
    ];
    for (drawn, dims) in cases {
        for images in [two.shallow_clone(), channels_last(&two)] {
            let result = apply_drawn(&images, &[none, drawn], FillMode::Nearest).unwrap();
            assert_eq!(
                result.get(0),
                two.get(0),
                "the other image stays: {drawn:?}"
            );
            assert_eq!(result.narrow(0, 1, 1), two.narrow(0, 1, 1).flip(&dims));
        }
    }
    let unchanged = apply(&two, &AugmentationConfig::default(), 1).unwrap();
    assert_eq!(unchanged.data_ptr(), two.data_ptr(), "nothing is copied");
}

#[test]
fn what_shows_beyond_the_edge() {
    let row = [0.25f32, 0.5, 0.75, 1.0];
    let images = Tensor::from_slice(&row).view([1, 1, 1, 4]);
    let cases = [
        (FillMode::Constant(0), 0.5, [0.0, 0.0, 0.25, 0.5]),
        (FillMode::Constant(255), 0.5, [1.0, 1.0, 0.25, 0.5]),
        (FillMode::Constant(51), -0.5, [0.75, 1.0, 0.2, 0.2f32]),
        (FillMode::Nearest, 0.5, [0.25, 0.25, 0.25, 0.5]),
        (FillMode::Nearest, -0.5, [0.75, 1.0, 1.0, 1.0]),
        (FillMode::Reflect, 0.5, [0.5, 0.25, 0.25, 0.5]),
        (FillMode::Reflect, -0.5, [0.75, 1.0, 1.0, 0.75]),
    ];
    for (fill, dx, expected) in cases {
        let none = nothing();
        let result = apply_drawn(&images, &[Drawn { dx, ..none }], fill).unwrap();
        let expected = Tensor::from_slice(&expected).view([1, 1, 1, 4]);
        let difference = largest_difference(&result, &expected);
        assert!(difference < 1e-6, "{fill:?} {dx}: {result:?}");
    }
}

#[test]
fn the_seed_decides_and_every_image_has_its_own_draw() {
    let images = Tensor::cat(&[image(3, 12, 16), image(3, 12, 16), image(3, 12, 16)], 0);
    let config = everything();
    let first = apply(&images, &config, 1).unwrap();
    assert_eq!(first, apply(&images, &config, 1).unwrap());
    assert_ne!(first, apply(&images, &config, 2).unwrap());
    assert_ne!(first.get(0), first.get(1));
    assert_ne!(first.get(1), first.get(2));
    let low_and_high = (first.min().double_value(&[]), first.max().double_value(&[]));
    assert!(low_and_high.0 >= 0.0 && low_and_high.1 <= 1.0);

    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let drawn: Vec<Drawn> = (0..3).map(|_| draw(&config, &mut rng)).collect();
    assert_eq!(first, apply_drawn(&images, &drawn, config.fill).unwrap());
}

#[test]
fn draws_fill_their_ranges() {
    let config = everything();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let drawn: Vec<Drawn> = (0..10_000).map(|_| draw(&config, &mut rng)).collect();
    type Value = fn(&Drawn) -> f64;
    let ranges: [(&str, Value, f64, f64); 11] = [
        ("flip_h", |d| f64::from(u8::from(d.flip_h)), 0.0, 1.0),
        ("flip_v", |d| f64::from(u8::from(d.flip_v)), 0.0, 1.0),
        ("angle", |d| d.angle, -30.0, 30.0),
        ("scale", |d| d.scale, 0.8, 1.2),
        ("dx", |d| d.dx, -0.1, 0.1),
        ("dy", |d| d.dy, -0.3, 0.3),
        ("brightness", |d| d.brightness, 0.6, 1.4),
        ("contrast", |d| d.contrast, 0.5, 1.5),
        ("crop", |d| d.crop, 0.6, 1.0),
        ("crop_x", |d| d.crop_x, 0.0, 1.0),
        ("crop_y", |d| d.crop_y, 0.0, 1.0),
    ];
    for (name, value, low, high) in ranges {
        let values: Vec<f64> = drawn.iter().map(value).collect();
        let width = high - low;
        let min = values.iter().copied().fold(f64::INFINITY, f64::min);
        let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!(
            min >= low - 1e-9 && min < low + 0.01 * width,
            "{name} from {min}"
        );
        assert!(
            max <= high + 1e-9 && max > high - 0.01 * width,
            "{name} to {max}"
        );
        // Five standard errors of a flip, the widest spread of them.
        assert!(
            (mean - (low + high) / 2.0).abs() < 0.025 * width,
            "{name} about {mean}"
        );
    }
    // One option more leaves the others as they were.
    let still = AugmentationConfig {
        zoom: 0.0,
        ..everything()
    };
    let one = draw(&still, &mut ChaCha8Rng::seed_from_u64(0));
    let scale = drawn[0].scale;
    assert_eq!((Drawn { scale, ..one }, one.scale), (drawn[0], 1.0));
}

#[test]
fn memory_format_stays() {
    for channels in [1, 3] {
        let images = image(channels, 8, 6);
        for config in [
            everything(),
            AugmentationConfig {
                horizontal_flip: true,
                brightness: 0.2,
                ..Default::default()
            },
        ] {
            let plain = apply(&images, &config, 3).unwrap();
            assert!(plain.is_contiguous());
            let last = apply(&channels_last(&images), &config, 3).unwrap();
            assert!(last.permute([0, 2, 3, 1]).is_contiguous());
            assert!(largest_difference(&plain, &last) < 1e-6);
        }
    }
}

#[test]
fn values_out_of_range_are_named() {
    let none = AugmentationConfig::default;
    assert!(none().is_none() && none().check().is_ok());
    let nearest = AugmentationConfig {
        fill: FillMode::Nearest,
        ..none()
    };
    assert!(nearest.is_none(), "nothing to fill");
    assert!(!everything().is_none() && everything().check().is_ok());
    type Field = fn(&mut AugmentationConfig) -> &mut f64;
    let cases: [(&str, Field, &[f64]); 7] = [
        (
            "rotation_degrees",
            |c| &mut c.rotation_degrees,
            &[-1.0, 181.0],
        ),
        // A scale of 0 has no inverse.
        ("zoom", |c| &mut c.zoom, &[-0.1, 1.0, f64::NAN]),
        ("width_shift", |c| &mut c.width_shift, &[-0.1, 1.1]),
        (
            "height_shift",
            |c| &mut c.height_shift,
            &[-0.1, f64::INFINITY],
        ),
        ("brightness", |c| &mut c.brightness, &[-0.1, 1.5]),
        ("contrast", |c| &mut c.contrast, &[-0.1, 1.5]),
        ("random_crop", |c| &mut c.random_crop, &[0.0, 1.1]),
    ];
    for (name, field, values) in cases {
        for &value in values {
            let mut config = none();
            *field(&mut config) = value;
            let message = config.check().unwrap_err();
            assert!(
                message.contains(name) && message.contains(&value.to_string()),
                "{message}"
            );
        }
    }
}

#[test]
fn what_is_not_a_batch_of_images_is_refused() {
    let config = everything();
    for size in [vec![3, 8, 8], vec![1, 4, 8, 8], vec![]] {
        let values = Tensor::zeros(&size, (Kind::Float, Device::Cpu));
        assert!(apply(&values, &config, 0).is_err(), "{size:?}");
    }
    assert!(apply_drawn(&image(3, 4, 4), &[], FillMode::Nearest).is_err());
    let empty = Tensor::zeros([0, 3, 8, 8], (Kind::Float, Device::Cpu));
    assert_eq!(apply(&empty, &config, 0).unwrap().size(), [0, 3, 8, 8]);
}

#[test]
fn a_config_reads_with_defaults_and_refuses_unknown_names() {
    let config: AugmentationConfig = ron::from_str("(zoom: 0.1, fill: Constant(9))").unwrap();
    assert_eq!(config.zoom, 0.1);
    assert_eq!(config.fill, FillMode::Constant(9));
    assert_eq!(config.random_crop, 1.0);
    assert!(ron::from_str::<AugmentationConfig>("(zooom: 0.1)").is_err());
    let text = ron::to_string(&everything()).unwrap();
    assert_eq!(
        ron::from_str::<AugmentationConfig>(&text).unwrap(),
        everything()
    );
}
