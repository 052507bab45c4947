//! Makes every picture in `screenshots/` from the real window: `cargo xtask screenshots`.
#![expect(
    clippy::unwrap_used,
    reason = "a picture that cannot be made must stop the command"
)]

use std::{env, fs, path::PathBuf, thread::sleep, time::Duration};

use crate::common::{Desktop, Window, leaky_folder};

fn save(window: &Window<'_>, name: &str) {
    window.rest_pointer();
    sleep(Duration::from_millis(800));
    let folder: PathBuf = env::var_os("CONVSCOPE_SCREENSHOTS")
        .unwrap_or_else(|| "screenshots".into())
        .into();
    fs::create_dir_all(&folder).unwrap();
    window
        .screenshot()
        .save(folder.join(format!("{name}.png")))
        .unwrap();
}

/// Trains recipe 1 and looks at every step.
fn tour(theme: &str, width: u32, height: u32, suffix: &str) {
    let desktop = Desktop::start(width, height);
    fs::write(
        desktop.home.path().join("settings.ron"),
        format!("(theme: {theme})"),
    )
    .unwrap();
    let window = desktop.open(&[]);
    window.resize(width, height);
    window.wait_for_line("Opened shapes", 0);
    save(&window, &format!("data{suffix}"));
    window.press("ctrl+2");
    // The first layer: its arithmetic stands beside the list.
    window.click(230, 300);
    save(&window, &format!("model{suffix}"));
    window.press("ctrl+5");
    save(&window, &format!("inside-empty{suffix}"));
    window.press("ctrl+3");
    window.press("ctrl+Return");
    window.wait_for_line("Epoch 3:", 0);
    save(&window, &format!("train{suffix}"));
    window.wait_for_line("Training finished", 0);
    window.press("ctrl+4");
    save(&window, &format!("evaluate{suffix}"));
    window.press("ctrl+5");
    save(&window, &format!("inside{suffix}"));
    let image =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("datasets/shapes/triangle/triangle_007.png");
    window.drop_files(&[&image]);
    window.wait_for_line("triangle_007.png:", 0);
    save(&window, &format!("predict{suffix}"));
    window.press("ctrl+7");
    sleep(Duration::from_secs(1));
    save(&window, &format!("runs{suffix}"));
    window.press("F1");
    save(&window, &format!("shortcuts{suffix}"));
    window.close();
}

/// The tools of the Data step, each on data that has something to show.
fn data_tour() {
    let desktop = Desktop::start(1280, 800);
    let home = desktop.home.path();
    fs::write(home.join("settings.ron"), "(theme: Dark)").unwrap();
    let datasets = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("datasets");
    let open = |path: PathBuf| desktop.open(&[path.to_str().unwrap()]);

    let window = open(leaky_folder(home));
    window.wait_for_line("Opened leaky", 0);
    sleep(Duration::from_secs(1));
    window.click(827, 58);
    window.click(883, 467);
    sleep(Duration::from_secs(3));
    save(&window, "doctor");
    window.close();

    let window = open(datasets.join("cells.npz"));
    window.wait_for_line("Opened cells", 0);
    sleep(Duration::from_secs(1));
    window.click(775, 58);
    save(&window, "split");
    window.close();

    let window = open(datasets.join("pets"));
    window.wait_for_line("Opened pets", 0);
    sleep(Duration::from_secs(1));
    window.click(911, 58);
    sleep(Duration::from_secs(1));
    // Horizontal flip, then degrees of rotation and percent of zoom typed into their fields.
    window.click(715, 425);
    for (y, value) in [(461, "30"), (496, "20")] {
        window.click(996, y);
        window.write(value);
        window.press("Return");
    }
    sleep(Duration::from_secs(2));
    save(&window, "augmentation");
    window.close();
}

#[test]
#[ignore = "makes pictures; run by cargo xtask screenshots"]
fn screenshots() {
    assert!(crate::common::is_possible());
    tour("Dark", 1280, 800, "");
    tour("Light", 1280, 800, "-light");
    tour("Light", 960, 600, "-small");
    data_tour();
}
