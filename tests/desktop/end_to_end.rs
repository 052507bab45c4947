//! The first hour of a newcomer, with the real program in a real window: train by clicking, watch the
//! feature maps change, save, restart, load, drop an image, read the answer.
//!
//! Needs Xvfb, xdotool, ImageMagick and python3-xlib; without them it says that it was not run, unless
//! `CONVSCOPE_E2E=1`. Screenshots are kept in `target/end-to-end`.

use std::{
    env, fs,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::common::Desktop;
use image::RgbImage;

/// The accent of the dark theme: the fill of the primary button.
const ACCENT: [u8; 3] = [86, 180, 233];
/// Part of the width where the feature maps stand in the Train step.
const MAPS_LEFT: f64 = 0.62;
const MAPS_RIGHT: f64 = 0.83;
/// Long enough for one needless frame a second to show.
const IDLE: Duration = Duration::from_secs(4);

/// Centre of the largest run of rows filled with the accent right of the steps: the primary button.
fn primary_button(screen: &RgbImage) -> Option<(u32, u32)> {
    let hits: Vec<(u32, u32)> = screen
        .enumerate_pixels()
        .filter(|(x, _, pixel)| *x > 130 && pixel.0 == ACCENT)
        .map(|(x, y, _)| (x, y))
        .collect();
    // The button is wide; curves, dots and outlines of the same colour are thin.
    let row = |y: u32| hits.iter().filter(|hit| hit.1 == y).count();
    let rows: Vec<u32> = (0..screen.height()).filter(|y| row(*y) > 60).collect();
    let middle = *rows.get(rows.len() / 2)?;
    let mut columns: Vec<u32> = hits
        .iter()
        .filter(|hit| hit.1 == middle)
        .map(|hit| hit.0)
        .collect();
    columns.sort_unstable();
    Some((columns[columns.len() / 2], middle))
}

fn maps(screen: &RgbImage) -> RgbImage {
    let (width, height) = screen.dimensions();
    let left = (f64::from(width) * MAPS_LEFT) as u32;
    let right = (f64::from(width) * MAPS_RIGHT) as u32;
    image::imageops::crop_imm(screen, left, 160, right - left, height - 260).to_image()
}

fn differing_pixels(a: &RgbImage, b: &RgbImage) -> usize {
    let far = |(a, b): (&image::Rgb<u8>, &image::Rgb<u8>)| {
        a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > 12)
    };
    a.pixels().zip(b.pixels()).filter(|pair| far(*pair)).count()
}

#[test]
fn train_save_restart_load_drop() {
    if !crate::common::is_possible() {
        return;
    }
    let desktop = Desktop::start(1280, 800);
    fs::write(desktop.home.path().join("settings.ron"), "(theme: Dark)").unwrap();
    let window = desktop.open(&[]);
    eprintln!("window after {:?}", window.opened_after);
    window.wait_for_line("Opened shapes: 1,200 images", 0);

    window.press("ctrl+3");
    window.rest_pointer();
    let before = window.screenshot_when("the Train button", |screen| {
        primary_button(screen).is_some()
    });
    window.keep("1-ready");
    let (x, y) = primary_button(&before).unwrap();
    window.click(x, y);
    window.rest_pointer();
    window.wait_for_line("Epoch 1:", 0);
    let first = window.keep("2-first-epoch");
    window.wait_for_line("Epoch 3:", 0);
    window.screenshot_when("another set of feature maps", |third| {
        differing_pixels(&maps(&first), &maps(third)) > 1_000
    });
    window.keep("3-third-epoch");
    window.wait_for_line("Training finished", 0);
    window.keep("4-trained");

    let model = desktop.home.path().join("model.safetensors");
    save_model(&window, &model);
    let before_restart = window.log().len();
    window.close();

    let image =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/shapes/triangle/triangle_007.png");
    let window = desktop.open(&[]);
    let start = window.log().len();
    window.wait_for_line("Opened shapes", before_restart);
    // The model in hand is there again, by the name of its run; the saved file has a name of its own.
    window.wait_for_line(
        "Loaded a model of circle, square, triangle: shapes-",
        before_restart,
    );
    window.press("ctrl+p");
    window.write(model.to_str().unwrap());
    window.press("Return");
    window.wait_for_line("Loaded a model of circle, square, triangle: model", start);
    window.drop_files(&[&image]);
    let line = window.wait_for_line("triangle_007.png:", start);
    assert!(line.contains(": triangle "), "{line}");
    window.rest_pointer();
    sleep(Duration::from_millis(500));
    window.keep("5-predicted");
    window.resize(960, 600);
    window.keep("6-small");
    // What was begun before takes its time; then nothing is left to do.
    let busy = Instant::now();
    loop {
        let used = window.cpu_secs();
        sleep(IDLE);
        let idle_secs = window.cpu_secs() - used;
        if idle_secs <= 0.03 {
            break;
        }
        assert!(
            busy.elapsed() < crate::common::PATIENCE,
            "{idle_secs} s of CPU in {IDLE:?} of idleness"
        );
    }
    let notes = desktop.home.path().join("notes.txt");
    fs::write(&notes, "hello").unwrap();
    window.drop_files(&[&notes]);
    window.wait_for_line("notes.txt is not a folder and no file of images", start);
    let list = desktop.home.path().join("list.csv");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/shapes");
    let row = |class: &str, number: usize| {
        let name = format!("{class}_{number:03}.png");
        fs::copy(
            folder.join(class).join(&name),
            desktop.home.path().join(&name),
        )
        .unwrap();
        format!("{name},{class}\n")
    };
    let rows = [
        row("circle", 1),
        row("square", 1),
        row("circle", 2),
        row("square", 2),
    ];
    fs::write(&list, format!("path,label\n{}", rows.concat())).unwrap();
    window.drop_files(&[&list]);
    window.wait_for_line("Opened list: 4 images of 2 classes", start);
    window.close();
}

/// Through the dialog that Ctrl+S opens; without a desktop portal it is the in-app one.
fn save_model(window: &crate::common::Window<'_>, model: &Path) {
    window.press("ctrl+s");
    window.keep("save-dialog");
    window.write(&model.to_string_lossy());
    window.press("Return");
    let start = Instant::now();
    while !model.is_file() {
        assert!(
            start.elapsed() < crate::common::PATIENCE,
            "the model was not saved"
        );
        sleep(Duration::from_millis(50));
    }
    window.wait_for_line("Saved the model", 0);
}
